"""The picture "Shapes of recurrence": an unrolled network, its edges as wide and dark as their gradient is large.

Time goes from left to right, on a phone downwards. What multiplies by the same matrix has the same letters and the same
dash, and lights up together under the pointer. Datasets (see `tables.shapes`): nodes, edges, whole (one row).
"""

from __future__ import annotations

from typing import Any

import altair as alt

from rnn_dynamics.pictures.kit.panels import POWER_OF_TEN, at, colour_bar, group, heading, picture
from rnn_dynamics.pictures.kit.theme import SEQUENTIAL, THEMES, Background, Theme

#: `across` and `left`: width of the network and where it begins; `pace`: from step to step; `radius`: of a state.
_PARAMETERS = {
    "narrow": "width < 560 * zoom",
    "whole": "data('whole')[0]",
    "across": "narrow ? width : min(width, whole.columns * 170)",
    "left": "(width - across) / 2",
    "pace": "narrow ? height / whole.rows : across / whole.columns",
    "radius": "narrow ? min(17, pace * 0.28) : min(24, pace * 0.24, height * 0.075)",
    "letters": "narrow || pace < 90 ? 11 : pace < 150 ? 14 : 16",
    "roomy": "!narrow && pace >= 100",
    "crowded": "pace < 80 || height < 260",
}
_LINES = "split(replace(whole.{}, /¦/g, narrow ? '|' : ' '), '|')"
#: A place in pixels, of the end of an edge ("1", "2") or of a node ("").
_ACROSS = "narrow ? datum.u{0} * width : left + datum.x{0} * across"
_DOWN = "narrow ? datum.v{0} * height : datum.y{0} * height"
#: An edge: its ends at the borders of their nodes, its direction (cx, cy), width and the end to which the arrow points.
_EDGE = {
    "ax": _ACROSS.format(1),
    "ay": _DOWN.format(1),
    "bx": _ACROSS.format(2),
    "by": _DOWN.format(2),
    "far": "sqrt(pow(datum.bx - datum.ax, 2) + pow(datum.by - datum.ay, 2))",
    "cx": "(datum.bx - datum.ax) / datum.far",
    "cy": "(datum.by - datum.ay) / datum.far",
    "share": "isValid(datum.value) ? clamp((datum.value - whole.low) / (whole.high - whole.low), 0, 1) : 0",
    "wide": "isValid(datum.value) ? (narrow ? 2 : 2.5) + (narrow ? 7 : 10) * datum.share : 1.5",
    "px": "datum.ax + datum.cx * (radius * datum.r1 + 1)",
    "py": "datum.ay + datum.cy * (radius * datum.r1 + 1)",
    "qx": "datum.bx - datum.cx * (radius * datum.r2 + 1)",
    "qy": "datum.by - datum.cy * (radius * datum.r2 + 1)",
    "back": "datum.state === 2 ? 1 : 0",
    "tip": "datum.wide + (narrow ? 6 : 8)",
    "tx": "datum.back ? datum.px + datum.cx * datum.tip / 2 : datum.qx - datum.cx * datum.tip / 2",
    "ty": "datum.back ? datum.py + datum.cy * datum.tip / 2 : datum.qy - datum.cy * datum.tip / 2",
    "turn": "atan2(datum.cy, datum.cx) * 180 / PI + (datum.back ? -90 : 90)",
    "aside": "datum.wide / 2 + letters * (0.7 + 0.75 * abs(datum.cy))",
}
#: At which share of an edge its letters and its number stand, so that they keep out of the way of other edges.
_LETTER = (
    "({back: roomy ? 0.34 : crowded ? 0.4 : 0.5, up: roomy ? 0.5 : narrow ? 0.7 : 0.9, bridge: 0.62})[datum.way] || 0.5"
)
_NUMBER = "({back: roomy ? 0.43 : 0.5, up: roomy ? 0.5 : narrow ? 0.3 : 0.14, bridge: 0.62})[datum.way] || 0.5"
#: An edge without room beside it: its letters stand on it, and its number is left out.
_PACKED = "(crowded && indexof(['back', 'bridge'], datum.way) >= 0 || narrow && datum.way === 'bridge')"
#: A dash for each matrix, an encoder's and a decoder's apart.
_DASH = (
    "({W_ih: [9, 2], W_hh: [1, 0], W_hy: [4, 2], V_ih: [9, 2, 3, 2], V_hh: [20, 2], V_hy: [4, 2]})[datum.weights]"
    " || [1, 0]"
)


def shape_chart(background: Background) -> alt.LayerChart:
    """The picture on a background, key of THEMES."""
    theme = THEMES[background]
    layers = _Layers(theme, SEQUENTIAL[4::-1] if background == "light" else SEQUENTIAL[1:])
    return picture(
        theme,
        _PARAMETERS,
        layers.edges(),
        layers.loss(),
        layers.nodes(),
        layers.legend(),
        heading(theme, _LINES.format("claim"), "0", "-26"),
        layers.caption(),
        apart=("color",),  # else the marks decide what the legend looks like
    )


def _pixels(name: str) -> Any:
    return {"field": name, "type": "quantitative", "scale": None, "axis": None}


class _Layers:
    """The layers; `colours` of a gradient, from the smallest to the largest."""

    def __init__(self, theme: Theme, colours: tuple[str, ...]) -> None:
        self.theme, self.colours = theme, colours

    def edges(self) -> alt.LayerChart:
        """Lines, arrowheads, letters and numbers."""
        scale = alt.Scale(domain=[alt.ExprRef("whole.low"), alt.ExprRef("whole.high")], range=list(self.colours))
        coloured = alt.Color("value:Q", scale=scale, legend=None)
        hover = alt.selection_point(
            name="hover",
            on="pointermove, touchstart",
            fields=["weights"],
            clear="pointerout",
            empty=False,
            toggle=False,
        )
        same = "hover.weights && datum.weights && hover.weights[0] === datum.weights"
        line: dict[str, Any] = {"x": _pixels("px"), "y": _pixels("py"), "x2": "qx", "y2": "qy"}
        quiet = alt.ExprRef(f"datum.state ? '{self.theme.quiet}' : '{self.theme.line}'")
        width = alt.ExprRef("datum.wide")
        # What a pointer near an edge meets; a line that cannot be seen at all has no width for it.
        target = alt.Chart().mark_rule(strokeWidth=22, opacity=0.005, color=self.theme.text)
        shared = alt.Chart().mark_rule(
            strokeWidth=alt.ExprRef("datum.wide + 9"), color=self.theme.quiet, opacity=alt.ExprRef(f"{same} ? 0.45 : 0")
        )
        plain = alt.Chart().transform_filter("!isValid(datum.value)")
        lit = alt.Chart().transform_filter("isValid(datum.value)")
        head: dict[str, Any] = {"shape": "triangle", "filled": True, "opacity": 1, "angle": alt.ExprRef("datum.turn")}
        head["size"] = alt.ExprRef("pow(datum.tip, 2)")
        there: dict[str, Any] = {"x": _pixels("tx"), "y": _pixels("ty")}
        return group(
            "edges",
            shared.encode(**line),
            target.encode(**line).add_params(hover),
            plain.mark_rule(strokeWidth=width, strokeDash=alt.ExprRef(_DASH), color=quiet).encode(**line),
            lit.mark_rule(strokeWidth=width, strokeDash=alt.ExprRef(_DASH)).encode(**line, color=coloured),
            plain.mark_point(**head, color=quiet).encode(**there),
            lit.mark_point(**head).encode(**there, color=coloured),
            *self._beside_edges("weights", "-", bold=True),
            *self._beside_edges("text", "+", bold=False),
        ).transform_calculate(**_EDGE)

    def _beside_edges(self, field: str, side: str, *, bold: bool) -> tuple[alt.Chart, alt.Chart]:
        """A text with a halo on one side of each edge, at a share of its length."""
        style: dict[str, Any] = {"fontSize": alt.ExprRef("letters"), "fontWeight": "bold" if bold else "normal"}
        halo: dict[str, Any] = {"stroke": self.theme.panel, "strokeWidth": 4, "strokeJoin": "round", "opacity": 0.85}
        place: dict[str, Any] = {"x": _pixels("lx"), "y": _pixels("ly"), "text": alt.Text(f"{field}:N")}
        texts = (
            alt.Chart()
            .transform_filter("true" if bold else f"!({_PACKED} || crowded && datum.way === 'up')")
            .transform_calculate(
                along=_LETTER if bold else _NUMBER,
                beside=f"{_PACKED} ? 0 : datum.aside",
                lx=f"datum.px + (datum.qx - datum.px) * datum.along {side} -datum.cy * datum.beside",
                ly=f"datum.py + (datum.qy - datum.py) * datum.along {side} datum.cx * datum.beside",
            )
        )
        colour = self.theme.quiet if bold else self.theme.text
        return texts.mark_text(**style, **halo).encode(**place), texts.mark_text(**style, color=colour).encode(**place)

    def loss(self) -> alt.LayerChart:
        """A bar beside all outputs, with the loss in it."""
        colour = alt.ExprRef(f"datum.lit ? '{self.theme.text}' : '{self.theme.line}'")
        thick = "radius * 0.6"
        beyond = "max(1.4 * radius, 60 - (whole.x2 - whole.x1) * across / 2)"  # the outputs: room for its text
        bottom = "whole.v2 * height + 1.4 * radius"
        ends: dict[str, Any] = {
            "x": at(f"narrow ? whole.u * width - {thick} : left + whole.x1 * across - {beyond}"),
            "x2": at(f"narrow ? whole.u * width + {thick} : left + whole.x2 * across + {beyond}"),
            "y": at(f"narrow ? min(whole.v1 * height - 1.4 * radius, {bottom} - 96) : whole.y * height - {thick}"),
            "y2": at(f"narrow ? {bottom} : whole.y * height + {thick}"),
        }
        bar = alt.Chart().mark_rect(fill=self.theme.panel, stroke=colour, strokeWidth=2, cornerRadius=5, opacity=1)
        text = alt.Chart().mark_text(
            angle=alt.ExprRef("narrow ? 270 : 0"),
            fontSize=alt.ExprRef("narrow ? 12 : 15"),
            fontWeight="bold",
            baseline="middle",
            color=colour,
        )
        middle: dict[str, Any] = {
            "x": at("narrow ? whole.u * width : left + (whole.x1 + whole.x2) / 2 * across"),
            "y": at(f"narrow ? min((whole.v1 + whole.v2) / 2 * height, {bottom} - 48) : whole.y * height"),
        }
        return group("whole", bar.encode(**ends), text.encode(**middle, text="loss:N"))

    def nodes(self) -> alt.LayerChart:
        """Circles, the decoder's states squares; states have the cell's colour, what is not computed yet is pale."""
        place: dict[str, Any] = {"x": _pixels("nx"), "y": _pixels("ny")}
        state = "indexof(['h', 's'], datum.kind) >= 0"
        size = "pow(2 * radius * datum.r * (datum.kind === 's' ? 0.9 : 1), 2)"
        shape = alt.ExprRef("datum.kind === 's' ? 'square' : 'circle'")
        ring = alt.Chart().transform_filter("datum.now")
        fill = f"datum.lit && {state} ? whole.colour : '{self.theme.panel}'"
        stroke = f"datum.lit ? ({state} ? whole.colour : '{self.theme.text}') : '{self.theme.line}'"
        ink = f"datum.lit ? ({state} ? '{self.theme.panel}' : '{self.theme.text}') : '{self.theme.line}'"
        return group(
            "nodes",
            ring.mark_point(
                shape=shape,
                fill=None,
                stroke=self.theme.text,
                strokeWidth=3,
                opacity=1,
                size=alt.ExprRef(f"pow(sqrt({size}) + 11, 2)"),
            ).encode(**place),
            alt.Chart()
            .mark_point(
                shape=shape,
                fill=alt.ExprRef(fill),
                stroke=alt.ExprRef(stroke),
                strokeWidth=2,
                opacity=1,
                size=alt.ExprRef(size),
            )
            .encode(**place),
            alt.Chart()
            .mark_text(
                fontSize=alt.ExprRef("max(11, radius * 0.78)"),
                fontWeight="bold",
                baseline="middle",
                color=alt.ExprRef(ink),
            )
            .encode(**place, text="text:N"),
        ).transform_calculate(nx=_ACROSS.format(""), ny=_DOWN.format(""))

    def caption(self) -> alt.Chart:
        """What the player's position shows, below the claim."""
        return (
            alt.Chart(alt.NamedData("whole"))
            .transform_calculate(lines=_LINES.format("caption"))
            .mark_text(
                align="left", baseline="bottom", fontSize=alt.ExprRef("narrow ? 12 : 15"), color=self.theme.quiet
            )
            .encode(x=at("0"), y=at("-12"), text="lines:N")
        )

    def legend(self) -> alt.Chart:
        """Colours of the gradient."""
        return colour_bar(
            "gradient through an edge",
            "low:Q",
            ("whole.low", "whole.high"),
            self.colours,
            legendX=0,
            legendY=alt.ExprRef("height - 16"),
            labelExpr=POWER_OF_TEN,
            tickMinStep=100,
            gradientLength=140,
        )
