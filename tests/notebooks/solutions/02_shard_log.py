from kit.streams.hashing import hash_key

practice = ws.streams.create("practice", shards=1)
low, middle, _ = sorted(hash_key(key) for key in ("EWR", "JFK", "LGA"))
_, upper = practice.split(practice.shards()[0].shard_id, low + 1)
practice.split(upper.shard_id, middle + 1)
practice.put_records([(b"{}", key) for key in ("EWR", "JFK", "LGA")])
practice.consumer("practice-reader", lambda records: None).run(until="tip")
