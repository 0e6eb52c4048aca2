"""What a picture is: from an experiment an answer, from the answer tables, from these to a chart and to words."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from functools import partial
from typing import Any, Generic, TypeVar

import altair as alt
import pandas as pd
import pyarrow as pa

from rnn_dynamics.content import Words, sentences
from rnn_dynamics.experiment import Experiment
from rnn_dynamics.pictures.kit.answered import Answered
from rnn_dynamics.pictures.kit.frames import as_bytes
from rnn_dynamics.pictures.kit.growing import Growing
from rnn_dynamics.pictures.kit.panel import Sheet
from rnn_dynamics.pictures.kit.panels import as_vega_lite
from rnn_dynamics.pictures.kit.remembered import remembered
from rnn_dynamics.pictures.kit.theme import Background

#: The settings of a picture that are none of the experiment: name -> value.
Views = Mapping[str, str]
#: What a picture writes: titles, labels, and what stands beside what is pointed at.
Texts = Mapping[str, Any]
Tables = Mapping[str, pa.Table]
#: What is drawn, ready to be sent, by the name of its table; and the finding.
Drawn = tuple[dict[str, bytes], str]


Answer = TypeVar("Answer", bound=Answered)


@dataclass(frozen=True, kw_only=True)
class Moving(Generic[Answer]):
    """Tables that change while all others stand still, such as the one row that says where a slider is.

    apart: a question without what moves; those that are then equal have the same other tables. texts, tables: as of
    Picture.
    """

    apart: Callable[[Experiment, Views], tuple[Experiment, Views]] = lambda experiment, views: (experiment, views)
    texts: Callable[[Words, Answer, Views], Texts] = lambda _, __, ___: {}
    tables: Callable[[Answer, Texts, Views], Tables] = lambda _, __, ___: {}


@dataclass(frozen=True, kw_only=True, eq=False)
class Picture(Generic[Answer]):
    """A picture and what belongs to it.

    name: of its folder, and of its words in content/. answer: the numbers, remembered. texts: what the picture writes.
    tables: its datasets by name, tidy rows in units that they name. chart: how they are drawn on a sheet. finding: what
    stands below, as HTML. views: its settings and their values at the opening. files: what a reader can have as a CSV,
    by name; the label stands in the words under `files`. scripts: the kinds of PyTorch scripts that find the same
    numbers, as `dashboard.downloads` names them. uses: the fields of the experiment that play a part, where not all of
    them do. moving: further tables, see Moving; the others are then the very same bytes, made and written once.
    charted: the views on which the chart itself depends; None for all. growing: the rows of an answer that comes in
    parts; `answer` then takes the names of some of them as `there`. progress: what is said of them meanwhile.
    """

    name: str
    answer: Callable[[Experiment, Views], Answer]
    texts: Callable[[Words, Answer, Views], Texts]
    tables: Callable[[Answer, Texts, Views], Tables]
    chart: Callable[[Sheet], alt.LayerChart]
    finding: Callable[[Words, Answer, Views], str]
    views: Views = field(default_factory=dict)
    files: Mapping[str, Callable[[Answer, Views], pd.DataFrame]] = field(default_factory=dict)
    scripts: tuple[str, ...] = ()
    uses: tuple[str, ...] = ()
    moving: Moving[Any] = field(default_factory=Moving)
    charted: tuple[str, ...] | None = None
    growing: Callable[[Experiment, Views], Growing] | None = None
    progress: Callable[[Words, Growing], str] = lambda _, __: ""

    def so_far(self, experiment: Experiment, views: Views) -> Picture[Answer]:
        """The same picture of those rows of its answer that there are by now."""
        work = self.growing(experiment, views) if self.growing else None
        return self if work is None or work.complete else _of_rows(self, work.there)

    def specification(self, views: Views, background: Background, language: str) -> dict[str, Any]:
        """The chart as Vega-Lite without its data, built once for all visitors."""
        asked = tuple((name, views[name]) for name in (views if self.charted is None else self.charted))
        return as_vega_lite(_chart, self, asked, background, sentences(self.name, language))

    def drawn(self, experiment: Experiment, views: Views, language: str) -> Drawn:
        """What the specification draws, ready to be sent, and the finding, as HTML."""
        words, (still, of) = sentences(self.name, language), self.moving.apart(experiment, views)
        moved, said = _moved(self, experiment, tuple(views.items()), words)
        return _still(self, still, tuple(of.items()), words) | moved, said

    def drawn_from(self, answer: Answer, views: Views, words: Words) -> Drawn:
        """The same from an answer that is there, such as what a reader has trained or measured."""
        return as_bytes(self.tables_of(words, answer, views)), self.finding(words, answer, views)

    def draw(self, experiment: Experiment, views: Views, background: Background, language: str) -> alt.LayerChart:
        """The chart with its data inside, for a notebook or a file."""
        return self.draw_from(self.answer(experiment, views), views, background, language)

    def draw_from(self, answer: Answer, views: Views, background: Background, language: str) -> alt.LayerChart:
        """The same from an answer that is there."""
        words = sentences(self.name, language)
        chart = self.chart(Sheet(_axes(words), views, background)).properties(width=_WIDTH)
        chart.datasets = {name: rows_of(table) for name, table in self.tables_of(words, answer, views).items()}
        return chart

    def tables_of(self, words: Words, answer: Answer, views: Views) -> Tables:
        """All tables of an answer."""
        return {**_still_tables(self, words, answer, views), **_moved_tables(self, words, answer, views)}


@remembered
def _of_rows(picture: Picture[Any], there: frozenset[Any]) -> Picture[Any]:
    """One for all who ask, by which is remembered what is drawn of these rows."""
    answer: Any = picture.answer
    return replace(picture, answer=partial(answer, there=there))


#: Of a picture that stands by itself, in pixels.
_WIDTH = 900
#: Views as what is remembered knows them.
Asked = tuple[tuple[str, str], ...]


def _chart(picture: Picture[Any], views: Asked, background: Background, words: Words) -> alt.LayerChart:
    return picture.chart(Sheet(_axes(words), dict(views), background))


def _axes(words: Words) -> Words:
    """What the axes are called: those of all pictures, and a picture's own."""
    return Words(sentences("axes", words.language) | words.get("axes", {}))


def _still_tables(picture: Picture[Any], words: Words, answer: Any, views: Views) -> Tables:
    return picture.tables(answer, picture.texts(words, answer, views), views)


def _moved_tables(picture: Picture[Any], words: Words, answer: Any, views: Views) -> Tables:
    return picture.moving.tables(answer, picture.moving.texts(words, answer, views), views)


@remembered
def _still(picture: Picture[Any], experiment: Experiment, asked: Asked, words: Words) -> dict[str, bytes]:
    views = dict(asked)
    return as_bytes(_still_tables(picture, words, picture.answer(experiment, views), views))


@remembered
def _moved(picture: Picture[Any], experiment: Experiment, asked: Asked, words: Words) -> Drawn:
    views, answer = dict(asked), picture.answer(experiment, dict(asked))
    return as_bytes(_moved_tables(picture, words, answer, views)), picture.finding(words, answer, views)


def rows_of(table: pa.Table) -> list[dict[str, Any]]:
    """The rows of a table as JSON knows them: what is no number is null."""
    rows: list[dict[str, Any]] = table.to_pylist()
    return [{key: None if _is_none(value) else value for key, value in row.items()} for row in rows]


def _is_none(value: Any) -> bool:
    return isinstance(value, float) and not abs(value) < float("inf")
