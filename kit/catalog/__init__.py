"""What the lake holds:

databases, tables and partitions, as in the Glue Data Catalog, and the crawler that finds them.
"""

from kit.catalog.catalog import Catalog
from kit.catalog.model import Column, Database, Partition, SerDe, StorageDescriptor, Table

__all__ = ["Catalog", "Column", "Database", "Partition", "SerDe", "StorageDescriptor", "Table"]
