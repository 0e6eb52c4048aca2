"""Gradients through trained networks: each network's curve before its training, dashed, and after it.

Tables (see `table`): curves, labels, whole (one row).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import altair as alt

from rnn_dynamics.pictures.kit.panel import LOG10, Panel
from rnn_dynamics.pictures.kit.panels import picture
from rnn_dynamics.pictures.kit.theme import THEMES, Background

_HEIGHT = 380
_PARAMETERS = {"narrow": "width < 560 * zoom", "whole": "data('whole')[0]"}
#: Of a curve before and after.
DASHES = {"before": [3, 4], "after": [1, 0]}


def chart(axes: Mapping[str, str], views: Mapping[str, str], background: Background) -> alt.LayerChart:
    """The picture of one kind of gradient, view `gradient`, against "step" or "lag", view `axis`."""
    theme = THEMES[background]
    panel = Panel(theme, axes, "0", "width", "0", "height", views["axis"] == "step")
    y = panel.y(
        "log10_norm:Q", ("whole.low", "whole.high"), axes[f"gradient_{views['gradient']}"], tickCount=5, **LOG10
    )
    cells = alt.Scale(domain=list(theme.cells), range=list(theme.cells.values()))
    styles: dict[str, dict[str, Any]] = {time: {"strokeDash": dash, "strokeWidth": 3} for time, dash in DASHES.items()}
    colour = alt.Color("cell:N", scale=cells, legend=None)
    return picture(
        theme,
        _PARAMETERS,
        panel.lines("curves", styles, "time", x=panel.time(), y=y, color=colour, detail="name:N"),
        panel.labels("labels", alt.ExprRef("narrow ? 12 : 15"), alt.ExprRef("scale('color', datum.cell)")),
        panel.title("title"),
        height=_HEIGHT,
    )
