"""What a plan can do, one operator a module: its rows by estimate, where it may run, its SQL."""
