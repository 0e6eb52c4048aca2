"""Gradients through trained networks: each cell's curve before its training, dashed, and after it.

Datasets (see `tables.before_after`): curves, whole (one row).
"""

from __future__ import annotations

from typing import Any

import altair as alt

from rnn_dynamics.pictures.kit.panels import POWER_OF_TEN, flattened, group, heading, picture, time_axis
from rnn_dynamics.pictures.kit.theme import CELL_NAMES, THEMES, Background
from rnn_dynamics.pictures.vanish_or_explode.chart import GRADIENTS

HEIGHT = 380
_PARAMETERS = {"narrow": "width < 560 * zoom", "whole": "data('whole')[0]"}
#: Of a curve before and after.
DASHES = {"before": [3, 4], "after": [1, 0]}


def before_after_chart(component: str, against: str, background: Background) -> alt.LayerChart:
    """The picture.

    Args:
        component: key of GRADIENTS.
        against: "step" or "lag", the horizontal axis.
        background: key of THEMES.
    """
    theme = THEMES[background]
    x = time_axis("x:Q", against == "step", "0", "width", tickCount=6)
    y = alt.Y(
        "y:Q",
        title=GRADIENTS[component],
        scale=alt.Scale(domain=[alt.ExprRef("whole.low"), alt.ExprRef("whole.high")], nice=False, zero=False),
        axis=alt.Axis(labelExpr=POWER_OF_TEN, tickCount=5, tickMinStep=100),
    )
    colour = alt.Color(
        "cell:N", scale=alt.Scale(domain=list(CELL_NAMES), range=list(theme.cells.values())), legend=None
    )
    dash = alt.StrokeDash("time:N", scale=alt.Scale(domain=list(DASHES), range=list(DASHES.values())), legend=None)
    curves = flattened(x="whole.steps", y="datum.points").mark_line(strokeWidth=3, order=None)
    side = {"align": "left" if against == "step" else "right", "dx": 8 if against == "step" else -8}
    style: dict[str, Any] = {"fontSize": alt.ExprRef("narrow ? 12 : 15"), "fontWeight": "bold", **side}
    halo = {"stroke": theme.panel, "strokeWidth": 5, "strokeJoin": "round", "opacity": 0.85}
    names: Any = alt.Chart().transform_calculate(start="whole.start")
    texts = [names.mark_text(**style, **halo), names.mark_text(**style).encode(color=colour)]
    title = "split(replace(whole.title, /¦/g, narrow ? '|' : ' '), '|')"
    return picture(
        theme,
        _PARAMETERS,
        group("curves", curves.encode(color=colour, strokeDash=dash, detail="time:N"), x=x, y=y),
        group("curves", *texts, x="start:Q", y="label:Q", text="text:N"),
        heading(theme, title, "0", "0"),
        height=HEIGHT,
    )
