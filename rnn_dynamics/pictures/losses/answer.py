"""Each single loss at every step, what a sum of them hides, and what truncation cuts off, for one network."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from rnn_dynamics.engine.run import run_chunks, run_losses
from rnn_dynamics.engine.trace import LossByTime, LossInChunks
from rnn_dynamics.engine.verdict import Verdict, horizons_from_each_step, judge
from rnn_dynamics.engine.work import each_loss
from rnn_dynamics.executor import computed
from rnn_dynamics.experiment import Experiment
from rnn_dynamics.pictures.kit.answered import OfTrace
from rnn_dynamics.pictures.kit.frames import Array, point_steps
from rnn_dynamics.remembered import remembered

#: What the slider offers; a τ beyond T stands for T.
TRUNCATIONS = ("1", "2", "3", "5", "8", "10", "15", "20", "30", "50", "70", "100", "150", "200")
#: By what is truncated: windows of τ steps, of each loss at every step and of that at the last, or chunks of τ steps.
CUTS = ("every", "last", "chunks")
#: First distance k − t of each bin of the bars; how many bins count as near: at most five steps.
BINS, _NEAR = (0, 1, 3, 6, 11, 21, 51), 3


@dataclass(frozen=True, kw_only=True)
class LossAnswer(OfTrace[LossByTime]):
    """All losses of one network, and with how many sequences the reader has asked for them."""

    asked: int

    @property
    def length(self) -> int:
        """T."""
        return len(self.trace.every)

    @property
    def sums(self) -> Mapping[str, Array]:
        """Name -> (T,), log10 gradients of the loss at every step and of that at the last step alone."""
        return {"every": self.trace.every, "last": self.trace.last}

    @cached_property
    def verdicts(self) -> Mapping[str, Verdict]:
        """What the curves of both say."""
        return {name: judge(norms) for name, norms in self.sums.items()}

    @property
    def shown(self) -> NDArray[np.int64]:
        """The steps that are drawn, of losses and of time."""
        return point_steps(self.length)

    @property
    def marked(self) -> int:
        """The loss whose curve is drawn as long as no other is pointed at."""
        return int(self.shown[len(self.shown) // 2])

    @cached_property
    def single(self) -> Mapping[int, Verdict]:
        """Step k of a loss that is drawn -> what its curve says, back from its own step."""
        return {k: judge(self.trace.log10_norms[k - 1, :k]) for k in self.shown.tolist()}

    @cached_property
    def median_horizon(self) -> int | None:
        """After how many steps half of the losses are down to 1 %; None where at least half of them never are."""
        lags = np.sort(horizons_from_each_step(self.trace.log10_norms))
        median = lags[(self.length - 1) // 2]
        return None if median == np.inf else int(median)

    @property
    def half(self) -> int:
        """The last step of the first half, whose steps have as many losses ahead."""
        return -(-self.length // 2)

    @cached_property
    def binned(self) -> Array:
        """Shares in per cent, summed over the bins of k − t that T has: (bins, T); nan where nothing arrives."""
        return 100.0 * self.trace.shares_by_distance(BINS)

    @cached_property
    def near_share(self) -> float:
        """Of what arrives at the steps of the first half, how much comes from at most five steps ahead, in per cent.

        Shares are projections, so that those from near and those from far may be on different sides of 0.
        """
        return float(self.binned[:_NEAR, : self.half].sum(axis=0).mean())

    def within(self, truncation: str) -> int:
        """The reader's τ, at most T."""
        return min(int(truncation), self.length)

    def cut(self, truncation: str) -> "Cut":
        """What the reader's truncation leaves of dL/dW_hh."""
        return Cut(self, int(np.searchsorted(self.trace.truncations, self.within(truncation))))

    def left(self, by: str) -> Mapping[str, Array]:
        """What a truncation, one of CUTS, leaves of dL/dW_hh: log10_error and angle over τ; nan without any."""
        of, loss = (_in_chunks(self.trace.experiment), "every") if by == "chunks" else (self.trace, by)
        return {"log10_error": of.log10_errors[loss], "angle": of.angles[loss]}


@dataclass(frozen=True)
class Cut:
    """What one truncation τ leaves: one of CUTS -> log10_error and angle. `at`: its place among those of the answer."""

    answer: LossAnswer
    at: int

    def __getitem__(self, by: str) -> Mapping[str, float]:
        """Of that one."""
        return {what: float(of[self.at]) for what, of in self.answer.left(by).items()}


def truncations_for(length: int) -> tuple[int, ...]:
    """The truncation lengths of the curves: those of the slider below T, and T."""
    return (*(int(text) for text in TRUNCATIONS if int(text) < length), length)


@remembered
def loss_answer(experiment: Experiment) -> LossAnswer:
    """Answer for one experiment; what it says of the loss does not matter."""
    trace = computed(run_losses, each_loss(experiment), truncations_for(experiment.sequence_length))
    return LossAnswer(trace=trace, asked=experiment.batch_size)


@remembered
def _in_chunks(experiment: Experiment) -> LossInChunks:
    """The same losses, walked back in chunks: asked for where chunks are shown alone."""
    return computed(run_chunks, experiment, truncations_for(experiment.sequence_length))
