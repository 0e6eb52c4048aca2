"""What holds for every page of a picture, whatever that shows; and of the bar, for all pages."""

import re
from functools import lru_cache, partial
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, urlparse

import pyarrow as pa
import pytest
import streamlit as st
from streamlit.proto.ForwardMsg_pb2 import ForwardMsg
from streamlit.runtime.scriptrunner import RerunData, ScriptRunContext
from streamlit.testing.v1 import AppTest, local_script_runner

from benchmarks.latency import HOME, SLIDERS, TRAINED
from rnn_dynamics.content import HOME as HOME_PAGE
from rnn_dynamics.content import LANGUAGE, sentences
from rnn_dynamics.dashboard import controls as making
from rnn_dynamics.dashboard import visitor
from rnn_dynamics.dashboard.navigation import menus
from rnn_dynamics.dashboard.page import Page
from rnn_dynamics.dashboard.seat import IN_TAB
from tests.every import every
from tests.handed_out import frame_of
from tests.unmarked import unmarked

ROOT = Path(__file__).resolve().parent.parent
ALL = sorted(path.stem for path in (ROOT / "pages").glob("*.py"))
#: Those of a picture; what holds for the others too is also tested in test_plain_pages.
PAGES = [page for page in ALL if (ROOT / "rnn_dynamics" / "pictures" / page).is_dir()]
PLAIN = [page for page in ALL if page not in PAGES]
#: Every law in so many parts, and each part of all laws by one worker: see conftest.
PARTS = 5
every_page = every("page", PAGES, parts=PARTS)


def open_page(page: str, params: dict[str, str] | None = None) -> AppTest:
    """A page as a new visitor opens it by a link, with all panels open."""
    app = AppTest.from_file(str(ROOT / "pages" / f"{page}.py"), default_timeout=60)
    for key, value in (params or {}).items():
        app.query_params[key] = value
    app.session_state["share"] = app.session_state["more"] = app.session_state["edit"] = True
    return app.run()


def shown(app: AppTest) -> dict[str, Any]:
    """Everything that follows from the settings: rows of every dataset of the pictures, tables and words."""
    rows = {
        f"{number}-{item.name}": pa.ipc.open_stream(item.data.data).read_all().to_pylist()
        for number, chart in enumerate(app.get("vega_lite_chart"))
        for item in chart.proto.datasets
    }
    words = [re.sub(r'<p class="state.*?</p>', "", unmarked(element.proto.body)) for element in app.get("html")]
    return rows | {"words": [word for word in words if word and "data-term=" not in word]}


def not_taken(app: AppTest) -> list[str]:
    """What a page says of its link."""
    return [caption.value for caption in app.caption if caption.value.startswith("This link was adjusted")]


def link(app: AppTest) -> str:
    return str(app.code[0].value)


@lru_cache(maxsize=len(PAGES))
def opened(page: str) -> AppTest:
    """A page at its opening, shared by the tests that move no control; conftest keeps a page's tests together."""
    return open_page(page)


@every_page
def test_a_page_opens_with_its_title_its_words_and_a_picture(page: str) -> None:
    app = opened(page)
    assert not app.exception
    assert [title.value for title in app.title] == [sentences(page)["title"]]
    told = " ".join(" ".join(unmarked(text.value) for text in app.markdown).split())
    assert all(" ".join(section.split()) in told for section in re.split(r"\n(?=## )", sentences(page)["prose"]))
    assert app.get("vega_lite_chart")
    assert not_taken(app) == []
    scripts = [button for button in app.get("download_button") if "script" in button.proto.label]
    assert bool(scripts) == any(caption.value.startswith("The scripts need") for caption in app.caption)


@every("page", ALL, parts=PARTS)
def test_a_whole_run_is_small_enough_for_a_hall_that_opens_the_page(page: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """33 a second: each message costs the server a tenth of a millisecond and more. The picture comes on top."""
    sizes: list[int] = []
    enqueue = ScriptRunContext.enqueue

    def sends(context: ScriptRunContext, message: ForwardMsg) -> None:
        sizes.append(0 if message.delta.new_element.HasField("vega_lite_chart") else message.ByteSize())
        enqueue(context, message)

    with monkeypatch.context() as patch:
        patch.setattr(ScriptRunContext, "enqueue", sends)
        app = AppTest.from_file(str(ROOT / "pages" / f"{page}.py"), default_timeout=60).run()
    assert not app.exception
    assert 10 < len(sizes) <= 60
    assert sum(sizes) <= 57_000


def test_the_bar_is_made_once_for_all_runs_and_each_session_has_its_own(monkeypatch: pytest.MonkeyPatch) -> None:
    first, second = (AppTest.from_file(str(ROOT / "streamlit_app.py"), default_timeout=60) for _ in range(2))
    first.run()
    monkeypatch.setattr(st, "Page", lambda *_, **__: pytest.fail("made again"))
    for app in (second, first, second):
        app.run()
        assert not app.exception
        assert app.title[0].value == sentences(HOME_PAGE)["title"]


@every_page
def test_a_page_goes_on_after_its_first_run(page: str) -> None:
    app = opened(page)
    before = shown(app)
    app.run()
    assert not app.exception
    assert shown(app) == before


@every_page
def test_the_sliders_that_the_latency_benchmark_presses_are_there_by_their_keys(page: str) -> None:
    pressed = SLIDERS.get(page, () if page == TRAINED[0] else HOME)
    assert set(pressed) <= {slider.key for slider in opened(page).select_slider}


@every_page
def test_every_preset_shows_another_picture_and_reset_comes_back(page: str) -> None:
    app = open_page(page)
    opening, address, pictures = shown(app), link(app), []
    for key in sentences(page)["presets"]:
        app.button(key=f"preset_{key}").click().run()
        assert not app.exception
        pictures.append(shown(app))
    assert all(pictures.count(picture) == 1 for picture in pictures)
    assert opening in pictures
    app.button(key="reset").click().run()
    assert shown(app) == opening
    assert link(app) == address


def controls(app: AppTest) -> dict[str, Any]:
    kinds = (app.select_slider, app.selectbox, app.segmented_control, app.toggle, app.text_input, app.text_area)
    return {str(one.key): one for kind in kinds for one in kind}


@every(("page", "crossing"), [*((page, 60.0) for page in PAGES), (HOME_PAGE, 0.0)], parts=PARTS)
def test_what_a_browser_sends_at_once_after_a_preset_does_not_take_it_back(
    page: str, crossing: float, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A key that follows a preset before the browser knows what it has set: controls are sent as they stood.

    A while later the same is a reader's wish. Every second one is as if its panel were closed: nothing is sent of it.
    """
    monkeypatch.setattr(visitor, "_CROSSING", crossing)
    app = open_page(page)
    before = {key: one.value for key, one in controls(app).items()}
    *_, last = sentences(page)["presets"]
    app.button(key=f"preset_{last}").click().run()
    preset = dict(parse_qsl(urlparse(link(app)).query))
    changed = {key: one for key, one in controls(app).items() if one.value != before.get(key, one.value)}
    assert changed
    for key, one in [*changed.items()][::2]:
        one.set_value(before[key])
    app.button(key="new_seed").click().run()
    assert not app.exception
    now = dict(parse_qsl(urlparse(link(app)).query))
    assert (now == preset | {"seed": "1"}) == (crossing > 0)


@every_page
def test_what_a_key_sends_to_a_fragment_at_once_after_a_preset_does_not_take_it_back(
    page: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The same of the controls beside the picture, whose fragment runs without the page around it."""
    monkeypatch.setattr(visitor, "_CROSSING", 60.0)
    *_, preset = (key for key, away in frame_of(page).presets.items() if away.keys() & {*frame_of(page).main})
    app = open_page(page)
    before = {key: one.value for key, one in controls(app).items()}
    app.button(key=f"preset_{preset}").click().run()
    beside = {key: one for key, one in controls(app).items() if key in frame_of(page).main}
    changed = {key: one.value for key, one in beside.items() if one.value != before.get(key, one.value)}
    assert changed
    for key in changed:
        beside[key].set_value(before[key])
    monkeypatch.setattr(Page, "read_state", lambda _: None)
    app.run()
    assert not app.exception
    assert {key: controls(app)[key].value for key in changed} == changed


@every_page
def test_a_run_that_a_key_ends_at_a_control_leaves_a_page_that_goes_on(
    page: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Streamlit has the control's place in the address then, and would let nobody else write there."""
    app = open_page(page)
    before = {key: one.value for key, one in controls(app).items()}
    *_, last = sentences(page)["presets"]
    app.button(key=f"preset_{last}").click().run()
    preset = dict(parse_qsl(urlparse(link(app)).query))
    moved = {key for key, one in controls(app).items() if one.value != before.get(key, one.value)}
    app.button(key="reset").click().run()
    ended: list[str] = []

    def made_and_ended(names: Any, name: str, *options: Any) -> None:
        make(names, name, *options)
        if name in moved and not ended:
            ended.append(name)
            st.stop()

    make = making.control
    with monkeypatch.context() as patch:
        patch.setattr(making, "control", made_and_ended)
        app.button(key=f"preset_{last}").click().run()
    assert ended
    app.session_state["seed"] = 1
    app.run()
    assert not app.exception
    assert dict(parse_qsl(urlparse(link(app)).query)) == preset | {"seed": "1"}


@pytest.mark.parametrize("key", ["new_seed", "see_picture", "see_finding"])
def test_a_button_that_a_look_of_a_picture_has_brought_too_counts_once(
    key: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Streamlit sends what is pressed along with a fragment's own run that goes between the press and its message."""

    def after(app: AppTest) -> tuple[Any, Any]:
        return app.session_state["seed"], app.session_state["seen"]

    once, app = open_page("initialisation"), open_page("initialisation")
    once.button(key=key).click().run()
    look = partial(RerunData, fragment_id_queue=["a picture that looks again"], is_auto_rerun=True)
    with monkeypatch.context() as sent:
        sent.setattr(local_script_runner, "RerunData", look)
        before, pressed = after(app), app.button(key=key)
        pressed.click().run()
    pressed.click().run()
    assert before != after(app) == after(once)


@every_page
def test_a_share_link_opens_the_same_picture(page: str) -> None:
    app = open_page(page)
    *_, last = sentences(page)["presets"]
    app.button(key=f"preset_{last}").click().run()
    app.button(key="new_seed").click().run()
    settings = dict(parse_qsl(urlparse(link(app)).query))
    assert settings["seed"] == "1"
    again = open_page(page, settings)
    assert shown(again) == shown(app)
    assert link(again) == link(app)


#: Settings whose control is a field of text or a switch, or which only some settings of the others have.
NO_LIST = {
    *("text", "sentence", "answers", "start", "end", "fillers", "bias", "bidirectional"),
    *("look", "gru_mistake", "lstm_mistake"),
}


@every_page
@every("end", [0, -1])
def test_a_link_takes_every_control_to_either_of_its_ends(page: str, end: int) -> None:
    app = opened(page)
    options = {str(one.key): one.options for one in (*app.select_slider, *app.selectbox, *app.segmented_control)}
    assert {*frame_of(page).settings} - {*options} <= NO_LIST
    # The time of large networks is not what is tested.
    asked = {key: offered[0 if key == "hidden_size" else end] for key, offered in options.items()}
    if "sequence_length" in (frame := frame_of(page)).existing:  # the end of what exists beside the others' ends
        others = {"nonlinearity": asked["nonlinearity"], "cell": asked["cell"].lower(), "hidden_size": 2}
        asked["sequence_length"] = str(frame.existing["sequence_length"](frame.at_opening | others)[end])
    app = open_page(page, asked)
    assert not app.exception
    assert not_taken(app) == []
    now = {str(one.key): one for one in (*app.select_slider, *app.selectbox, *app.segmented_control)}
    both = now.keys() & asked.keys()  # which mistakes a reader may make depends on the cell
    assert {key: str(now[key].value).lower() for key in both} == {key: asked[key].lower() for key in both}


HOSTILE = ("nan", "1e99", "-1", "<b>bold</b>", "x" * 10_000, "")
ATTACKED = ("cell", "weight_scale", "sequence_length", "seed", "axis", "nonsense")


@every_page
@every("turn", [0, 1])
def test_a_hostile_link_opens_the_page(page: str, turn: int) -> None:
    """Each value in one key; on another page in another, so that all of them meet, twice."""
    first = (2 * PAGES.index(page) + turn) % len(HOSTILE)
    app = open_page(page, dict(zip(ATTACKED, (*HOSTILE[first:], *HOSTILE[:first]), strict=True)))
    assert not app.exception
    assert not_taken(app)


@every_page
def test_what_is_answered_before_anybody_asks_can_be_asked(page: str) -> None:
    frame = frame_of(page)
    for away in frame._questions():
        now = frame.at_opening | dict(away)
        frame.asked(away)
        assert {name: now[name] for name, of in frame.existing.items() if now[name] not in of(now)} == {}, away


def test_every_page_has_a_place_of_its_own_in_the_bar_and_all_pictures_but_the_first_are_in_a_menu() -> None:
    assert len({sentences(page)["place"] for page in ALL}) == len(ALL)
    assert menus(LANGUAGE)[""] == ["vanish_or_explode", *sorted(PLAIN, key=lambda page: sentences(page)["place"])]


def test_no_text_leaves_out_a_level_of_headings_below_the_title() -> None:
    deeper = {
        path.name: found
        for path in (ROOT / "rnn_dynamics" / "content" / "en").rglob("*.toml")
        if (found := re.findall(r"^#{3,}.*|<h[3-6].*?>", path.read_text(encoding="utf-8"), flags=re.MULTILINE))
    }
    assert deeper == {}


def test_every_column_of_a_table_has_a_name() -> None:
    nameless = [
        path.name
        for path in (ROOT / "rnn_dynamics" / "content").rglob("*.toml")
        if "<th></th>" in path.read_text(encoding="utf-8")
    ]
    assert nameless == []


@every_page
def test_a_page_that_trains_says_so_where_another_server_has_lost_its_training(page: str) -> None:
    trains = [button for button in opened(page).button if button.key == "train"]
    app = AppTest.from_file(str(ROOT / "pages" / f"{page}.py"), default_timeout=60)
    app.session_state[IN_TAB] = f"another {page}"  # as a browser sends it
    for _ in range(2):
        app.run()
        assert not app.exception
        assert [one.value for one in app.warning] == [sentences("training")["lost"]] * len(trains)
