"""Rows into slices: staged once, checked, placed by the table's distribution, sorted within each slice."""
