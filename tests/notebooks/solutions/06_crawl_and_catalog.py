from kit.catalog.classifiers import GrokClassifier

pattern = r"%{TIMESTAMP_ISO8601:at} \[%{WORD:room}\] temperature %{NUMBER:celsius:double}C ok"
ws.catalog.crawl("s3://lake/sensors/", database="shop", classifiers=(GrokClassifier("sensors", pattern),))
ws.catalog.crawlers.update("shop", schedule="cron(15 3 * * ? *)")
ws.storage.copy("s3://lake/invoices/scan.tiff", "s3://lake/scans/scan.tiff")
ws.storage.delete("s3://lake/invoices/scan.tiff")
ws.catalog.crawl("s3://lake/invoices/", database="shop")
