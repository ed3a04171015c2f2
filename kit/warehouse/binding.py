"""How this package asks the dialect to bind: one place that knows its signature."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sqlglot import exp

from kit.base.clock import Clock
from kit.sql.redshift.bound import BoundQuery
from kit.warehouse.catalog import Catalog
from kit.warehouse.session import Session


def bound(
    tree: exp.Query, catalog: Catalog, script: str, session: Session, values: Mapping[str, Any], clock: Clock
) -> BoundQuery:
    from kit.sql.redshift import bind  # type: ignore[attr-defined]

    return bind(tree, catalog)


def current_values(query: BoundQuery, values: Mapping[str, Any], session: Session, clock: Clock) -> dict[str, Any]:
    return dict(query.parameters)
