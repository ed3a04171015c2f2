"""A process that loads files into a warehouse again and again, and says each load that has committed; to be killed.

Every load adds the same keys once more: whoever looks finds each key as often as any other, or a load was torn.
"""

import sys

import kit
from kit.base.settings import Settings

FORMATS = ("CSV GZIP", "DELIMITER '|' MAXERROR 5", "FORMAT PARQUET", "JSON 'auto'")


def main(path: str, first: int) -> None:
    with kit.open(path, settings=Settings(threads=2, memory_bytes=256 << 20)) as workspace:
        warehouse = workspace.warehouse
        print("ready", flush=True)
        for n in range(first, first + 1_000):
            kind = n % len(FORMATS)
            warehouse.sql(f"COPY loaded (k) FROM 's3://lake/{kind}/' {FORMATS[kind]}")
            print(n, flush=True)


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]))
