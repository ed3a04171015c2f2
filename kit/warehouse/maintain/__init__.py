"""What keeps a cluster in shape: statistics."""
