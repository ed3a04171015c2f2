"""Names and addresses of delivery streams, functions and buckets: how they look, and how an address is taken apart.

A workspace is one account in one region, both made up, as for its streams.
"""

from __future__ import annotations

import re

from kit.streams.names import ACCOUNT, REGION

_ARN = re.compile(r"arn:aws[^:]*:firehose:([^:]*):(\d{12}):deliverystream/([a-zA-Z0-9_.-]{1,64})")
_FUNCTION_ARN = re.compile(r"arn:aws[^:]*:lambda:[^:]*:\d{12}:function:([a-zA-Z0-9_-]{1,64})(?::([a-zA-Z0-9$_-]+))?")
_BUCKET_ARN = re.compile(r"arn:aws[^:]*:s3:::([\w.-]{1,255})")
NAME = re.compile(r"[a-zA-Z0-9_.-]{1,64}")
ROLE = f"arn:aws:iam::{ACCOUNT}:role/boathouse"
DESTINATION_ID = "destinationId-000000000001"


def delivery_arn(name: str) -> str:
    return f"arn:aws:firehose:{REGION}:{ACCOUNT}:deliverystream/{name}"


def function_arn(name: str) -> str:
    return f"arn:aws:lambda:{REGION}:{ACCOUNT}:function:{name}"


def function_of_arn(arn: str) -> str | None:
    """The function's name, or None where this is no function's address."""
    match = _FUNCTION_ARN.fullmatch(arn)
    return match[1] if match else None


def bucket_arn(bucket: str) -> str:
    return f"arn:aws:s3:::{bucket}"


def bucket_of_arn(arn: str) -> str | None:
    """The bucket's name, or None where this is no bucket's address."""
    match = _BUCKET_ARN.fullmatch(arn)
    return match[1] if match else None
