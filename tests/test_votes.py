"""A vote: codes, one answer for each voter until the reveal, and what ends it; from many threads at once."""

from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier

import pytest

from rnn_dynamics.course import votes
from rnn_dynamics.course.lectures import Question
from rnn_dynamics.course.votes import LENGTH, LETTERS, Ballot, NoVote, Votes


class Clock:
    """Seconds that pass when a test says so."""

    now = 0.0

    def __call__(self) -> float:
        return self.now


def asked(ballot: Ballot, stop: int = 1) -> Ballot:
    ballot.stop = stop
    return ballot


def test_a_code_has_four_letters_that_nobody_takes_for_others_and_is_found_in_either_size() -> None:
    there = Votes()
    codes = {there.open(str(owner), "short", "en").code for owner in range(100)}
    assert len(codes) == 100
    assert all(len(code) == LENGTH and set(code) <= set(LETTERS) for code in codes)
    assert not set(LETTERS) & set("0O1IL5S2Z8BGQDUVN")
    for code in codes:
        assert there.find(f" {code.lower()} ") is there.find(code) is not None
    assert there.find("") is there.find("AAAA") is None


def test_votes_are_bounded_in_number_and_in_life() -> None:
    clock = Clock()
    there = Votes(most=2, life=10.0, clock=clock)
    first = there.open("a", "short", "en")
    clock.now = 6.0
    there.open("b", "short", "en")
    with pytest.raises(NoVote, match="full: 2"):
        there.open("c", "short", "en")
    assert there.open("a", "short", "en") is first
    clock.now = 10.5
    assert there.find(first.code) is None
    assert first.is_over
    with pytest.raises(NoVote, match="closed"):
        first.cast("v", 0, 0, [0])
    assert there.open("c", "short", "en").code


def test_a_speaker_has_one_vote_in_a_lecture_until_it_is_ended() -> None:
    there = Votes()
    ballot = there.open("a", "short", "en")
    assert there.of("a", "short") is ballot
    assert there.of("a", "long") is there.of("b", "short") is None
    there.end(ballot)
    assert there.of("a", "short") is there.find(ballot.code) is None
    assert there.open("a", "short", "en") is not ballot


def test_a_second_vote_takes_the_place_of_the_first_until_the_answer_is_seen() -> None:
    ballot = asked(Votes().open("a", "short", "en"))
    ballot.cast("v", 1, 0, range(3))
    ballot.cast("v", 1, 2, range(3))
    ballot.cast("w", 1, 0, range(3))
    assert ballot.votes(1) == Counter({2: 1, 0: 1})
    assert (ballot.vote_of("v", 1), ballot.vote_of("v", 2)) == (2, None)
    ballot.reveal(1)
    with pytest.raises(NoVote, match="closed"):
        ballot.cast("v", 1, 1, range(3))
    assert ballot.vote_of("v", 1) == 2


def test_a_vote_for_another_stop_or_for_no_answer_is_not_taken(monkeypatch: pytest.MonkeyPatch) -> None:
    ballot = asked(Votes().open("a", "short", "en"), stop=4)
    with pytest.raises(NoVote, match="closed: 3"):
        ballot.cast("v", 3, 0, range(3))
    for nonsense in (3, -1, 10**9):
        with pytest.raises(ValueError, match="is none of the answers"):
            ballot.cast("v", 4, nonsense, range(3))
    monkeypatch.setattr(votes, "MOST_VOTERS", 1)
    ballot.cast("v", 4, 0, range(3))
    with pytest.raises(NoVote, match="many: 1"):
        ballot.cast("w", 4, 0, range(3))
    ballot.cast("v", 4, 1, range(3))
    assert ballot.votes(4) == Counter({1: 1})


def test_twenty_threads_lose_no_vote_and_get_no_code_twice() -> None:
    there, barrier = Votes(most=40), Barrier(20)

    def speak_and_vote(number: int) -> str:
        barrier.wait()
        mine = there.open(str(number), "short", "en")
        for voter in range(100):
            shared.cast(f"{number} {voter}", 1, voter % 3, range(3))
            shared.cast(f"{number} {voter}", 1, voter % 2, range(3))
            assert there.find(mine.code) is mine
        return mine.code

    shared = asked(there.open("shared", "short", "en"))
    with ThreadPoolExecutor(20) as pool:
        codes = set(pool.map(speak_and_vote, range(20)))
    assert len(codes - {shared.code}) == 20
    assert shared.votes(1) == Counter({0: 1000, 1: 1000})


def test_who_was_near() -> None:
    cast = Counter({-3: 2, -2: 1, -4: 1, -5: 7})
    assert Question(ask="", slider=range(-9, 1), right=-3).near(cast.elements()) == 4
    assert Question(ask="", choices=("a", "b", "c"), right=1).near([0, 1, 1, 2]) == 2
    assert Question(ask="", choices=("a", "b")).near([0, 1]) == 0
