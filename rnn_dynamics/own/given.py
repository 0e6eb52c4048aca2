"""Weights that somebody gave, and where they come from."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

import numpy as np
from numpy.typing import NDArray
from safetensors.numpy import save

from rnn_dynamics.engine.given import Network
from rnn_dynamics.experiment import Experiment
from rnn_dynamics.own.change import with_gate_bias, with_scale

Array = NDArray[np.float64]

#: Sources that are a visitor's own: what was trained here, and a file.
TRAINED, OWN = "trained here", "own file"


@dataclass(frozen=True, kw_only=True, eq=False)
class Given:
    """Weights, and where they come from.

    network: as they were given. source: a shipped example, "torch" for PyTorch's default of a chosen size, TRAINED, or
    OWN. name: of the module in that file. inputs: (T, N, D), to be read in the place of noise. file, inputs_file: the
    names of the files. keys: torch's name of each array -> that in the file, where it is another. missing: TRAINED or
    OWN where that was asked for and is not there, so that these are the weights of an example.
    """

    network: Network
    source: str
    name: str = ""
    inputs: Array | None = None
    file: str = ""
    inputs_file: str = "inputs.npy"
    keys: Mapping[str, str] = field(default_factory=dict)
    missing: str = ""

    @property
    def of_visitor(self) -> bool:
        """Whether they are nobody else's, so that nothing that is found of them may be kept for others."""
        return self.source in (TRAINED, OWN)

    @property
    def file_name(self) -> str:
        """Of the file with these weights: the visitor's, or the one that `as_file` is."""
        return self.file or f"{self.source.replace(' ', '_')}.safetensors"

    def as_file(self) -> bytes:
        """The weights as safetensors, under torch's names."""
        return save({name: np.ascontiguousarray(values) for name, values in self.network.parameters.items()})

    def network_for(self, experiment: Experiment) -> Network:
        """The network with what a file does not say of it, an RNN's nonlinearity and where a GRU resets."""
        if self.source != OWN:
            return self.network
        fields = {"rnn": "nonlinearity", "gru": "reset_gate"}
        own = {name: getattr(experiment, name) for cell, name in fields.items() if cell == self.network.cell}
        return replace(self.network, **own)

    def changed(self, experiment: Experiment) -> Network:
        """The same with `forget_bias` added to the gate that keeps the state, and W_hh times `weight_scale`."""
        network = with_scale(self.network_for(experiment), experiment.weight_scale)
        return with_gate_bias(network, experiment.forget_bias) if network.kind.keeps else network
