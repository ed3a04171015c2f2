"""Transactions: who holds which table, what a transaction read and wrote, whether a serial order of all is left.

`locks` and `serialization` decide and know no engine; `transaction` is one unit of work on the cluster's file; `block`
is what BEGIN opened in a session, `blocks` the statements about it; `claims` says which tables a statement changes.
"""
