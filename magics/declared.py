"""All magics there are: a new one is a module of its own and a line here."""

from __future__ import annotations

from magics.athena import ATHENA
from magics.catalog import CATALOG, DESCRIBE, TABLES
from magics.check import CHECK
from magics.command import CommandMagic
from magics.crawler import CRAWLER
from magics.delivery import DELIVERY
from magics.query import QueryMagic
from magics.stream import STREAM
from magics.warehouse import WAREHOUSE
from magics.workspace import KIT

Magic = QueryMagic | CommandMagic

MAGICS: tuple[Magic, ...] = (ATHENA, WAREHOUSE, STREAM, DELIVERY, CATALOG, TABLES, DESCRIBE, CRAWLER, CHECK, KIT)
