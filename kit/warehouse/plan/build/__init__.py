"""From a bound tree to a logical plan. Knows SQL's clauses; knows nothing of slices."""
