"""Votes of halls: a code of four letters for each, what is asked now, and of each voter one answer until the reveal.

All of it is in the memory of one server's process. Nobody is named: a voter is a token of a session.
"""

import secrets
from collections import Counter
from collections.abc import Callable, Collection
from threading import Lock
from time import monotonic

from rnn_dynamics.limits import short

#: Letters that nobody takes for another one or for a digit, in speech or on a screen, and that spell no word.
LETTERS, LENGTH = "CFHJKMPRTWX", 4
#: Codes at a time, seconds that one lives, and voters at one stop.
MOST, LIFE, MOST_VOTERS = 100, 4 * 3600.0, 2_000


class NoVote(ValueError):  # noqa: N818  # what there is
    """Why there is no vote: the key of a sentence, and its number."""

    def __init__(self, kind: str, number: int) -> None:
        super().__init__(f"{kind}: {number}")
        self.kind, self.number = kind, number


class Ballot:
    """The vote of one hall, from stop to stop of a lecture.

    Attributes:
        code: by which a hall finds it.
        lecture, language: which lecture, and in which language its speaker shows it.
        stop: the present one; 0 before the first, and while none can be shown.
    """

    def __init__(self, code: str, lecture: str, language: str, began: float) -> None:
        self.code, self.lecture, self.language, self.began = code, lecture, language, began
        self.stop, self.is_over = 0, False
        self._votes: dict[int, dict[str, int]] = {}
        self._revealed: frozenset[int] = frozenset()
        self._lock = Lock()

    @property
    def revealed(self) -> frozenset[int]:
        """Stops whose answer has been seen."""
        return self._revealed

    def reveal(self, stop: int) -> None:
        """Take no more votes for a stop: its answer is seen."""
        with self._lock:
            self._revealed |= {stop}

    def is_revealed(self, stop: int) -> bool:
        """Whether the answer at a stop has been seen."""
        return stop in self._revealed

    def cast(self, voter: str, stop: int, vote: int, allowed: Collection[int]) -> None:
        """Vote; a later vote of the same voter takes the place of the earlier.

        Raises:
            NoVote: the stop is not, or no longer, asked about ("closed"), or too many have voted ("many").
            ValueError: there is no such answer.
        """
        if vote not in allowed:
            raise ValueError(f"vote = {short(vote)} is none of the answers")
        with self._lock:
            if self.is_over or stop != self.stop or stop in self._revealed:
                raise NoVote("closed", stop)
            votes = self._votes.setdefault(stop, {})
            if voter not in votes and len(votes) >= MOST_VOTERS:
                raise NoVote("many", MOST_VOTERS)
            votes[voter] = vote

    def vote_of(self, voter: str, stop: int) -> int | None:
        """What somebody has voted for at a stop; None where nobody of that name has."""
        return self._votes.get(stop, {}).get(voter)

    def votes(self, stop: int) -> Counter[int]:
        """Answer -> how many have voted for it at a stop."""
        with self._lock:
            return Counter(self._votes.get(stop, {}).values())


class Votes:
    """The votes of one server, bounded in number and in life; `clock` gives seconds."""

    def __init__(self, most: int = MOST, life: float = LIFE, clock: Callable[[], float] = monotonic) -> None:
        self._most, self._life, self._clock = most, life, clock
        self._ballots: dict[str, tuple[str, Ballot]] = {}
        self._lock = Lock()

    def open(self, owner: str, lecture: str, language: str) -> Ballot:
        """The vote of a speaker in a lecture: the one that goes on, even if the page was loaded anew, or a new one.

        Raises:
            NoVote: the server has as many as it takes ("full").
        """
        with self._lock:
            self._forget_old()
            for whose, ballot in self._ballots.values():
                if (whose, ballot.lecture) == (owner, lecture):
                    return ballot
            if len(self._ballots) >= self._most:
                raise NoVote("full", self._most)
            ballot = Ballot(self._free_code(), lecture, language, self._clock())
            self._ballots[ballot.code] = owner, ballot
        return ballot

    def of(self, owner: str, lecture: str) -> Ballot | None:
        """The vote that a speaker has opened in a lecture, if it goes on."""
        with self._lock:
            self._forget_old()
            mine = (one for whose, one in self._ballots.values() if (whose, one.lecture) == (owner, lecture))
            return next(mine, None)

    def find(self, code: str) -> Ballot | None:
        """The vote of a code, in letters of either size; None where there is none, or it has ended."""
        with self._lock:
            self._forget_old()
            found = self._ballots.get(code.strip().upper())
            return found[1] if found else None

    def end(self, ballot: Ballot) -> None:
        """End a vote: its code is free."""
        with self._lock:
            self._end(ballot)

    def _end(self, ballot: Ballot) -> None:
        ballot.is_over = True
        self._ballots.pop(ballot.code, None)

    def _forget_old(self) -> None:
        latest = self._clock() - self._life
        for _, ballot in [*self._ballots.values()]:
            if ballot.began < latest:
                self._end(ballot)

    def _free_code(self) -> str:
        while True:
            code = "".join(secrets.choice(LETTERS) for _ in range(LENGTH))
            if code not in self._ballots:
                return code
