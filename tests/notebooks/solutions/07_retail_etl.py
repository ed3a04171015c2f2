ws.warehouse.sql(
    "CREATE TABLE returns_by_product AS SELECT product, SUM(CASE status WHEN 'returned' THEN quantity ELSE 0 END) "
    "AS returned FROM orders GROUP BY product"
)
ws.warehouse.sql(
    "UNLOAD ('SELECT product, returned FROM returns_by_product') TO 's3://retail/returns/' IAM_ROLE default "
    "CSV HEADER GZIP PARALLEL OFF"
)
