"""What has become of a network that is trained: what it has learned so far, and how far its gradients reach."""

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from rnn_dynamics.engine.cells import Cell, cell_of
from rnn_dynamics.engine.verdict import HORIZON_SHARE, judge, orders_of_magnitude, relative_to
from rnn_dynamics.experiment import Experiment
from rnn_dynamics.learning.training import TESTED, History, Moment, Training

Array = NDArray[np.float64]

#: Loss, as a share of that of chance, up to which a task counts as learned, and up to which as learned in part.
LEARNED, PARTLY = 0.1, 0.9
#: log10 of the share of a gradient that counts as having arrived.
LEAST = math.log10(HORIZON_SHARE)
#: Share of right answers from which it counts as learned.
RIGHT = 0.95


@dataclass(frozen=True)
class Trained:
    """A network as far as its training has come; it has no looks before it begins."""

    training: Training
    history: History = field(default_factory=History)

    @property
    def experiment(self) -> Experiment:
        """The network."""
        return self.training.experiment

    @property
    def cell(self) -> Cell:
        """Its cell."""
        return cell_of(self.experiment)

    @property
    def lost(self) -> bool:
        """Whether its training has ended early."""
        return bool(self.history.failure)

    @property
    def done(self) -> bool:
        """Whether nothing is left to train."""
        return self.lost or self.history.iterations >= self.training.iterations

    @property
    def outcome(self) -> str:
        """How far it has come: "learned", "partly", "chance", "diverged", or "untrained" if no update was made."""
        if self.lost:
            return "diverged" if self.history.iterations else "untrained"
        return standing(self.now.loss / self.training.chance_loss)

    @property
    def too_linear(self) -> bool:
        """Whether its answer is linear in what it reads, and its task asks for a product."""
        return self.cell.rotates and self.training.its_task.multiplies

    # --- by look --------------------------------------------------------------------------------------------------

    @property
    def looks(self) -> list[Moment]:
        """Every look at it."""
        return self.history.moments

    @property
    def now(self) -> Moment:
        """The latest look at it."""
        return self.looks[-1]

    @property
    def by_look(self) -> dict[str, list[float]]:
        """At each look the update, loss, accuracy and `clipped`."""
        names = {"update": "iteration", "loss": "loss", "accuracy": "accuracy"}
        found = {key: [getattr(look, name) for look in self.looks] for key, name in names.items()}
        return found | {"clipped": self.clipped}

    @property
    def half_way(self) -> int | None:
        """The update of the first look with half of what lies between chance and all right."""
        half = (self.training.chance_accuracy + 1.0) / 2.0
        return next((look.iteration for look in self.looks if look.accuracy >= half), None)

    @property
    def clipped(self) -> list[float]:
        """Of the updates between each look and the one before the share that was clipped; nan at the first."""
        ends = [look.iteration for look in self.looks]
        parts = (self.history.clipped[first:last] for first, last in pairwise(ends))
        return [np.nan, *(sum(part) / len(part) if part else np.nan for part in parts)][: len(ends)]

    @cached_property
    def gates(self) -> dict[str, list[float]]:
        """Name -> the mean, at each look, of all that the cell computes like a gate, and of what keeps its state."""
        names = dict.fromkeys(name for name in (*self.cell.gates, self.cell.keeps) if name)
        return {name: [float(look.gates[name].mean()) for look in self.looks] for name in names}

    @property
    def kept(self) -> tuple[float, float] | None:
        """The mean of the gate that keeps the state, before training and now; None for a cell without one."""
        means = self.gates.get(self.cell.keeps)
        return (means[0], means[-1]) if means else None

    @property
    def ending(self) -> Sequence[float]:
        """The loss of each update's own sequences from the last look on, where the training has ended early."""
        return self.history.losses[self.now.iteration :] if self.lost else ()

    @property
    def bounds(self) -> Iterator[tuple[float, float]]:
        """From where to where, in updates, each look stands for what was: half way to its neighbours."""
        updates = [look.iteration for look in self.looks]
        reached = max(1, updates[-1] + max(0, len(self.ending) - 1))  # so that a look which is alone has a height
        return pairwise([0.0, *((one + other) / 2 for one, other in pairwise(updates)), float(reached)])

    # --- its gradient through time, before training and after it --------------------------------------------------

    def shown(self, component: str) -> str:
        """The component, or "hidden" of a network that has no such one."""
        return component if component in self.now.log10_norms else "hidden"

    def curves(self, component: str) -> dict[str, Array]:
        """Time, "before" or "after" -> (T,) log10 norms."""
        looks = {"before": self.looks[0], "after": self.now}
        return {time: look.log10_norms[self.shown(component)] for time, look in looks.items()}

    def orders(self, component: str) -> dict[str, float]:
        """Time -> log10 of the share of step T that is left at step 1; nan where step T has no gradient."""
        return {time: judge(norms).orders for time, norms in self.curves(component).items()}

    def change(self, component: str) -> float | None:
        """By how many orders of magnitude that share has changed; None where there is none to compare."""
        before, after = self.orders(component).values()
        if np.isnan(before) or np.isnan(after):
            return None
        return 0.0 if before == after else after - before

    @cached_property
    def left(self) -> tuple[float, float]:
        """`orders` of ‖∂L/∂h‖, before training and now."""
        return self.left_by_look[0], self.left_by_look[-1]

    @cached_property
    def left_by_look(self) -> list[float]:
        """`orders` of ‖∂L/∂h‖ at each look."""
        found: list[float] = orders_of_magnitude(np.array([look.log10_norms["hidden"] for look in self.looks])).tolist()
        return found

    @property
    def relative_by_look(self) -> list[Array]:
        """(T,) at each look: log10 of ‖∂L/∂h‖ relative to that look's own step T, nan where that has none."""
        norms = (look.log10_norms["hidden"] for look in self.looks)
        return [relative_to(of[-1], of) for of in norms]

    @property
    def arrived(self) -> int:
        """At how many looks at least HORIZON_SHARE of it was left at step 1."""
        return sum(left >= LEAST for left in self.left_by_look)

    # --- by update ------------------------------------------------------------------------------------------------

    @cached_property
    def losses(self) -> Array:
        """(updates,), of each update's own sequences."""
        return np.array(self.history.losses[: len(self.history.gradient_norms)])

    @cached_property
    def norms(self) -> Array:
        """(updates,), of the whole gradient before clipping."""
        return np.array(self.history.gradient_norms[: len(self.history.losses)])

    @cached_property
    def log10_norms(self) -> Array:
        """(updates,), log10 of them."""
        with np.errstate(divide="ignore", invalid="ignore"):
            return np.asarray(np.log10(self.norms))

    @property
    def first(self) -> float:
        """The first norm; 0 before there is one."""
        return float(self.norms[0]) if len(self.norms) else 0.0

    @property
    def largest(self) -> float:
        """The largest norm so far."""
        return float(np.max(self.norms, initial=0.0))

    @property
    def ended(self) -> int | None:
        """Its last update in numbers, if it was lost after one."""
        alive = np.flatnonzero(np.isfinite(self.log10_norms) & np.isfinite(self.losses))
        return int(alive[-1]) + 1 if 0 < len(alive) < len(self.losses) else None

    @property
    def share_clipped(self) -> float:
        """Of all updates the share that was clipped; nan where none could be."""
        clipped = self.history.clipped
        return float(np.mean(clipped)) if clipped and self.training.clipping != "none" else np.nan


def standing(share: float) -> str:
    """How far a network has come whose loss is such a share of that of chance: "learned", "partly", or "chance"."""
    return "learned" if share <= LEARNED else "partly" if share <= PARTLY else "chance"


def standing_in_answers(right: float, chance: float) -> str:
    """The same by shares of right answers: "chance" is within three standard errors of it, on TESTED sequences."""
    if right <= chance + 3.0 * np.sqrt(chance * (1.0 - chance) / TESTED):
        return "chance"
    return "learned" if right >= RIGHT else "partly"
