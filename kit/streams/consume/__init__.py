"""Reading a stream as applications do: shards leased among workers, checkpointed, handed over; functions triggered.

Knows a stream only by its client's operations, so that it works on boto3's client just as well.
"""
