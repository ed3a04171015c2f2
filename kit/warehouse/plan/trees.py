"""What the rest of the package calls the trees that it hands on and never looks inside."""

from __future__ import annotations

from typing import TypeAlias

from sqlglot import exp

QueryTree: TypeAlias = exp.Query
