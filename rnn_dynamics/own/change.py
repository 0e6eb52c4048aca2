"""A given network with one thing about its weights changed, in all its layers and directions; the rest as it was."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from rnn_dynamics.engine.cells.cell import has_w_hh, keeping_gate
from rnn_dynamics.engine.given import Network

Array = NDArray[np.float64]
#: Of the generator that draws chrono biases.
SEED = 0


def with_gate_bias(network: Network, more: float) -> Network:
    """With `more` added to bias_ih of the gate that keeps the state (LSTM f, GRU z), where zeros stand if it has none.

    A minGRU keeps with 1 − z, a selective SSM with exp(A Δ): from the bias of z, or of Δ, it is subtracted.

    Raises:
        ValueError: the cell has no such gate.
    """
    gate, sign = keeping_gate(network.kind)

    def changed(bias_ih: Array, bias_hh: Array, rows: slice) -> None:
        bias_ih[rows] += sign * more

    return _with_biases(network, gate, changed)


def with_chrono(network: Network, reach: float) -> Network:
    """With the biases of Tallec & Ollivier 2018: b_f = log U(1, reach − 1), and b_i = −b_f (LSTM) (GRU: b_z = log U).

    (minLSTM: as the LSTM; minGRU: b_z = −log U; selective SSM: b_Δ = −log U.)

    They take the place of both biases of these gates, so bias_hh is 0 there, and are drawn layer by layer from SEED.

    Raises:
        ValueError: the cell has no gate that keeps the state, or reach is below 2.
    """
    cell, generator = network.kind, np.random.default_rng(SEED)
    if not reach >= 2:
        raise ValueError(f"reach = {reach} is below 2 steps")
    drawn = np.log1p((reach - 2.0) * generator.random((network.levels, network.hidden_size)))
    for gate, sign in ((cell.keeps, 1.0), (cell.writes, -1.0)):
        if gate in cell.gates or not cell.keeps:  # without a gate that keeps, it is said
            network = _with_biases(network, gate, _set_to(sign * drawn))
    return network


def with_scale(network: Network, scale: float) -> Network:
    """With every weight_hh times `scale`."""
    return _with_recurrent(network, lambda weight: scale * weight)


def with_orthogonal(network: Network) -> Network:
    """With the nearest orthogonal matrix, U Vᵀ of its U S Vᵀ, in the place of each gate's block of weight_hh.

    A block that is not square gets the nearest matrix with orthonormal rows or columns.
    """
    count = network.kind.blocks

    def nearest(weight: Array) -> Array:
        u, _, vt = np.linalg.svd(np.stack(np.split(weight, count)), full_matrices=False)
        return np.concatenate(u @ vt)

    return _with_recurrent(network, nearest)


#: Kind of a change -> it, of a network and a value; that of "orthogonal" plays no part.
CHANGES: Mapping[str, Callable[[Network, float], Network]] = {
    "gate_bias": with_gate_bias,
    "chrono": with_chrono,
    "scale": with_scale,
    "orthogonal": lambda network, _: with_orthogonal(network),
}


def _with_recurrent(network: Network, changed: Callable[[Array], Array]) -> Network:
    names = [f"weight_hh{end}" for end in network.suffixes if has_w_hh(network.kind)]
    new = {name: changed(network.parameters[name]) for name in names}
    return replace(network, parameters={**network.parameters, **new})


def _set_to(values: Array) -> Callable[[Array, Array, slice], None]:
    """Of each layer and direction in turn, the row of `values` in the place of both biases."""
    rows_of: Iterator[Array] = iter(values)

    def changed(bias_ih: Array, bias_hh: Array, rows: slice) -> None:
        bias_ih[rows], bias_hh[rows] = next(rows_of), 0.0

    return changed


def _with_biases(network: Network, gate: str, changed: Callable[[Array, Array, slice], None]) -> Network:
    """With both biases of each layer and direction changed in place at the rows of a gate."""
    cell, size = network.kind, network.hidden_size
    if not gate:
        raise ValueError(f"a network of the cell {network.cell!r} has no gate that keeps its state")
    first = cell.gates.index(gate) * size
    new: dict[str, Array] = {}
    for end in network.suffixes:
        own = network.level(end)
        bias_ih, bias_hh = own["bias_ih_l0"].copy(), own["bias_hh_l0"].copy()
        changed(bias_ih, bias_hh, slice(first, first + size))
        new |= {f"bias_ih{end}": bias_ih} | ({f"bias_hh{end}": bias_hh} if has_w_hh(cell) else {})
    return replace(network, parameters={**network.parameters, **new})
