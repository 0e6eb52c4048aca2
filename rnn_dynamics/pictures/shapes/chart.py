"""The picture "Shapes of recurrence": an unrolled network, its edges as wide and dark as their gradient is large.

Time goes from left to right, on a phone downwards. What multiplies by the same matrix has the same letters and the same
dash, and lights up together under the pointer. Tables (see `table`): nodes, edges, whole and stop (one row).
"""

from typing import Any

import altair as alt

from rnn_dynamics.pictures.kit.layers import LINES, LOG10, group, hover, of, pixels, ref, text
from rnn_dynamics.pictures.kit.panel import Sheet
from rnn_dynamics.pictures.kit.theme import SEQUENTIAL, Theme

#: `across` and `left`: width of the network and where it begins; `pace`: from step to step; `radius`: of a state.
PARAMETERS = {
    "across": "narrow ? width : min(width, whole.columns * 170)",
    "left": "(width - across) / 2",
    "pace": "narrow ? height / whole.rows : across / whole.columns",
    "radius": "narrow ? min(17, pace * 0.28) : min(24, pace * 0.24, height * 0.075)",
    "letters": "narrow || pace < 90 * zoom ? 11 : pace < 150 * zoom ? 14 : 16",
    "roomy": "!narrow && pace >= 100 * zoom",
    "crowded": "pace < 80 * zoom || height < 260",
    "stop": "data('stop')[0]",
}
#: A place in pixels, of the end of an edge ("1", "2") or of a node ("").
_ACROSS = "narrow ? datum.u{0} * width : left + datum.x{0} * pace"
_DOWN = "narrow ? datum.v{0} * pace : datum.y{0} * height"
#: An edge: its ends at the borders of their nodes, its direction (cx, cy), width and the end to which the arrow points.
_EDGE = {
    "ax": _ACROSS.format(1),
    "ay": _DOWN.format(1),
    "bx": _ACROSS.format(2),
    "by": _DOWN.format(2),
    "far": "sqrt(pow(datum.bx - datum.ax, 2) + pow(datum.by - datum.ay, 2))",
    "cx": "(datum.bx - datum.ax) / datum.far",
    "cy": "(datum.by - datum.ay) / datum.far",
    "arrived": "isValid(datum.log10_norm)",
    "share": "datum.arrived ? clamp((datum.log10_norm - whole.low) / (whole.high - whole.low), 0, 1) : 0",
    "wide": "datum.arrived ? (narrow ? 2 : 2.5) + (narrow ? 7 : 10) * datum.share : 1.5",
    "px": "datum.ax + datum.cx * (radius * datum.r1 + 1)",
    "py": "datum.ay + datum.cy * (radius * datum.r1 + 1)",
    "qx": "datum.bx - datum.cx * (radius * datum.r2 + 1)",
    "qy": "datum.by - datum.cy * (radius * datum.r2 + 1)",
    "back": "datum.state === 2 ? 1 : 0",
    "tip": "datum.wide + (narrow ? 6 : 8)",
    "tx": "datum.back ? datum.px + datum.cx * datum.tip / 2 : datum.qx - datum.cx * datum.tip / 2",
    "ty": "datum.back ? datum.py + datum.cy * datum.tip / 2 : datum.qy - datum.cy * datum.tip / 2",
    "turn": "atan2(datum.cy, datum.cx) * 180 / PI + (datum.back ? -90 : 90)",
}
#: Where the loss lies beside all outputs, and where its bar is: long enough for its text, on a phone upright.
_OUTPUTS = {"x1": "min(x2)", "x2": "max(x2)", "y": "min(y2)", "u": "min(u2)", "v1": "min(v2)", "v2": "max(v2)"}
_LOSS = {
    "beyond": "max(1.4 * radius, 60 - (datum.x2 - datum.x1) * pace / 2)",
    "near": "narrow ? datum.u * width - radius * 0.6 : left + datum.x1 * pace - datum.beyond",
    "far": "narrow ? datum.u * width + radius * 0.6 : left + datum.x2 * pace + datum.beyond",
    "below": "narrow ? datum.v2 * pace + 1.4 * radius : datum.y * height + radius * 0.6",
    "above": "narrow ? min(datum.v1 * pace - 1.4 * radius, datum.below - 96) : datum.y * height - radius * 0.6",
    "midway": "(datum.near + datum.far) / 2",
    "middle": "(datum.above + datum.below) / 2",
}
#: Which other edges are in the way of an edge's texts, where outputs are read again: "back" is one of those itself,
#: "up" has them on both sides, "bridge" leads from the encoder to the decoder, on a phone past the texts of all others.
_WAY = "whole.again && ({yh: 'back', ys: 'back', hy: 'up', sy: 'up', hs: 'bridge'})[datum.source[0] + datum.target[0]]"
#: At which share of an edge its letters and its number stand, so that they keep out of the way of other edges.
_LETTER = (
    "({back: roomy ? 0.34 : crowded ? 0.4 : 0.5, up: roomy ? 0.5 : narrow ? 0.7 : 0.9, bridge: 0.62})[datum.way] || 0.5"
)
_NUMBER = "({back: roomy ? 0.43 : 0.5, up: narrow ? 0.3 : 0.14, bridge: 0.62})[datum.way] || 0.5"
#: An edge without room beside it: its letters stand on it, and its number is left out.
_PACKED = "(crowded && indexof(['back', 'bridge'], datum.way) >= 0 || narrow && datum.way === 'bridge')"
#: A dash for each matrix, an encoder's and a decoder's apart.
_DASH = "({W_ih: [9, 2], W_hh: [], W_ho: [4, 2], V_ih: [9, 2, 3, 2], V_hh: [20, 2], V_ho: [4, 2]})[datum.weights] || []"
#: Whether the edge under the pointer, or the tapped one, has the same matrix.
_SAME = "hover.weights && datum.weights && hover.weights[0] === datum.weights"
#: Of a node; that of a ring around it.
_SIZE = "pow(2 * radius * datum.r * (datum.kind === 's' ? 0.9 : 1), 2)"
_RING = f"pow(sqrt({_SIZE}) + 11, 2)"


def chart(sheet: Sheet) -> alt.LayerChart:
    """The picture, the same for all shapes and stops."""
    theme, caption = sheet.theme, of("stop", lines=LINES.format("datum.caption"))
    legend: dict[str, Any] = {"legendX": 0, "legendY": ref("height - 16"), "gradientLength": 140, **LOG10}
    colours = SEQUENTIAL[4::-1] if sheet.background == "light" else SEQUENTIAL[1:]
    return sheet.picture(
        _edges(theme),
        _loss(theme),
        _nodes(theme),
        sheet.colour_bar("colour", ("whole.low", "whole.high"), colours, "low", **legend),
        sheet.title("whole.claim", "0", "-26"),
        text(caption, "lines", "0", "-12", "bottom left", size="narrow ? 12 : 15", color=theme.quiet),
    )


def _edges(theme: Theme) -> Any:
    """Lines, arrowheads, letters and numbers."""
    line = {**pixels(x="px", y="py"), "x2": "qx", "y2": "qy"}
    wide, colour = ref("datum.wide"), ref("datum.colour")
    shared: dict[str, Any] = {"strokeWidth": ref("datum.wide + 9"), "opacity": ref(f"{_SAME} ? 0.45 : 0")}
    head = of().mark_point(shape="triangle", size=ref("pow(datum.tip, 2)"), angle=ref("datum.turn"), color=colour)
    # What a pointer near an edge meets; a line that cannot be seen at all has no width for it.
    target = of().mark_rule(strokeWidth=22, opacity=0.005).encode(**line)
    whole = group(
        "edges",
        of().mark_rule(color=theme.quiet, **shared).encode(**line),
        target.add_params(hover("weights", on="pointermove, touchstart")),
        of().mark_rule(strokeWidth=wide, strokeDash=ref(_DASH), color=colour).encode(**line),
        head.encode(**pixels(x="tx", y="ty")),
        _beside_edges(theme, "weights", "-", bold=True),
        _beside_edges(theme, "text", "+", bold=False),
    )
    free = f"datum.state ? '{theme.quiet}' : '{theme.line}'"
    return whole.transform_calculate(
        **_EDGE, way=_WAY, colour=f"datum.arrived ? scale('color', datum.log10_norm) : {free}"
    )


def _beside_edges(theme: Theme, field: str, side: str, *, bold: bool) -> Any:
    """A text with a halo beside each edge, at a share of its length; a long text is further from a steep edge."""
    colour = theme.quiet if bold else theme.text
    aside = f"letters * (0.7 + max(0.75, length(datum.{field} || '') / 4 - 0.25) * abs(datum.cy))"
    rows = of(
        where="" if bold else f"!({_PACKED} || crowded && datum.way === 'up')",
        along=_LETTER if bold else _NUMBER,
        beside=f"{_PACKED} ? 0 : datum.wide / 2 + {aside}",
        lx=f"datum.px + (datum.qx - datum.px) * datum.along {side} -datum.cy * datum.beside",
        ly=f"datum.py + (datum.qy - datum.py) * datum.along {side} datum.cx * datum.beside",
    )
    return text(rows, field, **pixels(x="lx", y="ly"), size="letters", bold=bold, color=colour, halo=theme.panel)


def _loss(theme: Theme) -> Any:
    """A bar beside all outputs, with the loss in it."""
    colour = ref(f"stop.lit ? '{theme.text}' : '{theme.line}'")
    bar = of().mark_rect(fill=theme.panel, stroke=colour, strokeWidth=2, cornerRadius=5, opacity=1)
    style: dict[str, Any] = {"angle": ref("narrow ? 270 : 0"), "size": "narrow ? 12 : 15", "color": colour}
    name = text(of(), "loss", **pixels(x="midway", y="middle"), corner="middle", bold=True, **style)
    both = group("edges", bar.encode(**pixels(x="near", y="above"), x2="far", y2="below"), name)
    ends = both.transform_filter("datum.target === 'L'").transform_aggregate(**_OUTPUTS)
    return ends.transform_calculate(**_LOSS, loss="stop.loss")


def _nodes(theme: Theme) -> Any:
    """Circles, the decoder's states squares; states have the cell's colour, what is not computed yet is pale."""
    shape = ref("datum.kind === 's' ? 'square' : 'circle'")
    ring: dict[str, Any] = {"fill": None, "stroke": theme.text, "strokeWidth": 3, "size": ref(_RING)}
    disc: dict[str, Any] = {"fill": ref("datum.inside"), "stroke": ref("datum.border"), "strokeWidth": 2}
    whole = group(
        "nodes",
        of(where="datum.now").mark_point(shape=shape, **ring),
        of().mark_point(shape=shape, **disc, size=ref(_SIZE)),
        text(of(), "text", None, None, "middle", size="max(11, radius * 0.78)", bold=True, color=ref("datum.ink")),
        **pixels(x="nx", y="ny"),
    )
    return whole.transform_calculate(
        nx=_ACROSS.format(""),
        ny=_DOWN.format(""),
        state="indexof(['h', 's'], datum.kind) >= 0",
        inside=f"datum.lit && datum.state ? cellColour : '{theme.panel}'",
        border=f"!datum.lit ? '{theme.line}' : datum.state ? cellColour : '{theme.text}'",
        ink=f"!datum.lit ? '{theme.line}' : datum.state ? '{theme.panel}' : '{theme.text}'",
    )
