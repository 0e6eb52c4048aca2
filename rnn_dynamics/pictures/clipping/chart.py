"""A real network with and without clipping: the norm of its gradient and its loss at every update.

Tables (see `table`): updates, ends, whole (one row).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import altair as alt

from rnn_dynamics.pictures.kit.panel import LOG10, Panel
from rnn_dynamics.pictures.kit.panels import at, group, picture
from rnn_dynamics.pictures.kit.theme import CLIPPING_DASHES, CLIPPING_SHAPES, THEMES, Background

_PARAMETERS = {
    "narrow": "width < 560 * zoom",
    "normBottom": "narrow ? height * 0.45 : height",
    "normEnd": "narrow ? width : width * 0.46",
    "lossStart": "narrow ? 0 : width * 0.56",
    "lossTop": "narrow ? height * 0.6 : 0",
    "whole": "data('whole')[0]",
    "dashes": f"{CLIPPING_DASHES}",
}
_OWN = alt.ExprRef("colours[datum.clipping]")


def chart(axes: Mapping[str, str], _: Mapping[str, str], background: Background) -> alt.LayerChart:
    """Norms beside losses; on a phone above them, with one axis below both."""
    theme = THEMES[background]
    norms = Panel(theme, axes, "0", "normEnd", "0", "normBottom")
    losses = Panel(theme, axes, "lossStart", "width", "lossTop", "height")
    norm = norms.y("log10_norm:Q", ("whole.low", "whole.high"), axes["gradient_norm"], tickCount=5, **LOG10)
    loss = losses.y("loss:Q", (0, "whole.top"), axes["loss"], clamp=True, tickCount=4)
    hidden = {"labelExpr": "narrow ? '' : datum.label", "titleOpacity": alt.ExprRef("narrow ? 0 : 1")}
    return picture(
        theme,
        _PARAMETERS | {"colours": f"{theme.clippings}"},
        alt.layer(*_curves(norms, norm, **hidden), _level(norms, "limit", "threshold")),
        alt.layer(*_curves(losses, loss), _level(losses, "chance_loss", "chance")),
        norms.title("title"),
        apart=("x", "y"),
        height=340,
    )


def _curves(panel: Panel, y: alt.Y, **axis: Any) -> tuple[alt.Chart, alt.Chart]:
    """The lines, and a cross where a network was lost, which may be at its first update, where there is no line yet."""
    places: dict[str, Any] = {"x": panel.x("update:Q", (0, "whole.updates"), panel.axes["update"], tickCount=5, **axis)}
    wide, dash = alt.ExprRef("narrow ? 1.5 : 3"), alt.ExprRef("dashes[datum.clipping]")
    line = alt.Chart(alt.NamedData("updates")).mark_line(color=_OWN, strokeWidth=wide, strokeDash=dash, order=None)
    cross: Any = CLIPPING_SHAPES["none"]
    dot = alt.Chart(alt.NamedData("ends")).mark_point(shape=cross, filled=True, size=160, opacity=1, color=_OWN)
    return line.encode(**places, y=y, detail="clipping:N"), dot.encode(**places, y=y)


def _level(panel: Panel, value: str, text: str) -> alt.LayerChart:
    """A line across the panel, with its name at the right."""
    rule = alt.Chart().mark_rule(color=panel.theme.text, strokeWidth=1.5, strokeDash=[2, 3])
    name = alt.Chart().mark_text(align="right", baseline="bottom", dy=-3, fontSize=14, color=panel.theme.text)
    across = rule.encode(x=at(panel.left), x2=at(panel.right))
    return group("whole", across, name.encode(x=at(panel.right), text=f"{text}:N"), y=f"{value}:Q")
