"""What a query need not read: partitions, files and row groups that its domains exclude."""
