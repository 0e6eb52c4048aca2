"""The reproduction script: one PyTorch file, without this library, that prints the numbers of an experiment."""

from __future__ import annotations

from rnn_dynamics.experiment import Experiment, settings

_MODULES = {"rnn": ("RNN", 1), "lstm": ("LSTM", 4), "gru": ("GRU", 3)}
_DRAWS = {
    "gaussian": "rng.standard_normal((H, H)) / np.sqrt(H)",
    "orthogonal": "orthogonal(rng.standard_normal((H, H)))",
    "identity": "np.eye(H)",
    "torch": "rng.uniform(-1 / np.sqrt(H), 1 / np.sqrt(H), (H, H))",
}
_ORTHOGONAL = """

def orthogonal(matrix):
    q, r = np.linalg.qr(matrix)
    return q * np.sign(np.diag(r))
"""
_UNIFORM_REST = """bound = 1 / np.sqrt(H)
weight_ih = rng.uniform(-bound, bound, (GATES * H, D))
bias_ih, bias_hh = rng.uniform(-bound, bound, (2, GATES * H))
"""
_GAUSSIAN_REST = """weight_ih = rng.standard_normal((GATES * H, D)) / np.sqrt(D)
bias_ih, bias_hh = np.zeros((2, GATES * H))
"""
_NOISE = "inputs = INPUT_SCALE * input_rng.standard_normal((T, N, D))\n"
_TEXT = """letters = sorted(set(TEXT))
one_hot = INPUT_SCALE * np.eye(D)[[letters.index(letter) for letter in TEXT]]
inputs = np.repeat(one_hot[:, None, :], N, axis=1)
"""


def reproduction_script(experiment: Experiment) -> str:
    """A Python file that needs numpy and torch only, and prints log10 norms by autograd.

    Each line of its output after the header is: t, then log10 of ‖dL/dx_t‖, ‖dL/dh_t‖ and, for the LSTM, ‖dL/dc_t‖.
    """
    module, gates = _MODULES[experiment.cell]
    lstm, every = experiment.cell == "lstm", experiment.loss_at == "every"
    constants = f"T, N, D, H, SEED = {experiment.sequence_length}, {experiment.batch_size}, {experiment.input_size}, "
    return f'''"""Gradients through time of one recurrent network, by PyTorch's autograd.

The settings: {_comment(experiment)}
"""

import numpy as np
import torch

{constants}{experiment.hidden_size}, {experiment.seed}
WEIGHT_SCALE, INPUT_SCALE = {experiment.weight_scale!r}, {experiment.input_scale!r}
FORGET_BIAS = {experiment.forget_bias!r}
TEXT = {experiment.text!r}
GATES = {gates}
{_ORTHOGONAL if experiment.initialisation == "orthogonal" else ""}
# the draw
rng, input_rng, loss_rng = (np.random.default_rng(s) for s in np.random.SeedSequence(SEED).spawn(3))
weight_hh = np.concatenate([{_DRAWS[experiment.initialisation]} for _ in range(GATES)])
{_UNIFORM_REST if experiment.initialisation == "torch" else _GAUSSIAN_REST}{
        "bias_ih[H : 2 * H] += FORGET_BIAS" + chr(10) if lstm else ""
    }{_TEXT if experiment.text else _NOISE}readout = torch.tensor(loss_rng.standard_normal((4, H)) / np.sqrt(H))
targets = torch.tensor(loss_rng.standard_normal({"(T, N, 4)" if every else "(N, 4)"}))

# the network
network = torch.nn.{module}(D, H, dtype=torch.float64)
network.load_state_dict({{
    "weight_ih_l0": torch.tensor(weight_ih),
    "weight_hh_l0": torch.tensor(WEIGHT_SCALE * weight_hh),
    "bias_ih_l0": torch.tensor(bias_ih),
    "bias_hh_l0": torch.tensor(bias_hh),
}})

# forwards, one step at a time, so that each state keeps its gradient
x = [torch.tensor(step, requires_grad=True) for step in inputs]
state = torch.zeros(1, N, H, dtype=torch.float64)
{"state = (state, torch.zeros(1, N, H, dtype=torch.float64))" if lstm else "states = []"}
{"hidden, cell = [], []" if lstm else "hidden = states"}
for step in x:
    _, state = network(step[None], state)
    {"hidden.append(state[0]), cell.append(state[1])" if lstm else "hidden.append(state)"}
    {"state[0].retain_grad(), state[1].retain_grad()" if lstm else "state.retain_grad()"}
outputs = {"torch.cat(hidden)" if every else "hidden[-1][0]"} @ readout.T
loss = 0.5 * ((outputs - targets) ** 2).mean()
loss.backward()

print("loss", loss.item())
print("t log10|dL/dx_t| log10|dL/dh_t|{" log10|dL/dc_t|" if lstm else ""}")
for t, kept in enumerate(zip(x, hidden{", cell" if lstm else ""}), start=1):
    print(t, *(f"{{tensor.grad.norm().log10().item():.12f}}" for tensor in kept))
'''


def _comment(experiment: Experiment) -> str:
    """The settings on one line, with nothing in them that could end the docstring."""
    shown = (f"{name} {value!r}" for name, value in settings(experiment).items() if name != "text")
    return ", ".join(shown).replace("'", "")
