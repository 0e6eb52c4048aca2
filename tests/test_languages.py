"""The words of a reader's language: those of every setting, in every language that there is, and none in the code."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path
from string import Formatter
from typing import Any

from rnn_dynamics import content
from rnn_dynamics.content import languages, sentences
from rnn_dynamics.dashboard.settings_words import Names, in_link
from rnn_dynamics.experiment import KNOBS, Choice
from rnn_dynamics.learning.training import TRAINING_KNOBS
from tests.every import every
from tests.handed_out import frame_of
from tests.test_pages import PAGES, ROOT

every_language = every("language", languages())


@every_language
def test_every_setting_has_a_label_and_a_tooltip_and_each_of_its_values_words(language: str) -> None:
    words = sentences("knobs", language)
    for name, knob in {**KNOBS, **TRAINING_KNOBS}.items():
        assert words[name]["label"]
        assert words[name]["help"].endswith(".")
        if isinstance(knob, Choice):
            said = words[name].get("words") or words[name]["shown"]
            assert list(said) == [option.replace("_", " ") if name == "task" else option for option in knob.options]


@every_language
def test_a_language_has_every_sentence_of_english_with_the_same_numbers(language: str) -> None:
    folder, english = (Path(content.__file__).parent / name for name in (language, "en"))
    assert {file.name for file in folder.iterdir()} == {file.name for file in english.iterdir()}
    for file in english.glob("*.toml"):
        assert fields_of(sentences(file.stem, language)) == fields_of(sentences(file.stem))


def fields_of(words: Any) -> Any:
    """The same words, of each sentence only what it is filled with."""
    if isinstance(words, dict):
        return {key: fields_of(one) for key, one in words.items()}
    if isinstance(words, list):
        return [fields_of(one) for one in words]
    return {name for _, name, _, _ in Formatter().parse(words) if name} if isinstance(words, str) else words


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
