"""A law: what must come out, by a source outside this code, what does come out, and how close the two must be."""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from time import perf_counter, time
from typing import Any, Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray

Array = NDArray[np.float64]
#: What is expected, and what is computed, which are broadcast together.
Sides = tuple[ArrayLike, ArrayLike]


@dataclass(frozen=True, kw_only=True)
class Checked:
    """What came of a law, once.

    numbers: how many pairs were compared. expected, computed: the pair that uses up most of its tolerance. difference:
    between them; of a bound by how much it is exceeded, 0 where it is kept. allowed: how large that may be. share: how
    much of that is used up: 1 is all of it; inf where a number is none. began: when, in seconds since 1970. seconds: it
    took.
    """

    numbers: int
    expected: float
    computed: float
    difference: float
    allowed: float
    share: float
    began: float
    seconds: float

    @property
    def holds(self) -> bool:
        """Whether the law does."""
        return self.share <= 1.0


@dataclass(frozen=True, kw_only=True)
class Law:
    """A law, a published number or an oracle.

    key: of its sentence. case: what that sentence is filled with, "" where it is of one case. page: on which it
    matters. source: key of what says what is expected. sides: see `Sides`; computed whenever it is called. within: the
    tolerance. of: what that is relative to: "one" (nothing), "each" expected number, or the "largest" of them. at_most:
    whether what is expected is a bound from above.
    """

    key: str
    case: str
    page: str
    source: str
    sides: Callable[[], Sides]
    within: float
    of: Literal["one", "each", "largest"] = "one"
    at_most: bool = False

    @property
    def name(self) -> str:
        """As an address spells it."""
        return re.sub(r"[^a-z0-9]+", "_", f"{self.key}_{self.case}".lower()).strip("_")

    def check(self) -> Checked:
        """Compute it here and now.

        Raises:
            ValueError: it compares nothing.
        """
        began, start = time(), perf_counter()
        pair = np.broadcast_arrays(*(np.asarray(side, dtype=np.float64) for side in self.sides()))
        expected, computed = (side.ravel() for side in pair)
        seconds = perf_counter() - start
        if not expected.size:
            raise ValueError(f"{self.name} compares nothing")
        allowed = self.within * measures(expected)[self.of]
        with np.errstate(invalid="ignore"):  # −∞ beside −∞
            beyond = np.where(expected == computed, 0.0, computed - expected)
        differences = np.maximum(beyond, 0.0) if self.at_most else np.abs(beyond)
        shares = _shares(differences, allowed)
        kept = self.at_most and not shares.any()
        worst = int((beyond if kept else shares).argmax())
        return Checked(
            numbers=expected.size,
            expected=float(expected[worst]),
            computed=float(computed[worst]),
            difference=float(differences[worst]),
            allowed=float(allowed[worst]),
            share=float(shares[worst]),
            began=began,
            seconds=seconds,
        )


class Laws(dict[str, Law]):
    """Laws by their names, in the order in which they are written down."""

    def law(
        self, page: str, source: str, *, cases: Mapping[str, tuple[Any, ...]] | None = None, **how: Any
    ) -> Callable[[Callable[..., Sides]], Callable[..., Sides]]:
        """Write down the decorated function, which computes both sides, once for each case with its arguments.

        cases: what the sentence is filled with -> arguments; None: once, without any. how: as in `Law`.
        """

        def noted(sides: Callable[..., Sides]) -> Callable[..., Sides]:
            for case, given in ({"": ()} if cases is None else cases).items():
                law = Law(key=sides.__name__, case=case, page=page, source=source, sides=_with(sides, given), **how)
                assert law.name not in self, f"two laws are called {law.name}"
                self[law.name] = law
            return sides

        return noted


def _with(sides: Callable[..., Sides], given: tuple[Any, ...]) -> Callable[[], Sides]:
    return lambda: sides(*given)


def measures(expected: Array) -> Mapping[str, Array]:
    """What a tolerance is relative to -> of each number."""
    sizes = np.abs(expected)
    return {"one": np.ones_like(sizes), "each": sizes, "largest": np.full_like(sizes, sizes.max())}


def _shares(differences: Array, allowed: Array) -> Array:
    """Of the tolerance; inf where a difference is no number, or none is allowed."""
    shares = np.divide(differences, allowed, out=np.where(differences == 0.0, 0.0, np.inf), where=allowed > 0.0)
    return np.nan_to_num(shares, nan=np.inf, posinf=np.inf)
