"""What the gradient through a given network says, in numbers: a finding for each layer and direction.

Errors travel from the last step to the first, and in a direction that reads in reverse from the first to the last; lags
are counted along that way, from the step at which the first error arrives. Factor and horizon are those of dL/dh_t
(total), of an LSTM of dL/dh_t and dL/dc_t together, of a coRNN of dL/dh_t and dL/dz_t, over all sequences and units,
of the last error alone that arrives at a layer; see `last_error` and `carried`.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import NDArray

from rnn_dynamics.engine.cells import Cell
from rnn_dynamics.engine.run_network import NetworkLayer, NetworkTrace
from rnn_dynamics.engine.theory import largest_singular_value, memory_of, spectral_radius
from rnn_dynamics.engine.through_time.stack import suffix
from rnn_dynamics.engine.trace import WHOLE_WITHIN
from rnn_dynamics.engine.verdict import Verdict, judge
from rnn_dynamics.own.asked import AnyErrors, asked_of
from rnn_dynamics.own.carried import carried, state_of
from rnn_dynamics.own.formats import Stored, stored
from rnn_dynamics.own.last_error import Single, along, at_the_end, by_lag, last_errors

Array = NDArray[np.float64]
#: The outcomes of a gradient with which nothing is wrong; "none" is that of a single step, over which nothing travels.
SOUND = ("holds", "none")


@dataclass(frozen=True, kw_only=True, eq=False)
class ByLag:
    """How much of dL/dW_hh comes from which lag.

    Attributes:
        shares: (L,), ⟨G_t, dL/dW_hh⟩ / ‖dL/dW_hh‖² of the step at each lag, lag 0 first; they add up to 1, and may be
            negative. Where errors arrive at several steps, lags count the steps from the last of them, and what comes
            from a step belongs to no single lag.
    """

    shares: Array

    @property
    def within(self) -> Array:
        """(L,), the sum of the shares of the lags up to each."""
        return np.asarray(np.cumsum(self.shares))

    @property
    def whole(self) -> int:
        """The lag from which on that sum stays within WHOLE_WITHIN of 1."""
        away = np.flatnonzero(np.abs(self.within - 1.0) > WHOLE_WITHIN)
        return int(away[-1]) + 1 if len(away) else 0

    @property
    def groups(self) -> tuple[tuple[int, int, float], ...]:
        """(first lag, last lag, their share together), of the lags 0, 1 to 9, 10 to 99, and so on."""
        lags = len(self.shares)
        edges = [0, *(10**k for k in range(len(str(lags - 1)) + 1) if 10**k < lags), lags]
        pairs = pairwise(edges)
        return tuple((first, end - 1, float(self.shares[first:end].sum())) for first, end in pairs if first < end)


@dataclass(frozen=True, kw_only=True, eq=False)
class Judged:
    """What one layer of a network says in one direction, as far as a picture says it at once.

    Attributes:
        name: of the network among others, "" where nobody has named it.
        cell: the architecture.
        layer: from 0.
        reverse: whether it reads the steps from the last to the first.
        layers, directions: how many its network has.
        steps: T.
        verdict: outcome, log10 of the factor per step and horizon of the state's gradient (`state`), along the way of
            the error, from the step at which it arrives; see `engine.verdict`.
        arrive: at how many of the steps errors arrive, from the loss or from the layer above.
        alone: whether the verdict, and what is said of the additive path, is of the last of them alone; False where it
            is of all together, as it is where nobody has told the errors.
        travelled: over how many steps that way leads, at most T − 1.
        log10_path: log10 of ‖what arrived along the additive path alone‖ / ‖all‖, of the state that has such a path
            (LSTM dL/dc_t, GRU dL/dh_t), at the end of that way: a ratio of norms, not a share of a sum, and it may be
            above 1. nan where the cell has no such path, or nothing arrived.
        keeps: the mean of the gate that keeps the state, over steps, sequences and units; nan where there is none.
    """

    name: str
    cell: Cell
    layer: int
    reverse: bool
    layers: int
    directions: int
    steps: int
    verdict: Verdict
    arrive: int | None
    alone: bool
    travelled: int
    log10_path: float
    keeps: float

    @property
    def state(self) -> str:
        """What the cell carries on, of whose gradient the verdict is: "hₜ", of an LSTM "(hₜ, cₜ)"; see `state_of`."""
        return state_of(self.cell)

    @property
    def sound(self) -> bool:
        """Whether nothing is wrong with it; see `is_sound`."""
        return is_sound(self.verdict)

    @property
    def time_scale(self) -> float:
        """Steps after which 1/e is left of what a gate of the mean `keeps` multiplies at each step: −1 / ln(mean)."""
        return math.nan if math.isnan(self.keeps) else memory_of(self.keeps)


@dataclass(frozen=True, kw_only=True, eq=False)
class Finding(Judged):
    """All that one layer of a network says in one direction.

    Attributes:
        formats: what float16, bfloat16 and float32 would make of the state's gradient, of all errors together.
        by_lag: how much of dL/dW_hh comes from which lag; None where it is zero, or nobody has asked.
        matrix: (H, H), what h is multiplied by where the new state is written: `cell.state_matrix` is its name.
    """

    formats: tuple[Stored, ...]
    by_lag: ByLag | None
    matrix: Array

    @cached_property
    def largest_singular_value(self) -> float:
        """Of `matrix`."""
        return largest_singular_value(self.matrix)

    @cached_property
    def spectral_radius(self) -> float:
        """Of `matrix`."""
        return spectral_radius(self.matrix)


def judged(trace: NetworkTrace, errors: AnyErrors, name: str = "") -> tuple[Judged, ...]:
    """What each layer and direction says at once: `findings` without what takes further runs, or much time, to know.

    Args:
        trace: what `run_network` has answered.
        errors: those that it has sent back. To send back the last alone takes two more runs at most.
        name: of the network.
    """
    made = errors(trace.states) if callable(errors) else errors
    singles = at_the_end(trace, made) or last_errors(asked_of(trace, made), trace)
    each = zip(trace.layers, singles, strict=True)
    return tuple(Judged(**_judgement(trace, layer, single, name)) for layer, single in each)


def findings(trace: NetworkTrace, errors: AnyErrors | None = None, name: str = "") -> tuple[Finding, ...]:
    """What each layer and direction says, in the order of `trace.layers`.

    Args:
        trace: what `run_network` has answered.
        errors: those that it has sent back. To send back the last alone takes two more runs at most, and to learn how
            much of dL/dW_hh comes from which lag another one, unless `trace` knows it: see `by_step` there.
        name: of the network.
    """
    if errors is None:
        return tuple(_finding(trace, layer, None, name) for layer in trace.layers)
    question = asked_of(trace, errors)
    if trace.layers[0].recurrent_shares is None:
        trace = question.run(by_step=True)
    singles = last_errors(question, trace)
    return tuple(_finding(trace, *each, name) for each in zip(trace.layers, singles, strict=True))


def verdicts(singles: Sequence[Single]) -> tuple[Verdict, ...]:
    """The verdict of each layer and direction alone."""
    return tuple(judge(single.norms["state"][::-1]) for single in singles)


def is_sound(verdict: Verdict) -> bool:
    """Whether a gradient holds, and at least 1 % of it is left at the end of its way."""
    return verdict.outcome in SOUND and verdict.horizon is None


def worst(of: Sequence[Verdict]) -> Verdict:
    """The one that is furthest from holding, by its factor per step; a silent one before all others."""
    return max(of, key=lambda verdict: (not is_sound(verdict), distance(verdict)))


def distance(verdict: Verdict) -> float:
    """How many orders of magnitude a step a gradient is from holding; inf for a silent one, 0 for a single step."""
    if math.isnan(verdict.log10_factor):
        return math.inf if verdict.outcome == "silent" else 0.0
    return abs(verdict.log10_factor)


def _finding(trace: NetworkTrace, layer: NetworkLayer, single: Single | None, name: str) -> Finding:
    network, (_, sequences, units) = trace.network, layer.hidden_states.shape
    return Finding(
        **_judgement(trace, layer, single, name),
        formats=stored(by_lag(layer)["state"], sequences * units * len(carried(network.kind))),
        by_lag=_by_lag(layer),
        matrix=network.kind.matrix(network.level(suffix(layer.layer, layer.reverse))),
    )


def _judgement(trace: NetworkTrace, layer: NetworkLayer, single: Single | None, name: str) -> dict[str, Any]:
    """The fields of `Judged`."""
    network, cell, of_lag = trace.network, trace.network.kind, single.norms if single else by_lag(layer)
    norms = of_lag["state"]
    return {
        "name": name,
        "cell": cell,
        "layer": layer.layer,
        "reverse": layer.reverse,
        "layers": network.num_layers,
        "directions": network.directions,
        "steps": len(trace.inputs),
        "verdict": judge(norms[::-1]),
        "arrive": single.arrive if single else None,
        "alone": single.alone if single else False,
        "travelled": len(norms) - 1,
        "log10_path": _log10_path(of_lag),
        "keeps": float(np.nanmean(layer.gates[cell.keeps])) if cell.keeps else math.nan,
    }


def _log10_path(norms: Mapping[str, Array]) -> float:
    """See `Finding`."""
    if "cell_path" not in norms:
        return math.nan
    path, whole = (norms[name][-1] for name in ("cell_path", "cell" if "cell" in norms else "hidden"))
    return float(path - whole) if np.isfinite(whole) else math.nan


def _by_lag(layer: NetworkLayer) -> ByLag | None:
    shares = layer.recurrent_shares
    return None if shares is None or np.isnan(shares).any() else ByLag(shares=along(layer, shares))
