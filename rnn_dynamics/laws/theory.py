"""Laws of random matrices, mean field, Lyapunov exponents and the latch, with the numbers that were published."""

import math
from dataclasses import replace

import numpy as np

from rnn_dynamics.engine import theory
from rnn_dynamics.engine.cells import CELLS
from rnn_dynamics.engine.run import run, run_family, run_jacobians, run_losses
from rnn_dynamics.engine.through_time.backpropagate import Pass
from rnn_dynamics.engine.through_time.lyapunov import lyapunov_exponents
from rnn_dynamics.engine.through_time.unroll import unroll
from rnn_dynamics.experiment import Experiment
from rnn_dynamics.laws.law import Array, Laws, Sides

LAWS = Laws()

#: s² -> the scale at which a tanh network's gradients neither vanish nor explode, after Chen et al. 2018.
CRITICAL = {0.01: 1.193, 0.1: 1.409, 0.25: 1.550, 0.5: 1.686, 1.0: 1.856}
#: At s² = 0.1: g -> χ.
CHI = {0.8: 0.487, 1.2: 0.859, 1.6: 1.110, 2.0: 1.323}
#: Variances at which closed forms are held against each other.
VARIANCES = (0.0, 1e-9, 0.01, 0.1, 0.999, 1.001, 7.0, 25.0)
#: Bengio, Simard & Frasconi 1994: at w = 1.25 the positive attractor of the latch, and the slope there.
ATTRACTOR, SLOPE = 0.71041, 0.61914
RNN = Experiment(cell="rnn", sequence_length=60, hidden_size=24, input_size=5, seed=11)
AT_REST = replace(RNN, initialisation="orthogonal", input_scale=0.0)
#: With many features, so that every input is about as long as the next.
WIDE = replace(RNN, hidden_size=512, input_size=64, batch_size=8, sequence_length=40, input_scale=math.sqrt(0.1))


def log10_growth(norms: Array) -> Array:
    """log10 of the norms (..., T) relative to that at the last step."""
    return np.asarray(norms - norms[..., -1:])


# Bounds and exact powers


@LAWS.law(
    "vanish_or_explode",
    "pascanu",
    within=1e-10,
    at_most=True,
    cases={f"{scale:g}": (scale,) for scale in (0.3, 0.9, 1.3, 4.0)},
)
def bound(scale: float) -> Sides:
    """What is left of the gradient at each lag from 1 on is at most σ_max to the lag; log10."""
    trace = run(replace(RNN, weight_scale=scale))
    sigma = theory.largest_singular_value(trace.parameters["weight_hh_l0"])
    return np.log10(sigma) * np.arange(59, 0, -1), log10_growth(trace.log10_norms["hidden"])[:-1]


@LAWS.law(
    "vanish_or_explode",
    "linear",
    within=1e-12,
    of="each",
    cases={"0.9": (0.9, 0.0051537752073201133), "1.1": (1.1, 117.39085287969579)},
)
def power(scale: float, after_fifty_steps: float) -> Sides:
    """An orthogonal network at rest multiplies by its scale at each step: 50 of them."""
    trace = run(replace(AT_REST, weight_scale=scale))
    return after_fifty_steps, 10.0 ** log10_growth(trace.log10_norms["hidden"])[-51]


@LAWS.law("vanish_or_explode", "linear", within=1e-12)
def every_power() -> Sides:
    """The same of 0.9 at every lag, log10."""
    trace = run(replace(AT_REST, weight_scale=0.9))
    return np.arange(59, -1, -1) * math.log10(0.9), log10_growth(trace.log10_norms["hidden"])


@LAWS.law("vanish_or_explode", "linear", within=1e-10)
def thousand_steps() -> Sides:
    """The same of 0.1 over a thousand steps, far below what float64 can hold."""
    trace = run(replace(AT_REST, weight_scale=0.1, sequence_length=1000))
    return -np.arange(999.0, -1.0, -1.0), log10_growth(trace.log10_norms["hidden"])


@LAWS.law(
    "vanish_or_explode",
    "formats",
    within=1e-12,
    cases={"float16": (np.float16,), "float32": (np.float32,)},
)
def floor(kind: type[np.floating]) -> Sides:
    """log10 of the smallest positive number of a format."""
    return math.log10(float(np.finfo(kind).smallest_subnormal)), dict(theory.FLOORS)[kind.__name__]


@LAWS.law("losses", "linear", within=1e-10)
def loss_power() -> Sides:
    """Of each loss by itself: the error at step t is that at its own step k, times 0.9^(k − t)."""
    norms = run_losses(replace(AT_REST, weight_scale=0.9)).log10_norms
    k, t = np.tril_indices(len(norms))
    return norms[k, k] + (k - t) * math.log10(0.9), norms[k, t]


# Random matrices


#: Weight scales of Gaussian matrices.
_SCALES = {f"{scale:g}": (scale,) for scale in (0.5, 1.0, 3.0)}


def matrix(scale: float = 1.0) -> Array:
    """A Gaussian W_hh of 512 units."""
    trace = run(replace(RNN, hidden_size=512, sequence_length=1, weight_scale=scale))
    return trace.parameters["weight_hh_l0"]


@LAWS.law("jacobians", "girko", within=0.08, of="each", cases=_SCALES)  # its edge is blurred by H^(−1/2)
def spectral_radius(scale: float) -> Sides:
    """The scale itself."""
    return scale, theory.spectral_radius(matrix(scale))


@LAWS.law("jacobians", "marchenko", within=0.02, of="each", cases=_SCALES)
def largest_singular_value(scale: float) -> Sides:
    """Twice the scale."""
    return 2.0 * scale, theory.largest_singular_value(matrix(scale))


@LAWS.law("jacobians", "marchenko", within=0.02, of="each")
def quarter_circle() -> Sides:
    """Mean, mean square and mean fourth power of the singular values of a Gaussian matrix."""
    values = np.linalg.svd(matrix(), compute_uv=False)
    return [8.0 / (3.0 * math.pi), 1.0, 2.0], [np.mean(values**power) for power in (1, 2, 4)]


@LAWS.law("jacobians", "exact", within=1e-12)
def orthogonal_singular_values() -> Sides:
    """Those of an orthogonal matrix times 0.7 are all 0.7."""
    trace = run(replace(AT_REST, weight_scale=0.7))
    return 0.7, np.linalg.svd(trace.parameters["weight_hh_l0"], compute_uv=False)


# Mean field


@LAWS.law(
    "phase_diagram", "chen", within=6e-4, cases={f"{variance:g}": (variance, g) for variance, g in CRITICAL.items()}
)
def critical(variance: float, published: float) -> Sides:
    """The weight scale at which χ = 1."""
    return published, theory.critical_weight_scale.anew(variance)


@LAWS.law("phase_diagram", "chen", within=6e-4, cases={f"{scale:g}": (scale, chi) for scale, chi in CHI.items()})
def chi(scale: float, published: float) -> Sides:
    """The factor χ at s² = 0.1."""
    return published, theory.mean_field_chi.anew(scale, 0.1)


@LAWS.law("phase_diagram", "exact", within=1e-9)
def chi_at_the_border() -> Sides:
    """It is 1 at the critical scale of any s²."""
    scales = [(theory.critical_weight_scale.anew(variance), variance) for variance in VARIANCES]
    return 1.0, [theory.mean_field_chi.anew(*at) for at in scales]


def gauss_hermite(variance: float) -> tuple[float, float]:
    """E[tanh²(√variance z)] and E[(1 − tanh²(√variance z))²] by 220 nodes, which suffice at a small variance."""
    nodes, weights = np.polynomial.hermite_e.hermegauss(220)
    states, density = np.tanh(math.sqrt(variance) * nodes), weights / math.sqrt(2.0 * math.pi)
    return float(density @ states**2), float(density @ (1.0 - states**2) ** 2)


@LAWS.law("phase_diagram", "hermite", within=1e-12, of="each")
def chi_by_quadrature() -> Sides:
    """The factor χ at g = 1.2, s² = 0.1."""
    q = theory.mean_field_variance(1.2, 0.1)
    return 1.44 * gauss_hermite(q)[1], theory.mean_field_chi.anew(1.2, 0.1)


@LAWS.law("phase_diagram", "hermite", within=1e-12, of="each")
def variance_by_quadrature() -> Sides:
    """The equation q = g² E[tanh²(√q z)] + s² at three scales."""
    found = {scale: theory.mean_field_variance(scale, 0.1) for scale in (0.3, 0.8, 1.2)}
    return [scale**2 * gauss_hermite(q)[0] + 0.1 for scale, q in found.items()], list(found.values())


@LAWS.law("phase_diagram", "chen", within=0.01, of="each", cases={f"{scale:g}": (scale,) for scale in CHI})
def measured_chi(scale: float) -> Sides:
    """Of networks of 512 units, mean over their draws.

    Over 15 steps: mean field forgets that each step meets the same matrix, an error that grows with lag / H.
    """
    norms = run_family(WIDE, weight_scales=[scale], seeds=range(16), beside=()).log10_norms["hidden"]
    return CHI[scale], np.mean(10.0 ** (2.0 * (norms[:, -16] - norms[:, -1]) / 15))


# Jacobians and Lyapunov exponents


@LAWS.law("jacobians", "exact", within=1e-12, of="largest")
def tanh_jacobian() -> Sides:
    """∂h_t/∂h_{t−1} = diag(1 − h_t²) W_hh."""
    trace, found = run(RNN), run_jacobians(RNN, lags=[0], exponents=1)
    slopes = 1.0 - np.square(trace.hidden_states[1:, 0])
    return slopes[:, :, None] * trace.parameters["weight_hh_l0"], found.jacobians


@LAWS.law("jacobians", "exact", within=1e-12)
def exponents_at_rest() -> Sides:
    """All Lyapunov exponents of an orthogonal network at rest are ln of its scale."""
    return math.log(0.9), run_jacobians(replace(AT_REST, weight_scale=0.9), lags=[0]).lyapunov_exponents


@LAWS.law("jacobians", "exact", within=1e-10, of="each")
def sum_of_exponents() -> Sides:
    """Their sum is the mean of ln |det J_t|."""
    small = Experiment(cell="lstm", sequence_length=150, hidden_size=6, input_size=3, forget_bias=0.5, seed=3)
    found = run_jacobians(small, lags=[0])
    return np.linalg.slogdet(found.jacobians[:120]).logabsdet.mean(), found.lyapunov_exponents.sum()


def gaussian(size: int, weight_scale: float, seed: int) -> tuple[Array, Array]:
    """A matrix (H, H) of entries N(0, g²/H), and a kick (H,) of entries N(0, 1)."""
    generator = np.random.default_rng(seed)
    return generator.standard_normal((size, size)) * weight_scale / np.sqrt(size), generator.standard_normal(size)


def without_input(weights: Array, kick: Array, steps: int) -> Pass:
    """h_t = tanh(W h_{t−1}), with `kick` (H,) added to the first pre-activation."""
    cell, size = CELLS["rnn"], len(weights)
    biases = {name: np.zeros(size) for name in ("bias_ih_l0", "bias_hh_l0")}
    made = cell.make_weights({"weight_ih_l0": np.zeros((size, 1)), "weight_hh_l0": weights, **biases})
    projection = np.zeros((steps, size, 1))
    projection[0, :, 0] = kick
    return Pass(cell, made, unroll(cell, made, projection))


# One draw differs from the next by 0.009, 0.003 and 0.002, standard deviation. The mean over four and the measured
# figure, of which the number of draws is unknown, may differ by about one of them.
@LAWS.law("jacobians", "measured", within=0.004, cases={"3": (3.0, 0.306)})
@LAWS.law("jacobians", "measured", within=0.003, cases={"2": (2.0, 0.148)})
@LAWS.law("jacobians", "measured", within=0.008, cases={"1.5": (1.5, 0.053)})
def largest_exponent(scale: float, measured: float) -> Sides:
    """Of Gaussian networks of 400 units without input."""
    draws = [without_input(*gaussian(400, scale, seed), steps=2500) for seed in range(4)]
    return measured, np.mean([lyapunov_exponents(forward, count=1, discard=300)[0] for forward in draws])


# The latch


@LAWS.law("jacobians", "bengio", within=5e-6)
def latch_attractors() -> Sides:
    """The map x' = tanh(1.25 x) settles to one of two."""
    return (-ATTRACTOR, ATTRACTOR), theory.latch(1.25).attractors


@LAWS.law("jacobians", "bengio", within=5e-6)
def latch_slope() -> Sides:
    """The slope there."""
    return SLOPE, theory.latch(1.25).slope


@LAWS.law("jacobians", "exact", within=1e-12)
def latch_iterated() -> Sides:
    """400 steps of the map end at the attractor, for three weights."""
    weights = np.array([0.8, 1.25, 3.0])
    state = np.full(3, 0.3)
    for _ in range(400):
        state = np.tanh(weights * state)
    return state, [theory.latch(float(weight)).attractors[-1] for weight in weights]
