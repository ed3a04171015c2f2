"""The notebook of the live sensors, headless: still pictures, right answers, with other months and paces."""

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import duckdb
import pytest

NAME = "04_live_sensors.ipynb"
PARAMETERS = {
    "January, two days": {"month": 1, "live_days": 2, "hours_per_second": 48},
    "October, three days": {"month": 10, "live_days": 3, "hours_per_second": 72},
}


class Run:
    """An executed notebook and what it was given."""

    def __init__(self, notebook: Any, parameters: Mapping[str, Any]) -> None:
        self.notebook = notebook
        self.parameters = parameters

    def cell(self, source: str) -> Any:
        """The code cell whose source holds this text."""
        [cell] = [cell for cell in self.notebook.cells if cell.cell_type == "code" and source in cell.source]
        return cell

    def output(self, source: str) -> str:
        outputs = self.cell(source).outputs
        text = "\n".join(output.get("text") or output["data"]["text/plain"] for output in outputs)
        # What is printed may come in several pieces, each with a line's end of its own.
        return "\n".join(line for line in text.splitlines() if line)


@pytest.fixture(scope="session", params=PARAMETERS)
def run(
    request: pytest.FixtureRequest, execute: Any, notebooks: Path, data: Path, tmp_path_factory: pytest.TempPathFactory
) -> Run:
    parameters = PARAMETERS[request.param]
    workspace = tmp_path_factory.mktemp("live-sensors") / "ws"
    return Run(execute(notebooks / NAME, {**parameters, "data": str(data), "workspace": str(workspace)}), parameters)


@pytest.fixture
def sent(run: Run, data: Path) -> duckdb.DuckDBPyRelation:
    """What the stations send, read by DuckDB without anything of ours."""
    begin = f"TIMESTAMP '2013-{run.parameters['month']}-15'"
    return duckdb.sql(
        f"FROM read_csv('{data}/weather/*.csv') WHERE temp IS NOT NULL AND time_hour >= {begin} - INTERVAL 10 DAY"
        f" AND time_hour < {begin} + INTERVAL {run.parameters['live_days']} DAY"
    )


def test_its_own_checks_pass(run: Run) -> None:
    assert run.output("def check(").splitlines()[-1] == "ok: all checks passed"


def test_the_live_chart_is_a_picture_that_needs_nobody(run: Run) -> None:
    [output] = run.cell("temperatures = %stream chart").outputs

    assert set(output.data) == {"image/svg+xml", "text/plain"}
    assert {"Temperature, °F", "station", "EWR", "JFK", "LGA"} <= set(
        re.findall(r"<text[^>]*>([^<]*)</text>", output.data["image/svg+xml"])
    )


def test_no_state_of_widgets_is_left_in_it(run: Run) -> None:
    assert "widgets" not in run.notebook.metadata


def test_the_board_shows_the_last_observation_of_each_station(run: Run, sent: duckdb.DuckDBPyRelation) -> None:
    lines = [line.split() for line in run.output("def remember").splitlines()[1:]]
    wanted = sent.aggregate("origin, max(time_hour)::VARCHAR, arg_max(temp, time_hour)").order("origin").fetchall()

    assert [(name, f"{day} {hour}", float(temp)) for name, day, hour, temp, *_ in lines] == [
        (name, at, round(temp, 1)) for name, at, temp in wanted
    ]


def test_the_late_record_is_in_the_chart_and_not_on_the_board(run: Run) -> None:
    assert run.output("late = duckdb.sql").splitlines() == [
        "the board has changed: False",
        "the chart has the late record: True",
    ]


def test_every_record_and_the_late_one_are_in_the_lake(run: Run, sent: duckdb.DuckDBPyRelation) -> None:
    days = 10 + run.parameters["live_days"]

    assert run.output("by_day = {}") == f"{len(sent) + 1} records in {days} objects"


def test_the_year_is_thinned_to_marks_that_keep_its_extremes(run: Run, data: Path) -> None:
    hottest = duckdb.sql(f"SELECT max(temp) FROM read_csv('{data}/weather/*.csv')").fetchall()[0][0]

    lines = run.output("whole = StreamChart").splitlines()

    assert lines[-2].endswith("at most 2,000 marks: True")
    assert lines[-1] == f"hottest hour {hottest} °F, hottest mark {hottest} °F"
