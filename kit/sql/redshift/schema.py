"""What the binder asks of the warehouse: which tables there are, and what their columns hold. Values and a Protocol."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from kit.sql.redshift.types import Type


@dataclass(frozen=True, slots=True)
class TableColumn:
    """A column as a query sees it. `hidden` columns can be named but are left out of `*`.

    `has_trailing_blanks` False promises that no value of a VARCHAR ends in a blank: comparisons, which ignore trailing
    blanks, then run on the bare column. Where it is not known it is True. `default` is the text of its DEFAULT, empty
    for none; the values of an `is_identity` column are the warehouse's to give, unless it is `identity_by_default` and
    a statement gives them.
    """

    name: str
    type: Type
    has_trailing_blanks: bool = True
    hidden: bool = False
    default: str = ""
    is_identity: bool = False
    identity_by_default: bool = False


@dataclass(frozen=True, slots=True)
class TableSchema:
    """A table, or a view where `view_text` is set: a query in Redshift's SQL, expanded in place.

    `view_columns` renames the view's columns. `view_path` is the search path that the view's unqualified names were
    resolved with when it was made.
    """

    schema: str
    name: str
    columns: tuple[TableColumn, ...] = ()
    view_text: str = ""
    view_columns: tuple[str, ...] = ()
    view_path: tuple[str, ...] = ()


class Schemas(Protocol):
    """The warehouse's catalog as the binder needs it. Names come in lower case unless they were quoted."""

    def table(self, schema: str, name: str) -> TableSchema | None:
        """The table or view, or None where there is none."""
        ...

    def schemas(self) -> Sequence[str]: ...

    def tables(self, schema: str) -> Sequence[str]:
        """Names of tables and views, for hints; empty where the schema is unknown."""
        ...
