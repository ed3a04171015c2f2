"""The shipped data are what the script makes of the package."""

import gzip
import runpy
from pathlib import Path

import pyarrow.parquet as parquet
import pytest

DATA = Path(__file__).parents[3] / "data"


@pytest.fixture(scope="module")
def rebuilt(tmp_path_factory: pytest.TempPathFactory) -> Path:
    target = tmp_path_factory.mktemp("data")
    runpy.run_path(str(DATA / "build.py"))["build"](target)
    return target


def shipped(pattern: str) -> list[Path]:
    return sorted(path.relative_to(DATA) for path in DATA.glob(pattern))


def test_the_same_files_are_made(rebuilt: Path) -> None:
    made = sorted(path.relative_to(rebuilt) for path in rebuilt.rglob("*") if path.is_file())

    assert made == sorted(
        path
        for table in ("flights", "weather", "planes", "airports", "airlines")
        for path in shipped(f"{table}/**/*.*")
    )


def test_flights_hold_the_same_rows(rebuilt: Path) -> None:
    for path in shipped("flights/**/*.parquet"):
        assert parquet.read_table(rebuilt / path, partitioning=None) == parquet.read_table(
            DATA / path, partitioning=None
        )


@pytest.mark.parametrize("pattern", ["weather/*.csv", "planes/*.csv", "airlines/*.jsonl"])
def test_text_files_are_the_same_to_the_byte(rebuilt: Path, pattern: str) -> None:
    for path in shipped(pattern):
        assert (rebuilt / path).read_bytes() == (DATA / path).read_bytes()


def test_the_gzipped_file_holds_the_same_text(rebuilt: Path) -> None:
    path = "airports/airports.csv.gz"

    assert gzip.decompress((rebuilt / path).read_bytes()) == gzip.decompress((DATA / path).read_bytes())


def test_the_data_stay_small() -> None:
    assert sum(path.stat().st_size for path in DATA.rglob("*") if path.is_file()) <= 15_000_000
