"""Objects in buckets, as in S3, on a folder: atomic, ordered, private to the user."""

from kit.storage.events import ObjectEvent, ObjectEvents
from kit.storage.objects import Listing, ObjectInfo
from kit.storage.stage import Stage
from kit.storage.storage import Storage

__all__ = ["Listing", "ObjectEvent", "ObjectEvents", "ObjectInfo", "Stage", "Storage"]
