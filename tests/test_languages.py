"""The words of a reader's language: those of every setting, in every language that there is, and none in the code."""

import ast
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from shutil import copytree

import pytest

from rnn_dynamics import content
from rnn_dynamics.content import __main__ as entry
from rnn_dynamics.content import called, languages, sentences
from rnn_dynamics.content.missing import missing
from rnn_dynamics.dashboard.settings_words import Names, in_link
from rnn_dynamics.engine.cells import CELLS, cell_named
from rnn_dynamics.experiment import KNOBS, Choice, Experiment
from rnn_dynamics.learning.training import TRAINING_KNOBS
from tests.every import every
from tests.handed_out import frame_of
from tests.test_pages import PAGES, ROOT, open_page

every_language = every("language", languages())


@every_language
def test_every_setting_has_a_label_and_a_tooltip_and_each_of_its_values_words(language: str) -> None:
    words = sentences("knobs", language)
    for name, knob in {**KNOBS, **TRAINING_KNOBS}.items():
        assert words[name]["label"]
        assert words[name]["help"].endswith((".", "。"))
        if isinstance(knob, Choice):
            said = words[name].get("words") or words[name]["shown"]
            assert list(said) == [option.replace("_", " ") if name == "task" else option for option in knob.options]


@every_language
def test_a_language_has_every_sentence_of_english_with_the_same_numbers(language: str) -> None:
    assert missing(language) == []


@pytest.fixture
def unfinished(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder of a language that has been begun: a copy of English."""
    monkeypatch.setattr(content, "_CONTENT", copytree(content._CONTENT, tmp_path / "content"))
    copytree(content._CONTENT / "en", content._CONTENT / "fr")
    for file in (content._CONTENT / "challenges").iterdir():
        file.write_text(file.read_text(encoding="utf-8").replace("[zh]", "[fr]"), encoding="utf-8")
    return content._CONTENT / "fr"


#: File, what a translator makes of which text, and what is said of it.
SLIPS = (
    ("cost.toml", 'again = "Measure again"', "", "cost.toml again: missing"),
    ("cost.toml", 'again = "Measure again"', 'again = ""', "cost.toml again: empty"),
    ("cost.toml", "Measure again", "Encore {x:.1f}", "cost.toml again: {x:.1f} is not in English"),
    ("cost.toml", "again = ", "encore = 1\nagain = ", "cost.toml encore: not in English"),
    ("app.toml", "{progress}, in", "{progres}, in", "app.toml growing later: {progress} is missing"),
    ("app.toml", "and # more}", "and # more", "app.toml link more: unmatched '{' in format spec"),
    ("losses.toml", "place = 6", "place = 7", "losses.toml place: 7, in English 6"),
    ("losses.toml", "place = 6", 'place = "6"', "losses.toml place: str, in English int"),
    ("losses.toml", "{tau}:|nothing", "{tau:g}:|nothing", "losses.toml titles cuts full: {tau} is missing"),
    ("initialisation.toml", '"chrono_gru"', '"chrono"', "initialisation.toml notes chrono needs: "),
    (
        "knobs.toml",
        'after = "after", before',
        'after = "before", before',
        "knobs.toml reset_gate shown: two values",
    ),
    ("initialisation.toml", "1/#/never", "1 pas/# pas/jamais", ""),  # words, which are the translator's
)


@pytest.mark.parametrize(("file", "old", "new", "said"), SLIPS)
def test_each_slip_of_a_translation_is_named(file: str, old: str, new: str, said: str, unfinished: Path) -> None:
    assert missing("fr") == []
    text = (unfinished / file).read_text(encoding="utf-8")
    assert old in text
    (unfinished / file).write_text(text.replace(old, new, 1), encoding="utf-8")
    found = missing("fr")
    assert found[0].startswith(said) if said else found == []


def test_a_file_that_is_missing_too_many_or_no_toml_is_named(unfinished: Path) -> None:
    (unfinished / "axes.toml").rename(unfinished / "axles.toml")
    assert missing("fr") == ["axles.toml: there is no such file in English", "axes.toml: the file is missing"]
    challenge = unfinished.parent / "challenges" / "clip.toml"
    challenge.write_text(challenge.read_text(encoding="utf-8").replace("[fr]", "[zh]"), encoding="utf-8")
    assert missing("fr")[-1] == "challenges/clip.toml fr: missing"
    (unfinished / "axles.toml").write_text("step =")
    with pytest.raises(ValueError, match=r"axles\.toml: Invalid value"):
        missing("fr")


def test_the_command_ends_with_1_where_something_is_missing_and_says_what() -> None:
    def ask(*names: str) -> tuple[int, str]:
        command = [sys.executable, "-m", "rnn_dynamics.content", *names]
        done = subprocess.run(command, capture_output=True, text=True, cwd=ROOT, check=False)
        return done.returncode, done.stdout or done.stderr

    assert ask("en") == (0, "en is complete\n")
    code, said = ask("xx")
    assert (code, said.splitlines()[0]) == (1, "additive_path.toml: the file is missing")
    assert ask() == (1, f"{entry.__doc__}\n")


def test_a_language_that_has_been_begun_is_in_english_where_it_has_no_file_yet(own_content: Path) -> None:
    app = (own_content / "en" / "app.toml").read_text(encoding="utf-8")
    (own_content / "fr").mkdir()
    (own_content / "fr" / "app.toml").write_text(app.replace('"English"', '"Français"'), encoding="utf-8")
    content.read_edits()
    page = open_page("depth", {"lang": "fr"})
    assert not page.exception
    assert [title.value for title in page.title] == [sentences("depth")["title"]]
    assert open_page("depth").button(key="language_fr").label == "Français"


@every_language
def test_every_cell_is_called_something_in_each_language(language: str) -> None:
    there = sentences("knobs", language)["cell"]["called"]
    kinds = [cell_named(name, Experiment(nonlinearity=kind)) for name in CELLS for kind in ("tanh", "relu")]
    long = {kind.label for kind in kinds if kind.label != kind.short}
    assert set(there) == long
    assert all(called(label, language) == there[label] for label in long)
    assert called("LSTM", language) == "LSTM"


@every("page", PAGES)
def test_every_value_is_shown_as_a_word_of_the_language_and_in_english_as_a_link_spells_it(page: str) -> None:
    frame = frame_of(page)
    for name, setting in frame.settings.items():
        knob, words = KNOBS.get(name), frame.names.of(name)
        values = knob.options if isinstance(knob, Choice) else setting.values if name in frame.views else ()
        assert words["label"]
        for value in values:
            assert Names(page, "en").shown(name, value) == in_link(name, value)
            word = value.rpartition(" ")[0] or value
            assert not word.isalpha() or {value, word} & set(words["shown"]), (name, value)


#: What a reader of pages sees is made here; errors are for programmers too, and stay in English.
SHOWN_BY = ("pages", "rnn_dynamics/dashboard", "rnn_dynamics/pictures/*")
#: Keys that have two words: of values that links spell so, and of mistakes.
KEYS = {value for page in PAGES for view in frame_of(page).views.values() for value in view.values}


#: What a place in a picture may be called.
ANCHORS = {"top", "middle", "bottom", "left", "center", "right"}


def literals(tree: ast.AST) -> Iterator[str]:
    """The texts of a file, but for docstrings and the messages of errors."""
    for node in ast.iter_child_nodes(tree):
        if isinstance(node, ast.Raise | ast.Assert) or (
            isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)
        ):
            continue
        if isinstance(node, ast.Constant) and isinstance(node.value, str):
            yield node.value
        yield from literals(node)


def reads_like_words(text: str) -> bool:
    """Whether two words stand beside each other, and neither HTML, CSS, an expression nor a place does."""
    if set(text.split()) <= ANCHORS:
        return False
    return bool(re.search(r"[^\W\d_]{2,} [^\W\d_]{2,}", text)) and not re.search(r"[<>{};=(]|^\w+-?\w*:", text)


@every("folder", SHOWN_BY)
def test_no_sentence_stands_in_the_code_of_what_a_reader_sees(folder: str) -> None:
    found = {
        f"{path.relative_to(ROOT)}: {text}"
        for path in sorted(ROOT.glob(f"{folder}/**/*.py"))
        for text in literals(ast.parse(path.read_text(encoding="utf-8")))
        if reads_like_words(text) and text not in KEYS
    }
    assert found == set()
