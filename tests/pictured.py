"""What a picture draws and says, for tests: its tables as rows, and its words."""

from typing import Any

from rnn_dynamics import Experiment
from rnn_dynamics.content import sentences
from rnn_dynamics.pictures.kit.frames import Tables
from rnn_dynamics.pictures.kit.picture import Picture

Rows = list[dict[str, Any]]


def drawn_by(picture: Picture, experiment: Experiment, **views: str) -> dict[str, Rows]:
    """Name -> the rows of each table; what is no number is None."""
    return drawn_from(picture, picture.answer(experiment, {**picture.views, **views}), **views)


def drawn_from(picture: Picture, answer: Any, **views: str) -> dict[str, Rows]:
    """The same from an answer that is there."""
    return rows_by_table(picture.tables_of(sentences(picture.name), answer, {**picture.views, **views}))


def rows_by_table(tables: Tables) -> dict[str, Rows]:
    """Name -> the rows of each of these tables."""
    return {name: table.to_pylist() for name, table in tables.items()}


def said_by(picture: Picture, experiment: Experiment, **views: str) -> str:
    """The finding, and below it the claim, as HTML."""
    return said_of(picture, picture.answer(experiment, {**picture.views, **views}), **views)


def said_of(picture: Picture, answer: Any, **views: str) -> str:
    """The same of an answer that is there."""
    words, asked = sentences(picture.name), {**picture.views, **views}
    return "\n".join([picture.finding(words, answer, asked), picture.claim(words, answer, asked)])


def column(rows: Rows, name: str, /, **of: Any) -> list[Any]:
    """A column of those rows that have these values."""
    return [row[name] for row in rows if all(row[key] == value for key, value in of.items())]
