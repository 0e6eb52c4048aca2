"""The picture "Phase diagram": where gradients vanish and explode, and beside it the split of dL/dW_hh by lag.

Everything is in one view, as in `vanish_or_explode`. A click on a cell of the map is the selection GO, which the server
hears; pointing at one tells its factor without the server. Datasets (see `tables.phase_diagram`): cells, lines, here
and lags (one row each).
"""

from __future__ import annotations

from typing import Any

import altair as alt

from rnn_dynamics.pictures.kit.panels import (
    POWER_OF_TEN,
    at,
    colour_bar,
    flattened,
    go_there,
    group,
    heading,
    picture,
    time_axis,
)
from rnn_dynamics.pictures.kit.theme import DIVERGING, THEMES, Background, Theme

HEIGHT = 500

#: Where the panels are, in pixels: the map on the left, parts and running sum on the right; on a phone the parts
#: below the map and no sum. `late`: whether the sum is whole only in its second half. `whole`, `spot`: the rows of the
#: datasets lags and here.
_PARAMETERS = {
    "narrow": "width < 560 * zoom",
    "mapLeft": "0",
    "mapRight": "narrow ? width : width * 0.5",
    "mapBottom": "narrow ? height * 0.42 : height",
    "lagLeft": "narrow ? 0 : width * 0.6",
    "partsTop": "narrow ? height * 0.76 : 0",
    "partsBottom": "height * (narrow ? 1 : 0.66)",
    "shareTop": "height * (narrow ? 1 : 0.74)",
    "late": "whole.reached * 2 > whole.length",
    "whole": "data('lags')[0]",
    "spot": "data('here')[0]",
    "columnNames": "split(spot.names, ',')",
}
#: Lines of a title: "|" begins one, and on a phone "¦" does too.
_LINES = "split(replace({}, /¦/g, width < 1000 * zoom ? '|' : ' '), '|')"
#: What is said of the cell under the pointer.
_POINTED = (
    "'weight scale ' + names[hover.scale[0]] + ': ×' + format(pow(10, hover.factor[0] / 1000), '.3~r') + "
    "' per step' + (narrow ? '' : ' · click: go there')"
)
_INVITATION = "narrow ? 'across: {} · tap: go there' : 'point: factor per step · click: go there'"
#: The colours follow the square root of the orders of magnitude, and end at ×0.5 and ×2.
_COLOURS = {
    "values": [-1, -0.5, 0, 0.5, 1],
    "labelExpr": "'×' + format(pow(2, datum.value * abs(datum.value)), '.2~r')",
    "gradientLength": alt.ExprRef("narrow ? 120 : 200"),
}


def phase_chart(across: str, background: Background, scale_labels: tuple[str, ...]) -> alt.LayerChart:
    """The picture.

    Args:
        across: "input" or "lag", the horizontal axis of the map.
        background: key of THEMES.
        scale_labels: names of the slider's positions, from the smallest.
    """
    theme = THEMES[background]
    panels = _Panels(theme, across, scale_labels)
    parameters = _PARAMETERS | {"names": "[" + ", ".join(f"'{label}'" for label in scale_labels) + "]"}
    return picture(
        theme,
        parameters,
        alt.layer(panels.cells(), panels.pointed(), panels.lines(), panels.line_names(), panels.here()),
        alt.layer(panels.parts(), panels.total(), panels.parts_name()),
        alt.layer(panels.running_sum(), panels.share_name(), panels.reached()),
        heading(theme, _LINES.format("spot.map"), "0", "0", "here"),
        heading(theme, _LINES.format("whole.title"), "lagLeft", "partsTop - (narrow ? 12 : 0)", "lags"),
        colour_bar("factor per step", "length:Q", ("-1", "1"), DIVERGING, data="lags", **_COLOURS),
        apart=("x", "y", "color"),
        height=HEIGHT,
        padding={"bottom": 44},
    )


class _Panels:
    """The layers."""

    def __init__(self, theme: Theme, across: str, scale_labels: tuple[str, ...]) -> None:
        self.theme, self.across, self.scale_labels = theme, across, scale_labels
        self.halo: dict[str, Any] = {"stroke": "#ffffff", "strokeWidth": 4, "strokeJoin": "round", "opacity": 0.8}

    # --- the map ----------------------------------------------------------------------------------------------

    def _map_axes(self, across: str, up: str) -> dict[str, Any]:
        named = {"0.1", "0.5", "1", "1.5", "2", "5", "10"}
        by_input = self.across == "input"
        return {
            "x": alt.X(
                across,
                title="input scale (standard deviation of the noise)" if by_input else "lag (steps before the end)",
                scale=alt.Scale(
                    domain=[0, alt.ExprRef("spot.columns")], range=[0, alt.ExprRef("mapRight")], nice=False, zero=False
                ),
                axis=alt.Axis(
                    orient="bottom",
                    offset=alt.ExprRef("mapBottom - height"),
                    values=[k + 0.5 if by_input else k for k in range(15)],
                    labelExpr="columnNames[floor(datum.value)] || ''",
                    labelOverlap=True,
                    titleOpacity=alt.ExprRef("narrow ? 0 : 1"),  # a phone has no room for it; see `pointed`
                    ticks=not by_input,
                ),
            ),
            "y": alt.Y(
                up,
                title="weight scale",
                scale=alt.Scale(
                    domain=[0, len(self.scale_labels)], range=[alt.ExprRef("mapBottom"), 0], nice=False, zero=False
                ),
                axis=alt.Axis(
                    orient="left",
                    values=[k + 0.5 for k, label in enumerate(self.scale_labels) if label in named],
                    labelExpr="names[floor(datum.value)]",
                ),
            ),
        }

    def cells(self) -> alt.Chart:
        """The factors per step. With `place` in the selection, a second click on a cell counts once one has left it."""
        fields = ["scale", "column", "factor", "below", "above"]
        hover = alt.selection_point(
            name="hover", on="pointermove", fields=fields, clear="pointerout", empty=False, toggle=False
        )
        return (
            alt.Chart(alt.NamedData("cells"))
            .transform_calculate(right="datum.column + 1", place="spot.place")
            .mark_rect(x2Offset=1, y2Offset=-1, cursor="pointer")
            .encode(**self._map_axes("column:Q", "below:Q"), x2="right:Q", y2="above:Q")
            .encode(fill=alt.Fill("colour:N", scale=None))
            .add_params(hover, go_there("scale", "column", "place"))
        )

    def pointed(self) -> alt.LayerChart:
        """A frame around the cell under the pointer, and its factor above the axis."""
        invitation = _INVITATION.format("input scale" if self.across == "input" else "lag")
        places = {"x": "hover.column[0]", "x2": "hover.column[0] + 1", "y": "hover.below[0]", "y2": "hover.above[0]"}
        frame = (
            alt.Chart()
            .transform_filter("isValid(hover.scale)")
            .transform_calculate(**places)
            .mark_rect(fill=None, stroke=self.theme.horizon, strokeWidth=1.5, strokeDash=[3, 2])
            .encode(x="x:Q", x2="x2:Q", y="y:Q", y2="y2:Q")
        )
        texts = [
            alt.Chart()
            .transform_calculate(text=f"isValid(hover.scale) ? {_POINTED} : {invitation}")
            .mark_text(align="right", baseline="bottom", dx=-6, dy=-4, fontSize=13, fontWeight="bold", **extra)
            .encode(x=at("mapRight"), y=at("mapBottom"), text="text:N")
            for extra in (self.halo, {"color": self.theme.horizon})
        ]
        return group("here", frame, *texts)

    def lines(self) -> alt.LayerChart:
        """Where the factor is 1: measured with its spread over the networks, and by mean field."""
        dark = self.theme.horizon
        spread = alt.Chart().mark_rule(color=dark, strokeWidth=1.5).encode(y="low:Q", y2="high:Q")
        predicted = (
            alt.Chart().mark_line(color=dark, strokeDash=[6, 4], strokeWidth=2.5, order=None).encode(y="predicted:Q")
        )
        measured = (
            alt.Chart()
            .mark_line(color=dark, strokeWidth=2.5, order=None, point={"filled": True, "color": dark, "size": 45})
            .encode(y="measured:Q")
        )
        return group("lines", spread, predicted, measured, x="x:Q")

    def line_names(self) -> alt.LayerChart:
        """Written where the last column's lines end, and what lies on either side of them."""
        style: dict[str, Any] = {"align": "right", "fontSize": alt.ExprRef("narrow ? 12 : 14"), "fontWeight": "bold"}
        dark = self.theme.horizon
        last = alt.Chart().transform_filter("datum.x === spot.columns - 0.5")
        names = [
            last.mark_text(**style, **extra, dy=dy, dx=8, text=text).encode(x="x:Q", y=f"{field}:Q")
            for field, text, dy in (("measured", "measured", -18), ("predicted", "mean field χ = 1", 20))
            for extra in (self.halo, {"color": dark})
        ]
        return group("lines", *names)

    def here(self) -> alt.LayerChart:
        """You are here."""
        frame = alt.Chart().mark_rect(fill=None, stroke=self.theme.horizon, strokeWidth=3).encode(x2="x2:Q", y2="y2:Q")
        style: dict[str, Any] = {
            "align": alt.ExprRef("spot.x + spot.x2 > spot.columns ? 'right' : 'left'"),
            "baseline": alt.ExprRef("spot.y > 12 ? 'top' : 'bottom'"),
            "dy": alt.ExprRef("spot.y > 12 ? 5 : 0"),
            "fontSize": alt.ExprRef("narrow ? 12 : 14"),
            "fontWeight": "bold",
        }
        texts = [
            alt.Chart()
            .transform_calculate(
                side="spot.x + spot.x2 > spot.columns ? datum.x2 : datum.x", edge="spot.y > 12 ? datum.y : datum.y2"
            )
            .mark_text(**style, **extra)
            .encode(x="side:Q", y="edge:Q", text="text:N")
            for extra in (self.halo, {"color": self.theme.horizon})
        ]
        return group("here", frame.encode(x="x:Q", y="y:Q"), *texts)

    # --- the split by lag -------------------------------------------------------------------------------------

    def _lag_axes(self, top: str, bottom: str, **axis: Any) -> dict[str, Any]:
        """Both axes of a panel on the right; `axis` goes to the vertical one."""
        domain, title, upper = axis.pop("domain"), axis.pop("title"), top == "partsTop"
        wide = 1 if upper else alt.ExprRef("narrow ? 0 : 1")
        return {
            "x": time_axis(
                "x:Q",
                False,
                "lagLeft",
                "width",
                offset=alt.ExprRef(f"{bottom} - height"),
                tickCount=6,
                labelOpacity=0 if upper else 1,  # the panel below has the same axis
                titleOpacity=0 if upper else 1,
            ),
            "y": alt.Y(
                "y:Q",
                title=title,
                scale=alt.Scale(domain=domain, range=[alt.ExprRef(bottom), alt.ExprRef(top)], nice=False, zero=False),
                axis=alt.Axis(
                    orient="left",
                    offset=alt.ExprRef("-lagLeft"),
                    labelOpacity=wide,
                    titleOpacity=wide,
                    tickOpacity=wide,
                    **axis,
                ),
            ),
        }

    def parts(self) -> alt.Chart:
        """What each lag alone says of the weights."""
        axes = self._lag_axes(
            "partsTop",
            "partsBottom",
            title="‖Gₜ‖",
            domain=[alt.ExprRef("whole.low"), alt.ExprRef("whole.high")],
            labelExpr=POWER_OF_TEN,
            tickCount=6,
            tickMinStep=100,
        )
        return (
            flattened(x="whole.lags", y="datum.points", data="lags")
            .mark_line(color=alt.ExprRef("whole.colour"), strokeWidth=3, order=None)
            .encode(**axes)
        )

    def total(self) -> Any:
        """The norm of the whole, which is all that a histogram shows."""
        rule = (
            alt.Chart()
            .mark_rule(color=self.theme.text, strokeDash=[8, 3], strokeWidth=2)
            .encode(x=at("lagLeft"), x2=at("width"))
        )
        name = (
            alt.Chart()
            .mark_text(align="right", baseline="bottom", dy=-4, fontSize=14, fontWeight="bold", color=self.theme.text)
            .encode(x=at("width"), text="total_label:N")
        )
        return group("lags", rule, name, y="total:Q").transform_filter("isValid(datum.total)")

    def parts_name(self) -> alt.Chart:
        """In the corner that a vanishing gradient leaves free; a growing one ends above it."""
        return (
            alt.Chart(alt.NamedData("lags"))
            .transform_calculate(text="'Gₜ, what each step adds'")
            .mark_text(
                align="right", baseline="bottom", fontSize=14, fontWeight="bold", color=alt.ExprRef("whole.colour")
            )
            .encode(x=at("width"), y=at("partsBottom - 6"), text="text:N")
        )

    def running_sum(self) -> alt.Chart:
        """How much of the gradient the lags up to here make."""
        axes = self._lag_axes(
            "shareTop",
            "height",
            title="share",
            domain=[alt.ExprRef("whole.bottom"), alt.ExprRef("whole.top")],
            values=[-100, 0, 100, 200],
            labelExpr="narrow ? '' : datum.value + ' %'",
        )
        return (
            flattened(x="whole.lags", y="datum.shares", data="lags")
            .mark_line(color=alt.ExprRef("whole.colour"), strokeWidth=alt.ExprRef("narrow ? 0 : 3"), order=None)
            .encode(**axes)
        )

    def share_name(self) -> alt.Chart:
        """Where the curve is not: below it, or above it where it rises late."""
        return (
            alt.Chart(alt.NamedData("lags"))
            .transform_filter("!narrow")
            .mark_text(
                align=alt.ExprRef("late ? 'left' : 'right'"),
                baseline=alt.ExprRef("late ? 'top' : 'bottom'"),
                fontSize=14,
                fontWeight="bold",
                color=alt.ExprRef("whole.colour"),
            )
            .encode(x=at("late ? lagLeft + 6 : width"), y=at("late ? shareTop + 2 : height - 6"), text="share_label:N")
        )

    def reached(self) -> alt.Chart:
        """From this lag on the rest adds nothing to speak of."""
        return (
            alt.Chart(alt.NamedData("lags"))
            .transform_filter("isValid(datum.reached) && !narrow")
            .mark_rule(color=self.theme.text, strokeDash=[2, 3], strokeWidth=2)
            .encode(x="reached:Q", y=at("shareTop"), y2=at("height"))
        )
