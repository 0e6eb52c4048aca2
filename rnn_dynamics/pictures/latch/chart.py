"""The cobweb of x′ = tanh(w x): the curve, the diagonal, two paths and where they settle.

Tables (see `table`): lines, attractors, whole (one row).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import altair as alt

from rnn_dynamics.pictures.kit.panel import LINES, Panel
from rnn_dynamics.pictures.kit.panels import at, group, heading, picture
from rnn_dynamics.pictures.kit.theme import THEMES, Background

_PARAMETERS = {"narrow": "width < 560 * zoom", "side": "min(width, height)", "whole": "data('whole')[0]"}
_ENDS, _TICKS = (-1.1, 1.1), [-1, -0.5, 0, 0.5, 1]


def chart(axes: Mapping[str, str], _: Mapping[str, str], background: Background) -> alt.LayerChart:
    """The cobweb in a square."""
    theme = THEMES[background]
    square = Panel(theme, axes, "0", "side", "height - side", "height")
    styles: dict[str, dict[str, Any]] = {
        "curve": {"color": theme.palette[0], "strokeWidth": 3},
        "up": {"color": theme.text, "strokeWidth": 1.5},
        "down": {"color": theme.text, "strokeWidth": 1.5, "strokeDash": [5, 3]},
    }
    lines = [
        alt.Chart().transform_filter(f"datum.name === '{name}'").mark_line(order=None, **style)
        for name, style in styles.items()
    ]
    x = square.x("state:Q", _ENDS, axes["state"], values=_TICKS)
    y = square.y("next:Q", _ENDS, axes["next"], values=_TICKS)
    diagonal = alt.Chart(alt.NamedData("whole")).mark_rule(color=theme.quiet)  # where a state stays as it is
    attractors = alt.Chart(alt.NamedData("attractors")).mark_point(
        filled=True, size=160, color=theme.text, stroke=theme.panel, strokeWidth=1.5, opacity=1
    )
    return picture(
        theme,
        _PARAMETERS,
        diagonal.encode(x=at(square.left), y=at(square.bottom), x2=at(square.right), y2=at(square.top)),
        group("lines", *lines, x=x, y=y),
        attractors.encode(x="state:Q", y="state:Q"),
        heading(theme, LINES.format("title"), "0", "0"),
        height=360,
    )
