"""The LSTM with forget gate (Gers et al. 2000), as `torch.nn.LSTM(batch_first=True)`: forward and backward by hand.

As `rnn.py`, with four blocks of H rows in each parameter, in torch's order i, f, g, o.
"""

import numpy as np

from rnn_dynamics.by_hand.arrays import NAMES, Array, Arrays, sigmoid


def lstm_step(x: Array, h_before: Array, c_before: Array, W_ih: Array, W_hh: Array, b_ih: Array, b_hh: Array) -> Arrays:
    """x_t (N, D), h_{t−1} and c_{t−1} (N, H) to h_t and c_t (N, H)."""
    a = x @ W_ih.T + b_ih + h_before @ W_hh.T + b_hh
    a_i, a_f, a_g, a_o = np.split(a, 4, axis=1)
    i, f, o = sigmoid(a_i), sigmoid(a_f), sigmoid(a_o)
    g = np.tanh(a_g)
    c = f * c_before + i * g
    h = o * np.tanh(c)
    return locals()


def lstm_forward(inputs: Array, parameters: Arrays) -> tuple[Array, list[Arrays]]:
    """Inputs (N, T, D) to outputs (N, T, H), and what each step computed, by name."""
    h = c = np.zeros((len(inputs), parameters["weight_hh_l0"].shape[1]))
    weights, steps = [parameters[name] for name in NAMES], []
    for t in range(inputs.shape[1]):
        steps.append(lstm_step(inputs[:, t], h, c, *weights))
        h, c = steps[t]["h"], steps[t]["c"]
    return np.stack([step["h"] for step in steps], axis=1), steps


def lstm_step_back(d_h: Array, d_c_after: Array, step: Arrays) -> Arrays:
    """dL/dh_t (N, H), all of it, and what reaches c_t from c_{t+1}, to dL/dx_t and what reaches h_{t−1}, c_{t−1}."""
    i, f, g, o = (step[gate] for gate in "ifgo")
    d_o = d_h * np.tanh(step["c"])
    d_c = d_h * o * (1 - np.tanh(step["c"]) ** 2) + d_c_after
    d_i, d_f, d_g = d_c * g, d_c * step["c_before"], d_c * i
    d_a = np.concatenate([d_i * i * (1 - i), d_f * f * (1 - f), d_g * (1 - g**2), d_o * o * (1 - o)], axis=1)
    d_x = d_a @ step["W_ih"]
    d_h_before = d_a @ step["W_hh"]
    d_c_before = d_c * f
    return locals()


def lstm_backward(d_outputs: Array, parameters: Arrays, steps: list[Arrays]) -> tuple[Arrays, list[Arrays]]:
    """dL/doutputs (N, T, H) to the parameters' gradients, and what each step computed on the way back."""
    gradients = {name: np.zeros_like(value) for name, value in parameters.items()}
    d_h = d_c = np.zeros_like(d_outputs[:, 0])
    steps_back: list[Arrays] = []
    for t in reversed(range(len(steps))):
        back = lstm_step_back(d_outputs[:, t] + d_h, d_c, steps[t])
        d_h, d_c = back["d_h_before"], back["d_c_before"]
        gradients["weight_ih_l0"] += back["d_a"].T @ steps[t]["x"]
        gradients["weight_hh_l0"] += back["d_a"].T @ steps[t]["h_before"]
        gradients["bias_ih_l0"] += back["d_a"].sum(axis=0)
        gradients["bias_hh_l0"] += back["d_a"].sum(axis=0)
        steps_back.append(back)
    return gradients, steps_back[::-1]
