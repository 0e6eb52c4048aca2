"""The networks written by hand, computed by `torch.nn` and differentiated by autograd instead.

The only room that imports torch, which takes a second and 200 MB: import it where it is needed, and no sooner.
"""

from collections.abc import Sequence

import numpy as np
import torch

from rnn_dynamics.by_hand.arrays import NAMES, Array, Arrays
from rnn_dynamics.by_hand.example import Example
from rnn_dynamics.engine.cells import CELLS

_MODULES = {name: getattr(torch.nn, cell.module) for name, cell in CELLS.items() if cell.module}


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
    states = states if "cell" in CELLS[example.cell].components else (states,)
    results = dict(zip(("outputs", "h_n", "c_n"), (outputs, *states), strict=False))
    return (
        {name: tensor.detach().numpy() for name, tensor in results.items()},
        {name: parameter.grad.numpy() for name, parameter in network.named_parameters()},
    )


def gru_gradients(examples: Sequence[Example], *, reset_before: bool) -> Array:
    """dL/dh_t of ½ Σ (h_T − target_T)² in K GRUs that reset before or after W_hn multiplies, side by side, by autograd.

    Args:
        examples: K of one shape.
        reset_before: whether r multiplies h_{t−1}; else it multiplies W_hn h_{t−1} + b_hn, as torch.nn.GRU has it.

    Returns:
        (T, K, N, H).
    """
    torch.set_num_threads(1)
    W_ih, W_hh, b_ih, b_hh = (_stacked([one.parameters[name] for one in examples]) for name in NAMES)
    inputs, targets = (
        _stacked(values) for values in zip(*((one.inputs, one.targets) for one in examples), strict=True)
    )
    W_hn, b_hn = W_hh.chunk(3, dim=1)[2], b_hh.chunk(3, dim=1)[2]
    h, states = torch.zeros_like(targets[:, :, 0]).requires_grad_(), []
    for x in inputs.unbind(dim=2):
        u, v = ((y @ W.mT + b[:, None]).chunk(3, dim=-1) for y, W, b in ((x, W_ih, b_ih), (h, W_hh, b_hh)))
        r, z = torch.sigmoid(u[0] + v[0]), torch.sigmoid(u[1] + v[1])
        h = (1 - z) * torch.tanh(u[2] + ((r * h) @ W_hn.mT + b_hn[:, None] if reset_before else r * v[2])) + z * h
        states.append(h)
    loss = 0.5 * (h - targets[:, :, -1]).square().sum()
    return torch.stack(torch.autograd.grad(loss, states)).numpy()


def _stacked(arrays: Sequence[Array]) -> torch.Tensor:
    return torch.tensor(np.stack(arrays))
