"""The picture "Depth and direction": a map layer × time, and below it, on the same axis, the gradient of the inputs.

Tables (see `table`): levels, level_curves, names, curves, labels, whole (one row).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import altair as alt

from rnn_dynamics.pictures.kit.panel import LINES_WHERE_NEEDED, LOG10, Panel
from rnn_dynamics.pictures.kit.panels import at, colour_bar, picture
from rnn_dynamics.pictures.kit.theme import DIVERGING, THEMES, Background

#: Where the panels are, in pixels; the names of the levels and the labels of the vertical axis stand left of mapLeft.
#: `between`: room of an axis and a title.
_PARAMETERS = {
    "narrow": "width < 560 * zoom",
    "mapLeft": "zoom * (narrow ? 66 : 116)",
    "between": "zoom * (narrow ? 80 : 58)",
    "mapBottom": "(height - between) * 0.5",
    "curvesTop": "mapBottom + between",
    "whole": "data('whole')[0]",
    "pointed": "hover.place ? hover.place[0] : null",
}
_SIZE = alt.ExprRef("narrow ? 12 : 15")
#: Dash of each curve: the whole gradient is solid and thick; one layer is what a reader compares it with.
DASHES = {"single": [2, 3], "forwards": [9, 3], "backwards": [12, 3, 2, 3], "whole": [1, 0]}


def chart(axes: Mapping[str, str], views: Mapping[str, str], background: Background) -> alt.LayerChart:
    """The picture against "step" or "lag", as the view `axis` says."""
    theme, past = THEMES[background], views["axis"] == "step"
    levels = Panel(theme, axes, "mapLeft", "width", "0", "mapBottom", past)
    curves = Panel(theme, axes, "mapLeft", "width", "curvesTop", "height", past)
    cell = alt.ExprRef("cellColour")
    styles: dict[str, dict[str, Any]] = {
        name: {"strokeDash": dash, "strokeWidth": 2.5, "color": cell} for name, dash in DASHES.items()
    }
    styles["whole"]["strokeWidth"], styles["single"]["color"] = 4, theme.quiet
    title: dict[str, Any] = {"titleOpacity": alt.ExprRef("narrow ? 0 : 1")}
    height = curves.y("log10_norm:Q", ("whole.low", "whole.high"), axes["relative"], tickCount=4, **LOG10, **title)
    rows = levels.y("levels:Q", (0, "whole.levels"), labels=False, ticks=False, domain=False)
    return picture(
        theme,
        _PARAMETERS | {"cellColour": f"{theme.cells}[whole.cell]"},
        alt.layer(
            levels.rows("levels", "place", "log10_norm", alt.Y("place:Q")),
            levels.lead(x=levels.time("length:Q", titleOpacity=0), y=rows),
            _names(theme.text),
            levels.title("map", LINES_WHERE_NEEDED),
        ),
        alt.layer(
            curves.lines("curves", styles, x=curves.time(), y=height),
            curves.pointed("level_curves", "names", "place", x=curves.time(), y=height),
            curves.labels("labels", _SIZE, alt.ExprRef(f"datum.name === 'single' ? '{theme.quiet}' : cellColour")),
            curves.title("curves", LINES_WHERE_NEEDED),
        ),
        colour_bar(
            axes["colour"],
            "length:Q",
            ("-whole.limit", "whole.limit"),
            DIVERGING,
            legendX=alt.ExprRef("narrow ? 0 : mapLeft"),
            gradientLength=140,
        ),
        apart=("x", "y"),
        padding={"bottom": 44},
    )


def _names(colour: str) -> alt.Chart:
    """Layer and direction beside each strip."""
    return (
        alt.Chart(alt.NamedData("names"))
        .transform_calculate(middle="datum.place + 0.5")
        .mark_text(align="right", baseline="middle", dx=-6, fontSize=_SIZE, color=colour)
        .encode(x=at("mapLeft"), y="middle:Q", text="name:N")
    )
