"""The picture "A product of Jacobians": singular values over the lag, eigenvalues in the complex plane, exponents.

Everything is in one view, as in `vanish_or_explode`, so that pointing at an eigenvalue draws its line without the
server. A circle on the right and a line on the left that state the same factor have the same dash. What W_hh alone says
has the colour of the text, what the Jacobians say that of the cell. Datasets (see `tables.jacobians`): fan, laws,
eigenvalues, singular, whole (one row).
"""

from __future__ import annotations

from typing import Any

import altair as alt

from rnn_dynamics.pictures.kit.panels import POWER_OF_TEN, at, flattened, group, heading, picture, time_axis
from rnn_dynamics.pictures.kit.theme import THEMES, Background, Theme

HEIGHT = 480

#: Where the panels are, in pixels: curves on the left, the complex plane and below it the exponents on the right; on a
#: phone the curves above the other two. `pixels`: of a length of 1 in the plane. `pointed`: the eigenvalue's place.
_PARAMETERS = {
    "narrow": "width < 560 * zoom",
    "curvesRight": "narrow ? width : width * 0.6",
    "curvesBottom": "narrow ? height * 0.43 : height",
    "side": "narrow ? width * 0.56 : min(width * 0.32, height * 0.7)",
    "planeLeft": "narrow ? 0 : width * 0.68",
    "planeTop": "narrow ? height * 0.66 : 0",
    "spectrumLeft": "narrow ? width * 0.74 : planeLeft",
    "spectrumTop": "narrow ? height * 0.78 : height * 0.84",
    "whole": "data('whole')[0]",
    "pixels": "side / 2 / whole.reach",
    "pointed": "hover.place ? hover.place[0] : null",
}
#: Lines of a title: "|" begins one, and on a phone "¦" does too.
_LINES = "split(replace(whole.{}, /¦/g, narrow ? '|' : ' '), '|')"
_CENTRE = {"x": at("planeLeft + side / 2"), "y": at("planeTop + side / 2")}
#: Dash of each law, of its line and of its circle.
_DASH = "({bound: [9, 4], radius: [2, 4], mean: [2, 4], exponent: [12, 3, 2, 3]})[datum.name]"


def jacobian_chart(against: str, background: Background) -> alt.LayerChart:
    """The picture.

    Args:
        against: "step" or "lag", the horizontal axis.
        background: key of THEMES.
    """
    theme = THEMES[background]
    panels = _Panels(theme, at_start=against == "step")
    left: list[Any] = [panels.fan(), panels.laws(), panels.pointed_line(), panels.labels()]
    plane: list[Any] = [
        panels.singular_values(),
        panels.unit_circle(),
        panels.circles(),
        panels.pointed_circle(),
        panels.targets(),
        panels.eigenvalues(),
    ]
    titles = (
        heading(theme, _LINES.format("lines"), "0", "0"),
        heading(theme, "[whole.weights, '']", "planeLeft", "planeTop"),
        heading(theme, "[whole.mean]", "planeLeft", "planeTop", color="whole.colour"),
        heading(theme, _LINES.format("spectrum"), "narrow ? spectrumLeft - 30 : spectrumLeft", "spectrumTop"),
    )
    return picture(
        theme,
        _PARAMETERS,
        alt.layer(*plane),
        alt.layer(*left, panels.axis_name(), panels.pointed_text()),
        alt.layer(panels.spectrum(), panels.spectrum_zero()),
        *titles,
        apart=("x", "y"),
        height=HEIGHT,
    )


class _Panels:
    """The layers."""

    def __init__(self, theme: Theme, at_start: bool) -> None:
        self.theme, self.at_start = theme, at_start
        mine = f"indexof(['bound', 'radius'], datum.name) < 0 ? whole.colour : '{theme.text}'"
        self.law_colour = alt.ExprRef(mine)

    # --- the lines --------------------------------------------------------------------------------------------

    def fan(self) -> alt.LayerChart:
        """Singular values of the products; the largest, the norm, is thick."""
        y = alt.Y(
            "y:Q",
            title="singular values of ∂s_T/∂s_t",
            scale=alt.Scale(
                domain=[alt.ExprRef("whole.low"), alt.ExprRef("whole.high")],
                range=[alt.ExprRef("curvesBottom"), 0],
                nice=False,
                zero=False,
            ),
            axis=alt.Axis(orient="left", labelExpr=POWER_OF_TEN, tickCount=7, tickMinStep=100),
        )
        x = time_axis(
            "x:Q",
            self.at_start,
            "0",
            "curvesRight",
            offset=alt.ExprRef("curvesBottom - height"),
            tickCount=6,
            titleOpacity=alt.ExprRef("narrow ? 0 : 1"),  # no room: `axis_name` stands in its place
        )
        lines = [
            flattened(x="whole.steps", y="datum.points")
            .transform_filter(f"datum.rank {which} 1")
            .mark_line(color=alt.ExprRef("whole.colour"), strokeWidth=width, opacity=opacity, order=None)
            for which, width, opacity in ((">", 1, 0.55), ("===", 4, 1))
        ]
        return group("fan", *lines, x=x, y=y, detail="rank:N")

    def _ray(self, data: str, condition: str) -> alt.Chart:
        """Straight lines from 10⁰ at lag 0."""
        return (
            alt.Chart(alt.NamedData(data))
            .transform_filter(condition)
            .transform_calculate(start="whole.start", zero="0")
            .mark_rule()
            .encode(x="start:Q", y="zero:Q", x2="x2:Q", y2="y2:Q")
        )

    def laws(self) -> alt.Chart:
        """What would be if each step had the same factor."""
        dashed = self._ray("laws", "datum.name !== 'norm'")
        return dashed.mark_rule(color=self.law_colour, strokeDash=alt.ExprRef(_DASH), strokeWidth=2.5)

    def pointed_line(self) -> alt.Chart:
        """The line of the eigenvalue under the pointer."""
        return self._ray("eigenvalues", "datum.place === pointed").mark_rule(color=self._kind_colour(), strokeWidth=4)

    def labels(self) -> alt.LayerChart:
        """Name and value at the far end of each line, with a halo."""
        style: dict[str, Any] = {
            "align": "left" if self.at_start else "right",
            "dx": 8 if self.at_start else -8,
            "fontSize": alt.ExprRef("narrow ? 11 : 16"),
            "fontWeight": "bold",
        }
        halo: dict[str, Any] = {"stroke": self.theme.panel, "strokeWidth": 5, "strokeJoin": "round", "opacity": 0.85}
        layers = (
            alt.Chart().mark_text(**style, **halo),
            alt.Chart().mark_text(**style, color=self.law_colour),
        )
        return group("laws", *layers, x=at("0" if self.at_start else "curvesRight"), y="label:Q", text="text:N")

    def pointed_text(self) -> alt.Chart:
        """What the eigenvalue under the pointer is: in the corner that the lines leave free, or below the plane."""
        side = "right" if self.at_start else "left"
        corner = "curvesRight - 8" if self.at_start else "8"
        return (
            alt.Chart(alt.NamedData("eigenvalues"))
            .transform_filter("datum.place === pointed")
            .mark_text(
                align=alt.ExprRef(f"narrow ? 'left' : '{side}'"),
                baseline="bottom",
                fontSize=alt.ExprRef("narrow ? 13 : 16"),
                fontWeight="bold",
                color=self._kind_colour(),
            )
            .encode(
                x=at(f"narrow ? planeLeft : {corner}"),
                y=at("narrow ? planeTop + side + 22 : curvesBottom - 8"),
                text="text:N",
            )
        )

    def axis_name(self) -> alt.Chart:
        """On a phone the axis has its name in the corner where the lines meet."""
        return (
            alt.Chart(alt.NamedData("whole"))
            .mark_text(
                align="right" if self.at_start else "left",
                baseline="bottom",
                fontSize=13,
                color=self.theme.text,
                opacity=alt.ExprRef("narrow ? 1 : 0"),
            )
            .encode(
                x=at("curvesRight - 4" if self.at_start else "4"),
                y=at("curvesBottom - 4"),
                text=alt.value("time step t" if self.at_start else "lag T − t"),
            )
        )

    # --- the complex plane ------------------------------------------------------------------------------------

    def _kind_colour(self) -> alt.ExprRef:
        return alt.ExprRef(f"datum.kind === 'mean' ? whole.colour : '{self.theme.text}'")

    def _circle(self, **style: Any) -> alt.Chart:
        """Circles around 0; a symbol's size is the square of its diameter."""
        radius = style.pop("radius")
        return (
            alt.Chart()
            .mark_point(shape="circle", fill=None, size=alt.ExprRef(f"pow(2 * pixels * {radius}, 2)"), **style)
            .encode(**_CENTRE)
        )

    def unit_circle(self) -> alt.LayerChart:
        """|λ| = 1, where decay turns into growth, and the real axis."""
        circle = self._circle(radius="1", color=self.theme.quiet, strokeWidth=1.5, opacity=1)
        name = (
            alt.Chart()
            .mark_text(align="left", baseline="bottom", fontSize=13, color=self.theme.quiet)
            .encode(x=at("planeLeft"), y=at("planeTop + side"), text=alt.value("○ |λ| = 1"))
        )
        return group("whole", circle, name)

    def circles(self) -> alt.Chart:
        """One for each law that is a modulus."""
        circle = self._circle(
            radius="datum.radius", color=self.law_colour, strokeDash=alt.ExprRef(_DASH), strokeWidth=2, opacity=1
        )
        return circle.properties(data=alt.NamedData("laws")).transform_filter("datum.radius > 0")

    def pointed_circle(self) -> alt.Chart:
        """|λ| of the eigenvalue under the pointer."""
        circle = self._circle(radius="datum.radius", color=self._kind_colour(), strokeWidth=3, opacity=1)
        return circle.properties(data=alt.NamedData("eigenvalues")).transform_filter("datum.place === pointed")

    def eigenvalues(self) -> alt.Chart:
        """Of the recurrent matrix and of the mean Jacobian; pointing at one, or a tap, selects its place as "hover"."""
        hover = alt.selection_point(
            name="hover", on="pointermove, touchstart", fields=["place"], clear=False, empty=False, toggle=False
        )
        return (
            alt.Chart(alt.NamedData("eigenvalues"))
            .mark_point(
                shape=alt.ExprRef("datum.kind === 'mean' ? 'diamond' : 'circle'"),
                filled=True,
                fill=self._kind_colour(),
                stroke=self.theme.panel,
                strokeWidth=1,
                size=alt.ExprRef("datum.kind === 'mean' ? 40 : 72"),
                opacity=0.9,
            )
            .encode(x="x:Q", y="y:Q")
            .add_params(hover)
        )

    def targets(self) -> alt.Chart:
        """What a pointer near an eigenvalue meets, larger on a phone: the marks of all layers select."""
        target = alt.Chart(alt.NamedData("eigenvalues")).mark_point(
            filled=True, opacity=0, size=alt.ExprRef("narrow ? 700 : 200")
        )
        return target.encode(x="x:Q", y="y:Q")

    def singular_values(self) -> alt.Chart:
        """Ticks on the real axis. Carries the scales of the plane, equal in both directions."""
        reach = [alt.ExprRef("-whole.reach"), alt.ExprRef("whole.reach")]
        across = [alt.ExprRef("planeLeft"), alt.ExprRef("planeLeft + side")]
        up = [alt.ExprRef("planeTop + side"), alt.ExprRef("planeTop")]
        return (
            alt.Chart(alt.NamedData("singular"))
            .transform_calculate(y="0")
            .mark_tick(orient="vertical", size=14, thickness=1.5, color=self.theme.text, opacity=0.6)
            .encode(
                x=alt.X("x:Q", scale=alt.Scale(domain=reach, range=across, nice=False, zero=False), axis=None),
                y=alt.Y("y:Q", scale=alt.Scale(domain=reach, range=up, nice=False, zero=False), axis=None),
            )
        )

    # --- the exponents ----------------------------------------------------------------------------------------

    def spectrum(self) -> alt.Chart:
        """Lyapunov exponents, largest first, as an area from 0."""
        places = [alt.ExprRef("spectrumLeft"), alt.ExprRef("width")]
        x = alt.X(
            "x:Q",
            title="exponent λₖ, in order k",
            scale=alt.Scale(domain=[0.5, alt.ExprRef("whole.count + 0.5")], range=places, nice=False, zero=False),
            axis=alt.Axis(orient="bottom", tickCount=4, format="d", titleOpacity=alt.ExprRef("narrow ? 0 : 1")),
        )
        ends = [alt.ExprRef("whole.lowest"), alt.ExprRef("whole.highest")]
        places = [alt.ExprRef("height"), alt.ExprRef("spectrumTop")]
        y = alt.Y(
            "y:Q",
            title="nats / step",
            scale=alt.Scale(domain=ends, range=places, nice=False, zero=False),
            axis=alt.Axis(
                orient="left",
                offset=alt.ExprRef("-spectrumLeft"),
                tickCount=3,
                labelExpr="datum.value / 100",
                titleOpacity=alt.ExprRef("narrow ? 0 : 1"),
            ),
        )
        bars = flattened(x="whole.ranks", y="whole.exponents", data="whole").transform_calculate(zero="0")
        return bars.mark_area(color=alt.ExprRef("whole.colour"), interpolate="step", opacity=0.8, order=None).encode(
            x=x, y=y, y2="zero:Q"
        )

    def spectrum_zero(self) -> alt.Chart:
        """Above it a direction grows."""
        rule = alt.Chart(alt.NamedData("whole")).transform_calculate(zero="0").mark_rule(color=self.theme.quiet)
        return rule.encode(x=at("spectrumLeft"), x2=at("width"), y="zero:Q")
