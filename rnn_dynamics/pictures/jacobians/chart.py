"""The picture "A product of Jacobians": singular values over the lag, eigenvalues in the complex plane, exponents.

A circle on the right and a line on the left that state the same factor have the same dash. What W_hh alone says has the
colour of the text, what the Jacobians say that of the cell.
Tables (see `table`): fan, laws, labels, eigenvalues, singular, exponents, whole (one row).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import altair as alt

from rnn_dynamics.pictures.kit.panel import LOG10, Panel, with_lag
from rnn_dynamics.pictures.kit.panels import at, group, heading, picture
from rnn_dynamics.pictures.kit.theme import THEMES, Background, Theme

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
_ONLY_WIDE = alt.ExprRef("narrow ? 0 : 1")
_CENTRE = {"x": at("planeLeft + side / 2"), "y": at("planeTop + side / 2")}
#: Dash of each law, of its line and of its circle.
_DASH = alt.ExprRef("({bound: [9, 4], radius: [2, 4], mean: [2, 4], exponent: [12, 3, 2, 3]})[datum.name]")
_POINTED = "datum.place === pointed"


def chart(axes: Mapping[str, str], views: Mapping[str, str], background: Background) -> alt.LayerChart:
    """The picture against "step" or "lag", as the view `axis` says."""
    theme, past = THEMES[background], views["axis"] == "step"
    curves = Panel(theme, axes, "0", "curvesRight", "0", "curvesBottom", past)
    spectrum = Panel(theme, axes, "spectrumLeft", "width", "spectrumTop", "height")
    # What W_hh alone says may lie far from the norm.
    law = alt.ExprRef(f"indexof(['bound', 'radius'], datum.name) < 0 ? cellColour : '{theme.text}'")
    kind = alt.ExprRef(f"datum.kind === 'mean' ? cellColour : '{theme.text}'")
    return picture(
        theme,
        _PARAMETERS | {"cellColour": f"{theme.cells}[whole.cell]"},
        _plane(theme, axes, law, kind),
        alt.layer(
            _fan(curves),
            _lines_from_1("laws", past).mark_rule(color=law, strokeDash=_DASH, strokeWidth=2.5),
            _lines_from_1("eigenvalues", past).transform_filter(_POINTED).mark_rule(color=kind, strokeWidth=4),
            curves.labels("labels", "narrow ? 11 : 16", law),
            _axis_name(curves),
            _pointed_text(past, kind),
        ),
        _spectrum(spectrum),
        curves.title("lines"),
        heading(theme, "[whole.weights, '']", "planeLeft", "planeTop"),
        heading(theme, "[whole.mean]", "planeLeft", "planeTop", color="cellColour"),
        spectrum.title("spectrum", x="narrow ? spectrumLeft - 30 : spectrumLeft"),
        apart=("x", "y"),
        height=480,
    )


# --- the lines ------------------------------------------------------------------------------------------------------


def _fan(panel: Panel) -> Any:
    """Singular values of the products; the largest, the norm, is thick."""
    ends, title = ("whole.low", "whole.high"), panel.axes["singular_values"]
    y = panel.y("log10_singular_value:Q", ends, title, tickCount=7, **LOG10)
    x = panel.time(titleOpacity=_ONLY_WIDE)  # no room: `_axis_name` stands in its place
    lines = [
        alt.Chart()
        .transform_filter(f"datum.rank {which} 1")
        .mark_line(color=alt.ExprRef("cellColour"), strokeWidth=width, opacity=opacity, order=None)
        for which, width, opacity in ((">", 1, 0.55), ("===", 4, 1))
    ]
    return with_lag(group("fan", *lines, x=x, y=y, detail="rank:N"))


def _lines_from_1(data: str, past: bool) -> Any:
    """Straight lines from 10⁰ at step T: what would be if each step had the same factor."""
    start, x2 = ("whole.length", "step:Q") if past else ("0", "lag:Q")
    lines = with_lag(alt.Chart(alt.NamedData(data))).transform_calculate(start=start, zero="0")
    return lines.mark_rule().encode(x="start:Q", y="zero:Q", x2=x2, y2="log10_value:Q")


def _axis_name(panel: Panel) -> alt.Chart:
    """On a phone the axis has its name in the corner where the lines meet."""
    name, align, corner = ("step", "right", panel.right) if panel.at_start else ("short_lag", "left", panel.left)
    inwards = "- 4" if panel.at_start else "+ 4"
    style: dict[str, Any] = {"align": align, "baseline": "bottom", "fontSize": 13, "color": panel.theme.text}
    text = alt.Chart(alt.NamedData("whole")).mark_text(opacity=alt.ExprRef("narrow ? 1 : 0"), **style)
    return text.encode(x=at(f"{corner} {inwards}"), y=at(f"{panel.bottom} - 4"), text=alt.value(panel.axes[name]))


def _pointed_text(past: bool, colour: alt.ExprRef) -> alt.Chart:
    """What the eigenvalue under the pointer is: in the corner that the lines leave free, or below the plane."""
    side, corner = ("right", "curvesRight - 8") if past else ("left", "8")
    style: dict[str, Any] = {"align": alt.ExprRef(f"narrow ? 'left' : '{side}'"), "baseline": "bottom"}
    text = alt.Chart(alt.NamedData("eigenvalues")).transform_filter(_POINTED)
    return text.mark_text(**style, fontSize=alt.ExprRef("narrow ? 13 : 16"), fontWeight="bold", color=colour).encode(
        x=at(f"narrow ? planeLeft : {corner}"),
        y=at("narrow ? planeTop + side + 22 : curvesBottom - 8"),
        text="text:N",
    )


# --- the complex plane ----------------------------------------------------------------------------------------------


def _plane(theme: Theme, axes: Mapping[str, str], law: alt.ExprRef, kind: alt.ExprRef) -> Any:
    """Eigenvalues, on the real axis the singular values, and a circle for each law that is a modulus."""
    values = alt.NamedData("eigenvalues")
    # Larger on a phone: what a pointer near an eigenvalue meets, since the marks of all layers select.
    targets = alt.Chart(values).mark_point(filled=True, opacity=0, size=alt.ExprRef("narrow ? 700 : 200"))
    circle = _circle("datum.radius", color=law, strokeDash=_DASH, strokeWidth=2)
    pointed = _circle("datum.modulus", color=kind, strokeWidth=3)
    return alt.layer(
        _singular_values(theme),
        _unit_circle(theme, axes["unit_circle"]),
        circle.properties(data=alt.NamedData("laws")).transform_filter("datum.radius > 0"),
        pointed.properties(data=values).transform_filter(_POINTED),
        targets.encode(x="real:Q", y="imaginary:Q"),
        _eigenvalues(theme, kind),
    )


def _circle(radius: str, **style: Any) -> alt.Chart:
    """Circles around 0; a symbol's size is the square of its diameter."""
    size = alt.ExprRef(f"pow(2 * pixels * {radius}, 2)")
    return alt.Chart().mark_point(shape="circle", fill=None, size=size, opacity=1, **style).encode(**_CENTRE)


def _unit_circle(theme: Theme, name: str) -> alt.LayerChart:
    """|λ| = 1, where decay turns into growth, and the real axis."""
    text = alt.Chart().mark_text(align="left", baseline="bottom", fontSize=13, color=theme.quiet)
    named = text.encode(x=at("planeLeft"), y=at("planeTop + side"), text=alt.value(name))
    return group("whole", _circle("1", color=theme.quiet, strokeWidth=1.5), named)


def _eigenvalues(theme: Theme, colour: alt.ExprRef) -> alt.Chart:
    """Of the recurrent matrix and of the mean Jacobian; pointing at one, or a tap, selects its place as "hover"."""
    hover = alt.selection_point(
        name="hover", on="pointermove, touchstart", fields=["place"], clear=False, empty=False, toggle=False
    )
    points = alt.Chart(alt.NamedData("eigenvalues")).mark_point(
        shape=alt.ExprRef("datum.kind === 'mean' ? 'diamond' : 'circle'"),
        size=alt.ExprRef("datum.kind === 'mean' ? 40 : 72"),
        filled=True,
        fill=colour,
        stroke=theme.panel,
        strokeWidth=1,
        opacity=0.9,
    )
    return points.encode(x="real:Q", y="imaginary:Q").add_params(hover)


def _singular_values(theme: Theme) -> alt.Chart:
    """Ticks on the real axis. Carries the scales of the plane, equal in both directions."""
    ticks = alt.Chart(alt.NamedData("singular")).transform_calculate(imaginary="0")
    return ticks.mark_tick(orient="vertical", size=14, thickness=1.5, color=theme.text, opacity=0.6).encode(
        x=alt.X("value:Q", scale=_reach("planeLeft", "planeLeft + side"), axis=None),
        y=alt.Y("imaginary:Q", scale=_reach("planeTop + side", "planeTop"), axis=None),
    )


def _reach(first: str, last: str) -> alt.Scale:
    ends = [alt.ExprRef("-whole.reach"), alt.ExprRef("whole.reach")]
    return alt.Scale(domain=ends, range=[alt.ExprRef(first), alt.ExprRef(last)], nice=False, zero=False)


# --- the exponents --------------------------------------------------------------------------------------------------


def _spectrum(panel: Panel) -> alt.LayerChart:
    """Lyapunov exponents, largest first, as an area from 0: above it a direction grows."""
    across: dict[str, Any] = {"tickCount": 4, "format": "d", "titleOpacity": _ONLY_WIDE}
    x = panel.x("order:Q", (0.5, "whole.count + 0.5"), panel.axes["order"], **across)
    up: dict[str, Any] = {"tickCount": 3, "labelExpr": "datum.value", "titleOpacity": _ONLY_WIDE}
    y = panel.y("exponent:Q", ("whole.lowest", "whole.highest"), panel.axes["exponents"], **up)
    bars = alt.Chart(alt.NamedData("exponents")).transform_calculate(zero="0")
    zero = alt.Chart(alt.NamedData("whole")).transform_calculate(zero="0").mark_rule(color=panel.theme.quiet)
    both: Any = alt.layer(
        bars.mark_area(color=alt.ExprRef("cellColour"), interpolate="step", opacity=0.8, order=None).encode(
            x=x, y=y, y2="zero:Q"
        ),
        zero.encode(x=at(panel.left), x2=at(panel.right), y="zero:Q"),
    )
    return both
