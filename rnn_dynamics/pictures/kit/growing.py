"""Answers whose rows come one by one: which of them there are, and the work for the others."""

from collections.abc import Hashable, Iterator, Mapping
from dataclasses import dataclass
from functools import partial
from itertools import chain, islice
from typing import Any

from rnn_dynamics.executor import places, together
from rnn_dynamics.remembered import remembered


@dataclass(frozen=True, kw_only=True)
class Growing:
    """The rows of one question, of pieces that are remembered: whoever asks the same goes on where another stopped.

    question: what the rows answer, whose work can be stopped. piece: computes one piece. rows: of each row, by
    its name and in the order in which they are computed, the arguments of its pieces. beside: whether the picture is
    whole without them.
    """

    question: Hashable
    piece: remembered[..., Any]
    rows: Mapping[Any, tuple[tuple[Any, ...], ...]]
    beside: bool = False

    @property
    def there(self) -> frozenset[Any]:
        """The names of those rows that there are."""
        return frozenset(name for name in self.rows if not self._missing(name))

    @property
    def next(self) -> Any:
        """The name of the row that is computed next; None where there is none."""
        return next((name for name in self.rows if self._missing(name)), None)

    @property
    def complete(self) -> bool:
        """Whether there are all rows."""
        return self.next is None

    @property
    def share(self) -> float:
        """How many of the pieces there are, from 0 to 1."""
        pieces = sum(map(len, self.rows.values()))
        return 1.0 - sum(len(self._missing(name)) for name in self.rows) / max(1, pieces)

    def advance(self) -> None:
        """Compute the next piece, or as many as are computed at once, if any is missing."""
        together([partial(self.piece, *piece) for piece in islice(self._pieces(), places())])

    def finish(self) -> None:
        """Compute all that is missing."""
        while not self.complete:
            self.advance()

    def chosen(self, there: frozenset[Any] | None) -> tuple[Any, ...]:
        """The names of these rows, in order, which there are; or of all rows, computed now."""
        if there is None:
            self.finish()
        return tuple(name for name in self.rows if there is None or name in there)

    def _missing(self, name: Any) -> list[tuple[Any, ...]]:
        return [piece for piece in self.rows[name] if not self.piece.known(*piece)]

    def _pieces(self) -> Iterator[tuple[Any, ...]]:
        """Those that are missing, in order."""
        return chain.from_iterable(map(self._missing, self.rows))
