"""The picture "By hand": the outputs of one sequence three times, by hand, by torch, and the difference of the two.

Three panels of printed numbers in one view, side by side, on a phone above each other; the colour says again what is
printed, and a click on a number goes to its step. Tables (see `table`): cells, framed, whole (one row).
"""

from typing import Any

import altair as alt

from rnn_dynamics.pictures.kit.layers import go_there, group, of, pixels, ref, text
from rnn_dynamics.pictures.kit.panel import Sheet
from rnn_dynamics.pictures.kit.theme import DIVERGING, Theme

#: Where things are, in pixels. `names`: width of the units' names. `across`, `down`: size of a number's cell. `block`:
#: height of a panel with its title and the steps below it, on a phone.
PARAMETERS = {
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
#: The sides and the middle of each row's cell, and what is written below the last row.
_CELL = {
    "left": f"{_LEFT.format('datum.panel')} + (datum.step - 1) * across",
    "right": "datum.left + across",
    "middle": "datum.left + across / 2",
    "first": _TOP.format("datum.panel"),
    "top": "datum.first + datum.row * down",
    "bottom": "datum.top + down",
    "centre": "datum.top + down / 2",
    "foot": "datum.first + whole.rows * down",
    "number": "(datum.step === 1 ? 't = ' : '') + datum.step",
}
#: The titles of the panels, columns of the table "whole".
_TITLES = ("hand", "torch", "difference")
#: Darker than this the text on a cell is white.
_DARK = "abs(datum.value) > 0.55 && datum.panel < 2"


def chart(sheet: Sheet) -> alt.LayerChart:
    """The picture, the same at every step."""
    frame = of("framed", **_CELL).mark_rect(fill=None, stroke=sheet.theme.text, strokeWidth=3)
    # Left of the first panel, on a phone of each.
    names = of("cells", "datum.step === 1 && (narrow || datum.panel === 0)", **_CELL)
    return sheet.picture(
        _cells(sheet.theme),
        frame.encode(**pixels(x="left", y="first"), x2="right:Q", y2="foot:Q"),
        text(names, "unit", "0", **pixels(y="centre"), corner="left", size=15),
        *(
            sheet.title(f"whole.{name}", _LEFT.format(k), f"{_TOP.format(k)} + 2", "[{}]")
            for k, name in enumerate(_TITLES)
        ),
        sheet.title("whole.claim", "0", "zoom * (narrow ? 4 : -26)"),
        padding={"bottom": 24},
    )


def _cells(theme: Theme) -> Any:
    """The numbers on their colours, and below them the steps."""
    colour = alt.Color("value:Q", scale=alt.Scale(domain=[-1, 1], range=[*DIVERGING], clamp=True), legend=None)
    ink = ref(f"{_DARK} || datum.wrong ? '#ffffff' : datum.panel < 2 ? '#12161c' : '{theme.text}'")
    edge: dict[str, Any] = {"stroke": theme.panel, "strokeWidth": 2}
    difference = ref(f"datum.wrong ? '{DIVERGING[-2]}' : '{theme.line}'")
    ends = {"x2": alt.X2("right:Q"), "y2": alt.Y2("bottom:Q")}  # not the group's: a text has none
    below: dict[str, Any] = {
        "dy": 14,
        "fontWeight": ref("datum.step === chosen ? 'bold' : 'normal'"),
        "color": ref(f"datum.step === chosen ? '{theme.text}' : '{theme.quiet}'"),
    }
    fallen_on = of().mark_rect(fill=theme.panel, fillOpacity=0, cursor="pointer")  # above the numbers
    whole = group(
        "cells",
        of(where="datum.panel < 2").mark_rect(**edge).encode(color=colour, **ends),
        of(where="datum.panel === 2").mark_rect(**edge, fill=difference).encode(**ends),
        text(of(), "text", **pixels(x="middle", y="centre"), size="fontOfNumbers", color=ink),
        text(of(where="datum.row === whole.rows - 1"), "number", **pixels(x="middle", y="bottom"), **below),
        fallen_on.encode(**ends).add_params(go_there("step", "chosen")),
        **pixels(x="left", y="top"),
    )
    return whole.transform_calculate(**_CELL, chosen="chosen")
