"""The system tables, a family a module: each a declaration of columns and a function from the state to rows."""
