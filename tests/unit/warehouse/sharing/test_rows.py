"""Rows in pieces: they arrive as they left, and no piece is much larger than it may be."""

from collections.abc import Iterator

import pyarrow as pa
import pytest

from kit.warehouse.sharing.frames import MalformedFrame
from kit.warehouse.sharing.rows import PIECE_BYTES, Outgoing, cut, incoming, whole

SCHEMA = pa.schema([("n", pa.int64()), ("text", pa.string()), ("tags", pa.list_(pa.int32()))])


def batch(rows: int, start: int = 0) -> pa.RecordBatch:
    numbers = list(range(start, start + rows))
    columns = [
        pa.array(numbers, pa.int64()),
        pa.array([f"row {n}" for n in numbers]),
        pa.array([[n] * (n % 3) for n in numbers], pa.list_(pa.int32())),
    ]
    return pa.RecordBatch.from_arrays(columns, schema=SCHEMA)


def all_pieces(rows: Outgoing) -> Iterator[bytes]:
    while not rows.is_over:
        yield rows.piece()


def test_rows_that_fit_into_one_piece_arrive() -> None:
    (piece,) = all_pieces(Outgoing(SCHEMA, iter([batch(10), batch(5, 10)])))

    schema, batches = whole(piece)

    assert schema == SCHEMA
    assert pa.Table.from_batches(batches) == pa.Table.from_batches([batch(15)])


def test_no_rows_arrive_with_their_schema() -> None:
    (piece,) = all_pieces(Outgoing(SCHEMA, iter([])))

    schema, batches = whole(piece)

    assert schema == SCHEMA
    assert list(batches) == []


def test_many_rows_arrive_piece_by_piece() -> None:
    sent = [batch(50_000, start) for start in range(0, 300_000, 50_000)]
    source = all_pieces(Outgoing(SCHEMA, iter(sent)))

    schema, batches = incoming(next(source), lambda: next(source, None))

    assert schema == SCHEMA
    assert pa.Table.from_batches(batches) == pa.Table.from_batches(sent)


def test_a_piece_is_not_made_before_it_is_asked_for() -> None:
    taken: list[int] = []

    def batches() -> Iterator[pa.RecordBatch]:
        for start in range(0, 1_000_000, 50_000):
            taken.append(start)
            yield batch(50_000, start)

    rows = Outgoing(SCHEMA, batches())

    rows.piece()

    assert len(taken) <= 2


def test_one_large_batch_leaves_in_small_pieces() -> None:
    wide = pa.RecordBatch.from_pydict({"text": ["x" * 10_000] * 2_000})

    sizes = [len(piece) for piece in all_pieces(Outgoing(wide.schema, iter([wide])))]

    assert len(sizes) > 5
    assert max(sizes) < 3 * PIECE_BYTES


def test_a_batch_is_cut_without_loss() -> None:
    whole_batch = batch(1_000)

    parts = list(cut(whole_batch, whole_batch.nbytes // 7))

    assert len(parts) >= 7
    assert pa.Table.from_batches(parts) == pa.Table.from_batches([whole_batch])


def test_text_kept_in_a_dictionary_arrives() -> None:
    coded = pa.RecordBatch.from_pydict({"c": pa.array(["a", "b", "a"]).dictionary_encode()})

    (piece,) = all_pieces(Outgoing(coded.schema, iter([coded])))
    _, batches = whole(piece)

    assert [each.to_pydict() for each in batches] == [{"c": ["a", "b", "a"]}]


@pytest.mark.parametrize("data", [b"no arrow", b"\xff" * 64])
def test_what_is_no_arrow_stream_is_refused(data: bytes) -> None:
    with pytest.raises(MalformedFrame):
        whole(data)
