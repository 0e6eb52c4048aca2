"""Sweeps: what may be asked, the blocks of the grid, a store that is resumed or refused by name, and its numbers."""

import json
import math
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import xarray
import zarr
from hypothesis import given
from hypothesis import strategies as st

from rnn_dynamics import Experiment, run
from rnn_dynamics.engine.verdict import judge
from rnn_dynamics.sweep import Progress, Sweep, SweepStopped, blocks, open_sweep, run_sweep, running, store, sweep_of
from tests.every import every

ROOT = Path(__file__).resolve().parent.parent
SMALL = Experiment(cell="rnn", hidden_size=3, input_size=2, batch_size=2, sequence_length=6)
#: Each kind of axis: names, truth values, whole and real numbers, and a text; the weight scale among them.
AXES: dict[str, Mapping[str, Any]] = {
    "one": {"weight_scale": [0.5, 1.0, 4.0]},
    "names": {"cell": ["rnn", "gru", "lstm"], "weight_scale": [0.5, 2.0], "bias": [True, False]},
    "lengths": {"weight_scale": [1.0, 0.5], "sequence_length": [1, 9, 4], "forget_bias": [0.0, 1.0]},
    "texts": {"text": ["", "abcab", "ab"], "input_scale": [0.5, 1.0]},
    "none": {},
}


def small(axes: Mapping[str, Any] = AXES["names"], seeds: Any = range(3), **further: Any) -> Sweep:
    return Sweep(SMALL, axes, seeds, **further)


def found(sweep: Sweep, path: Path, **how: Any) -> xarray.Dataset:
    progress = run_sweep(sweep, path, **how)
    assert (progress.failed, progress.unanswered, progress.reasons) == (0, 0, ())
    assert progress.done == progress.blocks
    return open_sweep(path).load()


def assert_as_run(dataset: xarray.Dataset, sweep: Sweep) -> None:
    """Every experiment of a store is answered as `run` answers it."""
    for index in np.ndindex(*sweep.shape):
        asked = sweep.experiment_at(index)
        one = dataset.isel(dict(zip(sweep.dims, index, strict=True)))
        trace, said = run(asked), judge(run(asked).log10_norms["hidden"])
        for name in sweep.norms:
            curve = one[f"log10_{name}"].values
            np.testing.assert_allclose(
                curve[: asked.sequence_length], trace.log10_norms[name][::-1], rtol=1e-6, atol=1e-6
            )
            assert np.isnan(curve[asked.sequence_length :]).all()
        assert float(one.loss) == pytest.approx(trace.loss, rel=1e-9)
        np.testing.assert_allclose(one.log10_factor, said.log10_factor, rtol=1e-6, atol=1e-6)
        assert float(one.horizon) == (math.inf if said.horizon is None else said.horizon)
        assert abs(float(one.digits) - trace.digits) <= 1  # a family's estimate


@every(("axes", "size"), [(name, size) for name in AXES for size in (5, None)])
def test_numbers_equal_those_of_run_whatever_the_blocks(axes: str, size: int | None, tmp_path: Path) -> None:
    sweep = small(AXES[axes])
    assert_as_run(found(sweep, tmp_path / f"{axes} {size}.zarr", block_size=size), sweep)


def test_coordinates_are_the_values_that_were_asked_and_units_stand_beside_them(tmp_path: Path) -> None:
    sweep = small(AXES["lengths"], norms=["hidden"])
    dataset = found(sweep, tmp_path / "a.zarr")
    assert {name: tuple(dataset[name].values.tolist()) for name in sweep.dims} == sweep.coordinates
    assert dataset.lag.values.tolist() == list(range(9))
    assert all({"units", "long_name"} <= set(dataset[name].attrs) for name in dataset.variables)
    assert set(dataset.data_vars) == {"log10_hidden", *blocks.SCALARS}
    assert dataset.log10_hidden.dims == (*sweep.dims, "lag")
    assert sweep_of(dataset) == sweep


@every("axes", AXES)
def test_the_metadata_of_a_store_are_what_zarr_itself_writes(axes: str, tmp_path: Path) -> None:
    path, other = tmp_path / f"{axes}.zarr", tmp_path / f"{axes} by zarr"
    store.begin(path, small(AXES[axes]), resume=False)
    told = json.loads((path / ".zmetadata").read_text())["metadata"]
    assert all(json.loads((path / name).read_text()) == content for name, content in told.items())
    members = zarr.open_group(path, zarr_format=2, use_consolidated=False).members(max_depth=None)
    arrays = {name: array for name, array in members if isinstance(array, zarr.Array)}
    assert {f"{name}/.zarray" for name in arrays} == {name for name in told if name.endswith(".zarray")}
    by_zarr = zarr.create_group(other, zarr_format=2)
    for name, array in arrays.items():
        kind: dict[str, Any] = {"shape": array.shape, "chunks": array.chunks, "dtype": array.dtype}
        kind |= {"fill_value": array.fill_value, "compressors": "auto" if array.compressors else None}
        by_zarr.create_array(name, **kind, attributes=array.attrs.asdict())
        for file in (".zarray", ".zattrs"):
            assert told[f"{name}/{file}"] == json.loads((other / name / file).read_text())


def test_a_name_and_a_truth_value_come_back_as_they_were(tmp_path: Path) -> None:
    dataset = found(small(), tmp_path / "a.zarr")
    assert dataset.sel(cell="lstm", bias=False, weight_scale=2.0, seed=1).log10_hidden.shape == (6,)
    assert dataset.bias.dtype == bool


@every(
    ("axes", "seeds", "message"),
    [
        ({"cells": ["rnn"]}, [0], "axis = 'cells' is not one of cell, weight_scale"),
        ({"seed": [1]}, [0], "axis = 'seed' is not one of"),
        ({"cell": "rnn"}, [0], "cell = 'rnn' is not a sequence of values"),
        ({"cell": ["rnn", "elman"]}, [0], "cell = 'elman' is not one of rnn"),
        ({"weight_scale": [1.0, 11.0]}, [0], "weight_scale = 11.0 is not a number from 0 to 10"),
        ({"weight_scale": [1.0, 2.0, 1]}, [0], "weight_scale = 1.0 is given twice"),
        ({"weight_scale": []}, [0], "weight_scale has no values; name at least one"),
        ({"weight_scale": [1.0]}, [], "seed has no values"),
        ({"weight_scale": [1.0]}, [0, -1], "seed = -1 is not a whole number from 0"),
        ({"weight_scale": [1.0]}, 3, "seed = 3 is not a sequence of values"),
        ({"cell": ["rnn", "jordan"], "num_layers": [1, 2]}, [0], "a Jordan network has one layer"),
        (
            {"batch_size": [1, 256], "sequence_length": [10, 10_000], "hidden_size": [4, 512]},
            [0],
            "the limit is 10,000,000",
        ),
        ({"text": ["abc"], "sequence_length": [5]}, [0], "sequence_length = 5 does not go with text = 'abc'"),
        (
            {"weight_scale": np.linspace(0, 10, 10_001)},
            range(10_000),
            "100,010,000 experiments; the limit is 100,000,000",
        ),
        (["cell"], [0], "axes = ['cell'] does not name the values"),
    ],
)
def test_what_cannot_be_swept_is_refused_before_any_work(axes: Any, seeds: Any, message: str) -> None:
    with pytest.raises(ValueError, match=r".") as refused:
        Sweep(SMALL, axes, seeds)
    assert message in str(refused.value)


@every(
    ("changed", "message"),
    [({"norms": ["cell"]}, "norms = 'cell' is not one of"), ({"experiment": 3}, "experiment = 3")],
)
def test_so_is_what_is_no_experiment_and_no_norm(changed: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        Sweep(**{"experiment": SMALL, "axes": {}, **changed})


@every("size", [0, -1, 2.5, True, "4"])
def test_so_is_a_block_size_that_is_no_number_of_experiments(size: Any, tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="block_size = "):
        run_sweep(small(), tmp_path / "a.zarr", block_size=size)
    assert not (tmp_path / "a.zarr").exists()


@given(
    sizes=st.lists(st.integers(1, 7), min_size=2, max_size=4),
    most=st.integers(1, 100),
    scale=st.booleans(),
)
def test_each_experiment_lies_in_one_block_and_no_block_is_too_large(sizes: list[int], most: int, scale: bool) -> None:
    names = ["weight_scale" if scale else "input_weight_scale", "input_scale", "forget_bias"]
    axes = {name: np.linspace(0.0, 1.0, size) for name, size in zip(names, sizes[:-1], strict=False)}
    sweep = Sweep(SMALL, axes, range(sizes[-1]))
    cut = blocks.cut(sweep, most)
    times = np.zeros(sweep.shape, int)
    for number in range(cut.blocks):
        times[cut.box(number)] += 1
        assert cut.number_at([at.start for at in cut.box(number)]) == number
    assert (times == 1).all()
    assert math.prod(cut.block) <= most
    gathered = blocks.Cut(sweep.shape, blocks.grown(sweep, cut.block, 3 * most))
    within = [number for region in range(gathered.blocks) for number in cut.within(gathered.box(region))]
    assert sorted(within) == list(range(cut.blocks))


def test_a_block_takes_about_half_a_second_and_weight_scales_and_seeds_go_into_one_family() -> None:
    asked = Experiment(hidden_size=16, batch_size=2, sequence_length=50)
    axes: dict[str, Any] = {"cell": ["lstm"], "weight_scale": np.linspace(0.1, 3.0, 50), "forget_bias": [0.0, 1.0]}
    assert blocks.cut(Sweep(asked, axes, range(100))).block == (1, 50, 1, 34)
    assert blocks.cut(Sweep(asked, axes)).block == (1, 50, 2, 1)
    assert blocks.cut(Sweep(SMALL, axes, range(1000))).block == (1, 50, 1, 77)
    assert blocks.cut(Sweep(Experiment(sequence_length=10_000), axes)).block == (1, 2, 1, 1)


def test_a_block_that_was_written_before_its_worker_died_is_done(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    answer_block = running.answer_block

    def dies(path: str, number: int) -> tuple[int, str]:
        if number != 1:
            answer_block(path, number)
        if number in (0, 1):
            raise ConnectionError(f"the worker of block {number} is gone")
        return 0, ""

    monkeypatch.setattr(running, "answer_block", dies)
    progress = run_sweep(small(), tmp_path / "a.zarr", block_size=2)
    assert (progress.failed, progress.done) == (1, progress.blocks - 1)
    assert "the worker of block 1 is gone" in "".join(progress.reasons)
    monkeypatch.undo()
    assert run_sweep(small(), tmp_path / "a.zarr", block_size=2).before == progress.done


def test_a_stopped_sweep_goes_on_with_the_blocks_that_are_left(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    sweep, ran, answer_block = small(), list[int](), running.answer_block

    def noted(path: str, number: int) -> tuple[int, str]:
        ran.append(number)
        return answer_block(path, number)

    monkeypatch.setattr(running, "answer_block", noted)
    progress = run_sweep(sweep, tmp_path / "a.zarr", block_size=6, stop=lambda: len(ran) >= 2)
    assert 2 <= progress.done == len(ran) < progress.blocks == 6
    part = open_sweep(tmp_path / "a.zarr").load()
    assert int(np.isfinite(part.loss).sum()) == 6 * len(ran)
    whole = found(sweep, tmp_path / "a.zarr", report=(seen := list[Progress]()).append)
    assert sorted(ran) == list(range(6))
    assert (seen[0].before, seen[0].done, seen[-1].done) == (progress.done, progress.done, 6)
    assert_as_run(whole, sweep)


def test_a_block_without_its_mark_is_run_again(tmp_path: Path) -> None:
    sweep, path = small(), tmp_path / "a.zarr"
    before = found(sweep, path, block_size=6)
    (path / store._MARKS / "4.0.0").unlink()
    (path / "log10_hidden" / "0.0.0.0.0").unlink()  # of another block, which is done and not looked at
    seen = list[Progress]()
    after = found(sweep, path, report=seen.append)
    assert [progress.done for progress in seen] == [5, 6]
    xarray.testing.assert_identical(after.drop_vars("log10_hidden"), before.drop_vars("log10_hidden"))
    assert int(np.isnan(after.log10_hidden).any("lag").sum()) == 6


@every(
    ("other", "message"),
    [
        (small(seeds=range(4)), "holds another sweep: seed = (0, 1, 2) there, (0, 1, 2, 3) here"),
        (small({"weight_scale": [0.5, 2.0]}), "holds another sweep: axes = ('cell', 'weight_scale', 'bias') there"),
        (small({**AXES["names"], "weight_scale": [0.5]}), "weight_scale = (0.5, 2.0) there, (0.5,) here"),
        (small(norms=["hidden"]), "norms = ('input', 'hidden') there, ('hidden',) here"),
        (Sweep(Experiment(), AXES["names"], range(3)), "sequence_length = 6 there, 100 here"),
    ],
)
def test_the_store_of_another_sweep_is_refused_by_what_differs(other: Sweep, message: str, tmp_path: Path) -> None:
    run_sweep(small(), tmp_path / "a.zarr", stop=lambda: True)
    with pytest.raises(SweepStopped) as refused:
        run_sweep(other, tmp_path / "a.zarr")
    assert message in str(refused.value)


def test_the_same_sweep_about_another_experiment_of_an_axis_is_the_same(tmp_path: Path) -> None:
    run_sweep(Sweep(SMALL, {"weight_scale": [1.0]}), tmp_path / "a.zarr", stop=lambda: True)
    run_sweep(Sweep(replace(SMALL, weight_scale=3.0), {"weight_scale": [1.0]}), tmp_path / "a.zarr")


def test_a_store_of_another_version_is_refused_by_name(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with monkeypatch.context() as patch:
        patch.setattr(store, "VERSION", "0.0.1")
        run_sweep(small(), tmp_path / "a.zarr", stop=lambda: True)
    with pytest.raises(SweepStopped, match=r"was made by version 0\.0\.1 of rnn_dynamics; this is 0\.1\.0"):
        run_sweep(small(), tmp_path / "a.zarr")


def test_nothing_that_is_no_store_is_written_to_or_opened(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("mine")
    (tmp_path / "folder").mkdir()
    (tmp_path / "folder" / "mine.txt").write_text("mine")
    zarr.create_group(tmp_path / "other.zarr", zarr_format=2)
    (tmp_path / "broken").mkdir()
    (tmp_path / "broken" / ".zattrs").write_text("{")
    for name in ("file", "folder", "other.zarr", "broken"):
        kept = sorted(tmp_path.rglob("*"))
        for use in (open_sweep, lambda path: run_sweep(small(), path)):
            with pytest.raises(SweepStopped, match=rf"{name} .*store of a sweep") as refused:
                use(tmp_path / name)
            assert "\n" not in str(refused.value)
        assert sorted(tmp_path.rglob("*")) == kept
    with pytest.raises(SweepStopped, match="nowhere is not there"):
        open_sweep(tmp_path / "nowhere")
    with pytest.raises(SweepStopped, match="cannot be written: Not a directory"):
        run_sweep(small(), tmp_path / "file" / "a.zarr")


def test_a_store_that_is_there_may_be_left_alone(tmp_path: Path) -> None:
    (tmp_path / "a.zarr").mkdir()  # empty, as a mount may be
    run_sweep(small(), tmp_path / "a.zarr", resume=False, stop=lambda: True)
    with pytest.raises(SweepStopped, match="is there already"):
        run_sweep(small(), tmp_path / "a.zarr", resume=False)
