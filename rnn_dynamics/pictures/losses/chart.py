"""The picture "Which loss, how far back": the map loss × time, its curves, what arrives at each step, truncation.

Pointing at a loss on the map draws its curve. Tables (see `table`): losses, pointed, sums, labels, bins, bars, cuts,
and of one row whole and cut.
"""

from collections.abc import Mapping
from typing import Any

import altair as alt

from rnn_dynamics.pictures.kit.layers import LOG10, OWN, TIGHT, WIDE_TITLE, at, dashed, each, group, of, ref, text
from rnn_dynamics.pictures.kit.map_rows import map_rows
from rnn_dynamics.pictures.kit.panel import LOG, Panel, Sheet
from rnn_dynamics.pictures.kit.theme import SEQUENTIAL

#: Where the panels are, in pixels: curves above the map on the left, bars above the truncation's error and angle on the
#: right; on a phone all below each other. `pointed`: the loss under the pointer, or the one that is marked.
_PANELS = {
    "curves": ("0", "narrow ? width : width * 0.55", "0", "height * (narrow ? 0.14 : 0.36)"),
    "map": ("0", "curvesRight", "height * (narrow ? 0.24 : 0.53)", "height * (narrow ? 0.42 : 1)"),
    "bars": ("narrow ? 0 : width * 0.64", "width", "narrow ? height * 0.64 : 0", "height * (narrow ? 0.73 : 0.25)"),
    "error": ("barsLeft", "width", "height * (narrow ? 0.83 : 0.58)", "height * (narrow ? 0.9 : 0.74)"),
    "angle": ("barsLeft", "width", "height * (narrow ? 0.93 : 0.81)", "height"),
}
_PARAMETERS = {
    "pointed": "hover.loss ? hover.loss[0] : whole.marked",
}
#: Of the loss at every step, and at the last step alone.
DASHES = {"every": [1, 0], "last": [7, 4]}
#: Colours of the bins, the nearest first, evenly along SEQUENTIAL. Its darkest would be lost on a dark page.
BINS = ["#fee838", "#d8c659", "#b2a66d", "#8e8976", "#6e6f71", "#4b556e", "#283c64"]
_OF_BIN = ref(f"{BINS}[datum.bin]")
_TAUS = [1, 2, 5, 10, 20, 50, 100, 200]
_LEGEND: dict[str, Any] = {
    "legendX": 0,
    "legendY": ref("mapBottom + (narrow ? 60 : 48)"),
    "labelExpr": LOG10["labelExpr"],
    "tickCount": 4,
    "gradientLength": 130,
}
_PERCENT: dict[str, Any] = {"values": [-100, -50, 0, 50, 100, 150, 200], "labelExpr": "datum.value + ' %'"}
_ERROR = {"values": [-4, -2, 0, 2, 4, 6], "labelExpr": "format(pow(10, datum.value + 2), '~') + ' %'"}
_ANGLE = {"values": [0, 45, 90, 135, 180], "labelExpr": "datum.value + '°'"}


def chart(sheet: Sheet) -> alt.LayerChart:
    """The picture; the reader's truncation is in its data."""
    curves, losses, bars, error, angle = sheet.panels(_PANELS, wide=("curves", "map", "bars"))
    return sheet.picture(
        _PANELS,
        _PARAMETERS | sheet.own,
        [  # a strip for each loss, from step 1 to its own
            map_rows(
                losses, "losses", "log10_norm", ["loss", "below", "above"], until="loss", y="below:Q", y2="above:Q"
            ),
            losses.lead(
                x=losses.time("length:Q"),
                y=losses.y("length:Q", ("whole.length + 0.5", 0.5), "loss", tickCount=5),  # downwards
            ),
            losses.title("map", TIGHT),
        ],
        [*_curves(curves), curves.title("curves", TIGHT)],
        [
            *_bars(bars),
            _bin_names(sheet),
            sheet.title("whole.bars", "barsLeft", "barsTop - (narrow ? 34 : 18)", TIGHT),
        ],
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
    x = panel.time(labels=False, titleOpacity=0)
    y = panel.log10("norm_sum", tickCount=5)
    shown = "datum.loss === pointed && inrange(datum.log10_norm, [whole.low, whole.high])"
    # In the corner that the curves leave free.
    said, corner = of("pointed", "datum.loss === pointed"), ("curvesRight - 6", "curvesBottom + (narrow ? 18 : -6)")
    return [
        panel.lines("sums", dashed(DASHES, OWN, 3, every={"strokeWidth": 4}), x=x, y=y),
        of("losses", shown).mark_line(color=panel.sheet.theme.text, strokeWidth=2).encode(x=x, y=y),
        panel.labels(OWN),
        text(said, "text", *corner, "bottom right", size="narrow ? 12 : 14", bold=True),
    ]


def _bars(panel: Panel) -> list[Any]:
    """Of what arrives at a step, how much comes from how far ahead; a line where all of it is."""
    x = panel.time("edge:Q", **WIDE_TITLE, titlePadding=2)
    y = panel.y("from:Q", ("whole.least", "whole.most"), "share", **_PERCENT)
    areas = of("bars").mark_area(interpolate="step-after", color=_OF_BIN)
    all_of_it = of("whole", all="100").mark_rule(color=panel.sheet.theme.quiet)
    return [areas.encode(x=x, y=y, y2="to:Q", detail="bin:N"), all_of_it.encode(**panel.across, y="all:Q")]


def _bin_names(sheet: Sheet) -> Any:
    """The legend of the bars, how many steps ahead a loss lies, in the order in which they are stacked."""
    second = "datum.place > 0.5"  # a phone has two rows
    share = f"(narrow ? 1.7 * (datum.place - ({second} ? 0.55 : 0)) : datum.place)"
    place = f"barsLeft + {share} * (width - barsLeft)"
    box = of().mark_point(shape="square", size=110, color=_OF_BIN)
    style = {"size": "narrow ? 11 : 12", "color": sheet.theme.quiet}
    name = text(of(), "label", f"{place} + 14", None, "left", **style)
    return group("bins", box.encode(x=at(f"{place} + 6")), name, y=at(f"barsTop - (narrow && !({second}) ? 28 : 12)"))


def _cuts(panel: Panel, name: str, ends: tuple[Any, Any], up: Mapping[str, Any], **across: Any) -> list[Any]:
    """Error or angle of the truncated gradient over τ, for both losses, and a line at the reader's τ."""
    x = panel.x("truncation:Q", (1, "whole.longest"), "truncation", scale=LOG, values=_TAUS, format="d", **across)
    y = panel.y(f"{name}:Q", ends, name.removeprefix("log10_"), **up)
    rule = of("cut").mark_rule(strokeWidth=1.5, strokeDash=[3, 2])
    lines = each("cuts", dashed(DASHES, OWN, every={"strokeWidth": 3}), x=x, y=y)
    return [lines, rule.encode(x="tau:Q", **panel.upright)]
