"""What is answered before anybody asks takes no more of the processor than a page may have."""

from collections.abc import Iterator
from itertools import count

import pytest

from tests.background import warm_up
from tests.elsewhere import working


def test_a_page_stops_answering_in_advance_when_its_time_of_the_processor_is_spent(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("rnn_dynamics.dashboard.warm.BUDGET", 0.2)
    asked: list[int] = []

    def questions() -> Iterator[int]:
        for question in count():  # more than can be answered
            asked.append(question)
            yield question

    warm_up.clear()
    thread = warm_up("a page with many questions", questions(), lambda _: working(0.05))
    thread.join(20)
    assert not thread.is_alive()
    assert 4 <= len(asked) <= 6


def test_who_waits_for_others_spends_none_of_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("rnn_dynamics.dashboard.warm.BUDGET", 0.05)
    asked: list[int] = []
    warm_up.clear()
    warm_up("a page with few questions", range(8), asked.append).join(20)
    assert asked == [*range(8)]  # eight breaths are longer than that
