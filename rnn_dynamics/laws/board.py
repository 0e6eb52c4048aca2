"""What this process has last found of each law, for all who look; and the work of checking some of them anew."""

from collections.abc import Hashable, Sequence
from dataclasses import dataclass, field
from threading import Lock
from time import time

from rnn_dynamics.laws import LAWS, Checked

#: Seconds after which a check that nobody has gone on with is begun anew by whoever asks, so that its times are close.
_RESTED = 10.0


@dataclass(eq=False)
class Board:
    """The last result of each law, by name, and the check of some of them that was begun last."""

    found: dict[str, Checked] = field(default_factory=dict)
    _begun: dict[tuple[str, ...], "Checking"] = field(default_factory=dict)
    _lock: Lock = field(default_factory=Lock)

    def begin(self, names: Sequence[str] = tuple(LAWS)) -> "Checking":
        """Check some laws now; who asks while somebody else's check of the same goes on has that one."""
        now, asked = time(), tuple(names)
        with self._lock:
            last = self._begun.get(asked)
            if last is None or last.complete or now - last.latest > _RESTED:
                last = self._begun[asked] = Checking(self, asked, now)
            return last


@dataclass(frozen=True)
class Checking:
    """The work of checking laws, one at a time. since: what is found from then on counts, in seconds since 1970."""

    board: Board
    names: tuple[str, ...]
    since: float = 0.0

    @property
    def question(self) -> Hashable:
        """What it answers: works of the same question are one."""
        return self.names, self.since

    @property
    def next(self) -> str | None:
        """The name of the law that is checked next; None where all are."""
        done = self.done
        return next((name for name in self.names if name not in done), None)

    @property
    def done(self) -> dict[str, Checked]:
        """What is found."""
        found = self.board.found
        return {name: found[name] for name in self.names if name in found and found[name].began >= self.since}

    @property
    def latest(self) -> float:
        """When it last began with a law, or itself."""
        return max([self.since, *(one.began for one in self.done.values())])

    @property
    def complete(self) -> bool:
        """Whether all are checked."""
        return len(self.done) == len(self.names)

    @property
    def share(self) -> float:
        """How many are checked, from 0 to 1."""
        return len(self.done) / len(self.names)

    def advance(self) -> None:
        """Check the next law."""
        if (name := self.next) is not None:
            self.board.found[name] = LAWS[name].check()
