"""Who goes through the pages of the browser's tests is replaced after a failure, and not before."""

from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from tests import reader
from tests.reader import Stay


class Somebody:
    def __init__(self) -> None:
        self.been: list[str] = []
        self.gone = False


@pytest.fixture
def stay(monkeypatch: pytest.MonkeyPatch) -> Stay:
    @contextmanager
    def visit(_: object) -> Iterator[Somebody]:
        one = Somebody()
        yield one
        one.gone = True

    monkeypatch.setattr(reader, "visit", visit)
    return Stay(None, lambda one: one.been.append("home"))  # type: ignore[arg-type, attr-defined]


def come(stay: Stay, place: str, failed: int) -> Somebody:
    """Who is at the place after so many failures."""
    return stay.at(place, failed, lambda one: one.been.append(place))  # type: ignore[return-value, attr-defined]


def test_one_goes_through_all_places_and_arrives_once_at_each(stay: Stay) -> None:
    first = come(stay, "one", 2)
    assert come(stay, "one", 2) is come(stay, "other", 2) is first
    assert (first.been, first.gone) == (["home", "one", "other"], False)
    stay.close()
    assert first.gone


def test_after_a_failure_somebody_else_arrives_at_the_same_place(stay: Stay) -> None:
    first, second = come(stay, "one", 0), come(stay, "one", 1)
    assert first.gone
    assert (second.been, second.gone) == (["home", "one"], False)


def test_where_nobody_has_arrived_the_next_one_tries_again(stay: Stay) -> None:
    def lost(_: object) -> None:
        raise LookupError("no such page")

    with pytest.raises(LookupError):
        stay.at("one", 0, lost)
    assert come(stay, "one", 1).been == ["home", "one"]
