"""The store of a sweep: a zarr group in a folder that all workers see, which xarray opens.

| array | dimensions | chunks |
|---|---|---|
| `log10_input`, `log10_hidden` | (axes, seed, lag) | a block each, written by who has answered it |
| `blocks/scalars` | (block, scalar, experiment of the block) | a block each: its mark, written after its curves |
| `loss`, `log10_factor`, `horizon`, `digits` | (axes, seed) | of many blocks, gathered from their marks |

So a map over any two axes reads one chunk, or few, of one array; all metadata is in one file. zarr writes a chunk whole
or not at all: a block is done where its mark is there, whoever has been stopped in the meantime.
"""

import json
import os
import shutil
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from functools import lru_cache
from math import prod
from pathlib import Path
from typing import Any

import numpy as np
import xarray
import zarr

from rnn_dynamics.limits import short
from rnn_dynamics.sweep.blocks import SCALARS, Answers, Cut, cut, grown
from rnn_dynamics.sweep.question import Sweep
from rnn_dynamics.version import VERSION

#: How many experiments a chunk of gathered scalars has at most: half a megabyte, or one of losses.
_GATHERED = 2**17
_MARKS = "blocks/scalars"
_GROUP = {"zarr_format": 2}
_NAMES = {
    "log10_input": "log10 of the norm of dL/dx",
    "log10_hidden": "log10 of the norm of dL/dh",
    "loss": "loss",
    "log10_factor": "log10 of the factor per step back of the norm of dL/dh",
    "horizon": "lag from which on less than 1 % of dL/dh is left; inf where there is none",
    "digits": "how many digits of the norms another program shares",
    "lag": "steps back from the last one",
}
_UNITS = {name: "steps" for name in ("lag", "horizon", "sequence_length")} | {"log10_factor": "log10 per step"}


class SweepStopped(RuntimeError):  # noqa: N818  # what it is
    """Why a sweep cannot begin or go on: a sentence. What is done is kept."""


def open_sweep(store: str | os.PathLike[str]) -> xarray.Dataset:
    """Open what a sweep has found; arrays are read when they are looked at, chunk by chunk.

    Args:
        store: the folder that `run_sweep` has written, whether or not the sweep is complete.

    Returns:
        `loss`, `log10_factor`, `horizon` (steps; inf where there is none) and `digits`, each (axes, seed): of
        ‖dL/dh_t‖, see `rnn_dynamics.engine.verdict`; `log10_input` and `log10_hidden` (axes, seed, lag), as far as the
        sweep keeps them, nan beyond an experiment's own T. Coordinates are the values of the axes, the seeds and the
        lags. What has not been run, or has no answer, is nan. `sweep_of` tells the question.

    Raises:
        SweepStopped: there is no store of a sweep.
    """
    path = Path(store)
    _attributes(path)
    return xarray.open_dataset(path, engine="zarr", chunks=None, consolidated=True)


def sweep_of(dataset: xarray.Dataset) -> Sweep:
    """The question that a store's dataset answers."""
    return _sweep(dataset.attrs["sweep"])


@lru_cache(maxsize=4)
def _sweep(text: str) -> Sweep:
    return Sweep.from_text(text)


def _attributes(path: Path) -> dict[str, Any]:
    """What a store says of itself; raises SweepStopped where it is none."""
    try:
        found = json.loads((path / ".zattrs").read_text(encoding="utf-8"))
    except FileNotFoundError as error:
        raise SweepStopped(f"{path} is not there, or is no store of a sweep") from error
    except (OSError, ValueError) as error:
        raise SweepStopped(f"{path} cannot be read as the store of a sweep: {error}") from error
    if not isinstance(found, dict) or not {"sweep", "version", "block"} <= set(found):
        raise SweepStopped(f"{path} is no store of a sweep")
    return found


@contextmanager
def written(path: Path) -> Iterator[None]:
    """Say it in a sentence where a store cannot be written."""
    try:
        yield
    except OSError as error:
        why = error.strerror or str(error)
        raise SweepStopped(
            f"{path} cannot be written: {why}; what is done is kept, and the sweep can be resumed"
        ) from error


class Store:
    """A store that is there, with its blocks.

    Raises:
        SweepStopped: it is not there, is none, or was made by another version of this library.
    """

    def __init__(self, path: Path) -> None:
        says = _attributes(path)
        if says["version"] != VERSION:
            raise SweepStopped(f"{path} was made by version {says['version']} of rnn_dynamics; this is {VERSION}")
        self.path, self.sweep = path, _sweep(says["sweep"])
        self.cut = Cut(self.sweep.shape, tuple(says["block"]))
        self._gathered = Cut(self.sweep.shape, grown(self.sweep, self.cut.block, _GATHERED))
        with written(path):
            self._group = zarr.open_group(path, mode="r+", zarr_format=2, use_consolidated=True)

    def write(self, number: int, answers: Answers) -> None:
        """Write the curves of a block, then its mark."""
        mark = np.full((len(SCALARS), prod(self.cut.block)), np.nan)
        for row, name in zip(mark, SCALARS, strict=True):
            row[: answers.scalars[name].size] = answers.scalars[name].ravel()
        with written(self.path):
            for name, curves in answers.curves.items():
                self._array(f"log10_{name}")[self.cut.box(number)] = curves
            self._array(_MARKS)[number] = mark

    def done(self) -> set[int]:
        """The numbers of the blocks that have a mark."""
        with written(self.path):
            names = os.listdir(self.path / _MARKS)
        return {int(number) for number in (name.partition(".")[0] for name in names) if number.isdecimal()}

    def holds(self, number: int) -> bool:
        """Whether a block has a mark."""
        with written(self.path):
            return (self.path / _MARKS / f"{number}.0.0").exists()

    def gather(self, numbers: Iterable[int]) -> None:
        """Put the scalars of these blocks where a map finds them, with those of all blocks around them."""
        done = self.done()
        for region in sorted({self._region(number) for number in numbers}):
            self._gather(region, done)

    def _array(self, name: str) -> Any:
        return self._group[name]

    def _region(self, number: int) -> int:
        return self._gathered.number_at([at.start for at in self.cut.box(number)])

    def _gather(self, region: int, done: set[int]) -> None:
        box = self._gathered.box(region)
        scalars = np.full((len(SCALARS), *(at.stop - at.start for at in box)), np.nan)
        for number in sorted(done.intersection(self.cut.within(box))):
            block = self.cut.box(number)
            place = tuple(slice(a.start - b.start, a.stop - b.start) for a, b in zip(block, box, strict=True))
            room = scalars[(slice(None), *place)]
            room[:] = self._array(_MARKS)[number][:, : room[0].size].reshape(room.shape)
        with written(self.path):
            for name, values in zip(SCALARS, scalars, strict=True):
                self._array(name)[box] = values


def begin(path: Path, sweep: Sweep, *, resume: bool, block_size: int | None = None) -> Store:
    """The store of this sweep: that which is there, or a new one.

    Raises:
        SweepStopped: something else is there, or the store cannot be made.
    """
    if path.exists() and not (path.is_dir() and not any(path.iterdir())):
        store = Store(path)
        if not resume:
            raise SweepStopped(f"{path} is there already; resume it, or name another store")
        _check_same(path, store.sweep, sweep)
        return store
    with written(path):
        _make(path, sweep, cut(sweep, block_size))
    return Store(path)


def _check_same(path: Path, there: Sweep, here: Sweep) -> None:
    """Refuse a store of another sweep, by the first thing that differs."""
    asked, kept = here.asked(), there.asked()
    for name, value in asked.items():
        if value != kept[name]:
            raise SweepStopped(f"{path} holds another sweep: {name} = {short(kept[name])} there, {short(value)} here")


def _make(path: Path, sweep: Sweep, blocks: Cut) -> None:
    """Make an empty store beside its place, and move it there as a whole."""
    made = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        for name, content in _laid_out(sweep, blocks).items():
            file = made / name
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_bytes(content)
        os.replace(made, path)
    finally:
        shutil.rmtree(made, ignore_errors=True)


def _laid_out(sweep: Sweep, blocks: Cut) -> dict[str, bytes]:
    """The files of an empty store, as version 2 of zarr's format has them: zarr itself takes 20 ms to make them."""
    axes = {name: np.array(values) for name, values in {**sweep.coordinates, "lag": range(sweep.lags)}.items()}
    arrays = {name: _described(name, (name,), of.shape, of.shape, of.dtype.str, None) for name, of in axes.items()}
    shape, gathered = sweep.shape, grown(sweep, blocks.block, _GATHERED)
    for name in SCALARS:
        arrays[name] = _described(name, sweep.dims, shape, gathered, "<f8" if name == "loss" else "<f4")
    for name in (f"log10_{norm}" for norm in sweep.norms):
        chunks, dims = (*blocks.block, sweep.lags), (*sweep.dims, "lag")
        arrays[name] = _described(name, dims, (*shape, sweep.lags), chunks, "<f4")
    # zarr does not write a chunk of nothing but the fill value. No mark is that: a horizon is at least 1, or nan.
    marks = (blocks.blocks, len(SCALARS), prod(blocks.block))
    arrays[_MARKS] = _described(_MARKS, ("block", "scalar", "member"), marks, (1, *marks[1:]), "<f8", 0.0)
    says = {"sweep": sweep.as_text(), "version": VERSION, "block": blocks.block}
    about = {".zgroup": _GROUP, ".zattrs": says, f"{Path(_MARKS).parent}/.zgroup": _GROUP}
    about |= {f"{name}/{file}": part for name, parts in arrays.items() for file, part in parts.items()}
    files = {**about, ".zmetadata": {"metadata": about, "zarr_consolidated_format": 1}}
    laid_out = {name: json.dumps(content).encode() for name, content in files.items()}
    return laid_out | {f"{name}/0": values.tobytes() for name, values in axes.items()}


def _described(
    name: str,
    dims: Sequence[str],
    shape: Sequence[int],
    chunks: Sequence[int],
    dtype: str,
    fill_value: float | str | None = "NaN",
) -> dict[str, dict[str, Any]]:
    """What the two files beside an array say of it; one without a fill value is written as a whole, as it is."""
    packed = None if fill_value is None else {"id": "blosc", "cname": "lz4", "clevel": 5, "shuffle": 1, "blocksize": 0}
    stored = {"shape": shape, "chunks": chunks, "dtype": dtype, "order": "C", "compressor": packed}
    about = {"_ARRAY_DIMENSIONS": dims, "units": _UNITS.get(name, "1"), "long_name": _NAMES.get(name, name)}
    return {
        ".zarray": {"zarr_format": 2, **stored, "fill_value": fill_value, "filters": None, "dimension_separator": "."},
        ".zattrs": about,
    }
