"""What the leader keeps between statements."""
