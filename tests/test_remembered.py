"""What is remembered is computed once, whoever asks, and takes no more room than it may."""

import gc
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from threading import Event

import numpy as np
import pandas as pd
import pytest

from rnn_dynamics.remembered import MEMORY, Memory, remembered, size_of


@dataclass(frozen=True)
class Answer:
    values: np.ndarray
    name: str


def test_twenty_who_ask_the_same_at_once_are_answered_by_one_computation() -> None:
    computed = []

    @remembered
    def slow(question: int) -> int:
        computed.append(question)
        time.sleep(0.05)
        return question + 1

    with ThreadPoolExecutor(20) as visitors:
        assert list(visitors.map(slow, [1] * 20)) == [2] * 20
    assert computed == [1]
    assert slow(1) == 2
    assert slow.known(1)
    assert not slow.known(2)
    assert slow(question=1) == 2  # another spelling is another question
    assert computed == [1, 1]


@dataclass(eq=False)
class Visited:
    """Equal questions of several visitors; `all_met` is set once each of them was looked up in the memory."""

    visitor: int
    met: set[int]
    all_met: Event

    def __hash__(self) -> int:
        return 1

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Visited):
            return NotImplemented
        self.met.update((self.visitor, other.visitor))
        if len(self.met) == 4:
            self.all_met.set()
        return True


def test_an_exception_reaches_all_who_wait_and_is_not_remembered() -> None:
    tries = []
    met: set[int] = set()
    all_met = Event()

    @remembered
    def fails(question: Visited) -> None:
        tries.append(question)
        assert all_met.wait(60)  # those who come after the failure would rightly try again
        raise ValueError("why")

    def asked(visitor: int) -> str:
        with pytest.raises(ValueError, match="why") as caught:
            fails(Visited(visitor, met, all_met))
        return str(caught.value)

    with ThreadPoolExecutor(4) as visitors:
        assert list(visitors.map(asked, range(4))) == ["why"] * 4
    assert len(tries) == 1
    asked(0)
    assert len(tries) == 2


def test_the_longest_unused_answers_go_where_the_room_ends() -> None:
    memory, made = Memory(240_000), []

    def make(name: str) -> np.ndarray:
        made.append(name)
        return np.zeros(10_000)  # 80,000 bytes

    for name in ("a", "b", "a", "c", "a", "b"):
        memory.recall(name, lambda name=name: make(name))  # type: ignore[misc]
        assert memory.bytes <= 240_000
    assert made == ["a", "b", "c", "b"]


def test_an_answer_larger_than_all_room_is_kept_alone() -> None:
    memory = Memory(4_000)
    memory.recall("small", lambda: "x")
    large = memory.recall("large", lambda: np.zeros(1000))
    assert memory.recall("large", lambda: None) is large


def test_an_answer_may_ask_for_others() -> None:
    @remembered
    def inner(question: int) -> int:
        return question

    @remembered
    def outer(question: int) -> int:
        return inner(question) + inner(question + 1)

    assert outer(1) == 3


def test_the_size_of_an_answer_is_that_of_what_it_holds() -> None:
    values = np.zeros(100_000)
    held = [values, [values, "x"], {"a": values}, Answer(values, "x"), (Answer(values, "x"),), values.tobytes()]
    for answer in [*held, pd.DataFrame({"a": values})]:
        assert values.nbytes <= size_of(answer) <= 1.01 * values.nbytes
    assert size_of("é" * 1000) >= 1000
    part, twice = values[:3], Answer(values, "x")
    assert values.nbytes <= size_of([part, values, twice, twice]) <= 1.01 * values.nbytes  # all of it is kept, and once


def test_a_question_takes_room_too() -> None:
    memory = Memory(200_000)
    for question in range(1_000):
        memory.recall(question, lambda: None)
    assert memory.bytes <= 200_000
    assert not memory.knows(0)
    assert memory.knows(999)


@pytest.mark.usefixtures("forgotten")
def test_forgotten_answers_are_free() -> None:
    before = MEMORY.bytes

    @remembered
    def answer(question: int) -> np.ndarray:
        return np.full(10_000, float(question))

    answer(1)
    assert MEMORY.bytes >= before + 80_000
    MEMORY.clear()
    gc.collect()
    assert MEMORY.bytes == 0
