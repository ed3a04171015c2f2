"""What a client may do when the owner goes: ask again where nothing can have changed, say so where it may have."""

import pytest

from kit.warehouse.sharing.recovery import REPEATS, Interrupted, after_loss, rows_lost


def interrupted(
    *, may_commit: bool = False, in_transaction: bool = False, has_temporary: bool = False, repeats: int = 0
) -> Interrupted:
    return Interrupted(77, may_commit, in_transaction, has_temporary, repeats)


def test_a_read_is_asked_again() -> None:
    assert after_loss(interrupted()) is None


@pytest.mark.parametrize("in_transaction", [False, True])
def test_of_a_write_it_is_said_that_its_outcome_is_not_known(in_transaction: bool) -> None:
    error = after_loss(interrupted(may_commit=True, in_transaction=in_transaction))

    assert error is not None
    assert error.code == "08007"
    assert "process 77" in error.message
    assert "whether it was committed is not known" in error.message


def test_an_open_transaction_is_known_to_be_rolled_back() -> None:
    error = after_loss(interrupted(in_transaction=True))

    assert error is not None
    assert error.code == "08006"
    assert "rolled back" in error.message


def test_temporary_tables_are_said_to_be_gone() -> None:
    error = after_loss(interrupted(has_temporary=True))

    assert error is not None
    assert error.code == "08006"
    assert "temporary tables" in error.message


def test_a_read_that_owner_after_owner_dies_of_is_given_up() -> None:
    assert after_loss(interrupted(repeats=REPEATS - 1)) is None
    error = after_loss(interrupted(repeats=REPEATS))

    assert error is not None
    assert error.code == "08006"
    assert "as its predecessors did" in error.message


def test_rows_that_will_not_come_are_an_error_that_says_what_to_do() -> None:
    error = rows_lost(77)

    assert error.code == "08006"
    assert "Run the query again" in error.hint
