"""The live picture: gradient curves of three cells, and the map of all weight scales that moves them.

Everything is in one view, so that the pointer on the map moves the curves without the server, and the picture fills
any width: side by side on a screen, one above the other on a phone. The panels are ranges of the same view; a view that
joins two charts would keep a fixed width. A click on the map is the selection GO, which the server hears.

The browser interprets every expression of a chart, node by node. So positions come ready from the tables, heights in
hundredths of an order of magnitude; what several layers ask for is a parameter, computed once; and what stands still
stands in a layer of its own.

Datasets (see `tables.live`): curves, scales, floors, chosen (one row: scale), whole (one row: what holds at all
scales).
"""

from __future__ import annotations

import json
from functools import lru_cache
from threading import Lock
from typing import Any

import altair as alt

from rnn_dynamics.pictures.kit.panels import (
    POWER_OF_TEN,
    at,
    colour_bar,
    flattened,
    group,
    heading,
    in_size,
    picture,
    strips,
    time_axis,
)
from rnn_dynamics.pictures.kit.theme import CELL_DASHES, CELL_NAMES, DIVERGING, THEMES, TYPE, Background, Theme

#: What each kind of gradient is called on the axis.
GRADIENTS = {
    "input": "‖∂L/∂xₜ‖",
    "hidden": "‖∂L/∂hₜ‖",
    "cell": "‖∂L/∂cₜ‖ (RNN, GRU: hₜ)",
}

#: Where the panels are, in pixels: curves on the left and map on the right; curves above the map when narrow. `whole`:
#: what holds at every weight scale. `shown`: the weight scale under the pointer, else the slider's. `row`: its own row.
_PARAMETERS = {
    "narrow": "width < 560 * zoom",
    "curvesRight": "narrow ? width : width * 0.6",
    "curvesBottom": "narrow ? height * 0.44 : height",
    "mapLeft": "narrow ? 0 : width * 0.68",
    "mapTop": "narrow ? height * 0.66 : 0",
    "whole": "data('whole')[0]",
    "chosen": "data('chosen')[0].scale",
    "shown": "hover.scale ? hover.scale[0] : chosen",
    "row": "data('scales')[indexof(pluck(data('scales'), 'scale'), shown)]",
}


def live_chart(component: str, against: str, background: Background, scale_labels: tuple[str, ...]) -> alt.LayerChart:
    """The picture for one kind of gradient.

    Args:
        component: key of GRADIENTS.
        against: "step" or "lag", the horizontal axis.
        background: key of THEMES.
        scale_labels: names of the slider's positions, from the smallest.
    """
    return _chart(GRADIENTS[component], against, background, scale_labels)


_TITLE = "title of the gradient"
_BUILDING = Lock()


def live_specification(
    component: str, against: str, background: Background, scale_labels: tuple[str, ...]
) -> dict[str, Any]:
    """`live_chart` as Vega-Lite, built once for all visitors: a cache in a page's own code would be new at each run."""
    with _BUILDING:  # a quarter of a second: a hall that asks at once shall not build it a hundred times
        return _live_specification(component, _untitled(against, background, scale_labels))


@lru_cache(maxsize=32)
def _live_specification(component: str, untitled: str) -> dict[str, Any]:
    specification: dict[str, Any] = json.loads(untitled.replace(_TITLE, GRADIENTS[component]))
    return specification


@lru_cache(maxsize=8)
def _untitled(against: str, background: Background, scale_labels: tuple[str, ...]) -> str:
    # The tests check every specification against the schema; here the check would cost more than the building.
    chart = _chart(_TITLE, against, background, scale_labels)
    return json.dumps(in_size(chart.to_dict(validate=False), TYPE.zoom), ensure_ascii=False)


def _chart(title: str, against: str, background: Background, scale_labels: tuple[str, ...]) -> alt.LayerChart:
    theme = THEMES[background]
    panels = _Panels(theme, title, against, scale_labels)
    parameters = _PARAMETERS | {"names": "[" + ", ".join(f"'{label}'" for label in scale_labels) + "]"}
    right: list[Any] = [panels.map_rows(), panels.map_horizon(), panels.map_title()]
    left: list[Any] = [panels.floors(), panels.mean_field(), panels.curves(), panels.curve_labels()]
    # Within a panel the layers share their scales; between the panels they must not.
    return picture(
        theme,
        parameters,
        alt.layer(*right),
        alt.layer(*left, panels.curves_title()),
        colour_bar("log₁₀ against step T", "limit:Q", ("-whole.limit", "whole.limit"), DIVERGING),
        apart=("x", "y", "color"),
        padding={"bottom": 44},
    )


class _Panels:
    """The layers. What layers have in common stands once, at their group: the server writes all of it at every step."""

    def __init__(self, theme: Theme, title: str, against: str, scale_labels: tuple[str, ...]) -> None:
        self.theme, self.title, self.against, self.scale_labels = theme, title, against, scale_labels
        self.at_start = against == "step"  # the past is on the left

    # --- axes -------------------------------------------------------------------------------------------------

    # Layers of a panel share their scales: one of them, which leads, says what scale and axis are.

    def _lead_x(self, field: str, left: str, right: str, **axis: Any) -> alt.X:
        return time_axis(field, self.at_start, left, right, **axis)

    def _lead_left(self) -> dict[str, Any]:
        """Both axes of the curves."""
        ends = [alt.ExprRef("row.low"), alt.ExprRef("row.high")]
        return {
            "x": self._lead_x(
                "x:Q",
                "0",
                "curvesRight",
                offset=alt.ExprRef("curvesBottom - height"),
                tickCount=6,
                titleOpacity=alt.ExprRef("narrow ? 0 : 1"),  # the map below has the same title
            ),
            "y": alt.Y(
                "y:Q",
                title=self.title,
                scale=alt.Scale(domain=ends, range=[alt.ExprRef("curvesBottom"), 0], nice=False, zero=False),
                axis=alt.Axis(orient="left", labelExpr=POWER_OF_TEN, tickCount=7, tickMinStep=100),
            ),
        }

    def _lead_right(self) -> dict[str, Any]:
        """Both axes of the map. Its row k reaches from k to k + 1, and has its name in the middle."""
        named = {"0.1", "0.5", "1", "1.5", "2", "5", "10"}
        places = [alt.ExprRef("height"), alt.ExprRef("mapTop")]
        return {
            "x": self._lead_x("horizon:Q", "mapLeft", "width", tickCount=4),
            "y": alt.Y(
                "below:Q",
                title="weight scale",
                scale=alt.Scale(domain=[0, len(self.scale_labels)], range=places, nice=False, zero=False),
                axis=alt.Axis(
                    orient="left",
                    offset=alt.ExprRef("-mapLeft"),
                    values=[k + 0.5 for k, label in enumerate(self.scale_labels) if label in named],
                    labelExpr="names[floor(datum.value)]",
                ),
            ),
        }

    # --- the map ----------------------------------------------------------------------------------------------

    def map_rows(self) -> alt.LayerChart:
        """A strip for each weight scale, and a frame around the one whose curves are shown."""
        strips_of_all = strips("scale", "below", "above", chosen="chosen")
        frame = (
            alt.Chart()
            .transform_filter("datum.scale === shown")
            .mark_rect(fill=None, stroke=self.theme.text, strokeWidth=2.5)
        )
        return group("scales", strips_of_all, frame, x=at("mapLeft"), x2=at("width"), y="below:Q", y2="above:Q")

    def map_horizon(self) -> alt.Chart:
        """Where one per cent is left: a mark in each row that has such a step."""
        return (
            alt.Chart(alt.NamedData("scales"))
            .mark_rule(color=self.theme.horizon, strokeWidth=2.5)
            .encode(**self._lead_right(), y2="above:Q")
        )

    def map_title(self) -> alt.Chart:
        lines = "[whole.cell + ': point or ' + (narrow ? 'tap' : 'click') + ' · ❘ = 1 % left']"
        return heading(self.theme, lines, "mapLeft", "mapTop", "chosen")

    # --- the curves -------------------------------------------------------------------------------------------

    def curves(self) -> alt.LayerChart:
        """The curves of the shown weight scale; a point that is no number lies outside the axis and is left out.

        One layer a cell: colour and dash are then constants, not two more expressions for every point.
        """
        layers = [
            flattened(x="whole.steps", y="datum.points")
            .transform_filter(f"datum.cell === '{cell}'")
            .mark_line(color=colour, strokeDash=CELL_DASHES[cell], strokeWidth=3, clip=False, order=None)
            for cell, colour in self.theme.cells.items()
        ]
        return group("curves", *layers, **self._lead_left()).transform_filter("datum.scale === shown")

    def curve_labels(self) -> alt.LayerChart:
        """Name and finding at the far end of each curve, with a halo that keeps them apart from the curves."""
        style: dict[str, Any] = {
            "align": "left" if self.at_start else "right",
            "dx": 8 if self.at_start else -8,
            "fontSize": alt.ExprRef("narrow ? 13 : 17"),
            "fontWeight": "bold",
        }
        halo: dict[str, Any] = {"stroke": self.theme.panel, "strokeWidth": 5, "strokeJoin": "round"}
        colours = alt.Scale(domain=list(CELL_NAMES), range=list(self.theme.cells.values()))
        layers = (
            alt.Chart().mark_text(**style, **halo, opacity=0.85),
            alt.Chart().mark_text(**style).encode(color=alt.Color("cell:N", scale=colours, legend=None)),
        )
        place = at("0" if self.at_start else "curvesRight")
        return group("curves", *layers, x=place, y="end:Q", text="text:N").transform_filter("datum.scale === shown")

    def curves_title(self) -> alt.Chart:
        """Completed by the share that stands beside each curve's name."""
        scale = "'at weight scale ' + names[shown] + ':'"
        wide = f"'Share of the last step’s gradient that reaches step 1, ' + {scale}"
        return heading(
            self.theme,
            f"(width < 1000 * zoom ? ['Share of the gradient left at step 1,', {scale}] : [{wide}])",
            "0",
            "0",
            "chosen",
        )

    def floors(self) -> alt.LayerChart:
        """The smallest number that each format can hold: below it a gradient is stored as zero."""
        line = (
            alt.Chart()
            .mark_rule(color=self.theme.quiet, opacity=0.7, strokeDash=[1, 3])
            .encode(x=at("0"), x2=at("curvesRight"))
        )
        name = (
            alt.Chart()
            .transform_calculate(text="'0 in ' + datum.format + (narrow ? '' : ' below this')")
            .mark_text(
                align="right" if self.at_start else "left",
                baseline=alt.ExprRef("datum.side"),
                dy=alt.ExprRef("datum.side === 'top' ? 3 : -2"),
                fontSize=13,
                color=self.theme.quiet,
            )
            .encode(x=at("curvesRight" if self.at_start else "0"), text="text:N")
        )
        floors = group("floors", line, name, y="y:Q")
        return floors.transform_filter("datum.y > row.low && datum.y < row.high")

    def mean_field(self) -> alt.Chart:
        """The slope that mean-field theory predicts for the RNN, hung on the RNN's last step."""
        return (
            alt.Chart(alt.NamedData("scales"))
            .transform_filter("datum.scale === shown && isValid(datum.theory)")
            .mark_rule(color=self.theme.quiet, opacity=0.8)
            .encode(x="last_step:Q", x2="theory_step:Q", y="last:Q", y2="theory:Q")
        )
