"""List prices of the imitated services: one dated table, each figure with its source.

US East (N. Virginia), US dollars, without free tier, discounts or taxes.
"""

from __future__ import annotations

from dataclasses import dataclass

READ = "2026-11"
MB = 1_000_000
TB = 1_000_000_000_000


@dataclass(frozen=True, slots=True)
class Price:
    """`usd` for one `unit`."""

    usd: float
    unit: str
    source: str


ATHENA_SCAN = Price(5.0, "TB scanned", "Amazon Athena pricing, SQL queries, per query price")
ATHENA_MINIMUM_BYTES = 10 * MB


def athena_cost_usd(bytes_scanned: int) -> float:
    """The price of one query: bytes rounded up to a megabyte, at least 10 MB; nothing where nothing is scanned.

    Source: Amazon Athena pricing.
    """
    if bytes_scanned <= 0:
        return 0.0
    billed = max(-(-bytes_scanned // MB) * MB, ATHENA_MINIMUM_BYTES)
    return billed / TB * ATHENA_SCAN.usd
