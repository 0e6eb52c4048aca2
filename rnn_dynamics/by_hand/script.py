"""The same comparison as a file: the functions by hand, the numbers of the example, and torch beside them."""

import inspect

from rnn_dynamics.by_hand.arrays import NAMES, Array, sigmoid
from rnn_dynamics.by_hand.example import Example
from rnn_dynamics.by_hand.mistakes import HandWritten
from rnn_dynamics.engine.cells import CELLS


def torch_lines(example: Example) -> str:
    """The lines that ask torch the same, for `parameters`, `inputs` and `targets` as NumPy arrays."""
    hidden, inputs = example.parameters["weight_hh_l0"].shape[1], example.inputs.shape[2]
    sizes = f"{inputs}, {hidden}, batch_first=True, bidirectional={example.both}, dtype=torch.float64"
    states = "(h_n, c_n)" if "cell" in CELLS[example.cell].components else "h_n"
    return f"""network = torch.nn.{CELLS[example.cell].module}({sizes})
network.load_state_dict({{name: torch.tensor(value) for name, value in parameters.items()}})
outputs, {states} = network(torch.tensor(inputs))
loss = 0.5 * (outputs - torch.tensor(targets)).square().sum()
loss.backward()
"""


def comparison_script(hand: HandWritten, example: Example) -> str:
    """A Python file that needs numpy and torch only.

    Each line of its output is a name and the largest difference between the result by hand and torch's.
    """
    functions = "\n\n".join(hand.source(name) for name in hand.functions(example.both))
    states = ("h", "c")[: len(CELLS[example.cell].components)]
    prints = "\n".join(
        f'print("{name}_n", np.abs(states["{name}"] - {name}_n.detach().numpy()).max())' for name in states
    )
    parameters = "\n".join(f"    {name!r}: {_literal(value)}," for name, value in example.parameters.items())
    return f'''"""Forward and backward by hand, beside torch.nn and autograd."""

from __future__ import annotations

import numpy as np
import torch

NAMES = {NAMES!r}


{inspect.getsource(sigmoid)}

{functions}

# the example
inputs = {_literal(example.inputs)}
targets = {_literal(example.targets)}
parameters = {{
{parameters}
}}

# by hand
{_calls(example)}
# torch
{torch_lines(example)}
print("outputs", np.abs(by_hand - outputs.detach().numpy()).max())
{prints}
for name, parameter in network.named_parameters():
    print(name, np.abs(gradients[name] - parameter.grad.numpy()).max())
'''


def _calls(example: Example) -> str:
    walk = f"{example.cell}_forward", f"{example.cell}_backward"
    if example.both:
        return f"""by_hand, states, steps = bidirectional_forward({walk[0]}, inputs, parameters)
gradients, _ = bidirectional_backward({walk[1]}, by_hand - targets, parameters, steps)
"""
    return f"""by_hand, steps = {walk[0]}(inputs, parameters)
states = {{name: steps[-1][name][None] for name in ("h", "c") if name in steps[-1]}}
gradients, _ = {walk[1]}(by_hand - targets, parameters, steps)
"""


def _literal(array: Array) -> str:
    """An array as Python writes it, every digit."""
    return f"np.array({array.tolist()})"
