"""What is answered: a frozen record of one experiment, a family, a gradient's parts, the Jacobians, a shape's edges."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, fields, replace
from functools import cached_property
from itertools import product
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from rnn_dynamics.experiment import Experiment

Array = NDArray[np.float64]
Scalar = TypeVar("Scalar", bound=np.generic)

#: How near the running sum of a gradient's shares stays to 1 once it is said to be the whole.
WHOLE_WITHIN = 0.01
#: Of an error in a direction that survives, at least this share is left.
SURVIVES = 0.01
#: An exponent that is zero is found to be this small by rounding.
_ROUNDING = 1e-12
_LN_10 = math.log(10.0)


@dataclass(frozen=True, kw_only=True)
class Rounded:
    """What every answer says of its own digits.

    Attributes:
        log10_rounding: log10 of the relative error to expect in each norm, and in the loss, when another program, or
            this one with other sums, computes the same in float64; from how far the gradient grows, see
            `through_time.rounding`. Above 0 the norms may differ by that many orders of magnitude or more.
    """

    log10_rounding: float

    @property
    def digits(self) -> int:
        """How many digits of the norms and of the loss are the same in another program, at least."""
        return max(0, math.floor(-self.log10_rounding))


@dataclass(frozen=True, kw_only=True)
class UnitGradients:
    """The gradient of every single unit at every step, however small or large; arrays are read-only.

    Attributes:
        mantissas: (T, N, H) float64; of the inputs (T, N, D).
        exponents: (T,) integers: the gradient is mantissas × 2^exponents of its step.
    """

    mantissas: Array
    exponents: NDArray[np.int64]

    @property
    def values(self) -> Array:
        """The gradient as plain float64: 0 below 5e-324, with fewer digits below 2e-308, inf beyond 1.8e308."""
        with np.errstate(over="ignore"):
            return np.ldexp(self.mantissas, self.exponents[:, None, None])

    @property
    def log10(self) -> Array:
        """log10 of each one's size; -inf where it is exactly zero."""
        with np.errstate(divide="ignore"):
            return np.asarray(np.log10(np.abs(self.mantissas)) + self.exponents[:, None, None] * math.log10(2.0))


@dataclass(frozen=True, kw_only=True)
class LayerNorms(Rounded):
    """The gradients of one layer in one direction, in the order of time.

    Attributes:
        layer: from 0, the one that reads the inputs.
        reverse: whether it reads the steps from the last to the first.
        log10_norms: each (T,): "hidden", "cell", "velocity" and "cell_path" as in `Trace`, and "input", the part of the
            gradient of what the layer reads that comes through this direction.
    """

    layer: int
    reverse: bool
    log10_norms: Mapping[str, Array]


@dataclass(frozen=True, kw_only=True)
class LayerTrace(LayerNorms):
    """One layer in one direction, in the order of time; arrays as in `Trace`.

    Attributes:
        hidden_states, cell_states: (T+1, N, H). If it reads in reverse, its initial state stands in the last row, and
            row t − 1 is what it knows after step t.
        log_normalisers, velocities: likewise.
        gates: each (T, N, H).
        unit_gradients: "hidden", "cell", "velocity" and "input" as of `log10_norms`, and "normaliser", of every single
            unit; empty unless `run` was asked to keep them.
    """

    hidden_states: Array
    cell_states: Array | None
    gates: Mapping[str, Array]
    unit_gradients: Mapping[str, UnitGradients] = field(default_factory=dict)
    log_normalisers: Array | None = None
    velocities: Array | None = None

    @property
    def norms(self) -> LayerNorms:
        """Its gradients alone."""
        return LayerNorms(**{of.name: getattr(self, of.name) for of in fields(LayerNorms)})


@dataclass(frozen=True, kw_only=True)
class Norms(Rounded):
    """The gradients of one network without its states: a hundredth of the memory of its `Trace`; all else as there."""

    experiment: Experiment
    parameter_count: int
    log10_norms: Mapping[str, Array]
    layers: tuple[LayerNorms, ...]


@dataclass(frozen=True, kw_only=True)
class Trace(Rounded):
    """The answer to one Experiment. T steps, N sequences, D inputs, H units; all arrays are float64 and read-only.

    Attributes:
        experiment: the question.
        parameters: torch.nn's names and gate order: weight_ih_l0 (G·H, D), weight_hh_l0 (G·H, H), bias_ih_l0 and
            bias_hh_l0 (G·H,), with G = 1 for rnn, 4 for lstm and slstm (i, f, g, o), 3 for gru (r, z, n). The
            weight scale is in. For jordan weight_hh_l0 is (H, D_out), for cornn (H, 2H). A cell without W_hh has
            weight_ih_l0 and bias_ih_l0 alone, lru beside them nu_log_l0 and gamma_log_l0 (⌈H/2⌉,) and theta_log_l0
            (⌊H/2⌋,), ssm A_log_l0 (H,). Without `bias` there are no biases. Further layers and directions: _l1,
            _l0_reverse, and so on.
        gradients: dL/d(parameter), same names and shapes; inf where one is beyond float64's 10^308. Empty if `run` was
            asked to leave them out.
        inputs: (T, N, D), what was read.
        readout: (D_out, H), linear read-out of the loss; (D_out, 2H) in both directions. It counts as a constant.
        targets: (N, D_out), or (T, N, D_out) for a loss at every step.
        loss: half the mean of (readout @ h_t − target)² over sequences and outputs, and over t for "every"; inf where
            it is beyond float64's 10^308, as the states of a ReLU network may bring it.
        hidden_states: (T+1, N, H), row 0 the initial state; here and below of the last layer, forwards.
        cell_states: (T+1, N, H) for the LSTM, and for the sLSTM of c/n, what reaches h; else None.
        log_normalisers: (T+1, N, H), ln n of the sLSTM, −inf where nothing has been read; else None.
        velocities: (T+1, N, H), z of the coRNN, whose h is its y; else None.
        gates: each (T, N, H): LSTM "i", "f", "g", "o"; GRU "r", "z", "n"; empty for the RNN.
        log10_norms: each (T,), for t = 1 .. T: log10 of the norm over sequences and features of "input" dL/dx_t,
            "hidden" dL/dh_t (total), "cell" dL/dc_t (LSTM), "velocity" dL/dz_t (coRNN), "cell_path"
            the part of the state's gradient that arrived along the additive path alone (LSTM ∏ f, GRU ∏ z). -inf where
            the gradient is exactly zero; the one other case is an LSTM of which every cell state has passed ±372, where
            float64 has no 1 − tanh²(c).
        unit_gradients: "input" dL/dx_t, "hidden" dL/dh_t, "cell" dL/dc_t, of the sLSTM "normaliser" dL/d ln n_t and
            of the coRNN "velocity" dL/dz_t, of every single unit; empty unless `run` was asked to keep them.
        layers: the same of each layer and direction, the first layer first, forwards before backwards.
    """

    experiment: Experiment
    parameters: Mapping[str, Array]
    gradients: Mapping[str, Array]
    inputs: Array
    readout: Array
    targets: Array
    loss: float
    hidden_states: Array
    cell_states: Array | None
    gates: Mapping[str, Array]
    log10_norms: Mapping[str, Array]
    layers: tuple[LayerTrace, ...]
    unit_gradients: Mapping[str, UnitGradients] = field(default_factory=dict)
    log_normalisers: Array | None = None
    velocities: Array | None = None

    @property
    def norms(self) -> Norms:
        """Its gradients alone, for who keeps many."""
        kept = {of.name: getattr(self, of.name) for of in fields(Norms)}
        return Norms(**kept | {"layers": tuple(layer.norms for layer in self.layers)})

    @property
    def parameter_count(self) -> int:
        """How many numbers training would change in the layers; the read-out is not among them."""
        return sum(values.size for values in self.parameters.values())


@dataclass(frozen=True, kw_only=True)
class FamilyTrace:
    """The answers to a whole family of experiments, M of them, from one pass; arrays are float64 and read-only.

    The fields are those of `Trace` with one leading axis of length M. States and gates are not kept: M of them are
    what a chart never shows and a small machine cannot hold; `run(family.experiments[m])` gives them for one.

    Attributes:
        experiment: what all members have in common.
        weight_scales: of the members.
        seeds: likewise; for each weight scale, each seed is one of the M members.
        loss: (M,).
        log10_norms: each (M, T), named as in `Trace`.
        log10_rounding: (M,), see `Rounded`; for an LSTM with saturated cells, of programs that keep digits there.
    """

    experiment: Experiment
    weight_scales: tuple[float, ...]
    seeds: tuple[int, ...]
    loss: Array
    log10_norms: Mapping[str, Array]
    log10_rounding: Array

    @cached_property
    def experiments(self) -> tuple[Experiment, ...]:
        """The M questions, scales outermost; made when they are asked for: 25 of them cost a tenth of their answer."""
        members = product(self.weight_scales, self.seeds)
        return tuple(replace(self.experiment, weight_scale=scale, seed=seed) for scale, seed in members)

    @property
    def digits(self) -> NDArray[np.int64]:
        """(M,), see `Rounded`."""
        return np.maximum(0, np.floor(-self.log10_rounding)).astype(np.int64)


@dataclass(frozen=True, kw_only=True)
class PathSplit(Rounded):
    """The gradient of the LSTM's cell state (GRU: of its state) as an exact sum of vectors, total = path + rest.

    All arrays are float64, read-only and (T,), for t = 1 .. T.

    Attributes:
        experiment: the question.
        total: log10 of the norm of dL/dc_t (GRU: dL/dh_t).
        path: the same of the part that arrived along the additive path alone, ∏ f (GRU: ∏ z).
        rest: the same of total − path: all that passed through a gate or the candidate at least once. It has float64's
            digits relative to the larger of total and path.
        cosine: of the angle between path and rest; nan where one of them is zero, as the rest is at step T.
    """

    experiment: Experiment
    total: Array
    path: Array
    rest: Array
    cosine: Array

    @property
    def of_total(self) -> dict[str, float]:
        """log10 of the norm of the path at step 1, and of the sum of both norms, against the total's there."""
        path, rest = (float(part[0] - self.total[0]) for part in (self.path, self.rest))
        return {"path": path, "sum": float(np.log10(10.0**path + 10.0**rest))}

    @property
    def difference(self) -> float:
        """The largest norm of the rest against the total's at the same step."""
        return float(10.0 ** (self.rest - self.total).max())


@dataclass(frozen=True, kw_only=True)
class LagSplit(Rounded):
    """The gradient of the recurrent weights as a sum over time steps, dL/dW_hh = Σ_t G_t, G_t = delta_t h_{t−1}ᵀ.

    G_t is summed over the batch. With the loss at the last step, it is what arrived over the lag T − t. A loss at every
    step sends an error from each step onwards: G_t then still belongs to step t, but to no single lag.
    All arrays are float64, read-only and (T,), for t = 1 .. T.

    Attributes:
        experiment: the question.
        total: log10 ‖dL/dW_hh‖ (Frobenius); -inf where the gradient is exactly zero.
        step: log10 ‖G_t‖. -inf at t = 1 where h_0 = 0.
        truncated: log10 of the norm of G_t + … + G_T, the gradient that backpropagation truncated after lag T − t sees;
            `total` at t = 1. Where the sum has cancelled it has float64's digits relative to its largest term.
        share: ⟨G_t, dL/dW_hh⟩ / ‖dL/dW_hh‖², sums to 1 over t; may be negative; nan where the gradient is zero.
        cumulative_share: the sum of the shares of the steps t .. T; 1 at t = 1.
    """

    experiment: Experiment
    total: float
    step: Array
    truncated: Array
    share: Array
    cumulative_share: Array

    @property
    def lag_of_whole(self) -> int | None:
        """The lag from which on the running sum stays within WHOLE_WITHIN of 1; None where the gradient is zero."""
        if not math.isfinite(self.total):
            return None
        away = np.flatnonzero(np.abs(self.cumulative_share[::-1] - 1.0) > WHOLE_WITHIN)
        return int(away[-1]) + 1 if len(away) else 0

    @property
    def middle(self) -> int:
        """The lag in the middle of the sequence."""
        return len(self.step) // 2

    @property
    def log10_of_middle(self) -> float:
        """log10 of the norm of the part at the lag `middle`, relative to the whole; nan where the gradient is zero."""
        part = self.step[len(self.step) - 1 - self.middle]
        return float(part - self.total) if math.isfinite(self.total) else math.nan

    @property
    def largest_share(self) -> float:
        """The highest that the running sum reaches; nan where the gradient is zero."""
        return float(np.max(self.cumulative_share))

    @property
    def cancels(self) -> bool:
        """Whether the running sum goes beyond the whole, so that later parts point against it."""
        return self.largest_share > 1.0 + WHOLE_WITHIN


@dataclass(frozen=True, kw_only=True)
class LossByTime(Rounded):
    """The error of each single loss at each time step, and what truncated backpropagation makes of their sum.

    The loss at every step is L = Σ_k L_k, with L_k half the sum of (readout @ h_k − target_k)² over sequences and
    outputs, divided by T·N·D_out. All arrays are read-only; k and t run from 1 to T.

    Attributes:
        experiment: the question, with a loss at every step.
        steps: (K,) integers, rising: the steps k whose losses were asked for, all T unless named.
        log10_norms: (K, T), row k, column t: log10 ‖∂L_k/∂h_t‖ (total); -inf for t > k, which L_k does not depend on.
        shares: (K, T) likewise: ⟨∂L_k/∂h_t, dL/dh_t⟩ / ‖dL/dh_t‖². Over all T losses each column sums to 1; shares may
            be negative; nan where dL/dh_t is zero. Norms do not add up, these do.
        every: (T,), log10 ‖dL/dh_t‖ of L.
        last: (T,), the same of the loss at the last step alone, as `run` has it: with targets of its own, and divided
            by N·D_out.
        truncations: (M,) integers, rising: over how many steps τ the error of each loss is carried back, its own step
            included. Every loss has a window of τ steps of its own. Training in chunks of τ steps is another thing, see
            `LossInChunks`.
        log10_errors: "every" and "last" -> (M,), log10 of ‖G_τ − G‖ / ‖G‖ (Frobenius), with G the gradient of the
            recurrent weights, of the losses at `steps` together and of the loss at the last step alone, and G_τ what
            is left of it; -inf for τ = T, and wherever nothing is left out; nan where G is zero.
        angles: "every" and "last" -> (M,), between G_τ and G, in degrees; nan where one of them is zero.
        sufficient: "every" and "last" -> the smallest τ from which on the error is at most 1 %, asked for or not: among
            the truncations, and all numbers between the last that is too short and the next; of a large network some
            of these numbers, ever closer. None where G is zero.
    """

    experiment: Experiment
    steps: NDArray[np.int64]
    log10_norms: Array
    shares: Array
    every: Array
    last: Array
    truncations: NDArray[np.int64]
    log10_errors: Mapping[str, Array]
    angles: Mapping[str, Array]
    sufficient: Mapping[str, int | None]

    def shares_by_distance(self, firsts: Sequence[int]) -> Array:
        """The shares, summed over the losses whose distance k − t is in the same group.

        Args:
            firsts: the first distance of each group, rising from 0; the last group has no end.

        Returns:
            (groups, T), of as many groups as some loss is in; nan where dL/dh_t is zero.
        """
        distances = self.steps[:, None] - np.arange(1, len(self.every) + 1)
        groups = np.digitize(distances, firsts) - 1
        before, (count, length) = groups >= 0, (groups.max() + 1, len(self.every))
        places = groups * length + np.arange(length)
        # One sum for all groups: to go over all shares for each of them takes five times as long.
        summed = np.bincount(places[before], weights=self.shares[before], minlength=count * length)
        return np.asarray(summed.reshape(count, length), dtype=np.float64)

    @property
    def log10_norm_ratio(self) -> float:
        """log10 of (the norms of the losses' errors at step 1, added up / ‖dL/dh_1‖): by how much they cancel."""
        added = np.logaddexp.reduce(self.log10_norms[:, 0] * _LN_10) / _LN_10
        return float(added) - float(self.every[0])


@dataclass(frozen=True, kw_only=True)
class LossInChunks:
    """What backpropagation in chunks makes of a loss: the state is detached after every τ steps.

    Every chunk 1 .. τ, τ + 1 .. 2τ and so on is walked back by itself, the last one is as long as what is left. So it
    cuts at fixed places, and a loss just behind a cut is carried back over a single step.

    Attributes:
        experiment: the question, with a loss at every step.
        steps: (K,) integers, rising: the steps whose losses were asked for, all T unless named.
        truncations: (M,) integers, rising: τ, the steps of a chunk.
        log10_errors: "every" and "last" -> (M,), as in `LossByTime`: log10 of ‖G_τ − G‖ / ‖G‖, of the losses at `steps`
            together and of the loss at the last step alone; -inf too where the error is below 10^−13, which may be
            rounding.
        angles: likewise, between G_τ and G, in degrees; nan where one of them is zero.
    """

    experiment: Experiment
    steps: NDArray[np.int64]
    truncations: NDArray[np.int64]
    log10_errors: Mapping[str, Array]
    angles: Mapping[str, Array]


@dataclass(frozen=True, kw_only=True)
class RunTime:
    """How long one answer took.

    Attributes:
        experiment: the question.
        forward: seconds of the forward pass.
        backward: seconds of the way back, the gradients of all parameters included.
        parameters: how many numbers the network has that are learned, the constant read-out apart.
    """

    experiment: Experiment
    forward: float
    backward: float
    parameters: int


@dataclass(frozen=True, kw_only=True)
class PhaseRow:
    """How fast the gradient grows or decays at one input strength, for S weight scales, in the mean of K networks.

    All arrays are float64 and read-only.

    Attributes:
        experiment: the question, with the row's `input_scale`; its own weight scale and seed are not used.
        weight_scales: the S weight scales.
        seeds: of the K networks.
        log10_norms: (S, T), for t = 1 .. T: log10 ‖dL/dh_t‖, the mean over the networks.
        log10_factors: (S,), log10 of the factor per step back in time of ‖dL/dh_t‖ (see `log10_factor_per_step`), the
            mean over the networks. -inf where a network's gradient is exactly zero at the longer of these lags.
        log10_factors_by_seed: (K, S), the same of each network.
        digits_by_seed: (K, S) integers, how many digits of its norms another program shares, see `Rounded`.
    """

    experiment: Experiment
    weight_scales: tuple[float, ...]
    seeds: tuple[int, ...]
    log10_norms: Array
    log10_factors: Array
    log10_factors_by_seed: Array
    digits_by_seed: NDArray[np.int64]

    @property
    def is_zero(self) -> bool:
        """Whether the factor is zero at every weight scale."""
        return bool(np.isneginf(self.log10_factors).all())

    @property
    def largest(self) -> float:
        """log10 of the largest of the factors; -inf where there is none."""
        return float(np.nanmax(self.log10_factors, initial=-np.inf))

    def at(self, weight_scale: float) -> dict[str, float]:
        """log10 of the factor at one of the weight scales: "factor", the mean, "low" and "high" of single networks."""
        column = self.weight_scales.index(weight_scale)
        each = self.log10_factors_by_seed[:, column]
        return {"factor": float(self.log10_factors[column]), "low": float(each.min()), "high": float(each.max())}


@dataclass(frozen=True, kw_only=True)
class Laws:
    """What a product of Jacobians would be if each step had the same factor, by each of four laws.

    Attributes:
        lags: (L,), as in `JacobianTrace`.
        eigenvalues: complex, "weights" (H,) of the state matrix and "mean" (S,) of the mean of the Jacobians.
        singular_values: (H,), of the state matrix, sorted downwards.
        exponent: the largest Lyapunov exponent, natural logarithm per step.
    """

    lags: NDArray[np.int64]
    eigenvalues: Mapping[str, NDArray[np.complex128]]
    singular_values: Array
    exponent: float

    @cached_property
    def log10_moduli(self) -> Array:
        """(H + S,), log10 |λ| of all eigenvalues, in their order."""
        with np.errstate(divide="ignore"):
            return np.asarray(np.log10(np.abs(np.concatenate(list(self.eigenvalues.values())))))

    @cached_property
    def factors(self) -> dict[str, float]:
        """log10 of each factor per step: bound (σ_max), radius (ρ) and mean (ρ of the mean Jacobian), exponent (e^λ₁).

        nan where the exponent is not resolved.
        """
        largest = [self.singular_values[0], *(np.abs(of).max() for of in self.eigenvalues.values())]
        with np.errstate(divide="ignore"):
            bound, radius, mean = np.log10(largest).tolist()
        return {"bound": bound, "radius": radius, "exponent": self.exponent / _LN_10, "mean": mean}

    @cached_property
    def lines(self) -> dict[str, Array]:
        """(L,), log10 of each factor over each lag; 0 steps are a factor of 1, whatever it is."""
        return {
            name: np.multiply(self.lags, of, out=0.0 * self.lags, where=self.lags > 0)
            for name, of in self.factors.items()
        }

    @property
    def over(self) -> dict[str, float]:
        """The same over the longest lag."""
        return {name: float(line[-1]) for name, line in self.lines.items()}


@dataclass(frozen=True, kw_only=True)
class JacobianTrace(Rounded):
    """The factors whose product the gradient is, for the first sequence of the batch; arrays are read-only.

    The state s is h for rnn and gru, S = H numbers, and [h | c] for the LSTM, [y | z] for the coRNN, S = 2H. Rows are
    outputs.

    Attributes:
        experiment: the question.
        state_matrix: (H, H), the block of weight_hh_l0 that writes the new state (W_hh, W_hg, W_hn), weight scale
            included; of lru Λ, which multiplies its complex units, of cornn W, the half that multiplies y.
        steps: (K,) integers, rising: the steps t whose Jacobians are kept, all T unless named.
        jacobians: (K, S, S), J_t = ∂s_t/∂s_{t−1} for these t.
        lags: (L,) integers, rising.
        log10_singular_values: (L, S), of ∂s_T/∂s_{T−lag}, sorted downwards, so that the first is log10 of its spectral
            norm. nan below 1e-14 times the largest, where there is only rounding; -inf where the product is zero.
        lyapunov_exponents: (S,), or as many of the largest as were asked for: natural logarithm per step, sorted
            downwards, the mean over t = 1 .. T − T // 5: the walk back needs the last fifth to turn into place. nan
            where a step shrinks a direction below the rounding of the others; -inf where it loses one.
        lyapunov_spread: as many, how far each can be trusted: plus or minus so much holds 95 % of such means, judged by
            how they differ over four blocks of time. nan where the exponent is not finite, and for a single step.
        mean_slope: mean of the activation's derivative over units and steps, for rnn and jordan; lru: 1; else nan.
    """

    experiment: Experiment
    state_matrix: Array
    steps: NDArray[np.int64]
    jacobians: Array
    lags: NDArray[np.int64]
    log10_singular_values: Array
    lyapunov_exponents: Array
    lyapunov_spread: Array
    mean_slope: float

    @property
    def size(self) -> int:
        """S."""
        return int(self.log10_singular_values.shape[1])

    @property
    def log10_norms(self) -> Array:
        """(L,), log10 of the spectral norm of ∂s_T/∂s_{T−lag}."""
        return self.log10_singular_values[:, 0]

    @property
    def laws(self) -> Laws:
        """What the product would be if each step had the same factor; the mean is of the Jacobians that are kept."""
        matrices = {"weights": self.state_matrix, "mean": self.jacobians.mean(axis=0)}
        return Laws(
            lags=self.lags,
            eigenvalues={name: np.linalg.eigvals(matrix).astype(complex) for name, matrix in matrices.items()},
            singular_values=np.asarray(np.linalg.svd(self.state_matrix, compute_uv=False), dtype=float),
            exponent=float(self.lyapunov_exponents[0]),
        )

    @property
    def missing(self) -> dict[str, int]:
        """How many exponents are "unresolved", not told from rounding, and how many "lost", −∞."""
        exponents = self.lyapunov_exponents
        return {"unresolved": int(np.isnan(exponents).sum()), "lost": int(np.isneginf(exponents).sum())}

    @property
    def ended(self) -> tuple[int, int]:
        """The first lag at which singular values are not told from rounding, and how many at the longest; or zeros."""
        ended = np.isnan(self.log10_singular_values).sum(axis=1)
        return (int(self.lags[(ended > 0).argmax()]), int(ended[-1])) if ended.any() else (0, 0)

    @property
    def positive(self) -> tuple[int, int]:
        """How many exponents are above 0 even at the lower end of their spread, and how many at its upper end."""
        exponents = self.lyapunov_exponents
        spread = np.where(np.isfinite(exponents), np.nan_to_num(self.lyapunov_spread, nan=np.inf), 0.0)
        return int((exponents - spread > _ROUNDING).sum()), int((exponents + spread > _ROUNDING).sum())

    @property
    def survivors(self) -> int:
        """In how many of the S directions more than SURVIVES of an error is left over the longest lag."""
        return int((self.log10_singular_values[-1] > np.log10(SURVIVES)).sum())


@dataclass(frozen=True, kw_only=True)
class Edge:
    """One arrow a -> b of an unrolled network, and the gradient that flows back through it.

    Attributes:
        source, target: names of a and b, as in `ShapeTrace`.
        weights: the matrix on the way, "W_ih", "W_hh" or "W_ho", a decoder's "V_ih", "V_hh" or "V_ho"; "" from an
            output to the loss. With gates the step from state to state has more ways than its matrix: all of them
            count.
        log10_norm: log10 of the norm, over batch and features, of (∂b/∂a)ᵀ dL/db, what b contributes to dL/da. Of the
            LSTM's state it is the norm of h's and c's contributions together. -inf where it is exactly zero.
    """

    source: str
    target: str
    weights: str
    log10_norm: float


@dataclass(frozen=True, kw_only=True)
class SharedMatrix:
    """A matrix that edges of an unrolled network share, and its gradient, which is the sum of theirs.

    Attributes:
        weights: its name, as an `Edge` has it: a letter and a kind, "ih", "hh" or "ho".
        gradient: dL/dW, of the shape of W.
        edges: those that carry it, from the largest gradient through an edge to the smallest.
    """

    weights: str
    gradient: Array
    edges: tuple[Edge, ...]

    @property
    def uses(self) -> int:
        """How many edges carry it."""
        return len(self.edges)

    @property
    def largest(self) -> Edge:
        """The edge with the largest gradient."""
        return self.edges[0]

    @property
    def smallest(self) -> Edge:
        """The edge with the smallest one."""
        return self.edges[-1]

    @property
    def log10_gradient(self) -> float:
        """log10 of the norm of dL/dW (Frobenius)."""
        with np.errstate(divide="ignore"):
            return float(np.log10(np.linalg.norm(self.gradient)))

    @property
    def log10_ratio(self) -> float:
        """log10 of the largest gradient through an edge over the smallest one; nan where both are zero."""
        return self.largest.log10_norm - self.smallest.log10_norm


@dataclass(frozen=True, kw_only=True)
class ShapeTrace(Rounded):
    """The answer to one shape of recurrence: S steps in all, K of which have an output; see `shapes` for the shapes.

    Nodes have names: x1, x2 .. what is read, h1, h2 .. the states, y1, y2 .. the outputs, L the loss; h0 the initial
    state, zero. In the encoder–decoder the decoder's states are s1, s2 .., and y0 is its start symbol, zero.
    All arrays are float64 and read-only.

    Attributes:
        experiment: the question, with `loss_at` as the shape has it, and one step for "one-to-one".
        shape: key of `SHAPES`.
        parameters: as in `Trace`; "readout" (D_out, H); the decoder's with "decoder." before their names.
        gradients: dL/d(parameter), same names and shapes; inf where one is beyond float64's 10^308.
        inputs: (steps read, N, D), those of x1, x2 ..
        outputs: (K, N, D_out).
        targets: (K, N, D_out).
        loss: half the mean of (output − target)² over K, N and D_out.
        hidden_states: (S+1, N, H), row 0 the initial state; the decoder's follow the encoder's.
        cell_states: the same of the LSTM's c, else None.
        edges: in the order of the way forward.
        log10_norms: node -> log10 of the norm of dL/d(node), total; of "h3" it is dL/dh_3, without c.
    """

    experiment: Experiment
    shape: str
    parameters: Mapping[str, Array]
    gradients: Mapping[str, Array]
    inputs: Array
    outputs: Array
    targets: Array
    loss: float
    hidden_states: Array
    cell_states: Array | None
    edges: tuple[Edge, ...]
    log10_norms: Mapping[str, float]

    @cached_property
    def through(self) -> dict[str, float]:
        """Edge, such as "h1→h2" -> log10 of the gradient through it."""
        return {f"{edge.source}→{edge.target}": edge.log10_norm for edge in self.edges}

    @cached_property
    def shared(self) -> dict[str, SharedMatrix]:
        """Name -> each matrix that some edge carries, in the order of the edges."""
        return {name: self._shared(name) for name in dict.fromkeys(edge.weights for edge in self.edges) if name}

    def _shared(self, weights: str) -> SharedMatrix:
        edges = sorted((edge for edge in self.edges if edge.weights == weights), key=lambda edge: -edge.log10_norm)
        letter, kind = weights.split("_")
        name = "readout" if kind == "ho" else f"{'decoder.' * (letter == 'V')}weight_{kind}_l0"
        return SharedMatrix(weights=weights, gradient=self.gradients[name], edges=tuple(edges))

    @property
    def parameter_count(self) -> int:
        """How many numbers training would change."""
        return sum(values.size for values in self.parameters.values())

    @property
    def unshared_count(self) -> int:
        """How many there would be if each step had weights of its own."""
        biases = ("bias_ih_l0", "bias_hh_l0") if self.experiment.bias else ()
        return self._of_all_steps("weight_ih_l0", "weight_hh_l0", *biases)

    @property
    def multiply_adds(self) -> int:
        """Of the matrix products on the way forward, for one sequence."""
        return self._of_all_steps("weight_ih_l0", "weight_hh_l0")

    def _of_all_steps(self, *names: str) -> int:
        of_a_step = sum(self.parameters[name].size for name in names)
        return (len(self.hidden_states) - 1) * of_a_step + len(self.outputs) * self.parameters["readout"].size


def read_only(array: NDArray[Scalar]) -> NDArray[Scalar]:
    """Lock an array, so that what is shared by many readers stays what it was."""
    array.flags.writeable = False
    return array
