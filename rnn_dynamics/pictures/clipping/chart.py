"""A real network with and without clipping: the norm of its gradient and its loss at every update.

Tables (see `table`): updates, ends, levels, whole (one row).
"""

from typing import Any

import altair as alt

from rnn_dynamics.pictures.kit.layers import WIDE_TITLE, of, of_cell, ref
from rnn_dynamics.pictures.kit.panel import CLAMPED, Panel, Sheet
from rnn_dynamics.pictures.kit.theme import CLIPPING_DASHES, CLIPPING_SHAPES

PANELS = {
    "norm": ("0", "narrow ? width : width * 0.46", "0", "narrow ? height * 0.45 : height"),
    "loss": ("narrow ? 0 : width * 0.56", "width", "narrow ? height * 0.6 : 0", "height"),
}


def chart(sheet: Sheet) -> alt.LayerChart:
    """Norms beside losses; on a phone above them, with one axis below both."""
    norms, losses = sheet.panels()
    norm = norms.log10("gradient_norm", tickCount=5)
    loss = losses.y("loss:Q", (0, "whole.top"), "loss", scale=CLAMPED, tickCount=4)
    hidden = {"labelExpr": "narrow ? '' : datum.label", **WIDE_TITLE}
    return sheet.picture(
        [*_curves(norms, norm, **hidden), _level(norms, "threshold"), norms.title("title")],
        [*_curves(losses, loss), _level(losses, "chance")],
        height=340,
    )


def _level(panel: Panel, name: str) -> Any:
    return panel.level("levels", "value:Q", "text", where=f"datum.name === '{name}'")


def _curves(panel: Panel, y: alt.Y, **axis: Any) -> tuple[Any, Any]:
    """The lines, and a cross where a network was lost, which may be at its first update, where there is no line yet."""
    x = panel.x("update:Q", (0, "whole.updates"), "update", tickCount=5, **axis)
    own, dash = of_cell(panel.sheet.theme.clippings, "clipping"), of_cell(CLIPPING_DASHES, "clipping")
    line = of("updates").mark_line(color=own, strokeWidth=ref("narrow ? 1.5 : 3"), strokeDash=dash)
    ends = of("ends").mark_point(color=own, shape=CLIPPING_SHAPES["none"], size=160)
    return line.encode(x=x, y=y, detail="clipping:N"), ends.encode(x=x, y=y)
