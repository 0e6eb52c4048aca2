"""Lectures: what a file may say, what of it is named as senseless, and that the two that ship tell the truth."""

import re
from pathlib import Path

import pytest

from rnn_dynamics import Experiment, content, run
from rnn_dynamics.content import files_in, sentences
from rnn_dynamics.course import lectures
from rnn_dynamics.course.lectures import Lecture, Stop
from rnn_dynamics.dashboard.lecture import read
from rnn_dynamics.engine.verdict import orders_of_magnitude
from tests.claims import plain
from tests.every import every
from tests.handed_out import frame_of
from tests.pictured import drawn_by, said_by
from tests.test_pages import ROOT

LANGUAGES = ("en", "zh")
SHIPPED = ("long", "short")
#: That of "Start here", which asks nothing.
TEN = "ten"
STOPS = [(name, number) for name in (*SHIPPED, TEN) for number, _ in enumerate(read(name, "en").stops, start=1)]


@pytest.fixture
def folder(own_content: Path) -> Path:
    """A copy of the words, whose lectures are a test's."""
    return own_content


def write(folder: Path, text: str, language: str = "en", name: str = "mine") -> None:
    (folder / language / lectures.FOLDER / f"{name}.toml").write_text(text, encoding="utf-8")
    content.read_edits()


def told(lecture: Lecture) -> list[str]:
    return [one.said(sentences("lecture")) for one in lecture.complaints]


# --- those that ship --------------------------------------------------------------------------------------------------


def test_all_are_whole_in_both_languages() -> None:
    for language in LANGUAGES:
        assert files_in(f"{language}/{lectures.FOLDER}") == (*SHIPPED, TEN)
        for name in (*SHIPPED, TEN):
            here, english = read(name, language), read(name, "en")
            assert here.language == language
            assert told(here) == []
            assert [(one.page, one.settings) for one in here.stops] == [
                (one.page, one.settings) for one in english.stops
            ]
            for one, other in zip(here.stops, english.stops, strict=True):
                assert bool(one.notes) == bool(other.notes)
                assert (one.question is None) == (other.question is None)
                if one.question and other.question:
                    assert (one.question.right, one.question.answers) == (other.question.right, other.question.answers)


def test_a_long_one_has_many_pages_and_both_ask_often() -> None:
    long, short = (read(name, "en") for name in SHIPPED)
    assert (long.minutes, short.minutes) == (75, 20)
    assert 12 <= len(long.stops) <= 15
    assert len({stop.page for stop in long.stops}) >= 9
    for lecture in (long, short):
        assert sum(stop.question is not None for stop in lecture.stops) >= len(lecture.stops) / 2


def asked(stop: Stop) -> tuple[Experiment, dict[str, str]]:
    return frame_of(stop.page).asked(stop.settings)


def shown(stop: Stop) -> str:
    """All that the page of a stop says there, and what is set."""
    one, (experiment, views) = frame_of(stop.page).picture, asked(stop)
    own = {name: views[name] for name in one.settings}
    texts = [text for of in drawn_by(one, experiment, **own).values() for row in of for text in row.values()]
    settings = frame_of(stop.page).at_opening | dict(stop.settings)
    return " ".join(map(str, [*texts, plain(said_by(one, experiment, **own)), *settings.values()]))


#: Numbers as sentences write them: 0.315, 10⁻⁴⁹, 5.00.
NUMBER = re.compile(r"10[⁻⁰¹²³⁴⁵⁶⁷⁸⁹]+|\d+(?:\.\d+)?")


@every(("name", "number"), STOPS, parts=2)
def test_each_number_that_a_lecture_says_is_computed_by_its_page(name: str, number: int) -> None:
    stop = read(name, "en").stops[number - 1]
    if stop.page == "learning":
        assert not NUMBER.findall(stop.claim)  # what is trained is not drawn here
        return
    there = set(NUMBER.findall(shown(stop)))
    for language in LANGUAGES:
        here = read(name, language).stops[number - 1]
        said = f"{here.claim} {here.question.ask if here.question else ''}"
        unknown = {text for text in NUMBER.findall(said) if text not in there and f"{text}.0" not in there}
        # What is no number of the page's: the 10 of "a power of ten", and an identity such as "one of 50".
        assert unknown <= {"10", "1", "2", "5"}, (language, unknown)


def left(stop: Stop) -> float:
    """log10 of what is left at step 1, by the engine alone."""
    experiment, views = asked(stop)
    norms = run(experiment).log10_norms["cell_path" if stop.page == "additive_path" else views["gradient"]]
    return float(orders_of_magnitude(norms))


def outcome(stop: Stop) -> str:
    change = left(stop) / (asked(stop)[0].sequence_length - 1)
    return "vanishes" if change < -0.02 else "explodes" if change > 0.02 else "holds"


@every(("name", "number"), STOPS, parts=2)
def test_the_right_answer_of_a_slider_is_what_the_engine_finds(name: str, number: int) -> None:
    stop = read(name, "en").stops[number - 1]
    if stop.question and stop.question.slider:
        assert stop.question.right == round(left(stop))


@every("name", SHIPPED)
def test_the_right_choice_is_what_happens(name: str) -> None:
    stops = read(name, "en").stops
    for stop in stops:
        if stop.question and stop.page == "vanish_or_explode" and stop.question.choices:
            assert outcome(stop) in stop.question.choices[stop.question.right or 0]
    (defaults,) = (stop for stop in stops if stop.page == "initialisation")
    assert defaults.question
    assert defaults.question.choices[defaults.question.right or 0] == "It vanishes"
    settings = {"cell": "lstm", "initialisation": "torch", "forget_bias": 0.0}
    assert outcome(Stop(page="vanish_or_explode", settings=settings, claim="", question=None, notes="")) == "vanishes"
    closed = next(stop for stop in stops if stop.page == "additive_path" and stop.settings["forget_bias"] == 0.0)
    ours = orders_of_magnitude(run(asked(closed)[0]).log10_norms["cell"])
    theirs = orders_of_magnitude(run(Experiment(cell="rnn", batch_size=2)).log10_norms["hidden"])
    assert abs(ours - theirs) < 4
    assert theirs < -20


# --- a lecturer's own -------------------------------------------------------------------------------------------------


def test_one_in_one_language_is_one_file_and_an_edit_is_taken_up(folder: Path) -> None:
    write(folder, 'title = "Meine"\n[[stop]]\npage = "depth"\nclaim = "Viele Schichten."\n', language="zh")
    assert lectures.names() == ("long", "mine", "short", "ten")
    for language in LANGUAGES:
        lecture = read("mine", language)
        assert (lecture.language, lecture.title, told(lecture)) == ("zh", "Meine", [])
    write(folder, '[[stop]]\npage = "shapes"\nclaim = "One."\n', language="zh")
    assert read("mine", "en").stops[0].page == "shapes"


def test_settings_are_taken_as_the_page_offers_them(folder: Path) -> None:
    write(
        folder,
        """
[[stop]]
page = "learning"
settings = { cell = "GRU", sequence_length = 20, iterations = 700, learning_rate = 0.003, axis = "lag", seed = 3 }
claim = "…"
[[stop]]
page = "depth"
settings = { bidirectional = false, weight_scale = 1 }
claim = "…"
ask = "Hands up?"
""",
    )
    lecture = read("mine", "en")
    assert told(lecture) == []
    assert lecture.stops[0].settings == {
        **{"cell": "gru", "sequence_length": 20, "iterations": "700", "learning_rate": "0.003", "axis": "lag"},
        "seed": 3,
    }
    assert lecture.stops[1].settings == {"bidirectional": False, "weight_scale": 1.0}
    assert lecture.stops[1].question is not None
    assert not lecture.stops[1].question.answers


WRONG = (
    ('claim = "…"', "`page` is missing"),
    ('page = "dept"\nclaim = "…"', "there is no page `dept`"),
    ('page = "vote"\nclaim = "…"', "there is no page `vote`"),
    ('page = "../../etc/passwd"\nclaim = "…"', "there is no page `../../etc/passwd`"),
    ('page = "depth"', "`claim` is missing"),
    ('page = "depth"\nclaim = 3', "`claim = 3` is not what stands there"),
    ('page = "depth"\nclaims = "…"\nclaim = "…"', "there is no key `claims`; did you mean `claim`?"),
    ('page = "depth"\nclaim = "…"\nxyz = 1', "there is no key `xyz`"),
    (
        'page = "depth"\nclaim = "…"\nsettings = { weight_scal = 1.0 }',
        "`weight_scal` is not a setting of the page `depth`; did you mean `weight_scale`?",
    ),
    ('page = "depth"\nclaim = "…"\nsettings = { zzz = 1.0 }', "`zzz` is not a setting of the page `depth`"),
    (
        'page = "depth"\nclaim = "…"\nsettings = { weight_scale = 99 }',
        "`weight_scale = 99` is not one of 0.1, 0.2, 0.3, 0.4, …, 10",
    ),
    (
        'page = "depth"\nclaim = "…"\nsettings = { cell = "jordan" }',
        "`cell = 'jordan'` is not one of rnn, lstm, gru, mingru, minlstm, lru, slstm, ssm, cornn",
    ),
    ('page = "depth"\nclaim = "…"\nsettings = { bidirectional = 1 }', "`bidirectional = 1` is not one of False, True"),
    ('page = "depth"\nclaim = "…"\nchoices = ["a", "b"]', "`ask` is missing"),
    ('page = "depth"\nclaim = "…"\nask = "?"\nchoices = ["a"]', "`choices` are texts, from 2 to 8 of them"),
    ('page = "depth"\nclaim = "…"\nask = "?"\nchoices = ["a", 2]', "`choices` are texts, from 2 to 8 of them"),
    (
        'page = "depth"\nclaim = "…"\nask = "?"\nchoices = ["a", "b"]\nright = 3',
        "`right = 3` is none of the answers 1 … 2",
    ),
    (
        'page = "depth"\nclaim = "…"\nask = "?"\nslider = [-5, 0]\nright = 3',
        "`right = 3` is none of the answers -5 … 0",
    ),
    (
        'page = "depth"\nclaim = "…"\nask = "?"\nslider = [0, -5]',
        "`slider = [0, -5]` is not two powers of ten between -400 and 400, the smaller first, at most 100 apart",
    ),
)


@pytest.mark.parametrize(("text", "said"), WRONG)
def test_what_makes_no_sense_is_named_with_file_and_stop_and_the_rest_goes_on(
    text: str, said: str, folder: Path
) -> None:
    good = '[[stop]]\npage = "shapes"\nclaim = "Good."\n'
    write(folder, f"{good}[[stop]]\n{text}\n{good}")
    lecture = read("mine", "en")
    assert told(lecture) == [f"`content/en/lectures/mine.toml`, stop 2: {said}"]
    assert [stop.claim for stop in lecture.stops][::2] == ["Good.", "Good."]
    assert len(lecture.stops) == 3


def test_a_file_that_is_no_toml_or_empty_is_named(folder: Path) -> None:
    write(folder, "[[stop]\n")
    (said,) = told(read("mine", "en"))
    assert said.startswith("`content/en/lectures/mine.toml`: it cannot be read, ")
    assert "line 1" in said
    write(folder, "")
    assert told(read("mine", "en")) == ["`content/en/lectures/mine.toml`: `stop` is missing"]
    write(folder, "stop = [1, 2]\nminutes = true\n")
    assert "`content/en/lectures/mine.toml`: `minutes = True` is not what stands there" in told(read("mine", "en"))


def test_a_translation_that_has_not_all_stops_says_so(folder: Path) -> None:
    write(folder, '[[stop]]\npage = "depth"\nclaim = "1"\n[[stop]]\npage = "shapes"\nclaim = "2"\n')
    write(folder, '[[stop]]\nclaim = "一"\n', language="zh")
    lecture = read("mine", "zh")
    said = "it has 1 stop, but `content/en/lectures/mine.toml`, which names the pages, has 2"
    assert told(lecture) == [f"`content/zh/lectures/mine.toml`: {said}"]
    assert [(stop.page, stop.claim) for stop in lecture.stops] == [("depth", "一")]


@every("text", ["README.md", "docs/lectures.md", "docs/deploy.md", "rnn_dynamics/content/en/start.toml"])
def test_every_address_of_a_lecture_is_that_of_the_page_where_it_begins(text: str) -> None:
    """On another page the bar says that the lecture's has been left."""
    found = re.findall(r"(\w*)\?lecture=(short|long|ten)(?!&)\b", (ROOT / text).read_text(encoding="utf-8"))
    assert found
    for page, name in found:
        assert (page or "vanish_or_explode") == read(name, "en").stops[0].page, name
