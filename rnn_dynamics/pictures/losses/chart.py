"""The picture "Which loss, how far back": the map loss × time, its curves, what arrives at each step, truncation.

Pointing at a loss on the map draws its curve. Tables (see `table`): losses, pointed, sums, labels, bins, bars, cuts,
and of one row whole and cut.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import altair as alt

from rnn_dynamics.pictures.kit.frames import shades
from rnn_dynamics.pictures.kit.panel import LOG10, Panel
from rnn_dynamics.pictures.kit.panels import at, colour_bar, group, heading, picture
from rnn_dynamics.pictures.kit.theme import SEQUENTIAL, THEMES, Background, Theme

#: Where the panels are, in pixels: curves above the map on the left, bars above the truncation's error and angle on the
#: right; on a phone all below each other. `pointed`: the loss under the pointer, or the one that is marked.
_PARAMETERS = {
    "narrow": "width < 560 * zoom",
    "leftEnd": "narrow ? width : width * 0.55",
    "rightStart": "narrow ? 0 : width * 0.64",
    "curvesBottom": "height * (narrow ? 0.14 : 0.36)",
    "mapTop": "height * (narrow ? 0.24 : 0.53)",
    "mapBottom": "height * (narrow ? 0.42 : 1)",
    "barsTop": "narrow ? height * 0.64 : 0",
    "barsBottom": "height * (narrow ? 0.73 : 0.28)",
    "errorTop": "height * (narrow ? 0.83 : 0.57)",
    "errorBottom": "height * (narrow ? 0.9 : 0.74)",
    "angleTop": "height * (narrow ? 0.93 : 0.81)",
    "whole": "data('whole')[0]",
    "pointed": "hover.loss ? hover.loss[0] : whole.marked",
}
#: Lines of a title: "|" begins one, and on a phone "¦" does too.
_LINES = "split(replace(whole.{}, /¦/g, width < 1000 * zoom ? '|' : ' '), '|')"
#: Of the loss at every step, and at the last step alone.
DASHES = {"every": [1, 0], "last": [7, 4]}
#: Colours of the bins, the nearest first. The darkest of the palette would be lost on a dark page.
_BIN_COLOURS = shades(SEQUENTIAL)[254:37:-36]
_TAUS = [1, 2, 5, 10, 20, 50, 100, 200]
_COLOUR = alt.ExprRef("cellColour")
_UNLESS_NARROW = alt.ExprRef("narrow ? 0 : 1")
_LEGEND: dict[str, Any] = {
    "legendX": 0,
    "legendY": alt.ExprRef("mapBottom + (narrow ? 60 : 48)"),
    "labelExpr": LOG10["labelExpr"],
    "tickCount": 4,
    "gradientLength": 130,
}


def chart(axes: Mapping[str, str], _: Mapping[str, str], background: Background) -> alt.LayerChart:
    """The picture; the reader's truncation is in its data."""
    theme = THEMES[background]
    curves = Panel(theme, axes, "0", "leftEnd", "0", "curvesBottom", wide=True)
    losses = Panel(theme, axes, "0", "leftEnd", "mapTop", "mapBottom", wide=True)
    bars = Panel(theme, axes, "rightStart", "width", "barsTop", "barsBottom", wide=True)
    error = Panel(theme, axes, "rightStart", "width", "errorTop", "errorBottom")
    angle = Panel(theme, axes, "rightStart", "width", "angleTop", "height")
    return picture(
        theme,
        _PARAMETERS | {"cellColour": f"{theme.cells}[whole.cell]"},
        alt.layer(*_map(losses)),
        alt.layer(*_curves(curves)),
        alt.layer(*_bars(bars)),
        _cuts(error, "log10_error", ("whole.least_error", "whole.error"), _ERROR, labels=False, titleOpacity=0),
        _cuts(angle, "angle", (0, "whole.angle"), {"values": [0, 45, 90, 135, 180], "labelExpr": "datum.value + '°'"}),
        _bin_names(theme),
        *_titles(curves, losses, error),
        colour_bar(axes["norm"], "length:Q", ("whole.dark", "whole.bright"), SEQUENTIAL, **_LEGEND),
        apart=("x", "y"),
        height=500,
        padding={"bottom": 44},
    )


def _map(panel: Panel) -> tuple[Any, ...]:
    """A strip for each loss, from step 1 to its own."""
    ends = ("whole.length + 0.5", 0.5)  # downwards
    lead = panel.y("length:Q", ends, panel.axes["loss"], tickCount=5)
    strips = panel.rows("losses", "loss", "log10_norm", "below:Q", sides=("below", "above"), until="loss")
    return strips, panel.lead(x=panel.time("length:Q"), y=lead)


def _curves(panel: Panel) -> tuple[Any, ...]:
    """What arrives from both losses, and the loss under the pointer, up to its own step."""
    x = panel.time(labels=False, titleOpacity=0)
    y = panel.y("log10_norm:Q", ("whole.low", "whole.high"), panel.axes["norm_sum"], tickCount=5, **LOG10)
    pointed = (
        alt.Chart(alt.NamedData("losses"))
        .transform_filter("datum.loss === pointed && inrange(datum.log10_norm, [whole.low, whole.high])")
        .mark_line(color=panel.theme.text, strokeWidth=2, order=None)
        .encode(x=x, y=y)
    )
    labels = panel.labels("labels", "narrow ? 12 : 16", _COLOUR)
    return panel.lines("sums", _styles(4, 3), x=x, y=y), pointed, labels, _pointed_text(panel.theme)


def _styles(every: float, last: float) -> dict[str, dict[str, Any]]:
    """Of the lines of both losses, so wide."""
    widths = {"every": every, "last": last}
    return {name: {"strokeDash": dash, "strokeWidth": widths[name], "color": _COLOUR} for name, dash in DASHES.items()}


def _pointed_text(theme: Theme) -> alt.Chart:
    """How far back the loss under the pointer is felt, in the corner that the curves leave free."""
    size = alt.ExprRef("narrow ? 12 : 14")
    return (
        alt.Chart(alt.NamedData("pointed"))
        .transform_filter("datum.loss === pointed")
        .mark_text(align="right", baseline="bottom", fontSize=size, fontWeight="bold", color=theme.text)
        .encode(x=at("leftEnd - 6"), y=at("curvesBottom + (narrow ? 18 : -6)"), text="text:N")
    )


def _bars(panel: Panel) -> tuple[Any, ...]:
    """Of what arrives at a step, how much comes from how far ahead; a line where all of it is."""
    percent: dict[str, Any] = {"labelExpr": "datum.value + ' %'", "values": [-100, -50, 0, 50, 100, 150, 200]}
    y = panel.y("from:Q", ("whole.least", "whole.most"), panel.axes["share"], **percent)
    areas = (
        alt.Chart(alt.NamedData("bars"))
        .mark_area(interpolate="step-after", color=alt.ExprRef(f"{_BIN_COLOURS}[datum.bin]"), order=None)
        .encode(x=panel.time("edge:Q", titleOpacity=_UNLESS_NARROW, titlePadding=2), y=y, y2="to:Q", detail="bin:N")
    )
    all_of_it = alt.Chart(alt.NamedData("whole")).transform_calculate(all="100").mark_rule(color=panel.theme.quiet)
    return areas, all_of_it.encode(x=at("rightStart"), x2=at("width"), y="all:Q")


def _bin_names(theme: Theme) -> alt.LayerChart:
    """The legend of the bars, how many steps ahead a loss lies, in the order in which they are stacked."""
    second = "datum.place > 0.5"  # a phone has two rows
    share = f"(narrow ? 1.7 * (datum.place - ({second} ? 0.55 : 0)) : datum.place)"
    place = f"rightStart + {share} * (width - rightStart)"
    colour = alt.ExprRef(f"{_BIN_COLOURS}[datum.bin]")
    size = alt.ExprRef("narrow ? 11 : 12")
    box = alt.Chart().mark_point(shape="square", filled=True, size=110, opacity=1, color=colour)
    text = alt.Chart().mark_text(align="left", fontSize=size, color=theme.quiet)
    places = {"y": at(f"barsTop - (narrow && !({second}) ? 28 : 12)")}
    return group("bins", box.encode(x=at(f"{place} + 6")), text.encode(x=at(f"{place} + 14"), text="label:N"), **places)


_ERROR = {"values": [-4, -2, 0, 2, 4, 6], "labelExpr": "format(pow(10, datum.value + 2), '~') + ' %'"}


def _cuts(panel: Panel, of: str, ends: tuple[Any, Any], up: Mapping[str, Any], **across: Any) -> alt.LayerChart:
    """Error or angle of the truncated gradient over τ, for both losses, and a line at the reader's τ."""
    axes, theme = panel.axes, panel.theme
    x = panel.x("truncation:Q", (1, "whole.longest"), axes["truncation"], log=True, values=_TAUS, format="d", **across)
    rule = alt.Chart(alt.NamedData("cut")).mark_rule(color=theme.text, strokeWidth=1.5, strokeDash=[3, 2])
    title = axes["angle" if of == "angle" else "error"]
    lines = panel.lines("cuts", _styles(3, 2.5), x=x, y=panel.y(f"{of}:Q", ends, title, **up))
    both: Any = alt.layer(lines, rule.encode(x="tau:Q", y=at(panel.top), y2=at(panel.bottom)))
    return both


def _titles(curves: Panel, losses: Panel, error: Panel) -> tuple[alt.Chart, ...]:
    return (
        curves.title("curves", _LINES),
        losses.title("map", _LINES),
        heading(curves.theme, _LINES.format("bars"), "rightStart", "barsTop - (narrow ? 34 : 18)"),
        error.title("cut", _LINES.replace("whole", "data('cut')[0]"), "rightStart"),
    )
