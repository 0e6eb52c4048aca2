"""The picture "The additive cell path": one gradient and, on it, its part along the path; on request all else.

That is the rest, a vanilla network, how both networks vary with the seed, the angle of the two parts, and the gates of
every unit.
Tables (see `table`): curves, labels, whole (one row), and on request bands, cosine, units, names.
"""

from collections.abc import Mapping
from typing import Any

import altair as alt

from rnn_dynamics.pictures.kit.layers import LINES, OWN, POINTED, WIDE_TITLE, at, layered, of, with_lag
from rnn_dynamics.pictures.kit.map_rows import map_rows
from rnn_dynamics.pictures.kit.panel import Panel, Sheet
from rnn_dynamics.pictures.kit.theme import CELL_DASHES, SEQUENTIAL, SOLID

#: Where the panels are, in pixels: curves and below them the cosine on the left, the map on the right; on a phone
#: curves, cosine, map from top to bottom.
PANELS = {
    "curves": ("0", "narrow ? width : width * 0.6", "0", "height * (narrow ? 0.345 : 0.7)"),
    "cosine": ("0", "curvesRight", "height * (narrow ? 0.475 : 0.85)", "height * (narrow ? 0.56 : 1)"),
    "map": ("narrow ? 0 : width * 0.68", "width", "narrow ? height * 0.73 : 0", "height"),
}
PARAMETERS = POINTED
#: Two lines of the map's title: how to point at a unit stands there where there is room beside the curves.
_LINES = f"slice({LINES}, 0, 2)".replace("narrow", "width < 840 * zoom && !narrow")
#: Dash of each curve, in the order in which they are drawn: the parts lie on the whole gradient, which alone is solid.
DASHES = {"rnn": CELL_DASHES["rnn"], "total": SOLID, "rest": [2, 3], "path": [12, 3, 2, 3]}


def chart(sheet: Sheet) -> alt.LayerChart:
    """The picture against "step" or "lag", as the view `axis` says; the view `panels`: two curves, or all panels."""
    if not sheet.shows_all:
        alone = sheet.alone("curves")
        [curves] = alone.panels()
        return alone.picture(*_curves(curves, _axes(curves)), height=480)
    curves, cosine, gates = sheet.panels()
    units = gates.y("units:Q", (0, "whole.units"), "unit", labels=False, ticks=False)
    colours = {"rnn": sheet.theme.cells["rnn"], "total": OWN}
    areas = {name: {"color": colour, "opacity": 0.16} for name, colour in colours.items()}
    medians = {name: {"color": colour, "opacity": 0.5, "strokeWidth": 1} for name, colour in colours.items()}
    on = _axes(curves, labelExpr="''", titleOpacity=0)  # the cosine below has the same axis of time
    return sheet.picture(
        [
            map_rows(gates, "units", "gate", ["place"]),
            gates.lead(x=gates.time("length:Q", tickCount=4), y=units),
            gates.title("map", _LINES),
        ],
        [
            curves.lines("bands", areas, mark="area", x=on["x"], y="lowest:Q", y2="highest:Q"),
            curves.lines("bands", medians, x=on["x"], y="median:Q"),
            *_curves(curves, on),
            curves.pointed("units", "names", "place", **on),
        ],
        _cosine(cosine),
        sheet.colour_bar("gate", ("whole.lowest", "1"), SEQUENTIAL),
        height=480,
        padding={"bottom": 44},
    )


def _axes(panel: Panel, **time: Any) -> dict[str, Any]:
    return {"x": panel.time(**time), "y": panel.log10("relative", tickCount=6)}


def _curves(panel: Panel, on: Mapping[str, Any]) -> list[Any]:
    vanilla = {"rnn": panel.sheet.theme.cells["rnn"]}
    return [*panel.whole_and_parts("total", DASHES, vanilla, on), panel.title("curves")]


def _cosine(panel: Panel) -> Any:
    """Of the angle between the two parts: −1 where they cancel, 1 where they add up."""
    x = panel.time(labelExpr="narrow ? '' : datum.label", **WIDE_TITLE)  # on a phone the map below has the same axis
    y = panel.y("cosine:Q", (-1, 1), "cosine", values=[-1, 0, 1], labelExpr="datum.value")
    middle = at(f"({panel.top} + {panel.bottom}) / 2")
    return layered(
        of("whole").mark_rule(color=panel.sheet.theme.line).encode(**panel.across, y=middle),
        with_lag(of("cosine")).mark_line(color=OWN, strokeWidth=2.5).encode(x=x, y=y),
        panel.title("cosine"),
    )
