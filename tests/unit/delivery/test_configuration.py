import pytest

from kit.base.errors import KitError
from kit.delivery.configuration import checked
from kit.delivery.encoding import from_text, to_text
from kit.delivery.options import configuration


def mark(event, context):
    raise AssertionError


def wanted(to="s3://lake/raw/", source=None, **options):
    return checked(configuration("d", to, source, options))


FULL = {
    "prefix": "s3://lake/u=!{partitionKeyFromQuery:u}/",
    "options": {
        "partition_by": {"u": ".user"},
        "schema": "Lake.Clicks",
        "format": "orc",
        "codec": "zlib",
        "transform": mark,
        "time_zone": "Asia/Tokyo",
        "register": "lake.clicks",
        "backup": "backup/",
        "buffer_seconds": 0,
    },
}


@pytest.mark.parametrize(
    "made",
    [
        wanted(),
        wanted(FULL["prefix"], "clicks", **FULL["options"]),
        wanted("warehouse:public.t", copy_options="CSV", copy_columns="a, b", retry_seconds=0, compression="GZIP"),
        wanted("stream:other", "clicks", transform="SELECT n FROM records", columns={"n": "int"}),
    ],
)
def test_a_configuration_comes_back_from_its_text(made):
    assert from_text(to_text(made)) == made


@pytest.mark.parametrize(
    ("to", "options"),
    [
        ("nowhere", {}),
        ("s3://", {}),
        ("s3://lake/", {"bufer_mb": 5}),
        ("s3://lake/", {"buffer_mb": 129}),
        ("s3://lake/", {"buffer_seconds": 901}),
        ("s3://lake/", {"buffer_seconds": -1}),
        ("s3://lake/", {"compression": "LZ4"}),
        ("s3://lake/", {"extension": "json"}),
        ("s3://lake/", {"time_zone": "Mars/Olympus"}),
        ("s3://lake/", {"format": "parquet"}),
        ("s3://lake/", {"schema": "clicks"}),
        ("s3://lake/", {"schema": "lake.clicks", "buffer_mb": 63}),
        ("s3://lake/", {"schema": "lake.clicks", "compression": "GZIP"}),
        ("s3://lake/", {"schema": "lake.clicks", "delimiter": "\n"}),
        ("s3://lake/", {"schema": "lake.clicks", "codec": "ZLIB"}),
        ("s3://lake/", {"partition_by": {"u": ".u"}}),
        ("s3://lake/!{partitionKeyFromQuery:u}/", {}),
        ("s3://lake/!{partitionKeyFromLambda:u}/", {"partition_by": ""}),
        ("s3://lake/!{partitionKeyFromQuery:u}/", {"partition_by": ""}),
        ("s3://lake/!{partitionKeyFromQuery:u}/", {"partition_by": "{u: .u}", "error_prefix": ""}),
        ("s3://lake/!{timestamp:yyyy}/", {"error_prefix": ""}),
        ("s3://lake/", {"transform": mark, "retries": 301}),
        ("warehouse:t", {"compression": "Snappy"}),
        ("warehouse:t", {"schema": "lake.clicks"}),
        ("warehouse:t", {"retry_seconds": 7_201}),
        ("stream:other", {"delimiter": "\n"}),
        ("stream:clicks", {}),
    ],
)
def test_what_contradicts_itself_or_the_service_is_refused(to, options):
    with pytest.raises(KitError) as caught:
        wanted(to, "clicks", **options)

    assert caught.value.code == "InvalidArgumentException"


def test_buffers_are_larger_where_columns_or_partitions_are_made():
    assert wanted().storage.buffering.size_mb == 5
    assert wanted(schema="lake.clicks").storage.buffering.size_mb == 128
