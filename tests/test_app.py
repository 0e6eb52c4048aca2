"""The dashboard as a reader meets it, through the entry script and through the page's file alone."""

import ast
import json
import math
import pickle
from collections.abc import Mapping
from dataclasses import replace
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray
from streamlit.proto.WidgetStates_pb2 import WidgetState
from streamlit.testing.v1 import AppTest

from rnn_dynamics import CELLS, Experiment, run
from rnn_dynamics.content.numbers import power_of_ten, share
from rnn_dynamics.dashboard.seat import IN_TAB
from rnn_dynamics.engine.run import run_family
from rnn_dynamics.engine.verdict import Verdict, judge
from rnn_dynamics.experiment import KNOBS, WEIGHT_SCALES
from rnn_dynamics.pictures.kit.frames import point_steps
from rnn_dynamics.pictures.kit.layers import GO
from tests.every import every
from tests.handed_out import frame_of, presets_of
from tests.test_home_page import heights
from tests.test_pages import not_taken, shown
from tests.unmarked import unmarked

ROOT = Path(__file__).resolve().parent.parent
ENTRIES = ("streamlit_app.py", "pages/vanish_or_explode.py")


OPENING = frame_of("vanish_or_explode").opening
PRESETS = {key: experiment for key, (experiment, _) in presets_of("vanish_or_explode").items()}
DATASETS = {"curves", "map", "scales", "chosen", "whole", "floors"}


def open_app(entry: str = ENTRIES[0], params: Mapping[str, str | list[str]] | None = None) -> AppTest:
    """The app as a new visitor opens it."""
    app = AppTest.from_file(str(ROOT / entry), default_timeout=30)
    for key, value in (params or {}).items():
        app.query_params[key] = value
    app.session_state["share"] = app.session_state["more"] = True  # both panels are built only while they are open
    return app.run()


def words(app: AppTest) -> str:
    """What stands below the picture, as HTML: the table, then the notes."""
    (html,) = (unmarked(element.proto.body) for element in app.get("html") if "<table" in element.proto.body)
    return str(html)


#: What the page asks of an experiment; layers and directions have a page of their own.
FIELDS = set(KNOBS) - {"num_layers", "bidirectional", "forget_bias_layers"}


def notes(app: AppTest) -> str:
    return words(app).partition("</table>")[2]


def table_row(app: AppTest, cell: str) -> str:
    """The verdict on one cell."""
    (row,) = (row for row in words(app).split("<tr>") if f"<b>{CELLS[cell].label}" in row)
    return row


def notice(app: AppTest) -> str:
    """What the page says of a link that it could not take as it stood; empty if it could."""
    said = not_taken(app)
    assert len(said) <= 1
    return said[0] if said else ""


def link(app: AppTest) -> str:
    return str(app.code[0].value)


def picture(app: AppTest) -> Any:
    """The message with the picture."""
    (chart,) = app.get("vega_lite_chart")
    return chart.proto


def datasets(app: AppTest) -> dict[str, list[dict[str, Any]]]:
    """The rows of every dataset of the picture."""
    return {item.name: pa.ipc.open_stream(item.data.data).read_all().to_pylist() for item in picture(app).datasets}


def shown_cells(experiment: Experiment) -> tuple[str, ...]:
    """A network without gates and two with; the reader's own in the place of the one of its kind."""
    gated = experiment.cell if experiment.cell in ("mingru", "minlstm", "lru", "ssm", "cornn") else "gru"
    with_cell_state = "slstm" if experiment.cell == "slstm" else "lstm"
    return ("jordan" if experiment.cell == "jordan" else "rnn", with_cell_state, gated)


@lru_cache(maxsize=256)
def norms_of(experiment: Experiment, component: str = "input") -> dict[str, NDArray[np.float64]]:
    """Cell -> norms (S, T) at every weight scale of the slider, from the engine and not from the page's cache."""
    answers = {
        cell: run_family(replace(experiment, cell=cell), weight_scales=WEIGHT_SCALES)
        for cell in shown_cells(experiment)
    }
    return {cell: answer.log10_norms.get(component, answer.log10_norms["hidden"]) for cell, answer in answers.items()}


def judged(experiment: Experiment, component: str = "input") -> dict[str, Verdict]:
    """The verdict on each cell at the experiment's weight scale."""
    position = WEIGHT_SCALES.index(experiment.weight_scale)
    return {cell: judge(norms[position]) for cell, norms in norms_of(experiment, component).items()}


def assert_shows(app: AppTest, experiment: Experiment, component: str = "input") -> None:
    """The table and every curve of the picture are those of an experiment."""
    assert not app.exception
    assert f"against step {experiment.sequence_length}<" in words(app)
    shown = datasets(app)
    ((chosen,), (whole,)) = shown["chosen"], shown["whole"]
    assert (WEIGHT_SCALES[chosen["scale"]], whole["length"]) == (experiment.weight_scale, experiment.sequence_length)
    assert whole["map"].lower().startswith(f"{experiment.cell}:")
    labels = {row["name"]: row["text"] for row in shown["curves"] if row["scale"] == chosen["scale"]}
    for cell, verdict in judged(experiment, component).items():
        left = power_of_ten(verdict.orders)
        assert labels[cell].endswith(f": {share(verdict.orders)}")
        travels = experiment.sequence_length > 1 and not math.isnan(verdict.orders)
        assert (f"<b>{left}</b> in all" in table_row(app, cell)) == travels
    assert [row["scale"] for row in shown["scales"]] == list(range(len(WEIGHT_SCALES)))
    norms = norms_of(experiment, component)
    for row in shown["curves"]:
        exact = norms[row["name"]][row["scale"], point_steps(experiment.sequence_length) - 1]
        ends = shown["scales"][row["scale"]]
        inside = (exact >= ends["low"]) & (exact <= ends["high"])
        np.testing.assert_allclose(heights(row["points"]), np.where(inside, exact, np.nan), rtol=0, atol=0.005 + 1e-9)


@every("entry", ENTRIES)
def test_the_page_opens_on_the_opening_picture(entry: str) -> None:
    app = open_app(entry)
    assert_shows(app, OPENING)
    assert [title.value for title in app.title] == ["Vanish or explode?"]
    assert notice(app) == ""
    assert {item.name for item in picture(app).datasets} == DATASETS


def test_the_opening_picture_shows_an_rnn_that_forgets_and_an_lstm_that_does_not() -> None:
    found = judged(OPENING)
    assert (found["rnn"].outcome, found["lstm"].outcome) == ("vanishes", "holds")
    assert found["rnn"].orders < -10
    assert PRESETS["remembers"] == OPENING


@every("entry", ENTRIES)
def test_the_page_goes_on_after_its_first_run(entry: str) -> None:
    app = open_app(entry)
    before = (words(app), datasets(app))
    app.run()
    assert (words(app), datasets(app)) == before
    app.select_slider(key="weight_scale").set_value(1.4).run()
    assert_shows(app, replace(OPENING, weight_scale=1.4))


# --- controls -------------------------------------------------------------------------------------------------------


@every(
    ("key", "value"), [("weight_scale", 0.1), ("weight_scale", 10.0), ("sequence_length", 10), ("sequence_length", 200)]
)
def test_a_slider_changes_table_and_picture(key: str, value: Any) -> None:
    app = open_app()
    before = (words(app), datasets(app))
    app.select_slider(key=key).set_value(value).run()
    assert_shows(app, replace(OPENING, **{key: value}))
    assert all(old != new for old, new in zip(before, (words(app), datasets(app)), strict=True))
    assert f"{key}={value}" in link(app)


def test_a_click_on_the_map_sets_the_weight_scale_of_its_row() -> None:
    app = open_app()
    for row in (3, 20):
        selected = {"selection": {GO: [{"scale": row, "chosen": 9}]}}
        states = app._tree.get_widget_states()
        states.widgets.append(WidgetState(id=picture(app).id, string_value=json.dumps(selected)))
        app = app._run(states)
        assert app.select_slider(key="weight_scale").value == WEIGHT_SCALES[row]
        assert_shows(app, replace(OPENING, weight_scale=WEIGHT_SCALES[row]))


@every("cell", ["lstm", "gru"])
def test_the_cell_changes_the_map_and_leaves_the_curves(cell: str) -> None:
    app = open_app()
    before = datasets(app)
    app.selectbox(key="cell").set_value(cell).run()
    after = datasets(app)
    assert_shows(app, replace(OPENING, cell=cell))
    assert after["curves"] == before["curves"]
    assert after["whole"] != before["whole"]
    assert [row["horizon"] for row in after["scales"]] != [row["horizon"] for row in before["scales"]]


def test_the_picture_of_all_weight_scales_agrees_with_a_run_of_each() -> None:
    # Where the networks are not chaotic: there every rounding is amplified, and the order of a sum shows.
    for row in datasets(open_app())["curves"]:
        if (scale := WEIGHT_SCALES[row["scale"]]) <= 1.4:
            exact = run(replace(OPENING, cell=row["name"], weight_scale=scale)).log10_norms["input"]
            np.testing.assert_allclose(heights(row["points"]), exact[point_steps(100) - 1], rtol=0, atol=0.0051)


@every("gradient", ["hidden", "cell"])
def test_the_gradient_switch_changes_which_norms_are_drawn(gradient: str) -> None:
    app = open_app()
    app.segmented_control(key="gradient").set_value(gradient).run()
    assert_shows(app, OPENING, gradient)


def test_the_lag_turns_the_map_around_and_leaves_the_numbers() -> None:
    app = open_app()
    before, said, spec = datasets(app), words(app), picture(app).spec
    app.segmented_control(key="axis").set_value("lag").run()
    assert datasets(app) == before
    assert picture(app).spec != spec
    assert words(app) == said


MORE: dict[str, Any] = {
    "hidden_size": 8,
    "input_size": 4,
    "batch_size": 1,
    "forget_bias": -2.0,
    "input_scale": 0.1,
    "seed": 17,
    "initialisation": "identity",
    "nonlinearity": "relu",
    "reset_gate": "before",
    "initial_state": "carried",
    "input_weights": "torch",
    "input_weight_scale": 0.5,
    "gate_bias": "chrono",
    "loss_at": "every",
    "hidden_path": "cut",
}


@every("key", MORE)
def test_every_further_control_changes_the_picture(key: str) -> None:
    app = open_app()
    before = datasets(app)
    widgets = [*app.select_slider, *app.selectbox, *app.segmented_control]
    (widget,) = (widget for widget in widgets if widget.key == key)
    widget.set_value(MORE[key]).run()
    assert_shows(app, replace(OPENING, **{key: MORE[key]}))
    assert datasets(app)["curves"] != before["curves"]
    assert f"{key}={MORE[key]}" in link(app)


def test_all_fields_of_an_experiment_have_a_control() -> None:
    app = open_app()
    widgets = [*app.select_slider, *app.selectbox, *app.segmented_control, *app.text_input, *app.toggle]
    assert FIELDS | {"gradient", "axis", IN_TAB} == {widget.key for widget in widgets}


def test_the_readers_own_sentence_sets_the_length() -> None:
    sentence = "What the network reads 🎉"
    app = open_app()
    app.text_input(key="text").set_value(sentence).run()
    assert_shows(app, replace(OPENING, text=sentence))
    assert f"your sentence of {len(sentence)} characters" in notes(app)
    app.text_input(key="text").set_value("").run()
    assert_shows(app, OPENING)


def test_a_sentence_of_one_letter_has_nothing_to_travel_through() -> None:
    app = open_app(params={"text": "a"})
    assert_shows(app, replace(OPENING, text="a"))
    assert words(app).count("only one step") == len(shown_cells(OPENING))
    assert "your sentence of one character;" in notes(app)


@every("key", ["initial_state", "gradient", "axis"])
def test_a_choice_without_a_choice_is_the_opening_one(key: str) -> None:
    app = open_app()
    app.segmented_control(key=key).set_value(None).run()
    assert_shows(app, OPENING)
    assert link(app) == link(open_app())


# --- presets --------------------------------------------------------------------------------------------------------


@every("name", PRESETS)
def test_a_preset_sets_every_control(name: str) -> None:
    app = open_app(params={"seed": "7", "hidden_size": "8", "text": "some text", "loss_at": "every", "axis": "lag"})
    app.button(key=f"preset_{name}").click().run()
    assert_shows(app, PRESETS[name])
    assert app.segmented_control(key="axis").value == "lag"  # the view is the reader's


@every("entry", ENTRIES)
def test_the_presets_can_be_pressed_one_after_the_other(entry: str) -> None:
    app = open_app(entry)
    for name in (*PRESETS, *reversed(PRESETS)):
        app.button(key=f"preset_{name}").click().run()
        assert_shows(app, PRESETS[name])


@every(
    ("name", "outcomes"),
    [
        ("remembers", {"rnn": "vanishes", "lstm": "holds"}),
        ("vanishes", {"rnn": "vanishes", "lstm": "vanishes", "gru": "vanishes"}),
        ("explodes", {"rnn": "explodes"}),
        ("edge", {"rnn": "holds"}),
        ("too", {"lstm": "vanishes"}),
    ],
)
def test_a_preset_keeps_the_promise_of_its_name(name: str, outcomes: dict[str, str]) -> None:
    app = open_app()
    app.button(key=f"preset_{name}").click().run()
    found = judged(PRESETS[name])
    assert {cell: found[cell].outcome for cell in outcomes} == outcomes
    assert all(outcome in table_row(app, cell) for cell, outcome in outcomes.items())


def test_the_edge_is_within_an_order_of_magnitude() -> None:
    assert abs(judged(PRESETS["edge"])["rnn"].orders) < 1


def test_a_promise_does_not_hang_on_the_seed() -> None:
    kept = {"remembers": ("lstm", "holds"), "vanishes": ("rnn", "vanishes"), "too": ("lstm", "vanishes")}
    for name, (cell, outcome) in kept.items():
        for seed in range(10):
            assert judged(replace(PRESETS[name], seed=seed))[cell].outcome == outcome, (name, seed)


def test_a_reset_brings_back_experiment_and_view() -> None:
    opening = open_app()
    app = open_app(
        params={"cell": "gru", "weight_scale": "5.0", "seed": "9", "text": "abc", "axis": "lag", "gradient": "cell"}
    )
    app.button(key="reset").click().run()
    assert (words(app), link(app), datasets(app)) == (words(opening), link(opening), datasets(opening))


def test_a_new_seed_is_the_next_one_and_everybodys() -> None:
    app = open_app()
    for seed in (1, 2):
        app.button(key="new_seed").click().run()
        assert_shows(app, replace(OPENING, seed=seed))
    assert f"seed={seed}" in link(app)


def test_after_the_last_seed_comes_the_first() -> None:
    app = open_app(params={"seed": "99"})
    app.button(key="new_seed").click().run()
    assert_shows(app, OPENING)


# --- what the reader is told ----------------------------------------------------------------------------------------


def test_the_notes_speak_of_the_readers_settings() -> None:
    app = open_app(params={"loss_at": "every", "forget_bias": "1.5", "hidden_path": "cut"})
    assert "forget bias of 1.5" in notes(app)
    assert "Every step has its own loss here" in "".join(shown(app)["words"])
    assert "The hidden path is cut" in notes(app)
    assert "Mean-field" not in notes(app)  # it predicts how one error travels
    assert "Mean-field" in notes(open_app())


def test_chrono_biases_are_named_in_the_picture_and_in_the_notes() -> None:
    app = open_app(params={"gate_bias": "chrono", "forget_bias": "1.5"})
    assert_shows(app, replace(OPENING, gate_bias="chrono", forget_bias=1.5))
    labels = {row["name"]: row["text"].partition(":")[0] for row in datasets(app)["curves"]}
    assert labels == {"rnn": "RNN", "lstm": "LSTM, chrono bias", "gru": "GRU, chrono bias"}
    assert "T − 1 = 99" in notes(app)
    assert "forget bias of" not in notes(app)


def test_a_relu_network_is_named_in_the_picture_and_in_the_table() -> None:
    app = open_app(params={"nonlinearity": "relu"})
    assert_shows(app, replace(OPENING, nonlinearity="relu"))
    labels = {row["name"]: row["text"].partition(":")[0] for row in datasets(app)["curves"]}
    assert labels == {"rnn": "RNN, ReLU", "lstm": "LSTM, forget bias 3", "gru": "GRU"}
    assert "<b>Vanilla RNN, ReLU</b>" in table_row(app, "rnn")
    assert "Mean-field" not in notes(app)
    assert "slope of ReLU" in notes(app)
    assert "slope of tanh" not in notes(app)


def test_the_page_says_where_its_digits_end_and_not_of_a_relu_network_whose_states_grow_too() -> None:
    exploding = replace(OPENING, nonlinearity="relu", weight_scale=2.0, initialisation="identity")
    app = open_app(params={"nonlinearity": "relu", "weight_scale": "2.0", "initialisation": "identity"})
    assert_shows(app, exploding)
    orders = {cell: verdict.orders for cell, verdict in judged(exploding).items()}
    assert orders.pop("rnn") > 20
    assert max(orders.values()) < 10
    assert "Rounding errors" not in notes(app)
    app.button(key="preset_explodes").click().run()
    app.session_state["nonlinearity"] = "tanh"
    app.run()
    assert run(PRESETS["explodes"]).digits == 0
    assert "until no digit is certain" in notes(app)


def test_the_largest_relu_network_of_the_sliders_is_drawn() -> None:
    params = {"nonlinearity": "relu", "weight_scale": "10.0", "sequence_length": "200", "initialisation": "identity"}
    largest = replace(OPENING, nonlinearity="relu", weight_scale=10.0, sequence_length=200, initialisation="identity")
    assert_shows(open_app(params=params), largest)


@every("gradient", ["input", "hidden"])
def test_a_relu_network_whose_units_are_all_off_has_no_gradient_to_compare(gradient: str) -> None:
    app = open_app(params={"nonlinearity": "relu", "input_scale": "0.0", "gradient": gradient})
    assert_shows(app, replace(OPENING, nonlinearity="relu", input_scale=0.0), gradient)
    row = table_row(app, "rnn")
    assert ("no gradient at all" in row) == (gradient == "input")
    assert ("vanishes: ×0" in row) == (gradient == "hidden")


def test_the_rule_about_the_spectral_radius_is_refuted_only_where_it_fails() -> None:
    app = open_app()
    refuted = "it can vanish although ρ is above 1"
    assert refuted in notes(app)
    assert "ρ = 1.12" in table_row(app, "rnn")
    app.button(key="preset_explodes").click().run()
    assert refuted not in notes(app)


def test_a_large_network_gets_a_coarser_map_that_still_holds_the_chosen_row() -> None:
    large = replace(OPENING, hidden_size=64, batch_size=8, sequence_length=200, weight_scale=1.3)
    params = {"hidden_size": "64", "batch_size": "8", "sequence_length": "200", "weight_scale": "1.3"}
    app = open_app(params=params)
    positions = [row["scale"] for row in datasets(app)["scales"]]
    assert WEIGHT_SCALES.index(1.3) in positions
    assert len(positions) < len(WEIGHT_SCALES)
    assert f"only one in {positions[1]} weight scales," in notes(app)
    for cell, verdict in judged(large).items():
        assert f"<b>{power_of_ten(verdict.orders)}</b> in all" in table_row(app, cell)


def test_the_specification_is_the_same_for_every_experiment() -> None:
    app = open_app()
    specifications = {picture(app).spec}
    for name in PRESETS:
        app.button(key=f"preset_{name}").click().run()
        specifications.add(picture(app).spec)
    app.select_slider(key="sequence_length").set_value(30).run()
    specifications.add(picture(app).spec)
    assert len(specifications) == 1


def test_every_message_stays_far_from_the_size_at_which_browsers_cache() -> None:
    message = picture(open_app())
    assert len(message.SerializeToString()) < 40_000


# --- the process behind it ------------------------------------------------------------------------------------------


def grows(decorator: str) -> bool:
    """Whether a function so decorated may remember without end."""
    if "st.cache" in decorator:
        return "max_entries" not in decorator or "max_entries=None" in decorator
    return decorator in {"cache", "functools.cache"} or "maxsize=None" in decorator


def test_every_cache_is_bounded() -> None:
    """Caches grow without end when told so, Streamlit's by themselves; a value that is made once needs no bound."""
    unbounded = []
    for path in [*(ROOT / "rnn_dynamics").rglob("*.py"), *(ROOT / "pages").rglob("*.py"), ROOT / "streamlit_app.py"]:
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.FunctionDef) and node.args.args:
                unbounded += [f"{path.name}: {node.name}" for line in node.decorator_list if grows(ast.unparse(line))]
    assert unbounded == []


def test_a_closed_panel_is_built_only_where_a_setting_of_the_link_needs_it() -> None:
    app = AppTest.from_file(str(ROOT / ENTRIES[0]), default_timeout=30).run()
    assert {widget.key for widget in app.select_slider} == {"weight_scale", "sequence_length"}
    assert not app.code
    app.button(key="new_seed").click().run()
    assert_shows(app, replace(OPENING, seed=1))
    assert app.select_slider(key="seed").value == 1


def test_nothing_large_lives_in_a_session() -> None:
    app = open_app()
    keys = (*FIELDS, "gradient", "axis", "more", "share", "picture")
    kept = {key: app.session_state[key] for key in keys if key in app.session_state}
    assert set(kept) >= FIELDS
    assert len(repr(kept)) < 1_000
    assert len(pickle.dumps(kept)) < 1_000
