import uuid

from kit.base.ids import Entropy


def test_the_same_seed_gives_the_same_identifiers_and_numbers() -> None:
    one, other = Entropy(7), Entropy(7)

    assert [one.uuid(), one.fraction(), one.below(10), one.bytes(4)] == [
        other.uuid(),
        other.fraction(),
        other.below(10),
        other.bytes(4),
    ]


def test_without_a_seed_identifiers_differ() -> None:
    assert Entropy().uuid() != Entropy().uuid()


def test_identifiers_are_version_4() -> None:
    assert uuid.UUID(Entropy(1).uuid()).version == 4
