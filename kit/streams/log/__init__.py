"""The bytes of a shard on disk: frames, segments, the state that processes share."""
