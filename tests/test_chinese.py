"""The Chinese words: no English sentence among them; what pages show is in `test_language_switch`."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from rnn_dynamics import content, pictures
from rnn_dynamics.content import languages, sentences
from tests.test_content import leaves

LANGUAGE = "zh"
#: English that stands there: what networks read, and the names of fonts.
NAMES = (
    "I am a linguistics student when it rains and I love machine ___",
    sentences("axes", LANGUAGE)["font"],
    sentences("export", LANGUAGE)["fonts"],
    sentences("export", LANGUAGE)["signs"],
)
#: What is no sentence in any language: code, a number's place in one, an address, a name in code, a command, and HTML.
NO_WORDS = (
    r"<(script|style|pre|code)\b.*?</\1>|<[^<>]*>|```.*?```|`[^`]*`|\{[^{}]*\}|https?://\S+|\w*_\w*|rnn-dynamics \w+"
)
#: Three English words in a row, whatever mark stands between them.
RUN = r"[A-Za-z]{2,}(?:(?:[,.;:]? |['’–])[A-Za-z]+){2,}"


def plain(text: str) -> str:
    """A text without what is no words."""
    return "·" if text in NAMES else re.sub(NO_WORDS, "·", text, flags=re.DOTALL)


def english(text: str) -> list[str]:
    """The runs of three or more English words in a text."""
    return re.findall(RUN, plain(text))


def files() -> Iterator[str]:
    folder = Path(content.__file__).parent / LANGUAGE
    return (file.relative_to(folder).with_suffix("").as_posix() for file in folder.rglob("*.toml"))


def test_what_would_be_english_is_found_and_names_are_not() -> None:
    assert english("梯度 has vanished here 了") == ["has vanished here"]
    assert english("<b>Point at a</b> unit") == ["Point at a"]
    assert english("Keras, which is slow, too") == ["Keras, which is slow, too"]
    assert english("Chen、Pennington 与 Schoenholz：`pip install this now`，LSTM {a.b:one step/# steps/no} GRU") == []


def test_no_sentence_of_a_chinese_file_is_english() -> None:
    for file in files():
        assert {text: runs for text in leaves(sentences(file, LANGUAGE)) if (runs := english(text))} == {}, file


def pairs(ours: Any, theirs: Any) -> Iterator[tuple[str, str]]:
    """Each sentence with the one of the same key in English; what stands once for all languages has none here."""
    if isinstance(ours, str):
        yield ours, theirs
    elif isinstance(ours, dict | list):
        for key in ours if isinstance(ours, dict) else range(len(ours)):
            yield from pairs(ours[key], theirs[key])


def test_what_has_three_words_in_english_has_a_chinese_character() -> None:
    for file in files():
        both = pairs(sentences(file, LANGUAGE), sentences(file))
        words = [
            ours for ours, theirs in both if ours not in NAMES and len(re.findall(r"[a-z]{3,}", plain(theirs))) > 2
        ]
        assert [ours for ours in words if not re.search(r"[\u4e00-\u9fff]", ours)] == [], file


def test_a_picture_outside_of_a_page_is_set_in_a_font_that_has_the_characters() -> None:
    fonts = {
        language: pictures.draw("depth", language=language).to_dict()["config"]["font"] for language in languages()
    }
    assert fonts["en"] == "sans-serif"
    assert fonts[LANGUAGE].startswith("Noto Sans CJK SC")
