import pytest

from kit.base.backoff import Backoff
from kit.base.clock import ManualClock
from kit.base.ids import Entropy
from kit.base.settings import Settings
from kit.streams import Streams
from kit.streams.trigger.mapping import EventSourceMapping
from kit.streams.trigger.options import MappingOptions


@pytest.fixture
def clock():
    return ManualClock()


@pytest.fixture
def streams(tmp_path, clock):
    streams = Streams(tmp_path / "streams", clock=clock, entropy=Entropy(1), settings=Settings())
    yield streams
    streams.close()


@pytest.fixture
def stream(streams):
    return streams.create("s", shards=1)


@pytest.fixture
def make_mapping(tmp_path, clock, streams, stream):
    """Mappings of the stream to functions, under a moved clock; closed at the end."""
    made = []

    def build(function, *, on_failure=None, backoff=None, seed=1, **options):
        mapping = EventSourceMapping(
            streams.client(),
            "s",
            function,
            leases=tmp_path / "function.sqlite",
            clock=clock,
            entropy=Entropy(seed),
            on_failure=on_failure,
            options=MappingOptions(**options),
            backoff=backoff or Backoff(base_ms=100, cap_ms=1_000),
        )
        made.append(mapping)
        return mapping

    yield build
    for mapping in made:
        mapping.close()
