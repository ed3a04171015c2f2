for station in stations:
    send(station, days + 1)
load(work(shape)[0])
ws.warehouse.sql(
    "CREATE VIEW frost AS SELECT station, COUNT(*) AS hours FROM weather WHERE celsius < 0 GROUP BY station"
)
