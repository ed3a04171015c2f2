import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from kit.streams.log import frame


def rows(count: int) -> pa.RecordBatch:
    return pa.record_batch(
        [
            [f"key-{place}" for place in range(count)],
            [b"x" * place for place in range(count)],
            pa.array(range(count), pa.int64()).cast(frame.SCHEMA.field("arrival_time").type),
        ],
        schema=frame.SCHEMA,
    )


def batch_frame(count: int, first_index: int = 7) -> bytes:
    body = frame.batch(rows(count), (0, count - 1))
    return b"".join([frame.header(body, first_index), *map(bytes, body.parts)])


def is_whole(content: bytes) -> bool:
    view = memoryview(content)
    header = frame.header_at(view, 0, len(view))
    return header is not None and frame.is_intact(view, 0, header)


@given(
    key=st.binary(min_size=1, max_size=300),
    data=st.binary(max_size=2_000),
    index=st.integers(0, 2**63),
    arrival_ms=st.integers(0, 2**62),
)
def test_a_row_comes_back_as_it_went_in(key: bytes, data: bytes, index: int, arrival_ms: int) -> None:
    content = frame.row(index, arrival_ms, key, data)

    header = frame.header_at(memoryview(content), 0, len(content))

    assert header is not None
    assert (header.first_index, header.records, header.frame_bytes) == (index, 1, len(content))
    assert frame.is_intact(memoryview(content), 0, header)
    assert frame.row_at(memoryview(content), 0) == (arrival_ms, key, data)


def test_a_batch_comes_back_equal_and_without_a_copy() -> None:
    buffer = pa.py_buffer(batch_frame(20))
    header = frame.header_at(memoryview(buffer), 0, buffer.size)
    assert header is not None

    found = frame.batch_at(buffer, 0, header.body_bytes)

    assert found.equals(rows(20))
    addresses = [each.address for column in found.columns for each in column.buffers() if each is not None]
    assert addresses
    assert all(buffer.address <= address < buffer.address + buffer.size for address in addresses)


def test_frames_and_the_numbers_in_them_are_aligned() -> None:
    content = batch_frame(3)
    buffer = pa.py_buffer(content)

    arrivals = frame.batch_at(buffer, 0, len(content) - frame.HEADER_BYTES).column("arrival_time")

    assert len(content) % frame.ALIGNMENT == 0
    assert len(frame.row(1, 1, b"key", b"data")) % frame.ALIGNMENT == 0
    assert (arrivals.buffers()[1].address - buffer.address) % 8 == 0


@pytest.mark.parametrize("content", [frame.row(1, 5, b"key", b"data"), batch_frame(2)], ids=["row", "batch"])
def test_every_flipped_bit_is_noticed(content: bytes) -> None:
    assert is_whole(content)

    for bit in range(8 * len(content)):
        damaged = bytearray(content)
        damaged[bit // 8] ^= 1 << bit % 8
        assert not is_whole(bytes(damaged)), f"bit {bit}"


@pytest.mark.parametrize("content", [frame.row(1, 5, b"key", b"data"), batch_frame(2)], ids=["row", "batch"])
def test_a_frame_cut_anywhere_is_no_frame(content: bytes) -> None:
    for size in range(len(content)):
        assert frame.header_at(memoryview(content)[:size], 0, size) is None, f"{size} bytes"


def test_a_length_beyond_the_file_is_not_believed() -> None:
    content = bytearray(frame.row(1, 5, b"key", b"data"))
    content[12:16] = (1 << 29).to_bytes(4, "little")

    assert frame.header_at(memoryview(bytes(content)), 0, len(content)) is None
