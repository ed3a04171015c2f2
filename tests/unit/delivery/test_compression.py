import gzip
import io
import struct
import zipfile

import cramjam
import pyarrow as pa
import pytest

from kit.delivery.compression import compress

CONTENT = b"0123456789" * 60_000


def test_each_compression_gives_the_content_back():
    archive = zipfile.ZipFile(io.BytesIO(compress(CONTENT, "ZIP", "name")))

    assert gzip.decompress(compress(CONTENT, "GZIP", "name")) == CONTENT
    assert archive.namelist() == ["name"]
    assert archive.read("name") == CONTENT
    assert bytes(cramjam.snappy.decompress(compress(CONTENT, "Snappy", "name"))) == CONTENT
    assert compress(CONTENT, "UNCOMPRESSED", "name") == CONTENT


def test_hadoop_snappy_is_blocks_behind_their_lengths():
    packed = compress(CONTENT, "HADOOP_SNAPPY", "name")

    found, position = b"", 0
    while position < len(packed):
        size, length = struct.unpack_from(">II", packed, position)
        chunk = packed[position + 8 : position + 8 + length]
        found += pa.Codec("snappy").decompress(chunk, size, asbytes=True)
        position += 8 + length
    assert found == CONTENT


@pytest.mark.parametrize("compression", ["GZIP", "ZIP", "Snappy", "HADOOP_SNAPPY"])
def test_the_same_content_gives_the_same_bytes(compression):
    assert compress(CONTENT, compression, "name") == compress(CONTENT, compression, "name")
    assert len(compress(CONTENT, compression, "name")) < len(CONTENT) / 5
