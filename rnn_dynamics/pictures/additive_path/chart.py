"""The picture "The additive cell path": one gradient and its two parts, their angle, and the gates of every unit.

Everything is in one view, as in `vanish_or_explode`, so that pointing at a unit draws its own product of gates without
the server. Datasets (see `tables.additive_path`): curves, bands, cosine, units, whole (one row).
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
from rnn_dynamics.pictures.kit.theme import CELL_DASHES, SEQUENTIAL, THEMES, Background, Theme

HEIGHT = 480

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
#: Lines of a title: "|" begins one, and on a phone "¦" does too.
_LINES = "split(replace(whole.{}, /¦/g, narrow ? '|' : ' '), '|')"
#: Dash of each curve: the whole gradient is solid, as nothing else is.
DASHES = {"rnn": CELL_DASHES["rnn"], "rest": [2, 3], "path": [12, 3, 2, 3], "total": [1, 0]}


def path_chart(against: str, background: Background) -> alt.LayerChart:
    """The picture.

    Args:
        against: "step" or "lag", the horizontal axis.
        background: key of THEMES.
    """
    theme = THEMES[background]
    panels = _Panels(theme, at_start=against == "step")
    cells = theme.cells
    parameters = _PARAMETERS | {"cellColour": f"{cells}[whole.cell]"}
    left: list[Any] = [panels.bands(), panels.curves(), panels.unit(), panels.labels(), panels.curves_title()]
    return picture(
        theme,
        parameters,
        alt.layer(panels.map(), panels.map_lead(), panels.map_title(), panels.unit_text()),
        alt.layer(*left),
        alt.layer(panels.zero(), panels.cosine()),
        colour_bar("gate", "length:Q", ("whole.lowest", "1"), SEQUENTIAL),
        apart=("x", "y", "color"),
        height=HEIGHT,
        padding={"bottom": 44},
    )


class _Panels:
    """The layers."""

    def __init__(self, theme: Theme, at_start: bool) -> None:
        self.theme, self.at_start = theme, at_start

    # --- the curves -------------------------------------------------------------------------------------------

    def _left(self, top: str, bottom: str, **axis: Any) -> dict[str, Any]:
        """Both axes of a panel on the left; `axis` goes to the vertical one."""
        domain = axis.pop("domain")
        return {
            "x": time_axis(
                "x:Q",
                self.at_start,
                "0",
                "curvesRight",
                offset=alt.ExprRef(f"{bottom} - height"),
                tickCount=6,
                # The cosine below has the same axis, and on a phone the map below it.
                labelExpr="''" if top == "0" else "narrow ? '' : datum.label",
                titleOpacity=0 if top == "0" else alt.ExprRef("narrow ? 0 : 1"),
            ),
            "y": alt.Y(
                "y:Q",
                title=axis.pop("title"),
                scale=alt.Scale(domain=domain, range=[alt.ExprRef(bottom), alt.ExprRef(top)], nice=False, zero=False),
                axis=alt.Axis(orient="left", **axis),
            ),
        }

    def curves(self) -> alt.LayerChart:
        """The vanilla network, and the gated cell's gradient with its two parts."""
        layers = [
            flattened(x="whole.steps", y="datum.points")
            .transform_filter(f"datum.name === '{name}'")
            .mark_line(color=self._colour(name), strokeDash=dash, strokeWidth=4 if name == "total" else 2.5, order=None)
            for name, dash in DASHES.items()
        ]
        ends = [alt.ExprRef("whole.low"), alt.ExprRef("whole.high")]
        axis = {"domain": ends, "labelExpr": POWER_OF_TEN, "tickCount": 6, "tickMinStep": 100}
        return group("curves", *layers, **self._left("0", "curvesBottom", title="relative to step T", **axis))

    def bands(self) -> alt.LayerChart:
        """Where other networks lie, and their median."""
        areas = [
            flattened(x="whole.steps", y="datum.low", y2="datum.high")
            .transform_filter(f"datum.name === '{name}'")
            .mark_area(color=self._colour(name), opacity=0.16, order=None)
            .encode(y2="y2:Q")
            for name in ("rnn", "total")
        ]
        medians = [
            flattened(x="whole.steps", y="datum.middle")
            .transform_filter(f"datum.name === '{name}'")
            .mark_line(color=self._colour(name), opacity=0.5, strokeWidth=1, order=None)
            for name in ("rnn", "total")
        ]
        return group("bands", *areas, *medians, x="x:Q", y="y:Q")

    def unit(self) -> alt.Chart:
        """The product of gates of the unit under the pointer."""
        line = flattened(x="whole.steps", y="datum.points", data="units").transform_filter("datum.place === pointed")
        return line.mark_line(color=self.theme.text, strokeWidth=2, order=None).encode(x="x:Q", y="y:Q")

    def labels(self) -> alt.LayerChart:
        """Name and finding at the far end of each curve, with a halo."""
        style: dict[str, Any] = {
            "align": "left" if self.at_start else "right",
            "dx": 8 if self.at_start else -8,
            "fontSize": alt.ExprRef("narrow ? 12 : 16"),
            "fontWeight": "bold",
        }
        halo: dict[str, Any] = {"stroke": self.theme.panel, "strokeWidth": 5, "strokeJoin": "round", "opacity": 0.85}
        layers = (
            alt.Chart().mark_text(**style, **halo),
            alt.Chart().mark_text(
                **style, color=alt.ExprRef(f"datum.name === 'rnn' ? '{self.theme.palette[0]}' : cellColour")
            ),
        )
        return group("curves", *layers, x=at("0" if self.at_start else "curvesRight"), y="end:Q", text="text:N")

    def curves_title(self) -> alt.Chart:
        return heading(self.theme, _LINES.format("curves"), "0", "0")

    def _colour(self, name: str) -> Any:
        return self.theme.palette[0] if name == "rnn" else alt.ExprRef("cellColour")

    # --- the cosine -------------------------------------------------------------------------------------------

    def cosine(self) -> alt.Chart:
        """Of the angle between the two parts: −1 where they cancel, 1 where they add up."""
        axis = {"domain": [-100, 100], "values": [-100, 0, 100], "labelExpr": "datum.value / 100"}
        return (
            flattened(x="whole.steps", y="datum.points", data="cosine")
            .mark_line(color=alt.ExprRef("cellColour"), strokeWidth=2.5, order=None)
            .encode(**self._left("cosineTop", "cosineBottom", title="cosine", **axis))
        )

    def zero(self) -> alt.Chart:
        return (
            alt.Chart(alt.NamedData("whole"))
            .mark_rule(color=self.theme.line)
            .encode(x=at("0"), x2=at("curvesRight"), y=at("(cosineTop + cosineBottom) / 2"))
        )

    # --- the map ----------------------------------------------------------------------------------------------

    def map(self) -> alt.LayerChart:
        """A strip for each unit, and a frame around the one under the pointer."""
        rows = {"y": alt.Y("place:Q"), "y2": "above:Q"}
        picked = alt.Chart().transform_filter("datum.place === pointed")
        return group(
            "units",
            strips("place", "above"),
            picked.mark_rect(fill=None, stroke=self.theme.text, strokeWidth=2),
            x=at("mapLeft"),
            x2=at("width"),
            **rows,
        ).transform_calculate(above="datum.place + 1")

    def map_lead(self) -> alt.Chart:
        """Carries the axes of the map."""
        places = [alt.ExprRef("height"), alt.ExprRef("mapTop")]
        rows = alt.Y(
            "units:Q",
            title="unit",
            scale=alt.Scale(domain=[0, alt.ExprRef("whole.units")], range=places, nice=False, zero=False),
            axis=alt.Axis(orient="left", offset=alt.ExprRef("-mapLeft"), labels=False, ticks=False),
        )
        across = time_axis("length:Q", self.at_start, "mapLeft", "width", tickCount=4)
        return alt.Chart(alt.NamedData("whole")).mark_point(opacity=0).encode(x=across, y=rows)

    def map_title(self) -> alt.Chart:
        return heading(self.theme, _LINES.format("map"), "mapLeft", "mapTop")

    def unit_text(self) -> alt.Chart:
        """What the unit under the pointer is, above the curves' own corner."""
        corner = at("curvesRight - 8" if self.at_start else "8")
        return (
            alt.Chart(alt.NamedData("units"))
            .transform_filter("datum.place === pointed")
            .mark_text(
                align="right" if self.at_start else "left", baseline="bottom", fontSize=14, color=self.theme.text
            )
            .encode(x=corner, y=at("curvesBottom - 8"), text="text:N")
        )
