"""What the catalog's file keeps of named crawlers: definitions, runs, folders seen, events that wait, classifiers.

Each function is given a connection inside of a transaction. Knows rows, and nothing of crawling.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from kit.catalog.crawler.definition import (
    Crawler,
    CrawlRun,
    CustomClassifier,
    decode_classifier,
    decode_crawler,
    decode_run,
    encode_classifier,
    encode_crawler,
    encode_run,
)


@dataclass(frozen=True, slots=True)
class StoredCrawler:
    """`due_from_ns` is the instant from which its next due one is looked for."""

    crawler: Crawler
    version: int
    created_ns: int
    updated_ns: int
    is_scheduled: bool
    due_from_ns: int
    is_stopping: bool


_COLUMNS = "body, version, created_ns, updated_ns, is_scheduled, due_from_ns, is_stopping"


def insert(connection: sqlite3.Connection, crawler: Crawler, now_ns: int) -> None:
    """Raises `sqlite3.IntegrityError` where there is one of that name."""
    connection.execute(
        "INSERT INTO crawler VALUES (?, ?, 1, ?, ?, ?, ?, 0)",
        (crawler.name, encode_crawler(crawler), now_ns, now_ns, bool(crawler.schedule), now_ns),
    )


def update(connection: sqlite3.Connection, crawler: Crawler, now_ns: int) -> None:
    connection.execute(
        "UPDATE crawler SET body = ?, version = version + 1, updated_ns = ? WHERE name = ?",
        (encode_crawler(crawler), now_ns, crawler.name),
    )


def set_schedule(connection: sqlite3.Connection, name: str, now_ns: int, *, is_on: bool) -> None:
    connection.execute("UPDATE crawler SET is_scheduled = ?, due_from_ns = ? WHERE name = ?", (is_on, now_ns, name))


def set_due_from(connection: sqlite3.Connection, name: str, due_from_ns: int) -> None:
    connection.execute("UPDATE crawler SET due_from_ns = ? WHERE name = ?", (due_from_ns, name))


def set_stopping(connection: sqlite3.Connection, name: str, *, is_stopping: bool) -> None:
    connection.execute("UPDATE crawler SET is_stopping = ? WHERE name = ?", (is_stopping, name))


def is_stopping(connection: sqlite3.Connection, name: str) -> bool:
    row = connection.execute("SELECT is_stopping FROM crawler WHERE name = ?", (name,)).fetchone()
    return row is None or bool(row[0])


def delete(connection: sqlite3.Connection, name: str) -> None:
    connection.execute("DELETE FROM crawler WHERE name = ?", (name,))


def find(connection: sqlite3.Connection, name: str) -> StoredCrawler | None:
    row = connection.execute(f"SELECT {_COLUMNS} FROM crawler WHERE name = ?", (name,)).fetchone()
    return None if row is None else _stored(row)


def every(connection: sqlite3.Connection) -> list[StoredCrawler]:
    """All crawlers by name."""
    return [_stored(row) for row in connection.execute(f"SELECT {_COLUMNS} FROM crawler ORDER BY name")]


def save_run(connection: sqlite3.Connection, name: str, run: CrawlRun) -> None:
    connection.execute("INSERT OR REPLACE INTO crawl_run VALUES (?, ?, ?)", (name, run.number, encode_run(run)))


def runs(connection: sqlite3.Connection, name: str, limit: int) -> list[CrawlRun]:
    """Newest first."""
    rows = connection.execute(
        "SELECT number, body FROM crawl_run WHERE crawler = ? ORDER BY number DESC LIMIT ?", (name, limit)
    )
    return [decode_run(*row) for row in rows]


def folders(connection: sqlite3.Connection, name: str) -> frozenset[str]:
    """The folders that its earlier runs have looked at."""
    rows = connection.execute("SELECT uri FROM crawled_folder WHERE crawler = ?", (name,))
    return frozenset(uri for (uri,) in rows)


def add_folders(connection: sqlite3.Connection, name: str, uris: Iterable[str]) -> None:
    connection.executemany("INSERT OR IGNORE INTO crawled_folder VALUES (?, ?)", ((name, uri) for uri in uris))


def events(connection: sqlite3.Connection, name: str) -> tuple[int, list[str]]:
    """The number of the last event that waits, and the URIs of all of them."""
    rows = connection.execute("SELECT id, uri FROM crawler_event WHERE crawler = ? ORDER BY id", (name,)).fetchall()
    return (rows[-1][0] if rows else 0), [uri for _, uri in rows]


def event_count(connection: sqlite3.Connection, name: str) -> int:
    return int(connection.execute("SELECT count(*) FROM crawler_event WHERE crawler = ?", (name,)).fetchone()[0])


def add_event(connection: sqlite3.Connection, names: Iterable[str], uri: str) -> None:
    connection.executemany("INSERT INTO crawler_event (crawler, uri) VALUES (?, ?)", ((name, uri) for name in names))


def drop_events(connection: sqlite3.Connection, name: str, up_to: int) -> None:
    connection.execute("DELETE FROM crawler_event WHERE crawler = ? AND id <= ?", (name, up_to))


def insert_classifier(connection: sqlite3.Connection, name: str, classifier: CustomClassifier) -> None:
    """Raises `sqlite3.IntegrityError` where there is one of that name."""
    connection.execute("INSERT INTO classifier VALUES (?, ?)", (name, encode_classifier(classifier)))


def delete_classifier(connection: sqlite3.Connection, name: str) -> bool:
    return connection.execute("DELETE FROM classifier WHERE name = ?", (name,)).rowcount > 0


def classifiers(connection: sqlite3.Connection) -> Iterator[tuple[str, CustomClassifier]]:
    """All custom classifiers by name."""
    for name, body in connection.execute("SELECT name, body FROM classifier ORDER BY name"):
        yield name, decode_classifier(body)


def _stored(row: tuple[str, int, int, int, int, int, int]) -> StoredCrawler:
    body, version, created_ns, updated_ns, is_scheduled, due_from_ns, stopping = row
    return StoredCrawler(
        decode_crawler(body), version, created_ns, updated_ns, bool(is_scheduled), due_from_ns, bool(stopping)
    )
