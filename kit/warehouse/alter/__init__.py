"""ALTER TABLE: what an action makes of a table (`decide`, pure), the same done to its parts (`act`), rows handed from
one table to another (`append`), names in the views that read it (`references`)."""
