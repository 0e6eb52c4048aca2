"""The networks written by hand, computed by `torch.nn` and differentiated by autograd instead.

The only room that imports torch, which takes a second and 200 MB: import it where it is needed, and no sooner.
"""

from __future__ import annotations

import torch

from rnn_dynamics.by_hand.arrays import Arrays
from rnn_dynamics.by_hand.example import Example

_MODULES = {"rnn": torch.nn.RNN, "lstm": torch.nn.LSTM, "gru": torch.nn.GRU}


def ask_torch(example: Example) -> tuple[Arrays, Arrays]:
    """What torch says of an example.

    Returns:
        its results: "outputs", "h_n" and for the LSTM "c_n", in torch's shapes with batch_first=True; and the gradient
        of the loss by each parameter, under its name.
    """
    torch.set_num_threads(1)  # a second one costs more than a step of this size
    _, _, inputs = example.inputs.shape
    hidden = example.parameters["weight_hh_l0"].shape[1]
    network = _MODULES[example.cell](inputs, hidden, batch_first=True, bidirectional=example.both, dtype=torch.float64)
    network.load_state_dict({name: torch.tensor(value) for name, value in example.parameters.items()})
    outputs, states = network(torch.tensor(example.inputs.copy()))
    loss = 0.5 * (outputs - torch.tensor(example.targets)).square().sum()
    loss.backward()
    names = ("outputs", "h_n", "c_n")
    results = dict(zip(names, (outputs, *(states if example.cell == "lstm" else (states,))), strict=False))
    return (
        {name: tensor.detach().numpy() for name, tensor in results.items()},
        {name: parameter.grad.numpy() for name, parameter in network.named_parameters()},
    )
