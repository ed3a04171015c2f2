"""(to be written)"""

from __future__ import annotations

from kit.athena.job import Answer, Job
from kit.sql.athena import statements as s


def explain(job: Job, statement: s.Explain) -> Answer:
    raise NotImplementedError
