"""The picture "A product of Jacobians": singular values over the lag; on request eigenvalues and exponents beside them.

A circle on the right and a line on the left that state the same factor have the same dash. What W_hh alone says has the
colour of the text, what the Jacobians say that of the cell.
Tables (see `table`): fan, laws, labels, whole (one row), and on request eigenvalues, singular, exponents.
"""

from typing import Any

import altair as alt

from rnn_dynamics.pictures.kit.layers import OWN, POINTED, WIDE_TITLE, at, group, hover, of, ref, text, with_lag
from rnn_dynamics.pictures.kit.panel import Panel, Sheet

#: Where the panels are, in pixels: curves on the left, the complex plane and below it the exponents on the right; on a
#: phone the curves above the other two. `pixels`: of a length of 1 in the plane.
PANELS = {
    "curves": ("0", "narrow ? width : width * 0.6", "0", "narrow ? height * 0.4 : height"),
    "plane": ("narrow ? 0 : width * 0.68", "planeLeft + side", "narrow ? height * 0.69 : 0", "planeTop + side"),
    "spectrum": ("narrow ? width * 0.74 : planeLeft", "width", "height * (narrow ? 0.83 : 0.84)", "height"),
}
PARAMETERS = POINTED | {
    "side": "narrow ? width * 0.56 : min(width * 0.32, height * 0.67)",
    "pixels": "side / 2 / whole.reach",
}
#: Dash of each law, of its line and of its circle.
_DASH = ref("({bound: [9, 4], radius: [2, 4], mean: [2, 4], exponent: [12, 3, 2, 3]})[datum.name]")
_POINTED = "datum.place === pointed"


def chart(sheet: Sheet) -> alt.LayerChart:
    """The picture against "step" or "lag", as the view `axis` says; the view `panels`: its curves, or all panels."""
    # What W_hh alone says may lie far from the norm.
    law = ref(f"indexof(['bound', 'radius'], datum.name) < 0 ? cellColour : '{sheet.theme.text}'")
    if not sheet.shows_all:
        alone = sheet.alone("curves")
        [curves] = alone.panels()
        return alone.picture(*_curves(curves, law), height=480)
    curves, plane, spectrum = sheet.panels()
    kind = ref(f"datum.kind === 'mean' ? cellColour : '{sheet.theme.text}'")
    pointed: dict[str, Any] = {"size": "narrow ? 13 : 16", "bold": True, "color": kind}
    return sheet.picture(
        [
            *_plane(plane, law, kind),
            plane.title("weights", "[{}, '']"),
            plane.title("mean", "[{}]", color=OWN),
            text(of("eigenvalues", _POINTED), "text", "planeLeft", "planeTop + side + 18 * zoom", "left", **pointed),
        ],
        [*_curves(curves, law), _from_1(of("eigenvalues", _POINTED), sheet.past, color=kind, strokeWidth=4)],
        [*_spectrum(spectrum), spectrum.title("spectrum", x="narrow ? spectrumLeft - 30 : spectrumLeft")],
        height=480,
    )


def _curves(panel: Panel, law: Any) -> list[Any]:
    """Singular values, and the straight lines of the laws that say something about them."""
    straight = _from_1(of("laws"), panel.sheet.past, color=law, strokeDash=_DASH, strokeWidth=2.5)
    return [_fan(panel), straight, panel.labels(law, "narrow ? 11 : 16"), panel.title("lines")]


def _fan(panel: Panel) -> Any:
    """Singular values of the products; the largest, the norm, is thick."""
    y = panel.log10("singular_values", "log10_singular_value:Q", tickCount=7)
    others = of(where="datum.rank > 1").mark_line(color=OWN, strokeWidth=1, opacity=0.55)
    norm = of(where="datum.rank === 1").mark_line(color=OWN, strokeWidth=4)
    return with_lag(group("fan", others, norm, x=panel.time(titlePadding=ref("narrow ? 0 : 16")), y=y, detail="rank:N"))


def _from_1(rows: Any, past: bool, **style: Any) -> Any:
    """Straight lines from 10⁰ at step T: what would be if each step had the same factor."""
    start, end = ("whole.length", "datum.step") if past else ("0", "whole.length - datum.step")
    lines = rows.transform_calculate(zero="0", start=start, end=end).mark_rule(**style)
    return lines.encode(x="start:Q", x2="end:Q", y="zero:Q", y2="log10_value:Q")


def _plane(panel: Panel, law: Any, kind: Any) -> list[Any]:
    """Eigenvalues, on the real axis the singular values, and a circle for each law that is a modulus.

    The ticks carry the scales, equal in both directions. Pointing at an eigenvalue, or a tap, selects its place.
    """
    theme, values, ends = panel.sheet.theme, of("eigenvalues"), ("-whole.reach", "whole.reach")
    ticks = of("singular", imaginary="0").mark_tick(
        orient="vertical", size=14, thickness=1.5, color=theme.text, opacity=0.6
    )
    name = alt.value(panel.sheet.axes["unit_circle"])
    # Larger on a phone: what a pointer near an eigenvalue meets, since the marks of all layers select.
    targets = values.mark_point(opacity=0, size=ref("narrow ? 700 : 200"))
    style: dict[str, Any] = {"stroke": theme.panel, "strokeWidth": 1, "opacity": 0.9, "fill": kind}
    style["shape"] = ref("datum.kind === 'mean' ? 'diamond' : 'circle'")
    points = values.mark_point(size=ref("datum.kind === 'mean' ? 40 : 72"), **style)
    place = {"x": "real:Q", "y": "imaginary:Q"}
    return [
        ticks.encode(x=panel.x("value:Q", ends).axis(None), y=panel.y("imaginary:Q", ends).axis(None)),
        _circle(of("whole"), "1", stroke=theme.quiet, strokeWidth=1.5),  # |λ| = 1, where decay turns into growth
        text(of("whole"), name, panel.left, panel.bottom, "bottom left", size=13, color=theme.quiet),
        _circle(of("laws", "datum.radius > 0"), "datum.radius", stroke=law, strokeDash=_DASH, strokeWidth=2),
        _circle(of("eigenvalues", _POINTED), "datum.modulus", stroke=kind, strokeWidth=3),
        targets.encode(**place),
        points.encode(**place).add_params(hover("place", on="pointermove, touchstart", clear=False)),
    ]


def _circle(rows: Any, radius: str, **style: Any) -> Any:
    """Circles around 0; a symbol's size is the square of its diameter."""
    circles = rows.mark_point(shape="circle", fill=None, size=ref(f"pow(2 * pixels * {radius}, 2)"), **style)
    return circles.encode(x=at("planeLeft + side / 2"), y=at("planeTop + side / 2"))


def _spectrum(panel: Panel) -> list[Any]:
    """Lyapunov exponents, largest first, as an area from 0: above it a direction grows."""
    across: dict[str, Any] = {"tickCount": 4, "format": "d", **WIDE_TITLE}
    x = panel.x("order:Q", (0.5, "whole.count + 0.5"), "order", **across)
    up: dict[str, Any] = {"tickCount": 3, "labelExpr": "datum.value", **WIDE_TITLE}
    y = panel.y("exponent:Q", ("whole.lowest", "whole.highest"), "exponents", **up)
    bars = of("exponents", zero="0").mark_area(color=OWN, interpolate="step", opacity=0.8)
    zero = of("whole", zero="0").mark_rule(color=panel.sheet.theme.quiet)
    return [bars.encode(x=x, y=y, y2="zero:Q"), zero.encode(**panel.across, y="zero:Q")]
