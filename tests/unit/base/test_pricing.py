import pytest

from kit.base.pricing import athena_cost_usd


@pytest.mark.parametrize(
    ("bytes_scanned", "usd"),
    [
        (0, 0.0),
        (1, 0.00005),
        (10_000_000, 0.00005),
        (10_000_001, 0.000055),
        (1_000_000_000_000, 5.0),
        (3_000_000_000_000, 15.0),
    ],
)
def test_a_query_is_billed_by_the_megabyte_and_for_ten_at_least(bytes_scanned: int, usd: float) -> None:
    assert athena_cost_usd(bytes_scanned) == pytest.approx(usd)
