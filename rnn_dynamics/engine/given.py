"""Whether a network that is given, not drawn, is the one that an experiment speaks of: what does not fit is named."""

from collections.abc import Mapping

import numpy as np
from numpy.typing import ArrayLike, NDArray

from rnn_dynamics.engine.cells import cell_of
from rnn_dynamics.experiment import Experiment, short

Array = NDArray[np.float64]


def check_one_level(experiment: Experiment) -> None:
    """Refuse an experiment of several layers or directions."""
    if experiment.levels > 1:
        raise ValueError(
            f"num_layers = {experiment.num_layers}, bidirectional = {experiment.bidirectional}: "
            "this is answered for one layer in one direction only"
        )


def given_inputs(inputs: Array) -> Array:
    """Inputs (T, N, D) in float64; refuse another number of axes, an empty one, and what is not finite."""
    found = _finite("inputs", inputs)
    if found.ndim != 3 or not found.size:
        raise ValueError(f"inputs has the shape {found.shape}, which is not (T, N, D) with at least one of each")
    return found


def given_parameters(experiment: Experiment, parameters: Mapping[str, Array], features: int) -> dict[str, Array]:
    """Parameters of one layer in one direction that reads D = `features`, in float64.

    Raises:
        ValueError: one is missing, has another shape than the experiment's cell and hidden size ask for, is not
            finite, or would not be used.
    """
    if not isinstance(parameters, Mapping):
        raise ValueError(f"parameters = {short(parameters)} is not a mapping of names to arrays")
    asked = _shapes(experiment, parameters, features)
    for name in [*asked, *parameters]:
        if name not in parameters:
            raise ValueError(f"parameters lack {name}; a {experiment.cell} of one layer has {', '.join(asked)}")
        if name not in asked:
            raise ValueError(f"parameters hold {name}, which a {experiment.cell} of one layer in one direction ignores")
    found = {name: _finite(name, parameters[name]) for name in asked}
    for name, shape in asked.items():
        if found[name].shape != shape:
            raise ValueError(
                f"{name} has the shape {found[name].shape}; cell = {experiment.cell!r}, hidden_size = "
                f"{experiment.hidden_size} and inputs of {features} features ask for {shape}"
            )
    return found


def given_adjoints(adjoints: Array, states: Array) -> Array:
    """Adjoints of the last steps, (B, N, H), of states (T, N, H)."""
    found = _finite("adjoints", adjoints)
    if found.ndim != 3 or found.shape[1:] != states.shape[1:] or not 1 <= len(found) <= len(states):
        most, n, h = states.shape
        raise ValueError(
            f"adjoints has the shape {found.shape}; states of the shape {states.shape} ask for (1 to {most}, {n}, {h})"
        )
    return found


def _shapes(experiment: Experiment, parameters: Mapping[str, Array], features: int) -> dict[str, tuple[int, ...]]:
    """Name -> shape of each parameter."""
    cell, hidden = cell_of(experiment), experiment.hidden_size
    columns = len(parameters.get("weight_ho", ())) if cell.feeds_back_output else hidden
    rows = cell.blocks * hidden
    shapes: dict[str, tuple[int, ...]] = {"weight_ih_l0": (rows, features), "weight_hh_l0": (rows, columns)}
    shapes |= {"bias_ih_l0": (rows,), "bias_hh_l0": (rows,)}
    return shapes | {"weight_ho": (columns, hidden)} if cell.feeds_back_output else shapes


def array_of_numbers(name: str, values: ArrayLike) -> Array:
    """Values of any shape in float64; refuse what holds no numbers."""
    try:
        return np.asarray(values, dtype=np.float64)
    except (TypeError, ValueError) as error:
        raise ValueError(f"{name} = {short(values)} is not an array of numbers") from error


def _finite(name: str, values: ArrayLike) -> Array:
    found = array_of_numbers(name, values)
    if not np.isfinite(found).all():
        raise ValueError(f"{name} holds a value that is not finite")
    return found
