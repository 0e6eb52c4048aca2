"""The picture of one recurrent module of a probed model, by the chart of "Your network"."""

import json
from collections.abc import Mapping, Sequence
from typing import Any, Protocol, cast
from uuid import uuid4

import numpy as np
from numpy.typing import NDArray

from rnn_dynamics.content import Says, languages, sentences
from rnn_dynamics.engine.cells import Cell
from rnn_dynamics.limits import one_of
from rnn_dynamics.own.carried import carried, state_norms
from rnn_dynamics.pictures.kit import frames
from rnn_dynamics.pictures.kit.axes import axis_ends
from rnn_dynamics.pictures.kit.finding import first
from rnn_dynamics.pictures.kit.panel import Sheet
from rnn_dynamics.pictures.kit.picture import AXIS, GRADIENT
from rnn_dynamics.pictures.kit.theme import THEMES, Background
from rnn_dynamics.pictures.own_network.chart import PANELS, PARAMETERS, chart

Array = NDArray[np.float64]
#: In pixels.
_WIDTH = 900
#: Names of curves that fit above each other.
_LINES = 9


class Level(Protocol):
    """One layer in one direction: log10 norms, each (T,), and gates, each (T, N, H)."""

    @property
    def layer(self) -> int: ...  # noqa: D102

    @property
    def reverse(self) -> bool: ...  # noqa: D102

    @property
    def log10_norms(self) -> Mapping[str, Array]: ...  # noqa: D102

    @property
    def gates(self) -> Mapping[str, Array]: ...  # noqa: D102


def draw(
    name: str,
    cell: Cell,
    given: Sequence[Level],
    fresh: Sequence[Level],
    *,
    background: str,
    language: str,
    **views: str,
) -> Any:
    """An Altair chart, with its data inside, of a module's curves, and dashed those of fresh weights, if any.

    Raises:
        ValueError: a view, a background or a language is none of those that there are.
    """
    settings = {"gradient": (*GRADIENT.values, "state"), "axis": (*AXIS.values,)}
    asked = {"gradient": "state" if len(carried(cell)) > 1 else "hidden", "axis": "step"} | views
    for setting, value in asked.items():
        one_of(setting, value, settings[one_of("setting", setting, tuple(settings))])
    theme = cast(Background, one_of("background", background, tuple(THEMES)))
    words = sentences("own", one_of("language", language, languages()))
    axes = sentences("axes", words.language) | sentences("own_network", words.language)["axes"]
    drawn = chart(Sheet(axes, asked, theme, PANELS, PARAMETERS)).properties(width=_WIDTH)
    tables = _tables(words["probe"], name, cell, {"given": given, "fresh": fresh}, asked["gradient"])
    drawn.datasets = {table: rows.to_pylist() for table, rows in tables.items()}
    return drawn


def html(chart: Any) -> str:
    """A chart as a part of a page, which loads what draws it."""
    return str(chart.to_html(fullhtml=False, output_div=f"probe-{uuid4()}", json_kwds={"cls": _EndsNoScript}))


class _EndsNoScript(json.JSONEncoder):
    """JSON within a script: a name that has "<" in it stays a name."""

    def encode(self, o: Any) -> str:
        return super().encode(o).replace("<", "\\u003c")


def _tables(
    words: Mapping[str, Any], name: str, cell: Cell, curves: Mapping[str, Sequence[Level]], component: str
) -> frames.Tables:
    norms = {kind: np.stack([_norms(one, component) for one in of]) for kind, of in curves.items() if of}
    kept = {kind: np.stack([_kept(one, cell.keeps) for one in of]) for kind, of in curves.items() if of}
    ends, length = axis_ends(*np.concatenate([*norms.values()])), norms["given"].shape[-1]
    shown = np.unique([0, len(curves["given"]) - 1])
    labels = {str(place): _label(words, curves["given"][place], norms["given"][place]) for place in shown}
    named = {str(place): norms["given"][place] for place in shown}
    if "fresh" in norms:
        named["fresh"] = norms["fresh"][0]
        labels["fresh"] = words["fresh" if cell.module else "fresh_lacked"].format_map(
            Says(cell, first=float(named["fresh"][0]))
        )
    says = Says(cell, name=name, steps=length, mean=float(np.nanmean(kept["given"])) if cell.keeps else np.nan)
    why = first(no_gate_rotates=cell.rotates, no_gate_oscillates=cell.oscillates, no_gate=True)
    texts = {
        "gradient": words["gradient"].format_map(says),
        "gate": words["gate"].format_map(says) if cell.keeps else "",
        "no_gate": "" if cell.keeps else words[why],
    }
    return {
        "curves": _rows(log10_norm={kind: frames.within(of, ends) for kind, of in norms.items()}),
        "gates": _rows(kept=kept),
        "labels": frames.label_rows(named, labels, ends, _LINES),
        "whole": frames.one_row(
            texts,
            length=length,
            cell=cell.name,
            gated=int(bool(cell.keeps)),
            low=ends[0],
            high=ends[1],
            levels=len(curves["given"]),
        ),
    }


def _norms(one: Level, component: str) -> Array:
    """Of a component, or the state; of a cell without "cell" its state's."""
    if component == "state":
        return state_norms(one.log10_norms)
    return one.log10_norms.get(component, one.log10_norms["hidden"])


def _kept(one: Level, gate: str) -> Array:
    """(T,), the mean of a gate over the sequences that are there; nan where there is no such gate."""
    if gate not in one.gates:
        return np.full(len(one.log10_norms["hidden"]), np.nan)
    return np.asarray(np.nanmean(one.gates[gate], axis=(1, 2)))


def _label(words: Mapping[str, Any], one: Level, norms: Array) -> str:
    kind = "backwards" if one.reverse else "forwards"
    return str(words[kind].format_map(Says(one, number=one.layer + 1, first=float(norms[0]))))


def _rows(**values: Mapping[str, Array]) -> Any:
    """Rows of curves (K, T) of each kind."""
    ((name, of_kinds),) = values.items()
    steps = frames.point_steps(next(iter(of_kinds.values())).shape[-1])
    places = np.arange(len(next(iter(of_kinds.values()))))[:, None]
    return frames.points(
        kind=np.array([*of_kinds])[:, None, None],
        place=places,
        step=steps,
        **{name: np.stack([*of_kinds.values()])[..., steps - 1]},
    )
