"""The crawler: objects in storage become tables and partitions in the catalog."""

from kit.catalog.crawler.crawler import CrawlOptions, crawl
from kit.catalog.crawler.grouping import Ignored
from kit.catalog.crawler.report import CrawlReport, TableReport

__all__ = ["CrawlOptions", "CrawlReport", "Ignored", "TableReport", "crawl"]
