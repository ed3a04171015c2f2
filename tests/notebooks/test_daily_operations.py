"""The operations report: what it says of a day is what the files say, and its page needs nothing but itself."""

import re
from html import unescape
from pathlib import Path

import duckdb
import pytest

import kit
from kit.reports import Batch, run_batch

DAYS = ("2013-01-01", "2013-02-08", "2013-07-04")


@pytest.fixture(scope="module")
def reports(kernels_at_home: None, notebooks: Path, data: Path, tmp_path_factory: pytest.TempPathFactory) -> Batch:
    folder = tmp_path_factory.mktemp("reports")
    common = {"data": str(data), "workspace": str(folder / "lab")}
    sets = [{**common, "day": day, "origin": "LGA" if day == DAYS[1] else "all"} for day in DAYS]
    return run_batch(notebooks / "reports" / "daily_operations.ipynb", sets, folder / "out").require_ok()


def text(reports: Batch, day: str) -> str:
    """The words of a page, one blank between them."""
    page = reports[DAYS.index(day)].html.read_text("utf-8")
    words = unescape(re.sub(r"<[^>]*>", " ", page[page.index("<main>") :]))
    return " ".join(words.split())


@pytest.mark.parametrize("day", DAYS)
def test_the_days_figures_are_those_of_the_files(reports: Batch, data: Path, day: str) -> None:
    where = "origin = 'LGA'" if day == DAYS[1] else "true"
    ((scheduled, cancelled, diverted, on_time, dep_delay, over_hour),) = duckdb.execute(
        f"""SELECT count(*), count_if(dep_time IS NULL), count_if(dep_time IS NOT NULL AND arr_delay IS NULL),
            avg(coalesce(arr_delay < 15, false)::int) * 100, avg(dep_delay), count_if(dep_delay >= 60)
        FROM read_parquet('{data}/flights/**/*.parquet', hive_partitioning = true)
        WHERE make_date(year, month, day) = ? AND {where}""",
        [day],
    ).fetchall()
    shown = text(reports, day)
    assert f"{scheduled:,} scheduled departures" in shown
    assert f"{on_time:.1f} % arrived on time" in shown
    assert f"{cancelled:,} cancelled" in shown
    assert f"{dep_delay:,.0f} min mean departure delay" in shown
    assert f"{over_hour:,} left over an hour late {diverted:,} diverted" in shown


def test_every_late_flight_has_one_cause(reports: Batch, data: Path) -> None:
    shown = text(reports, DAYS[2])
    counted = [int(count) for count in re.findall(r"(?:weather|knock-on|en route|carrier and airport) (\d+) \d", shown)]
    ((late,),) = duckdb.execute(
        f"""SELECT count(*) FROM read_parquet('{data}/flights/year=2013/month=7/*.parquet')
        WHERE day = 4 AND coalesce(arr_delay >= 15, true)"""
    ).fetchall()
    assert len(counted) == 4
    assert sum(counted) == late


def test_a_day_is_compared_with_those_before_it_where_there_are_any(reports: Batch) -> None:
    assert "of the 31 days since 04 June" in text(reports, DAYS[2])
    assert "no days before to compare with" in text(reports, DAYS[0])


def test_a_day_of_snow_shows_its_cancellations(reports: Batch) -> None:
    shown = text(reports, DAYS[1])
    assert re.search(r"The first 25 of \d+ by scheduled time", shown)
    assert "EWR to" not in shown, "it is about LaGuardia alone"


def test_the_pages_need_nothing_but_themselves(reports: Batch) -> None:
    for report in reports:
        page = report.html.read_text("utf-8")
        assert "Content-Security-Policy" in page
        assert "<script" not in page
        assert {found[:11] for found in re.findall(r"""(?:src|href)=["']([^"'#]+)""", page)} == {"data:image/"}
        assert page.count("data:image/svg+xml") == 4
        assert "def ask" not in page


def test_a_day_that_the_data_do_not_hold_fails(notebooks: Path, data: Path, reports: Batch, tmp_path: Path) -> None:
    lab = reports[0].parameters["workspace"]
    (report,) = run_batch(
        notebooks / "reports" / "daily_operations.ipynb",
        [{"data": str(data), "workspace": lab, "day": "2014-07-04"}],
        tmp_path,
    )
    assert report.html is None
    assert "ValueError: there are no flights on 2014-07-04 in the data" in str(report.failure)
    with kit.open(lab) as workspace:
        assert workspace.catalog.table_names("nyc") == ["airlines", "airports", "flights", "weather"]
