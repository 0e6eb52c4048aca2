"""What a picture is: from an experiment an answer, from the answer tables, from these to a chart and to words."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Generic, Protocol, TypeVar

import altair as alt
import pandas as pd
import pyarrow as pa

from rnn_dynamics.content import Words, sentences
from rnn_dynamics.experiment import Experiment
from rnn_dynamics.pictures.kit.frames import as_bytes
from rnn_dynamics.pictures.kit.panels import as_vega_lite
from rnn_dynamics.pictures.kit.remembered import remembered
from rnn_dynamics.pictures.kit.theme import Background

#: The settings of a picture that are none of the experiment: name -> value.
Views = Mapping[str, str]
#: What a picture writes: titles, labels, and what stands beside what is pointed at.
Texts = Mapping[str, Any]
Tables = Mapping[str, pa.Table]


class Answered(Protocol):
    """What every answer says of itself."""

    @property
    def experiment(self) -> Experiment:
        """What was computed: the question, lowered where it could not be afforded."""

    @property
    def digits(self) -> int:
        """How many digits another program shares of all of its numbers; see `Rounded`."""


Answer = TypeVar("Answer", bound=Answered)


@dataclass(frozen=True, kw_only=True, eq=False)
class Picture(Generic[Answer]):
    """A picture and what belongs to it.

    name: of its folder, and of its words in content/. answer: the numbers, remembered. texts: what the picture writes.
    tables: its datasets by name, tidy rows in units that they name. chart: how they are drawn, given what the axes are
    called, its views, and light or dark.
    finding: what stands below, as HTML. views: its settings and their values at the opening. files: what a reader can
    have as a CSV, by name; the label stands in the words under `files`. scripts: the kinds of PyTorch scripts that find
    the same numbers, as `dashboard.downloads` names them.
    """

    name: str
    answer: Callable[[Experiment, Views], Answer]
    texts: Callable[[Words, Answer, Views], Texts]
    tables: Callable[[Answer, Texts, Views], Tables]
    chart: Callable[[Words, Views, Background], alt.LayerChart]
    finding: Callable[[Words, Answer, Views], str]
    views: Views = field(default_factory=dict)
    files: Mapping[str, Callable[[Answer, Views], pd.DataFrame]] = field(default_factory=dict)
    scripts: tuple[str, ...] = ()

    def specification(self, views: Views, background: Background, language: str) -> dict[str, Any]:
        """The chart as Vega-Lite without its data, built once for all visitors."""
        return as_vega_lite(_chart, self, tuple(views.items()), background, sentences(self.name, language))

    def drawn(self, experiment: Experiment, views: Views, language: str) -> tuple[dict[str, bytes], str]:
        """What the specification draws, ready to be sent, and the finding, as HTML."""
        return _drawn(self, experiment, tuple(views.items()), sentences(self.name, language))

    def drawn_from(self, answer: Answer, views: Views, words: Words) -> tuple[dict[str, bytes], str]:
        """The same from an answer that is there, such as what a reader has trained or measured."""
        tables = self.tables(answer, self.texts(words, answer, views), views)
        return as_bytes(tables), self.finding(words, answer, views)

    def draw(self, experiment: Experiment, views: Views, background: Background, language: str) -> alt.LayerChart:
        """The chart with its data inside, for a notebook or a file."""
        words, answer = sentences(self.name, language), self.answer(experiment, views)
        tables = self.tables(answer, self.texts(words, answer, views), views)
        chart = self.chart(_axes(words), views, background).properties(width=_WIDTH)
        chart.datasets = {name: rows_of(table) for name, table in tables.items()}
        return chart


#: Of a picture that stands by itself, in pixels.
_WIDTH = 900


def _chart(
    picture: Picture[Any], views: tuple[tuple[str, str], ...], background: Background, words: Words
) -> alt.LayerChart:
    return picture.chart(_axes(words), dict(views), background)


def _axes(words: Words) -> Words:
    """What the axes are called: those of all pictures, and a picture's own."""
    return Words(sentences("axes", words.language) | words.get("axes", {}))


@remembered
def _drawn(
    picture: Picture[Any], experiment: Experiment, views: tuple[tuple[str, str], ...], words: Words
) -> tuple[dict[str, bytes], str]:
    asked = dict(views)
    return picture.drawn_from(picture.answer(experiment, asked), asked, words)


def rows_of(table: pa.Table) -> list[dict[str, Any]]:
    """The rows of a table as JSON knows them: what is no number is null."""
    rows: list[dict[str, Any]] = table.to_pylist()
    return [{key: None if _is_none(value) else value for key, value in row.items()} for row in rows]


def _is_none(value: Any) -> bool:
    return isinstance(value, float) and not abs(value) < float("inf")
