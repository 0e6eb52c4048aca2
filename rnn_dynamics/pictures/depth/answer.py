"""A stack of layers that read forwards, backwards, or both: the gradient of every layer, and of the inputs."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from math import comb

import numpy as np
from numpy.typing import NDArray

from rnn_dynamics.engine.cells import cells_where
from rnn_dynamics.engine.run import run
from rnn_dynamics.engine.trace import LayerTrace, Trace
from rnn_dynamics.engine.verdict import judge
from rnn_dynamics.experiment import Experiment
from rnn_dynamics.pictures.kit.answered import OfTrace
from rnn_dynamics.pictures.kit.budget import fewer_sequences
from rnn_dynamics.pictures.kit.remembered import COMPUTING, remembered

Array = NDArray[np.float64]

#: What one network may cost, in multiply-adds of its recurrent products: about a third of a second.
_LARGEST = 2.5e8


@dataclass(frozen=True, kw_only=True)
class DepthAnswer(OfTrace[Trace]):
    """The network that was asked for, and the same with one layer and one direction; asked: the reader's batch."""

    single: Trace
    asked: int

    @cached_property
    def top(self) -> LayerTrace:
        """The last layer, forwards."""
        return self.trace.layers[-self.experiment.directions]

    @cached_property
    def levels(self) -> tuple[tuple[LayerTrace, Array], ...]:
        """Each level and its log10 ‖dL/dh_t‖ (T,) relative to the last layer's at step T, forwards."""
        start = self.top.log10_norms["hidden"][-1]
        return tuple((level, _relative(level.log10_norms["hidden"], start)) for level in self.trace.layers)

    @cached_property
    def curves(self) -> dict[str, Array]:
        """Name -> (T,), log10 gradients of the inputs relative to step T, the ones behind first."""
        whole, single = self.trace.log10_norms["input"], self.single.log10_norms["input"]
        curves = {"single": _relative(single, single[-1])} if self.experiment.levels > 1 else {}
        if self.experiment.bidirectional:
            forwards, backwards = self.trace.layers[:2]
            for name, level in {"forwards": forwards, "backwards": backwards}.items():
                curves[name] = _relative(level.log10_norms["input"], whole[-1])
        return curves | {"whole": _relative(whole, whole[-1])}

    @cached_property
    def steps_with_gradient(self) -> tuple[int, ...]:
        """Of each level, at how many steps dL/dh_t is not zero."""
        return tuple(int(np.isfinite(norms).sum()) for _, norms in self.levels)

    @cached_property
    def log10_travels(self) -> tuple[float, ...]:
        """log10 of each level's factor per step of an error's travel; nan where some steps have no gradient.

        The backward direction's errors travel from step 1 to step T, so it is judged the other way round.
        """
        ways = (norms[::-1] if level.reverse else norms for level, norms in self.levels)
        return tuple(judge(way).log10_factor if np.isfinite(way).all() else np.nan for way in ways)

    @cached_property
    def log10_factors(self) -> Mapping[str, float]:
        """log10 of the factor per step of the inputs' gradient ("deep", "single"), and of the last layer's ("top")."""
        curves = {"deep": self.curves["whole"], "top": self.top.log10_norms["hidden"]}
        curves["single"] = self.curves.get("single", self.curves["whole"])
        return {name: judge(norms).log10_factor for name, norms in curves.items()}

    @property
    def log10_early(self) -> float:
        """log10 of the share of dL/dx_1's norm that comes through the backward direction, where there is one."""
        return float(self.curves["backwards"][0] - self.curves["whole"][0])

    @property
    def ways(self) -> int:
        """How many ways lead down through the layers, from step T to step 1."""
        return comb(self.experiment.sequence_length + self.experiment.num_layers - 2, self.experiment.num_layers - 1)


def _relative(norms: Array, start: float) -> Array:
    """Norms relative to one of them; nan where that one is zero and nothing can be compared with it."""
    return norms - start if np.isfinite(start) else np.full_like(norms, np.nan)


#: The cells of which a stack can be made.
LAYERED = cells_where(lambda cell: not cell.feeds_back_output)


@remembered
def depth_answer(experiment: Experiment) -> DepthAnswer:
    """Answer for a cell of LAYERED."""
    shown = fewer_sequences(experiment, _LARGEST)
    with COMPUTING:
        single = run(replace(shown, num_layers=1, bidirectional=False))
        return DepthAnswer(trace=run(shown), single=single, asked=experiment.batch_size)
