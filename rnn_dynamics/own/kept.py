"""What is kept of the answer of a given network where its states are too large: norms, and means of the gates."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from rnn_dynamics.engine.run_network import NetworkLayer, NetworkTrace
from rnn_dynamics.engine.trace import Rounded
from rnn_dynamics.engine.verdict import relative_to
from rnn_dynamics.own.carried import state_norms

Array = NDArray[np.float64]


@dataclass(frozen=True, kw_only=True)
class Level:
    """A layer in one direction: log10 norms (T,), and the mean (T,) of each gate.

    log10_norms: "input", "hidden", "cell" (of a cell without, "hidden"), of a coRNN "velocity", and "state", see
        `state_norms`.
    """

    layer: int
    reverse: bool
    log10_norms: Mapping[str, Array]
    gates: Mapping[str, Array]


@dataclass(frozen=True, kw_only=True)
class Replay(Rounded):
    """What is kept of one network's answer: its levels, the first layer first, and log10 ‖dL/dx_t‖ (T,)."""

    levels: tuple[Level, ...]
    log10_inputs: Array

    def curves(self, component: str) -> Array:
        """(K, T): of the K levels, or of "input" the whole (1, T), relative to the last layer's → at step T."""
        if component == "input":
            norms = self.log10_inputs[None]
            return relative_to(norms[0, -1], norms)
        norms = np.stack([level.log10_norms[component] for level in self.levels])
        top = next(of for level, of in zip(self.levels[::-1], norms[::-1], strict=True) if not level.reverse)
        return relative_to(top[-1], norms)

    def kept(self, gate: str) -> Array:
        """(K, T): the mean of a gate in each level; nan where there is none."""
        return np.stack([level.gates.get(gate, np.full(len(self.log10_inputs), np.nan)) for level in self.levels])


def kept(trace: NetworkTrace) -> Replay:
    """What is kept of an answer."""
    levels = tuple(map(_level, trace.layers))
    return Replay(levels=levels, log10_inputs=trace.log10_norms["input"], log10_rounding=trace.log10_rounding)


def _level(layer: NetworkLayer) -> Level:
    norms = layer.log10_norms
    shown = {name: of for name, of in norms.items() if name != "cell_path"}
    shown |= {"cell": norms.get("cell", norms["hidden"]), "state": state_norms(norms)}
    gates = {name: values.mean(axis=(1, 2)) for name, values in layer.gates.items()}
    return Level(layer=layer.layer, reverse=layer.reverse, log10_norms=shown, gates=gates)
