"""Laws of the additive path, of gates that see the input alone, and of a fixed λ."""

from dataclasses import replace

import numpy as np

from rnn_dynamics.engine.cells import CELLS
from rnn_dynamics.engine.given import Errors, Network
from rnn_dynamics.engine.run import run, run_jacobians, split_additive_path
from rnn_dynamics.engine.run_network import run_network
from rnn_dynamics.engine.trace import Trace
from rnn_dynamics.experiment import Experiment
from rnn_dynamics.laws.law import Array, Laws, Sides

LAWS = Laws()

SMALL = Experiment(sequence_length=60, hidden_size=6, input_size=5, batch_size=2, seed=2)
#: Forget bias -> the part of the norm that the path alone carries at lag 60, of one network, to one digit.
SHARES = {1.0: 0.0004, 3.0: 0.03, 5.0: 0.07}
_LSTM_AND_GRU = {CELLS[cell].short: (cell,) for cell in ("lstm", "gru")}
_GATES_OF_THE_INPUT = {CELLS[cell].short: (cell,) for cell in ("mingru", "minlstm")}


@LAWS.law("additive_path", "hochreiter", within=1e-12, cases=_LSTM_AND_GRU)
def gate_alone(cell: str) -> Sides:
    """Along the path of one unit a step back multiplies by its gate, f or z, and by nothing else; log10."""
    trace = run(replace(SMALL, cell=cell, hidden_size=1, batch_size=1, weight_scale=2.0))
    gate = trace.gates[CELLS[cell].keeps][:, 0, 0]
    return -np.log10(gate[1:]), np.diff(trace.log10_norms["cell_path"])


@LAWS.law("additive_path", "hochreiter", within=1e-12)
def carousel() -> Sides:
    """Without W_hh the path carries the whole gradient of an LSTM's cell state; log10 of its norms."""
    lstm = replace(SMALL, cell="lstm", weight_scale=0.0, forget_bias=1.0)
    norms = [run(replace(lstm, loss_at=loss_at)).log10_norms for loss_at in ("last", "every")]
    return [of["cell"] for of in norms], [of["cell_path"] for of in norms]


@LAWS.law("additive_path", "exact", within=1e-9, of="each", cases=_LSTM_AND_GRU)
def cosines(cell: str) -> Sides:
    """total² = path² + rest² + 2 cos path rest."""
    split = split_additive_path(replace(SMALL, cell=cell))
    total, path, rest = (10.0**part for part in (split.total, split.path, split.rest))
    return total**2, path**2 + rest**2 + 2.0 * np.nan_to_num(split.cosine) * path * rest  # the last step has no rest


@LAWS.law("additive_path", "exact", within=1e-13, cases=_LSTM_AND_GRU)
def cut_is_path(cell: str) -> Sides:
    """With the hidden path cut the whole gradient is the path's; log10 of its norms."""
    whole, cut = (split_additive_path(replace(SMALL, cell=cell, hidden_path=way)) for way in ("open", "cut"))
    return whole.path, cut.total


@LAWS.law("additive_path", "feng", within=1e-12, cases=_GATES_OF_THE_INPUT)
def path_is_whole(cell: str) -> Sides:
    """Where gates see the input alone nothing comes beside the path; log10 of its norms."""
    split = split_additive_path(replace(SMALL, cell=cell))
    return split.total, split.path


@LAWS.law(
    "additive_path", "measured", within=0.5, of="each", cases={f"{bias:g}": (bias, of) for bias, of in SHARES.items()}
)
def share_at_lag_60(forget_bias: float, measured: float) -> Sides:
    """Of an LSTM of 64 units, the median of 8; networks differ by a factor of two."""
    wide = Experiment(cell="lstm", sequence_length=61, hidden_size=64, batch_size=8, forget_bias=forget_bias)
    splits = [split_additive_path(replace(wide, seed=seed)) for seed in range(8)]
    return measured, 10.0 ** np.median([split.path[0] - split.total[0] for split in splits])


@LAWS.law("family_tree", "feng", within=1e-12, cases=_GATES_OF_THE_INPUT)
def diagonal_jacobian(cell: str) -> Sides:
    """∂h_t/∂h_{t−1} is the diagonal matrix of the gate that keeps."""
    experiment = replace(SMALL, cell=cell)
    kept = run(experiment).gates[CELLS[cell].keeps][:, 0]
    return kept[:, :, None] * np.eye(experiment.hidden_size), run_jacobians(experiment, lags=[0]).jacobians


@LAWS.law("family_tree", "feng", within=1e-12, cases=_GATES_OF_THE_INPUT)
def scan(cell: str) -> Sides:
    """A parallel scan gives the states that steps give."""
    trace = run(replace(SMALL, cell=cell, initial_state="noise"))
    return scanned(trace), trace.hidden_states[1:]


def scanned(trace: Trace) -> Array:
    """The states (T, N, H) by the associative (a, b)(a', b') = (a a', a' b + b') of h ↦ a h + b, in log₂ T rounds."""
    of = CELLS[trace.experiment.cell]
    kept = trace.gates[of.keeps].copy()
    added = trace.gates[of.writes] * trace.gates[of.signed[0]]
    reach = 1
    while reach < len(kept):
        added[reach:] += kept[reach:] * added[:-reach]
        kept[reach:] = kept[reach:] * kept[:-reach]
        reach *= 2
    return np.asarray(kept * trace.hidden_states[0] + added)


def lru_moduli(trace: Trace) -> Array:
    """|λ| of each complex unit of a Linear Recurrent Unit, exp(−e^ν): (⌈H/2⌉,)."""
    return np.asarray(np.exp(-np.exp(trace.parameters["nu_log_l0"])))


@LAWS.law("family_tree", "orvieto", within=1e-10)
def ring_line() -> Sides:
    """The gradient of one complex unit is a straight line of slope log10 |λ| over 1000 steps."""
    trace = run(replace(SMALL, cell="lru", hidden_size=2, sequence_length=1000))
    norms = trace.log10_norms["hidden"]
    return norms[-1] + np.arange(999, -1, -1) * np.log10(lru_moduli(trace)[0]), norms


@LAWS.law("family_tree", "orvieto", within=1e-15, at_most=True)
def inside_the_circle() -> Sides:
    """|λ| of all units of 20 networks, at the largest weight scale."""
    experiments = (replace(SMALL, cell="lru", sequence_length=1, weight_scale=10.0, seed=seed) for seed in range(20))
    return 1.0, np.concatenate([lru_moduli(run(one)) for one in experiments])


@LAWS.law("family_tree", "orvieto", within=1e-10, of="each")
def ring_exponents() -> Sides:
    """The Lyapunov exponents are ln |λ|, twice each."""
    experiment = replace(SMALL, cell="lru")
    found = run_jacobians(experiment, lags=[0]).lyapunov_exponents
    return np.sort(np.log(np.repeat(lru_moduli(run(experiment)), 2)))[::-1], found


@LAWS.law("family_tree", "beck", within=1e-12)
def unstabilised() -> Sides:
    """c_t/n_t and ln n_t of an sLSTM are those of the paper's c and n, exponential gates without a stabiliser."""
    trace = run(replace(SMALL, cell="slstm"))
    assert trace.cell_states is not None
    assert trace.log_normalisers is not None
    weight_ih, weight_hh, bias_ih, bias_hh = trace.parameters.values()
    c = n = h = np.zeros(trace.hidden_states[0].shape)
    expected = []
    for x in trace.inputs:
        i, f, g, o = np.split(x @ weight_ih.T + bias_ih + h @ weight_hh.T + bias_hh, 4, axis=1)
        f, i = 1.0 / (1.0 + np.exp(-f)), np.exp(i)
        c, n = f * c + i * np.tanh(g), f * n + i
        h = c / n / (1.0 + np.exp(-o))
        expected.append((c / n, np.log(n)))
    return np.swapaxes(expected, 0, 1), [trace.cell_states[1:], trace.log_normalisers[1:]]


@LAWS.law("family_tree", "gu", within=1e-12)
def sum_of_steps() -> Sides:
    """Ln of what is left of the gradient of one unit of a selective SSM is A Σ Δ over the steps that it has passed."""
    trace = run(replace(SMALL, cell="ssm", hidden_size=1, batch_size=1))
    steps = np.cumsum(trace.gates["Δ"][:0:-1, 0, 0])[::-1]
    norms = np.log(10.0) * trace.log10_norms["hidden"]
    return -np.exp(trace.parameters["A_log_l0"]) * steps, norms[:-1] - norms[-1]


@LAWS.law("family_tree", "gu", within=1e-12)
def step_as_gate() -> Sides:
    """Theorem 1: with A = −1, what is kept is 1 − σ of what Δ is the softplus of, so 1 / (1 + e^a)."""
    trace = run(replace(SMALL, cell="ssm"))
    parameters, inputs = {**trace.parameters, "A_log_l0": np.zeros(SMALL.hidden_size)}, trace.inputs
    network = Network(cell="ssm", parameters=parameters)
    found = run_network(network, inputs, lambda states: Errors(output=np.ones_like(states.output)))
    opened = inputs @ parameters["weight_ih_l0"].T + parameters["bias_ih_l0"]
    return 1.0 / (1.0 + np.exp(opened[..., : SMALL.hidden_size])), found.layers[0].gates["exp(AΔ)"]
