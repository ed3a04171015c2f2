"""Plans over large tables: groups by parts of dates meet on the leader, a join on two keys skips rows as it scans."""

from __future__ import annotations

import pytest

from kit.sql.redshift import bind, parse
from kit.sql.redshift.types import parse_type
from kit.warehouse.catalog import Catalog, ColumnStatistics, StoredColumn, Table
from kit.warehouse.plan.facts import Shape
from kit.warehouse.plan.planner import Plan, plan

# Distinct values, lowest and highest; dates as days since 1970.
COLUMNS = {
    "sold": {
        "day": ("date", 2_400, 8_035.0, 10_440.0),
        "item": ("integer", 200_000, 1.0, 200_000.0),
        "shop": ("integer", 10_000, 1.0, 10_000.0),
    },
    "offer": {
        "item": ("integer", 200_000, 1.0, 200_000.0),
        "shop": ("integer", 10_000, 1.0, 10_000.0),
        "kind": ("integer", 500, 1.0, 500.0),
    },
}
ROWS = {"sold": 6_000_000, "offer": 800_000}


def planned(sql: str, **rows: int) -> Plan:
    """The plan of a query; `rows` are those of a table where they differ from ROWS."""
    relations = {}
    for number, (name, columns) in enumerate(COLUMNS.items()):
        total = rows.get(name, ROWS[name])
        relations["public", name] = Table(
            100 + number,
            "public",
            name,
            tuple(StoredColumn(column, parse_type(kind), nullable=False) for column, (kind, *_) in columns.items()),
            "EVEN",
            "EVEN",
            slice_rows=(total // 4,) * 4,
            analyzed_rows=total,
            statistics={
                column: ColumnStatistics(distinct, 0.0, 4.0, low, high)
                for column, (_, distinct, low, high) in columns.items()
            },
        )
    catalog = Catalog(shape=Shape(2, 2), relations=relations)
    (parsed,) = parse(sql)
    return plan(bind(parsed.statement.tree, sql, catalog).tree, catalog, catalog.shape)


@pytest.mark.parametrize("part", ["EXTRACT(YEAR FROM day)", "DATE_PART('month', day)", "DATE_PART_YEAR(day)"])
def test_groups_by_a_part_of_a_date_are_few_and_meet_on_the_leader(part: str) -> None:
    made = planned(f"SELECT {part} AS p, COUNT(*) AS n FROM sold GROUP BY 1")

    assert [segment.exchange for segment in made.segments] == ["gather", None]
    assert made.tier == "colocated"


def test_groups_by_the_date_itself_are_many_and_are_redistributed() -> None:
    made = planned("SELECT day, COUNT(*) AS n FROM sold GROUP BY 1")

    assert [segment.exchange for segment in made.segments] == ["redistribute", "gather", None]


def test_a_few_rows_joined_on_two_keys_ask_for_the_narrower_one_by_itself() -> None:
    made = planned(
        "SELECT COUNT(*) FROM sold JOIN offer ON sold.item = offer.item AND sold.shop = offer.shop WHERE kind = 7"
    )

    (joined,) = [
        segment.sql for segment in made.segments if '"sold.item" =' in segment.sql or " IN (SELECT" in segment.sql
    ]
    assert made.tier == "broadcast"
    assert '"sold.item" IN (SELECT "offer.item" FROM ' in joined
    assert '"sold.shop" IN' not in joined


@pytest.mark.parametrize(
    ("sql", "rows"),
    [
        ("SELECT COUNT(*) FROM sold JOIN offer ON sold.item = offer.item WHERE kind = 7", {}),
        (
            "SELECT COUNT(*) FROM sold JOIN offer ON sold.item = offer.item AND sold.shop = offer.shop WHERE kind = 7",
            {"sold": 100_000, "offer": 40_000},
        ),
    ],
    ids=["one key", "a small table"],
)
def test_nothing_is_asked_twice_where_it_skips_nothing(sql: str, rows: dict[str, int]) -> None:
    made = planned(sql, **rows)

    assert all(" IN (SELECT" not in segment.sql for segment in made.segments)
