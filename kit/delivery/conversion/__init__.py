"""JSON to columns by a schema of the catalog: values typed, misfits named, files of Parquet or ORC written."""
