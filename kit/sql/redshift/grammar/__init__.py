"""Redshift's statements other than queries: one module a family, each a hand-written parser over a token cursor."""
