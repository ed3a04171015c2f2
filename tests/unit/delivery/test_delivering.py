"""Delivery streams from end to end, under a moved clock."""

import base64
import gzip
import io
import json
import re
import time

import pyarrow as pa
import pytest
from pyarrow import orc, parquet

from kit.base.errors import KitError
from kit.catalog.model import Column, Table
from kit.catalog.serde import descriptor
from kit.delivery import Deliveries, worker
from kit.streams.aggregate import UserRecord, aggregate


def put(stream, *documents):
    results = stream.put_record_batch(list(documents))
    assert [result.error_code for result in results] == [None] * len(documents)


def refuse(event, context):
    raise RuntimeError("never")


def counts(stream):
    found = stream.status().figures.counts
    return found.delivered, found.failed, found.dropped


def test_records_wait_for_the_interval_and_land_together(deliveries, clock, objects):
    raw = deliveries.create("raw", "s3://lake/raw/", buffer_seconds=60, delimiter="\n")
    put(raw, "one", b"two")
    clock.advance(59)
    put(raw, {"n": 3})

    assert not deliveries.step()
    status = raw.status()
    clock.advance(1)
    assert deliveries.step()

    assert (status.waiting_records, status.waiting_bytes) == (3, 13)
    ((key, content),) = objects("s3://lake/").items()
    assert content == b'one\ntwo\n{"n":3}\n'
    assert re.fullmatch(r"raw/2026/01/01/00/raw-1-2026-01-01-00-01-00-[0-9a-f-]{36}", key)
    assert counts(raw) == (3, 0, 0)
    assert raw.status().waiting_records == 0


def test_a_full_buffer_is_delivered_at_once_and_the_rest_waits(deliveries, objects):
    raw = deliveries.create("raw", "s3://lake/raw/", buffer_mb=1)
    for _ in range(3):
        put(raw, *[bytes(200_000)] * 2)

    assert deliveries.step()

    assert not deliveries.step()
    assert [len(content) for content in objects("s3://lake/").values()] == [1_200_000]
    put(raw, *[bytes(500_000)] * 3)
    assert deliveries.step()
    assert raw.status().waiting_records == 0


def test_no_interval_is_at_once_and_a_jump_of_the_clock_holds_nothing_up_for_long(deliveries, clock, objects):
    at_once = deliveries.create("now", "s3://lake/now/", buffer_seconds=0)
    later = deliveries.create("later", "s3://lake/later/", buffer_seconds=60)
    put(at_once, "a")
    put(later, "b")
    deliveries.step()

    clock.advance(-86_400)
    deliveries.step()
    clock.advance(60)
    deliveries.step()

    assert sorted(objects("s3://lake/").values()) == [b"a", b"b"]


def test_a_stream_is_read_from_its_tip_or_from_its_begin_through_a_resharding(workspace, deliveries, objects):
    clicks = workspace.streams.create("clicks", 2)
    clicks.put_record("before", "k")
    tip = deliveries.create("tip", "s3://lake/tip/", source="clicks")
    begin = deliveries.create("begin", "s3://lake/begin/", source="clicks", start="TRIM_HORIZON")

    clicks.put_record("a", "k")
    clicks.split("0")
    clicks.put_record("b", "k")
    for stream in (tip, begin):
        stream.flush()
        stream.flush()

    assert sorted(objects("s3://lake/tip/").values()) == [b"ab"]
    assert sorted(objects("s3://lake/begin/").values()) == [b"beforeab"]


def test_aggregated_records_come_apart(workspace, deliveries, objects):
    clicks = workspace.streams.create("clicks", 1)
    stream = deliveries.create("raw", "s3://lake/", source="clicks", delimiter="|")
    clicks.put_record(aggregate([UserRecord("k", b"one"), UserRecord("k", b"two")]), "k")
    clicks.put_record(b"\xf3\x89\x9a\xc2 only looks so", "k")

    stream.flush()

    assert list(objects("s3://lake/").values()) == [b"one|two|\xf3\x89\x9a\xc2 only looks so|"]


def test_a_schema_makes_parquet_registers_partitions_and_routes_misfits(workspace, deliveries, clicks, objects, errors):
    stream = deliveries.create("clicks", "s3://lake/clicks/day=!{timestamp:yyyy-MM-dd}/", schema="lake.clicks")
    put(stream, {"User": "ada", "n": 1}, {"n": "x"}, '{"n": 2}{"n": 3}', "no")

    stream.flush()

    ((key, content),) = objects("s3://lake/clicks/").items()
    assert key.endswith(".parquet")
    assert parquet.read_table(io.BytesIO(content)).to_pylist() == [
        {"user": "ada", "n": 1},
        {"user": None, "n": 2},
        {"user": None, "n": 3},
    ]
    (partition,) = workspace.catalog.partitions("lake", "clicks")
    assert (partition.values, partition.location) == (("2026-01-01",), "s3://lake/clicks/day=2026-01-01/")
    failed = errors("s3://lake/errors/format-conversion-failed/")
    assert [each["rawData"] for each in failed] == [b'{"n":"x"}', b"no"]
    assert {each["lastErrorCode"] for each in failed} == {"DataFormatConversion.MalformedData"}
    assert "column n" in failed[0]["lastErrorMessage"]
    assert failed[0]["dataCatalogTable"]["tableName"] == "clicks"
    assert failed[0]["sequenceNumber"].startswith("49")
    assert counts(stream) == (2, 2, 0)
    assert workspace.athena.sql("SELECT sum(n) FROM lake.clicks WHERE day = '2026-01-01'").rows == [(6,)]


def test_orc_is_written_too_and_a_schema_that_changes_is_the_next_flushs(workspace, deliveries, clicks, objects):
    stream = deliveries.create("clicks", "s3://lake/x/", schema="lake.clicks", format="orc")
    put(stream, {"n": 1})
    stream.flush()
    table = workspace.catalog.table("lake", "clicks")
    columns = (*table.descriptor.columns, Column("page", "string"))
    workspace.catalog.update_table(
        Table(
            "lake", "clicks", descriptor("parquet", columns, table.descriptor.location), table.partition_keys,
            version=table.version, updated=table.updated,
        )
    )  # fmt: skip
    put(stream, {"n": 2, "page": "/"})

    stream.flush()

    found = [orc.read_table(pa.BufferReader(content)).to_pylist() for content in objects("s3://lake/x/").values()]
    assert sorted(found, key=str) == [[{"user": None, "n": 1}], [{"user": None, "n": 2, "page": "/"}]]


def test_partition_keys_come_from_the_records_and_what_has_none_fails(deliveries, objects, errors):
    stream = deliveries.create(
        "d", "s3://lake/by/!{partitionKeyFromQuery:u}/!{timestamp:yyyy}/", partition_by={"u": ".user"}, delimiter="\n"
    )
    put(stream, {"user": "a", "n": 1}, {"user": "b"}, {"user": "a", "n": 2}, {"n": 3}, "no", {"user": ".."})

    stream.flush()

    found = {key.split("/d-1-")[0]: content for key, content in objects("s3://lake/by/").items()}
    assert found == {
        "by/a/2026": b'{"user":"a","n":1}\n{"user":"a","n":2}\n',
        "by/b/2026": b'{"user":"b"}\n',
    }
    failed = errors("s3://lake/errors/processing-failed/")
    assert [each["rawData"] for each in failed] == [b'{"n":3}', b"no", b'{"user":".."}']
    assert failed[0]["errorCode"] == "DynamicPartitioning.MetadataExtractionFailed"
    assert failed[2]["errorCode"] == "DynamicPartitioning.InvalidS3Key"
    assert counts(stream) == (3, 3, 0)


def test_each_partition_gets_its_own_rows_converted(deliveries, clicks, objects, errors):
    stream = deliveries.create(
        "d", "s3://lake/x/!{partitionKeyFromQuery:u}/", partition_by={"u": ".user"}, schema="lake.clicks"
    )
    put(
        stream,
        *[{"user": user, "n": n} for n, user in enumerate("abcabc")],
        *[{"user": "d", "n": "x"}, {"user": "b", "n": "y"}, {"user": "..", "n": "z"}, {"user": "c", "N": 9}],
    )

    stream.flush()

    found = {
        key.split("/")[1]: parquet.read_table(io.BytesIO(content)).column("n").to_pylist()
        for key, content in objects("s3://lake/x/").items()
    }
    assert found == {"a": [0, 3], "b": [1, 4], "c": [2, 5, 9]}
    assert [each["rawData"][-4:-2] for each in errors("s3://lake/errors/format-conversion-failed/")] == [b'"y', b'"x']
    assert len(errors("s3://lake/errors/processing-failed/")) == 1
    assert counts(stream) == (7, 3, 0)


def test_partitions_beyond_the_limit_fail(deliveries, objects, errors):
    stream = deliveries.create("d", "s3://lake/u=!{partitionKeyFromQuery:u}/", partition_by={"u": ".u"})
    for begin in (0, 300):
        put(stream, *[{"u": f"{number}"} for number in range(begin, begin + 300)])

    stream.flush()

    assert len(objects("s3://lake/u=")) == 500
    failed = errors("s3://lake/errors/")
    assert len(failed) == 100
    assert {each["errorCode"] for each in failed} == {"DynamicPartitioning.ActivePartitionsLimitExceeded"}


def test_a_partition_value_that_does_not_fit_its_key_fails_its_records(workspace, deliveries, objects, errors):
    workspace.catalog.create_database("lake")
    described = descriptor("json", (Column("x", "string"),), "s3://lake/t/")
    workspace.catalog.create_table(Table("lake", "t", described, (Column("p", "int"),)))
    stream = deliveries.create(
        "d", "s3://lake/t/p=!{partitionKeyFromQuery:p}/", partition_by={"p": ".p"}, register="lake.t"
    )
    put(stream, {"p": 1, "x": "a"}, {"p": "one", "x": "b"})

    stream.flush()

    assert [each.values for each in workspace.catalog.partitions("lake", "t")] == [("1",)]
    assert [each["rawData"] for each in errors("s3://lake/errors/")] == [b'{"p":"one","x":"b"}']
    assert len(objects("s3://lake/t/")) == 1


def test_compressed_objects_have_their_extension_and_the_backup_holds_what_came(deliveries, objects):
    stream = deliveries.create(
        "d", "s3://lake/out/", compression="GZIP", delimiter="\n", transform="SELECT upper(data) AS data FROM records",
        backup="backup/",
    )  # fmt: skip
    put(stream, "a", "b")

    stream.flush()

    ((key, content),) = objects("s3://lake/out/").items()
    assert key.endswith(".gz")
    assert gzip.decompress(content) == b"A\nB\n"
    assert list(objects("s3://lake/backup/").values()) == [b"a\nb\n"]


def test_a_warehouse_gets_copy_statements_for_the_objects(deliveries, copied, objects):
    stream = deliveries.create(
        "d", "warehouse:public.t", copy_columns="a, b", copy_options="CSV", compression="GZIP", delimiter="\n"
    )
    put(stream, "1,x")

    stream.flush()

    ((key, _),) = objects("s3://delivery/d/").items()
    assert copied == [f"COPY public.t (a, b) FROM 's3://delivery/{key}' GZIP CSV"]


def test_the_warehouse_of_the_workspace_is_loaded_apart_from_the_block_that_a_cell_has_open(workspace):
    warehouse = workspace.warehouse
    warehouse.sql("CREATE TABLE loaded (a int, b varchar(10)); CREATE TABLE other (a int)")
    stream = workspace.delivery.create("d", "warehouse:loaded", copy_options="CSV", delimiter="\n")
    put(stream, "1,x", "2,y")

    warehouse.sql("BEGIN; INSERT INTO other VALUES (1)")
    stream.flush()
    warehouse.sql("ROLLBACK")

    assert warehouse.sql("SELECT a, b FROM loaded ORDER BY a").rows == [(1, "x"), (2, "y")]
    assert warehouse.sql("SELECT count(*) FROM other").rows == [(0,)]
    assert counts(stream) == (2, 0, 0)


def test_times_in_prefixes_are_of_the_time_zone_that_is_asked_for(deliveries, clock, objects):
    stream = deliveries.create("d", "s3://lake/!{timestamp:yyyy-MM-dd HH}/", time_zone="America/New_York")
    clock.advance(90 * 86_400)  # the first of April, at midnight in UTC: daylight-saving time
    put(stream, "a")

    stream.flush()

    (key,) = objects("s3://lake/")
    assert key.startswith("2026-03-31 20/d-1-2026-03-31-20-00-00-")


def test_a_copy_that_fails_is_tried_again_and_ends_in_a_manifest(workspace, tmp_path, clock, objects):
    refusals: list[str] = []

    def refuse(statement):
        refusals.append(statement)
        raise KitError("XX000", "The table is locked.", "")

    made = Deliveries(
        tmp_path / "other", storage=workspace.storage, catalog=workspace.catalog, streams=workspace.streams,
        copy=refuse, clock=clock, entropy=workspace.entropy, settings=workspace.settings, background=False,
    )  # fmt: skip
    stream = made.create("d", "warehouse:t", retry_seconds=600, buffer_seconds=0)
    put(stream, "1")

    for _ in range(20):
        made.step()
        clock.advance(60)

    assert len(refusals) > 2
    assert len(set(refusals)) == 1
    ((key, content),) = objects("s3://delivery/errors/manifests/").items()
    assert key.startswith("errors/manifests/2026/01/01/00/d-1-")
    ((staged, _),) = objects("s3://delivery/d/").items()
    assert json.loads(content) == {"entries": [{"url": f"s3://delivery/{staged}", "mandatory": True}]}
    assert counts(stream) == (0, 1, 0)
    made.close()


def test_a_stream_gets_the_records_under_their_keys_or_spread_over_its_shards(workspace, deliveries):
    source, target = workspace.streams.create("source", 1), workspace.streams.create("target", 2)
    keyed = deliveries.create("keyed", "stream:target", source="source")
    direct = deliveries.create("direct", "stream:target")
    source.put_record("a", "ada")
    put(direct, *["x"] * 50)

    keyed.flush()
    direct.flush()

    assert [record.partition_key for record in target if record.data == b"a"] == ["ada"]
    assert len({record.shard_id for record in target if record.data == b"x"}) == 2


def test_a_delivery_stream_that_is_there_is_taken_as_it_is_with_its_function(deliveries):
    first = deliveries.create("d", "s3://lake/raw/", transform=refuse)
    deliveries.functions.clear()

    again = deliveries.create("d", "s3://lake/other/", transform=refuse, if_not_exists=True)

    assert again.status().configuration == first.status().configuration
    assert deliveries.functions == {"refuse": refuse}
    with pytest.raises(KitError, match="already exists"):
        deliveries.create("d", "s3://lake/raw/")


def test_a_stream_gets_the_records_and_those_that_it_throttles_again(workspace, deliveries, clock):
    target = workspace.streams.create("target", 1)
    stream = deliveries.create("d", "stream:target", buffer_seconds=0)
    for begin in range(0, 1_500, 500):
        put(stream, *[str(number) for number in range(begin, begin + 500)])

    for _ in range(6):
        deliveries.step()
        clock.advance(30)

    assert sorted(int(record.data) for record in target) == list(range(1_500))
    assert counts(stream) == (1_500, 0, 0)


def test_a_destination_that_refuses_loses_nothing_and_is_told(workspace, deliveries, clock, objects, monkeypatch):
    stream = deliveries.create("d", "s3://lake/raw/", buffer_seconds=0)
    put(stream, "a")
    refusing = [True]
    original = workspace.storage.staging

    def staging(**options):
        if refusing[0]:
            raise KitError("InsufficientStorage", "The disk is full.", "Free some space.")
        return original(**options)

    monkeypatch.setattr(workspace.storage, "staging", staging)

    assert not deliveries.step()
    assert stream.status().error == "InsufficientStorage: The disk is full."
    assert repr(deliveries.list()) == (
        "[<'d': ACTIVE, 1 waiting, 0 delivered, InsufficientStorage: The disk is full.>]"
    )
    with pytest.raises(KitError, match="disk is full"):
        stream.flush()
    put(stream, "b")
    refusing[0] = False
    clock.advance(-3_600)
    while deliveries.step():
        pass

    assert sorted(objects("s3://lake/").values()) == [b"a", b"b"]
    assert stream.status().error == ""
    assert counts(stream) == (2, 0, 0)


def test_an_update_leads_what_a_destination_refuses_elsewhere(deliveries, clock, workspace, objects):
    workspace.storage.put("s3://lake/raw", "an object where the prefix wants a folder")
    stream = deliveries.create("d", "s3://lake/raw/", buffer_seconds=0)
    put(stream, "a")
    assert not deliveries.step()
    assert stream.status().error.startswith("ObjectNameConflict")

    stream.update("s3://lake/other/", buffer_seconds=0)
    clock.advance(60)
    deliveries.step()

    assert list(objects("s3://lake/other/").values()) == [b"a"]
    assert counts(stream) == (1, 0, 0)


def test_a_function_that_this_process_does_not_know_holds_records_back_until_it_does(deliveries, objects):
    def upper(event, context):
        return {
            "records": [
                {"recordId": each["recordId"], "result": "Ok", "data": base64.b64encode(
                    base64.b64decode(each["data"]).upper()).decode()}
                for each in event["records"]
            ]
        }  # fmt: skip

    stream = deliveries.create("d", "s3://lake/raw/", transform=upper)
    known = deliveries.functions.pop("upper")
    put(stream, "a")

    with pytest.raises(KitError, match="Function not found: upper"):
        stream.flush()
    deliveries.functions["upper"] = known
    stream.flush()

    assert list(objects("s3://lake/").values()) == [b"A"]


def test_records_that_expire_unread_are_counted(workspace, deliveries, clock):
    clicks = workspace.streams.create("clicks", 1)
    stream = deliveries.create("d", "s3://lake/raw/", source="clicks")
    clicks.put_record("a", "k")
    clock.advance(25 * 3_600)
    clicks.put_record("b", "k")

    stream.flush()

    assert counts(stream) == (1, 0, 0)
    assert stream.status().figures.counts.expired == 1


def test_a_source_that_is_gone_is_told_and_one_made_anew_is_read_from_its_begin(workspace, deliveries, objects):
    clicks = workspace.streams.create("clicks", 1)
    clicks.put_record("old", "k")
    stream = deliveries.create("d", "s3://lake/raw/", source="clicks")

    workspace.streams.delete("clicks")

    with pytest.raises(KitError) as caught:
        stream.flush()
    assert caught.value.code == "ResourceNotFoundException"
    assert "clicks" in stream.status().error
    workspace.streams.create("clicks", 1).put_record("new", "k")
    stream.flush()
    assert list(objects("s3://lake/").values()) == [b"new"]


def test_a_flush_that_was_begun_is_carried_out_again_under_the_same_names(deliveries, objects, monkeypatch):
    stream = deliveries.create("d", "s3://lake/raw/!{firehose:random-string}/")
    put(stream, "a")
    committed = deliveries.store.commit
    monkeypatch.setattr(deliveries.store, "commit", lambda *_: (_ for _ in ()).throw(OSError("killed")))
    with pytest.raises(OSError, match="killed"):
        stream.flush()
    before = objects("s3://lake/")
    monkeypatch.setattr(deliveries.store, "commit", committed)

    put(stream, "b")
    stream.flush()

    after = objects("s3://lake/")
    assert len(after) == 2
    assert {key: after[key] for key in before} == before == dict.fromkeys(before, b"a")


def test_one_process_delivers_and_another_asks_it_to_flush(workspace, deliveries, objects):
    stream = deliveries.create("d", "s3://lake/raw/")
    put(stream, "a")
    deliveries.step()  # from now on it holds the lock

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(worker, "POLL_SECONDS", 0.01)
        deliveries._worker("d").start()
        workspace.delivery["d"].flush()

    assert list(objects("s3://lake/").values()) == [b"a"]


def test_a_stream_deleted_and_made_anew_by_another_process_is_not_read_from_its_old_place(
    workspace, deliveries, open_deliveries, objects
):
    clicks = workspace.streams.create("clicks", 1)
    deliveries.create("d", "s3://lake/old/", source="clicks")
    deliveries.step()
    clicks.put_record("before", "k")
    other = open_deliveries()

    other.store.remove("d")
    assert not deliveries._worker("d").step()  # as its thread does
    other.create("d", "s3://lake/new/", source="clicks")
    clicks.put_record("after", "k")
    other["d"].flush()

    assert list(objects("s3://lake/").values()) == [b"after"]


def test_another_process_takes_over_and_reads_on(deliveries, open_deliveries, objects):
    stream = deliveries.create("d", "s3://lake/raw/", buffer_seconds=0)
    put(stream, "a")
    deliveries.step()
    other = open_deliveries()
    put(other["d"], "b")
    assert not other.step()

    deliveries.close()

    assert other.step()
    assert sorted(objects("s3://lake/").values()) == [b"a", b"b"]


def test_background_work_delivers_ends_with_the_workspace_and_leaves_the_rest_for_later(workspace, objects):
    stream = workspace.delivery.create("d", "s3://lake/raw/", buffer_seconds=0)
    put(stream, "a")
    while not objects("s3://lake/"):
        time.sleep(0.01)
    stream.stop()
    put(stream, "b")

    workspace.delivery.close()

    with pytest.raises(KitError):
        workspace.delivery.flush("d")
    del workspace.__dict__["delivery"]
    workspace.delivery["d"].start()
    while len(objects("s3://lake/")) < 2:
        time.sleep(0.01)
    assert sorted(objects("s3://lake/").values()) == [b"a", b"b"]


def test_deleting_delivers_what_waits_and_a_new_stream_of_the_name_begins_empty(deliveries, objects):
    put(deliveries.create("d", "s3://lake/raw/"), "a")

    deliveries.delete("d")

    assert list(objects("s3://lake/").values()) == [b"a"]
    again = deliveries.create("d", "s3://lake/other/")
    again.flush()
    assert counts(again) == (0, 0, 0)
    put(again, "b")
    deliveries.delete("d", force=True)
    assert objects("s3://lake/other/") == {}


def test_an_update_is_a_new_version_that_names_the_objects(deliveries, objects):
    stream = deliveries.create("d", "s3://lake/raw/")
    put(stream, "a")

    stream.update("s3://lake/new/", compression="GZIP")
    stream.flush()

    ((key, _),) = objects("s3://lake/").items()
    assert key.startswith("new/2026/01/01/00/d-2-")


def test_what_is_delivered_is_forgotten_by_the_journal(deliveries, clock, monkeypatch):
    monkeypatch.setattr(worker, "FORGET_BYTES", 10)
    stream = deliveries.create("d", "s3://lake/raw/")
    put(stream, "0123456789")
    clock.advance(1)
    put(stream, "after")
    stream.flush()
    clock.advance(1)
    put(stream, "later")

    stream.flush()

    source = deliveries.journal.source("d")
    assert [held.first for held in source.held()] == [2]
    assert counts(stream) == (3, 0, 0)
    assert stream.status().figures.counts.expired == 0


@pytest.mark.parametrize(
    ("to", "options", "code"),
    [
        ("s3://lake/", {"source": "nobody"}, "ResourceNotFoundException"),
        ("s3://lake/", {"schema": "lake.nobody"}, "EntityNotFoundException"),
        ("stream:nobody", {}, "ResourceNotFoundException"),
        ("s3://elsewhere/", {"register": "lake.clicks"}, "InvalidArgumentException"),
        ("s3://lake/clicks/", {"register": "lake.clicks"}, "InvalidArgumentException"),
        ("s3://lake/", {"transform": "SELECT x FROM records"}, "COLUMN_NOT_FOUND"),
        ("s3://lake/", {"start": "LATER"}, "InvalidArgumentException"),
        ("s3://lake/!{partitionKeyFromQuery:u}/", {"partition_by": "{u: "}, "InvalidArgumentException"),
    ],
)
def test_what_cannot_be_delivered_is_refused_beforehand(deliveries, clicks, to, options, code):
    with pytest.raises(KitError) as caught:
        deliveries.create("d", to, **options)

    assert caught.value.code == code
    assert "d" not in deliveries


def test_puts_keep_to_the_services_bounds(workspace, deliveries):
    stream = deliveries.create("d", "s3://lake/raw/")
    workspace.streams.create("clicks", 1)
    reader = deliveries.create("reader", "s3://lake/raw/", source="clicks")

    for records in ([], ["x"] * 501, [bytes(1_024_001)], [bytes(1_000_000)] * 5):
        with pytest.raises(KitError) as caught:
            stream.put_record_batch(records)
        assert caught.value.code == "InvalidArgumentException"
    with pytest.raises(KitError, match="not permitted"):
        reader.put_record("x")
    assert stream.put_record(bytes(1_024_000))
