"""Who is told when objects come and go, as by S3's event notifications. In this process only.

A listener is called on the thread that made the change, once the change is visible; it must be quick. What it raises
reaches whoever made the change, which stays made.

Source: Amazon S3 User Guide, Event notification types; read 2026-11.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Literal, Protocol, TypeAlias

EventName = Literal["ObjectCreated", "ObjectRemoved"]


@dataclass(frozen=True, slots=True)
class ObjectEvent:
    name: EventName
    uri: str


Listener: TypeAlias = Callable[[ObjectEvent], None]


class ObjectEvents(Protocol):
    """What those need of storage that want to be told."""

    def subscribe(self, listener: Listener) -> Callable[[], None]:
        """Tell the listener of every object from now on, until what is returned is called."""
        ...


class Listeners:
    """The listeners of one storage. They may come and go on any thread, also while they are told."""

    def __init__(self) -> None:
        self._listeners: tuple[Listener, ...] = ()

    def __bool__(self) -> bool:
        return bool(self._listeners)

    def add(self, listener: Listener) -> Callable[[], None]:
        self._listeners = (*self._listeners, listener)

        def remove() -> None:
            self._listeners = tuple(each for each in self._listeners if each is not listener)

        return remove

    def tell(self, name: EventName, uris: Iterable[str]) -> None:
        if self._listeners:
            for uri in uris:
                for listener in self._listeners:
                    listener(ObjectEvent(name, uri))
