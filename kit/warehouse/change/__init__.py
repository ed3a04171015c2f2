"""UPDATE, DELETE and MERGE: which rows they mean, found by a distributed query, and what becomes of them on the slices.

`accounts` keeps the books of ghosts, order and changes; `slices` changes rows where they lie; `work` is what one
statement does to one table, `changer` the statements.
"""
