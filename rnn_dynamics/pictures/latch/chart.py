"""The cobweb of x' = tanh(w x): the curve, the diagonal, two paths and where they settle.

Datasets (see `tables.latch`): lines, attractors, title.
"""

from __future__ import annotations

from typing import Any

import altair as alt

from rnn_dynamics.pictures.kit.panels import at, flattened, group, heading, picture
from rnn_dynamics.pictures.kit.theme import THEMES, Background, Theme

HEIGHT = 360
_PARAMETERS = {
    "narrow": "width < 560 * zoom",
    "side": "min(width, height)",
    "title": "split(data('title')[0].lines, '|')",
}


def latch_chart(background: Background) -> alt.LayerChart:
    """The cobweb on one background."""
    theme = THEMES[background]
    lines: Any = [
        _line("curve", color=theme.palette[0], strokeWidth=3),
        _line("up", color=theme.text, strokeWidth=1.5),
        _line("down", color=theme.text, strokeWidth=1.5, strokeDash=[5, 3]),
    ]
    x, y = (_axis(alt.X, "x:Q", "state x", "bottom"), _axis(alt.Y, "y:Q", "next state x′", "left"))
    attractors = alt.Chart(alt.NamedData("attractors")).mark_point(
        filled=True, size=160, color=theme.text, stroke=theme.panel, strokeWidth=1.5, opacity=1
    )
    return picture(
        theme,
        _PARAMETERS,
        _diagonal(theme),
        group("lines", *lines, x=x, y=y),
        attractors.encode(x="x:Q", y="x:Q"),
        heading(theme, "title", "0", "0", data="title"),
        height=HEIGHT,
    )


def _axis(channel: Any, field: str, title: str, orient: Any) -> Any:
    """Both axes go from −1.1 to 1.1 and are equally long."""
    ends: list[Any] = (
        [0, alt.ExprRef("side")] if orient == "bottom" else [alt.ExprRef("height"), alt.ExprRef("height - side")]
    )
    return channel(
        field,
        title=title,
        scale=alt.Scale(domain=[-1.1, 1.1], range=ends, nice=False, zero=False),
        axis=alt.Axis(orient=orient, values=[-1, -0.5, 0, 0.5, 1]),
    )


def _line(name: str, **style: Any) -> alt.Chart:
    return (
        flattened(x="datum.x", y="datum.y").transform_filter(f"datum.name === '{name}'").mark_line(order=None, **style)
    )


def _diagonal(theme: Theme) -> alt.Chart:
    """Where a state stays as it is."""
    return (
        alt.Chart(alt.NamedData("title"))
        .mark_rule(color=theme.quiet)
        .encode(x=at("0"), y=at("height"), x2=at("side"), y2=at("height - side"))
    )
