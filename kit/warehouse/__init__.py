"""An MPP warehouse with a leader and slices, as in Redshift."""

from kit.warehouse.manage.design import TableDesign
from kit.warehouse.manage.shape import ClusterInfo, SliceInfo
from kit.warehouse.stats import WarehouseStats
from kit.warehouse.warehouse import Warehouse

__all__ = ["ClusterInfo", "SliceInfo", "TableDesign", "Warehouse", "WarehouseStats"]
