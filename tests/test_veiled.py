"""What a lecture hides until it is revealed, in all pictures: no number of a curve and no title is sent."""

from collections.abc import Iterator
from math import isfinite
from typing import Any

import pyarrow as pa
import pytest

from rnn_dynamics import pictures
from rnn_dynamics.content import LANGUAGE
from rnn_dynamics.pictures.clipping import answer as clipping
from rnn_dynamics.pictures.kit.veiled import veiled
from tests.test_pictures import settings_of

every_picture = pytest.mark.parametrize("name", pictures.NAMES)
#: Picture -> table -> columns of texts on its axes: what the reader has set.
ON_AXES = {"atlas": {"columns": {"name"}, "rows": {"name"}}}


def rows(data: bytes) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = pa.ipc.open_stream(data).read_all().to_pylist()
    return found


def sent(name: str) -> Iterator[tuple[dict[str, Any], dict[str, Any]]]:
    """At each preset the rows of all datasets, and those of what is hidden."""
    one = pictures.picture(name)
    for experiment, views in settings_of(name):
        datasets, _ = one.drawn(experiment, views, LANGUAGE)
        hidden = veiled(one.specification(views, "light", LANGUAGE), datasets)
        assert set(hidden) == set(datasets)
        yield (
            {table: rows(data) for table, data in datasets.items()},
            {table: rows(data) for table, data in hidden.items()},
        )


def precise(tables: dict[str, Any]) -> set[float]:
    """Numbers of more than three digits, which no two tables have by chance."""
    values = [value for of in tables.values() for row in of for value in row.values() if isinstance(value, float)]
    return {value for value in values if isfinite(value) and float(f"{value:.3g}") != value}


@pytest.fixture(autouse=True)
def few_updates(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(clipping, "UPDATES", 40)


@every_picture
def test_what_is_hidden_holds_no_word_and_no_number_of_a_curve(name: str) -> None:
    on_axes, told = ON_AXES.get(name, {}), set()
    for whole, hidden in sent(name):
        texts = {
            text
            for table, of in hidden.items()
            for row in of
            for column, text in row.items()
            if isinstance(text, str) and column not in on_axes.get(table, ())
        }
        assert texts <= {""}
        told |= precise(whole)
        assert not precise(hidden)
        kept = {table for table, of in hidden.items() if any(value for row in of for value in row.values())}
        assert kept <= {"whole", "chosen", "scales", "region", *on_axes, "columns"}
    assert told


@every_picture
def test_axes_are_where_they_will_be(name: str) -> None:
    """What stays is what there is, rounded."""
    for whole, hidden in sent(name):
        for table, of in hidden.items():
            for row, shown in zip(whole[table], of, strict=bool(of)) if of else ():
                for column, value in shown.items():
                    assert value in (None, "") or value == row[column] or value == float(f"{row[column]:.2g}")
        ends = [hidden["whole"][0].get(end) for end in ("low", "high", "length", "columns", "longest", "first", "top")]
        assert name in {"by_hand", "latch"} or any(end is not None for end in ends)
