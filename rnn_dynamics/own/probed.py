"""What `probe` answers: the gradient through time in each recurrent layer of a model."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from rnn_dynamics.engine.given import Errors, Network
from rnn_dynamics.engine.run_network import NetworkTrace

Array = NDArray[np.float64]


class Agreement(NamedTuple):
    """How far a replay in float64 is from what the model itself computed, in its own format.

    outputs: the largest difference of an output or a last state, relative to the largest of them.
    input_gradient: the largest difference of dL/dx_t, relative to its norm, of the steps at which autograd's has all
        digits of its format; nan where there is no such step.
    """

    outputs: float
    input_gradient: float


@dataclass(frozen=True, kw_only=True, eq=False)
class ProbedLayer:
    """One recurrent layer in one direction, step 1 first, whatever the direction.

    Attributes:
        name: of its module in the model, such as "encoder.rnn"; "encoder.rnn, call 2" where it is called again.
        cell: "rnn", "lstm" or "gru".
        layer: from 0, the one that reads the module's inputs.
        reverse: whether it reads the steps from the last to the first.
        log10_norms: each (T,), log10 of the norm over sequences and features of "input", "hidden", "cell" and
            "cell_path", as in `LayerTrace`. By autograd there is no "cell_path".
        gates: each (T, N, H), as in `LayerTrace`.
        by: "engine", at any size; or "autograd", because the engine does not speak of such a module: see `remarks`.
        log10_floor: what is smaller than 10 to this has lost digits, or is zero; -inf by the engine.
    """

    name: str
    cell: str
    layer: int
    reverse: bool
    log10_norms: Mapping[str, Array]
    gates: Mapping[str, Array]
    by: str
    log10_floor: float


@dataclass(frozen=True, kw_only=True, eq=False)
class Replay:
    """One recurrent module of a model, in one call, or in calls of which each goes on where the last one ended.

    Attributes:
        name: as in `ProbedLayer`.
        layers: the first layer first, forwards before backwards.
        log10_norms: "input" (T,), of dL/dx_t, by all directions together.
        agreement: with the model itself.
        trace: the engine's answer; None where it is autograd's. With it what it answers: `inputs` (T, N, D), `errors`,
            `initial` and `lengths` as `run_network` takes them.
    """

    name: str
    layers: tuple[ProbedLayer, ...]
    log10_norms: Mapping[str, Array]
    agreement: Agreement
    trace: NetworkTrace | None = None
    inputs: Array | None = None
    errors: Errors | None = None
    initial: tuple[Array, ...] | None = None
    lengths: tuple[int, ...] | None = None

    @property
    def network(self) -> Network | None:
        """Its weights, where the engine has replayed it."""
        return self.trace.network if self.trace else None


@dataclass(frozen=True, kw_only=True, eq=False)
class Probe:
    """The gradients through time of one model, for one input and one loss; arrays are float64.

    Attributes:
        loss: its value, as the model has it.
        replays: one for each recurrent module, in the order in which the model calls them.
        remarks: what of the model was not read, or not by the engine, and where digits end: a sentence each.
    """

    loss: float
    replays: tuple[Replay, ...]
    remarks: tuple[str, ...]

    @property
    def layers(self) -> tuple[ProbedLayer, ...]:
        """One for each recurrent layer and direction, in the model's order."""
        return tuple(layer for replay in self.replays for layer in replay.layers)

    @property
    def log10_norms(self) -> Mapping[str, Array]:
        """Of the first recurrent module: "input" (T,), log10 of the norm of dL/dx_t, both directions together."""
        return self.replays[0].log10_norms

    @property
    def agreement(self) -> Agreement:
        """The largest difference of any module; see `Agreement`."""
        every = np.array([replay.agreement for replay in self.replays])
        return Agreement(*np.fmax.reduce(every, axis=0).tolist())

    def table(self) -> pd.DataFrame:
        """Tidy rows: name, cell, layer, direction, quantity, step, lag, log10_norm, by."""
        frames = [_rows(layer, quantity) for layer in self.layers for quantity in layer.log10_norms]
        return pd.concat(frames, ignore_index=True)

    def __repr__(self) -> str:
        parts = ", ".join(_title(layer) for layer in self.layers)
        return f"<Probe: loss {self.loss:.6g}; {parts}>"


def _rows(layer: ProbedLayer, quantity: str) -> pd.DataFrame:
    norms = layer.log10_norms[quantity]
    steps = np.arange(1, len(norms) + 1)
    same = {
        "name": layer.name,
        "cell": layer.cell,
        "layer": layer.layer,
        "direction": "reverse" if layer.reverse else "forward",
        "quantity": quantity,
    }
    # What a backward direction has read last is step 1.
    lags = steps - 1 if layer.reverse else len(norms) - steps
    return pd.DataFrame({**same, "step": steps, "lag": lags, "log10_norm": norms, "by": layer.by})


def _title(layer: ProbedLayer) -> str:
    return f"{layer.name} layer {layer.layer}{' reverse' if layer.reverse else ''} ({layer.cell})"
