"""The thread behind a chart: it follows, holds, is steered and paced from outside, and says why it ends."""

import struct
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

import pyarrow as pa
import pytest

from kit.base.clock import ManualClock, Stopwatch
from kit.base.errors import KitError
from kit.widgets.stream_chart.feed import UNHEARD_MS, Feed
from kit.widgets.stream_chart.plan import Plan, of_specification, specification
from kit.widgets.stream_chart.source import Tailed

WAIT_SECONDS = 10.0


class Source:
    """Rows in memory; a position is how many have been read."""

    name = "rows"

    def __init__(self) -> None:
        self.clock = ManualClock()
        self.rows: list[tuple[float, float]] = []
        self.error: Exception | None = None

    def kinds(self) -> dict[str, str]:
        return {"at": "timestamp", "v": "double"}

    def tail(self, since: Any, columns: Sequence[str]) -> Tailed:
        if self.error is not None:
            raise self.error
        begin = since if isinstance(since, int) else 0
        new = self.rows[begin:]
        batch = pa.record_batch({"at": [at for at, _ in new], "v": [v for _, v in new]}) if new else None
        return Tailed([batch] if batch else [], begin + len(new), {"one": len(new)}, 7 * len(new))


class Screen:
    """What a browser would see: every message, and the rows of the newest picture."""

    def __init__(self) -> None:
        self.feed: Feed | None = None
        self.messages: list[Mapping[str, Any]] = []
        self.times: list[float] = []
        self.answers = True
        self._changed = threading.Condition()

    def publish(self, content: Mapping[str, Any], buffers: list[memoryview]) -> None:
        with self._changed:
            self.messages.append(content)
            if content["kind"] == "picture":
                self.times = [time / 1000 for (time,) in struct.iter_unpack("<d", buffers[0])]
            self._changed.notify_all()
        if self.answers and content["kind"] == "picture" and self.feed is not None:
            self.feed.acknowledge(content["sequence"])

    def wait_for(self, holds: Callable[[], bool]) -> None:
        with self._changed:
            assert self._changed.wait_for(holds, WAIT_SECONDS), self.messages[-3:]

    @property
    def pictures(self) -> list[Mapping[str, Any]]:
        return [message for message in self.messages if message["kind"] == "picture"]

    @property
    def last(self) -> Mapping[str, Any]:
        return self.messages[-1]


def planned() -> Plan:
    return of_specification(specification(("at", "time"), ("v", "number"), None), time=None, arrival=None)


@pytest.fixture
def source() -> Source:
    return Source()


@pytest.fixture
def screen() -> Screen:
    return Screen()


@pytest.fixture
def feed(source: Source, screen: Screen) -> Iterator[Feed]:
    # Numbers of seconds are times: the rows lie in the first seconds of 1970.
    running = Feed(source, planned(), 10_000.0, screen.publish)
    screen.feed = running
    yield running
    running.stop()
    assert not any(thread.name.startswith("boathouse-chart") for thread in threading.enumerate())


def test_what_was_there_is_shown_and_what_comes_follows(feed: Feed, source: Source, screen: Screen) -> None:
    source.rows = [(1.0, 1.0), (2.0, 1.0)]
    feed.start()
    feed.show_again()
    screen.wait_for(lambda: screen.times == [1.0, 2.0])

    source.rows.append((11.5, 1.0))

    screen.wait_for(lambda: screen.times == [2.0, 11.5])
    assert (screen.pictures[-1]["begin"], screen.pictures[-1]["end"]) == (1_500.0, 11_500.0)
    assert feed.state == "live"


def test_a_pause_holds_the_picture_and_counts_on(feed: Feed, source: Source, screen: Screen) -> None:
    source.rows = [(1.0, 1.0)]
    feed.start()
    feed.show_again()
    screen.wait_for(lambda: screen.times == [1.0])

    feed.pause()
    screen.wait_for(lambda: screen.last["state"] == "paused")
    source.rows.append((2.0, 1.0))
    screen.wait_for(lambda: screen.last["behind_ms"] == 7)
    assert screen.times == [1.0]

    feed.resume()
    screen.wait_for(lambda: screen.times == [1.0, 2.0])


def test_a_pinned_window_stays_until_it_is_to_follow(feed: Feed, source: Source, screen: Screen) -> None:
    source.rows = [(1.0, 1.0), (12.0, 1.0)]
    feed.start()
    feed.show_again()
    screen.wait_for(lambda: screen.times == [12.0])

    feed.pin(-0.5)
    screen.wait_for(lambda: screen.times == [1.0] and screen.pictures[-1]["end"] == 7_000.0)
    assert not screen.last["following"]

    feed.follow()
    screen.wait_for(lambda: screen.times == [12.0] and bool(screen.last["following"]))


def test_another_length_is_read_anew_from_the_source(feed: Feed, source: Source, screen: Screen) -> None:
    source.rows = [(1.0, 1.0), (100.0, 1.0)]
    feed.start()
    feed.show_again()
    screen.wait_for(lambda: screen.times == [100.0])

    feed.lengthen(None)

    screen.wait_for(lambda: screen.times == [1.0, 100.0])
    assert screen.last["window_ms"] is None


def test_an_error_ends_it_and_is_its_last_word(feed: Feed, source: Source, screen: Screen) -> None:
    feed.start()
    feed.show_again()
    screen.wait_for(lambda: bool(screen.pictures))

    source.error = KitError("ResourceNotFoundException", "The stream is gone.")

    screen.wait_for(lambda: screen.last["state"] == "failed")
    assert "The stream is gone." in screen.last["error"]
    assert feed.error is source.error


def test_pictures_wait_for_those_who_draw(feed: Feed, source: Source, screen: Screen) -> None:
    screen.answers = False
    feed.start()
    feed.show_again()
    screen.wait_for(lambda: bool(screen.pictures))
    watch = Stopwatch()

    for second in range(40):
        source.rows.append((float(second), 1.0))
        threading.Event().wait(0.01)
    sent = len(screen.pictures)

    # One may be on its way, and one more for every quarter of a second without a word.
    assert sent <= 2 + watch.ms / UNHEARD_MS


def test_stopping_is_told_and_final(feed: Feed, screen: Screen) -> None:
    feed.start()
    feed.show_again()
    screen.wait_for(lambda: bool(screen.pictures))

    feed.stop()

    assert screen.last["state"] == "stopped"
    assert feed.state == "stopped"


def test_rows_without_a_place_are_counted_with_a_reason(feed: Feed, source: Source, screen: Screen) -> None:
    source.rows = [(1.0, float("nan"))]
    feed.start()
    feed.show_again()

    screen.wait_for(lambda: bool(screen.pictures))
    assert (screen.pictures[-1]["left_out"], screen.pictures[-1]["reason"]) == (1, "no number in 'v'")
