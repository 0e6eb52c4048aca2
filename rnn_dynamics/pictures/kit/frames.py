"""The rows of all pictures: columns that NumPy broadcasts, as tables for a chart and as frames for a file.

A column is one number or text, or many in any shape: things (K, 1), steps (S,) and values (K, S) are K·S rows.
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
from numpy.typing import NDArray

from rnn_dynamics.experiment import Experiment
from rnn_dynamics.pictures.kit.axes import LARGE_REACH, PHONE_REACH, REACH, label_places
from rnn_dynamics.pictures.kit.theme import width_of

Array = NDArray[np.float64]
#: Columns by name; what a picture writes: titles, labels, and what stands beside what is pointed at; its settings that
#: are none of the experiment; its tables.
Columns = Mapping[str, Any]
Texts = Mapping[str, Any]
Views = Mapping[str, str]
Tables = Mapping[str, pa.Table]
Frame = pd.DataFrame

#: Points of a curve in a picture, and of a row of a map; each is the exact value of its time step.
POINTS = 40
MAP_POINTS = 20
#: Bytes that a dictionary of texts costs, beside them and the places in it.
_DICTIONARY = 300
#: An axis for more names of curves than the first number has room for the second one where it is low, and on a phone
#: for the third; one for fewer names has room for the fourth where it is low.
_LOW_AXIS, _FEW_LINES, _PHONE_LINES, _LOWEST = 9, 6, 8, 5
#: Half of how many times the lines an axis has room for that is high.
_HIGHER = 3
#: Letters of a name that reaches as far as an axis says.
_USUAL_WIDTH = 28


def tidy(columns: Columns) -> dict[str, NDArray[Any]]:
    """Columns broadcast to one shape, as rows."""
    arrays = [np.asarray(of) for of in columns.values()]
    shape = np.broadcast_shapes(*{of.shape for of in arrays})
    flat = (of.ravel() if of.shape == shape else np.broadcast_to(of, shape).ravel() for of in arrays)
    return dict(zip(columns, flat, strict=True))


def joined(names: Sequence[str], parts: Iterable[Sequence[Any]]) -> dict[str, NDArray[Any]]:
    """The rows of several things below each other; of each thing its part of the columns of these names."""
    below = [map(np.ravel, np.broadcast_arrays(*part)) for part in parts]
    columns = zip(*below, strict=True) if below else ((np.empty(0),) for _ in names)
    return dict(zip(names, map(np.concatenate, columns), strict=True))


def frame(**columns: Any) -> Frame:
    """Columns as a frame."""
    return pd.DataFrame(tidy(columns))


def table(**columns: Any) -> pa.Table:
    """Columns as a table in few bytes; what is no number, or infinite, is no value."""
    return pa.table({name: _packed(values) for name, values in tidy(columns).items()})


def points(**columns: Any) -> pa.Table:
    """The same in single precision, which is more than a screen can show."""
    return pa.table({name: _packed(values, np.float32) for name, values in tidy(columns).items()})


def _packed(values: NDArray[Any], number: type[np.floating[Any]] = np.float64) -> pa.Array:
    if values.dtype.kind == "f":
        return pa.array(values.astype(number), mask=~np.isfinite(values))
    if values.dtype.kind == "i" and len(values) and values.min() >= 0:
        return pa.array(values.astype(np.min_scalar_type(values.max())))
    packed = pa.array(values, from_pandas=True)
    if not pa.types.is_string(packed.type) or packed.nbytes < _DICTIONARY:
        return packed
    encoded = numbered(packed)
    return encoded if encoded.nbytes + _DICTIONARY < packed.nbytes else packed


def numbered(texts: pa.Array) -> pa.DictionaryArray:
    """Texts as the numbers of those that differ, each a byte where these are few."""
    encoded = texts.dictionary_encode()
    number = np.min_scalar_type(-len(encoded.dictionary))
    return pa.DictionaryArray.from_arrays(encoded.indices.cast(pa.from_numpy_dtype(number)), encoded.dictionary)


def one_row(*texts: Texts, **values: Any) -> pa.Table:
    """What holds for a whole picture: these values, and those texts that stand alone, such as titles."""
    return table(**values | {name: text for of in texts for name, text in of.items() if isinstance(text, str)})


def whole(experiment: Experiment, ends: Sequence[float], *texts: Texts, **values: Any) -> pa.Table:
    """The same of one network: its length and cell, and the ends of the axis of norms, low and high."""
    low, high = ends
    return one_row(*texts, length=experiment.sequence_length, cell=experiment.cell, low=low, high=high, **values)


def within(values: Array, ends: Sequence[Array | float]) -> Array:
    """Values, nan outside of the axis."""
    return np.where((values >= ends[0]) & (values <= ends[1]), values, np.nan)


def point_steps(length: int, most: int = POINTS) -> NDArray[np.int64]:
    """The time steps (from 1) that the picture shows of `length`: all, or `most` of them, ends included."""
    count = min(length, most)
    return np.floor(1 + np.arange(count) * (length - 1) / max(1, count - 1) + 0.5).astype(np.int64)


def by_step(things: Columns, most: int = POINTS, **values: Array) -> pa.Table:
    """Values (K, T) of K things, or (T,), as rows: what each thing is, the step, and each value in a column.

    There are rows of all T steps, or of `most` of them, see `point_steps`.
    """
    steps = point_steps(next(iter(values.values())).shape[-1], most)
    shown = {name: of[..., steps - 1] for name, of in values.items()}
    return points(**{name: np.asarray(of)[..., None] for name, of in things.items()}, step=steps, **shown)


def curve_rows(curves: Mapping[str, Array], ends: tuple[float, float], value: str = "log10_norm") -> pa.Table:
    """Curves (T,) as rows: name, step (at `point_steps`) and value; no value where it lies outside of the axis."""
    return by_step({"name": list(curves)}, POINTS, **{value: within(np.stack(list(curves.values())), ends)})


def label_rows(
    curves: Mapping[str, Array],
    texts: Mapping[str, str],
    ends: tuple[float, float],
    lines: int = 14,
    reach: float = REACH,
    thin: Array | None = None,
    on_a_phone: int = _PHONE_LINES,
) -> pa.Table:
    """What stands beside the first step of each curve: name, text, and where, see `beside`."""
    norms, said = np.stack(list(curves.values())), [texts[name] for name in curves]
    places = beside(norms, ends, lines, reach, widths(said), thin, on_a_phone, high=True)
    return table(name=list(curves), **places, text=said)


def widths(names: Iterable[str]) -> Array:
    """How wide each name is, where one of the usual width is 1."""
    return np.array([width_of(name) for name in names]) / _USUAL_WIDTH


def beside(
    norms: Array,
    ends: tuple[Any, Any],
    lines: int = 14,
    reach: float = REACH,
    wide: Array | float = 1.0,
    thin: Array | None = None,
    on_a_phone: int = _PHONE_LINES,
    high: bool = False,
) -> dict[str, Any]:
    """Where names of curves (..., K, T) stand: place, on an axis with room for so many `lines`, crowded, and low.

    On a phone a high axis is lower and a wide one narrower: crowded. On a projector the type is larger: there is room
    for hardly more lines than there are names: low. reach: see `label_places`, of a name of the usual width, and `wide`
    how many of those each name is. thin: see `label_places`. on_a_phone: for how many lines a high axis has room there.
    high: whether also where on an axis with room for half as many lines more, as where the picture stands alone.
    """
    phone, projector = (on_a_phone, _FEW_LINES) if lines > _LOW_AXIS else (lines, _LOWEST)
    least, outer = norms.shape[-2], [1] * (norms.ndim - 2)
    usual = max(least, lines)
    rooms = {"place": (usual, reach), "crowded": (max(least, phone), PHONE_REACH)}
    rooms |= {"low": (max(least, projector), LARGE_REACH)}
    rooms |= {"high": (_HIGHER * usual // 2, LARGE_REACH / REACH * reach)} if high else {}
    counts, reaches = (np.reshape(of, (-1, *outer)) for of in zip(*rooms.values(), strict=True))
    # All in one go: in half the time, for most of it is that of the calls.
    thin = None if thin is None else thin[None]
    places = label_places(norms[None], *ends, counts, reaches[..., None] * wide, thin)
    return {**dict(zip(rooms, places, strict=True)), "lines": usual}


def every_step(length: int) -> dict[str, NDArray[np.int64]]:
    """The columns step, from 1 to T, and lag, T − step."""
    steps = np.arange(1, length + 1)
    return {"step": steps, "lag": length - steps}


def as_bytes(tables: Tables) -> dict[str, bytes]:
    """Tables as the streams of bytes that the browser reads."""
    streams = {}
    for name, one in tables.items():
        sink = pa.BufferOutputStream()
        with pa.ipc.new_stream(sink, one.schema) as writer:
            writer.write_table(one)
        streams[name] = sink.getvalue().to_pybytes()
    return streams
