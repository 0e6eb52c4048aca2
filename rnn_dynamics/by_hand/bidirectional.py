"""Both directions: one network reads the sequence as it stands, a second one reads it from its end.

As torch's `bidirectional=True`: the second network has parameters of its own, whose names end in `_reverse`, and its
outputs, flipped back, stand beside the first one's.
"""

from collections.abc import Callable

import numpy as np

from rnn_dynamics.by_hand.arrays import Array, Arrays

#: What each step computed, of the onward and of the reverse network.
BothSteps = tuple[list[Arrays], list[Arrays]]


def bidirectional_forward(
    forward: Callable[[Array, Arrays], tuple[Array, list[Arrays]]], inputs: Array, parameters: Arrays
) -> tuple[Array, Arrays, BothSteps]:
    """Inputs (N, T, D) to outputs (N, T, 2H), both last states h, and for the LSTM c, (2, N, H), and all steps."""
    onward, reverse = by_direction(parameters)
    outputs, steps = forward(inputs, onward)
    outputs_reverse, steps_reverse = forward(inputs[:, ::-1], reverse)
    both = np.concatenate([outputs, outputs_reverse[:, ::-1]], axis=2)
    last, last_reverse = steps[-1], steps_reverse[-1]
    states = {name: np.stack([last[name], last_reverse[name]]) for name in last if name in ("h", "c")}
    return both, states, (steps, steps_reverse)


def bidirectional_backward(
    backward: Callable[[Array, Arrays, list[Arrays]], tuple[Arrays, list[Arrays]]],
    d_outputs: Array,
    parameters: Arrays,
    steps: BothSteps,
) -> tuple[Arrays, BothSteps]:
    """dL/doutputs (N, T, 2H) to the parameters' gradients, and what each step computed on the way back."""
    onward, reverse = by_direction(parameters)
    d_onward, d_reverse = np.split(d_outputs, 2, axis=2)
    gradients, back = backward(d_onward, onward, steps[0])
    gradients_reverse, back_reverse = backward(d_reverse[:, ::-1], reverse, steps[1])
    return gradients | {f"{name}_reverse": value for name, value in gradients_reverse.items()}, (back, back_reverse)


def by_direction(parameters: Arrays) -> tuple[Arrays, Arrays]:
    """The parameters of the onward and of the reverse network, each under the names of a single one."""
    onward = {name: value for name, value in parameters.items() if not name.endswith("_reverse")}
    return onward, {name: parameters[f"{name}_reverse"] for name in onward}
