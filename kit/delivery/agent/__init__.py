"""Log files tailed into a stream or a delivery stream, as the Kinesis Agent does.

`flow` says what is tailed, `tail` follows one path through rotations, `parsing` and `processing` make records of lines,
`checkpoints` remembers, `agent` runs it all.
"""
