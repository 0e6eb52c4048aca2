"""A picture as a file: every one of them as SVG and PNG, with what is set and where it opens."""

import re
import struct
import sys
from pathlib import Path
from typing import Any
from xml.etree import ElementTree as ET

import pytest
from streamlit.testing.v1 import AppTest

from rnn_dynamics import pictures
from rnn_dynamics.content import LANGUAGE, languages, sentences
from rnn_dynamics.pictures.kit.saved import NoExport, as_file, as_svg, broken
from tests.every import every
from tests.test_pages import ROOT
from tests.test_pictures import TRAINED, settings_of

ADDRESS = "https://example.org/page?weight_scale=1.0&seed=0"
every_picture = every("name", sorted({*pictures.NAMES} - TRAINED))


def texts_of(svg: Path) -> list[str]:
    return ["".join(one.itertext()) for one in ET.parse(svg).iter("{http://www.w3.org/2000/svg}text")]


@every_picture
def test_a_file_says_what_is_set_and_where_it_opens(name: str, tmp_path: Path) -> None:
    (experiment, views), *_ = settings_of(name)
    pictures.save(name, tmp_path / "one.svg", experiment, address=ADDRESS, **views)
    said = " ".join(texts_of(tmp_path / "one.svg"))
    assert ADDRESS in said
    assert (
        not pictures.picture(name).uses
        or "seed" not in pictures.picture(name).uses
        or f"seed: {experiment.seed}" in said
    )
    assert all(f"{view}: {value}" in said for view, value in views.items() if value)
    assert len(texts_of(tmp_path / "one.svg")) > 10  # the picture is there too


@every("suffix", ["png", "pdf"])
def test_a_picture_is_an_image_of_its_kind(suffix: str, tmp_path: Path) -> None:
    file = tmp_path / f"one.{suffix}"
    pictures.save("depth", file, address=ADDRESS)
    made = file.read_bytes()
    if suffix == "pdf":
        assert made.startswith(b"%PDF-")
        return
    kind, wide, high = struct.unpack(">4sII", made[12:24])
    assert (made[:8], kind) == (b"\x89PNG\r\n\x1a\n", b"IHDR")
    assert min(wide, high) > 1000
    assert len(made) > 20_000  # a blank one is smaller


@every("language", languages())
def test_a_file_is_in_the_readers_language(language: str, tmp_path: Path) -> None:
    pictures.save("depth", tmp_path / "one.svg", address=ADDRESS, language=language)
    said = " ".join(texts_of(tmp_path / "one.svg"))
    assert sentences("depth", language)["title"] in said
    assert sentences("export", language)["address"].format(address=ADDRESS) in said


def test_a_line_of_a_caption_is_broken_where_the_picture_ends() -> None:
    assert list(broken("one two three", 7)) == ["one two", "three"]
    assert list(broken("abcdefgh", 3)) == ["abc", "def", "gh"]
    assert list(broken("梯度消失了", 4)) == ["梯度", "消失", "了"]
    assert list(broken("", 4)) == []


def test_a_file_of_another_kind_is_named(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="path ends with = 'gif' is not one of svg, png, pdf"):
        pictures.save("depth", tmp_path / "one.gif")


def test_where_nothing_draws_a_sentence_says_how_to_get_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "vl_convert", None)
    with pytest.raises(NoExport, match=r"pip install .*rnn-dynamics\[export\]"):
        as_file(pictures.draw("depth"), [], "svg")


@every("there", [True, False])
def test_a_page_offers_its_picture_or_says_how_to_get_it(there: bool) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("rnn_dynamics.dashboard.taken.can_export", lambda: there)
        app = AppTest.from_file(str(ROOT / "pages" / "depth.py"), default_timeout=60)
        app.session_state["share"] = True
        app.run()
        assert not app.exception
        words: Any = sentences("export")
        offered = [one.proto.label for one in app.get("download_button")]
        assert (words["picture"].format(suffix="SVG") in offered) is there
        assert (words["missing"] in [caption.value for caption in app.caption]) is not there


@every_picture
def test_a_picture_that_is_hidden_is_drawn_without_a_power_of_ten(name: str) -> None:
    (experiment, views), *_ = settings_of(name)
    one = pictures.picture(name)
    drawn = as_svg(one.draw_from(one.answer(experiment, views), views, "light", LANGUAGE, hides=True))
    assert "<path" in drawn
    assert not re.search("10[⁻⁰¹²³⁴-⁹]", drawn)
