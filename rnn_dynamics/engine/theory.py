"""Closed forms beside which a measured gradient is drawn: an upper bound, the mean-field rate, the floors of formats.

Mean field of the tanh network (Chen, Pennington & Schoenholz 2018), with W_hh of variance g²/H, z ~ N(0, 1) and s² the
variance that input and biases add to a pre-activation:

    q = g² E[tanh²(√q z)] + s²        variance of a pre-activation, once the network has forgotten its start
    χ = g² E[(1 − tanh²(√q z))²]      factor of the mean squared gradient per step back in time
"""

import math
from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from rnn_dynamics.experiment import Experiment
from rnn_dynamics.limits import Range, finite
from rnn_dynamics.remembered import remembered

Array = NDArray[np.float64]


LARGEST_LATCH_WEIGHT = 10.0
#: As many as float64 needs at u = LARGEST_LATCH_WEIGHT.
LAMBERT_DENOMINATORS = tuple(float(odd) for odd in range(3, 81, 2))


def _log10_floor(lowest_normal_exponent: int, fraction_bits: int) -> float:
    return (lowest_normal_exponent - fraction_bits) * math.log10(2.0)


#: (format, log10 of its smallest positive number): below it a gradient is zero. bfloat16 has the exponents of float32
#: and 7 bits of fraction; NumPy does not know it.
FLOORS: tuple[tuple[str, float], ...] = (
    ("float16", _log10_floor(np.finfo(np.float16).minexp, np.finfo(np.float16).nmant)),
    ("bfloat16", _log10_floor(np.finfo(np.float32).minexp, 7)),
    ("float32", _log10_floor(np.finfo(np.float32).minexp, np.finfo(np.float32).nmant)),
)


def spectral_radius(matrix: Array) -> float:
    """ρ, the largest modulus of an eigenvalue of `matrix` (H, H).

    Raises:
        numpy.linalg.LinAlgError: the matrix is not square or holds inf or nan.
    """
    return float(np.abs(np.linalg.eigvals(matrix)).max())


def largest_singular_value(matrix: Array) -> float:
    """σ_max of `matrix` (rows, columns), its 2-norm.

    Of W_hh, (γ σ_max)^lag bounds ‖∂h_T/∂h_{T−lag}‖₂, γ the largest slope (Pascanu, Mikolov & Bengio 2013).

    Raises:
        numpy.linalg.LinAlgError: the array is not a matrix.
    """
    return float(np.linalg.svd(matrix, compute_uv=False)[0])


def memory_of(modulus: float) -> float:
    """Steps after which e⁻¹ is left of what is multiplied by `modulus` at each: −1/ln; 0 for 0, inf from 1 on."""
    if modulus >= 1.0:
        return math.inf
    return -1.0 / math.log(modulus) if modulus > 0.0 else 0.0


def time_scale(gates: Array) -> Array:
    """Steps after which e⁻¹ is left along an additive path, −1 / mean ln f, of its gates f (T, H): (H,)."""
    return np.asarray(-1.0 / np.minimum(np.log(gates).mean(axis=0), -np.finfo(float).tiny))


@dataclass(frozen=True)
class Latch:
    """What x' = tanh(w x) settles to: its attractors, and the map's slope there, one for all of them by symmetry."""

    attractors: tuple[float, ...]
    slope: float


def latch(weight: float) -> Latch:
    """The unit x' = tanh(w x), which holds one bit if and only if w > 1 (Bengio, Simard & Frasconi 1994).

    The slope at an attractor is the factor of the gradient per step once the unit has settled; wherever there are two
    attractors it is below 1. Up to w = 1 the only attractor is 0, and the slope there is w.

    Args:
        weight: w, from 0 to 10.

    Raises:
        ValueError: the weight is outside its limits.
    """
    weight = Range(minimum=0.0, maximum=LARGEST_LATCH_WEIGHT).checked("weight", weight)
    if weight <= 1.0:
        return Latch((0.0,), weight)
    # u = w x solves w = u coth u, and in w − 1 = u²/(3 + u²/(5 + u²/(7 + ...))) (Lambert) no digit cancels as w → 1.
    square, lower = math.inf, weight * weight
    while lower < square:  # the steps come down to the root, until rounding ends them
        square, fraction = lower, LAMBERT_DENOMINATORS[-1]
        for denominator in reversed(LAMBERT_DENOMINATORS[:-1]):
            fraction = denominator + square / fraction
        lower = (weight - 1.0) * fraction
    argument = math.sqrt(square)
    state = math.tanh(argument)
    return Latch((-state, state), weight / math.cosh(argument) ** 2)


def mean_field_variance(weight_scale: float, input_variance: float) -> float:
    """q, the variance of a pre-activation at its stable fixed point; see the module's equations.

    Args:
        weight_scale: g, standard deviation of W_hh's entries times √H.
        input_variance: s².

    Raises:
        ValueError: an argument is negative or not finite.
    """
    weight_scale = finite("weight_scale", weight_scale)
    input_variance = finite("input_variance", input_variance)
    if input_variance == 0.0 and weight_scale <= 1.0:
        return 0.0
    # What is added to q in one step is concave in q, so Newton's steps from above come down to the largest root.
    gain = weight_scale * weight_scale
    variance = gain + input_variance
    while True:
        excess = gain * _mean_squared_state(variance) + input_variance - variance
        slope = gain * _mean(lambda x: x * np.tanh(x) / np.square(np.cosh(x)), variance) / variance - 1.0
        lower = variance - excess / slope
        if not 0.0 < lower < variance:  # rounding has ended the descent
            return variance
        variance = lower


@remembered  # a slider asks the same few questions for every sequence length and seed
def mean_field_chi(weight_scale: float, input_variance: float) -> float:
    """χ, the factor per step of the mean squared gradient at the variance q; see the module's equations.

    Args:
        weight_scale: g, standard deviation of W_hh's entries times √H.
        input_variance: s².

    Raises:
        ValueError: an argument is negative or not finite.
    """
    variance = mean_field_variance(weight_scale, input_variance)
    return weight_scale * weight_scale * _mean_squared_slope(variance)


@remembered
def critical_weight_scale(input_variance: float) -> float:
    """The weight scale g at which χ = 1: gradients vanish below and explode above it.

    Args:
        input_variance: s².

    Raises:
        ValueError: the argument is negative or not finite.
    """
    input_variance = finite("input_variance", input_variance)
    if input_variance == 0.0:
        return 1.0

    def gain(variance: float) -> float:
        """g², by the first equation, of the network in which q is `variance`."""
        return (variance - input_variance) / _mean_squared_state(variance)

    # Along q both equations are explicit, so one bisection does: χ rises with q, from 0 at q = s².
    low, high = input_variance, 2.0 * input_variance
    while gain(high) * _mean_squared_slope(high) < 1.0:
        low, high = high, 2.0 * high
    while low < (middle := 0.5 * (low + high)) < high:
        low, high = (middle, high) if gain(middle) * _mean_squared_slope(middle) < 1.0 else (low, middle)
    return math.sqrt(gain(high))


def mean_field_inputs(experiment: Experiment) -> tuple[float, float] | None:
    """Return g and s² of the mean field for the way in which `experiment` draws weights, biases and inputs.

    g is the standard deviation of W_hh's entries times √H, weight scale included. s² is the variance that W_ih x_t and
    both biases add to a pre-activation. None for a cell with gates, for ReLU, whose equations are others, and for the
    identity, whose entries are not random.
    """
    if experiment.cell != "rnn" or experiment.nonlinearity != "tanh" or experiment.initialisation == "identity":
        return None
    mean_square = experiment.input_scale**2 / (experiment.input_size if experiment.text else 1)
    inputs, hidden = experiment.input_size, experiment.hidden_size
    by_hidden, by_input = 1.0 / (3.0 * hidden), 1.0 / (3.0 * inputs)  # the variances of U(−1/√n, 1/√n), n = H and D
    variances = {"gaussian": 1.0 / inputs, "torch": by_hidden, "linear": by_input, "keras": 2.0 / (inputs + hidden)}
    # of both biases; where they are drawn, W_hh is U(−1/√H, 1/√H)
    of_biases = {"torch": 2.0 * by_hidden, "linear": by_hidden + by_input}.get(experiment.initialisation, 0.0)
    gain = experiment.weight_scale * (math.sqrt(hidden * by_hidden) if of_biases else 1.0)
    by_inputs = experiment.input_weight_scale**2 * inputs * variances[experiment.input_scheme] * mean_square
    return gain, by_inputs + of_biases * experiment.bias


def mean_field_log10_factor(experiment: Experiment) -> float | None:
    """log10 of the factor per step by which the gradient's norm changes in mean field: ½ log10 χ.

    Without input and biases the state stays at its start, if h_0 = 0, also where that start is unstable; the factor is
    then g itself. None where mean field says nothing (see `mean_field_inputs`) and where the factor is zero.
    """
    known = mean_field_inputs(experiment)
    if known is None or known[0] == 0.0:
        return None
    weight_scale, input_variance = known
    if input_variance == 0.0 and experiment.initial_state != "noise":
        return math.log10(weight_scale)
    return 0.5 * math.log10(mean_field_chi(weight_scale, input_variance))


def mean_field_crossing(experiment: Experiment) -> float | None:
    """The weight scale, in the units of `Experiment.weight_scale`, at which mean field has χ = 1; its own is not used.

    PyTorch's default draws entries of variance 1/(3H), so its g is the weight scale over √3. None where mean field says
    nothing, see `mean_field_inputs`.
    """
    known = mean_field_inputs(replace(experiment, weight_scale=1.0))
    return None if known is None else critical_weight_scale(known[1]) / known[0]


#: Nodes of the trapezoidal rule on the whole line, and their distance in units of min(√q, 1). The integrands are
#: analytic up to |Im x| = π/2, so a distance of 1/5 errs by e^(−5π²); at 40 units from 0 what decays like a Gaussian or
#: like 1 − tanh² is below rounding. Gauss-Hermite nodes would have to be thousands at q = 100.
_STEP = 0.2
_NODES: Array = np.arange(-200, 201, dtype=np.float64)


def _mean(of: Callable[[Array], Array], variance: float) -> float:
    """E[of(√variance z)]; beyond variance 1, `of` must decay like 1 − tanh² or faster."""
    width = min(math.sqrt(variance), 1.0)
    if width == 0.0:
        return float(of(np.zeros(1))[0])
    x: Array = np.multiply(width * _STEP, _NODES)
    density = np.exp(-0.5 * np.square(x) / variance) / math.sqrt(2.0 * math.pi * variance)
    return float(width * _STEP * (of(x) @ density))


def _mean_squared_state(variance: float) -> float:
    """E[tanh²(√variance z)]."""
    if variance < 1.0:
        return _mean(lambda x: np.square(np.tanh(x)), variance)
    return 1.0 - _mean(lambda x: np.cosh(x) ** -2.0, variance)


def _mean_squared_slope(variance: float) -> float:
    """E[(1 − tanh²(√variance z))²]."""
    return _mean(lambda x: np.cosh(x) ** -4.0, variance)
