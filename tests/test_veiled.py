"""What a lecture hides until it is revealed, in all pictures: no number of a curve and no title is sent."""

import json
import re
from collections.abc import Iterator
from dataclasses import replace
from itertools import islice
from math import isfinite
from typing import Any

import pyarrow as pa
import pytest

from rnn_dynamics import pictures
from rnn_dynamics.content import LANGUAGE
from rnn_dynamics.pictures.clipping import answer as clipping
from rnn_dynamics.pictures.kit.veiled import veiled
from tests.test_pictures import every_picture, settings_of

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
        _, hidden = veiled(one.specification(views, "light", LANGUAGE), datasets)
        assert set(hidden) == set(datasets)
        yield (
            {table: rows(data) for table, data in datasets.items()},
            {table: rows(data) for table, data in hidden.items()},
        )


def precise(tables: dict[str, Any]) -> set[float]:
    """Numbers of more than three digits, which no two tables have by chance; a region's ends are what a reader sets."""
    answered = (of for table, of in tables.items() if table != "region")
    values = [value for of in answered for row in of for value in row.values() if isinstance(value, float)]
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
    """What stays is what there is."""
    for whole, hidden in sent(name):
        for table, of in hidden.items():
            for row, shown in zip(whole[table], of, strict=bool(of)) if of else ():
                for column, value in shown.items():
                    assert value in (None, "", row[column])
        ends = [hidden["whole"][0].get(end) for end in ("length", "columns", "lines", "longest", "steps", "first")]
        assert name in {"by_hand", "clipping", "latch", "shapes"} or any(end is not None for end in ends)


#: Pictures whose answer neither the seed nor the input scale of an experiment changes.
_SAME = {"cost", "latch"}


@every_picture
def test_an_axis_that_ends_where_the_answer_does_tells_nothing_of_it(name: str) -> None:
    """Two answers of the same settings on the axes are the same while they are hidden, and are not afterwards."""
    one, told = pictures.picture(name), set()
    for experiment, views in islice(settings_of(name), 3):
        specification = one.specification(views, "light", LANGUAGE)
        # Of seeds that no other test asks: what is remembered of one may have had more updates.
        small = replace(experiment, hidden_size=8, batch_size=4)
        pair = replace(small, seed=91), replace(small, seed=92, input_scale=0.1)
        first, second = (one.drawn(asked, views, LANGUAGE)[0] for asked in pair)
        told |= {table for table in first if rows(first[table]) != rows(second[table])}
        (chart, hidden), (same, also) = (veiled(specification, datasets) for datasets in (first, second))
        assert chart == same
        assert {table: rows(data) for table, data in hidden.items()} == {t: rows(data) for t, data in also.items()}
    assert told or name in _SAME


@every_picture
def test_no_axis_of_what_is_hidden_reads_what_is_not_sent(name: str) -> None:
    """Every column that one still reads has its values; an axis without numbers has its title."""
    one = pictures.picture(name)
    for experiment, views in islice(settings_of(name), 3):
        whole = one.specification(views, "light", LANGUAGE)
        hidden, datasets = veiled(whole, one.drawn(experiment, views, LANGUAGE)[0])
        there = {table: rows(data) for table, data in datasets.items()}
        kept = re.findall(r"whole\.(\w+)", json.dumps(_domains(json.loads(hidden))))
        assert all(there["whole"][0][column] is not None for column in kept)
        assert titles(json.loads(hidden)) == titles(json.loads(whole))


def _domains(part: Any) -> list[Any]:
    return [scale["domain"] for scale in found(part, "scale") if isinstance(scale, dict) and "domain" in scale]


def titles(part: Any) -> list[Any]:
    return found(part, "title")


def found(part: Any, key: str) -> list[Any]:
    inside = part.values() if isinstance(part, dict) else part if isinstance(part, list) else ()
    here = [part[key]] if isinstance(part, dict) and key in part else []
    return here + [one for value in inside for one in found(value, key)]
