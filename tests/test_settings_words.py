"""What every page says of its settings: what is set, which preset is on, and what has no effect."""

import html
import re
from collections import Counter
from functools import partial
from typing import Any

import pytest
import streamlit as st
from streamlit.testing.v1 import AppTest
from streamlit.testing.v1.element_tree import Widget

from rnn_dynamics.content import sentences
from rnn_dynamics.dashboard.controls import GROUPS
from rnn_dynamics.dashboard.frame import Frame
from rnn_dynamics.dashboard.page import Page
from rnn_dynamics.dashboard.settings_words import Names
from rnn_dynamics.experiment import KNOBS
from rnn_dynamics.idle import why_idle
from rnn_dynamics.learning.jobs import worked_through
from rnn_dynamics.pictures.learning import networks
from tests.every import every
from tests.handed_out import frame_of
from tests.test_address import visit
from tests.test_pages import PAGES, ROOT, open_page, shown
from tests.test_walks import widgets

every_page = every("page", PAGES)
spared = pytest.mark.usefixtures("no_answers")
#: Small enough that an answer takes no time.
SMALL = {"sequence_length": "10", "hidden_size": "2", "input_size": "2", "batch_size": "1", "initialisation": "torch"}
FIELDS = ("forget_bias", "gate_bias", "nonlinearity", "reset_gate", "input_size", "sequence_length")
#: Where a network shows its settings only once it is trained.
TRAINED = ("blank", "learning")


@pytest.fixture
def no_answers(monkeypatch: pytest.MonkeyPatch) -> None:
    """Pages whose controls, buttons and line are as ever, and whose pictures nobody asks for: no such test reads one.

    That a picture comes with its line, whatever repaints it, is a law of its own.
    """
    monkeypatch.setattr(Page, "draw", lambda page, *_: page.show_state(""))
    monkeypatch.setattr("rnn_dynamics.dashboard.page.growing", lambda _, draw, *__, **___: draw())


def state(app: AppTest) -> str:
    (line,) = (element.proto.body for element in app.get("html") if 'class="state' in element.proto.body)
    return re.sub(r"<h2.*?</h2>", "", str(line))  # without the claim


def marked(app: AppTest) -> set[str]:
    """The presets that the style sheet marks and does not offer."""
    return set(re.findall(r"is-(preset_\w+)", state(app)))


def offers_reset(app: AppTest) -> bool:
    """Whether the style sheet shows the button that resets."""
    return "is-reset" not in state(app)


def values(app: AppTest, page: str) -> dict[str, Any]:
    """Every setting of a page, also of a panel that is closed."""
    opening = {name: frame_of(page).at_opening[name] for name in frame_of(page).settings}
    return {name: app.session_state.get(name, value) for name, value in opening.items()}


@spared
@every_page
def test_reset_is_offered_only_where_it_changes_something(page: str) -> None:
    app = visit(page)
    opening, frame = values(app, page), frame_of(page)
    assert not offers_reset(app)
    for name in dict.fromkeys((*frame.main, "seed", "cell")):
        if name not in frame.settings or not frame.settings[name].values:
            continue
        for value in frame.settings[name].values[:: max(1, len(frame.settings[name].values) - 1)]:
            app.session_state[name] = value
            app.run()
            assert not app.exception
            assert offers_reset(app) == (values(app, page) != opening), (name, value)
        if offers_reset(app):
            app.button(key="reset").click().run()
        assert (values(app, page), offers_reset(app)) == (opening, False), name


@spared
def test_what_comes_along_from_another_page_is_offered_to_be_reset_only_where_it_counts() -> None:
    app = AppTest.from_file(str(ROOT / "streamlit_app.py"), default_timeout=60)
    app.query_params.update({"cell": "LSTM", "axis": "lag"})
    app.run()
    for page in PAGES[1:]:
        app.switch_page(f"pages/{page}.py").run()
        now, opening = values(app, page), frame_of(page).at_opening
        assert offers_reset(app) == any(value != opening[name] for name, value in now.items())


@spared
@every_page
def test_the_line_above_a_picture_says_seed_and_preset_and_what_the_preset_changed(page: str) -> None:
    app = visit(page)
    assert "Seed 0" in state(app)
    assert len(marked(app)) == 1
    for key, name in sentences(page)["presets"].items():
        app.button(key=f"preset_{key}").click().run()
        assert marked(app) == {f"preset_{key}"}
        away = {name for name in app.query_params if name != "seed"}
        disabled = {str(name) for name, one in widgets(app).items() if one.proto.disabled}
        assert state(app).count(": ") >= len(away - disabled)
        assert (f"<b>{html.escape(name)}</b> sets" in state(app)) == bool(away - disabled)
    app.button(key="new_seed").click().run()
    assert not marked(app)


@every(
    ("page", "params", "sets", "others"),
    [
        ("vanish_or_explode", {"axis": "lag"}, "Explodes", "Horizontal axis: lag"),
        ("blank", {"sentence": "hello ___", "gap": "3"}, "3 words", "Your own sentence: hello ___"),
        ("jacobians", {"axis": "lag"}, "ρ is no bound", "Horizontal axis: lag"),
        ("learning", {"axis": "lag"}, "Too fast", "Horizontal axis: lag"),
    ],
)
def test_what_a_preset_has_not_set_is_not_called_its_own(
    page: str, params: dict[str, str], sets: str, others: str
) -> None:
    app = visit(page, params)
    key = next(key for key, name in sentences(page)["presets"].items() if name == sets)
    app.button(key=f"preset_{key}").click().run()
    own, _, also = state(app).partition("; also changed: ")
    assert f"<b>{sets}</b> sets" in own
    assert others in also
    assert others not in own
    assert not {": sgd", ": adding"} & set(re.findall(r": [a-z]+", own))
    assert page != "jacobians" or "Seed: 19" in own


def test_a_setting_that_is_not_shown_is_not_called_changed() -> None:
    app = visit("by_hand", {"cell": "LSTM", "rnn_mistake": "no slope"})
    assert "Mistake" not in state(app)


def test_a_long_sentence_is_shortened_in_the_line() -> None:
    assert len(state(visit("vanish_or_explode", {"text": "a" * 188}))) < 200


@every("language", ["en", "zh"])
@every_page
def test_what_a_choice_is_called_in_the_line_is_never_shortened(language: str, page: str) -> None:
    names = Names(page, language)
    said = [names.said(name, value) for name, setting in frame_of(page).settings.items() for value in setting.values]
    assert [one for one in said if one.endswith("…")] == []


@spared
@every_page
def test_a_preset_is_marked_only_while_its_settings_stand(page: str) -> None:
    app = visit(page)
    *_, last = sentences(page)["presets"]
    app.button(key=f"preset_{last}").click().run()
    slider = next(one for one in app.select_slider if not one.proto.disabled and len(one.options) > 1)
    slider.set_value(next(option for option in reversed(slider.options) if str(option) != str(slider.value))).run()
    assert f"preset_{last}" not in marked(app)


def control(app: AppTest, name: str) -> Any:
    return widgets(app)[name]


@every_page
@every("cell", ["RNN", "LSTM", "GRU"])
def test_a_setting_without_effect_says_so_and_no_other_does(page: str, cell: str) -> None:
    app = open_page(page, SMALL | {"cell": cell})
    named = {name: control(app, name) for name in FIELDS if name in widgets(app)}
    for name, widget in named.items():
        idle = bool(widget.proto.disabled)
        assert idle == ("no effect" in widget.label) == widget.help.startswith("No effect here")
        if page not in TRAINED:
            other = next(option for option in widget.options if str(option) != str(widget.value))
            again = open_page(page, SMALL | {"cell": cell, name: str(other)})
            assert (shown(again) == shown(app)) == idle, name


def test_a_sentence_leaves_length_and_input_size_without_effect() -> None:
    app = open_page("vanish_or_explode", {"text": "abc"})
    for name in ("sequence_length", "input_size"):
        assert control(app, name).proto.disabled
        assert control(app, name).help.startswith("No effect here")


@every(
    ("pictured", "idle"),
    [
        (("rnn",), {"forget_bias", "gate_bias", "reset_gate"}),
        (("jordan",), {"forget_bias", "gate_bias", "reset_gate"}),
        (("lstm",), {"nonlinearity", "reset_gate"}),
        (("gru",), {"forget_bias", "nonlinearity"}),
        (("rnn", "lstm", "gru"), set()),
    ],
)
def test_which_setting_of_a_cell_has_no_effect(pictured: tuple[str, ...], idle: set[str]) -> None:
    fields = ("forget_bias", "gate_bias", "nonlinearity", "reset_gate", "weight_scale", "input_size")
    assert {name for name in fields if why_idle(name, {"gate_bias": "constant"}, pictured)} == idle


@every(
    ("setting", "now", "cells", "reason"),
    [
        ("bias", {"initialisation": "torch"}, ("rnn",), ""),
        ("bias", {"initialisation": "gaussian", "forget_bias": 3.0}, ("rnn",), "zero_biases"),
        ("bias", {"initialisation": "gaussian", "forget_bias": 3.0, "bias": False}, ("rnn", "lstm"), ""),
        ("bias", {"initialisation": "gaussian", "forget_bias": 0.0}, ("lstm",), "zero_biases"),
        ("bias", {"initialisation": "gaussian", "gate_bias": "chrono"}, ("gru",), ""),
        ("forget_bias", {"bias": False}, ("lstm",), "no_biases"),
        ("gate_bias", {"bias": False}, ("lstm",), "no_biases"),
        ("forget_bias_layers", {"num_layers": 1, "forget_bias": 1.0}, ("lstm",), "one_layer"),
        ("forget_bias_layers", {"num_layers": 2, "forget_bias": 0.0}, ("lstm",), "no_forget_bias"),
        ("forget_bias_layers", {"num_layers": 2, "forget_bias": 1.0}, ("gru",), "forget_bias"),
        ("forget_bias_layers", {"num_layers": 2, "forget_bias": 1.0}, ("lstm",), ""),
    ],
)
def test_a_part_of_the_initialisation_that_is_not_there_says_why(
    setting: str, now: dict[str, Any], cells: tuple[str, ...], reason: str
) -> None:
    assert why_idle(setting, now, cells) == reason
    assert not reason or reason in sentences("app")["idle"]


def test_biases_can_be_left_out_by_a_link() -> None:
    torchs = {**SMALL, "initialisation": "torch"}
    with_biases, without = (open_page("vanish_or_explode", torchs | {"bias": on}) for on in ("true", "false"))
    assert shown(with_biases) != shown(without)
    assert "Biases: off" in state(without)


@every_page
def test_whatever_a_held_key_repaints_says_the_state_too(monkeypatch: pytest.MonkeyPatch, page: str) -> None:
    within, controls, told = [0], dict[str, int](), set[int]()
    fragment, control, show_state = st.fragment, Frame.control, Frame.show_state

    def noted(function: Any = None, **options: Any) -> Any:
        def runs(*given: Any) -> None:
            within.append(runs_as)
            function(*given)
            within.pop()

        runs_as = id(runs)
        return partial(noted, **options) if function is None else fragment(runs, **options)

    def makes(frame: Frame, name: str, *known: Any) -> None:
        controls[name] = within[-1]
        control(frame, name, *known)

    def tells(frame: Frame, *claim: str) -> None:
        told.update(within)
        show_state(frame, *claim)

    with monkeypatch.context() as patch:
        patch.setattr(st, "fragment", noted)
        patch.setattr(Frame, "control", makes)
        patch.setattr(Frame, "show_state", tells)
        if page == "learning":  # whose slider over a training is there once there is one
            trained = worked_through(networks(*frame_of(page).asked({"sequence_length": 10, "iterations": "100"})))
            patch.setattr("rnn_dynamics.dashboard.seat.opening_job", lambda *_: trained)
        assert not open_page(page).exception
    assert {name for name in frame_of(page).settings if not name.endswith("_mistake")}.issubset(controls)
    assert told.issuperset(controls.values()), controls
    assert set(controls.values()) != {0}


def test_every_field_is_in_one_group_of_the_panel_more() -> None:
    assert Counter(name for names in GROUPS.values() for name in names if name in KNOBS) == Counter([*KNOBS])


@spared
@every_page
def test_the_panel_more_is_in_groups_with_headings_which_nobody_builds_while_it_is_closed(page: str) -> None:
    titles, offered = sentences("app")["groups"], frame_of(page)
    inside = [name for name in offered.settings if name not in (*offered.main, *offered.lower)]
    app = open_page(page)
    groups: list[list[str]] = [[]]
    for part in app:
        if part.type == "html" and 'class="group"' in part.proto.body:
            groups.append([part.proto.body])
        elif isinstance(part, Widget) and part.key in inside:
            groups[-1].append(part.key)
    loose, *headed = groups
    assert sorted(name for group in groups for name in group if "<" not in name) == sorted(inside)
    if headed:
        assert not loose
        assert all(len(group) > 1 for group in headed)
        of = {f'<h2 class="group">{titles[group]}</h2>': set(names) for group, names in GROUPS.items()}
        assert all(set(names) <= of[heading] or heading.count(titles["picture"]) for heading, *names in headed)
    else:
        assert len(loose) < 4
    assert not any('class="group"' in element.proto.body for element in visit(page, {"seed": "1"}).get("html"))
