"""Two kernels on one workspace: both crawl, write, query and read the history at once; nothing fails, nothing is lost.

Two processes, as two notebooks are. A few seconds by default, thirty with BOATHOUSE_SOAK=1.
"""

import json
import subprocess
import sys
from pathlib import Path

import pytest

import kit

KERNEL = """
import json, sys, time
import kit
from kit.base.errors import KitError
from kit.base.settings import Settings

home, name, seconds = sys.argv[1], sys.argv[2], float(sys.argv[3])
made, errors, queries, crawls = [], [], 0, 0
with kit.open(home, settings=Settings(threads=1)) as ws:
    end = time.monotonic() + seconds
    number = 0
    while time.monotonic() < end and not errors:
        number += 1
        try:
            for day in range(1, 4):
                rows = "".join(f"{day * 100 + i},{name}{i}\\n" for i in range(50))
                ws.storage.put(f"s3://lake/{name}_{number}/day={day}/part.csv", "id,who\\n" + rows)
            ws.catalog.crawl(f"s3://lake/{name}_{number}/", database="both")
            ws.catalog.crawl("s3://lake/shared/", database="both")
            crawls += 2
            table = f"{name}_{number}"
            made.append(table)
            asked = {
                f"SELECT count(*) AS n, sum(id) AS s FROM {table} WHERE day = 2": [(50, 50 * 200 + 1225)],
                "SELECT count(*) >= 20 AS enough FROM shared": [(True,)],
                f"SELECT count(DISTINCT day) AS n FROM {table}": [(3,)],
            }
            for text, expected in asked.items():
                found = ws.athena.sql(text, database="both").rows
                queries += 1
                if found != expected:
                    errors.append(f"{text}: {found} is not {expected}")
            ws.storage.put(f"s3://lake/shared/{name}_{number}.csv", f"id,who\\n{number},{name}\\n")
            copy = f"{table}_copy"
            ws.athena.sql(
                f"CREATE TABLE {copy} WITH (external_location = 's3://lake/copies/{copy}/', "
                f"partitioned_by = ARRAY['day']) AS SELECT id, who, day FROM {table}",
                database="both",
            )
            made.append(copy)
            if ws.athena.sql(f"SELECT count(*) AS n FROM {copy}", database="both").rows != [(150,)]:
                errors.append(f"{copy} lost rows")
            ws.athena.executions(20)
        except KitError as error:
            errors.append(f"{table if made else ''}: {error!r} {error}")
print(json.dumps({"made": made, "errors": errors, "queries": queries, "crawls": crawls}))
"""


@pytest.mark.soak
def test_two_kernels_crawl_and_query_one_workspace(tmp_path: Path, soak: bool) -> None:
    home = tmp_path / "ws"
    seconds = 30 if soak else 5
    with kit.open(home) as ws:
        ws.storage.put("s3://lake/shared/0.csv", "id,who\n" + "".join(f"{i},x\n" for i in range(20)))
        ws.catalog.crawl("s3://lake/shared/", database="both")

    kernels = [
        subprocess.Popen(
            [sys.executable, "-c", KERNEL, str(home), name, str(seconds)],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        for name in ("ada", "bob")
    ]
    told = [kernel.communicate(timeout=seconds + 90) for kernel in kernels]

    assert [kernel.returncode for kernel in kernels] == [0, 0], [errors[-3000:] for _, errors in told]
    reports = [json.loads(shown.splitlines()[-1]) for shown, _ in told]
    assert [report["errors"] for report in reports] == [[], []]
    assert all(report["queries"] >= 3 and report["crawls"] >= 2 for report in reports)
    with kit.open(home) as ws:
        made = {name for report in reports for name in report["made"]}
        assert made | {"shared"} == set(ws.catalog.table_names("both"))
        for name in sorted(made):
            assert ws.athena.sql(f"SELECT count(*) AS n FROM {name}", database="both").rows == [(150,)]
        assert {each.state for each in ws.athena.executions(10_000)} == {"SUCCEEDED"}
