"""The picture "The cliff and clipping": three paths on the surface of the error, their errors and gradients by step.

Each kind of clipping has one colour, dash and shape in all panels. Tables: see `table`. What depends on the map alone
reads no other, so that it is not computed anew at each step of a slider.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, cast

import altair as alt

from rnn_dynamics.pictures.kit.panel import LOG10, Panel, haloed
from rnn_dynamics.pictures.kit.panels import at, go_there, group, picture
from rnn_dynamics.pictures.kit.theme import CLIPPING_DASHES, CLIPPING_SHAPES, HEIGHTS, THEMES, Background, Theme

#: Where the panels are, in pixels: the map on the left, errors above norms on the right; on a phone all below another.
#: `between`: room of an axis and a title. The first kind is so wide that the others are seen where they lie on it.
_PARAMETERS = {
    "narrow": "width < 560 * zoom",
    "mapRight": "narrow ? width : width * 0.5",
    "mapBottom": "narrow ? height * 0.42 : height",
    "between": "92 * zoom",
    "panelLeft": "narrow ? 0 : width * 0.58",
    "errorTop": "narrow ? mapBottom + 118 * zoom : 0",
    "errorBottom": "errorTop + (height - errorTop - between) * 0.45",
    "normTop": "errorBottom + between",
    "region": "data('region')[0]",
    "whole": "data('whole')[0]",
    "dashes": f"{CLIPPING_DASHES}",
    "shapes": f"{CLIPPING_SHAPES}",
    "widths": "{none: 5, norm: 4, value: 3}",
}
_SIZE = alt.ExprRef("narrow ? 12 : 14")
_OWN = alt.ExprRef("colours[datum.clipping]")
_LINE: dict[str, Any] = {
    "color": _OWN,
    "strokeDash": alt.ExprRef("dashes[datum.clipping]"),
    "strokeWidth": alt.ExprRef("widths[datum.clipping]"),
}


def chart(axes: Mapping[str, str], _: Mapping[str, str], background: Background) -> alt.LayerChart:
    """The picture; a click on the map is the selection GO of w and b."""
    theme = THEMES[background]
    surface = Panel(theme, axes, "0", "mapRight", "0", "mapBottom")
    errors = Panel(theme, axes, "panelLeft", "width", "errorTop", "errorBottom")
    norms = Panel(theme, axes, "panelLeft", "width", "normTop", "height")
    labels: dict[str, Any] = {"format": ".1f", "tickCount": 5}
    heights = alt.Scale(domain=[0, alt.ExprRef("region.highest")], range=[*HEIGHTS[background]], interpolate="rgb")
    return picture(
        theme,
        _PARAMETERS | {"colours": f"{theme.clippings}"},
        alt.layer(
            surface.lead(
                "region",
                x=surface.x("left:Q", ("region.left", "region.right"), axes["bias"], **labels),
                y=surface.y("bottom:Q", ("region.bottom", "region.top"), axes["weight"], **labels),
                color=alt.Color("highest:Q", scale=heights, legend=None),
            ),
            _surface(),
            _line("edge", color=theme.text, strokeWidth=1.5),
            _marks(theme),
            alt.Chart(alt.NamedData("paths"))
            .mark_line(order=None, strokeJoin="round", **_LINE)
            .encode(**_PLACE, **_EACH),
            _ends(theme),
            _arrows(theme),
            _start(theme),
            _cells(theme),
        ),
        _legend(theme),
        _errors(errors),
        alt.layer(_norms(norms), _threshold(theme), _fallen()),
        surface.title("map"),
        errors.title("errors", x="panelLeft"),
        norms.title("norms", x="panelLeft"),
        apart=("x", "y"),
        padding={"bottom": 8},
    )


_PLACE = {"x": "b:Q", "y": "w:Q"}
_EACH = {"detail": "clipping:N"}


def _surface() -> alt.Chart:
    """The error, a strip for each weight; a strip reaches a pixel further, else the background shines through."""
    stops = alt.Chart(alt.NamedData("surface")).transform_calculate(
        offset="(datum.b - region.left) / (region.right - region.left)", color="scale('color', datum.error)"
    )
    strips: Any = stops.transform_aggregate(stops="values(color)", groupby=["w"]).mark_rect(
        height=alt.ExprRef("mapBottom / region.rows + 1"),
        fill=alt.ExprRef("{gradient: 'linear', x1: 0, y1: 0, x2: 1, y2: 0, stops: datum.stops}"),
    )
    return cast(alt.Chart, strips.encode(x=at("0"), x2=at("mapRight"), y="w:Q"))


def _line(data: str, **style: Any) -> alt.Chart:
    """The cliff, or the descents as far as the map shows them."""
    return alt.Chart(alt.NamedData(data)).mark_line(order=None, **style).encode(**_PLACE)


def _marks(theme: Theme) -> alt.Chart:
    """What lies on either side of the cliff, and its name beside it."""
    side: Any = alt.ExprRef("datum.name === 'cliff' ? 'left' : 'center'")
    away = alt.ExprRef("datum.name === 'cliff' ? 10 : 0")
    texts = alt.Chart(alt.NamedData("marks")).mark_text(fontSize=_SIZE, color=theme.text, align=side, dx=away)
    return texts.encode(**_PLACE, text="text:N")


def _ends(theme: Theme) -> alt.Chart:
    """Where the descents that stay on the map end."""
    ends = alt.Chart(alt.NamedData("kinds")).transform_filter("isValid(datum.end_b)")
    style: dict[str, Any] = {"size": 130, "stroke": theme.panel, "strokeWidth": 1.5, "opacity": 1}
    shape: Any = alt.ExprRef("shapes[datum.clipping]")
    return ends.mark_point(filled=True, fill=_OWN, shape=shape, **style).encode(x="end_b:Q", y="end_w:Q")


def _arrows(theme: Theme) -> alt.LayerChart:
    """Where a descent leaves the map: an arrowhead in its direction, and how far it goes.

    The text is not where the path comes from, unless there is no room elsewhere.
    """
    head: Any = alt.ExprRef("datum.turn")
    arrows = group(
        "kinds",
        *(text.encode(text="leaves:N") for text in haloed(theme, theme.text, fontSize=_SIZE, **_BESIDE_AN_ARROW)),
        alt.Chart().mark_point(shape="triangle", size=400, filled=True, opacity=1, angle=head, color=_OWN),
        x="exit_b:Q",
        y="exit_w:Q",
    )
    placed: Any = (
        arrows.transform_filter("isValid(datum.exit_b)")
        .transform_calculate(
            turn="atan2(datum.way_b / (region.right - region.left) * mapRight,"
            " datum.way_w / (region.top - region.bottom) * mapBottom) * 180 / PI",
            right="datum.exit_b * 2 > region.left + region.right",
            share="(datum.exit_w - region.bottom) / (region.top - region.bottom)",
        )
        .transform_calculate(above="datum.share < 0.08 || (datum.share < 0.92 && datum.way_w > 0)")
    )
    return cast(alt.LayerChart, placed)


_BESIDE_AN_ARROW: dict[str, Any] = {
    "align": alt.ExprRef("datum.right ? 'right' : 'left'"),
    "baseline": alt.ExprRef("datum.above ? 'bottom' : 'top'"),
    "dx": alt.ExprRef("(datum.right ? -1 : 1) * (datum.above === datum.way_w > 0 ? 12 : 32)"),
    "dy": alt.ExprRef("datum.above ? -18 : 6"),
    "fontWeight": "bold",
    "lineBreak": "|",
}


def _start(theme: Theme) -> Any:
    """Where all of them begin, unless that is outside of the map."""
    texts = haloed(theme, theme.text, align="right", dx=-9, fontSize=_SIZE, fontWeight="bold")
    dot = alt.Chart().mark_point(size=110, filled=True, color=theme.text, opacity=1)
    inside = "inrange(whole.start_b, [region.left, region.right])"
    inside += " && inrange(whole.start_w, [region.bottom, region.top])"
    named = (text.encode(text="start:N") for text in texts)
    whole = group("whole", *named, dot, x="start_b:Q", y="start_w:Q")
    return whole.transform_filter(inside)


def _cells(theme: Theme) -> alt.Chart:
    """What a click falls on; with `chosen` in the selection a second one on a cell counts once one has left it."""
    cells = alt.Chart(alt.NamedData("cells")).transform_calculate(chosen="whole.start_b + ' ' + whole.start_w")
    width, height = (alt.ExprRef(f"{side} / region.cells") for side in ("mapRight", "mapBottom"))
    fallen_on = cells.mark_rect(fill=theme.panel, fillOpacity=0, cursor="pointer", width=width, height=height)
    return fallen_on.encode(**_PLACE).add_params(go_there("w", "b", "chosen"))


def _legend(theme: Theme) -> alt.LayerChart:
    """Which line is which, in the corner of the map from which a descent moves away."""
    ends = [alt.ExprRef("mapBottom - 56 * zoom"), alt.ExprRef("mapBottom - 14")]
    place = alt.Y("place:Q", scale=alt.Scale(domain=[0, 2], range=ends, nice=False, zero=False), axis=None)
    line = alt.Chart().mark_rule(**_LINE).encode(x=at("10"), x2=at("48"))
    names = haloed(theme, _OWN, align="left", dx=8, fontSize=_SIZE, fontWeight="bold")
    return group("kinds", line, *(name.encode(x=at("48"), text="name:N") for name in names), y=place)


def _errors(panel: Panel) -> alt.Chart:
    """E after so many steps."""
    ticks = [0.0, 0.1, 0.2, 0.3, 0.4, 0.5]
    quiet: dict[str, Any] = {"titleOpacity": alt.ExprRef("narrow ? 0 : 1")}
    height = panel.y("error:Q", (0, 0.5), panel.axes["error"], values=ticks, format="~r", labelFlush=False, **quiet)
    return _by_step(panel, height)


def _norms(panel: Panel) -> alt.Chart:
    """The gradient's norm, before clipping, that each step follows."""
    quiet: dict[str, Any] = {"titleOpacity": alt.ExprRef("narrow ? 0 : 1")}
    ends = ("whole.low", "whole.high")
    height = panel.y("log10_norm:Q", ends, panel.axes["gradient_norm"], tickCount=5, **LOG10, **quiet)
    return _by_step(panel, height, panel.axes["step"])


def _by_step(panel: Panel, height: alt.Y, title: str = "") -> alt.Chart:
    across = panel.x("step:Q", (0, "whole.steps"), title, tickCount=5)
    return alt.Chart(alt.NamedData("steps")).mark_line(order=None, **_LINE).encode(x=across, y=height, **_EACH)


def _threshold(theme: Theme) -> alt.LayerChart:
    """Above it a step is clipped."""
    rule = alt.Chart().mark_rule(color=theme.text, strokeWidth=1.5).encode(x=at("panelLeft"), x2=at("width"))
    names = haloed(theme, theme.text, align="right", baseline="bottom", dy=-3, fontSize=14, fontWeight="bold")
    return group("whole", rule, *(name.encode(x=at("width"), text="threshold:N") for name in names), y="limit:Q")


def _fallen() -> alt.Chart:
    """Where a norm has fallen below the axis."""
    style: dict[str, Any] = {"align": "left", "baseline": "bottom", "dx": 6, "dy": -4, "fontSize": 14}
    fallen = alt.Chart(alt.NamedData("kinds")).transform_filter("isValid(datum.fell_at)")
    return fallen.mark_text(color=_OWN, fontWeight="bold", **style).encode(x="fell_at:Q", y=at("height"), text="fell:N")
