"""SQL over the lake, as Amazon Athena does it: pruned, metered, recorded."""

from kit.athena.execution import Execution
from kit.athena.handle import QueryExecution
from kit.athena.meter import AthenaStats
from kit.athena.service import Athena
from kit.athena.workgroups import Workgroup

__all__ = ["Athena", "AthenaStats", "Execution", "QueryExecution", "Workgroup"]
