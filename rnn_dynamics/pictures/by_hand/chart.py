"""The picture "By hand": the outputs of one sequence three times, by hand, by torch, and the difference of the two.

Three panels of printed numbers in one view, side by side, on a phone above each other; the colour says again what is
printed. Datasets (see `tables.by_hand`): cells, panels, whole (one row).
"""

from __future__ import annotations

from typing import Any

import altair as alt

from rnn_dynamics.pictures.kit.panels import at, group, picture
from rnn_dynamics.pictures.kit.theme import DIVERGING, THEMES, Background, Theme

#: Where things are, in pixels. `names`: width of the units' names. `across`, `down`: size of a number's cell. `block`:
#: height of a panel with its title and the steps below it, on a phone.
_PARAMETERS = {
    "narrow": "width < 560 * zoom",
    "whole": "data('whole')[0]",
    "names": "46 * zoom",
    "gap": "34",
    "across": "(narrow ? width - names : (width - names - 2 * gap) / 3) / whole.length",
    "block": "narrow ? height / 3 : height",
    "down": "(block - (narrow ? 48 * zoom : 0)) / whole.rows",
    "fontOfNumbers": "min(down * (narrow ? 0.72 : 0.6), across * 0.3, 22 * zoom) / zoom",
}
_LEFT = "names + (narrow ? 0 : datum.panel * (whole.length * across + gap))"
_TOP = "narrow ? datum.panel * block + 24 * zoom : 0"
#: Darker than this the text on a cell is white.
_DARK = "abs(datum.value) > 0.55 && datum.panel < 2"


def hand_chart(background: Background) -> alt.LayerChart:
    """The picture on a background, key of THEMES."""
    theme = THEMES[background]
    layers = (_cells(theme), _names(theme), _titles(theme), _claim(theme))
    return picture(theme, _PARAMETERS, *layers, padding={"bottom": 24})


def _cells(theme: Theme) -> alt.LayerChart:
    """The numbers on their colours; a frame around the column of the chosen step."""
    colour = alt.Color("value:Q", scale=alt.Scale(domain=[-1, 1], range=list(DIVERGING), clamp=True), legend=None)
    numbers, differences = (alt.Chart().transform_filter(f"datum.panel {which} 2") for which in ("<", "==="))
    column = alt.Chart().transform_filter("datum.row === 0 && datum.t === whole.step")
    text = alt.ExprRef(f"{_DARK} || datum.wrong ? '#ffffff' : datum.panel < 2 ? '#12161c' : '{theme.text}'")
    edge: dict[str, Any] = {"stroke": theme.panel, "strokeWidth": 2}
    difference = alt.ExprRef(f"datum.wrong ? '{DIVERGING[-2]}' : '{theme.line}'")
    ends = {"x2": alt.X2("right:Q"), "y2": alt.Y2("bottom:Q")}  # not the group's: a text has none
    return group(
        "cells",
        numbers.mark_rect(**edge).encode(color=colour, **ends),
        differences.mark_rect(**edge, fill=difference).encode(**ends),
        alt.Chart()
        .mark_text(fontSize=alt.ExprRef("fontOfNumbers"), fill=text)
        .encode(text="text:N", x=_across("middle"), y=_down("centre")),
        column.mark_rect(fill=None, stroke=theme.text, strokeWidth=3).encode(x2=ends["x2"], y2="foot:Q"),
        alt.Chart()
        .transform_filter("datum.row === whole.rows - 1")
        .mark_text(
            fontSize=14,
            dy=14,
            fontWeight=alt.ExprRef("datum.t === whole.step ? 'bold' : 'normal'"),
            fill=alt.ExprRef(f"datum.t === whole.step ? '{theme.text}' : '{theme.quiet}'"),
        )
        .encode(text="number:N", x=_across("middle"), y=_down("bottom")),
        x=_across("left"),
        y=_down("top"),
    ).transform_calculate(
        left=f"{_LEFT} + datum.t * across",
        right="datum.left + across",
        middle="datum.left + across / 2",
        top=f"({_TOP}) + datum.row * down",
        bottom="datum.top + down",
        centre="datum.top + down / 2",
        foot="datum.top + whole.rows * down",
        number="(datum.t === 0 ? 't = ' : '') + (datum.t + 1)",
    )


def _names(theme: Theme) -> alt.LayerChart:
    """The units, left of the first panel, on a phone of each."""
    first = alt.Chart().transform_filter("datum.t === 0 && (narrow || datum.panel === 0)")
    return group(
        "cells",
        first.mark_text(align="left", fontSize=15, fill=theme.text).encode(x=at("0"), y=_down("centre"), text="name:N"),
    ).transform_calculate(centre=f"({_TOP}) + (datum.row + 0.5) * down", name="split(whole.units, ',')[datum.row]")


def _titles(theme: Theme) -> alt.LayerChart:
    """Above each panel."""
    title = alt.Chart().mark_text(
        align="left",
        baseline="bottom",
        dy=-6,
        fontSize=alt.ExprRef("narrow ? 14 : 16"),
        fontWeight="bold",
        fill=theme.text,
    )
    return group("panels", title, x=_across("left"), y=_down("top"), text="title:N").transform_calculate(
        left=_LEFT, top=_TOP
    )


def _claim(theme: Theme) -> alt.Chart:
    """Above all of them; "|" begins a line on a phone."""
    return (
        alt.Chart(alt.NamedData("whole"))
        .transform_calculate(text="split(replace(whole.claim, /\\|/g, narrow ? '|' : ' '), '|')")
        .mark_text(
            align="left",
            baseline="bottom",
            fontSize=alt.ExprRef("narrow ? 14 : 17"),
            fontWeight="bold",
            fill=theme.text,
        )
        .encode(
            text="text:N",
            x=at("0"),
            y=at("zoom * ((narrow ? -4 : -34) - 18 * (narrow ? length(split(whole.claim, '|')) - 1 : 0))"),
        )
    )


def _across(name: str) -> alt.X:
    """A place that a row states in pixels."""
    return alt.X(f"{name}:Q", scale=None, axis=None)


def _down(name: str) -> alt.Y:
    return alt.Y(f"{name}:Q", scale=None, axis=None)
