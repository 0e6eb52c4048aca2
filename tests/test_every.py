"""A test over many values fails where one of them does, and says which ones."""

import pytest

from tests.every import every

SEEN: list[tuple[int, int]] = []


@pytest.fixture
def ten() -> int:
    return 10


@every("number", range(6), parts=2)
@every("other, larger", [(1, 2), pytest.param(3, 4, id="far")])
def test_every_combination_is_met(number: int, other: int, larger: int, ten: int) -> None:
    assert other < larger < ten
    SEEN.append((number, other))


def test_the_parts_together_are_all() -> None:
    assert sorted(SEEN) == [(number, other) for number in range(6) for other in (1, 3)]


def test_a_failure_is_noted_with_its_values() -> None:
    @every("number", [1, 2, 3])
    def fails(number: int) -> None:
        assert number != 2

    with pytest.raises(AssertionError) as caught:
        fails()
    assert caught.value.__notes__ == ["at {'number': 2}"]


def test_after_a_failure_the_other_values_are_met_and_all_that_fail_are_told() -> None:
    met = []

    @every("number", [1, 2, 3])
    def fails(number: int) -> None:
        met.append(number)
        assert number == 2

    with pytest.raises(ExceptionGroup, match="at 2 values") as caught:
        fails()
    assert met == [1, 2, 3]
    assert [error.__notes__ for error in caught.value.exceptions] == [["at {'number': 1}"], ["at {'number': 3}"]]


def test_no_value_is_no_test() -> None:
    with pytest.raises(AssertionError, match="no value"):
        every("number", [])
