"""The crawler: objects in storage become tables and partitions in the catalog."""

from kit.catalog.crawler.crawler import crawl
from kit.catalog.crawler.definition import Crawler, CrawlerStatus, CrawlRun, Target
from kit.catalog.crawler.grouping import Ignored
from kit.catalog.crawler.options import CrawlOptions, DeleteBehavior, UpdateBehavior
from kit.catalog.crawler.report import CrawlReport, Departed, TableReport

__all__ = [
    "CrawlOptions",
    "CrawlReport",
    "CrawlRun",
    "Crawler",
    "CrawlerStatus",
    "DeleteBehavior",
    "Departed",
    "Ignored",
    "TableReport",
    "Target",
    "UpdateBehavior",
    "crawl",
]
