"""The picture "What initialisation really does": for each scheme and cell the factor per step, with its spread.

Tables (see `table`): lines (one row per scheme and cell), whole (one row).
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

import altair as alt

from rnn_dynamics.pictures.kit.panel import Panel, ref
from rnn_dynamics.pictures.kit.panels import at, group, heading, picture
from rnn_dynamics.pictures.kit.theme import CELL_NAMES, CELL_SHAPES, THEMES, Background, Theme

HEIGHT = 490

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
#: Lines of a text: "|" begins one, and on a phone "¦" does too.
_LINES = "split(replace({}, /¦/g, narrow ? '|' : ' '), '|')"
#: Columns of numbers, each with the place of its right end.
_COLUMNS = {
    "factor": "width - zoom * (narrow ? 56 : 224)",
    "horizon": "width - zoom * (narrow ? 2 : 110)",
    "remains": "width - 4",
}
#: Columns that a phone has no room for.
_WIDE = {"remains"}


def chart(axes: Mapping[str, str], _: Mapping[str, str], background: Background) -> alt.LayerChart:
    """The picture."""
    theme = THEMES[background]
    layers: list[Any] = [_rows(theme), _keeps(theme, axes), _spreads(theme), _names(theme), _numbers(theme)]
    return picture(theme, _PARAMETERS, *layers, _heads(theme, axes), _title(theme), height=HEIGHT)


def _rows(theme: Theme) -> alt.Chart:
    """The band of each line: what the pointer selects, and darker where a framework does this by itself."""
    hover = alt.selection_point(
        name="hover", on="pointermove", fields=["place"], clear="pointerout", empty=False, toggle=False
    )
    shade = "datum.place === pointed ? 0.16 : datum.marked ? 0.08 : 0.001"
    scale = alt.Scale(domain=[0, ref("whole.lines")], range=[ref("top"), ref("height")], nice=False, zero=False)
    return (
        alt.Chart(alt.NamedData("lines"))
        .transform_calculate(below="datum.place + 1")
        .mark_rect(fill=theme.quiet, fillOpacity=ref(shade))
        .encode(x=at("0"), x2=at("width"), y=alt.Y("place:Q", title=None, scale=scale, axis=None), y2="below:Q")
        .add_params(hover)
    )


def _keeps(theme: Theme, axes: Mapping[str, str]) -> Any:
    """Where a gradient keeps its size, and what lies on both sides of it; carries the horizontal axis."""
    panel = Panel(theme, axes, "left", "right", "top", "height")
    label = "'×' + format(datum.value, '~r')"
    ends, ticks = ("whole.low", "whole.high"), ref("narrow ? 3 : 6")
    factor = panel.x("keeps:Q", ends, axes["factors"], log=True, labelExpr=label, tickCount=ticks)
    style: dict[str, Any] = {"baseline": "bottom", "fontSize": ref("narrow ? 12 : 14")}
    below, wide = at("top - 4"), alt.Chart().transform_filter("!narrow")
    quiet = style | {"color": theme.quiet}
    layers: Any = group(
        "whole",
        alt.Chart().mark_rule(color=theme.text, strokeWidth=1.5).encode(x=factor, y=at("top"), y2=at("height")),
        alt.Chart().mark_text(**style, text=axes["keeps"], color=theme.text, fontWeight="bold").encode(y=below),
        wide.mark_text(**quiet, text=axes["shrinks"], align="right", dx=-30).encode(y=below),
        wide.mark_text(**quiet, text=axes["grows"], align="left", dx=30).encode(y=below),
        x=alt.X("keeps:Q"),
    )
    return layers.transform_calculate(keeps="1")


def _spreads(theme: Theme) -> Any:
    """All networks as a line, from the lowest to the highest, their median as a point."""
    point = alt.Chart().mark_point(filled=True, opacity=1, size=ref("narrow ? 60 : 110"))
    both: Any = group(
        "lines",
        alt.Chart().mark_rule(strokeWidth=5, strokeCap="round", opacity=0.45).encode(x="low:Q", x2="high:Q"),
        point.encode(x="median:Q", shape=alt.Shape("cell:N", scale=_by_cell(CELL_SHAPES), legend=None)),
        y=alt.Y("middle:Q"),
        color=_colour(theme),
    )
    return both.transform_filter("datum.known").transform_calculate(middle="datum.place + 0.5")


def _names(theme: Theme) -> Any:
    """Scheme and cell at the left; one short name on a phone."""
    wide, narrow = (alt.Chart().transform_filter(f"{no}narrow") for no in ("!", ""))
    bold, colour = ref("datum.marked ? 'bold' : 'normal'"), _colour(theme)
    style: dict[str, Any] = {"align": "left", "baseline": "middle"}
    scheme = wide.mark_text(**style, fontSize=15, fontWeight=bold, color=theme.text)
    cell = wide.mark_text(**style, fontSize=15, fontWeight="bold")
    short = narrow.mark_text(**style, fontSize=12, fontWeight=bold)
    return _beside(
        scheme.encode(x=at("4"), text="scheme:N"),
        cell.encode(x=at("180 * zoom"), text="name:N", color=colour),
        short.encode(x=at("0"), text="short:N", color=colour),
    )


def _numbers(theme: Theme) -> Any:
    """Columns at the right; a phone has room for two."""
    style: dict[str, Any] = {"align": "right", "baseline": "middle", "color": theme.text}
    return _beside(
        *(
            _in_column(name)
            .mark_text(**style, fontSize=ref("narrow ? 13 : 15"), fontWeight="bold" if name == "factor" else "normal")
            .encode(x=at(place), text=f"{name}:N")
            for name, place in _COLUMNS.items()
        )
    )


def _heads(theme: Theme, axes: Mapping[str, str]) -> alt.LayerChart:
    """What the columns of numbers are."""
    style: dict[str, Any] = {"align": "right", "baseline": "bottom", "color": theme.quiet, "lineHeight": 13}
    return group(
        "whole",
        *(
            _in_column(name)
            .transform_calculate(head=_LINES.format(json.dumps(axes[name], ensure_ascii=False)))
            .mark_text(**style, fontSize=ref("narrow ? 11 : 14"))
            .encode(x=at(place), text="head:N")
            for name, place in _COLUMNS.items()
        ),
        y=at(f"top - (narrow ? {style['lineHeight']} : 0) - 4"),
    )


def _title(theme: Theme) -> alt.LayerChart:
    """The claim, and below it the line under the pointer in full."""
    details = _LINES.format("(pointed === null ? whole.hint : details[pointed])")
    style: dict[str, Any] = {"align": "left", "baseline": "bottom", "lineHeight": 17, "color": theme.text}
    below = (
        alt.Chart()
        .transform_calculate(details=details)
        .mark_text(**style, fontSize=ref("narrow ? 12 : 15"))
        .encode(text="details:N", x=at("0"), y=at("narrow ? -38 : -4"))
    )
    claim = _LINES.format("whole.title + '|' + whole.remedies")
    return group("whole", heading(theme, claim, "0", "(narrow ? -46 : -16)"), below)


def _in_column(name: str) -> alt.Chart:
    return alt.Chart().transform_filter("!narrow") if name in _WIDE else alt.Chart()


def _beside(*layers: alt.Chart) -> Any:
    """Texts in the middle of each line."""
    texts: Any = group("lines", *layers, y=alt.Y("middle:Q"))
    return texts.transform_calculate(middle="datum.place + 0.5")


def _colour(theme: Theme) -> alt.Color:
    return alt.Color("cell:N", scale=_by_cell(theme.cells), legend=None)


def _by_cell(values: Mapping[str, Any]) -> alt.Scale:
    return alt.Scale(domain=list(CELL_NAMES), range=[values[cell] for cell in CELL_NAMES])
