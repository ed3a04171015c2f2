"""Finding the owner of a cluster, or becoming it: whoever gets the lock owns, the others knock.

There is no protocol of votes: the operating system gives the lock to one process and frees it when that one is gone. A
client that finds nobody behind the note tries the lock; one that finds the lock taken reads the note again. Between the
two a new owner opens its file, which after a kill replays its log, so clients wait for a while.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path
from typing import Final, TypeVar

from kit.base.backoff import Backoff
from kit.base.errors import KitError
from kit.base.ids import Entropy
from kit.warehouse.ownership import Taken
from kit.warehouse.sharing.frames import ConnectionLost, MalformedFrame
from kit.warehouse.sharing.greeting import NOT_ADMITTED
from kit.warehouse.sharing.link import Link
from kit.warehouse.sharing.rendezvous import read_note

T = TypeVar("T")

IN_USE: Final = "55006"
PATIENCE_SECONDS: Final = 60.0
_WAITS: Final = Backoff(base_ms=5.0, cap_ms=100.0)


def reach(
    folder: Path, claim: Callable[[], T], entropy: Entropy, patience_seconds: float = PATIENCE_SECONDS
) -> T | Link:
    """What `claim` gives, if this process can own the cluster, or else a connection to the one that does.

    `claim` raises `Taken` where another has the lock. Raises 55006 where nobody can be reached for a long time.
    """
    end = time.monotonic() + patience_seconds
    failures = 0
    while True:
        try:
            return claim()
        except Taken:
            link = _knock(folder, entropy, end)
        if link is not None:
            return link
        if time.monotonic() > end:
            raise _in_use(folder)
        failures += 1
        time.sleep(_WAITS.delay_ms(failures, entropy) / 1000)


def _knock(folder: Path, entropy: Entropy, end: float) -> Link | None:
    """A connection to the owner that the note names; None where it is not there, or not there yet."""
    note = read_note(folder)
    if note is None:
        return None
    try:
        return Link(note, entropy, max(0.1, end - time.monotonic()))
    except (OSError, ConnectionLost, MalformedFrame):
        return None
    except KitError as error:
        # The note may be of an owner that is gone, and who answers its successor.
        if error.code == NOT_ADMITTED and read_note(folder) != note:
            return None
        raise


def _in_use(folder: Path) -> KitError:
    note = read_note(folder)
    who = f"process {note.pid}" if note is not None else "a process that has left no note"
    return KitError(
        IN_USE,
        f"The warehouse in '{folder}' is owned by {who}, which does not answer.",
        "Interrupt or end that process: the next statement here then takes over.",
    )
