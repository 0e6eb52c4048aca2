"""The picture "Which loss, how far back": the map loss × time, its curves, what arrives at each step, truncation.

Pointing at a loss on the map draws its curve. Tables (see `table`): losses, pointed, sums, labels, bars, cuts, and of
one row whole and cut.
"""

from collections.abc import Mapping
from typing import Any

import altair as alt

from rnn_dynamics.pictures.kit.layers import LOG10, OWN, TIGHT, WIDE_TITLE, dashed, each, of, ref
from rnn_dynamics.pictures.kit.map_rows import map_rows
from rnn_dynamics.pictures.kit.panel import CLAMPED, LOG, Panel, Sheet
from rnn_dynamics.pictures.kit.theme import SEQUENTIAL

#: Where the panels are, in pixels: curves above the map on the left, bars above the truncation's error and angle on the
#: right; on a phone all below each other. `pointed`: the loss under the pointer, or the one that is marked.
PANELS = {
    "curves": ("0", "narrow ? width : width * 0.55", "0", "height * (narrow ? 0.14 : 0.36)"),
    "map": ("0", "curvesRight", "height * (narrow ? 0.24 : 0.53)", "height * (narrow ? 0.42 : 1)"),
    "bars": ("narrow ? 0 : width * 0.64", "width", "narrow ? height * 0.64 : 0", "height * (narrow ? 0.73 : 0.25)"),
    "error": ("barsLeft", "width", "height * (narrow ? 0.83 : 0.58)", "height * (narrow ? 0.9 : 0.74)"),
    "angle": ("barsLeft", "width", "height * (narrow ? 0.93 : 0.81)", "height"),
}
PARAMETERS = {"pointed": "hover.loss ? hover.loss[0] : whole.marked", "tight": "width < 1000 * zoom"}
#: Of the loss at every step, and at the last step alone.
DASHES = {"every": [1, 0], "last": [7, 4]}
#: Likewise, and of the loss at every step in chunks.
CUTS = {**DASHES, "chunks": [2, 3]}
#: Colours of the bins, the nearest first, evenly along SEQUENTIAL. Its darkest would be lost on a dark page.
BINS = ["#fee838", "#d8c659", "#b2a66d", "#8e8976", "#6e6f71", "#4b556e", "#283c64"]
_TAUS = [1, 2, 5, 10, 20, 50, 100, 200]
#: Of the map, and of the bars, in two rows where there is little room.
_LEGEND: dict[str, Any] = {
    "legendX": 0,
    "legendY": ref("mapBottom + (narrow ? 60 : 48)"),
    "labelExpr": LOG10["labelExpr"],
    "tickCount": 4,
    "gradientLength": 130,
}
_BIN_NAMES: dict[str, Any] = {
    "orient": "none",
    "legendX": ref("barsLeft - 8"),
    "legendY": ref("barsTop - (tight ? 36 : 20) * zoom"),
    "direction": "horizontal",
    "columns": ref("tight ? 4 : 7"),
    "columnPadding": 10,
    "rowPadding": 1,
    "labelExpr": "split(whole.bins, '|')[datum.value]",
    "labelFontSize": ref("narrow ? 11 : 12"),
    "labelOffset": 2,
    "symbolType": "square",
}
_PERCENT: dict[str, Any] = {"tickCount": 3, "labelExpr": "datum.value + ' %'"}
_ERROR = {"values": [-4, -2, 0, 2, 4, 6], "labelExpr": "format(pow(10, datum.value + 2), '~') + ' %'"}
_ANGLE = {"values": [0, 45, 90, 135, 180], "labelExpr": "datum.value + '°'"}


def chart(sheet: Sheet) -> alt.LayerChart:
    """The picture; the reader's truncation is in its data."""
    curves, losses, bars, error, angle = sheet.panels(wide=("curves", "map", "bars"))
    down = losses.y("length:Q", ("whole.length + 0.5", 0.5), "loss", tickCount=5)
    return sheet.picture(
        [  # a strip for each loss, from step 1 to its own
            map_rows(losses, "losses", "log10_norm", ["loss", "below", "above"], until="loss"),
            losses.lead(x=losses.time("length:Q"), y=down),
            losses.title("map", TIGHT),
        ],
        [*_curves(curves), curves.title("curves", TIGHT)],
        [*_bars(bars), sheet.title("whole.bars", "barsLeft", "barsTop - (tight ? 34 : 18) * zoom", TIGHT)],
        [
            *_cuts(error, "log10_error", ("whole.least_error", "whole.error"), _ERROR, labels=False, titleOpacity=0),
            sheet.title("data('cut')[0].cut", "barsLeft", "errorTop", TIGHT),
        ],
        [*_cuts(angle, "angle", (0, "whole.angle"), _ANGLE)],
        sheet.colour_bar("norm", ("whole.dark", "whole.bright"), SEQUENTIAL, **_LEGEND),
        height=500,
        padding={"bottom": 44},
    )


def _curves(panel: Panel) -> list[Any]:
    """What arrives from both losses, and the loss under the pointer, up to its own step, and how far it is felt."""
    on: dict[str, Any] = {"x": panel.time(labels=False, titleOpacity=0), "y": panel.log10("norm_sum", tickCount=5)}
    return [
        panel.lines("sums", dashed(DASHES, OWN, 3, every={"strokeWidth": 4}), **on),
        panel.pointed("losses", "pointed", "loss", "(narrow ? -18 : 6)", **on),
        panel.labels(OWN),
    ]


def _bars(panel: Panel) -> list[Any]:
    """Of what arrives at a step, how much comes from how far ahead; a line where all of it is.

    Positive shares are stacked upwards from 0, negative ones downwards.
    """
    x = panel.time("edge:Q", **WIDE_TITLE, titlePadding=2)
    y = panel.y("share:Q", ("whole.least", "whole.most"), "share", CLAMPED, **_PERCENT).stack("zero")
    colours = alt.Fill("bin:O", title=None, scale=alt.Scale(range=BINS), legend=alt.Legend(**_BIN_NAMES))
    areas = of("bars").mark_area(interpolate="step-after").encode(x=x, y=y, fill=colours, order="bin:O")
    all_of_it = of("whole", all="100").mark_rule(color=panel.sheet.theme.quiet)
    return [areas, all_of_it.encode(**panel.across, y="all:Q")]


def _cuts(panel: Panel, name: str, ends: tuple[Any, Any], up: Mapping[str, Any], **across: Any) -> list[Any]:
    """Error or angle of the truncated gradient over τ, for both losses and in chunks, and a line at the reader's τ."""
    x = panel.x("truncation:Q", (1, "whole.longest"), "truncation", scale=LOG, values=_TAUS, format="d", **across)
    y = panel.y(f"{name}:Q", ends, name.removeprefix("log10_"), **up)
    rule = of("cut").mark_rule(strokeWidth=1.5, strokeDash=[3, 2])
    lines = each("cuts", dashed(CUTS, OWN, every={"strokeWidth": 3}), x=x, y=y)
    return [lines, rule.encode(x="tau:Q", **panel.upright)]
