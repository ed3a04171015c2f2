"""Many processes, one cluster: the process that owns the file serves the others on a local socket.

`frames` is what bytes on the socket mean, `greeting` who may speak, `rendezvous` where the owner is found, `values` and
`rows` how questions and answers are written; `server` and `serving` are the owner's side, `link` and `recovery` the
other's. Nothing here parses SQL or knows a plan. What comes from a socket is JSON and Arrow, never a pickle.
"""
