"""Queries in, tiers and EXPLAIN out, over a catalog of fixed statistics: what moves, where, and why.

`BOATHOUSE_GOLDEN=1` rewrites the files; read the difference before you commit it.
"""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from kit.sql.redshift import bind, parse
from kit.sql.redshift.statements import SortKey
from kit.sql.redshift.types import parse_type
from kit.warehouse.catalog import Catalog, ColumnStatistics, StoredColumn, Table
from kit.warehouse.plan.explain import explain
from kit.warehouse.plan.facts import Shape
from kit.warehouse.plan.planner import plan

FOLDER = Path(__file__).parent / "plans"
RULE = "-" * 40
# Rows, style, distribution key, sort key, and for each column type, distinct values and width: the sample database of
# the Redshift documentation, as far as its plans need it.
TABLES = {
    "sales": (
        172_456,
        "KEY",
        "listid",
        "dateid",
        {
            "salesid": ("integer", 172_456, 4),
            "listid": ("integer", 143_000, 4),
            "sellerid": ("integer", 40_000, 4),
            "buyerid": ("integer", 45_000, 4),
            "eventid": ("integer", 8_798, 4),
            "dateid": ("smallint", 365, 2),
            "qtysold": ("smallint", 8, 2),
            "pricepaid": ("numeric(8,2)", 2_000, 10),
        },
    ),
    "listing": (
        192_497,
        "KEY",
        "listid",
        "dateid",
        {
            "listid": ("integer", 192_497, 4),
            "eventid": ("integer", 8_798, 4),
            "dateid": ("smallint", 365, 2),
            "numtickets": ("smallint", 30, 2),
        },
    ),
    "event": (
        8_798,
        "KEY",
        "eventid",
        "dateid",
        {
            "eventid": ("integer", 8_798, 4),
            "venueid": ("smallint", 204, 2),
            "dateid": ("smallint", 365, 2),
            "eventname": ("varchar(200)", 576, 17),
        },
    ),
    "users": (
        49_990,
        "EVEN",
        None,
        "userid",
        {
            "userid": ("integer", 49_990, 4),
            "username": ("varchar(8)", 49_990, 8),
            "city": ("varchar(30)", 800, 9),
        },
    ),
    "venue": (
        202,
        "ALL",
        None,
        "venueid",
        {"venueid": ("smallint", 202, 2), "venuename": ("varchar(100)", 202, 15), "venuecity": ("varchar(30)", 80, 9)},
    ),
}


@pytest.fixture(scope="module")
def catalog() -> Catalog:
    relations = {}
    for number, (name, (rows, style, distkey, sortkey, columns)) in enumerate(TABLES.items()):
        stored = tuple(
            StoredColumn(column, parse_type(kind), nullable=False) for column, (kind, _, _) in columns.items()
        )
        statistics = {
            column: ColumnStatistics(distinct, 0.0, width, 1.0, float(distinct))
            for column, (_, distinct, width) in columns.items()
        }
        table = Table(
            100 + number,
            "public",
            name,
            stored,
            style,
            style,
            distkey,
            SortKey("COMPOUND", (sortkey,)),
            slice_rows=(rows, 0, rows, 0)
            if style == "ALL"
            else (rows // 4, rows // 4, rows // 4, rows - rows // 4 * 3),
            analyzed_rows=rows,
            statistics=statistics,
        )
        relations["public", name] = table
    return Catalog(shape=Shape(2, 2), relations=relations)


@pytest.mark.parametrize("path", sorted(FOLDER.glob("*.txt")), ids=lambda path: path.stem)
def test_plan_is_the_recorded_one(path: Path, catalog: Catalog) -> None:
    sql, _, wanted = path.read_text().partition(f"\n{RULE}\n")
    (parsed,) = parse(sql)

    made = plan(bind(parsed.statement.tree, sql, catalog).tree, catalog, catalog.shape)

    got = "\n".join([f"tier: {made.tier}", *explain(made)])
    if os.environ.get("BOATHOUSE_GOLDEN"):
        path.write_text(f"{sql}\n{RULE}\n{got}\n")
    assert got == wanted.rstrip("\n")


def test_every_tier_has_a_plan() -> None:
    tiers = {path.read_text().partition("tier: ")[2].split("\n")[0] for path in FOLDER.glob("*.txt")}

    assert tiers == {"leader", "colocated", "broadcast", "redistributed", "staged", "leader_views"}
