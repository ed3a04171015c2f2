"""What an OR implies: conditions that all its branches share, and what each branch asks of one input."""

from __future__ import annotations

from sqlglot import exp

from kit.warehouse.plan.expression import all_of, any_of, conjuncts, disjuncts


def common_factors(predicate: exp.Expr) -> exp.Expr:
    """`(a AND b) OR (a AND c)` as `a AND (b OR c)`: an equality inside of every branch can then be joined on."""
    branches = [conjuncts(each) for each in disjuncts(predicate)]
    if len(branches) < 2:
        return predicate
    shared = [part for part in branches[0] if all(part in branch for branch in branches[1:])]
    if not shared:
        return predicate
    rests = [[part for part in branch if part not in shared] for branch in branches]
    if not all(rests):
        return all_of(shared)
    return all_of([*shared, any_of(all_of(rest) for rest in rests)])


def implied(predicate: exp.Expr, columns: frozenset[str]) -> exp.Expr | None:
    """What a disjunction says of some columns alone; None where a branch says nothing of them."""
    branches = [conjuncts(each) for each in disjuncts(predicate)]
    if len(branches) < 2:
        return None
    kept: list[exp.Expr] = []
    for branch in branches:
        own = [part for part in branch if _reads_only(part, columns)]
        if not own:
            return None
        kept.append(all_of(own))
    return any_of(kept)


def _reads_only(tree: exp.Expr, columns: frozenset[str]) -> bool:
    names = {column.name for column in tree.find_all(exp.Column)}
    return bool(names) and names <= columns and tree.find(exp.Table) is None
