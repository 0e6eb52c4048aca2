"""The picture "By hand": the outputs of one sequence three times, by hand, by torch, and the difference of the two.

Three panels of printed numbers in one view, side by side, on a phone above each other; the colour says again what is
printed. Tables (see `table`): cells, framed, whole (one row).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import altair as alt

from rnn_dynamics.pictures.kit.panel import LINES
from rnn_dynamics.pictures.kit.panels import at, group, heading, picture
from rnn_dynamics.pictures.kit.theme import DIVERGING, THEMES, Background, Theme

#: Where things are, in pixels. `names`: width of the units' names. `across`, `down`: size of a number's cell. `block`:
#: height of a panel with its title and the steps below it, on a phone.
_PARAMETERS = {
    "narrow": "width < 560 * zoom",
    "whole": "data('whole')[0]",
    "chosen": "data('framed')[0].step",
    "names": "46 * zoom",
    "gap": "34",
    "across": "(narrow ? width - names : (width - names - 2 * gap) / 3) / whole.length",
    "block": "narrow ? height / 3 : height",
    "down": "(block - (narrow ? 48 * zoom : 0)) / whole.rows",
    "fontOfNumbers": "min(down * (narrow ? 0.72 : 0.6), across * 0.3, 22 * zoom) / zoom",
}
#: Where a panel begins.
_LEFT = "names + (narrow ? 0 : {0} * (whole.length * across + gap))"
_TOP = "(narrow ? {0} * block + 24 * zoom : 0)"
#: The titles of the panels, columns of the table "whole".
_TITLES = ("hand", "torch", "difference")
#: Darker than this the text on a cell is white.
_DARK = "abs(datum.value) > 0.55 && datum.panel < 2"


def chart(_: Mapping[str, str], __: Mapping[str, str], background: Background) -> alt.LayerChart:
    """The picture, the same at every step."""
    theme = THEMES[background]
    titles = (
        heading(theme, f"[whole.{name}]", _LEFT.format(panel), f"{_TOP.format(panel)} + 2")
        for panel, name in enumerate(_TITLES)
    )
    claim = heading(theme, LINES.format("claim"), "0", "zoom * (narrow ? 4 : -26)")
    return picture(
        theme, _PARAMETERS, _cells(theme), _frames(theme), _names(theme), *titles, claim, padding={"bottom": 24}
    )


def _cells(theme: Theme) -> alt.LayerChart:
    """The numbers on their colours, and below them the steps."""
    colour = alt.Color("value:Q", scale=alt.Scale(domain=[-1, 1], range=list(DIVERGING), clamp=True), legend=None)
    numbers, differences = (alt.Chart().transform_filter(f"datum.panel {which} 2") for which in ("<", "==="))
    text = alt.ExprRef(f"{_DARK} || datum.wrong ? '#ffffff' : datum.panel < 2 ? '#12161c' : '{theme.text}'")
    edge: dict[str, Any] = {"stroke": theme.panel, "strokeWidth": 2}
    difference = alt.ExprRef(f"datum.wrong ? '{DIVERGING[-2]}' : '{theme.line}'")
    ends = {"x2": alt.X2("right:Q"), "y2": alt.Y2("bottom:Q")}  # not the group's: a text has none
    below: dict[str, Any] = {
        "fontWeight": alt.ExprRef("datum.step === chosen ? 'bold' : 'normal'"),
        "fill": alt.ExprRef(f"datum.step === chosen ? '{theme.text}' : '{theme.quiet}'"),
    }
    return _placed(
        group(
            "cells",
            numbers.mark_rect(**edge).encode(color=colour, **ends),
            differences.mark_rect(**edge, fill=difference).encode(**ends),
            alt.Chart()
            .mark_text(fontSize=alt.ExprRef("fontOfNumbers"), fill=text)
            .encode(text="text:N", x=_across("middle"), y=_down("centre")),
            alt.Chart()
            .transform_filter("datum.row === whole.rows - 1")
            .mark_text(fontSize=14, dy=14, **below)
            .encode(text="number:N", x=_across("middle"), y=_down("bottom")),
            x=_across("left"),
            y=_down("top"),
        )
    )


def _frames(theme: Theme) -> alt.Chart:
    """Around the column of the chosen step."""
    column = alt.Chart(alt.NamedData("framed")).mark_rect(fill=None, stroke=theme.text, strokeWidth=3)
    return _placed(column.encode(x=_across("left"), x2="right:Q", y=_down("first"), y2="foot:Q"))


def _names(theme: Theme) -> alt.Chart:
    """The units, left of the first panel, on a phone of each."""
    first = alt.Chart(alt.NamedData("cells")).transform_filter("datum.step === 1 && (narrow || datum.panel === 0)")
    names = first.mark_text(align="left", fontSize=15, fill=theme.text)
    return _placed(names.encode(x=at("0"), y=_down("centre"), text="unit:N"))


def _placed(chart: Any) -> Any:
    """With the sides and the middle of each row's cell."""
    return chart.transform_calculate(
        left=f"{_LEFT.format('datum.panel')} + (datum.step - 1) * across",
        right="datum.left + across",
        middle="datum.left + across / 2",
        first=_TOP.format("datum.panel"),
        top="datum.first + datum.row * down",
        bottom="datum.top + down",
        centre="datum.top + down / 2",
        foot="datum.first + whole.rows * down",
        number="(datum.step === 1 ? 't = ' : '') + datum.step",
    )


def _across(name: str) -> alt.X:
    """A place that a row states in pixels."""
    return alt.X(f"{name}:Q", scale=None, axis=None)


def _down(name: str) -> alt.Y:
    return alt.Y(f"{name}:Q", scale=None, axis=None)
