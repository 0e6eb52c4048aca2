"""The picture "Linear in T": what grows with the sequence length, against its value at the shortest one, both axes log.

Datasets (see `tables.cost`): points, fits, whole (one row).
"""

from __future__ import annotations

from typing import Any

import altair as alt

from rnn_dynamics.pictures.kit.panels import at, group, heading, picture
from rnn_dynamics.pictures.kit.theme import THEMES, Background

HEIGHT = 340
#: Shape of the points and dash of the line of each name.
STYLES = {
    "parameters": ("square", [2, 3]),
    "forward": ("circle", [1, 0]),
    "backward": ("triangle-up", [7, 4]),
    "entries": ("cross", [3, 4]),
    "matrix": ("diamond", [12, 3, 2, 3]),
}
_PARAMETERS = {
    "narrow": "width < 560 * zoom",
    "plotEnd": "narrow ? width : width - 210 * zoom",
    "whole": "data('whole')[0]",
}


def cost_chart(cell: str, background: Background) -> alt.LayerChart:
    """The picture of a cell, on a background that is a key of THEMES."""
    theme = THEMES[background]
    own = theme.cells[cell]
    colours = dict(zip(STYLES, (theme.quiet, own, own, theme.text, theme.text), strict=True))
    colour = alt.ExprRef(f"{colours}[datum.name]")
    x = alt.X(
        "x:Q",
        title="sequence length T",
        scale=alt.Scale(
            type="log",
            domain=[alt.ExprRef("whole.first"), alt.ExprRef("whole.last")],
            range=[0, alt.ExprRef("plotEnd")],
            nice=False,
        ),
        axis=alt.Axis(values=[50, 100, 200, 400, 800, 1600], format="d"),
    )
    y = alt.Y(
        "y:Q",
        title="× the value at T = 50",
        scale=alt.Scale(type="log", domain=[0.7, alt.ExprRef("whole.top")], nice=False),
        axis=alt.Axis(values=[1, 10, 100, 1000, 10_000], format="~s"),
    )
    points = [
        alt.Chart()
        .transform_filter(f"datum.name === '{name}'")
        .mark_point(shape=shape, filled=True, size=90, opacity=1, color=colour)
        for name, (shape, _) in STYLES.items()
    ]
    lines = [
        alt.Chart()
        .transform_filter(f"datum.name === '{name}'")
        .mark_rule(strokeDash=dash, strokeWidth=2.5, color=colour)
        .encode(x2="x2:Q", y2="y2:Q")
        for name, (_, dash) in STYLES.items()
    ]
    style: dict[str, Any] = {"fontSize": alt.ExprRef("narrow ? 12 : 15"), "fontWeight": "bold"}
    side: dict[str, Any] = {"align": alt.ExprRef("narrow ? 'right' : 'left'"), "dx": alt.ExprRef("narrow ? -10 : 12")}
    halo: dict[str, Any] = {"stroke": theme.panel, "strokeWidth": 5, "strokeJoin": "round", "opacity": 0.85}
    names = [
        alt.Chart().mark_text(**style, **side, **extra).encode(x=alt.X("x2:Q"), y="label:Q", text="text:N")
        for extra in (halo, {"color": colour})
    ]
    title = heading(theme, "split(replace(whole.title, /¦/g, narrow ? '|' : ' '), '|')", "0", "0").encode(x=at("0"))
    return picture(
        theme,
        _PARAMETERS,
        group("fits", *lines, x=x, y=y),
        group("points", *points, x="x:Q", y="y:Q"),
        group("fits", *names),
        title,
        height=HEIGHT,
    )
