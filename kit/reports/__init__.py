"""Notebooks as reports: run with parameters, written as pages that need nothing but themselves.

Knows no service: a notebook opens the workspace that it reports on.
"""

from kit.reports.batch import Batch, Report, run_batch
from kit.reports.execution import Failure, execute
from kit.reports.sets import ParameterSet, parameter_sets

__all__ = ["Batch", "Failure", "ParameterSet", "Report", "execute", "parameter_sets", "run_batch"]
