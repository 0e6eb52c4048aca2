"""The picture "What initialisation really does": for each scheme and cell the factor per step, with its spread.

Tables (see `table`): lines (one row per scheme and cell), whole (one row).
"""

from typing import Any

import altair as alt

from rnn_dynamics.pictures.kit.layers import LINES, POINTED, at, by_cell, group, hover, layered, of, ref, text
from rnn_dynamics.pictures.kit.panel import LOG, Panel, Sheet
from rnn_dynamics.pictures.kit.theme import CELL_SHAPES

#: Names on the left, the panel in the middle, columns of numbers on the right, in pixels; on a phone two short columns.
#: `pointed`: the line under the pointer, or null. `row`: the size of letters for which a line is high enough.
_TOP = "zoom * (narrow ? 40 : 24)"
PANELS = {  # a point at the end of the axis lies on no name
    "factors": ("zoom * (narrow ? 124 : 270)", "width - zoom * (narrow ? 108 : 318)", _TOP, "height")
}
PARAMETERS = POINTED | {
    "details": "pluck(data('lines'), 'details')",
    "row": "0.97 * (height - factorsTop) / whole.lines / zoom",
}
#: Columns of numbers, each with the place of its right end, and where there is room for it.
_COLUMNS = {
    "factor": ("width - zoom * (narrow ? 56 : 224)", ""),
    "horizon": ("width - zoom * (narrow ? 2 : 110)", ""),
    "remains": ("width - 4", "!narrow"),
}


def chart(sheet: Sheet) -> alt.LayerChart:
    """The picture."""
    # The claim, and below it the line under the pointer in full.
    details = LINES.format("(pointed === null ? whole.hint : details[pointed])")
    below: dict[str, Any] = {"lineHeight": 17, "size": "narrow ? 12 : 15"}
    return sheet.picture(
        _bands(sheet),
        _keeps(*sheet.panels()),
        _spreads(sheet),
        _texts(sheet),
        *(_column(sheet, name, *place) for name, place in _COLUMNS.items()),
        sheet.title("whole.title + '|' + whole.remedies", "0", "(narrow ? -46 : -16)"),
        text(of("whole", details=details), "details", "0", "narrow ? -38 : -4", "bottom left", **below),
        height=490,
    )


def _bands(sheet: Sheet) -> Any:
    """The band of each line: what the pointer selects, and darker where a framework does this by itself."""
    shade = ref("datum.place === pointed ? 0.16 : datum.marked ? 0.08 : 0.001")
    scale = alt.Scale(domain=[0, ref("whole.lines")], range=[ref("factorsTop"), ref("height")], nice=False, zero=False)
    bands = of("lines", below="datum.place + 1").mark_rect(fill=sheet.theme.quiet, fillOpacity=shade)
    y = alt.Y("place:Q", title=None, scale=scale, axis=None)
    return bands.encode(x=at("0"), x2=at("width"), y=y, y2="below:Q").add_params(hover("place"))


def _keeps(panel: Panel) -> Any:
    """Where a gradient keeps its size, and what lies on both sides of it; carries the horizontal axis."""
    keeps, shrinks, grows = (alt.value(panel.sheet.axes[name]) for name in ("keeps", "shrinks", "grows"))
    axis = {"labelExpr": "'×' + format(datum.value, '~r')", "tickCount": ref("narrow ? 3 : 6"), "titlePadding": 3}
    size, quiet, wide = "narrow ? 12 : 14", panel.sheet.theme.quiet, of(where="!narrow")
    x = panel.x("keeps:Q", ("whole.low", "whole.high"), "factors", scale=LOG, **axis)
    both = group(
        "whole",
        of().mark_rule(strokeWidth=1.5).encode(x=x, **panel.upright),
        text(of(), keeps, None, "factorsTop - 4", "bottom", bold=True, size=size),
        text(wide, shrinks, None, "factorsTop - 4", "bottom right", dx=-30, color=quiet, size=size),
        text(wide, grows, None, "factorsTop - 4", "bottom left", dx=30, color=quiet, size=size),
        x=alt.X("keeps:Q"),
    )
    return both.transform_calculate(keeps="1")


def _spreads(sheet: Sheet) -> Any:
    """All networks as a line, from the lowest to the highest, their median as a point."""
    point, shape = of().mark_point(size=ref("narrow ? 60 : 110")), alt.Shape(**by_cell(CELL_SHAPES))
    both = group(
        "lines",
        of().mark_rule(strokeWidth=5, strokeCap="round", opacity=0.45).encode(x="low:Q", x2="high:Q"),
        point.encode(x="median:Q", shape=shape),
        y=alt.Y("middle:Q"),
        color=alt.Color(**by_cell(sheet.theme.cells)),
    )
    return both.transform_filter("datum.known")


def _texts(sheet: Sheet) -> Any:
    """In each line scheme and cell at the left, on a phone one short name."""
    bold, colour = ref("datum.marked ? 'bold' : 'normal'"), alt.Color(**by_cell(sheet.theme.cells))
    wide, narrow = of(where="!narrow"), of(where="narrow")
    return group(
        "lines",
        text(wide, "scheme", "4", None, "middle left", size="min(15, row)", fontWeight=bold),
        text(wide, "name", "180 * zoom", None, "middle left", size="min(15, row)", bold=True).encode(color=colour),
        text(narrow, "short", "0", None, "middle left", size="min(12, row)", fontWeight=bold).encode(color=colour),
        y=alt.Y("middle:Q"),
    )


def _column(sheet: Sheet, name: str, x: str, where: str) -> Any:
    """The numbers of all lines, and above them what they are; `x` is their right end."""
    numbers, head = of("lines", where), of("whole", where, head=LINES.format(sheet.said(name)))
    above = "factorsTop - (narrow ? 13 : 0) - 4"
    style: dict[str, Any] = {"color": sheet.theme.quiet, "lineHeight": 13, "size": "narrow ? 11 : 14"}
    return layered(
        text(numbers, name, x, "middle:Q", "middle right", size="min(narrow ? 13 : 15, row)", bold=name == "factor"),
        text(head, "head", x, above, "bottom right", **style),
    )
