"""Putting records into a stream as applications do: batched, aggregated, retried, in order per key; replayed in time.

Knows a stream by its client's operations, so that it works on boto3's as well; whole tables also need its `append`.
"""
