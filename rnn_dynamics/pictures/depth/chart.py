"""The picture "Depth and direction": a map layer × time, and below it, on the same axis, the gradient of the inputs.

Both panels are ranges of one view, as in `vanish_or_explode`, so that pointing at a level draws its curve without the
server. Datasets (see `tables.depth`): levels, curves, whole (one row).
"""

from __future__ import annotations

from typing import Any

import altair as alt

from rnn_dynamics.pictures.kit.panels import (
    POWER_OF_TEN,
    at,
    colour_bar,
    flattened,
    group,
    heading,
    picture,
    strips,
    time_axis,
)
from rnn_dynamics.pictures.kit.theme import CELL_NAMES, DIVERGING, THEMES, Background, Theme

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
#: Lines of a title: "|" begins one where a long one has no room, and on a phone "¦" does too.
_LINES = "split(replace(whole.{}, width < 950 * zoom ? /¦/g : /[¦|]/g, narrow ? '|' : ' '), '|')"
#: Dash of each curve: the whole gradient is solid and thick; one layer is what a reader compares it with.
DASHES = {"single": [2, 3], "forwards": [9, 3], "backwards": [12, 3, 2, 3], "whole": [1, 0]}


def depth_chart(against: str, background: Background) -> alt.LayerChart:
    """The picture.

    Args:
        against: "step" or "lag", the horizontal axis.
        background: key of THEMES.
    """
    theme = THEMES[background]
    panels = _Panels(theme, at_start=against == "step")
    cells = dict(zip(CELL_NAMES, theme.cells, strict=True))
    parameters = _PARAMETERS | {"cellColour": f"{cells}[whole.cell]"}
    left = alt.ExprRef("narrow ? 0 : mapLeft")
    ends = ("-whole.limit", "whole.limit")
    place: dict[str, Any] = {"legendX": left, "gradientLength": 140}
    bar = colour_bar("log₁₀ ‖dL/dh‖, against step T", "length:Q", ends, DIVERGING, **place)
    return picture(
        theme,
        parameters,
        alt.layer(panels.map(), panels.map_lead(), panels.names(), panels.map_title()),
        alt.layer(panels.curves(), panels.pointed(), panels.labels(), panels.pointed_text(), panels.curves_title()),
        bar,
        apart=("x", "y", "color"),
        padding={"bottom": 44},
    )


class _Panels:
    """The layers."""

    def __init__(self, theme: Theme, at_start: bool) -> None:
        self.theme, self.at_start = theme, at_start

    # --- the map ----------------------------------------------------------------------------------------------

    def map(self) -> alt.LayerChart:
        """A strip for each level, and a frame around the one under the pointer."""
        picked = alt.Chart().transform_filter("datum.place === pointed")
        return group(
            "levels",
            strips("place", "above"),
            picked.mark_rect(fill=None, stroke=self.theme.text, strokeWidth=2),
            x=at("mapLeft"),
            x2=at("width"),
            y=alt.Y("place:Q"),
            y2="above:Q",
        ).transform_calculate(above="datum.place + 1")

    def map_lead(self) -> alt.Chart:
        """Carries the axes of the map; time is named below the curves."""
        ends = [alt.ExprRef("mapBottom"), alt.ExprRef("0")]
        rows = alt.Y(
            "levels:Q",
            title=None,
            scale=alt.Scale(domain=[0, alt.ExprRef("whole.levels")], range=ends, nice=False, zero=False),
            axis=alt.Axis(labels=False, ticks=False, domain=False),  # without any axis Vega-Lite fails on this scale
        )
        offset = alt.ExprRef("mapBottom - height")
        across = time_axis("length:Q", self.at_start, "mapLeft", "width", tickCount=6, titleOpacity=0, offset=offset)
        return alt.Chart(alt.NamedData("whole")).mark_point(opacity=0).encode(x=across, y=rows)

    def names(self) -> alt.Chart:
        """Layer and direction beside each strip."""
        return (
            alt.Chart(alt.NamedData("levels"))
            .transform_calculate(middle="datum.place + 0.5")
            .mark_text(align="right", baseline="middle", dx=-6, fontSize=alt.ExprRef("narrow ? 12 : 15"))
            .encode(x=at("mapLeft"), y="middle:Q", text="name:N", color=alt.value(self.theme.text))
        )

    def map_title(self) -> alt.Chart:
        return heading(self.theme, _LINES.format("map"), "0", "0")

    # --- the curves -------------------------------------------------------------------------------------------

    def _axes(self) -> dict[str, Any]:
        ends = [alt.ExprRef("whole.low"), alt.ExprRef("whole.high")]
        places = [alt.ExprRef("height"), alt.ExprRef("curvesTop")]
        return {
            "x": time_axis("x:Q", self.at_start, "mapLeft", "width", tickCount=6),
            "y": alt.Y(
                "y:Q",
                title="relative to step T",
                scale=alt.Scale(domain=ends, range=places, nice=False, zero=False),
                axis=alt.Axis(
                    orient="left",
                    offset=alt.ExprRef("-mapLeft"),
                    labelExpr=POWER_OF_TEN,
                    tickCount=4,
                    tickMinStep=100,
                    titleOpacity=alt.ExprRef("narrow ? 0 : 1"),
                ),
            ),
        }

    def curves(self) -> alt.LayerChart:
        """The gradient of the inputs: the whole, its two directions, and that of a single layer."""
        layers = [
            flattened(x="whole.steps", y="datum.points")
            .transform_filter(f"datum.name === '{name}'")
            .mark_line(
                color=self.theme.quiet if name == "single" else alt.ExprRef("cellColour"),
                strokeDash=dash,
                strokeWidth=4 if name == "whole" else 2.5,
                order=None,
            )
            for name, dash in DASHES.items()
        ]
        return group("curves", *layers, **self._axes())

    def pointed(self) -> alt.Chart:
        """‖dL/dh_t‖ of the level under the pointer."""
        line = flattened(x="whole.steps", y="datum.points", data="levels").transform_filter("datum.place === pointed")
        return line.mark_line(color=self.theme.text, strokeWidth=2, order=None).encode(x="x:Q", y="y:Q")

    def labels(self) -> alt.LayerChart:
        """Name and finding at the far end of each curve, with a halo."""
        style: dict[str, Any] = {
            "align": "left" if self.at_start else "right",
            "dx": 8 if self.at_start else -8,
            "fontSize": alt.ExprRef("narrow ? 12 : 15"),
            "fontWeight": "bold",
        }
        halo: dict[str, Any] = {"stroke": self.theme.panel, "strokeWidth": 5, "strokeJoin": "round", "opacity": 0.85}
        colour = alt.ExprRef(f"datum.name === 'single' ? '{self.theme.quiet}' : cellColour")
        layers = (alt.Chart().mark_text(**style, **halo), alt.Chart().mark_text(**style, color=colour))
        return group("curves", *layers, x=at("mapLeft" if self.at_start else "width"), y="end:Q", text="text:N")

    def pointed_text(self) -> alt.Chart:
        """What the level under the pointer is."""
        return (
            alt.Chart(alt.NamedData("levels"))
            .transform_filter("datum.place === pointed")
            .mark_text(
                align="right" if self.at_start else "left", baseline="bottom", fontSize=14, color=self.theme.text
            )
            .encode(
                x=at("width - 8" if self.at_start else "mapLeft + 8"),
                y=at("height - 8"),
                text="text:N",
            )
        )

    def curves_title(self) -> alt.Chart:
        return heading(self.theme, _LINES.format("curves"), "0", "curvesTop")
