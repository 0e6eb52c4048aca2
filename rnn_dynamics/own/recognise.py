"""The recurrent modules among the arrays of a file, by their names and shapes alone.

A name ends as in torch.nn, weight_ih_l0, bias_hh_l1_reverse, or without a layer as in torch's cells, weight_ih; w for
weight and b for bias are understood, and any sign before it: encoder.rnn.weight_hh_l0, enc_w_hh. What stands before is
the module's name. As many rows of weight_hh as columns are an RNN, three times as many a GRU, four times an LSTM, and
half as many a coRNN.
Where each level has weight_ih and bias_ih and nothing else, gates see the input alone: twice as many rows as units are
a minGRU, three times as many a minLSTM, and what can be either is read as both. With nu_log, theta_log and gamma_log
beside them it is an LRU, with A_log a selective SSM.
"""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from rnn_dynamics.engine.cells import CELLS, cells_where
from rnn_dynamics.engine.cells.cell import has_w_hh
from rnn_dynamics.engine.given import Network
from rnn_dynamics.limits import LARGEST_WEIGHT, one_of
from rnn_dynamics.own.converters import CORNN
from rnn_dynamics.own.files import NUMBERS, first_strange
from rnn_dynamics.own.unreadable import UnreadableFile, tame

AnyArray = NDArray[Any]

#: H, D and layers of a network that is taken.
WIDEST, MOST_FEATURES, DEEPEST = 1_024, 4_096, 8
#: Cell -> what shapes leave open: the field of `Network`, and its values, the usual one first.
CHOICES: dict[str, dict[str, tuple[str, ...]]] = {
    "rnn": {"nonlinearity": ("tanh", "relu")},
    "jordan": {"nonlinearity": ("tanh", "relu")},
    "gru": {"reset_gate": ("after", "before")},
    "lstm": {},
}

#: A file may have thousands of modules that cannot be replayed, and nobody reads so many sentences.
_MOST_REFUSED = 20
#: What cells have beside weights and biases.
_FURTHER = tuple(dict.fromkeys(name for cell in CELLS.values() for name in cell.further(2)))
_PART = re.compile(
    rf"(?:(?P<module>.+?)[._/:-])?(?:(?P<kind>w|weight|b|bias)_?(?P<of>ih|hh|hr|ho)|(?P<further>{'|'.join(_FURTHER)}))"
    r"(?:_l(?P<layer>\d{1,4})(?P<reverse>_reverse)?)?",
    re.IGNORECASE,
)
#: What wrappers of torch's put before the name of each module.
_WRAPPERS = re.compile(r"(?:^|(?<=\.))(?:module|_orig_mod)(?:\.|$)")
_CELLS = {1: "rnn", 3: "gru", 4: "lstm"}
#: The cells without W_hh, and what each has in its place.
_WITHOUT = {
    name: ("weight_ih", "bias_ih", *CELLS[name].further(2)) for name in cells_where(lambda cell: not has_w_hh(cell))
}


@dataclass(frozen=True, kw_only=True)
class Named:
    """A recurrent module that was found.

    name: as in the file, fit to be shown, without what wrappers put before it; "" where the names begin with the
    weights'. network: it, with what was chosen of `choices`, which the shapes leave open: field of `Network` -> its
    values. tensors: the names of what it is made of. looped: named as torch's cells are, one step of a loop.
    """

    name: str
    network: Network
    choices: Mapping[str, tuple[str, ...]]
    tensors: tuple[str, ...]
    looped: bool


@dataclass(frozen=True, kw_only=True)
class Recognised:
    """What a file holds.

    networks: those that can be replayed, in the order of the file. others: names of the arrays that are in none of
    them. refused: why further ones that look like recurrent modules cannot be, of the first 20.
    """

    networks: tuple[Named, ...]
    others: tuple[str, ...]
    refused: tuple[UnreadableFile, ...]


@dataclass(frozen=True)
class _Tensor:
    """An array with what its name says: weight_ih at layer 0, backwards or not; layer is None in a cell."""

    name: str
    values: AnyArray
    part: str
    layer: int | None
    reverse: bool

    @property
    def key(self) -> str:
        """Its name in torch.nn; weight_ho has no layer."""
        at = f"_l{self.layer or 0}" + "_reverse" * self.reverse
        return self.part if self.part == "weight_ho" else self.part + at


def recognise(arrays: Mapping[str, AnyArray], *, nonlinearity: str = "tanh", reset_gate: str = "after") -> Recognised:
    """Find the recurrent modules.

    Args:
        arrays: by name, as `read_weights` gives them.
        nonlinearity: of modules that are RNNs, which their shapes leave open: "tanh" or "relu".
        reset_gate: of modules that are GRUs: "after" the product, as torch's is, or "before" it.

    Raises:
        UnreadableFile: there is none that can be replayed; it says why of the first that looks like one.
        ValueError: nonlinearity or reset_gate is neither.
    """
    chosen = {"nonlinearity": nonlinearity, "reset_gate": reset_gate}
    for name, options in (CHOICES["rnn"] | CHOICES["gru"]).items():
        one_of(name, chosen[name], options)
    found, refused, left = [], [], NUMBERS
    for module, tensors in _modules(arrays).items():
        try:
            named = _networks(module, tensors, chosen, left)
        except UnreadableFile as error:
            refused.append(error)
        else:
            left -= len(named) * sum(tensor.values.size for tensor in tensors)
            found += named
    if not found:
        raise refused[0] if refused else _nothing(arrays)
    used = {name for named in found for name in named.tensors}
    others = tuple(name for name in arrays if name not in used)
    return Recognised(networks=tuple(found), others=others, refused=tuple(refused[:_MOST_REFUSED]))


def _nothing(arrays: Mapping[str, AnyArray]) -> UnreadableFile:
    """Why no array is a recurrent weight; of what may be a coRNN of its authors' code, how to write it as one."""
    for name, values in arrays.items():
        named = name.endswith("i2h.weight") and f"{name.removesuffix('weight')}bias" in arrays
        # An RNN with more inputs than units has such a matrix, too: only who has trained it can tell.
        if named and values.ndim == 2 and values.shape[1] > 2 * values.shape[0] > 0:
            return UnreadableFile("cornn", lines=CORNN, tensor=name, shape=values.shape)
    return UnreadableFile("none", names=", ".join(list(arrays)[:5]), count=len(arrays))


def _modules(arrays: Mapping[str, AnyArray]) -> dict[str, list[_Tensor]]:
    """The arrays whose names end as those of recurrent weights, by what stands before."""
    modules: dict[str, list[_Tensor]] = {}
    for name, values in arrays.items():
        if found := _PART.fullmatch(name):
            layer = int(found["layer"]) if found["layer"] else None
            tensor = _Tensor(name, values, _part(found), layer, bool(found["reverse"]))
            modules.setdefault(found["module"] or "", []).append(tensor)
    fed_back = ("ih", "hh")
    return {name: _own(there) for name, there in modules.items() if any(one.part.endswith(fed_back) for one in there)}


def _part(found: re.Match[str]) -> str:
    """What a name says of its array, as torch does."""
    if found["further"]:
        return next(name for name in _FURTHER if name.lower() == found["further"].lower())
    return f"{'weight' if found['kind'].lower() in ('w', 'weight') else 'bias'}_{found['of'].lower()}"


def _own(tensors: list[_Tensor]) -> list[_Tensor]:
    """Of the arrays of a module those that are its: with W_hh it has weights and biases alone."""
    recurrent = any(tensor.part == "weight_hh" for tensor in tensors)
    return [tensor for tensor in tensors if not (recurrent and tensor.part in _FURTHER)]


def _networks(module: str, tensors: list[_Tensor], chosen: Mapping[str, str], left: int) -> list[Named]:
    """What a module can be: mostly one."""
    shown = _WRAPPERS.sub("", f"{module}.").removesuffix(".")
    parts = _by_key(shown, tensors)
    there = {tensor.part for tensor in tensors}
    cells = [cell for cell, own in _WITHOUT.items() if there == {*own} and tensors[0].layer is not None]
    if cells:
        cells = _by_rows(shown, tensors, parts, cells)
    else:
        levels = _levels(shown, tensors)
        cells = [_cell(parts, levels)]
        _check_shapes(shown, parts, levels)
    _check_numbers(tensors, left // len(cells))
    _check_values(tensors)
    return [_named(shown, cell, tensors, parts, chosen) for cell in cells]


def _by_rows(module: str, tensors: list[_Tensor], parts: Mapping[str, _Tensor], cells: Iterable[str]) -> list[str]:
    """Those of the cells, without W_hh, of which these can be the parameters; refuse what none can have."""
    found, refused = list[str](), list[UnreadableFile]()
    rows = parts["weight_ih_l0"].values.shape[:1]
    for cell in cells:
        levels, blocks = _levels(module, tensors, _WITHOUT[cell]), CELLS[cell].blocks
        if not rows or not rows[0] or rows[0] % blocks:
            continue
        try:
            _check_shapes(module, parts, levels, rows[0] // blocks, CELLS[cell].further(rows[0] // blocks))
        except UnreadableFile as error:
            refused.append(error)
        else:
            found.append(cell)
    if not found:
        missing = "weight_hh_l0", ", ".join(sorted(parts))
        raise refused[0] if refused else UnreadableFile("missing", module=module, missing=missing[0], names=missing[1])
    return found


def _check_values(tensors: list[_Tensor]) -> None:
    """Refuse what is not finite or too large."""
    for tensor in tensors:
        if not np.isfinite(tensor.values).all():
            raise UnreadableFile("finite", tensor=tensor.name, value=first_strange(tensor.values))
        if (largest := float(np.abs(tensor.values).max())) > LARGEST_WEIGHT:
            raise UnreadableFile("huge", tensor=tensor.name, value=f"{largest:.0e}", limit=f"{LARGEST_WEIGHT:.0e}")


def _named(
    shown: str, cell: str, tensors: list[_Tensor], parts: Mapping[str, _Tensor], chosen: Mapping[str, str]
) -> Named:
    choices = CHOICES.get(cell, {})
    network = Network(
        cell=cell,
        parameters={key: tensor.values for key, tensor in parts.items()},
        **{name: chosen[name] for name in choices},
    )
    names, looped = tuple(tensor.name for tensor in tensors), tensors[0].layer is None
    return Named(name=tame(shown), network=network, choices=choices, tensors=names, looped=looped)


def _by_key(module: str, tensors: list[_Tensor]) -> dict[str, _Tensor]:
    """By torch's names; refuse two of one name, and projections."""
    if len({tensor.layer is None for tensor in tensors if tensor.part != "weight_ho"}) > 1:
        raise UnreadableFile("mixed", module=module, names=", ".join(tensor.name for tensor in tensors))
    parts: dict[str, _Tensor] = {}
    for tensor in tensors:
        if tensor.part in ("weight_hr", "bias_hr"):
            raise UnreadableFile("projection", module=module, tensor=tensor.name, shape=tensor.values.shape)
        if tensor.key in parts:
            raise UnreadableFile("twice", module=module, first=parts[tensor.key].name, second=tensor.name)
        parts[tensor.key] = tensor
    return parts


def _check_numbers(tensors: Iterable[_Tensor], left: int) -> None:
    """Refuse what are no real numbers, and more of them than may be copied."""
    for tensor in tensors:
        if tensor.values.dtype.kind != "f":
            raise UnreadableFile("number_type", tensor=tensor.name, type=str(tensor.values.dtype))
        left -= tensor.values.size
    if left < 0:
        raise UnreadableFile("numbers", limit=NUMBERS, count=NUMBERS - left)


def _levels(module: str, tensors: list[_Tensor], parts: tuple[str, ...] = ("weight_ih", "weight_hh")) -> list[str]:
    """The endings _l0, _l0_reverse, _l1, ... in torch's order, each with these parts at least; refuse gaps."""
    layers = {tensor.layer or 0 for tensor in tensors}
    if len(layers) > DEEPEST or max(layers) >= DEEPEST:
        raise UnreadableFile("layers", module=module, count=max(layers) + 1, limit=DEEPEST)
    backwards = ("", "_reverse") if any(tensor.reverse for tensor in tensors) else ("",)
    levels = [f"_l{layer}{reverse}" for layer in range(max(layers) + 1) for reverse in backwards]
    there = {tensor.key for tensor in tensors}
    biased = "weight_hh" in parts and any(tensor.part.startswith("bias") for tensor in tensors)
    parts += ("bias_ih", "bias_hh") if biased else ()
    for missing in (part + level for level in levels for part in parts if part + level not in there):
        raise UnreadableFile("missing", module=module, missing=missing, names=", ".join(sorted(there)))
    return levels


def _cell(parts: Mapping[str, _Tensor], levels: list[str]) -> str:
    """What weight_hh of the first layer says; refuse what no cell has."""
    if "weight_ho" in parts:
        if len(levels) > 1:
            raise UnreadableFile("layers", module="", count=len(levels), limit=1)
        return "jordan"
    hh = parts[f"weight_hh{levels[0]}"]
    shape = hh.values.shape
    if len(shape) == 2 and all(shape):
        rows, columns = shape
        if rows % columns == 0 and rows // columns in _CELLS:
            return _CELLS[rows // columns]
        if columns == 2 * rows:
            return "cornn"
        if columns % rows == 0 and columns // rows in _CELLS:
            raise UnreadableFile("transposed", tensor=hh.name, shape=shape)
    raise UnreadableFile("rows", tensor=hh.name, shape=shape)


def _check_shapes(
    module: str,
    parts: Mapping[str, _Tensor],
    levels: list[str],
    units: int = 0,
    further: Mapping[str, tuple[int, ...]] | None = None,
) -> None:
    """Refuse shapes that do not belong together, which two modules' weights under one name do not.

    `units` is H where there is no W_hh to tell it, `further` what such a cell has beside weights and biases.
    """
    ih = parts[f"weight_ih{levels[0]}"].values.shape
    hh = (ih[0], units) if units else parts[f"weight_hh{levels[0]}"].values.shape
    if "weight_ho" in parts:
        hidden, rows, fed_back = hh[0] if hh else 0, hh[0] if hh else 0, hh[-1] if hh else 0
    else:
        rows, fed_back = hh
        hidden = min(hh)
    features = max(ih[1], 1) if len(ih) == 2 else 1
    for what, size, limit in (("H", hidden, WIDEST), ("D", features, MOST_FEATURES)):
        if size > limit:
            raise UnreadableFile("wide", module=module, what=what, size=size, limit=limit)
    directions = 2 if any(level.endswith("_reverse") for level in levels) else 1
    asked: dict[str, tuple[int, ...]] = {"weight_ho": (fed_back, hidden)}
    for level in levels:
        read = features if level.startswith("_l0") else directions * hidden
        asked |= {f"weight_ih{level}": (rows, read), f"weight_hh{level}": (rows, fed_back)}
        asked |= {f"bias_ih{level}": (rows,), f"bias_hh{level}": (rows,)}
        asked |= {f"{name}{level}": shape for name, shape in (further or {}).items()}
    for key, tensor in parts.items():
        if tensor.values.shape != asked[key] or not tensor.values.size:
            raise UnreadableFile("fits", tensor=tensor.name, shape=tensor.values.shape, asked=asked[key])
