"""The notebook of the shard log: it runs with other months and rates, its answers are right, its outputs are clean."""

import hashlib
import json
import re
from collections import Counter
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import duckdb
import pytest

NAME = "02_shard_log.ipynb"
PARAMETERS = {
    "February, faster": {"month": 2, "rate": 2_700, "seed": 1},
    "November": {"month": 11, "rate": 2_400, "seed": 2},
}
AIRPORTS = ("EWR", "JFK", "LGA")
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

    def output(self, source: str) -> str:
        """What the cell shows whose source holds this text."""
        [cell] = [cell for cell in self.notebook.cells if cell.cell_type == "code" and source in cell.source]
        return shown(cell)

    def answers(self) -> list[str]:
        return [shown(cell) for cell in self.notebook.cells if "answer" in cell.metadata.get("tags", [])]


def shown(cell: Any) -> str:
    text = "\n".join(output.get("text") or output["data"]["text/plain"] for output in cell.outputs)
    # What is printed may come in several pieces, each with a line's end of its own.
    return "\n".join(line for line in text.splitlines() if line)


def integers(text: str) -> list[int]:
    return [int(number.replace(",", "")) for number in re.findall(r"\b\d[\d,]*\b", text)]


@pytest.fixture(scope="session", params=PARAMETERS)
def run(
    request: pytest.FixtureRequest, execute: Any, notebooks: Path, data: Path, tmp_path_factory: pytest.TempPathFactory
) -> Run:
    parameters = PARAMETERS[request.param]
    workspace = tmp_path_factory.mktemp("shard-log") / "ws"
    return Run(execute(notebooks / NAME, {**parameters, "data": str(data), "workspace": str(workspace)}), parameters)


@pytest.fixture
def month(run: Run, data: Path) -> duckdb.DuckDBPyRelation:
    """The departures of the month, read by DuckDB without anything of ours."""
    return duckdb.sql(
        f"FROM read_parquet('{data}/flights/**/*.parquet', hive_partitioning = true)"
        f" WHERE month = {run.parameters['month']} AND dep_time IS NOT NULL"
    )


def at_home(airport: str) -> int:
    """Which half of the hash keys an airport's is in."""
    return int.from_bytes(hashlib.md5(airport.encode()).digest(), "big") >> 127


def test_its_own_checks_pass(run: Run) -> None:
    assert run.output("def check(").splitlines()[-1] == "ok: all checks passed"


def test_the_counts_of_departures_are_those_of_the_files(run: Run, month: duckdb.DuckDBPyRelation) -> None:
    whole, first_day = integers(run.output("departures = duckdb.sql"))

    assert whole == len(month)
    assert first_day == len(month.filter("day = 1"))


def test_records_are_in_the_shards_that_md5_says(run: Run) -> None:
    lines = [line.split() for line in run.output('for record in ws.streams["departures"]').splitlines()]

    assert {(airport, int(shard[-1])) for shard, _, airport in lines} == {(name, at_home(name)) for name in AIRPORTS}


def test_the_sql_over_the_log_answers_as_the_files_do(run: Run, month: duckdb.DuckDBPyRelation) -> None:
    lines = [line.split() for line in run.output("SELECT origin, count(*) AS departures").splitlines()[2:5]]
    wanted = month.filter("day = 1").aggregate("origin, count(*), round(avg(dep_delay), 1)").order("origin").fetchall()

    assert [(airport, int(count), float(delay)) for airport, count, delay in lines] == wanted


def test_all_of_the_day_is_read_and_order_is_kept_where_it_is_promised(
    run: Run, month: duckdb.DuckDBPyRelation
) -> None:
    lines = [line.split() for line in run.output("def steps_back").splitlines()]
    flown = Counter(airport for (airport,) in month.filter("day = 1").project("origin").fetchall())

    whole, *parts = lines
    assert int(whole[2]) == flown.total()
    assert int(whole[4]) > 0
    assert all(int(part[-1]) == 0 for part in parts)
    assert {part[0]: int(part[1]) for part in parts[2:]} == flown


def test_the_rush_is_throttled_in_one_shard_and_after_the_split_no_more(run: Run) -> None:
    before, after = (run.output(f"{name} = %stream replay rush") for name in ("two_shards", "three_shards"))

    records, *_, refused = integers(before)
    assert records == 20_000
    assert 1_000 < refused < 20_000
    assert "refused" not in after


def test_a_second_of_a_shard_is_a_thousand_records(run: Run) -> None:
    calls = run.output("client.put_records(").splitlines()

    assert calls == [
        "call 1: {'stored': 500}",
        "call 2: {'stored': 500}",
        "call 3: {'ProvisionedThroughputExceededException': 500}",
    ]


def test_two_applications_read_the_whole_day(run: Run, month: duckdb.DuckDBPyRelation) -> None:
    day = len(month.filter("day = 1")) + 3

    assert integers(run.output("board, audit = Counter()").splitlines()[0])[0] == day
    assert integers(run.output('slow.run(until="tip")')) == [day, day]


def test_the_afternoon_is_that_of_the_files(run: Run, month: duckdb.DuckDBPyRelation) -> None:
    afternoon = month.filter("day = 1 AND dep_time >= 1200")
    count, hour, minute = integers(run.output("noon = datetime"))
    (first,) = afternoon.aggregate("min(dep_time)").fetchall()[0]

    assert count == len(afternoon)
    assert hour * 100 + minute == first


def test_the_heir_takes_over_after_the_failover_time_and_repeats_some(run: Run, month: duckdb.DuckDBPyRelation) -> None:
    (victims,), (waited,), (heirs, again) = map(integers, run.output("class EverySecondBatch").splitlines())

    assert 10 <= waited <= 14
    assert victims + heirs - again == len(month.filter("day = 1")) + 3
    assert 0 < again < victims


def test_queue_and_stream_treat_poison_in_their_own_ways(run: Run) -> None:
    one, two, letters = run.output("def work(order)").splitlines()

    assert sorted(integers(one) + integers(two)) == [n for n in range(1, 13) if n != 5]
    assert "'order 05'" in letters
    assert run.output("def handle(").splitlines() == [
        "[1, 2, 3, 4]",
        *["[5, 6, 7, 8]"] * 3,
        "[9, 10, 11, 12]",
        "RetryAttemptsExhausted - 4 records",
    ]
    assert run.output("batches.clear()").splitlines()[2:6] == ["[5, 6]", "[5]", "[6]", "[7, 8]"]


def test_every_question_has_an_answer(run: Run) -> None:
    questions = re.findall(r"\*[^*]+\?\*", "\n".join(cell.source for cell in run.notebook.cells))

    assert len(questions) == len(run.answers()) >= 12
    assert all(run.answers())


def test_no_output_refers_to_a_network(run: Run) -> None:
    outputs = json.dumps([cell.get("outputs", []) for cell in run.notebook.cells])

    assert set(re.findall(r"(?:\bhttps?:)?//[\w.-]+\.\w+[^\s\"'\\<>]*", outputs)) - IDENTIFIERS == set()


def test_no_output_holds_a_path_of_the_machine(run: Run, data: Path) -> None:
    outputs = json.dumps([cell.get("outputs", []) for cell in run.notebook.cells])

    assert str(data.parent) not in outputs
    assert "/tmp" not in outputs


def test_a_second_run_in_the_same_workspace_shows_the_same(
    execute: Any, notebooks: Path, data: Path, tmp_path: Path
) -> None:
    given = {**PARAMETERS["November"], "data": str(data), "workspace": str(tmp_path / "ws")}

    first, second = (Run(execute(notebooks / NAME, given), given) for _ in range(2))

    without_times = [[re.sub(r"[\d.]+ m?s$", "", answer) for answer in run.answers()] for run in (first, second)]
    assert without_times[0] == without_times[1]
