"""The GRU (Cho et al. 2014), as `torch.nn.GRU(batch_first=True)`: forward and backward by hand.

As `rnn.py`, with three blocks of H rows in each parameter, in torch's order r, z, n. The reset gate multiplies what
W_hn has made of h_{t−1}, as in the paper's first version on arXiv, not h_{t−1} itself, as in later ones: so u, which
comes from x, and v, from h, stay apart.
"""

import numpy as np

from rnn_dynamics.by_hand.arrays import NAMES, Array, Arrays, sigmoid


def gru_step(x: Array, h_before: Array, W_ih: Array, W_hh: Array, b_ih: Array, b_hh: Array) -> Arrays:
    """x_t (N, D) and h_{t−1} (N, H) to h_t (N, H)."""
    u_r, u_z, u_n = np.split(x @ W_ih.T + b_ih, 3, axis=1)
    v_r, v_z, v_n = np.split(h_before @ W_hh.T + b_hh, 3, axis=1)
    r, z = sigmoid(u_r + v_r), sigmoid(u_z + v_z)
    n = np.tanh(u_n + r * v_n)
    h = (1 - z) * n + z * h_before
    return locals()


def gru_forward(inputs: Array, parameters: Arrays) -> tuple[Array, list[Arrays]]:
    """Inputs (N, T, D) to outputs (N, T, H), and what each step computed, by name."""
    h = np.zeros((len(inputs), parameters["weight_hh_l0"].shape[1]))
    weights, steps = [parameters[name] for name in NAMES], []
    for t in range(inputs.shape[1]):
        steps.append(gru_step(inputs[:, t], h, *weights))
        h = steps[t]["h"]
    return np.stack([step["h"] for step in steps], axis=1), steps


def gru_step_back(d_h: Array, step: Arrays) -> Arrays:
    """dL/dh_t (N, H), all of it, to dL/dx_t and to what of it reaches h_{t−1}."""
    r, z, n = (step[gate] for gate in "rzn")
    d_n, d_z = d_h * (1 - z), d_h * (step["h_before"] - n)
    d_u_n = d_n * (1 - n**2)
    d_r = d_u_n * step["v_n"]
    d_u = np.concatenate([d_r * r * (1 - r), d_z * z * (1 - z), d_u_n], axis=1)
    d_v = np.concatenate([d_r * r * (1 - r), d_z * z * (1 - z), d_u_n * r], axis=1)
    d_x = d_u @ step["W_ih"]
    d_h_before = d_v @ step["W_hh"] + d_h * z
    return locals()


def gru_backward(d_outputs: Array, parameters: Arrays, steps: list[Arrays]) -> tuple[Arrays, list[Arrays]]:
    """dL/doutputs (N, T, H) to the parameters' gradients, and what each step computed on the way back."""
    gradients = {name: np.zeros_like(value) for name, value in parameters.items()}
    d_h = np.zeros_like(d_outputs[:, 0])
    steps_back: list[Arrays] = []
    for t in reversed(range(len(steps))):
        back = gru_step_back(d_outputs[:, t] + d_h, steps[t])
        d_h = back["d_h_before"]
        gradients["weight_ih_l0"] += back["d_u"].T @ steps[t]["x"]
        gradients["weight_hh_l0"] += back["d_v"].T @ steps[t]["h_before"]
        gradients["bias_ih_l0"] += back["d_u"].sum(axis=0)
        gradients["bias_hh_l0"] += back["d_v"].sum(axis=0)
        steps_back.append(back)
    return gradients, steps_back[::-1]
