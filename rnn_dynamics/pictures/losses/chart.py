"""The picture "Which loss, how far back": the curves of both losses, and below them what they hide.

That is the map of single losses, of which pointing at one draws its curve; or what arrives at each step; or truncation.
Tables (see `table`): sums, labels and whole (one row); losses and pointed, or bars, or cuts; without the bars cut (one
row).
"""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import altair as alt

from rnn_dynamics.pictures.kit.axes import WIDE_REACH
from rnn_dynamics.pictures.kit.layers import LINES, LOG10, OWN, WIDE_TITLE, dashed, each, of, ref, text
from rnn_dynamics.pictures.kit.map_rows import map_rows
from rnn_dynamics.pictures.kit.panel import CLAMPED, LOG, Panel, Sheet
from rnn_dynamics.pictures.kit.theme import SEQUENTIAL, SOLID

#: Where the panels are, in pixels: the curves, and below them, on the same axis of time, what is asked for; error and
#: angle beside each other, on a phone below each other. `between`: room of an axis and a title.
PANELS = {
    "curves": ("0", "width", "0", "(height - between) * (narrow ? 0.45 : 0.56)"),
    "below": ("0", "width", "curvesBottom + between", "height"),
    "error": (
        "0",
        "narrow ? width : width * 0.46",
        "belowTop",
        "narrow ? belowTop + (height - belowTop) * 0.4 : height",
    ),
    "angle": (
        "narrow ? 0 : width * 0.56",
        "width",
        "narrow ? belowTop + (height - belowTop) * 0.62 : belowTop",
        "height",
    ),
}
PARAMETERS = {"between": "zoom * (narrow ? 96 : 84)"}
#: Where the panel below has the same axis, whose numbers stand there alone.
_SAME_AXIS = {"between": "zoom * (narrow ? 76 : 62)"}
#: With the map: the loss under the pointer, or the one that is marked.
_POINTED = {"pointed": "hover.loss ? hover.loss[0] : whole.marked"}
#: Of the loss at every step, and at the last step alone.
DASHES = {"every": SOLID, "last": [7, 4]}
#: Likewise, and of the loss at every step in chunks.
CUTS = {**DASHES, "chunks": [2, 3]}
#: Colours of the bins, the nearest first, evenly along SEQUENTIAL. Its darkest would be lost on a dark page.
BINS = ["#fee838", "#d8c659", "#b2a66d", "#8e8976", "#6e6f71", "#4b556e", "#283c64"]
_TAUS = [1, 2, 5, 10, 20, 50, 100, 200]
_LEGEND: dict[str, Any] = {"legendX": 0, "labelExpr": LOG10["labelExpr"], "tickCount": 4, "gradientLength": 130}
_BIN_NAMES: dict[str, Any] = {
    "orient": "none",
    "legendX": -8,
    "legendY": ref("height + (narrow ? 62 : 44) * zoom"),
    "direction": "horizontal",
    "columns": ref("narrow ? 4 : 7"),
    "columnPadding": 10,
    "rowPadding": 1,
    "labelExpr": "split(whole.bins, '|')[datum.value]",
    "labelOffset": 2,
    "symbolType": "square",
}
_PERCENT: dict[str, Any] = {"tickCount": 3, "labelExpr": "datum.value + ' %'"}
_ERROR = {"values": [-4, -2, 0, 2, 4, 6], "labelExpr": "format(pow(10, datum.value + 2), '~') + ' %'"}
_ANGLE = {"values": [0, 45, 90, 135, 180], "labelExpr": "datum.value + '°'"}


def chart(sheet: Sheet) -> alt.LayerChart:
    """The picture; the view `below` says what stands below the curves, the reader's truncation is in its data."""
    what = sheet.views["below"]
    if what != "truncation":
        sheet = replace(sheet, parameters={**sheet.parameters, **_SAME_AXIS})
    if what == "losses":
        sheet = replace(sheet, parameters={**sheet.parameters, **_POINTED})
    curves, below, error, angle = sheet.panels(wide=("curves", "below"))
    hidden = {"losses": [_map(below), _colours(sheet)], "shares": [_bars(below)], "truncation": _cuts(error, angle)}
    return sheet.picture(_curves(curves, what), *hidden[what], height=500, padding={"bottom": 44})


def _curves(panel: Panel, below: str) -> list[Any]:
    """What arrives from both losses; and the loss under the pointer, up to its own step, and how far it is felt."""
    numbers = {} if below == "truncation" else {"labelExpr": "''"}
    on: dict[str, Any] = {"x": panel.time(titleOpacity=0, **numbers), "y": panel.log10("norm_sum", tickCount=5)}
    sums = panel.lines("sums", dashed(DASHES, OWN, 4, every={"strokeWidth": 5}), **on)
    one = [panel.pointed("losses", "pointed", "loss", "(narrow ? 2 : 8)", **on)] if below == "losses" else []
    return [sums, *one, panel.labels(OWN, reach=WIDE_REACH), panel.title("curves")]


def _map(panel: Panel) -> list[Any]:
    """A strip for each loss, from step 1 to its own; what lies left of a dashed line is further than the reader's τ."""
    theme = panel.sheet.theme
    y = panel.y("length:Q", ("whole.length + 0.5", 0.5), "loss", tickCount=5)
    ends = {"start": "0.5", "end": "whole.length - datum.tau + 1", "last": "whole.length + 0.5"}
    rule = of("cut", "datum.tau < whole.length", **ends).mark_rule
    place = {"x": "start:Q", "x2": "end:Q", "y": "tau:Q", "y2": "last:Q"}
    said = of("cut", lines=LINES.format("datum.cut"))
    return [
        map_rows(panel, "losses", "log10_norm", ["loss", "below", "above"], until="loss"),
        panel.lead(x=panel.time("length:Q"), y=y),
        rule(color=theme.panel, strokeWidth=5, opacity=0.8).encode(**place),
        rule(color=theme.text, strokeWidth=2, strokeDash=[6, 4]).encode(**place),
        text(said, "lines", f"{panel.right} - 8", f"{panel.top} + 8", "top right", halo=theme.panel),
        panel.title("map"),
    ]


def _colours(sheet: Sheet) -> Any:
    """The legend of the map."""
    return sheet.colour_bar("norm", ("whole.dark", "whole.bright"), SEQUENTIAL, **_LEGEND)


def _bars(panel: Panel) -> list[Any]:
    """Of what arrives at a step, how much comes from how far ahead; a line where all of it is.

    Positive shares are stacked upwards from 0, negative ones downwards.
    """
    x = panel.time("edge:Q")
    y = panel.y("share:Q", ("whole.least", "whole.most"), "share", CLAMPED, **_PERCENT).stack("zero")
    colours = alt.Fill("bin:O", title=None, scale=alt.Scale(range=BINS), legend=alt.Legend(**_BIN_NAMES))
    areas = of("bars").mark_area(interpolate="step-after").encode(x=x, y=y, fill=colours, order="bin:O")
    all_of_it = of("whole", all="100").mark_rule(color=panel.sheet.theme.quiet)
    return [areas, all_of_it.encode(**panel.across, y="all:Q"), panel.title("bars")]


def _cuts(error: Panel, angle: Panel) -> list[Any]:
    """What is left of the truncated gradient over τ."""
    title = error.sheet.title("data('cut')[0].cut", error.left, error.top)
    return [
        [*_over_tau(error, "log10_error", ("whole.least_error", "whole.error"), _ERROR, **WIDE_TITLE), title],
        _over_tau(angle, "angle", (0, "whole.angle"), _ANGLE),
    ]


def _over_tau(panel: Panel, name: str, ends: tuple[Any, Any], up: Mapping[str, Any], **across: Any) -> list[Any]:
    """Error or angle of the truncated gradient, for both losses and in chunks, and a line at the reader's τ."""
    x = panel.x("truncation:Q", (1, "whole.longest"), "truncation", scale=LOG, values=_TAUS, format="d", **across)
    y = panel.y(f"{name}:Q", ends, name.removeprefix("log10_"), **up)
    rule = of("cut").mark_rule(strokeWidth=1.5, strokeDash=[3, 2])
    lines = each("cuts", dashed(CUTS, OWN, every={"strokeWidth": 3}), x=x, y=y)
    return [lines, rule.encode(x="tau:Q", **panel.upright)]
