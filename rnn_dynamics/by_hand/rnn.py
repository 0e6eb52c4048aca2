"""The simple RNN (Elman 1990), as `torch.nn.RNN(batch_first=True)`: forward and backward by hand.

N sequences of T steps, D inputs and H units; parameters under torch's names: `weight_ih_l0` (H, D), `weight_hh_l0`
(H, H), `bias_ih_l0` and `bias_hh_l0` (H,). d_name stands for dL/dname.
"""

import numpy as np

from rnn_dynamics.by_hand.arrays import NAMES, Array, Arrays


def rnn_step(x: Array, h_before: Array, W_ih: Array, W_hh: Array, b_ih: Array, b_hh: Array) -> Arrays:
    """x_t (N, D) and h_{t−1} (N, H) to h_t (N, H)."""
    a = x @ W_ih.T + b_ih + h_before @ W_hh.T + b_hh
    h = np.tanh(a)
    return locals()


def rnn_forward(inputs: Array, parameters: Arrays) -> tuple[Array, list[Arrays]]:
    """Inputs (N, T, D) to outputs (N, T, H), and what each step computed, by name."""
    h = np.zeros((len(inputs), parameters["weight_hh_l0"].shape[1]))
    weights, steps = [parameters[name] for name in NAMES], []
    for t in range(inputs.shape[1]):
        steps.append(rnn_step(inputs[:, t], h, *weights))
        h = steps[t]["h"]
    return np.stack([step["h"] for step in steps], axis=1), steps


def rnn_step_back(d_h: Array, step: Arrays) -> Arrays:
    """dL/dh_t (N, H), all of it, to dL/dx_t and to what of it reaches h_{t−1}."""
    d_a = d_h * (1 - step["h"] ** 2)
    d_x = d_a @ step["W_ih"]
    d_h_before = d_a @ step["W_hh"]
    return locals()


def rnn_backward(d_outputs: Array, parameters: Arrays, steps: list[Arrays]) -> tuple[Arrays, list[Arrays]]:
    """dL/doutputs (N, T, H) to the parameters' gradients, and what each step computed on the way back."""
    gradients = {name: np.zeros_like(value) for name, value in parameters.items()}
    d_h = np.zeros_like(d_outputs[:, 0])
    steps_back: list[Arrays] = []
    for t in reversed(range(len(steps))):
        back = rnn_step_back(d_outputs[:, t] + d_h, steps[t])
        d_h = back["d_h_before"]
        gradients["weight_ih_l0"] += back["d_a"].T @ steps[t]["x"]
        gradients["weight_hh_l0"] += back["d_a"].T @ steps[t]["h_before"]
        gradients["bias_ih_l0"] += back["d_a"].sum(axis=0)
        gradients["bias_hh_l0"] += back["d_a"].sum(axis=0)
        steps_back.append(back)
    return gradients, steps_back[::-1]
