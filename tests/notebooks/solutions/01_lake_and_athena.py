from kit.athena.workgroups import Workgroup

ws.athena.sql(
    "CREATE TABLE weather_columns WITH (format = 'PARQUET', external_location = 's3://lake/weather_columns/') "
    "AS SELECT * FROM weather",
    database="nyc",
)
columns = ", ".join(f"{column.name} {column.type}" for column in ws.catalog.table("nyc", "flights").descriptor.columns)
ws.athena.sql(
    f"CREATE EXTERNAL TABLE flights_projected ({columns}) PARTITIONED BY (year int, month int) STORED AS PARQUET "
    "LOCATION 's3://lake/flights/' TBLPROPERTIES ('projection.enabled' = 'true', "
    "'projection.year.type' = 'integer', 'projection.year.range' = '2013,2013', "
    "'projection.month.type' = 'integer', 'projection.month.range' = '1,12')",
    database="nyc",
)
ws.athena.workgroups.create(Workgroup(name="careful", bytes_scanned_cutoff=10_000_000))
