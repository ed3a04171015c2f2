"""What a client may do when the owner goes while it waits for an answer. Pure.

A question that changed nothing can be asked again. Of a statement that writes nobody but the cluster's file knows
whether it was committed, and it must not be carried out twice: that is said as it is. A transaction that was open is
gone, because only a commit makes it last.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from kit.base.errors import KitError

LOST: Final = "08006"
UNKNOWN: Final = "08007"
# A read that has outlived so many owners may be what ended them.
REPEATS: Final = 2


@dataclass(frozen=True, slots=True)
class Interrupted:
    """A call that got no answer, and the session that it was in.

    `may_commit`: it may have made something last. `repeats` counts how often it was asked again already.
    """

    owner: int
    may_commit: bool
    in_transaction: bool
    has_temporary: bool
    repeats: int = 0


def after_loss(call: Interrupted) -> KitError | None:
    """The error to raise; None: ask the next owner."""
    gone = f"The process {call.owner}, which owned the warehouse, has ended"
    if call.may_commit:
        return KitError(
            UNKNOWN,
            f"{gone} while the statement ran: whether it was committed is not known.",
            "Look at the table before you run it again: what was committed is there.",
        )
    if call.in_transaction:
        return KitError(
            LOST,
            f"{gone}; the transaction that was open is rolled back.",
            "Begin it again: the next statement finds or becomes the new owner.",
        )
    if call.has_temporary:
        return KitError(
            LOST,
            f"{gone}, and the temporary tables of this session with it.",
            "Make them again: the next statement finds or becomes the new owner.",
        )
    if call.repeats >= REPEATS:
        return KitError(
            LOST,
            f"{gone}, as its predecessors did while they ran this statement.",
            "Ask for less at once if memory is short, then run it again.",
        )
    return None


def rows_lost(owner: int) -> KitError:
    """For an answer of which some rows had been handed out already."""
    return KitError(
        LOST,
        f"The process {owner}, which owned the warehouse, has ended; the rest of the answer's rows is lost.",
        "Run the query again: the next statement finds or becomes the new owner.",
    )
