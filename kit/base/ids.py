"""Identifiers and randomness from one source, so that a run can be repeated under a seed."""

from __future__ import annotations

import random
import threading
import uuid
from typing import NewType

Bucket = NewType("Bucket", str)
Key = NewType("Key", str)
QueryId = NewType("QueryId", str)


class Entropy:
    """Random numbers and identifiers; unpredictable without a seed, repeatable with one. Safe among threads."""

    def __init__(self, seed: int | None = None) -> None:
        self._random: random.Random = random.SystemRandom() if seed is None else random.Random(seed)
        self._lock = threading.Lock()

    def uuid(self) -> str:
        """A version 4 UUID in its canonical form."""
        return str(uuid.UUID(bytes=self.bytes(16), version=4))

    def bytes(self, count: int) -> bytes:
        with self._lock:
            return self._random.randbytes(count)

    def fraction(self) -> float:
        """A number in [0, 1)."""
        with self._lock:
            return self._random.random()

    def below(self, bound: int) -> int:
        """An integer in [0, bound)."""
        with self._lock:
            return self._random.randrange(bound)
