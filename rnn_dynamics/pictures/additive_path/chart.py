"""The picture "The additive cell path": one gradient and its two parts, their angle, and the gates of every unit.

Tables (see `table`): curves, bands, labels, cosine, units, names, whole (one row).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import altair as alt

from rnn_dynamics.pictures.kit.panel import LOG10, Panel, with_lag
from rnn_dynamics.pictures.kit.panels import at, colour_bar, group, picture
from rnn_dynamics.pictures.kit.theme import CELL_DASHES, SEQUENTIAL, THEMES, Background

#: Where the panels are, in pixels: curves and below them the cosine on the left, the map on the right; on a phone
#: curves, cosine, map from top to bottom. `pointed`: the row of the unit under the pointer, or null.
_PARAMETERS = {
    "narrow": "width < 560 * zoom",
    "curvesRight": "narrow ? width : width * 0.6",
    "curvesBottom": "height * (narrow ? 0.38 : 0.7)",
    "cosineTop": "height * (narrow ? 0.45 : 0.82)",
    "cosineBottom": "height * (narrow ? 0.55 : 1)",
    "mapLeft": "narrow ? 0 : width * 0.68",
    "mapTop": "narrow ? height * 0.73 : 0",
    "whole": "data('whole')[0]",
    "pointed": "hover.place ? hover.place[0] : null",
}
#: Dash of each curve: the whole gradient is solid, as nothing else is.
DASHES = {"rnn": CELL_DASHES["rnn"], "rest": [2, 3], "path": [12, 3, 2, 3], "total": [1, 0]}


def chart(axes: Mapping[str, str], views: Mapping[str, str], background: Background) -> alt.LayerChart:
    """The picture against "step" or "lag", as the view `axis` says."""
    theme, past = THEMES[background], views["axis"] == "step"
    curves = Panel(theme, axes, "0", "curvesRight", "0", "curvesBottom", past)
    cosine = Panel(theme, axes, "0", "curvesRight", "cosineTop", "cosineBottom", past)
    gates = Panel(theme, axes, "mapLeft", "width", "mapTop", "height", past)
    rnn = theme.cells["rnn"]
    colours = {name: rnn if name == "rnn" else alt.ExprRef("cellColour") for name in DASHES}
    styles: dict[str, dict[str, Any]] = {
        name: {"color": colours[name], "strokeDash": dash, "strokeWidth": 2.5} for name, dash in DASHES.items()
    }
    styles["total"]["strokeWidth"] = 4
    on: dict[str, Any] = {
        "x": curves.time(labelExpr="''", titleOpacity=0),  # the cosine below has the same axis
        "y": curves.y("log10_norm:Q", ("whole.low", "whole.high"), axes["relative"], tickCount=6, **LOG10),
    }
    return picture(
        theme,
        _PARAMETERS | {"cellColour": f"{theme.cells}[whole.cell]"},
        alt.layer(
            gates.rows("units", "place", "gate", alt.Y("place:Q")),
            gates.lead(
                x=gates.time("length:Q", tickCount=4),
                y=gates.y("units:Q", (0, "whole.units"), axes["unit"], labels=False, ticks=False),
            ),
            gates.title("map", x="mapLeft"),
        ),
        alt.layer(
            *(_band(name, colours[name], on["x"]) for name in ("rnn", "total")),
            curves.lines("curves", styles, **on),
            curves.pointed("units", "names", "place", **on),
            curves.labels("labels", "narrow ? 12 : 16", alt.ExprRef(f"datum.name === 'rnn' ? '{rnn}' : cellColour")),
            curves.title("curves"),
        ),
        _cosine(cosine, axes["cosine"]),
        colour_bar(axes["gate"], "length:Q", ("whole.lowest", "1"), SEQUENTIAL),
        apart=("x", "y"),
        height=480,
        padding={"bottom": 44},
    )


def _band(name: str, colour: Any, x: alt.X) -> Any:
    """Where other networks lie, and their median."""
    area = alt.Chart().mark_area(color=colour, opacity=0.16, order=None).encode(y="lowest:Q", y2="highest:Q")
    median = alt.Chart().mark_line(color=colour, opacity=0.5, strokeWidth=1, order=None).encode(y="median:Q")
    return with_lag(group("bands", area, median, x=x).transform_filter(f"datum.name === '{name}'"))


def _cosine(panel: Panel, title: str) -> alt.LayerChart:
    """Of the angle between the two parts: −1 where they cancel, 1 where they add up."""
    line = with_lag(alt.Chart(alt.NamedData("cosine"))).mark_line(
        color=alt.ExprRef("cellColour"), strokeWidth=2.5, order=None
    )
    zero = alt.Chart(alt.NamedData("whole")).mark_rule(color=panel.theme.line)
    # On a phone the map below has the same axis.
    x = panel.time(labelExpr="narrow ? '' : datum.label", titleOpacity=alt.ExprRef("narrow ? 0 : 1"))
    both: Any = alt.layer(
        zero.encode(x=at(panel.left), x2=at(panel.right), y=at(f"({panel.top} + {panel.bottom}) / 2")),
        line.encode(x=x, y=panel.y("cosine:Q", (-1, 1), title, values=[-1, 0, 1], labelExpr="datum.value")),
    )
    return both
