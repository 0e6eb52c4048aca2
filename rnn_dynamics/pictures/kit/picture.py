"""What a picture is: from an experiment an answer, from the answer tables, from these to a chart and to words."""

import json
import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from functools import lru_cache, partial
from importlib import import_module
from typing import Any

import altair as alt
from altair.utils.schemapi import debug_mode

from rnn_dynamics.content import Words, sentences
from rnn_dynamics.experiment import Experiment
from rnn_dynamics.pictures.kit.frames import Frame, Tables, Texts, Views, as_bytes
from rnn_dynamics.pictures.kit.growing import Growing
from rnn_dynamics.pictures.kit.layers import in_size
from rnn_dynamics.pictures.kit.panel import Places, Sheet
from rnn_dynamics.pictures.kit.theme import TYPE, Background
from rnn_dynamics.pictures.kit.veiled import veiled_specification, veiled_tables
from rnn_dynamics.remembered import remembered

#: What is drawn, ready to be sent, by the name of its table; and the finding.
Drawn = tuple[dict[str, bytes], str]

#: More values of a setting than this are a slider.
_LONGEST_ROW = 8


@dataclass(frozen=True)
class Setting:
    """What a reader may set; its first value stands at the opening unless one is named.

    Few values are a row of buttons, or a slider where its keys are wanted. A setting without values is typed: at most
    `longest` characters, over several lines where `lines` is true. `listed`: whether they are a list in any case, as
    where a row of buttons would be too long. `charted`: whether the chart itself depends on it, and not its data alone.
    """

    values: tuple[Any, ...] = ()
    opening: Any = None
    slider: bool = False
    longest: int = 0
    lines: bool = False
    listed: bool = False
    charted: bool = False

    @property
    def at_opening(self) -> Any:
        """The value at the opening."""
        return next(iter(self.values), "") if self.opening is None else self.opening

    @property
    def is_slider(self) -> bool:
        """Whether it has many values, which are short words or numbers, or is wanted as a slider."""
        return self.slider or (len(self.values) > _LONGEST_ROW and not self.listed)

    def nearest(self, value: Any) -> Any:
        """What its control shows of a value: itself, the nearest number, the beginning of a text; None if nothing."""
        if self.longest:
            return value[: self.longest]
        if value in self.values or isinstance(value, str):
            return value if value in self.values else None
        return min(self.values, key=lambda offer: abs(offer - value))

    def written(self, value: Any) -> Any:
        """What its control shows of a value in a file, where a number may stand for a text; None if nothing."""
        if self.longest:
            return str.__str__(value) if isinstance(value, str) and len(value) <= self.longest else None
        flag, text = isinstance(value, bool), str(value).lower()
        number = math.nan if flag or isinstance(value, str) else value  # 4.9 is the text "4.90"
        alike = (one for one in self.values if one == value or str(one).lower() == text or _number(one) == number)
        return next((offer for offer in alike if isinstance(offer, bool) is flag), None)

    def allows(self, value: Any) -> bool:
        """Whether a value that is empty can stand in its control."""
        return value is not None and (value != "" or self.longest > 0)


def _number(offer: Any) -> float:
    """That which a text spells; nan where it spells none."""
    try:
        return float(offer)
    except ValueError:
        return math.nan


#: The horizontal axis of every picture through time.
AXIS = Setting(("step", "lag"), charted=True)
#: How much of a picture is shown: the curves of which its claim speaks, or all that there is.
PANELS = Setting(("curves", "all"), charted=True)
#: Of which component of the state, or of what is read, a picture shows the gradient.
GRADIENT = Setting(("input", "hidden", "cell"), charted=True)


@dataclass(frozen=True, kw_only=True, eq=False)
class Picture:
    """A picture and what belongs to it.

    name: of its folder, of its page, and of its words in content/. answer: the numbers, remembered. texts: what the
    picture writes. tables: its datasets by name, tidy rows in units that they name. chart: how they are drawn on a
    sheet, with the places of its `panels`, else on the whole of it, and further `parameters`. finding: what stands
    below, as HTML. claim: what stands above, one sentence as HTML; "" where the picture belongs to another. settings:
    those that are none of the experiment; what they are called stands under [views] of its words, or in those of all
    settings. files: what a reader can have as a CSV, by name; the label stands in the words under `files`. scripts: the
    kinds of PyTorch scripts that find the same numbers, as `scripts.SCRIPTS` names them.
    uses: the fields of the experiment that play a part, where not all of them do.
    moving_texts, moving_tables: of what changes while all else stands still, such as the one row that says where a
    slider is. apart: a question without what moves; where these are equal, all other tables are the very same bytes,
    made and written once. growing: the rows of an answer that comes in parts; `answer` then takes the names of some of
    them as `there`. progress: what is said of them meanwhile.
    """

    name: str
    answer: Callable[..., Any]
    texts: Callable[[Words, Any, Views], Texts] = lambda *_: {}
    tables: Callable[[Any, Texts, Views], Tables]
    chart: Callable[[Sheet], alt.LayerChart]
    panels: Places = field(default_factory=lambda: {"whole": ("0", "width", "0", "height")})
    parameters: Mapping[str, str] = field(default_factory=dict)
    finding: Callable[[Words, Any, Views], str]
    claim: Callable[[Words, Any, Views], str] = lambda *_: ""
    settings: Mapping[str, Setting] = field(default_factory=dict)
    files: Mapping[str, Callable[[Any, Views], Frame]] = field(default_factory=dict)
    scripts: tuple[str, ...] = ()
    uses: tuple[str, ...] = ()
    moving_texts: Callable[[Words, Any, Views], Texts] = lambda *_: {}
    moving_tables: Callable[[Any, Texts, Views], Tables] = lambda *_: {}
    apart: Callable[[Experiment, Views], tuple[Experiment, Views]] = lambda experiment, views: (experiment, views)
    growing: Callable[[Experiment, Views], Growing] | None = None
    progress: Callable[[Words, Growing], str] = lambda words, work: words["progress"].format(
        done=len(work.there), all=len(work.rows)
    )

    @property
    def views(self) -> Views:
        """Its settings at the opening."""
        return {name: setting.at_opening for name, setting in self.settings.items()}

    def so_far(self, experiment: Experiment, views: Views) -> "Picture":
        """The same picture of those rows of its answer that there are by now."""
        work = self.growing(experiment, views) if self.growing else None
        return self if work is None or work.complete else _of_rows(self, work.there)

    def specification(self, views: Views, background: Background, language: str) -> str:
        """The chart as Vega-Lite without its data, as high and wide as its place; written once for all visitors."""
        asked = tuple((name, views[name]) for name, setting in self.settings.items() if setting.charted)
        return _specification(self, asked, background, sentences(self.name, language))

    def drawn(self, experiment: Experiment, views: Views, language: str) -> Drawn:
        """What the specification draws, ready to be sent, and the finding, as HTML."""
        words, own = sentences(self.name, language), self._own(views)
        still, of = self.apart(experiment, dict(own))
        moved, said = _moved(self, experiment, own, words)
        return _still(self, still, tuple(of.items()), words) | moved, said

    def claimed(self, experiment: Experiment, views: Views, words: Words) -> str:
        """The sentence above the picture, as HTML, of those in its words."""
        return _claimed(self, experiment, self._own(views), words)

    def answered(self, experiment: Experiment, views: Views) -> Any:
        """The answer; whoever has drawn, claimed and said something of it just now has used the same one."""
        return _answer(self, experiment, self._own(views))

    def _own(self, views: Views) -> "Asked":
        return tuple((name, views[name]) for name in self.settings)

    def drawn_from(self, answer: Any, views: Views, words: Words) -> Drawn:
        """The same from an answer that is there, such as what a reader has trained or measured."""
        return as_bytes(self.tables_of(words, answer, views)), self.finding(words, answer, views)

    def draw_from(
        self,
        answer: Any,
        views: Views,
        background: Background,
        language: str,
        *,
        hides: bool = False,
        on_paper: bool = False,
    ) -> alt.LayerChart:
        """The chart of an answer with its data inside, for a notebook or a file.

        hides: without what it tells, see `veiled`. on_paper: without what says how to point at something.
        """
        words = sentences(self.name, language, on_paper)
        chart = self.charted(words, views, background).properties(width=_WIDTH)
        chart.config.font = str(sentences("axes", language)["font"])
        tables = self.tables_of(words, answer, views)
        if hides:
            specification = json.dumps(chart.to_dict(validate=False))
            tables = veiled_tables(specification, tables)
            chart.layer = json.loads(veiled_specification(specification))["layer"]
        chart.datasets = {name: table.to_pylist() for name, table in tables.items()}
        return chart

    def charted(self, words: Words, views: Views, background: Background) -> alt.LayerChart:
        """The chart without its data; what its axes are called stands in the words, or in those of all pictures."""
        axes = sentences("axes", words.language) | words.get("axes", {})
        # Altair would look through each part as it is made, which took three quarters of the time; whoever asks a whole
        # chart for its dictionary, as the tests do of each, has all of it checked.
        with debug_mode(False):
            return self.chart(Sheet(axes, views, background, self.panels, self.parameters))

    def tables_of(self, words: Words, answer: Any, views: Views) -> Tables:
        """All tables of an answer."""
        return {**_still_tables(self, words, answer, views), **_moving_tables(self, words, answer, views)}


#: What the functions of a folder's files are called that a picture is made of; `x_file` of its tables is its file x.
_MADE = {
    "words": ("texts", "finding", "claim", "moving_texts", "progress"),
    "table": ("tables", "moving_tables"),
    "chart": ("chart", "PANELS", "PARAMETERS"),
}


def made_by(folder: str) -> dict[str, Any]:
    """What the files of a picture's folder, a package, make: Picture's fields by name, as far as they are there."""
    files = {file: vars(import_module(f"{folder}.{file}")) for file in _MADE}
    made = {name.lower(): files[file][name] for file, names in _MADE.items() for name in names if name in files[file]}
    tables = {name.removesuffix("_file"): of for name, of in files["table"].items() if name.endswith("_file")}
    return made | {"name": folder.rpartition(".")[2], "files": tables}


@remembered
def _of_rows(picture: Picture, there: frozenset[Any]) -> Picture:
    """One for all who ask, by which is remembered what is drawn of these rows."""
    return replace(picture, answer=partial(picture.answer, there=there))


#: Of a picture that stands by itself, in pixels.
_WIDTH = 900
#: Views as what is remembered knows them.
Asked = tuple[tuple[str, str], ...]


@lru_cache(maxsize=8)
def _answer(picture: Picture, experiment: Experiment, asked: Asked) -> Any:
    """The answer, for the run of a page that asks for it up to four times.

    One that is made anew of what is remembered takes up to 1 ms each time, with all that it finds out about itself.
    """
    return picture.answer(experiment, dict(asked))


@remembered
def _specification(picture: Picture, views: Asked, background: Background, words: Words) -> str:
    built = in_size(picture.charted(words, dict(views), background).to_dict(validate=False), TYPE.zoom)
    return json.dumps(
        built | {"autosize": {"type": "fit", "contains": "padding"}}, ensure_ascii=False, separators=(",", ":")
    )


def _still_tables(picture: Picture, words: Words, answer: Any, views: Views) -> Tables:
    return picture.tables(answer, picture.texts(words, answer, views), views)


def _moving_tables(picture: Picture, words: Words, answer: Any, views: Views) -> Tables:
    return picture.moving_tables(answer, picture.moving_texts(words, answer, views), views)


@remembered
def _still(picture: Picture, experiment: Experiment, asked: Asked, words: Words) -> dict[str, bytes]:
    views = dict(asked)
    return as_bytes(_still_tables(picture, words, _answer(picture, experiment, asked), views))


@remembered
def _moved(picture: Picture, experiment: Experiment, asked: Asked, words: Words) -> Drawn:
    views, answer = dict(asked), _answer(picture, experiment, asked)
    return as_bytes(_moving_tables(picture, words, answer, views)), picture.finding(words, answer, views)


@remembered
def _claimed(picture: Picture, experiment: Experiment, asked: Asked, words: Words) -> str:
    return picture.claim(words, _answer(picture, experiment, asked), dict(asked))
