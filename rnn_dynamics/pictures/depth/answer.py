"""A stack of layers that read forwards, backwards, or both: the gradient of every layer, and of the inputs."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cached_property, lru_cache
from math import comb
from typing import Any

import numpy as np

from rnn_dynamics.engine.run import run_norms
from rnn_dynamics.engine.trace import LayerNorms, Norms
from rnn_dynamics.engine.verdict import judge, relative_to
from rnn_dynamics.engine.work import fewer_sequences, work_of
from rnn_dynamics.executor import computed
from rnn_dynamics.experiment import Experiment
from rnn_dynamics.idle import without_idle
from rnn_dynamics.pictures.kit.answered import OfTrace
from rnn_dynamics.pictures.kit.frames import Array
from rnn_dynamics.pictures.kit.lengths import USUAL, lengths_within
from rnn_dynamics.remembered import remembered

#: What one network may cost, in multiply-adds of its recurrent products: about a third of a second.
_LARGEST = 2.5e8
#: The same of sequences beyond the usual lengths, of which a hall asks for many that nobody has asked for before.
_LARGEST_LONG = 7e7
#: By how much, in powers of ten, two numbers must differ for two digits of them to show it.
_SEEN = 0.03


@dataclass(frozen=True)
class Level:
    """A layer in one direction, and its log10 ‖dL/dh_t‖ (T,) relative to the last layer's at step T, forwards."""

    trace: LayerNorms
    norms: Array

    @property
    def steps(self) -> int | None:
        """At how many of them dL/dh_t is not zero; None where it is at all."""
        known = np.isfinite(self.norms)
        return None if known.all() else int(known.sum())

    @property
    def log10_factor(self) -> float:
        """log10 of the factor per step of an error's travel; nan where some steps have no gradient.

        The backward direction's errors travel from step 1 to step T, so it is judged the other way round.
        """
        way = self.norms[::-1] if self.trace.reverse else self.norms
        return judge(way).log10_factor if self.steps is None else np.nan


@dataclass(frozen=True, kw_only=True)
class DepthAnswer(OfTrace[Norms]):
    """The network that was asked for, and the same with one layer and one direction; asked: the reader's batch."""

    single: Norms
    asked: int

    @property
    def complete(self) -> Norms:
        """With the part of each gradient that comes along the additive path, which only the file has."""
        return _norms(self.trace.experiment, beside=("cell_path",))

    @cached_property
    def levels(self) -> tuple[Level, ...]:
        """Each of them, from the first layer on, forwards before backwards."""
        norms = [level.log10_norms["hidden"] for level in self.trace.layers]
        start = norms[-self.experiment.directions][-1]
        return tuple(Level(level, relative_to(start, of)) for level, of in zip(self.trace.layers, norms, strict=True))

    @property
    def top(self) -> Level:
        """The last layer, forwards."""
        return self.levels[-self.experiment.directions]

    @property
    def carried(self) -> Mapping[str, float]:
        """log10 of what is left of the last layer's error at the far end of each direction, where both end apart.

        nan where none enters at the end where a direction has read all.
        """
        forwards, backwards = (level.norms for level in self.levels[-2:])
        return {"forwards": float(forwards[0]), "backwards": float(relative_to(backwards[0], backwards)[-1])}

    @cached_property
    def curves(self) -> dict[str, Array]:
        """Name -> (T,), log10 gradients of the inputs relative to step T, the ones behind first."""
        whole, single = self.trace.log10_norms["input"], self.single.log10_norms["input"]
        curves = {"single": relative_to(single[-1], single)} if self.experiment.levels > 1 else {}
        if self.experiment.bidirectional:
            for name, level in zip(("forwards", "backwards"), self.trace.layers, strict=False):
                curves[name] = relative_to(whole[-1], level.log10_norms["input"])
        return curves | {"whole": relative_to(whole[-1], whole)}

    @property
    def full(self) -> int:
        """How many levels have a gradient at every step."""
        return sum(level.steps is None for level in self.levels)

    @cached_property
    def log10_factors(self) -> Mapping[str, float]:
        """log10 of the factor per step of the inputs' gradient ("deep", "single"), and of the last layer's ("top")."""
        whole = self.curves["whole"]
        curves = {"deep": whole, "single": self.curves.get("single", whole), "top": self.top.norms}
        return {name: judge(norms).log10_factor for name, norms in curves.items()}

    @property
    def log10_early(self) -> float:
        """log10 of the share of dL/dx_1's norm that comes through the backward direction, where there is one."""
        return float(self.curves["backwards"][0] - self.curves["whole"][0])

    @property
    def cancels(self) -> bool:
        """Whether a part of dL/dx_1, through one direction, is seen to be longer than the whole: they partly cancel."""
        parts = [norms[0] for name, norms in self.curves.items() if name in ("forwards", "backwards")]
        return any(part > self.curves["whole"][0] + _SEEN for part in parts)

    @property
    def log10_down(self) -> float:
        """log10 of ‖dL/dh_T‖ in layer 1 (→) against the last layer: what came straight down of a loss at step T."""
        return float(self.levels[0].norms[-1])

    @property
    def log10_per_layer(self) -> float:
        """log10 of the factor per layer of that way."""
        return self.log10_down / (self.experiment.num_layers - 1)

    @property
    def fed_back(self) -> float:
        """log10 of the largest factor per step of a backward direction below the last layer; nan where none has one."""
        factors = [level.log10_factor for level in self.levels[: -self.experiment.directions] if level.trace.reverse]
        return max((factor for factor in factors if np.isfinite(factor)), default=np.nan)

    @property
    def ways(self) -> int:
        """How many ways lead down through the layers, from step T to step 1."""
        return comb(self.experiment.sequence_length + self.experiment.num_layers - 2, self.experiment.num_layers - 1)


def lengths(now: Mapping[str, Any]) -> tuple[int, ...]:
    """The sequence lengths that exist at a page's settings: those at which one sequence can be afforded."""
    relu = now["nonlinearity"] == "relu" and now["cell"] == "rnn"
    return _lengths(now["cell"], now["hidden_size"], now["num_layers"], now["bidirectional"], relu)


@lru_cache(maxsize=256)
def _lengths(cell: str, hidden_size: int, num_layers: int, bidirectional: bool, relu: bool) -> tuple[int, ...]:
    asked = Experiment(
        cell=cell,
        hidden_size=hidden_size,
        batch_size=1,
        num_layers=num_layers,
        bidirectional=bidirectional,
        nonlinearity="relu" if relu else "tanh",
    )
    return lengths_within(_LARGEST_LONG, work_of, asked)


@remembered
def depth_answer(experiment: Experiment) -> DepthAnswer:
    """Answer for a cell that feeds back its own state."""
    shown = fewer_sequences(experiment, _LARGEST if experiment.sequence_length <= USUAL[-1] else _LARGEST_LONG)
    trace = replace(_norms(shown), experiment=shown)
    loss_at = "every" if shown.loss_at == "every" else "last"  # all that one direction can tell
    alone = replace(shown, num_layers=1, bidirectional=False, loss_at=loss_at)
    return DepthAnswer(trace=trace, single=_norms(alone) if shown.levels > 1 else trace, asked=experiment.batch_size)


def _norms(experiment: Experiment, *, beside: tuple[str, ...] = ()) -> Norms:
    return _walked(without_idle(experiment), beside)


@remembered  # each by itself: all stacks of a cell are compared with the same single layer
def _walked(experiment: Experiment, beside: tuple[str, ...]) -> Norms:
    return computed(run_norms, experiment, beside=beside)
