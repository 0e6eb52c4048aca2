"""The picture "Family tree": a curve for each cell, and beside them what a step back leaves of each.

Tables (see `table`): curves, labels, members (one row per cell), whole (one row).
"""

from typing import Any

import altair as alt

from rnn_dynamics.pictures.kit.layers import TIGHT, WIDE_TITLE, by_cell, group, of, ref, text
from rnn_dynamics.pictures.kit.panel import Panel, Sheet
from rnn_dynamics.pictures.kit.theme import CELL_DASHES, CELL_SHAPES

#: Where the panels are, in pixels; names of cells stand left of the factors, and numbers on their right.
PANELS = {
    "curves": ("0", "narrow ? width : width * 0.55", "0", "narrow ? height * 0.56 - 56 * zoom : height"),
    "factors": (
        "narrow ? zoom * 84 : width * 0.62 + zoom * 84",
        "width - zoom * (narrow ? 56 : 72)",
        "narrow ? height * 0.56 + 36 * zoom : 0",
        "height",
    ),
}
#: On a projector the panel is low and the type large: no larger than lets 14 names stand above each other.
_NAMES = f"narrow ? 12 : min(15, {0.85 / 14:.3g} * height / zoom)"
_SIZE = "min(narrow ? 13 : 16, 0.8 * (height - factorsTop) / whole.members / zoom)"


def chart(sheet: Sheet) -> alt.LayerChart:
    """The picture against "step" or "lag", as the view `axis` says; the chosen cell has a thick line."""
    curves, factors = sheet.panels()
    colours = sheet.theme.cells
    styles = {
        name: {
            "color": colour,
            "strokeDash": CELL_DASHES[name],
            "strokeWidth": ref(f"whole.cell === '{name}' ? 5 : 2.5"),
        }
        for name, colour in colours.items()
    }
    return sheet.picture(
        [
            curves.lines("curves", styles, x=curves.time(**WIDE_TITLE), y=curves.log10("state")),
            curves.labels(ref("colours[datum.name]"), _NAMES),
            curves.title("curves", TIGHT),
        ],
        [
            _keeps(factors),
            _factors(factors),
            _texts(factors),
            sheet.title("whole.factors", "narrow ? 0 : width * 0.62", "factorsTop", TIGHT),
        ],
        padding={"bottom": 44},
    )


def _keeps(panel: Panel) -> Any:
    """Where a gradient keeps its size; carries the horizontal axis."""
    x = panel.x("one:Q", ("0", "whole.most"), "factor", labelExpr="'×' + format(datum.value, '~r')", tickCount=4)
    return of("whole", one="1").mark_rule(strokeWidth=1.5).encode(x=x, **panel.upright)


def _factors(panel: Panel) -> Any:
    """A point for the whole gradient; a line from 0 as far as its path alone goes, where a cell has one."""
    shape = alt.Shape(**by_cell(CELL_SHAPES))
    return group(
        "members",
        of(where="isValid(datum.path)", zero="0").mark_rule(strokeWidth=7, opacity=0.4).encode(x="zero:Q", x2="path:Q"),
        of().mark_point(size=ref("narrow ? 70 : 120"), filled=True, opacity=1).encode(x="factor:Q", shape=shape),
        y=_row(),
        color=alt.Color(**by_cell(panel.sheet.theme.cells)),
    )


def _texts(panel: Panel) -> Any:
    """The name of each cell on the left, its factor on the right."""
    return group(
        "members",
        text(of(), "name", f"{panel.left} - 8", None, "middle right", size=_SIZE, bold=True),
        text(of(), "number", f"{panel.right} + 8", None, "middle left", size=_SIZE),
        y=_row(),
        color=alt.Color(**by_cell(panel.sheet.theme.cells)),
    )


def _row() -> alt.Y:
    """The place of each cell, the first one on top."""
    scale = alt.Scale(domain=[0, ref("whole.members")], range=[ref("factorsTop"), ref("height")], zero=False)
    return alt.Y("middle:Q", title=None, scale=scale, axis=None)
