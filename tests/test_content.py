"""The words in content/: an edit shows while the app runs, and a slip in one is told with its place."""

from collections.abc import Iterator
from pathlib import Path
from string import Formatter
from typing import Any

import numpy as np
import pytest

from rnn_dynamics import content
from rnn_dynamics.content import _finds
from rnn_dynamics.content.numbers import KINDS
from rnn_dynamics.engine.verdict import judge
from tests.every import every
from tests.test_app import open_app
from tests.test_pages import shown


@pytest.fixture
def folder(own_content: Path) -> Path:
    """The words of a copy in English, to be edited."""
    return own_content / "en"


def edit(file: Path, old: str, new: str) -> None:
    text = file.read_text(encoding="utf-8")
    assert old in text
    file.write_text(text.replace(old, new), encoding="utf-8")


def leaves(words: Any) -> Iterator[str]:
    """All sentences of a file of words."""
    if isinstance(words, str):
        yield words
    else:
        for part in words.values() if isinstance(words, dict) else words if isinstance(words, list) else ():
            yield from leaves(part)


def test_every_form_in_which_a_sentence_wants_a_number_is_known() -> None:
    for file in content._CONTENT.glob("*/*.toml"):
        for sentence in leaves(content.sentences(file.stem, file.parent.name)):
            for _, name, form, _ in Formatter().parse(sentence):
                assert name is None or form in KINDS or "/" in str(form) or format(0, str(form)), sentence


@every("name", ["of", "1", "of[fall].outcome", "of[0]", "rows[1]", "rows[1].horizon", "of[two words]"])
def test_a_sentence_finds_its_numbers_as_pythons_own_formatter_does(name: str) -> None:
    verdict = judge(np.array([-4.0, -2.5, 0.0]))
    values, numbers = ("first", verdict), {"of": {"fall": verdict, 0: 7, "two words": 8}, "rows": [1, verdict]}
    assert _finds(name)(values, numbers) is Formatter().get_field(name, values, numbers)[0]


def test_what_names_nothing_is_refused_where_pythons_own_formatter_refuses_it() -> None:
    for name in ("of..outcome", "of[]", "of[fall]outcome"):
        with pytest.raises(ValueError, match=r"Empty attribute|Only '\.'"):
            Formatter().get_field(name, (), {"of": {"fall": 1}})
        with pytest.raises(ValueError, match="names nothing"):
            _finds(name)


def test_an_edit_shows_at_the_next_run_of_a_page_in_sentences_that_were_filled_too(folder: Path) -> None:
    app = open_app()
    before = shown(app)["words"]
    assert any("against step 100" in words for words in before)
    edit(folder / "vanish_or_explode.toml", "against step", "compared with step")
    edit(folder / "vanish_or_explode.toml", "\n## ", "\n## Edited: ")
    app.run()
    assert not app.exception
    assert shown(app)["words"] == [words.replace("against step", "compared with step") for words in before]
    assert any("## Edited:" in text.value for text in app.markdown)


def test_nothing_is_read_or_computed_again_where_nothing_was_edited(folder: Path) -> None:
    words = content.sentences("cliff")
    content.read_edits()
    assert content.sentences("cliff") is words


@pytest.mark.parametrize("slip", ["{step", "step}", "{stpe}", "{}", "{step:.3q}", "{step.first}"])
def test_a_wrong_brace_is_told_with_its_file_and_its_sentence(folder: Path, slip: str) -> None:
    edit(folder / "cliff.toml", "step {step}:|to", f"step {slip}:|to")
    content.read_edits()
    leaves = content.sentences("cliff")["picture"]["leaves"]
    for sentence in (leaves, str(leaves)):
        with pytest.raises(ValueError, match=r"content/en/cliff\.toml: picture leaves .*\|to b"):
            sentence.format(step=1, w=2, b=3)


def test_words_that_are_no_toml_are_told_with_file_and_line(folder: Path) -> None:
    line = (folder / "cliff.toml").read_text(encoding="utf-8").split("leaves =")[0].count("\n") + 1
    edit(folder / "cliff.toml", "leaves =", "leaves")
    content.read_edits()
    with pytest.raises(ValueError, match=rf"content/en/cliff\.toml: .*line {line},"):
        content.sentences("cliff")


def test_lines_of_a_chinese_paragraph_are_joined_without_a_space_and_others_stay_as_they_are(folder: Path) -> None:
    parts = ["## 标题", "第一行，\n第二行。", "又一段 of\n两行", "1. 一\n2. 二"]
    text = "\n\n".join(parts)
    (folder.parent / "zh" / "axes.toml").write_text(f"prose = '''{text}'''", encoding="utf-8")
    content.read_edits()
    assert content.sentences("axes", "zh")["prose"] == text.replace("，\n", "，")
