"""Runs plans: fragments on slices, exchanges between them, the leader's part; measures each."""
