"""The picture "The cliff and clipping": three paths on the surface of the error, their errors and gradients by step.

Each kind of clipping has one colour, dash and shape in all panels. Tables: see `table`. What depends on the map alone
reads no other, so that it is not computed anew at each step of a slider.
"""

from dataclasses import replace
from typing import Any

import altair as alt

from rnn_dynamics.pictures.kit.layers import (
    at,
    go_there,
    group,
    key,
    layered,
    of,
    of_cell,
    ref,
    text,
)
from rnn_dynamics.pictures.kit.panel import Panel, Sheet
from rnn_dynamics.pictures.kit.theme import CLIPPING_DASHES, CLIPPING_SHAPES, HEIGHTS, Theme

#: Where the panels are, in pixels: the map on the left, errors above norms on the right; on a phone all below another.
#: `between`: room of an axis and a title. The first kind is so wide that the others are seen where they lie on it.
PANELS = {
    "map": ("0", "narrow ? width : width * 0.5", "0", "narrow ? height * 0.42 : height"),
    "error": (
        "narrow ? 0 : width * 0.58",
        "width",
        "narrow ? mapBottom + 118 * zoom : 0",
        "errorTop + (height - errorTop - between) * 0.45",
    ),
    "norm": ("errorLeft", "width", "errorBottom + between", "height"),
}
PARAMETERS = {"between": "92 * zoom", "region": "data('region')[0]"}
_OWN = ref("clippings[datum.clipping]")
_LINE: dict[str, Any] = {
    "color": _OWN,
    "strokeDash": of_cell(CLIPPING_DASHES, "clipping"),
    "strokeWidth": of_cell({"none": 5, "norm": 4, "value": 3}, "clipping"),
}
_SIZE = "narrow ? 12 : 14"
#: Of titles between the map and the panels beside it, which say the same above: only where there is room.
_BETWEEN: dict[str, Any] = {"titleOpacity": ref("narrow || width < 1000 * zoom ? 0 : 1")}
_PLACE = {"x": "b:Q", "y": "w:Q"}


def chart(sheet: Sheet) -> alt.LayerChart:
    """The picture; a click on the map is the selection GO of w and b."""
    sheet = replace(sheet, parameters={**sheet.parameters, "clippings": f"{sheet.theme.clippings}"})
    theme, (surface, errors, norms) = sheet.theme, sheet.panels()
    labels: dict[str, Any] = {"format": ".1f", "tickCount": 5}
    heights = alt.Scale(domain=[0, ref("region.highest")], range=[*HEIGHTS[sheet.background]], interpolate="rgb")
    ticks: dict[str, Any] = {"values": [0, 0.1, 0.2, 0.3, 0.4, 0.5], "format": "~r", "labelFlush": False, **_BETWEEN}
    error = errors.y("error:Q", (0, 0.5), "error", **ticks)
    norm = norms.log10("gradient_norm", tickCount=5, **_BETWEEN)
    return sheet.picture(
        [
            surface.lead(
                "region",
                x=surface.x("left:Q", ("region.left", "region.right"), "bias", **labels),
                y=surface.y("bottom:Q", ("region.bottom", "region.top"), "weight", **labels),
                color=alt.Color("highest:Q", scale=heights, legend=None),
            ),
            _strips(),
            of("edge").mark_line(color=theme.text, strokeWidth=1.5).encode(**_PLACE),
            _marks(),
            of("paths").mark_line(strokeJoin="round", **_LINE).encode(**_PLACE, detail="clipping:N"),
            _ends(theme),
            _arrows(theme),
            _start(theme),
            _cells(theme),
            surface.title("map"),
        ],
        _legend(theme),
        [
            _by_step(errors, error),
            # why they go up and down, above all of them, where there is room
            text(
                of("whole", "datum.zigzag_at && errorBottom - errorTop > 136 * zoom"),
                "zigzag",
                f"datum.zigzag_at === 'right' ? {errors.right} : {errors.left}",
                errors.top,
                "top",
                **_at_side("zigzag_at", -6),
                size=_SIZE,
                lineBreak="|",
            ),
            errors.title("errors"),
        ],
        [
            _by_step(norms, norm, "step"),
            # above it a step is clipped
            of("whole")
            .mark_rule(color=theme.text, strokeWidth=1.5, strokeDash=[2, 3])
            .encode(**norms.across, y="limit:Q"),
            # where it has fallen below the axis, on which no curve is where that is high
            text(
                of("kinds", "height - normTop > 70 * zoom"),
                "fell",
                "fell_at:Q",
                "height",
                "bottom left",
                dx=6,
                dy=-4,
                bold=True,
                color=_OWN,
            ),
            norms.title("norms"),
        ],
        padding={"bottom": 8},
    )


def _at_side(column: str, away: int) -> dict[str, Any]:
    """The style of a text to the side that a column says, so far away; if that is negative, towards the other one."""
    left, right = ("right", "left") if away > 0 else ("left", "right")
    at_right = f"datum.{column} === 'right'"
    return {"align": ref(f"{at_right} ? '{right}' : '{left}'"), "dx": ref(f"{at_right} ? {away} : {-away}")}


def _strips() -> Any:
    """The error, a strip for each weight; a strip reaches a pixel further, else the background shines through."""
    offset = "(datum.b - region.left) / (region.right - region.left)"
    stops = of("surface", offset=offset, color="scale('color', datum.error)")
    strips = stops.transform_aggregate(stops="values(color)", groupby=["w"]).mark_rect(
        height=ref("mapBottom / region.rows + 1"),
        fill=ref("{gradient: 'linear', x1: 0, y1: 0, x2: 1, y2: 0, stops: datum.stops}"),
    )
    return strips.encode(x=at("0"), x2=at("mapRight"), y="w:Q")


def _marks() -> Any:
    """What lies on either side of the cliff, and beside it its name."""
    side, away, above = (ref(f"datum.name === 'cliff' ? {one}") for one in ("'left' : 'center'", "10 : 0", "-16 : 0"))
    return text(of("marks"), "text", **_PLACE, size=_SIZE, align=side, dx=away, dy=above, lineBreak="|")


def _ends(theme: Theme) -> Any:
    """Where the descents that stay on the map end."""
    style: dict[str, Any] = {"shape": of_cell(CLIPPING_SHAPES, "clipping"), "size": 130, "fill": _OWN}
    ends = of("kinds").mark_point(**style, stroke=theme.panel, strokeWidth=1.5)
    return ends.encode(x="end_b:Q", y="end_w:Q")


def _arrows(theme: Theme) -> Any:
    """Where a descent leaves the map: an arrowhead in its direction, and how far it goes."""
    style: dict[str, Any] = {
        "align": ref("datum.right ? 'right' : 'left'"),
        "baseline": ref("datum.above ? 'bottom' : 'top'"),
        "dx": ref("(datum.right ? -1 : 1) * (datum.above === datum.way_w > 0 ? 12 : 32)"),
        # Of the first of three lines: as high as all of them, where there is room.
        "dy": ref("datum.above ? datum.high ? narrow ? -46 : -50 : -18 : datum.rises ? 36 : 6"),
        "lineBreak": "|",
    }
    name = text(of(), "free", halo=theme.panel, bold=True, size=_SIZE, color=_OWN, **style)
    across = "datum.way_b / (region.right - region.left) * mapRight"
    up = "datum.way_w / (region.top - region.bottom) * mapBottom"
    angle = ref(f"atan2({across}, {up}) * 180 / PI")
    head = of().mark_point(shape="triangle", size=400, angle=angle, color=_OWN)
    return group("kinds", name, head, x="exit_b:Q", y="exit_w:Q").transform_calculate(
        right="2 * datum.exit_b > region.left + region.right",
        up="(datum.exit_w - region.bottom) / (region.top - region.bottom)",
        high="datum.up < 0.75 || (1 - datum.up) * mapBottom > 60 * zoom",  # all three lines fit above it
        # Not where the path comes from, unless there is no room elsewhere.
        above="datum.up < 0.25 || (datum.high || narrow && datum.up < 0.92) && datum.way_w > 0",
        # To the side, so that it comes from further below.
        rises="datum.up < 0.97 && datum.way_w > 0",
        # Not on the names of the lines, which stand in the corner below.
        free="datum.right || datum.up * mapBottom > (datum.above ? 66 : 130) * zoom ? datum.leaves : ''",
    )


def _start(theme: Theme) -> Any:
    """Where all of them begin, unless that is outside of the map."""
    name = text(of(), "start", **_at_side("start_at", 9), halo=theme.panel, bold=True, size=_SIZE)
    whole = group("whole", name, of().mark_point(size=110, color=theme.text), x="start_b:Q", y="start_w:Q")
    across, up = "[region.left, region.right]", "[region.bottom, region.top]"
    return whole.transform_filter(f"inrange(whole.start_b, {across}) && inrange(whole.start_w, {up})")


def _cells(theme: Theme) -> Any:
    """What a click falls on; with `chosen` in the selection a second one on a cell counts once one has left it."""
    size = {name: ref(f"{side} / region.cells") for name, side in (("width", "mapRight"), ("height", "mapBottom"))}
    cells = of("cells", chosen="whole.start_b + ' ' + whole.start_w")
    fallen_on = cells.mark_rect(fill=theme.panel, fillOpacity=0, cursor="pointer", **size)
    return fallen_on.encode(**_PLACE).add_params(go_there("w", "b", "chosen"))


def _legend(theme: Theme) -> Any:
    """Which line is which, in a corner of the map that is free."""
    row, right = "indexof(['none', 'norm', 'value'], datum.clipping)", "whole.legend_at === 'right'"
    x = f"({right} ? mapRight - 146 * zoom : 10)"
    y = f"({right} ? (14 + 21 * {row}) * zoom : mapBottom - (14 + 21 * (2 - {row})) * zoom)"
    style: dict[str, Any] = {"halo": theme.panel, "bold": True, "size": _SIZE, "color": _OWN}
    return layered(*key(of("kinds"), "name", x, y, _LINE, "40", **style))


def _by_step(panel: Panel, height: alt.Y, name: str = "") -> Any:
    """A line for each kind of clipping."""
    across = panel.x("step:Q", (0, "whole.steps"), name, tickCount=5)
    return of("steps").mark_line(**_LINE).encode(x=across, y=height, detail="clipping:N")
