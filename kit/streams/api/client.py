"""boto3's Kinesis client on a workspace's streams. (Skeleton: the operations that producers and consumers need first.)"""

from __future__ import annotations

from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

from kit.streams.errors import EXCEPTIONS, ResourceNotFoundException

if TYPE_CHECKING:
    from kit.streams.service import Streams

_METADATA = {"HTTPStatusCode": 200, "RequestId": "", "HTTPHeaders": {}, "RetryAttempts": 0}


class Client:
    def __init__(self, streams: Streams) -> None:
        self._streams = streams
        self.exceptions = SimpleNamespace(**EXCEPTIONS)

    def create_stream(self, **request: Any) -> dict[str, Any]:
        self._streams.create(request["StreamName"], request.get("ShardCount"))
        return {"ResponseMetadata": _METADATA}

    def delete_stream(self, **request: Any) -> dict[str, Any]:
        self._streams.delete(request["StreamName"])
        return {"ResponseMetadata": _METADATA}

    def put_record(self, **request: Any) -> dict[str, Any]:
        result = self._stream(request).put_record(
            request["Data"], request["PartitionKey"], explicit_hash_key=request.get("ExplicitHashKey")
        )
        return {
            "ShardId": result.shard_id,
            "SequenceNumber": result.sequence_number,
            "EncryptionType": "NONE",
            "ResponseMetadata": _METADATA,
        }

    def put_records(self, **request: Any) -> dict[str, Any]:
        results = self._stream(request).put_records(request["Records"])
        return {
            "FailedRecordCount": 0,
            "Records": [{"ShardId": r.shard_id, "SequenceNumber": r.sequence_number} for r in results],
            "EncryptionType": "NONE",
            "ResponseMetadata": _METADATA,
        }

    def get_shard_iterator(self, **request: Any) -> dict[str, Any]:
        iterator = self._stream(request).get_shard_iterator(
            request["ShardId"],
            request["ShardIteratorType"],
            sequence_number=request.get("StartingSequenceNumber"),
            timestamp=request.get("Timestamp"),
        )
        return {"ShardIterator": f"{request['StreamName']}|{iterator}", "ResponseMetadata": _METADATA}

    def get_records(self, **request: Any) -> dict[str, Any]:
        name, _, iterator = request["ShardIterator"].partition("|")
        page = self._streams[name].get_records(iterator, request.get("Limit", 10_000))
        return {
            "Records": [
                {
                    "SequenceNumber": r.sequence_number,
                    "ApproximateArrivalTimestamp": r.arrival_time,
                    "Data": r.data,
                    "PartitionKey": r.partition_key,
                }
                for r in page.records
            ],
            "NextShardIterator": f"{name}|{page.next_iterator}",
            "MillisBehindLatest": page.millis_behind_latest,
            "ResponseMetadata": _METADATA,
        }

    def list_shards(self, **request: Any) -> dict[str, Any]:
        return {
            "Shards": [
                {
                    "ShardId": s.shard_id,
                    "HashKeyRange": {
                        "StartingHashKey": str(s.starting_hash_key),
                        "EndingHashKey": str(s.ending_hash_key),
                    },
                    "SequenceNumberRange": {"StartingSequenceNumber": s.starting_sequence_number},
                }
                for s in self._stream(request).shards()
            ],
            "ResponseMetadata": _METADATA,
        }

    def describe_stream_summary(self, **request: Any) -> dict[str, Any]:
        stream = self._stream(request)
        return {
            "StreamDescriptionSummary": {
                "StreamName": stream.name,
                "StreamARN": stream.arn,
                "StreamStatus": "ACTIVE",
                "OpenShardCount": len(stream.shards()),
            },
            "ResponseMetadata": _METADATA,
        }

    def _stream(self, request: dict[str, Any]) -> Any:
        name = request.get("StreamName") or (request.get("StreamARN") or "").rpartition("/")[2]
        if name not in self._streams:
            raise ResourceNotFoundException(f"Stream {name} under account 000000000000 not found.")
        return self._streams[name]
