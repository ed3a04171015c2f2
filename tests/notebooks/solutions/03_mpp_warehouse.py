ws.storage.upload(Path(data) / "airports", "s3://load/airports/")
warehouse.sql("CREATE TABLE my_flights DISTSTYLE EVEN AS SELECT * FROM flights")
warehouse.sql(
    "CREATE TABLE my_airports (faa varchar(3), name varchar(60), lat float, lon float, alt int, tz int, "
    "dst varchar(2), tzone varchar(40)) DISTSTYLE ALL"
)
warehouse.sql("COPY my_airports FROM 's3://load/airports/' IAM_ROLE default CSV GZIP IGNOREHEADER 1")
