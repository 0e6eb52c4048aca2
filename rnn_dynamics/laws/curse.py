"""Laws of the curse of memory (Zucchet & Orvieto 2024), with numbers that were confirmed by other programs."""

import math
from collections.abc import Callable

import numpy as np

from rnn_dynamics.engine.curse import Student, factor_of, sensitivity, state_variance
from rnn_dynamics.engine.curse_measured import MEMORIES, correlated, measure
from rnn_dynamics.engine.given import Errors, Network
from rnn_dynamics.engine.run_network import run_network
from rnn_dynamics.laws.law import Array, Laws, Sides

LAWS = Laws()

#: λ, ρ -> the variance of the state, and that of ∂h/∂λ.
VARIANCES = {(0.9, 0.0): (5.2632, 263.89), (0.9, 0.5): (13.8756, 778.12), (0.95, 0.8): (75.2137, 17828.58)}
#: Remedy -> the powers of 1 − λ² with which both grow.
POWERS = {"none": (-1, -3), "gamma": (0, -2), "exponential": (-1, -1), "both": (0, 0)}
_PAGE = "curse_of_memory"
#: Of either variance the cases of its law.
_PUBLISHED = [{f"λ = {at[0]:g}, ρ = {at[1]:g}": (*at, found[k]) for at, found in VARIANCES.items()} for k in (0, 1)]


@LAWS.law(
    _PAGE,
    "zucchet",
    within=5e-5,
    cases=_PUBLISHED[0],
)
def variance(factor: float, rho: float, published: float) -> Sides:
    """Of the state."""
    return published, state_variance(factor, rho)


@LAWS.law(
    _PAGE,
    "zucchet",
    within=5e-3,
    cases=_PUBLISHED[1],
)
def derivative(factor: float, rho: float, published: float) -> Sides:
    """Of ∂h/∂λ."""
    return published, sensitivity(factor, rho)


def summed(weights: Array, rho: float) -> float:
    """E of (Σ_k w_k x_{t−k})² over inputs of variance 1 and correlation ρ^|k|, pair by pair."""
    lags = np.arange(len(weights))
    return float(weights @ (rho ** np.abs(lags[:, None] - lags)) @ weights)


@LAWS.law(_PAGE, "exact", within=1e-10, of="each")
def exact_sums() -> Sides:
    """Both laws are sums over all pairs of inputs of the last 600 steps."""
    factor, lags = 0.95, np.arange(600.0)
    weights = (factor**lags, lags * factor ** np.maximum(lags - 1.0, 0.0))
    rhos = (0.0, 0.5, 0.9)
    expected = [[summed(of, rho) for rho in rhos] for of in weights]
    return expected, [[float(law(factor, rho)) for rho in rhos] for law in (state_variance, sensitivity)]


@LAWS.law(_PAGE, "zucchet", within=2e-3, cases={remedy: (remedy,) for remedy in POWERS})
def powers(remedy: str) -> Sides:
    """Of 1 − λ², with which state and sensitivity grow with each remedy, between memories of 100,000 and 200,000."""
    found = []
    for rho in (0.0, 0.3, 0.9, 0.99):
        low, high = (Student(memory=memory, rho=rho, remedy=remedy) for memory in (1e5, 2e5))
        apart = math.log((1.0 - high.factor**2) / (1.0 - low.factor**2))
        ratios = high.size / low.size, high.sensitivity / low.sensitivity
        found.append([2.0 * math.log(ratio) / apart for ratio in ratios])
    return POWERS[remedy], found


@LAWS.law(_PAGE, "exact", within=1e-10, of="each")
def unit_gradient() -> Sides:
    """Of a Linear Recurrent Unit of one real unit with L = h_T: dL/dν by a sum, and log10 of dL/dx_1 = λ^59."""
    inputs = correlated(0.5, 60, 1, np.random.default_rng(3))
    factor = float(factor_of(8.0))
    own = {
        "nu_log_l0": np.log([-np.log(factor)]),
        "theta_log_l0": np.zeros(0),
        "gamma_log_l0": np.zeros(1),
        "bias_ih_l0": np.zeros(1),
        "weight_ih_l0": np.ones((1, 1)),
    }
    network = Network(cell="lru", parameters=own)
    trace = run_network(network, inputs[..., None], Errors(output=np.ones((1, 1, 1))))
    lags = np.arange(60)[::-1]
    slope = (lags * factor ** np.maximum(lags - 1.0, 0.0) * inputs[:, 0]).sum()
    expected = slope * factor * np.log(factor), 59.0 * np.log10(factor)
    return expected, (trace.gradients["nu_log_l0"].item(), trace.log10_norms["input"][0])


@LAWS.law(
    _PAGE,
    "zucchet",
    within=0.1,
    of="each",
    cases={name: (name, law) for name, law in (("state", state_variance), ("sensitivity", sensitivity))},
)
def simulated(name: str, law: Callable[..., Array]) -> Sides:
    """Mean squares of six linear units that are run on 12 sets of inputs, beside the law."""
    found = [getattr(measure(0.0, seed).units["linear"], name) for seed in range(12)]
    return law(factor_of(MEMORIES), 0.0), np.mean(found, axis=0)
