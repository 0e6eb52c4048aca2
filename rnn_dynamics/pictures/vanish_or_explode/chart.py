"""The picture "Vanish or explode?": gradient curves of three cells, and the map of all weight scales that moves them.

Everything is in one view, so that the pointer on the map moves the curves without the server, and the picture fills
any width: side by side on a screen, one above the other on a phone.

Tables (see `table`): curves, map, scales, floors, chosen (one row), whole (one row).
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any, cast

import altair as alt

from rnn_dynamics.experiment import WEIGHT_SCALES
from rnn_dynamics.pictures.kit.panel import LOG10, Panel
from rnn_dynamics.pictures.kit.panels import at, colour_bar, group, heading, picture
from rnn_dynamics.pictures.kit.theme import CELL_DASHES, DIVERGING, THEMES, Background

#: What the positions of the slider are called, and which of them the map's axis names.
_NAMES = [f"{scale:g}" for scale in WEIGHT_SCALES]
_NAMED = [place + 0.5 for place, name in enumerate(_NAMES) if name in {"0.1", "0.5", "1", "1.5", "2", "5", "10"}]
#: Where the panels are, in pixels: curves on the left and map on the right; curves above the map when narrow.
#: `pointed`: the weight scale under the pointer, else the slider's. `row`: its own row.
_PARAMETERS = {
    "narrow": "width < 560 * zoom",
    "curvesRight": "narrow ? width : width * 0.6",
    "curvesBottom": "narrow ? height * 0.44 : height",
    "mapLeft": "narrow ? 0 : width * 0.68",
    "mapTop": "narrow ? height * 0.66 : 0",
    "whole": "data('whole')[0]",
    "chosen": "data('chosen')[0].scale",
    "pointed": "hover.scale ? hover.scale[0] : chosen",
    "row": "data('scales')[indexof(pluck(data('scales'), 'scale'), pointed)]",
    "names": json.dumps(_NAMES),
}
#: The title of the curves, completed by the share that stands beside each curve's name.
_TITLE = (
    "split(replace(width < 1000 * zoom ? whole.curves : replace(whole.curves_wide, /¦/g, ' '), '#', names[pointed]),"
    " '|')"
)


_MAP_TITLE = "[narrow ? whole.map_narrow : whole.map]"
#: The rows of the weight scale that is shown.
_HERE = "datum.scale === pointed"


def chart(axes: Mapping[str, str], views: Mapping[str, str], background: Background) -> alt.LayerChart:
    """The picture of one kind of gradient, view `gradient`, against "step" or "lag", view `axis`."""
    theme, past = THEMES[background], views["axis"] == "step"
    rows = Panel(theme, axes, "mapLeft", "width", "mapTop", "height", past)
    curves = Panel(theme, axes, "0", "curvesRight", "0", "curvesBottom", past)
    colour = alt.ExprRef(f"{theme.cells}[datum.name]")
    return picture(
        theme,
        _PARAMETERS,
        alt.layer(
            rows.rows("map", "scale", "log10_norm", alt.Y("below:Q"), "chosen", sides=("below", "above")),
            _horizons(rows),
            heading(theme, _MAP_TITLE, "mapLeft", "mapTop"),
        ),
        alt.layer(
            _floors(curves),
            _mean_field(curves),
            _lines(curves, axes[f"gradient_{views['gradient']}"]),
            curves.labels("curves", alt.ExprRef("narrow ? 13 : 17"), colour).transform_filter(_HERE),
            heading(theme, _TITLE, "0", "0", "chosen"),
        ),
        colour_bar(axes["against_last"], "limit:Q", ("-whole.limit", "whole.limit"), DIVERGING),
        apart=("x", "y"),
        padding={"bottom": 44},
    )


def _horizons(panel: Panel) -> alt.Chart:
    """Where one per cent is left: a mark in each row that has such a step; it leads the axes of the map."""
    marks: Any = (
        alt.Chart(alt.NamedData("scales"))
        .transform_filter("isValid(datum.horizon)")
        .transform_calculate(lag="datum.horizon", step="whole.length - datum.horizon")
        .mark_rule(color=panel.theme.horizon, strokeWidth=2.5)
    )
    names: dict[str, Any] = {"values": _NAMED, "labelExpr": "names[floor(datum.value)]"}
    up = panel.y("below:Q", (0, len(_NAMES)), panel.axes["weight_scale"], **names)
    return cast(alt.Chart, marks.encode(x=panel.time(tickCount=4), y=up, y2="above:Q"))


def _lines(panel: Panel, gradient: str) -> alt.LayerChart:
    """A line for each cell; a point that is no number lies outside the axis and is left out."""
    layers = [_line(cell, colour) for cell, colour in panel.theme.cells.items()]
    across = panel.time(titleOpacity=alt.ExprRef("narrow ? 0 : 1"))  # the map below has the same title
    up = panel.y("log10_norm:Q", ("row.low", "row.high"), gradient, tickCount=7, **LOG10)
    return group("curves", *layers, x=across, y=up).transform_filter(_HERE)


def _line(cell: str, colour: str) -> alt.Chart:
    """Colour and dash are constants, not two more expressions for every point."""
    points = (
        alt.Chart()
        .transform_filter(f"datum.name === '{cell}'")
        .transform_calculate(step="split(datum.steps, ',')", point="split(datum.points, ',')")
        .transform_flatten(["step", "point"])
        .transform_calculate(log10_norm="datum.point / 100", lag="whole.length - datum.step")
    )
    style: dict[str, Any] = {"strokeDash": CELL_DASHES[cell], "strokeWidth": 3, "clip": False, "order": None}
    return points.mark_line(color=colour, **style)


def _floors(panel: Panel) -> alt.LayerChart:
    """The smallest number that each format can hold: below it a gradient is stored as zero."""
    ends = [at(panel.left), at(panel.right)]
    line = alt.Chart().mark_rule(color=panel.theme.quiet, opacity=0.7, strokeDash=[1, 3]).encode(x=ends[0], x2=ends[1])
    style: dict[str, Any] = {"fontSize": 13, "color": panel.theme.quiet, "align": "right" if panel.at_start else "left"}
    name = (
        alt.Chart()
        .transform_calculate(name="narrow ? datum.narrow : datum.text")
        .mark_text(**style, baseline=alt.ExprRef("datum.side"), dy=alt.ExprRef("datum.side === 'top' ? 3 : -2"))
        .encode(x=ends[panel.at_start], text="name:N")
    )
    both: Any = group("floors", line, name, y="log10_norm:Q")
    return cast(alt.LayerChart, both.transform_filter("datum.log10_norm > row.low && datum.log10_norm < row.high"))


def _mean_field(panel: Panel) -> alt.Chart:
    """The slope that mean-field theory predicts for the RNN, hung on the RNN's last step."""
    places = {"start": "whole.length", "end": "whole.length - datum.theory_lag"}
    line: Any = (
        alt.Chart(alt.NamedData("scales"))
        .transform_filter(f"{_HERE} && isValid(datum.theory)")
        .transform_calculate(**(places if panel.at_start else {"start": "0", "end": "datum.theory_lag"}))
        .mark_rule(color=panel.theme.quiet, opacity=0.8)
    )
    return cast(alt.Chart, line.encode(x="start:Q", x2="end:Q", y="last:Q", y2="theory:Q"))
