"""A network that is given, not drawn, what it reads and what is sent back through it: what does not fit is named."""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from rnn_dynamics.engine.cells import CELLS, Cell, cell_named
from rnn_dynamics.engine.cells.cell import Weights, components_read, has_w_hh, recurrent_columns
from rnn_dynamics.experiment import KNOBS_CHOICE, Experiment, Range, one_of, short
from rnn_dynamics.limits import LARGEST_INPUT, LARGEST_WEIGHT, plain

Array = NDArray[np.float64]

#: The names of a level's parameters in torch, before its suffix.
_WEIGHTS, _BIASES = ("weight_ih", "weight_hh"), ("bias_ih", "bias_hh")
#: At most a thousand layers, each of which is looked for once the highest is known.
_NAME = re.compile(r"(\w+?)_l(0|[1-9]\d{0,2})(_reverse)?")


@dataclass(frozen=True, kw_only=True, eq=False)
class Network:
    """A recurrent network whose weights are given, as `torch.nn.RNN`, `LSTM` and `GRU` name and order them.

    Attributes:
        cell: a key of `rnn_dynamics.CELLS`.
        parameters: weight_ih_l0 (G·H, D), weight_hh_l0 (G·H, H), bias_ih_l0 and bias_hh_l0 (G·H,), with G = 1 for rnn,
            4 for lstm and slstm (i, f, g, o), 3 for gru (r, z, n); mingru (z, n) and minlstm (f, i, g)
            have weight_ih_l0 and bias_ih_l0 alone; lru has these with G = 1, and nu_log_l0 and gamma_log_l0 (⌈H/2⌉,)
            and theta_log_l0 (⌊H/2⌋,), see `rnn_dynamics.engine.cells.lru`; ssm has them with G = 2 (Δ, Bx), and
            A_log_l0 (H,); cornn is as rnn, but weight_hh_l0 (H, 2H); _l1 and so on for further layers, _l0_reverse and
            so on for the other direction. All biases may be missing, which stand for 0. A jordan network has one layer
            and one direction, and in "weight_ho" (D_out, H) the read-out that it feeds back. In float64 and
            read-only.
        nonlinearity: "tanh" or "relu"; only rnn and jordan have it.
        reset_gate: "after" the product with W_hn, as in torch, or "before" it; only gru has it. The weights are named
            and ordered as torch's in either case.

    Raises:
        ValueError: a parameter is missing, has another shape than the others ask for, is not finite or beyond
            LARGEST_WEIGHT, or would not be used; the message names it.
    """

    cell: str
    parameters: Mapping[str, Array]
    nonlinearity: str = "tanh"
    reset_gate: str = "after"

    def __post_init__(self) -> None:
        one_of("cell", self.cell, CELLS)
        for name in ("nonlinearity", "reset_gate"):
            KNOBS_CHOICE[name].checked(name, getattr(self, name))
        if not isinstance(self.parameters, Mapping):
            raise ValueError(f"parameters = {short(self.parameters)} is not a mapping of names to arrays")
        found = {
            name: _locked(_within(name, _finite(name, values), LARGEST_WEIGHT))
            for name, values in self.parameters.items()
        }
        object.__setattr__(self, "parameters", found)
        self._check_names()
        for name, shape in self._shapes().items():
            if found[name].shape != shape:
                raise ValueError(
                    f"{name} has the shape {found[name].shape}; a {self.cell} with hidden_size = {self.hidden_size} "
                    f"and input_size = {self.input_size} asks for {shape}"
                )

    @cached_property
    def kind(self) -> Cell:
        """Its cell."""
        return cell_named(self.cell, self)

    @property
    def hidden_size(self) -> int:
        """H."""
        if not has_w_hh(self.kind):
            return len(self.parameters["weight_ih_l0"]) // self.kind.blocks
        columns = self.parameters["weight_ho" if self.kind.feeds_back_output else "weight_hh_l0"].shape[1]
        return int(columns // components_read(self.kind))

    @property
    def input_size(self) -> int:
        """D."""
        return int(self.parameters["weight_ih_l0"].shape[1])

    @cached_property
    def num_layers(self) -> int:
        """How many layers there are, by the names."""
        return 1 + max(int(match[2]) for match in map(_NAME.fullmatch, self.parameters) if match)

    @cached_property
    def directions(self) -> int:
        """1, or 2 in both directions, by the names."""
        return 2 if any(name.endswith("_reverse") for name in self.parameters) else 1

    @property
    def levels(self) -> int:
        """How many networks there are, over all layers and directions."""
        return self.num_layers * self.directions

    @property
    def bias(self) -> bool:
        """Whether it has biases."""
        return any(name.startswith("bias") for name in self.parameters)

    @property
    def suffixes(self) -> tuple[str, ...]:
        """What torch appends to the names of each level's parameters: layer by layer, forwards before backwards."""
        ends = ("", "_reverse")[: self.directions]
        return tuple(f"_l{layer}{end}" for layer in range(self.num_layers) for end in ends)

    def level(self, suffix: str) -> dict[str, Array]:
        """The parameters of one level under the names of the first one, zeros where there are no biases."""
        zeros = np.zeros(self.kind.blocks * self.hidden_size)
        own = {f"{name}_l0": self.parameters.get(f"{name}{suffix}", zeros) for name in (*_WEIGHTS, *_BIASES)}
        if not has_w_hh(self.kind):
            own |= {"weight_hh_l0": np.zeros((0, self.hidden_size)), "bias_hh_l0": zeros[:0]}
        further = self.kind.further(self.hidden_size)
        own |= {f"{name}_l0": self.parameters.get(f"{name}{suffix}", np.zeros(of)) for name, of in further.items()}
        return own | {name: of for name, of in self.parameters.items() if name == "weight_ho"}

    def weights(self) -> list[list[Weights]]:
        """For each layer those of its one or two directions, in the order of computation."""
        readout = {"weight_ho": np.zeros((1, self.hidden_size))}
        made = [self.kind.make_weights(readout | self.level(suffix)) for suffix in self.suffixes]
        return [made[first : first + self.directions] for first in range(0, len(made), self.directions)]

    def _check_names(self) -> None:
        """Refuse a network of which a parameter is missing, or that holds one that it would ignore."""
        readout = self.kind.feeds_back_output
        for name in self.parameters:
            known = _NAME.fullmatch(str(name))
            if not ((known and known[1] in self._names) or (readout and name == "weight_ho")):
                raise ValueError(f"parameters hold {short(name)}, which a {self.cell} ignores")
        recurrent = ("weight_hh_l0",) if has_w_hh(self.kind) else ()
        for name in ("weight_ih_l0", *recurrent, *(("weight_ho",) if readout else ())):
            self._need(name)
            if self.parameters[name].ndim != 2 or not self.parameters[name].size:
                raise ValueError(f"{name} has the shape {self.parameters[name].shape}, which is no matrix")
        if readout and self.levels > 1:
            raise ValueError(f"parameters hold {self.levels} levels; a {self.cell} has one layer and one direction")

    @property
    def _names(self) -> tuple[str, ...]:
        """Those of a level's parameters, before its suffix."""
        own = (*_WEIGHTS, *_BIASES) if has_w_hh(self.kind) else (_WEIGHTS[0], _BIASES[0])
        return (*own, *self.kind.further(0))

    def _need(self, name: str) -> None:
        if name not in self.parameters:
            raise ValueError(f"parameters lack {name}; a {self.cell} of {self.levels} level(s) needs it")

    def _shapes(self) -> dict[str, tuple[int, ...]]:
        """Name -> shape of each parameter that there has to be."""
        rows, hidden = self.kind.blocks * self.hidden_size, self.hidden_size
        fed_back = recurrent_columns(self.kind, hidden, len(self.parameters.get("weight_ho", ())))
        shapes: dict[str, tuple[int, ...]] = {}
        for place, suffix in enumerate(self.suffixes):
            read = self.input_size if place < self.directions else hidden * self.directions
            columns = {"ih": read} | ({"hh": fed_back} if has_w_hh(self.kind) else {})
            shapes |= {f"weight_{of}{suffix}": (rows, count) for of, count in columns.items()}
            shapes |= {f"bias_{of}{suffix}": (rows,) for of in columns if self.bias}
            shapes |= {f"{name}{suffix}": of for name, of in self.kind.further(hidden).items() if of != (0,)}
        for name in shapes:
            self._need(name)
        return shapes


class States(NamedTuple):
    """What a network hands on, as torch's modules do.

    output: (T, N, directions·H), the states of the last layer; 0 behind the end of a sequence. h_n: (levels, N, H), of
    each level the state after the last step that it reads. c_n: likewise the cell state; None for cells without one.
    """

    output: Array
    h_n: Array
    c_n: Array | None


class Errors(NamedTuple):
    """What a loss says directly of `States`: its gradients, of the same shapes; None where it does not read them.

    output: of the last steps, (B, N, directions·H) with B from 1 to T. What stands behind the end of a shorter sequence
    counts for nothing.
    """

    output: Array | None = None
    h_n: Array | None = None
    c_n: Array | None = None


def check_one_level(experiment: Experiment) -> None:
    """Refuse an experiment of several layers or directions."""
    if experiment.levels > 1:
        raise ValueError(
            f"num_layers = {experiment.num_layers}, bidirectional = {experiment.bidirectional}: "
            "this is answered for one layer in one direction only"
        )


def checked_network(network: object) -> Network:
    """Return `network`; refuse what is none."""
    if not isinstance(network, Network):
        raise ValueError(f"network = {short(network)} is not a Network")
    return network


def given_inputs(inputs: ArrayLike, features: int) -> Array:
    """Inputs (T, N, D) in float64; refuse another number of axes or features, an empty one, what is too large."""
    found = _within("inputs", _finite("inputs", inputs), LARGEST_INPUT)
    if found.ndim != 3 or not found.size:
        raise ValueError(f"inputs has the shape {found.shape}, which is not (T, N, D) with at least one of each")
    if found.shape[-1] != features:
        raise ValueError(f"inputs has {found.shape[-1]} features; the network has input_size = {features}")
    return found


def given_lengths(lengths: Sequence[int] | None, steps: int, sequences: int) -> NDArray[np.int64] | None:
    """Lengths (N,); None where all sequences have T steps. Refuse another number of them, and what is not in 1 .. T."""
    if lengths is None:
        return None
    found = Range(minimum=1, maximum=steps, whole=True).each("length", lengths)
    if len(found) != sequences:
        raise ValueError(f"lengths names {len(found)} sequences; inputs has {sequences}")
    return None if set(found) == {steps} else np.array(found, dtype=np.int64)


def given_initial(initial: Sequence[ArrayLike] | None, network: Network, sequences: int) -> list[Array]:
    """Initial states (h_0,), or (h_0, c_0), as (levels, H, N) each; none begins at what its cell calls empty."""
    if initial is None:
        return []
    kind, given = network.kind, plain(initial)
    names = tuple(f"{component[0]}_0" for component in kind.components)
    if not isinstance(given, Iterable):
        raise ValueError(f"initial = {short(given)} is not a sequence of {' and '.join(names)}")
    states = tuple(given)
    if len(states) != len(names):
        raise ValueError(f"initial has {len(states)} state(s); a {network.cell} begins with {' and '.join(names)}")
    shape = (network.levels, sequences, network.hidden_size)
    empty = (kind.empty.get(component, 0.0) for component in kind.components)
    return [_begun(name, of, shape, none) for name, of, none in zip(names, states, empty, strict=True)]


def _begun(name: str, values: ArrayLike, shape: tuple[int, ...], empty: float) -> Array:
    """One of them; what is empty need not be finite."""
    found = array_of_numbers(name, values)
    _within(name, _shaped(name, np.where(found == empty, 0.0, found), shape), LARGEST_INPUT)
    return found.swapaxes(-1, -2)


def given_errors(errors: Errors, states: States) -> Errors:
    """Errors that go with these states, those of the output at some of the last steps.

    Raises:
        ValueError: one has another shape than its states, is not finite, or speaks of a cell state that there is not.
    """
    if not isinstance(errors, Errors):
        raise ValueError(f"errors = {short(errors)} is not an Errors")
    if errors.c_n is not None and states.c_n is None:
        raise ValueError("errors speak of c_n, and the network has no cell state")
    h_n = None if errors.h_n is None else _shaped("errors.h_n", errors.h_n, states.h_n.shape)
    c_n = None if errors.c_n is None else _shaped("errors.c_n", errors.c_n, states.h_n.shape)
    output = np.zeros_like(states.output[-1:]) if errors.output is None else _finite("errors.output", errors.output)
    steps, *rest = states.output.shape
    if output.ndim != 3 or list(output.shape[1:]) != rest or not 1 <= len(output) <= steps:
        raise ValueError(
            f"errors.output has the shape {output.shape}; states of the shape {states.output.shape} ask for "
            f"(1 to {steps}, {rest[0]}, {rest[1]})"
        )
    return Errors(output, h_n, c_n)


def array_of_numbers(name: str, values: ArrayLike) -> Array:
    """Values of any shape in float64; refuse what holds no real numbers: of a complex one NumPy would drop a half."""
    try:
        return np.asarray(values).astype(np.float64, casting="same_kind", copy=False)
    except (TypeError, ValueError) as error:
        raise ValueError(f"{name} = {short(values)} is not an array of numbers") from error
    except RuntimeError as error:  # torch says what to do with a tensor that NumPy cannot read
        raise ValueError(f"{name} = {short(values)} cannot be read: {error}") from error


def _shaped(name: str, values: ArrayLike, shape: tuple[int, ...]) -> Array:
    found = _finite(name, values)
    if found.shape != shape:
        raise ValueError(f"{name} has the shape {found.shape}; the network and its inputs ask for {shape}")
    return found


def _finite(name: str, values: ArrayLike) -> Array:
    found = array_of_numbers(name, values)
    if not np.isfinite(found).all():
        raise ValueError(f"{name} holds a value that is not finite")
    return found


def _within(name: str, values: Array, limit: float) -> Array:
    """The values; refuse one beyond the limit."""
    if values.size and (largest := float(np.abs(values).max())) > limit:
        raise ValueError(f"{name} holds a number of the size {largest:.0e}; the limit is {limit:.0e}")
    return values


def _locked(values: Array) -> Array:
    """A copy that nobody can change; what was handed in may be changed later."""
    copy = values.copy()
    copy.flags.writeable = False
    return copy
