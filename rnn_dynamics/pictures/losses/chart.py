"""The picture "Which loss, how far back": the map loss × time, its curves, what arrives at each step, truncation.

Everything is in one view, as in `vanish_or_explode`, so that pointing at a loss on the map draws its curve without the
server. Datasets (see `tables.losses`): losses, sums, bins, cuts, and of one row whole and cut.
"""

from __future__ import annotations

from typing import Any

import altair as alt

from rnn_dynamics.pictures.kit.panels import POWER_OF_TEN, at, colour_bar, flattened, group, heading, picture, strips
from rnn_dynamics.pictures.kit.theme import SEQUENTIAL, THEMES, Background, Theme

HEIGHT = 500

#: Where the panels are, in pixels: curves above the map on the left, bars above the truncation's error and angle on the
#: right; on a phone all below each other. `pointed`: the loss under the pointer, or the one that is marked.
_PARAMETERS = {
    "narrow": "width < 560 * zoom",
    "leftEnd": "narrow ? width : width * 0.55",
    "rightStart": "narrow ? 0 : width * 0.64",
    "curvesBottom": "height * (narrow ? 0.14 : 0.36)",
    "mapTop": "height * (narrow ? 0.24 : 0.53)",
    "mapBottom": "height * (narrow ? 0.42 : 1)",
    "barsTop": "narrow ? height * 0.64 : 0",
    "barsBottom": "height * (narrow ? 0.73 : 0.28)",
    "errorTop": "height * (narrow ? 0.83 : 0.57)",
    "errorBottom": "height * (narrow ? 0.9 : 0.74)",
    "angleTop": "height * (narrow ? 0.93 : 0.81)",
    "whole": "data('whole')[0]",
    "pointed": "hover.loss ? hover.loss[0] : whole.marked",
}
#: Lines of a title: "|" begins one, and on a phone "¦" does too.
_LINES = "split(replace({}, /¦/g, width < 1000 * zoom ? '|' : ' '), '|')"
#: Of the loss at every step, and at the last step alone.
DASHES = {"every": [1, 0], "last": [7, 4]}


def loss_chart(background: Background) -> alt.LayerChart:
    """The picture on a background, a key of THEMES."""
    panels = _Panels(THEMES[background])
    return picture(
        panels.theme,
        _PARAMETERS,
        alt.layer(panels.map(), panels.map_lead()),
        alt.layer(panels.sums(), panels.pointed(), panels.labels(), panels.pointed_text()),
        alt.layer(panels.bars(), panels.hundred()),
        alt.layer(panels.cuts("errors"), panels.cut("errors")),
        alt.layer(panels.cuts("angles"), panels.cut("angles")),
        panels.bin_names(),
        *panels.titles(),
        colour_bar("‖∂L_k/∂h_t‖", "length:Q", ("whole.dark", "whole.bright"), SEQUENTIAL, **_COLOURS),
        apart=("x", "y", "color"),
        height=HEIGHT,
        padding={"bottom": 44},
    )


_COLOURS: dict[str, Any] = {
    "legendX": 0,
    "legendY": alt.ExprRef("mapBottom + (narrow ? 60 : 48)"),
    "labelExpr": POWER_OF_TEN,
    "tickCount": 4,
    "gradientLength": 130,
}


class _Panels:
    """The layers."""

    def __init__(self, theme: Theme) -> None:
        self.theme = theme
        self.colour = alt.ExprRef("whole.colour")

    def _time(self, field: str, left: str, right: str, bottom: str, **axis: Any) -> alt.X:
        """A time axis that gives each step its full width."""
        return alt.X(
            field,
            title="time step t",
            scale=alt.Scale(
                domain=[0.5, alt.ExprRef("whole.length + 0.5")],
                range=[alt.ExprRef(left), alt.ExprRef(right)],
                nice=False,
                zero=False,
            ),
            axis=alt.Axis(orient="bottom", offset=alt.ExprRef(f"{bottom} - height"), tickCount=6, **axis),
        )

    @staticmethod
    def _up(field: str, ends: tuple[Any, Any], bottom: str, top: str, **axis: Any) -> alt.Y:
        title, left = axis.pop("title"), axis.pop("left", "0")
        return alt.Y(
            field,
            title=title,
            scale=alt.Scale(domain=list(ends), range=[alt.ExprRef(bottom), alt.ExprRef(top)], nice=False, zero=False),
            axis=alt.Axis(orient="left", offset=alt.ExprRef(f"-({left})"), **axis),
        )

    # --- the map ----------------------------------------------------------------------------------------------

    def map(self) -> alt.LayerChart:
        """A strip for each loss, from step 1 to its own; a frame around the one whose curve is drawn."""
        picked = alt.Chart().transform_filter("datum.loss === pointed")
        return group(
            "losses",
            strips("loss", "above", "below", "stretch", "start", "end", reach="datum.stretch"),
            picked.mark_rect(fill=None, stroke=self.theme.text, strokeWidth=2),
            x="start:Q",
            x2="end:Q",
            y="below:Q",
            y2="above:Q",
        ).transform_calculate(start="0.5", end="datum.loss + 0.5")

    def map_lead(self) -> alt.Chart:
        """Carries the axes of the map."""
        down = alt.Y(
            "length:Q",
            title="loss at step k",
            scale=alt.Scale(
                domain=[0.5, alt.ExprRef("whole.length + 0.5")],
                range=[alt.ExprRef("mapTop"), alt.ExprRef("mapBottom")],
                nice=False,
                zero=False,
            ),
            axis=alt.Axis(orient="left", tickCount=5),
        )
        across = self._time("length:Q", "0", "leftEnd", "mapBottom")
        return alt.Chart(alt.NamedData("whole")).mark_point(opacity=0).encode(x=across, y=down)

    # --- the curves -------------------------------------------------------------------------------------------

    def sums(self) -> alt.LayerChart:
        """What arrives at each step from the loss at every step, and from that at the last alone."""
        ends = (alt.ExprRef("whole.low"), alt.ExprRef("whole.high"))
        y = self._up(
            "y:Q", ends, "curvesBottom", "0", title="‖∂L/∂h_t‖", labelExpr=POWER_OF_TEN, tickCount=5, tickMinStep=100
        )
        x = self._time("x:Q", "0", "leftEnd", "curvesBottom", labels=False, titleOpacity=0)
        lines = [
            flattened(x="whole.steps", y="datum.points")
            .transform_filter(f"datum.name === '{name}'")
            .mark_line(color=self.colour, strokeDash=dash, strokeWidth=4 if name == "every" else 3, order=None)
            for name, dash in DASHES.items()
        ]
        return group("sums", *lines, x=x, y=y)

    def pointed(self) -> alt.Chart:
        """The curve of the loss under the pointer, up to its own step."""
        line = flattened(x="whole.steps", y="datum.points", data="losses").transform_filter("datum.loss === pointed")
        return line.mark_line(color=self.theme.text, strokeWidth=2, order=None).encode(x="x:Q", y="y:Q")

    def labels(self) -> alt.LayerChart:
        """Name and finding of each sum at step 1, with a halo."""
        style: dict[str, Any] = {
            "align": "left",
            "dx": 8,
            "fontSize": alt.ExprRef("narrow ? 12 : 16"),
            "fontWeight": "bold",
        }
        halo: dict[str, Any] = {"stroke": self.theme.panel, "strokeWidth": 5, "strokeJoin": "round", "opacity": 0.85}
        layers = (alt.Chart().mark_text(**style, **halo), alt.Chart().mark_text(**style, color=self.colour))
        return group("sums", *layers, x=at("0"), y="end:Q", text="text:N")

    def pointed_text(self) -> alt.Chart:
        """How far back the loss under the pointer is felt, in the corner that the curves leave free."""
        return (
            alt.Chart(alt.NamedData("losses"))
            .transform_filter("datum.loss === pointed")
            .mark_text(
                align="right",
                baseline="bottom",
                fontSize=alt.ExprRef("narrow ? 12 : 14"),
                fontWeight="bold",
                color=self.theme.text,
            )
            .encode(x=at("leftEnd - 6"), y=at("curvesBottom + (narrow ? 18 : -6)"), text="text:N")
        )

    # --- the bars ---------------------------------------------------------------------------------------------

    def bars(self) -> alt.Chart:
        """Of what arrives at a step, how much comes from how far ahead."""
        x = self._time(
            "x:Q", "rightStart", "width", "barsBottom", titleOpacity=alt.ExprRef("narrow ? 0 : 1"), titlePadding=2
        )
        y = self._up(
            "y:Q",
            (alt.ExprRef("whole.least"), alt.ExprRef("whole.most")),
            "barsBottom",
            "barsTop",
            title="share of ∂L/∂h_t",
            left="rightStart",
            labelExpr="datum.value + ' %'",
            values=[-100, -50, 0, 50, 100, 150, 200],
        )
        return (
            flattened(x="whole.edges", y="datum.from", y2="datum.to", data="bins")
            .mark_area(interpolate="step-after", color=alt.ExprRef("datum.colour"), order=None)
            .encode(x=x, y=y, y2="y2:Q", detail="colour:N")
        )

    def hundred(self) -> alt.Chart:
        """Where no share is below 0, all of them together."""
        rule = alt.Chart(alt.NamedData("whole")).transform_calculate(all="100").mark_rule(color=self.theme.quiet)
        return rule.encode(x=at("rightStart"), x2=at("width"), y="all:Q")

    def bin_names(self) -> alt.LayerChart:
        """The legend of the bars, how many steps ahead a loss lies, in the order in which they are stacked."""
        second = "datum.place > 0.5"  # a phone has two rows
        share = f"(narrow ? 1.7 * (datum.place - ({second} ? 0.55 : 0)) : datum.place)"
        place = f"rightStart + {share} * (width - rightStart)"
        box = (
            alt.Chart()
            .mark_point(shape="square", filled=True, size=110, opacity=1, color=alt.ExprRef("datum.colour"))
            .encode(x=at(f"{place} + 6"))
        )
        text = (
            alt.Chart()
            .mark_text(align="left", fontSize=alt.ExprRef("narrow ? 11 : 12"), color=self.theme.quiet)
            .encode(x=at(f"{place} + 14"), text="label:N")
        )
        return group("bins", box, text, y=at(f"barsTop - (narrow && !({second}) ? 28 : 12)"))

    # --- truncation -------------------------------------------------------------------------------------------

    def cuts(self, of: str) -> alt.LayerChart:
        """Error or angle of the truncated gradient over τ, for both losses."""
        angle = of == "angles"
        bottom, top = ("height", "angleTop") if angle else ("errorBottom", "errorTop")
        x = alt.X(
            "x:Q",
            title="truncation length τ",
            scale=alt.Scale(
                domain=[0, alt.ExprRef("whole.longest")],
                range=[alt.ExprRef("rightStart"), alt.ExprRef("width")],
                nice=False,
                zero=False,
            ),
            axis=alt.Axis(
                orient="bottom",
                offset=alt.ExprRef(f"{bottom} - height"),
                values=[0, 30, 70, 100, 130, 170, 200, 230],
                labels=angle,
                labelExpr="{0: 1, 30: 2, 70: 5, 100: 10, 130: 20, 170: 50, 200: 100, 230: 200}[datum.value]",
                titleOpacity=1 if angle else 0,
            ),
        )
        axis: dict[str, Any] = (
            {"title": "angle", "values": [0, 4500, 9000, 13500, 18000], "labelExpr": "datum.value / 100 + '°'"}
            if angle
            else {
                "title": "error",
                "values": [-400, -200, 0, 200, 400, 600],
                "labelExpr": "format(pow(10, datum.value / 100 + 2), '~') + ' %'",
            }
        )
        ends = (0, alt.ExprRef("whole.angle")) if angle else (-400, alt.ExprRef("whole.error"))
        lines = [
            flattened(x="whole.truncations", y=f"datum.{of}")
            .transform_filter(f"datum.name === '{name}'")
            .mark_line(color=self.colour, strokeDash=dash, strokeWidth=3 if name == "every" else 2.5, order=None)
            for name, dash in DASHES.items()
        ]
        return group("cuts", *lines, x=x, y=self._up("y:Q", ends, bottom, top, left="rightStart", **axis))

    def cut(self, of: str) -> alt.Chart:
        """The reader's truncation."""
        bottom, top = ("height", "angleTop") if of == "angles" else ("errorBottom", "errorTop")
        rule = alt.Chart(alt.NamedData("cut")).mark_rule(color=self.theme.text, strokeWidth=1.5, strokeDash=[3, 2])
        return rule.encode(x="tau:Q", y=at(top), y2=at(bottom))

    # --- titles -----------------------------------------------------------------------------------------------

    def titles(self) -> tuple[alt.Chart, ...]:
        places = {
            "whole.curves": ("0", "0"),
            "whole.map": ("0", "mapTop"),
            "whole.bars": ("rightStart", "barsTop - (narrow ? 34 : 18)"),
            "data('cut')[0].title": ("rightStart", "errorTop"),
        }
        return tuple(heading(self.theme, _LINES.format(text), *place) for text, place in places.items())
