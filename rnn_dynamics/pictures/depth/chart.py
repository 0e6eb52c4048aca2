"""The picture "Depth and direction": the gradient of the inputs, beside that of one layer; on request also of layers.

That is a map layer × time above the curves, on the same axis, and beside these the part through each direction.
Tables (see `table`): curves, labels, whole (one row), and on request levels, names.
"""

from collections.abc import Mapping
from typing import Any

import altair as alt

from rnn_dynamics.pictures.kit.axes import WIDE_REACH
from rnn_dynamics.pictures.kit.layers import LINES, POINTED, of, ref, text
from rnn_dynamics.pictures.kit.map_rows import map_rows
from rnn_dynamics.pictures.kit.panel import Panel, Sheet
from rnn_dynamics.pictures.kit.theme import DIVERGING, SOLID

#: Where the panels are, in pixels; the names of the levels and the labels of the vertical axis stand left of mapLeft.
#: `between`: room of a title.
PANELS = {
    "map": ("zoom * (narrow ? 66 : 116)", "width", "0", "(height - between) * 0.4"),
    "curves": ("mapLeft", "width", "mapBottom + between", "height"),
}
PARAMETERS = POINTED | {"between": "zoom * (narrow ? 60 : 38)"}
_SIZE = "narrow ? 12 : 15"
#: The size of letters for which a row of the map is high enough.
_ROW = "0.95 * mapBottom / whole.levels / zoom"
_LEGEND: dict[str, Any] = {"legendX": ref("narrow ? 0 : mapLeft"), "gradientLength": ref("narrow ? 100 : 140")}
#: Of a title along the axis of the curves, which is longer than a low one.
_HIGH = ref("narrow || height - curvesTop < 130 * zoom ? 0 : 1")
#: Lines of a title: "|" begins one only where there is no room for a long one, and on a phone "¦" does too.
_LINES = LINES.format("replace({}, width < 950 * zoom ? /¦/g : /[|]/g, '¦')")
#: Dash of each curve, in the order in which they are drawn: the parts lie on the whole gradient, which alone is solid;
#: one layer is what a reader compares it with.
DASHES = {"single": [2, 3], "whole": SOLID, "forwards": [9, 3], "backwards": [12, 3, 2, 3]}


def chart(sheet: Sheet) -> alt.LayerChart:
    """The picture against "step" or "lag", as the view `axis` says; the view `panels`: two curves, or all panels."""
    if not sheet.shows_all:
        alone = sheet.alone("curves")
        [curves] = alone.panels()
        return alone.picture(*_curves(curves, {"x": curves.time(), "y": curves.log10("relative", tickCount=7)}))
    levels, curves = sheet.panels()
    rows = levels.y("levels:Q", (0, "whole.levels"), labels=False, ticks=False, domain=False)
    names = of("names", middle="datum.place + 0.5")
    on: dict[str, Any] = {"x": curves.time(), "y": curves.log10("relative", tickCount=4, titleOpacity=_HIGH)}
    return sheet.picture(
        [
            map_rows(levels, "levels", "log10_norm", ["place"]),
            # The curves below have the same axis.
            levels.lead(x=levels.time("length:Q", labelExpr="''", titleOpacity=0), y=rows),
            text(names, "name", "mapLeft", "middle:Q", "middle right", dx=-6, size=f"min({_SIZE}, {_ROW})"),
            levels.title("map", _LINES, "0"),
        ],
        [
            *_curves(curves, on),
            curves.pointed("levels", "names", "place", **on),
        ],
        sheet.colour_bar("colour", ("-whole.limit", "whole.limit"), DIVERGING, **_LEGEND),
        padding={"bottom": 44},
    )


def _curves(panel: Panel, on: Mapping[str, Any]) -> list[Any]:
    compared = {"single": panel.sheet.theme.quiet}
    curves = panel.whole_and_parts("whole", DASHES, compared, on, size=_SIZE, reach=WIDE_REACH)
    return [*curves, panel.title("curves", _LINES, "0")]
