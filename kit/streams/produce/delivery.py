"""One user record on its way into a stream: what was asked, and what came of it."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple, Protocol

from kit.base.errors import KitError


class Receipt(NamedTuple):
    """Where a record landed. Records of one aggregate share the sequence number and differ in the sub-sequence number.

    `sub_sequence_number` is None for a record that was sent as it is. `attempts` counts the sendings.
    """

    shard_id: str
    sequence_number: str
    sub_sequence_number: int | None
    attempts: int


class Courier(Protocol):
    def hurry(self, delivery: Delivery) -> None:
        """Send until `delivery` is settled."""
        ...


class Delivery:
    """A record that a producer has accepted; a future of its `Receipt`.

    Attributes are the producer's to set. `ordinal` counts the records of one producer in the order of their puts.
    `told` says that the caller has seen the failure.
    """

    __slots__ = (
        "_courier",
        "attempts",
        "data",
        "error",
        "explicit_hash_key",
        "hash_key",
        "offered_ms",
        "on_settled",
        "ordinal",
        "partition_key",
        "receipt",
        "size_bytes",
        "told",
    )

    def __init__(
        self,
        courier: Courier,
        partition_key: str,
        data: bytes,
        explicit_hash_key: str | None,
        hash_key: int,
        offered_ms: int,
        size_bytes: int,
        on_settled: Callable[[Delivery], object] | None = None,
    ) -> None:
        self._courier = courier
        self.partition_key = partition_key
        self.data = data
        self.explicit_hash_key = explicit_hash_key
        self.hash_key = hash_key
        self.offered_ms = offered_ms
        self.size_bytes = size_bytes
        self.on_settled = on_settled
        self.ordinal = -1
        self.attempts = 0
        self.receipt: Receipt | None = None
        self.error: KitError | None = None
        self.told = False

    def done(self) -> bool:
        """Whether the record has been delivered, or has failed for good."""
        return self.receipt is not None or self.error is not None

    def result(self) -> Receipt:
        """The receipt, sending now whatever must be sent for it; raises the error of a record that failed."""
        if not self.done():
            self._courier.hurry(self)
        if self.error is not None:
            self.told = True
            raise self.error
        assert self.receipt is not None, "a hurried delivery is settled"
        return self.receipt

    def __repr__(self) -> str:
        state = "failed" if self.error is not None else "waiting" if self.receipt is None else "delivered"
        return f"<Delivery of {self.partition_key!r}: {state}>"
