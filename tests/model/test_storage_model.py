"""Storage against a dict of keys: any sequence of operations gives the same objects, listings and refusals."""

import hashlib
import shutil
import tempfile
from collections.abc import Callable
from pathlib import Path

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import Bundle, RuleBasedStateMachine, consumes, initialize, invariant, rule

from kit.base.clock import ManualClock
from kit.base.errors import KitError
from kit.storage import Storage

BUCKETS = st.sampled_from(["lake", "other.one"])
SEGMENT = st.sampled_from(["a", "b", "a.b", "a0", "é", "Z", "k=1", "..a"])
KEYS = st.lists(SEGMENT, min_size=1, max_size=3).map("/".join)
PREFIXES = st.sampled_from(["", "a", "a/", "a/b", "b/", "é", "k="])
DATA = st.binary(max_size=20)


def code_of(call: Callable[[], object]) -> str:
    """The code of the error that the call raises, empty where it raises none."""
    try:
        call()
    except KitError as error:
        return error.code
    return ""


class StorageModel(RuleBasedStateMachine):
    """The dict holds (bucket, key) -> content; buckets live on when they are emptied."""

    keys = Bundle("keys")

    @initialize()
    def start(self) -> None:
        self.folder = Path(tempfile.mkdtemp())
        self.clock = ManualClock()
        self.storage = Storage(self.folder, clock=self.clock)
        self.objects: dict[tuple[str, str], bytes] = {}
        self.buckets: set[str] = set()

    def teardown(self) -> None:
        if hasattr(self, "storage"):
            self.storage.close()
            shutil.rmtree(self.folder)

    def conflicts(self, bucket: str, key: str) -> bool:
        """Whether a folder cannot hold the key beside those that are there."""
        others = [other for owner, other in self.objects if owner == bucket and other != key]
        return any(other.startswith(key + "/") or key.startswith(other + "/") for other in others)

    @rule(target=keys, bucket=BUCKETS, key=KEYS, data=DATA)
    def put(self, bucket: str, key: str, data: bytes) -> tuple[str, str]:
        self.clock.advance(1)
        uri = f"s3://{bucket}/{key}"
        if self.conflicts(bucket, key):
            assert code_of(lambda: self.storage.put(uri, data)) == "ObjectNameConflict"
        else:
            assert self.storage.put(uri, data).etag == hashlib.md5(data).hexdigest()
            self.objects[bucket, key] = data
            self.buckets.add(bucket)
        return bucket, key

    @rule(bucket=BUCKETS, files=st.dictionaries(KEYS, DATA, max_size=3), publish=st.booleans(), exclusive=st.booleans())
    def stage(self, bucket: str, files: dict[str, bytes], publish: bool, exclusive: bool) -> None:
        files = {f"a/{key}": data for key, data in files.items()}
        inner = any(other.startswith(key + "/") for key in files for other in files)
        if inner:
            return
        refused = any(self.conflicts(bucket, key) for key in files)
        occupied = any(owner == bucket and key.startswith("a/") for owner, key in self.objects)
        with self.storage.staging(into_empty=f"s3://{bucket}/a/" if exclusive else "") as stage:
            for key, data in files.items():
                stage.path(f"s3://{bucket}/{key}").write_bytes(data)
            if not publish:
                return
            code = code_of(stage.publish)
        if exclusive and occupied:
            assert code == "PreconditionFailed"
        elif refused or (exclusive and (bucket, "a") in self.objects):
            assert code == "ObjectNameConflict"
        else:
            assert code == ""
        if code:
            return
        self.objects.update({(bucket, key): data for key, data in files.items()})
        self.buckets |= {bucket} if files else set()

    @rule(place=keys)
    def get(self, place: tuple[str, str]) -> None:
        bucket, key = place
        uri = f"s3://{bucket}/{key}"
        if place in self.objects:
            assert self.storage.get(uri) == self.objects[place]
            assert self.storage.head(uri).size_bytes == len(self.objects[place])
            return
        expected = "NoSuchKey" if bucket in self.buckets else "NoSuchBucket"
        assert code_of(lambda: self.storage.get(uri)) == expected

    @rule(source=keys, bucket=BUCKETS, key=KEYS)
    def copy(self, source: tuple[str, str], bucket: str, key: str) -> None:
        code = code_of(lambda: self.storage.copy(f"s3://{source[0]}/{source[1]}", f"s3://{bucket}/{key}"))
        if source not in self.objects:
            assert code == ("NoSuchKey" if source[0] in self.buckets else "NoSuchBucket")
        elif self.conflicts(bucket, key):
            assert code == "ObjectNameConflict"
        else:
            assert code == ""
            self.objects[bucket, key] = self.objects[source]
            self.buckets.add(bucket)

    @rule(place=consumes(keys))
    def delete(self, place: tuple[str, str]) -> None:
        bucket, key = place
        if bucket in self.buckets:
            self.storage.delete(f"s3://{bucket}/{key}")
            self.objects.pop(place, None)

    @rule(bucket=BUCKETS, prefix=PREFIXES)
    def delete_prefix(self, bucket: str, prefix: str) -> None:
        if bucket not in self.buckets:
            return
        doomed = [(owner, key) for owner, key in self.objects if owner == bucket and key.startswith(prefix)]
        assert self.storage.delete_prefix(f"s3://{bucket}/{prefix}") == len(doomed)
        for place in doomed:
            del self.objects[place]

    @rule(bucket=BUCKETS)
    def delete_bucket(self, bucket: str) -> None:
        if bucket not in self.buckets:
            return
        occupied = any(owner == bucket for owner, _ in self.objects)
        assert code_of(lambda: self.storage.delete_bucket(bucket)) == ("BucketNotEmpty" if occupied else "")
        if not occupied:
            self.buckets.discard(bucket)

    @rule()
    def reopen(self) -> None:
        self.storage.close()
        self.storage = Storage(self.folder, clock=self.clock)

    @rule(bucket=BUCKETS, prefix=PREFIXES, delimiter=st.sampled_from(["", "/"]), limit=st.integers(1, 3))
    def list_pages(self, bucket: str, prefix: str, delimiter: str, limit: int) -> None:
        if bucket not in self.buckets:
            return
        expected: list[str] = []
        for key in sorted((key for owner, key in self.objects if owner == bucket), key=str.encode):
            if key.startswith(prefix):
                cut = key.find(delimiter, len(prefix)) if delimiter else -1
                entry = key if cut < 0 else key[: cut + 1]
                expected += [] if entry in expected else [entry]
        found: list[str] = []
        token = ""
        while not found or token:
            listing = self.storage.list(f"s3://{bucket}/{prefix}", delimiter, limit, token)
            page = [*(info.uri for info in listing.objects), *listing.common_prefixes]
            found += sorted((uri.removeprefix(f"s3://{bucket}/") for uri in page), key=str.encode)
            token = listing.next_token
            if not page:
                break
        assert found == expected

    @invariant()
    def everything_is_there_and_nothing_else(self) -> None:
        if not hasattr(self, "storage"):
            return
        assert set(self.storage.buckets()) == self.buckets
        found = {
            (bucket, info.key): self.storage.get(info.uri)
            for bucket in self.buckets
            for info in self.storage.iter(f"s3://{bucket}/")
        }
        assert found == self.objects
        folders = [path for path in self.folder.rglob("*") if path.is_dir() and ".staging" not in path.parts]
        empty = [path for path in folders if path.parent != self.folder and not any(path.iterdir())]
        assert empty == [], "a folder goes with its last object"


StorageModel.TestCase.settings = settings(stateful_step_count=25)
TestStorageModel = StorageModel.TestCase
