"""Pruning may keep too much, never too little: checked against the values themselves."""

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kit.base.domain import Between, Domain, OneOf, contains, intersect, overlaps

NUMBERS = st.integers(-5, 5)
BOUNDS = st.none() | NUMBERS
DOMAINS: st.SearchStrategy[Domain] = st.builds(OneOf, st.lists(NUMBERS, max_size=4).map(tuple)) | st.builds(
    Between, BOUNDS, BOUNDS, st.booleans(), st.booleans()
)


@given(DOMAINS, DOMAINS, NUMBERS)
def test_an_intersection_holds_what_both_hold(left: Domain, right: Domain, value: int) -> None:
    assert contains(intersect(left, right), value) == (contains(left, value) and contains(right, value))


@given(DOMAINS, NUMBERS, NUMBERS)
def test_a_range_with_a_passing_value_overlaps(domain: Domain, one: int, other: int) -> None:
    low, high = sorted((one, other))

    passing = any(contains(domain, value) for value in range(low, high + 1))

    assert overlaps(domain, low, high) or not passing


@given(DOMAINS, NUMBERS)
def test_a_range_of_one_value_overlaps_only_if_the_value_passes(domain: Domain, value: int) -> None:
    assert overlaps(domain, value, value) == contains(domain, value)


@pytest.mark.parametrize("domain", [OneOf((1,)), Between(low=1), Between(high=1)])
def test_values_that_cannot_be_compared_are_kept(domain: Domain) -> None:
    assert overlaps(domain, "a", "b")
    assert contains(intersect(domain, Between(low="x")), 1)


@pytest.mark.parametrize("domain", [Between(low=1), Between(high=1)])
def test_a_value_of_another_kind_is_kept_by_a_range(domain: Domain) -> None:
    assert contains(domain, date(2013, 1, 1))
