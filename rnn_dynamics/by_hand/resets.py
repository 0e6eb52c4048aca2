"""Which order of the GRU's reset loses more of the gradient: before W_hn multiplies the state, or after it."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import numpy as np

from rnn_dynamics.by_hand.arrays import Array
from rnn_dynamics.by_hand.example import Example, make_example
from rnn_dynamics.engine.verdict import log10_factor_per_step
from rnn_dynamics.experiment import Experiment

#: log10 of factors that differ by rounding alone.
_SAME = 1e-9


@dataclass(frozen=True, kw_only=True)
class Resets:
    """The same GRUs in both orders.

    experiment: that of the first. seeds: of all K. before, after: (K,) log10 of the factor per step of ‖dL/dh_t‖ with
    the reset before the product, and after it.
    """

    experiment: Experiment
    seeds: range
    before: Array
    after: Array

    @property
    def networks(self) -> int:
        """How many there are."""
        return len(self.seeds)

    @property
    def last_seed(self) -> int:
        """That of the last network."""
        return self.seeds[-1]

    @property
    def after_loses(self) -> int:
        """In how many of them more of the gradient is lost with the reset after the product."""
        return int((self.before - self.after > _SAME).sum())

    @property
    def before_loses(self) -> int:
        """In how many with the reset before it."""
        return int((self.after - self.before > _SAME).sum())

    @property
    def loses(self) -> str:
        """Which order loses more in all of them, "before" or "after"; else "both", each in some, or "neither"."""
        if self.networks in (self.after_loses, self.before_loses):
            return "after" if self.after_loses else "before"
        return "both" if self.after_loses or self.before_loses else "neither"


def compare_resets(experiment: Experiment, seeds: range, gradients_of: Callable[..., Array]) -> Resets:
    """Compare both orders in a GRU of every seed.

    Args:
        experiment: what the networks have in common; see `make_example` for what can be asked.
        seeds: a network each.
        gradients_of: as `against_torch.gru_gradients`.
    """
    examples = [make_example(replace(experiment, seed=seed)) for seed in seeds]
    before, after = (_factors(examples, gradients_of, reset_before) for reset_before in (True, False))
    return Resets(experiment=replace(experiment, seed=seeds[0]), seeds=seeds, before=before, after=after)


def _factors(examples: Sequence[Example], gradients_of: Callable[..., Array], reset_before: bool) -> Array:
    gradients = gradients_of(examples, reset_before=reset_before)
    return log10_factor_per_step(np.log10(np.linalg.norm(gradients, axis=(2, 3))).T)
