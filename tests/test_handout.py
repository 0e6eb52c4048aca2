"""A lecture on paper: a page for each stop, in every language, with the answers where they were asked for."""

import sys
from collections import defaultdict
from collections.abc import Iterator
from io import BytesIO
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import pytest
from pypdf import PdfReader

from rnn_dynamics import command, content
from rnn_dynamics.content import HOME, languages, sentences
from rnn_dynamics.course.handout import CAPTION, NOTE, TITLE, Leaf, Paragraph, as_handout, notes_of
from rnn_dynamics.dashboard.lecture import read
from tests.every import every
from tests.test_lecture_page import SHORT, opened

SITE = "https://example.org/rnn"
A4 = (595.28, 841.89)
#: Curves, a map and tables: that each page's picture hides what it must, and can be saved, others test.
PRINTED = (HOME, "phase_diagram", "by_hand")


def run(*arguments: Any) -> object:
    """The exit code of the command."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("sys.argv", ["rnn-dynamics", "handout", *map(str, arguments)])
        with pytest.raises(SystemExit) as end:
            command.main()
    return end.value.code


def close(text: str) -> str:
    """A text without blanks and line ends, which a page sets anew."""
    return "".join(text.split())


def pages_of(pdf: bytes) -> list[str]:
    return [close(page.extract_text()) for page in PdfReader(BytesIO(pdf)).pages]


def addresses_of(pdf: Path) -> Iterator[str]:
    for page in PdfReader(pdf).pages:
        assert page.annotations is not None
        (link,) = page.annotations
        yield str(link.get_object()["/A"]["/URI"])


@pytest.fixture
def quick(own_content: Path) -> str:
    """The lecture `short`, of which two stops that ask and the last are left, whose training is short."""
    for language in languages():
        file = own_content / language / "lectures" / "short.toml"
        head, first, second, *_, last = file.read_text(encoding="utf-8").split("[[stop]]\n")
        last = last.replace('page = "learning"', 'page = "learning"\nsettings = { iterations = 100 }')
        file.write_text("[[stop]]\n".join([head, first, second, last]), encoding="utf-8")
    content.read_edits()
    read.cache_clear()
    return "short"


@every("language", languages())
def test_each_stop_has_a_page_with_what_it_asks_its_answer_its_notes_and_its_address(
    language: str, quick: str, tmp_path: Path
) -> None:
    pdf, words = tmp_path / "one.pdf", sentences("lecture", language)
    assert run(quick, "--pdf", pdf, "--language", language, "--notes", "--site", f"{SITE}/") == 0
    lecture = read(quick, language)
    pages = pages_of(pdf.read_bytes())
    assert len(pages) == len(lecture.stops) == 3
    for number, (page, stop, address) in enumerate(zip(pages, lecture.stops, addresses_of(pdf), strict=True), 1):
        said = [stop.claim, address, f"{lecture.title} · {words['place'].format(stop=number, stops=3)}"]
        if stop.question:
            said += [stop.question.ask, *stop.question.choices]
        said += [one.text for one in notes_of(stop.notes)]
        assert [one for one in said if close(one) not in page] == []
        assert sentences(stop.page, language)["title"].replace(" ", "") in page
        where = urlsplit(address)
        assert where.path == "/rnn/" + ("" if stop.page == HOME else stop.page)
    first = lecture.stops[0]
    app = opened(first.page, **dict(parse_qsl(urlsplit(next(addresses_of(pdf))).query)))
    assert {key: app.session_state[key] for key in first.settings} == dict(first.settings)


def test_a_page_is_printed_before_its_answer_and_with_it(own_content: Path, tmp_path: Path) -> None:
    texts = []
    for page in PRINTED:
        settings = ", ".join(f"{key} = {value}" for key, value in SHORT.get(page, {}).items())
        texts += [f'[[stop]]\npage = "{page}"\nsettings = {{ {settings} }}\nclaim = "Claim of {page}."']
        texts += [f'ask = "Question about {page}?"\nchoices = ["a", "b"]\nright = 2']
    (own_content / "en" / "lectures" / "all.toml").write_text("\n".join(texts), encoding="utf-8")
    content.read_edits()
    assert run("all", "--pdf", tmp_path / "all.pdf", "--answers", "end") == 0
    pages = pages_of((tmp_path / "all.pdf").read_bytes())
    assert len(pages) == 2 * len(PRINTED)
    guess = close(sentences("lecture")["handout"]["guess"])
    for name, before, after in zip(PRINTED, pages[: len(PRINTED)], pages[len(PRINTED) :], strict=True):
        assert f"Questionabout{name}?" in before
        assert f"Questionabout{name}?" in after
        assert guess in before
        assert f"Claimof{name}." not in before
        assert f"Claimof{name}." in after
        assert guess not in after


def test_a_sheet_may_have_no_answers_at_all(quick: str, tmp_path: Path) -> None:
    assert run(quick, "--pdf", tmp_path / "one.pdf", "--answers", "none") == 0
    pages, stops = pages_of((tmp_path / "one.pdf").read_bytes()), read(quick, "en").stops
    assert [close(stop.claim) in page for page, stop in zip(pages, stops, strict=True)] == [
        stop.question is None for stop in stops
    ]


def test_what_is_longer_than_a_page_is_set_smaller_on_one() -> None:
    notes = [Paragraph(NOTE, f"Note {number}, and what else there is to say of it.") for number in range(120)]
    leaf = Leaf(name="One", above=[Paragraph(TITLE, "Much")], picture="", below=notes, address="")
    pdf = as_handout("A title", "en", [leaf, leaf])
    reader = PdfReader(BytesIO(pdf))
    assert [tuple(page.mediabox[2:]) for page in reader.pages] == [pytest.approx(A4, abs=0.01)] * 2
    _, page = pages_of(pdf)
    assert all(close(note.text) in page for note in notes)
    assert reader.metadata is not None
    assert reader.metadata.title == "A title"


def test_an_address_can_be_clicked_where_it_stands() -> None:
    below = [Paragraph(CAPTION, "Above"), Paragraph(CAPTION, f"Opens at {SITE}"), Paragraph(CAPTION, "Below")]
    leaf = Leaf(name="One", above=[Paragraph(TITLE, "Title")], picture="", below=below, address=SITE)
    page = PdfReader(BytesIO(as_handout("", "en", [leaf]))).pages[0]
    lines = defaultdict[float, str](str)

    def take(letter: str, way: list[float], place: list[float], *_: Any) -> None:
        lines[way[3] * place[5] + way[5]] += letter.strip()

    page.extract_text(visitor_text=take)
    assert page.annotations is not None
    (link,) = page.annotations
    _, bottom, _, top = map(float, link.get_object()["/Rect"])
    assert [text for height, text in lines.items() if bottom <= height <= top] == [f"Opensat{SITE}"]
    assert {"Above", "Below"} < {*lines.values()}


def test_notes_lose_the_marks_of_markdown() -> None:
    markdown = (
        "**Say first** what `f` is.\n\n- one *thing*, see [there](https://example.org)\n> two\n# three\n2 * 3 * 4"
    )
    said = [one.text for one in notes_of(markdown)]
    assert said == ["Say first what f is.", "• one thing, see there", "two", "three", "2 * 3 * 4"]


@pytest.mark.parametrize("language", languages())
def test_a_lecture_of_ones_own_is_printed_from_its_file_wherever_that_is(language: str, tmp_path: Path) -> None:
    english = '[[stop]]\npage = "depth"\nclaim = "Of a page."\nnotes = "See [[shapes]]."'
    for name, text in {"en": english, "zh": '[[stop]]\nclaim = "一页。"'}.items():
        (folder := tmp_path / name / "lectures").mkdir(parents=True)
        (folder / "memory.toml").write_text(text, encoding="utf-8")
    (tmp_path / "zh" / "lectures" / "other.toml").write_text("", encoding="utf-8")
    file, pdf = tmp_path / language / "lectures" / "memory.toml", tmp_path / "one.pdf"
    assert run(file, "--pdf", pdf, "--language", language) == 0
    (page,) = pages_of(pdf.read_bytes())
    assert {"en": "Ofapage.", "zh": "一页。"}[language] in page
    (address,) = addresses_of(pdf)
    assert urlsplit(address).path == "/depth"


def test_what_cannot_be_done_is_said_and_ends_with_2(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    assert run("nonsense", "--pdf", tmp_path / "one.pdf") == 2
    why = "is none of the lectures long, short, ten, and no file that can be read"
    assert capsys.readouterr().err == f"nonsense {why}: No such file or directory\n"
    assert run(tmp_path, "--pdf", tmp_path / "one.pdf") == 2
    assert capsys.readouterr().err == f"{tmp_path} {why}: Is a directory\n"
    for bad, said in (
        (b"[[stop]\n", "at line 1"),
        (b"\xff", "invalid start byte"),
        (b"title = 1", "`title = 1` is not what"),
    ):
        (tmp_path / "bad.toml").write_bytes(bad)
        assert run(tmp_path / "bad.toml", "--pdf", tmp_path / "one.pdf") == 2
        assert f"`{tmp_path / 'bad.toml'}`: " in (err := capsys.readouterr().err)
        assert said in err
    assert run("short", "--pdf", tmp_path / "no" / "one.pdf") == 2
    assert capsys.readouterr().err == f"{tmp_path / 'no' / 'one.pdf'} cannot be written: No such file or directory\n"
    monkeypatch.setitem(sys.modules, "pypdf", None)
    assert run("short", "--pdf", tmp_path / "one.pdf") == 2
    assert 'pip install "rnn-dynamics[export]"' in capsys.readouterr().err
    assert not (tmp_path / "one.pdf").exists()


def test_what_makes_no_sense_in_a_lecture_is_named_and_the_rest_is_printed(
    own_content: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    text = '[[stop]]\npage = "nowhere"\nclaim = "Of no page."\n[[stop]]\npage = "depth"\nclaim = "Of a page."'
    (own_content / "en" / "lectures" / "odd.toml").write_text(text, encoding="utf-8")
    (own_content / "en" / "lectures" / "none.toml").write_text("title = 3", encoding="utf-8")
    content.read_edits()
    assert run("odd", "--pdf", tmp_path / "one.pdf") == 1
    assert "there is no page `nowhere`" in capsys.readouterr().err
    first, second = pages_of((tmp_path / "one.pdf").read_bytes())
    assert "Ofnopage." in first
    assert "Ofapage." in second
    assert run("none", "--pdf", tmp_path / "two.pdf") == 2
    assert "`title = 3` is not what stands there" in capsys.readouterr().err
