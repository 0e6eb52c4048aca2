"""The strip of an open challenge above the controls of each kind of page, and the page that lists them all."""

import re
from html import unescape
from pathlib import Path
from typing import Any

import pytest
from streamlit.runtime.context import ContextProxy
from streamlit.testing.v1 import AppTest

from rnn_dynamics import command
from rnn_dynamics.content import sentences
from rnn_dynamics.dashboard.challenge import Solved, shelf
from rnn_dynamics.dashboard.exercises import answers_of, questions
from tests.every import every
from tests.test_content import folder as folder  # noqa: PLC0414  # a fixture
from tests.test_pages import ROOT, not_taken, open_page

EVERY = shelf()[0]
#: One challenge for each kind of page: at once, growing, trained, of a visitor's weights, in a fragment of its own.
KINDS = ("rnn_between", "strong_input", "default_lstm", "torch_default", "harmless", "clip", "rnn_on_the_map")


def strip(app: AppTest) -> str:
    """What the page says of an open challenge, as a reader reads it."""
    said = [one.proto.body for one in app.get("html") if 'class="challenge"' in one.proto.body]
    return unescape(re.sub(r"<[^>]*>", "", "\n".join(said)))


def text_of(app: AppTest) -> str:
    return "\n".join(text.value for text in app.markdown)


def opened_by(app: AppTest) -> set[str]:
    """The challenges to which the page has links."""
    return set(re.findall(r"\?challenge=(\w+)", text_of(app)))


@every("name", KINDS)
def test_a_strip_says_the_task_and_that_it_holds_once_it_does(name: str) -> None:
    one = EVERY[name]
    app = open_page(one.page, {"challenge": name})
    assert not app.exception
    assert not_taken(app) == []
    assert one.words["en"]["task"] in strip(app)
    assert "Solved." not in strip(app)
    assert sentences("challenges")["strip"]["next"] not in strip(app)
    for key, value in one.solution.items():
        app.session_state[key] = value
    for _ in range(60):
        app.run()
        if "Solved." in strip(app):
            break
    assert not app.exception
    assert "Solved." in strip(app), strip(app)
    assert any(f'cookie = "rnn_dynamics_solved={name};' in one.proto.body for one in app.get("html"))
    assert sentences("challenges")["strip"]["next"] in strip(app)


def test_no_strip_stands_where_no_challenge_is_open_and_none_after_it_is_closed() -> None:
    assert strip(open_page("cliff")) == ""
    app = open_page("cliff", {"challenge": "clip"})
    assert app.query_params["challenge"] == "clip"
    app.button(key="close_challenge").click().run()
    assert not app.exception
    assert strip(app) == ""
    assert "challenge" not in app.query_params
    assert app.select_slider(key="clip_at").value == "10"  # what was set stays


def test_settings_of_an_address_count_more_than_those_with_which_a_challenge_opens() -> None:
    app = open_page("cliff", {"challenge": "clip", "clip_at": "3"})
    assert app.select_slider(key="clip_at").value == "3"
    assert EVERY["clip"].words["en"]["title"] in strip(app)


def test_an_unknown_challenge_is_told_and_one_of_another_page_says_where_it_is() -> None:
    app = open_page("cliff", {"challenge": "<b>none</b>"})
    assert "`challenge = <b>none</b>` is none of the challenges" in not_taken(app)[0]
    app = open_page("cliff", {"challenge": "deeper"})
    assert any('href="depth?challenge=deeper"' in one.proto.body for one in app.get("html"))


def test_a_training_is_judged_once_there_is_one() -> None:
    app = open_page("learning", {"challenge": "rnn_learns_order"})
    assert not app.exception
    assert "Not trained yet" in strip(app)


def test_the_page_lists_all_with_ticks_that_a_browser_has_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ContextProxy, "cookies", {"rnn_dynamics_solved": "clip.nonsense.deeper"})
    app = AppTest.from_file(str(ROOT / "pages" / "challenges.py"), default_timeout=60).run()
    assert not app.exception
    assert opened_by(app) == EVERY.keys()
    assert re.findall(r"✓ .*challenge=(\w+)", text_of(app)) == ["clip", "deeper"]
    assert any(f"2 of {len(EVERY)} challenges" in bar.proto.text for bar in app.get("progress"))


def test_a_slip_stands_on_the_page_and_in_the_log(folder: Path, caplog: pytest.LogCaptureFixture) -> None:
    file = folder.parent / "challenges" / "clip.toml"
    file.write_text(file.read_text(encoding="utf-8").replace("clip_at", "clip_it"), encoding="utf-8")
    app = open_page("challenges")
    assert not app.exception
    said = "content/challenges/clip.toml: there is no “opens.clip_it” here"
    assert any(said in one.proto.body for one in app.get("html"))
    assert said in caplog.text
    assert opened_by(app) == EVERY.keys() - {"clip"}


def test_the_sheet_has_every_question_and_no_answer_and_the_answers_have_those_that_are_solved() -> None:
    for language in ("en", "zh"):
        sheet, words = unescape(questions(language)), [one.words_in(language) for one in EVERY.values()]
        assert all(said["title"] in sheet and said["task"] in sheet for said in words)
        assert not any(said["hint"] in sheet for said in words)
        assert not re.search(r"(src|href)=|@import|url\(", sheet)
    answers = answers_of({"clip": Solved("Clipped <i>here</i>.", {"clip_at": "0.3"})}, "en")
    assert "Clipped &lt;i&gt;here&lt;/i&gt;." in answers
    assert "Clipping threshold = 0.3" in answers
    assert EVERY["clip"].words["en"]["title"] in answers
    assert EVERY["deeper"].words["en"]["title"] not in answers


def test_the_command_writes_both_with_numbers_that_are_computed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def exits(*arguments: Any) -> object:
        monkeypatch.setattr("sys.argv", ["rnn-dynamics", "exercises", *map(str, arguments)])
        with pytest.raises(SystemExit) as end:
            command.main()
        return end.value.code

    few = {name: EVERY[name] for name in ("explode_rnn", "clip")}
    monkeypatch.setattr("rnn_dynamics.dashboard.exercises.shelf", lambda: (few, ()))
    assert exits("--html", tmp_path / "q.html", "--answers", tmp_path / "a.html") == 0
    assert "×1.14 per step" in (tmp_path / "a.html").read_text(encoding="utf-8")
    assert "×1.14 per step" not in (tmp_path / "q.html").read_text(encoding="utf-8")
    assert exits("--html", tmp_path / "no" / "q.html") == 2
    assert "cannot be written" in capsys.readouterr().err


def test_a_task_says_where_its_control_stands_unless_that_is_above_the_picture() -> None:
    said = "What you need stands under More."
    assert said in strip(open_page("vanish_or_explode", {"challenge": "refilled"}))
    assert said not in strip(open_page("vanish_or_explode", {"challenge": "explode_rnn"}))
