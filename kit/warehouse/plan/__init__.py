"""The planner: a bound query in, a distributed plan out. Values only: it opens nothing, asks no clock, runs no SQL.

Glossary. A *logical plan* is a tree of `Node`s: what is to be computed. A *placed* plan is a tree of `Placed`: the same
operators, each with the distribution, rows and width of its output, and with `Exchange`s where rows have to move. A
*segment* is what lies between exchanges and runs as one SQL statement on each slice, or once on the leader. A *tier*
names the most general technique that a plan needed.

Flow: `build` (tree to nodes) -> `RULES` (nodes to nodes) -> `distribute` (nodes to placed) -> `segments` (cut at the
exchanges) -> `render` (one SQL template a segment).
"""
