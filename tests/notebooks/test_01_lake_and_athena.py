"""The first notebook: it runs from anywhere with other parameters, its answers are right, its outputs are clean."""

import json
import re
from collections.abc import Callable, Mapping
from functools import cache
from pathlib import Path
from typing import Any

import duckdb
import pandas as pd
import pytest

from kit.base.display import text
from kit.base.result import Result, Stats

NAME = "01_lake_and_athena.ipynb"
PARAMETERS = {
    "JFK in July": {"origin": "JFK", "month": 7, "carrier": "UA"},
    "EWR in February": {"origin": "EWR", "month": 2, "carrier": "DL"},
}
# Names of XML vocabularies and of a grammar: viewers compare them, none fetches them.
IDENTIFIERS = {
    "http://www.w3.org/2000/svg",
    "http://www.w3.org/1999/xlink",
    "https://vega.github.io/schema/vega-lite/v5.json",
}


class Run:
    """An executed notebook and what it was given."""

    def __init__(self, notebook: Any, parameters: Mapping[str, Any]) -> None:
        self.notebook = notebook
        self.parameters = parameters

    def answer(self, number: int) -> list[str]:
        """The lines of the table that answers a question, without the line of figures below it."""
        return self._text_after(f"### {number}. ").splitlines()[:-1]

    def answers(self) -> list[str]:
        return [plain_text(cell) for cell in self.notebook.cells if "answer" in cell.metadata.get("tags", [])]

    def _text_after(self, heading: str) -> str:
        cells = iter(self.notebook.cells)
        assert any(cell.cell_type == "markdown" and heading in cell.source for cell in cells), heading
        return plain_text(next(cell for cell in cells if "answer" in cell.metadata.get("tags", [])))


def plain_text(cell: Any) -> str:
    return "\n".join(output.get("text") or output["data"]["text/plain"] for output in cell.outputs).rstrip()


@pytest.fixture(scope="session")
def run_again(
    execute: Any, notebooks: Path, data: Path, tmp_path_factory: pytest.TempPathFactory
) -> Callable[[str], Run]:
    """Run the notebook with a set of parameters, in the workspace that belongs to the set."""
    workspaces = tmp_path_factory.mktemp("workspaces")

    def run_in_its_workspace(name: str) -> Run:
        given = {**PARAMETERS[name], "data": str(data), "workspace": str(workspaces / name)}
        return Run(execute(notebooks / NAME, given), PARAMETERS[name])

    return run_in_its_workspace


@pytest.fixture(scope="session")
def run_once(run_again: Callable[[str], Run]) -> Callable[[str], Run]:
    return cache(run_again)


@pytest.fixture(params=PARAMETERS)
def run(request: pytest.FixtureRequest, run_once: Callable[[str], Run]) -> Run:
    return run_once(request.param)


@pytest.fixture(scope="module")
def lake(data: Path) -> duckdb.DuckDBPyConnection:
    """The same files, read by DuckDB without anything of ours."""
    connection = duckdb.connect()
    for table, source in {
        "flights": f"read_parquet('{data}/flights/**/*.parquet', hive_partitioning = true)",
        "weather": f"read_csv('{data}/weather/*.csv')",
        "planes": f"read_csv('{data}/planes/planes.csv')",
        "airports": f"read_csv('{data}/airports/airports.csv.gz')",
        "airlines": f"read_json('{data}/airlines/airlines.jsonl')",
    }.items():
        connection.execute(f"CREATE VIEW {table} AS FROM {source}")
    return connection


def shown(frame: pd.DataFrame) -> list[str]:
    """A frame as a result would show it, without the line of figures."""
    import pyarrow as pa

    result = Result.of_table(pa.Table.from_pandas(frame, preserve_index=False), stats=Stats(ms=0.0))
    return text(result, 100).splitlines()[:-1]


def asked(lake: duckdb.DuckDBPyConnection, sql: str, *parameters: Any) -> list[str]:
    """What plain DuckDB answers, as a result would show it."""
    table = lake.sql(sql, params=parameters).to_arrow_table()
    return text(Result.of_table(table, stats=Stats(ms=0.0)), 100).splitlines()[:-1]


def numbers(lines: list[str]) -> list[list[float]]:
    """The numbers of each row of a shown table."""
    return [[float(word) for word in re.findall(r"(?<=  )-?[\d.]+", line)] for line in lines[2:]]


def flights_frame(lake: duckdb.DuckDBPyConnection) -> pd.DataFrame:
    return lake.execute("FROM flights").fetch_df()


def test_its_own_checks_pass(run: Run) -> None:
    [checks] = [cell for cell in run.notebook.cells if cell.source.startswith("def check(")]

    assert plain_text(checks).endswith("ok: all checks passed")


def test_cancellations_equal_those_of_pandas(run: Run, lake: duckdb.DuckDBPyConnection) -> None:
    flights = flights_frame(lake)
    grouped = flights.groupby("origin").agg(flights=("day", "size"), departed=("dep_time", "count")).reset_index()
    grouped["cancelled"] = grouped.flights - grouped.departed
    grouped["percent"] = (100 * grouped.cancelled / grouped.flights).round(2)

    assert run.answer(1) == shown(grouped[["origin", "flights", "cancelled", "percent"]])


def test_waiting_equals_that_of_pandas_up_to_the_sketches(run: Run, lake: duckdb.DuckDBPyConnection) -> None:
    flights = flights_frame(lake).merge(lake.execute("FROM airlines").fetch_df(), on="carrier")
    flights = flights[flights.origin == run.parameters["origin"]]
    delays = flights.groupby("name").dep_delay
    exact = pd.DataFrame({"flights": delays.size(), "mean": delays.mean().round(1)}).reset_index()
    exact = exact.sort_values(["mean", "name"], ascending=[False, True])

    found = run.answer(2)

    assert [re.split(r"  +", line)[0] for line in found[2:]] == exact["name"].to_list()
    for (count, mean, *percentiles), wanted in zip(numbers(found), exact.itertuples(), strict=True):
        assert (count, mean) == (wanted.flights, wanted.mean)
        observed = flights[flights.name == wanted.name].dep_delay.dropna()
        for value, fraction in zip(percentiles, (0.5, 0.9), strict=True):
            error = 0.05 + 1 / len(observed)
            assert (observed < value).mean() <= fraction + error
            assert (observed <= value).mean() >= fraction - error


def test_delays_by_hour_equal_those_of_pandas(run: Run, lake: duckdb.DuckDBPyConnection) -> None:
    grouped = (
        flights_frame(lake)
        .groupby("hour")
        .agg(flights=("day", "size"), delay=("dep_delay", "mean"), departed=("dep_time", "count"))
    )
    grouped["delay"] = grouped.delay.round(1)
    grouped["cancelled_percent"] = (100 * (grouped.flights - grouped.departed) / grouped.flights).round(1)

    assert run.answer(3) == shown(grouped.reset_index()[["hour", "flights", "delay", "cancelled_percent"]])


def test_rain_equals_that_of_plain_duckdb(run: Run, lake: duckdb.DuckDBPyConnection) -> None:
    assert run.answer(4) == asked(
        lake,
        """
        SELECT CASE WHEN precip = 0 THEN '1 dry' WHEN precip < 0.1 THEN '2 light rain'
                    WHEN precip >= 0.1 THEN '3 heavy rain' END AS weather,
               count(*) AS flights, round(avg(dep_delay), 1) AS delay,
               round(100 * count(*) FILTER (dep_time IS NULL) / count(*)::double, 1) AS cancelled_percent
        FROM flights JOIN weather USING (origin, time_hour) GROUP BY ALL ORDER BY ALL
        """,
    )


def test_the_worst_days_equal_those_of_pandas(run: Run, lake: duckdb.DuckDBPyConnection) -> None:
    flights = flights_frame(lake)
    flights["day_date"] = pd.to_datetime(flights[["year", "month", "day"]])
    days = flights.groupby("day_date").agg(flights=("day", "size"), departed=("dep_time", "count")).reset_index()
    days["cancelled"] = days.flights - days.departed
    days["mean_of_the_week"] = days.cancelled.rolling(7, min_periods=1).mean().round(1)
    days["date"] = days.day_date.dt.date
    worst = days.sort_values(["cancelled", "date"], ascending=[False, True]).head(5)

    assert run.answer(5) == shown(worst[["date", "flights", "cancelled", "mean_of_the_week"]])


def test_lateness_carried_over_equals_that_of_pandas(run: Run, lake: duckdb.DuckDBPyConnection) -> None:
    flights = flights_frame(lake).dropna(subset=["dep_delay", "tailnum"])
    legs = flights.sort_values(["tailnum", "month", "day", "sched_dep_time", "dep_time"])
    legs["earlier"] = legs.groupby(["tailnum", "month", "day"])["dep_delay"].shift()
    legs = legs.dropna(subset=["earlier"])
    names = ["1 on time", "2 up to an hour late", "3 more than an hour"]
    legs["departure_before"] = pd.cut(legs.earlier, [-1e9, 15, 60, 1e9], labels=names).astype(str)
    grouped = legs.groupby("departure_before").agg(departures=("day", "size"), delay=("dep_delay", "mean"))
    grouped["delay"] = grouped.delay.round(1)

    assert run.answer(6) == shown(grouped.reset_index())


def test_the_missing_hours_equal_those_of_pandas(run: Run, lake: duckdb.DuckDBPyConnection) -> None:
    weather = lake.execute("SELECT origin, time_hour FROM weather").fetch_df()
    hours = pd.date_range("2013-01-01 06:00", "2013-12-30 23:00", freq="h")
    wanted = pd.MultiIndex.from_product([sorted(weather.origin.unique()), hours], names=["origin", "moment"])
    missing = wanted[~wanted.isin(pd.MultiIndex.from_frame(weather))].to_frame(index=False)
    missing["day_utc"] = missing.moment.dt.date
    grouped = missing.groupby("day_utc").moment.agg(hours="size", first="min", last="max").reset_index()
    worst = grouped.sort_values(["hours", "day_utc"], ascending=[False, True]).head(5)

    found = [re.split(r"  +", line.strip()) for line in run.answer(7)[2:]]

    assert [[*row[:2], *(moment.removesuffix(".000") for moment in row[2:])] for row in found] == [
        [str(row.day_utc), str(row.hours), str(row.first), str(row.last)] for row in worst.itertuples()
    ]


def test_the_estimate_of_planes_is_close_to_the_count(run: Run, lake: duckdb.DuckDBPyConnection) -> None:
    (exact,) = lake.execute("SELECT count(DISTINCT tailnum) FROM flights").fetchall()[0]

    counted, estimate, percent = (float(word) for word in run.answer(8)[2].split())

    assert counted == exact
    assert estimate == pytest.approx(exact, rel=0.1)
    assert percent == round(100 * abs(estimate - exact) / exact, 2)


def test_flights_without_a_partner_equal_those_of_pandas(run: Run, lake: duckdb.DuckDBPyConnection) -> None:
    flights = flights_frame(lake)
    frames = {name: lake.execute(f"FROM {name}").fetch_df() for name in ("airlines", "airports", "planes", "weather")}
    observed = pd.MultiIndex.from_frame(frames["weather"][["origin", "time_hour"]])
    lacking = {
        "airlines": ~flights.carrier.isin(frames["airlines"].carrier),
        "airports": ~flights.dest.isin(frames["airports"].faa),
        "planes": ~flights.tailnum.isin(frames["planes"].tailnum),
        "weather": ~pd.MultiIndex.from_frame(flights[["origin", "time_hour"]]).isin(observed),
    }
    rows = [(name, len(flights), int(mask.sum())) for name, mask in lacking.items()]

    assert run.answer(9) == shown(pd.DataFrame(rows, columns=["looked_up_in", "flights", "without_partner"]))


def test_one_months_flights_lie_in_one_object(run: Run, lake: duckdb.DuckDBPyConnection) -> None:
    month = run.parameters["month"]
    (count,) = lake.execute("SELECT count(*) FROM flights WHERE month = ?", [month]).fetchall()[0]

    assert [line.split() for line in run.answer(10)[2:]] == [
        [f"s3://lake/flights/year=2013/month={month}/part-00000.parquet", str(count)]
    ]


def test_there_are_ten_questions_each_with_an_answer(run: Run) -> None:
    headings = re.findall(r"^### (\d+)\. .+\?$", "\n".join(cell.source for cell in run.notebook.cells), re.MULTILINE)

    assert headings == [str(number) for number in range(1, 11)]
    assert all(run.answer(number) for number in range(1, 11))
    assert all(run.answers())


def test_no_output_refers_to_a_network(run: Run) -> None:
    outputs = json.dumps([cell.get("outputs", []) for cell in run.notebook.cells])

    assert set(re.findall(r"(?:\bhttps?:)?//[\w.-]+\.\w+[^\s\"'\\<>]*", outputs)) - IDENTIFIERS == set()


def test_no_output_holds_a_path_of_the_machine(run: Run, data: Path) -> None:
    outputs = json.dumps([cell.get("outputs", []) for cell in run.notebook.cells])

    assert str(data.parent) not in outputs
    assert "/tmp" not in outputs


def test_progress_leaves_nothing_behind(run: Run) -> None:
    outputs = json.dumps([cell.get("outputs", []) for cell in run.notebook.cells])

    assert "<progress" not in outputs
    assert "display_id" not in outputs


def test_a_second_run_in_the_same_workspace_gives_the_same_answers(
    run_once: Callable[[str], Run], run_again: Callable[[str], Run]
) -> None:
    first = run_once("JFK in July")

    second = run_again("JFK in July")

    exact = (1, 3, 4, 5, 6, 7, 9, 10)
    assert [first.answer(number) for number in exact] == [second.answer(number) for number in exact]
