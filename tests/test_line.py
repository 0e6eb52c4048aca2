"""The line of work that all visitors of a server share: what comes first, who waits, and what becomes of a mistake."""

from collections.abc import Callable, Hashable, Iterator
from dataclasses import dataclass, field
from threading import Event, Thread
from time import monotonic

import pytest

from rnn_dynamics import line as module
from rnn_dynamics.line import Line
from tests.reader import wait_until


@dataclass
class Pieces:
    """Work of so many pieces, each of which says its name to `done`."""

    question: Hashable
    pieces: int
    done: list[Hashable]
    each: Callable[[], object] = lambda: None
    at: int = field(default=0)

    @property
    def share(self) -> float:
        return self.at / self.pieces

    @property
    def complete(self) -> bool:
        return self.at >= self.pieces

    def advance(self) -> None:
        self.each()
        self.at += 1
        self.done.append(self.question)


@pytest.fixture
def line() -> Iterator[Line]:
    made = Line()
    yield made
    made.close()


def test_a_work_is_done_piece_by_piece_while_who_wants_it_waits(line: Line) -> None:
    done: list[Hashable] = []
    work = Pieces("a", 5, done)
    line.look_at("me", work, patience=60.0)
    assert work.complete
    assert done == ["a"] * 5


def test_who_has_no_patience_goes_on_at_once(line: Line) -> None:
    free = Event()
    work = Pieces("a", 1, [], each=lambda: free.wait(60.0))
    began = monotonic()
    line.look_at("me", work, patience=0.05)
    assert not work.complete
    assert monotonic() - began < 30.0
    free.set()
    wait_until(lambda: work.complete, "nobody works")


def test_what_most_wait_for_comes_first_and_among_equals_what_was_asked_for_first(line: Line) -> None:
    free, done = Event(), list[Hashable]()
    line.look_at(0, Pieces("first", 1, done, each=lambda: free.wait(60.0)))
    works = {name: Pieces(name, 2, done) for name in ("early", "late", "most")}
    for who, name in enumerate(("early", "late", "most", "most"), start=1):
        line.look_at(who, works[name])
    free.set()
    wait_until(lambda: all(work.complete for work in works.values()), "nobody works")
    assert done == ["first", "most", "most", "early", "early", "late", "late"]


def test_who_asks_for_something_else_waits_for_nothing_before(line: Line) -> None:
    free, done = Event(), list[Hashable]()
    line.look_at("you", Pieces("first", 1, done, each=lambda: free.wait(60.0)))
    for name in ("a", "b", "c"):  # a held key
        line.look_at("me", Pieces(name, 1, done))
    free.set()
    wait_until(lambda: "c" in done, "nobody works")
    assert done == ["first", "c"]


def test_what_nobody_looks_at_any_more_rests(line: Line, monkeypatch: pytest.MonkeyPatch) -> None:
    now, done = [100.0], list[Hashable]()
    monkeypatch.setattr(module, "monotonic", lambda: now[0])

    def pass_time() -> None:
        now[0] += 1.0

    left = Pieces("left", 1000, done, each=pass_time)
    line.look_at("me", left)
    wait_until(lambda: not line.busy, "a work that nobody looks at does not rest")
    assert 1 <= left.at < 10
    line.look_at("me", left)
    wait_until(lambda: left.at > 1, "it does not go on")


def test_who_leaves_waits_for_nothing(line: Line) -> None:
    free, done = Event(), list[Hashable]()
    line.look_at("you", Pieces("first", 1, done, each=lambda: free.wait(60.0)))
    line.look_at("me", left := Pieces("left", 1, done))
    line.leave("me")
    line.leave("nobody")
    free.set()
    wait_until(lambda: not line.busy, "it does not rest")
    assert (done, left.complete) == (["first"], False)


@pytest.mark.parametrize("lookers", [1, 3])
def test_a_mistake_in_a_piece_is_told_to_who_looks_and_the_line_goes_on(line: Line, lookers: int) -> None:
    def fail() -> None:
        raise ValueError("no such row")

    bad, good = Pieces("bad", 1, [], each=fail), Pieces("good", 3, [])
    for who in range(lookers):
        with pytest.raises(ValueError, match="no such row"):
            line.look_at(who, bad, patience=60.0)
    line.look_at("you", good, patience=60.0)
    assert good.complete


def test_all_who_wait_for_a_question_have_it_from_one_computation(line: Line) -> None:
    done: list[Hashable] = []
    work = Pieces("a", 50, done)
    waiting = [Thread(target=line.look_at, args=(who, work, 60.0)) for who in range(20)]
    for one in waiting:
        one.start()
    for one in waiting:
        one.join(60.0)
    assert work.complete
    assert len(done) == 50


def test_who_waits_in_a_full_hall_looks_as_seldom_as_if_some_of_it_waited_too_and_is_not_forgotten() -> None:
    inside = [1]
    line = Line(lambda: inside[0])
    try:
        assert line.pace == Line().pace + 0.08 / 6
        inside[0], free = 300, Event()
        assert 4.0 < line.pace < 5.0
        line.look_at("me", Pieces("a", 1, [], each=lambda: free.wait(60.0)))
        assert line._looks["me"].until - monotonic() > 2.0 * line.pace
        free.set()
    finally:
        line.close()


def test_the_more_wait_the_more_seldom_each_looks(line: Line) -> None:
    free, alone = Event(), line.pace
    for who in range(300):
        line.look_at(who, Pieces(who, 1, [], each=lambda: free.wait(60.0)))
    assert alone < 0.5
    assert 10.0 < line.pace < 60.0
    free.set()
