"""Rewrites of a logical plan, each a module, applied in the order of `RULES`.

Each keeps the answer as it is; what they change is how much work reaches an exchange.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeAlias

from kit.warehouse.plan.context import Context
from kit.warehouse.plan.nodes import Node
from kit.warehouse.plan.rules.flatten_joins import flatten_joins
from kit.warehouse.plan.rules.prune_columns import prune_columns
from kit.warehouse.plan.rules.push_filters import push_filters
from kit.warehouse.plan.rules.restrict_aggregates import restrict_aggregates
from kit.warehouse.plan.rules.tighten_outer_joins import tighten_outer_joins

Rule: TypeAlias = Callable[[Node, Context], Node]

RULES: tuple[Rule, ...] = (
    tighten_outer_joins,
    flatten_joins,
    push_filters,
    restrict_aggregates,
    prune_columns,
)
