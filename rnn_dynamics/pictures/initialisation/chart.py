"""The picture "What initialisation really does": for each scheme and cell the factor per step, with its spread.

Datasets (see `tables.initialisations`): lines (one row per scheme and cell), whole (one row).
"""

from __future__ import annotations

from typing import Any

import altair as alt

from rnn_dynamics.pictures.kit.panels import at, group, heading, picture
from rnn_dynamics.pictures.kit.theme import CELL_NAMES, THEMES, Background, Theme

HEIGHT = 490
#: A shape per cell, so that no reader depends on colour.
SHAPES = {"rnn": "square", "jordan": "diamond", "lstm": "circle", "gru": "triangle-up"}

#: Names on the left, the panel in the middle, columns of numbers on the right, in pixels; on a phone two short columns.
#: `pointed`: the line under the pointer, or null.
_PARAMETERS = {
    "narrow": "width < 560 * zoom",
    "left": "zoom * (narrow ? 124 : 270)",  # a point at the end of the axis lies on no name
    "right": "width - zoom * (narrow ? 108 : 318)",
    "top": "zoom * (narrow ? 40 : 30)",
    "whole": "data('whole')[0]",
    "pointed": "hover.place ? hover.place[0] : null",
    "details": "pluck(data('lines'), 'details')",
}
#: Lines of a title: "|" begins one, and on a phone "¦" does too.
_LINES = "split(replace({}, /¦/g, narrow ? '|' : ' '), '|')"


def scheme_chart(background: Background) -> alt.LayerChart:
    """The picture; `background` is a key of THEMES."""
    panels = _Panels(THEMES[background])
    layers: list[Any] = [panels.rows(), panels.keeps(), panels.spreads(), panels.names(), panels.numbers()]
    return picture(panels.theme, _PARAMETERS, *layers, panels.heads(), panels.title(), height=HEIGHT)


class _Panels:
    """The layers."""

    def __init__(self, theme: Theme) -> None:
        self.theme = theme

    def rows(self) -> alt.Chart:
        """The band of each line: what the pointer selects, and darker where a framework does this by itself."""
        hover = alt.selection_point(
            name="hover", on="pointermove", fields=["place"], clear="pointerout", empty=False, toggle=False
        )
        shade = "datum.place === pointed ? 0.16 : datum.marked ? 0.08 : 0.001"
        lines = alt.Y(
            "place:Q",
            title=None,
            scale=alt.Scale(
                domain=[0, alt.ExprRef("whole.lines")],
                range=[alt.ExprRef("top"), alt.ExprRef("height")],
                nice=False,
                zero=False,
            ),
            axis=None,
        )
        return (
            alt.Chart(alt.NamedData("lines"))
            .transform_calculate(below="datum.place + 1")
            .mark_rect(fill=self.theme.quiet, fillOpacity=alt.ExprRef(shade))
            .encode(x=at("0"), x2=at("width"), y=lines, y2="below:Q")
            .add_params(hover)
        )

    def keeps(self) -> alt.LayerChart:
        """Where a gradient keeps its size, and what lies on both sides of it; carries the horizontal axis."""
        factor = alt.X(
            "keeps:Q",
            title="factor per step back",
            scale=alt.Scale(
                type="log",
                domain=[alt.ExprRef("whole.low"), alt.ExprRef("whole.high")],
                range=[alt.ExprRef("left"), alt.ExprRef("right")],
                nice=False,
            ),
            axis=alt.Axis(
                orient="bottom", labelExpr="'×' + format(datum.value, '~r')", tickCount=alt.ExprRef("narrow ? 3 : 6")
            ),
        )
        style: dict[str, Any] = {"baseline": "bottom", "fontSize": alt.ExprRef("narrow ? 12 : 14")}
        below = at("top - 4")
        wide = alt.Chart().transform_filter("!narrow")
        return group(
            "whole",
            alt.Chart()
            .mark_rule(color=self.theme.text, strokeWidth=1.5)
            .encode(x=factor, y=at("top"), y2=at("height")),
            alt.Chart().mark_text(**style, text="keeps", color=self.theme.text, fontWeight="bold").encode(y=below),
            wide.mark_text(**style, text="← shrinks", color=self.theme.quiet, align="right", dx=-30).encode(y=below),
            wide.mark_text(**style, text="grows →", color=self.theme.quiet, align="left", dx=30).encode(y=below),
            x=alt.X("keeps:Q"),
        )

    def spreads(self) -> alt.LayerChart:
        """All networks as a line, from the lowest to the highest, their median as a point."""
        return (
            group(
                "lines",
                alt.Chart().mark_rule(strokeWidth=5, strokeCap="round", opacity=0.45).encode(x="low:Q", x2="high:Q"),
                alt.Chart()
                .mark_point(filled=True, opacity=1, size=alt.ExprRef("narrow ? 60 : 110"))
                .encode(x="median:Q", shape=alt.Shape("cell:N", scale=self._scale(SHAPES.values()), legend=None)),
                y=alt.Y("middle:Q"),
                color=self._colour(),
            )
            .transform_filter("datum.known")
            .transform_calculate(middle="datum.place + 0.5")
        )

    def names(self) -> alt.LayerChart:
        """Scheme and cell at the left; one short name on a phone."""
        wide, narrow = (alt.Chart().transform_filter(f"{no}narrow") for no in ("!", ""))
        bold = alt.ExprRef("datum.marked ? 'bold' : 'normal'")
        style: dict[str, Any] = {"align": "left", "baseline": "middle"}
        return self._text(
            wide.mark_text(**style, fontSize=15, fontWeight=bold, color=self.theme.text).encode(
                x=at("4"), text="scheme:N"
            ),
            wide.mark_text(**style, fontSize=15, fontWeight="bold").encode(
                x=at("180 * zoom"), text="name:N", color=self._colour()
            ),
            narrow.mark_text(**style, fontSize=12, fontWeight=bold).encode(
                x=at("0"), text="short:N", color=self._colour()
            ),
        )

    def numbers(self) -> alt.LayerChart:
        """Columns at the right; a phone has room for two."""
        style: dict[str, Any] = {
            "align": "right",
            "baseline": "middle",
            "fontSize": alt.ExprRef("narrow ? 13 : 15"),
            "color": self.theme.text,
        }
        return self._text(
            *(
                (chart if chart else alt.Chart())
                .mark_text(**style, fontWeight="bold" if field == "factor" else "normal")
                .encode(x=at(place), text=f"{field}:N")
                for field, place, chart in self._columns()
            )
        )

    def heads(self) -> alt.LayerChart:
        """What the columns of numbers are."""
        style: dict[str, Any] = {"align": "right", "baseline": "bottom", "color": self.theme.quiet, "lineHeight": 13}
        words = {
            "factor": "'per step'",
            "horizon": "narrow ? ['steps', 'to 1 %'] : 'steps to 1 %'",
            "remains": "'at step 1'",
        }
        return group(
            "whole",
            *(
                (chart if chart else alt.Chart())
                .transform_calculate(head=words[field])
                .mark_text(**style, fontSize=alt.ExprRef("narrow ? 11 : 14"))
                .encode(x=at(place), text="head:N")
                for field, place, chart in self._columns()
            ),
            y=at(f"top - (narrow ? {style['lineHeight']} : 0) - 4"),
        )

    def title(self) -> alt.LayerChart:
        """The claim, and below it the line under the pointer in full."""
        details = _LINES.format("(pointed === null ? whole.hint : details[pointed])")
        style: dict[str, Any] = {"align": "left", "baseline": "bottom", "lineHeight": 17, "color": self.theme.text}
        below = (
            alt.Chart()
            .transform_calculate(details=details)
            .mark_text(**style, fontSize=alt.ExprRef("narrow ? 12 : 15"))
            .encode(text="details:N", x=at("0"), y=at("narrow ? -38 : -4"))
        )
        return group("whole", heading(self.theme, _LINES.format("whole.title"), "0", "(narrow ? -46 : -16)"), below)

    @staticmethod
    def _columns() -> tuple[tuple[str, str, alt.Chart | None], ...]:
        return (
            ("factor", "width - zoom * (narrow ? 56 : 224)", None),
            ("horizon", "width - zoom * (narrow ? 2 : 110)", None),
            ("remains", "width - 4", alt.Chart().transform_filter("!narrow")),
        )

    @staticmethod
    def _text(*layers: alt.Chart) -> alt.LayerChart:
        return group("lines", *layers, y=alt.Y("middle:Q")).transform_calculate(middle="datum.place + 0.5")

    def _colour(self) -> alt.Color:
        return alt.Color("cell:N", scale=self._scale(self.theme.cells), legend=None)

    @staticmethod
    def _scale(values: Any) -> alt.Scale:
        return alt.Scale(domain=list(CELL_NAMES), range=list(values))
