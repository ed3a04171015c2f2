"""Schemas of objects that make one table: when they are alike enough, and what both fit into. Pure.

Source: AWS Glue Developer Guide, How does a crawler determine when to create partitions?; Glue does not publish its
measure of similarity. Here it is the share of columns that the smaller schema has in common with the larger one: a
schema that only grew is wholly similar.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from functools import reduce

from kit.catalog.classifiers.classifier import Field
from kit.catalog.model import Column
from kit.catalog.types import (
    DOUBLE,
    FLOAT,
    INTEGER_BITS,
    STRING,
    ArrayType,
    DecimalType,
    HiveType,
    MapType,
    Primitive,
    StructField,
    StructType,
)

SIMILARITY = 0.7
# What separates the parts of a type: Hive has no quotes for the names in it.
_UNWRITTEN = re.compile(r"[\s:,<>()]")


# What is known of a column of NULLs: Hive's own name for it. It is part of no table; `settled` makes a string of it.
VOID = Primitive("void")


def join_types(left: HiveType, right: HiveType) -> HiveType:
    """The type that holds values of both: the wider number, the union of structs; a string where nothing else does."""
    if left in {right, VOID}:
        return right
    match (left, right):
        case (_, Primitive("void")):
            return left
        case (ArrayType(a), ArrayType(b)):
            return ArrayType(join_types(a, b))
        case (MapType(key_a, a), MapType(key_b, b)):
            return MapType(join_types(key_a, key_b), join_types(a, b))
        case (StructType(a), StructType(b)):
            fields = join_by_name(_fields(a), _fields(b))
            return StructType(tuple(StructField(each.name, each.type) for each in fields))
        case (DecimalType(), DecimalType()):
            return _joined_decimals(left, right)
        case _:
            return _joined_numbers(left, right)


def join_all(types: Iterable[HiveType]) -> HiveType:
    """The type that holds values of all; the order of types decides that of a struct's fields."""
    return reduce(join_types, dict.fromkeys(types), VOID)


def settled(kind: HiveType) -> HiveType:
    """The type that a table gets: what is still unknown becomes a string, and so does a struct without fields."""
    match kind:
        case ArrayType(element):
            return ArrayType(settled(element))
        case MapType(key, value):
            return MapType(settled(key), settled(value))
        case StructType(fields) if fields:
            return StructType(tuple(StructField(field.name, settled(field.type)) for field in fields))
        case StructType() | Primitive("void"):
            return STRING
        case _:
            return kind


def is_field_name(name: str) -> bool:
    """Whether a struct's field of this name can be written in a type that Athena reads."""
    return _UNWRITTEN.search(name) is None


def unwritten_field(kind: HiveType) -> str | None:
    """The first field inside of a type whose name Athena could not read; None where there is none."""
    match kind:
        case ArrayType(element):
            return unwritten_field(element)
        case MapType(_, value):
            return unwritten_field(value)
        case StructType(fields):
            bad = (field.name if not is_field_name(field.name) else unwritten_field(field.type) for field in fields)
            return next((name for name in bad if name is not None), None)
        case _:
            return None


def columns_of(fields: Iterable[Field]) -> tuple[Column, ...]:
    return tuple(Column(field.name, str(settled(field.type))) for field in fields)


def join_by_name(left: tuple[Field, ...], right: tuple[Field, ...]) -> tuple[Field, ...]:
    """The columns of both, the left ones first; names are compared without regard to case."""
    merged = {each.name.lower(): each for each in left}
    for each in right:
        known = merged.get(each.name.lower())
        merged[each.name.lower()] = each if known is None else Field(known.name, join_types(known.type, each.type))
    return tuple(merged.values())


def are_similar(left: tuple[Field, ...], right: tuple[Field, ...]) -> bool:
    """Whether two schemas have most of their columns' names in common."""
    names, others = ({each.name.lower() for each in fields} for fields in (left, right))
    smaller = min(len(names), len(others))
    return smaller == 0 or len(names & others) / smaller > SIMILARITY


def _joined_numbers(left: HiveType, right: HiveType) -> HiveType:
    if left in INTEGER_BITS and right in INTEGER_BITS:
        return max(left, right, key=lambda kind: INTEGER_BITS.get(kind, 0))  # type: ignore[arg-type]
    numbers = {left, right}
    if numbers <= {FLOAT, DOUBLE, *INTEGER_BITS}:
        return DOUBLE
    return STRING


def _joined_decimals(left: DecimalType, right: DecimalType) -> HiveType:
    scale = max(left.scale, right.scale)
    precision = max(left.precision - left.scale, right.precision - right.scale) + scale
    return DecimalType(precision, scale) if precision <= 38 else STRING


def _fields(fields: tuple[StructField, ...]) -> tuple[Field, ...]:
    return tuple(Field(each.name, each.type) for each in fields)
