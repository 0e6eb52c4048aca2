"""Laws of initialisations: what is drawn, and what it makes of a gradient, measured by another program."""

import math
from dataclasses import replace

import numpy as np

from rnn_dynamics.engine.run import run, run_family
from rnn_dynamics.engine.schemes import scheme_experiment
from rnn_dynamics.engine.verdict import log10_factor_per_step
from rnn_dynamics.experiment import Experiment
from rnn_dynamics.laws.law import Laws, Sides

LAWS = Laws()

#: Scheme, cell and weight scale -> the factor per step of dL/dx, by PyTorch in float64 at H = 128 and D = 16.
FACTORS = {
    ("torch", "rnn", 1.0): 0.56,
    ("torch", "lstm", 1.0): 0.64,
    ("torch", "gru", 1.0): 0.64,
    ("forget_one", "lstm", 1.0): 0.86,
    ("forget_both", "lstm", 1.0): 0.985,
    ("chrono", "lstm", 1.0): 0.98,
    ("torch", "lstm", 10.0): 1.23,
}
WIDE = Experiment(hidden_size=128, input_size=16, batch_size=4, sequence_length=100)
_ONE_STEP = replace(WIDE, hidden_size=512, sequence_length=1)


@LAWS.law(
    "initialisation",
    "measured",
    within=0.02,
    of="each",
    cases={f"{scheme} {cell} {scale:g}": (scheme, cell, scale) for scheme, cell, scale in FACTORS},
)
def factor(scheme: str, cell: str, scale: float) -> Sides:
    """The factor per step, the median of some networks."""
    experiment = scheme_experiment(scheme, cell, replace(WIDE, weight_scale=scale))
    family = run_family(experiment, seeds=range(20 if cell == "rnn" else 7), beside=("input",))
    found = 10.0 ** np.median(log10_factor_per_step(family.log10_norms["input"]))
    return FACTORS[scheme, cell, scale], found


@LAWS.law("initialisation", "pytorch", within=0.02, of="each")
def uniform_spread() -> Sides:
    """U(−1/√H, 1/√H) has the standard deviation 1/√(3H)."""
    weights = run(replace(_ONE_STEP, cell="rnn", initialisation="torch")).parameters["weight_hh_l0"]
    return 1.0 / math.sqrt(3.0 * 512), weights.std()


@LAWS.law("initialisation", "glorot", within=0.03, of="each")
def glorot_spread() -> Sides:
    """Keras's W_ih has the variance 2/(D + H)."""
    weights = run(replace(_ONE_STEP, cell="rnn", initialisation="keras")).parameters["weight_ih_l0"]
    return math.sqrt(2.0 / (16 + 512)), weights.std()


@LAWS.law("initialisation", "tallec", within=0.05, of="each")
def chrono_spread() -> Sides:
    """exp(b_f) of chrono biases is uniform on [1, T − 1]: its mean is T/2, its standard deviation (T − 2)/√12."""
    biases = run(replace(WIDE, cell="lstm", hidden_size=512, batch_size=1, gate_bias="chrono")).parameters["bias_ih_l0"]
    lengths = np.exp(biases[512:1024])
    return (50.0, 98.0 / math.sqrt(12.0)), (lengths.mean(), lengths.std())


@LAWS.law("initialisation", "tallec", within=1e-15)
def chrono_pair() -> Sides:
    """The input gate's chrono biases are minus those of the forget gate."""
    biases = run(replace(WIDE, cell="lstm", sequence_length=20, gate_bias="chrono")).parameters["bias_ih_l0"]
    return -biases[128:256], biases[:128]


@LAWS.law("initialisation", "exact", within=1e-12)
def orthogonality() -> Sides:
    """Wᵀ W of an orthogonal matrix is the identity."""
    weights = run(replace(WIDE, cell="rnn", sequence_length=1, initialisation="orthogonal")).parameters["weight_hh_l0"]
    return np.eye(128), weights.T @ weights
