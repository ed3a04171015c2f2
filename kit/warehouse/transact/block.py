"""A session's transaction block: none, open, or failed. What BEGIN, COMMIT and ROLLBACK do is the table below.

          none                 open                     failed
BEGIN     open                 open (a warning)         25P02
COMMIT    none (a warning)     none, committed          none, "ROLLBACK"
ROLLBACK  none (a warning)     none                     none
an error  none                 failed, rolled back      failed
others    a transaction each   in the block's           25P02
"""

from __future__ import annotations

import threading
from typing import Final

from kit.base.errors import KitError
from kit.warehouse.transact.transaction import Transaction

ABORTED: Final = "25P02"


class Block:
    """One session's. `turn` is held while a statement of the block runs: two threads never share it at once."""

    def __init__(self) -> None:
        self.turn = threading.RLock()
        self.transaction: Transaction | None = None
        self.is_failed = False

    @property
    def is_open(self) -> bool:
        """Whether a block has been begun and not ended, failed or not."""
        return self.transaction is not None or self.is_failed

    def check(self) -> None:
        """Raise 25P02 in a block that has failed."""
        if self.is_failed:
            raise KitError(
                ABORTED,
                "current transaction is aborted, commands ignored until end of transaction block",
                "ROLLBACK ends it; nothing of it is kept.",
            )

    def refuse_inside(self, command: str) -> None:
        """Raise 25001 for a statement that cannot run in a block."""
        if self.is_open:
            raise KitError("25001", f"{command} cannot run inside a transaction block", "COMMIT or ROLLBACK first.")

    def end(self) -> Transaction | None:
        """Leave the block; the transaction to commit or roll back, if it has not failed."""
        transaction, self.transaction, self.is_failed = self.transaction, None, False
        return transaction

    def fail(self) -> Transaction | None:
        """A statement of the block has failed; the transaction to roll back."""
        if self.transaction is None:
            return None
        transaction, self.transaction, self.is_failed = self.transaction, None, True
        return transaction
