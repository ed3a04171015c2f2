ws.athena.sql(
    "CREATE VIEW worst_hours AS SELECT hour, round(avg(arr_delay), 1) AS delay FROM departures GROUP BY hour",
    database="curated",
)
ws.athena.sql(
    "CREATE TABLE departures_by_origin WITH (format = 'PARQUET', partitioned_by = ARRAY['origin'], "
    "external_location = 's3://curated/by_origin/') AS SELECT month, day, hour, dest, airline, dep_delay, arr_delay, "
    "distance, speed, origin FROM departures",
    database="curated",
)
