"""The networks of `torch` that torch.nn lacks, a file for each kind; their equations are those of `engine/cells`.

Each is made and called as torch.nn.GRU is, of one layer in one direction, from an empty state; its parameters are those
of the engine's cell. The files import torch: let `network_of` import one where it is needed. The script of a training
holds what stands below that import, so a file uses nothing else.
"""

from collections.abc import Mapping
from importlib import import_module
from typing import Any

#: A key of `CELLS` -> the file here that has its network, and the class.
PLACES: Mapping[str, tuple[str, str]] = {
    "mingru": ("input_gated", "MinGRU"),
    "minlstm": ("input_gated", "MinLSTM"),
    "lru": ("lru", "LRU"),
    "slstm": ("slstm", "SLSTM"),
    "ssm": ("input_gated", "SelectiveSSM"),
    "cornn": ("cornn", "CoRNN"),
}


def network_of(cell: str) -> type[Any]:
    """The class of a cell's network, a torch.nn.Module of (input_size, hidden_size)."""
    file, name = PLACES[cell]
    network: type[Any] = getattr(import_module(f"{__name__}.{file}"), name)
    return network
