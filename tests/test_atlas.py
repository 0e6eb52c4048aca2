"""The page "Atlas": its map against single runs, the shipped file against its command, a store against a file."""

import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import replace
from itertools import permutations
from pathlib import Path
from random import Random
from typing import Any

import numpy as np
import pytest
from streamlit.proto.WidgetStates_pb2 import WidgetState
from streamlit.testing.v1 import AppTest

from rnn_dynamics import Experiment, pictures, run
from rnn_dynamics.atlas import VARIABLE, Atlas, AtlasRefused, open_atlas, shipped
from rnn_dynamics.atlas.shipped import AXES, COMMON, FILE, SEEDS, main, packed, read
from rnn_dynamics.engine.verdict import judge
from rnn_dynamics.experiment import settings
from rnn_dynamics.pictures.atlas import PICTURE, clicked
from rnn_dynamics.pictures.atlas.answer import MOST, OUTCOMES, AtlasAnswer, atlas_answer, atlas_map
from rnn_dynamics.pictures.atlas.table import border_rows
from rnn_dynamics.pictures.kit.layers import GO
from rnn_dynamics.sweep import Sweep, run_sweep
from tests.every import every
from tests.handed_out import frame_of, only, table
from tests.pictured import drawn_by, said_by
from tests.test_pages import ROOT, open_page

LSTM = replace(COMMON, cell="lstm", forget_bias=3.0)
SMALL = Experiment(hidden_size=4, input_size=2, batch_size=2, sequence_length=10)
SWEEP = Sweep(
    SMALL, {"cell": ("rnn", "lstm"), "weight_scale": (0.5, 1.0, 4.0), "input_scale": (0.1, 1.0)}, range(3), norms=()
)


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A small sweep's store."""
    path = tmp_path_factory.mktemp("sweep") / "atlas.zarr"
    run_sweep(SWEEP, path)
    return path


def answered(experiment: Experiment = LSTM, /, **views: str) -> AtlasAnswer:
    return atlas_answer(experiment, {**PICTURE.views, **views})


def places(count: int) -> Iterator[tuple[int, ...]]:
    draw = Random(0)
    for _ in range(count):
        yield tuple(draw.randrange(len(values)) for values in shipped().axes.values())


# --- the shipped file -----------------------------------------------------------------------------------------------


def test_the_shipped_file_is_small_and_asks_what_its_command_asks() -> None:
    sweep = Sweep(COMMON, AXES, SEEDS, norms=())
    with np.load(FILE) as file:
        assert str(file["sweep"]) == sweep.as_text()
        assert {file[name].shape for name in file.files if name != "sweep"} == {sweep.shape}
    assert FILE.stat().st_size < 1_000_000
    assert shipped().size == sweep.size >= 10_000


@every("place", places(8))
def test_a_place_of_the_shipped_atlas_has_the_numbers_of_single_runs(place: tuple[int, ...]) -> None:
    axes, arrays = shipped().axes, shipped().arrays
    common = {name: values[i] for (name, values), i in zip(axes.items(), place, strict=True)}
    for number, seed in enumerate(shipped().seeds):
        if arrays["digits"][(*place, number)] < 6:
            continue  # another machine finds others
        trace = run(replace(COMMON, **common, seed=seed))
        verdict = judge(trace.log10_norms["hidden"])
        assert arrays["log10_factor"][(*place, number)] == pytest.approx(verdict.log10_factor, abs=1e-6)
        assert arrays["horizon"][(*place, number)] == (verdict.horizon or np.inf)
        assert arrays["loss"][(*place, number)] == pytest.approx(trace.loss, rel=1e-5)


def test_the_command_writes_the_file_of_its_sweep(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, store: Path) -> None:
    module = sys.modules["rnn_dynamics.atlas.shipped"]
    for name, value in (("COMMON", SMALL), ("AXES", SWEEP.axes), ("SEEDS", SWEEP.seeds)):
        monkeypatch.setattr(module, name, value)
    main([str(tmp_path / "made.npz")])
    made, right = read(tmp_path / "made.npz"), packed(store)
    assert (made.experiment, dict(made.axes), made.seeds) == (SMALL, dict(SWEEP.axes), SWEEP.seeds)
    for name, values in made.arrays.items():
        np.testing.assert_array_equal(values, right[name])


# --- the map --------------------------------------------------------------------------------------------------------


@every("seed", range(12))
def test_a_cell_of_the_map_is_the_median_of_the_networks_at_its_place(seed: int) -> None:
    draw, atlas = Random(seed), shipped()
    across, up = draw.sample([*atlas.axes], 2)
    here = {name: draw.choice(values) for name, values in atlas.axes.items()}
    if here["cell"] != "lstm":
        here["forget_bias"] = atlas.experiment.forget_bias  # where those are who have none
    answer = answered(replace(COMMON, **here), map_x=across.replace("_", " "), map_y=up.replace("_", " "))
    place = tuple(values.index(here[name]) for name, values in atlas.axes.items())
    row, column = atlas.axes[up].index(here[up]), atlas.axes[across].index(here[across])
    networks = {name: np.sort(array[place].astype(float)) for name, array in atlas.arrays.items()}
    assert answer.here == (row, column)
    assert answer.map.values("factor")[row, column] == 10.0 ** networks["log10_factor"][2]
    assert answer.map.values("horizon")[row, column] == networks["horizon"][2]
    assert answer.map.values("loss")[row, column] == networks["loss"][2]
    apart = 10.0 ** networks["log10_factor"][4] / 10.0 ** networks["log10_factor"][0]
    assert answer.map.values("spread")[row, column] == pytest.approx(apart, rel=1e-9)
    median = networks["log10_factor"][2]
    assert answer.outcome == ("vanishes" if median < -0.02 else "explodes" if median > 0.02 else "holds")


def test_a_store_and_a_file_of_it_give_the_same_maps(tmp_path: Path, store: Path) -> None:
    arrays: dict[str, Any] = dict(packed(store))
    np.savez(tmp_path / "same.npz", **arrays)
    opened, file = open_atlas(str(store)), read(tmp_path / "same.npz")
    assert (opened.experiment, dict(opened.axes), opened.seeds) == (file.experiment, dict(file.axes), file.seeds)
    for across, up in permutations(SWEEP.axes, 2):
        one, other = (atlas_map(atlas, across, up, (1, 0, 1)) for atlas in (opened, file))
        assert one.loss.shape == (len(file.axes[up]), len(file.axes[across]))
        for name, values in vars(other).items():
            np.testing.assert_allclose(getattr(one, name), values, rtol=1e-6)


def test_a_map_reads_no_more_of_a_store_than_it_shows() -> None:
    read_at: list[Any] = []

    class Noted:
        def __getitem__(self, at: Any) -> Any:
            read_at.append(at)
            return np.zeros([len(range(*one.indices(100))) for one in at if isinstance(one, slice)])

    values = tuple(k / 100 for k in range(100))
    arrays = {name: Noted() for name in ("loss", "log10_factor", "horizon", "digits")}
    atlas = Atlas(SMALL, dict.fromkeys(("weight_scale", "forget_bias", "input_scale"), values), (0,), arrays)
    found = atlas_map(atlas, "forget_bias", "weight_scale", (0, 0, 7))
    assert max(found.loss.shape) <= MOST
    assert set(map(str, read_at)) == {str((slice(None, None, 3), slice(None, None, 3), 7, slice(None)))}


def test_borders_lie_between_cells_where_gradients_do_something_else() -> None:
    outcome = np.array([[0, 1, 2], [0, 0, -1]])
    rows = border_rows(outcome).to_pylist()
    sides = {(row["x"], row["y"], row["x2"], row["y2"]): bool(row["explodes"]) for row in rows}
    assert sides == {(1, 0, 1, 1): False, (2, 0, 2, 1): True, (1, 1, 2, 1): False}


@every(("narrow", "pixels", "letter", "line"), [(True, (300, 300), 7, 15), (False, (560, 300), 9, 18)])
def test_names_on_the_map_lie_in_their_regions_and_on_nothing_else_that_is_written(
    narrow: bool, pixels: tuple[int, int], letter: int, line: int
) -> None:
    draw, found = Random(0), 0
    for across, up in [("weight scale", "forget bias"), ("weight scale", "input scale"), ("cell", "weight scale")] * 40:
        there = {name: draw.choice(values) for name, values in shipped().axes.items()}
        answer = answered(replace(COMMON, **there), map_x=across, map_y=up)
        tables = drawn_by(PICTURE, answer.experiment, map_x=across, map_y=up)
        (whole,), (row, left) = tables["whole"], answer.here
        wide, high = (all_of / count for all_of, count in zip(pixels, answer.map.outcome.shape[::-1], strict=True))
        long = letter * len(whole["here"])
        x0 = wide * (left + 1) - long if whole["is_right"] else wide * left
        y0, y1 = (high * row - line, high * (row + 1)) if whole["is_high"] else (high * row, high * (row + 1) + line)
        written = [(x0, x0 + long, y0, y1)]
        for name in tables["regions"]:
            if name["narrow"] is narrow:
                assert OUTCOMES[answer.map.outcome[int(name["y"]), int(name["x"])]] == name["name"]
                x, y, half = name["x"] * wide, name["y"] * high, letter * len(name["name"]) / 2
                box = x - half, x + half, y - line / 2, y + line / 2
                for other in written:
                    apart = [box[1] <= other[0], other[1] <= box[0], box[3] <= other[2], other[3] <= box[2]]
                    assert any(apart), (answer.experiment, name, other, box)
                written.append(box)
        found += len(written) - 1
    assert found > 200


def test_the_words_at_the_reader_s_place_are_off_borders_where_they_are_so_on_one_side() -> None:
    """On the map of a projector, of which they take 0.3 by 0.14."""
    draw, chosen = Random(1), []
    for number in range(120):
        there = {name: draw.choice(values) for name, values in shipped().axes.items()} if number else {}
        tables = drawn_by(PICTURE, replace(COMMON, **there), map_x="weight scale", map_y="forget bias")
        (whole,), wide = tables["whole"], 0.3 * len(tables["columns"])
        rows, row, left = len(tables["rows"]), whole["row"], whole["left"]
        x0, x1 = (left + 1 - wide, left + 1) if whole["is_right"] else (left, left + wide)
        sides = {True: (row - 0.14 * rows, row), False: (row + 1, row + 1 + 0.14 * rows)}
        free = {
            below: 0 <= y0 < y1 <= rows
            and not any(b["x"] < x1 and b["x2"] > x0 and b["y"] < y1 and b["y2"] > y0 for b in tables["borders"])
            for below, (y0, y1) in sides.items()
        }
        assert free[whole["is_high"]] or not any(free.values()), there
        chosen.append((whole["is_high"] != (2 * row > rows), free[whole["is_high"]]))
    assert (True, True) in chosen  # else it would stand inwards in any case


def test_a_place_where_a_network_has_no_answer_is_left_out(monkeypatch: pytest.MonkeyPatch) -> None:
    arrays = {name: values.copy() for name, values in shipped().arrays.items()}
    for values in arrays.values():
        values[1, :, :, 3, 2] = np.nan
    partial = replace(shipped(), arrays=arrays)
    monkeypatch.setattr("rnn_dynamics.pictures.atlas.answer.shipped", lambda: partial)
    there = replace(LSTM, weight_scale=shipped().axes["weight_scale"][3])
    assert answered(there).outcome == "none"
    assert "has no answer" in said_by(PICTURE, there)
    cells = drawn_by(PICTURE, there)["cells"]
    assert len(cells) == 12 * 24
    assert 3 not in {cell["column"] for cell in cells}
    assert set(pictures.frames("atlas", there)["map"]["outcome"]) == {*OUTCOMES, "none"}


def test_the_page_tells_in_how_many_cells_of_the_map_gradients_vanish_hold_and_explode() -> None:
    outcomes = [str(word) for word in pictures.frames("atlas", LSTM)["map"]["outcome"]]
    vanish, hold, explode = (f"{100 * outcomes.count(word) / len(outcomes):.0f} %" for word in OUTCOMES)
    claim = said_by(PICTURE, LSTM).replace("&nbsp;", " ")
    assert f"holds (×0.955 to ×1.047 per step) in only {hold} of the squares;" in claim
    assert f"it vanishes in {vanish} and explodes in {explode}." in claim


def test_an_experiment_that_is_not_on_the_grid_has_the_answer_of_the_nearest() -> None:
    asked = Experiment(cell="jordan", weight_scale=1.04, forget_bias=9.0, input_scale=0.25, hidden_size=7, seed=3)
    there: dict[str, Any] = {"weight_scale": 1.0, "input_scale": 0.316, "seed": 3}
    lstm = replace(asked, cell="lstm")
    assert answered(lstm).experiment == replace(COMMON, cell="lstm", forget_bias=5.0, **there)
    # A cell without a forget bias stands where the atlas's own experiment does.
    assert answered(asked).experiment == replace(COMMON, cell="rnn", forget_bias=COMMON.forget_bias, **there)


def test_an_axis_that_the_atlas_does_not_have_is_named() -> None:
    with pytest.raises(ValueError, match="map_x = 'hidden_size' is not one of cell, input_scale"):
        pictures.draw("atlas", LSTM, map_x="hidden size")


def test_two_axes_of_the_same_name_are_shown_as_two_others_and_that_is_said() -> None:
    views = {"map_x": "forget bias", "map_y": "forget bias"}
    answer = atlas_answer(LSTM, {**PICTURE.views, **views})
    assert (answer.across, answer.up) == ("forget_bias", "weight_scale")
    assert "up the map goes weight scale" in said_by(PICTURE, LSTM, **views)


def test_what_the_page_says_to_try_is_so() -> None:
    lstm, bias = answered(), shipped().axes["forget_bias"]
    outcome, scales = lstm.map.outcome, shipped().axes["weight_scale"]
    rows = {bias[k]: "".join("vhe"[word] for word in row) for k, row in enumerate(outcome)}
    assert rows[-2.0].rindex("v") == scales.index(4.0) == rows[-2.0].count("v") - 1
    assert all("v" not in row for value, row in rows.items() if value >= 3.5)
    assert all("v" in row for value, row in rows.items() if value < 3.5)
    border = {value: row.count("v") for value, row in rows.items() if value < 3.5}
    climbed = [border[value] for value in border if value >= 0.5]
    assert all(np.diff(climbed) < 0)
    assert border[-2.0] == border[-1.0] > border[0.0] == border[0.5]
    last = [len(row.rstrip("e")) for row in rows.values()]
    assert max(last) - min(last) == 1
    rnn = answered(replace(LSTM, cell="rnn"), map_y="input scale").map.outcome
    ends = [(row == 0).sum() for row in rnn]
    assert ends == sorted(ends)
    assert ends[0] < ends[-1]
    islands = answered(replace(LSTM, input_scale=0.1)).map.outcome == 2
    assert (np.diff(islands.astype(int), axis=1) == -1).sum() > 5


# --- the page -------------------------------------------------------------------------------------------------------


def opened_at_home(app: AppTest) -> dict[str, Any]:
    assert not app.exception
    assert app.title[0].value == "Vanish or explode?"
    names = ("cell", "weight_scale", "forget_bias", "sequence_length", "input_scale")
    return {name: app.session_state[name] for name in names}


def from_the_entry() -> AppTest:
    app = AppTest.from_file(str(ROOT / "streamlit_app.py"), default_timeout=60)
    app.switch_page("pages/atlas.py").run()
    return app


def test_the_button_opens_the_readers_place_on_the_home_page() -> None:
    app = from_the_entry()
    app.select_slider(key="weight_scale").set_value(0.5).run()
    found = opened_at_home(app.button(key="open").click().run())
    assert found == {name: getattr(replace(LSTM, weight_scale=0.5), name) for name in found}


def test_a_click_opens_the_experiment_on_the_home_page() -> None:
    app = from_the_entry()
    (chart,) = app.get("vega_lite_chart")
    states = app._tree.get_widget_states()
    picked = json.dumps({"selection": {GO: [{"place": 2, "column": 20}]}})
    states.widgets.append(WidgetState(id=chart.proto.id, string_value=picked))
    app._run(states)
    there, found = clicked(LSTM, PICTURE.views, 20, 2), opened_at_home(app)
    assert (there.weight_scale, there.forget_bias) == (4.0, 0.0)
    assert found == {name: getattr(there, name) for name in found}


def test_the_page_hands_out_its_map_and_the_script_of_the_readers_place() -> None:
    frame = frame_of("atlas")
    experiment, views = frame.asked({"weight_scale": 0.5, "seed": 2})
    files = frame.files(experiment, views)
    assert only(files, "gradients").of == settings(experiment)
    rows = table(only(files, "map")).set_index(["forget_bias", "weight_scale"])
    assert len(rows) == 300
    answer = answered(experiment)
    assert rows.loc[(3.0, 0.5), "factor_per_step"] == pytest.approx(10.0**answer.log10_factor.median, rel=1e-12)
    assert rows.loc[(3.0, 0.5), "outcome"] == answer.outcome
    assert answer.own == shipped().arrays["log10_factor"][1, 2, 8, 4, 2]


REFUSED: dict[str, tuple[str, Callable[[Path], Path]]] = {
    "missing": ("is not there, or is no store of a sweep", lambda folder: folder / "nothing"),
    "empty": ("is not there, or is no store of a sweep", lambda folder: folder),
    "file": ("cannot be read as the store of a sweep", lambda folder: _written(folder / "file", "no")),
    "other": ("is no store of a sweep", lambda folder: _written(folder / ".zattrs", "{}").parent),
    "hostile": (
        "cannot be opened",
        lambda folder: _written(folder / ".zattrs", '{"sweep": "[]", "version": 1, "block": 1}').parent,
    ),
}


def _written(file: Path, text: str) -> Path:
    file.write_text(text, encoding="utf-8")
    return file


@pytest.mark.parametrize("kind", REFUSED)
def test_a_store_that_cannot_be_opened_is_named_on_the_page(
    kind: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    said, made = REFUSED[kind]
    monkeypatch.setenv(VARIABLE, str(made(tmp_path)))
    app = open_page("atlas")
    assert not app.exception
    (warning,) = app.warning
    assert f"{VARIABLE} = {tmp_path}" in warning.value
    assert said in warning.value
    assert "Traceback" not in warning.value
    assert app.get("vega_lite_chart")


def test_a_store_of_one_axis_or_without_the_extra_is_refused(
    tmp_path: Path, store: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    run_sweep(Sweep(SMALL, {"weight_scale": (1.0, 2.0)}, (0,), norms=()), tmp_path / "one.zarr")
    with pytest.raises(AtlasRefused) as refused:
        open_atlas(str(tmp_path / "one.zarr"))
    assert refused.value.kind == "axes"
    monkeypatch.setitem(sys.modules, "rnn_dynamics.sweep", None)
    with pytest.raises(AtlasRefused) as refused:
        open_atlas(str(store))
    assert refused.value.kind == "extra"


SHOWN = """
import sys
from streamlit.testing.v1 import AppTest
from rnn_dynamics.dashboard import warm
warm.warm_up = lambda *_: None
app = AppTest.from_file("pages/atlas.py", default_timeout=60).run()
assert not app.exception and not app.warning
print([one.key for one in app.select_slider], len(app.get("vega_lite_chart")))
for button in [one.key for one in app.button if one.key.startswith("preset")]:
    app.button(key=button).click().run()
    assert not app.exception, button
print(sorted({"xarray", "zarr", "distributed"} & set(sys.modules)))
"""


def test_a_server_shows_the_store_that_it_names_and_else_needs_none_of_the_extra(store: Path) -> None:
    for named, sliders, extra in (
        (str(store), ["weight_scale", "input_scale"], ["xarray", "zarr"]),
        ("", ["input_scale", "forget_bias", "weight_scale"], []),
    ):
        env = os.environ | {VARIABLE: named}
        done = subprocess.run(
            [sys.executable, "-c", SHOWN], env=env, cwd=ROOT, capture_output=True, text=True, check=True
        )
        shown_there, loaded = done.stdout.splitlines()
        assert shown_there == f"{sliders} 1"
        assert loaded == str(extra)
