"""Every family of expression handlers, in one place: importing this module makes the binder complete."""

from __future__ import annotations

from kit.sql.redshift.binding import (
    calls,
    conversions,
    grammatical,
    hierarchies,
    literals,
    names,
    operators,
    predicates,
    subqueries,
)
from kit.sql.redshift.binding.expressions import register
from kit.sql.redshift.functions import dates, system

FAMILIES = (
    literals.HANDLERS,
    names.HANDLERS,
    operators.HANDLERS,
    predicates.HANDLERS,
    conversions.HANDLERS,
    subqueries.HANDLERS,
    calls.HANDLERS,
    grammatical.HANDLERS,
    hierarchies.HANDLERS,
    dates.HANDLERS,
    system.HANDLERS,
)

for family in FAMILIES:
    register(family)
