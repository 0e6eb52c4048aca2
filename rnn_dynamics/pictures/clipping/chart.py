"""A real network with and without clipping: the norm of its gradient and its loss at every update.

Datasets (see `tables.clipping`): networks, whole (one row).
"""

from __future__ import annotations

from typing import Any

import altair as alt

from rnn_dynamics.pictures.kit.panels import POWER_OF_TEN, at, flattened, group, heading, picture
from rnn_dynamics.pictures.kit.theme import CLIPPING_DASHES, THEMES, Background

HEIGHT = 340
_PARAMETERS = {
    "narrow": "width < 560 * zoom",
    "normBottom": "narrow ? height * 0.45 : height",
    "normEnd": "narrow ? width : width * 0.46",
    "lossStart": "narrow ? 0 : width * 0.56",
    "lossTop": "narrow ? height * 0.6 : 0",
    "whole": "data('whole')[0]",
}


def clipping_chart(background: Background) -> alt.LayerChart:
    """The picture on a background, key of THEMES."""
    theme = THEMES[background]
    style = {
        "color": alt.Color("clipping:N", scale=_by_kind(theme.clippings), legend=None),
        "strokeDash": alt.StrokeDash("clipping:N", scale=_by_kind(CLIPPING_DASHES), legend=None),
    }

    def panel(field: str, y: alt.Y, start: str, end: str, bottom: str) -> alt.LayerChart:
        hidden = f"narrow && {bottom} < height"  # on a phone the panel below has the same axis
        x = alt.X(
            "x:Q",
            title="update",
            scale=alt.Scale(
                domain=[0, alt.ExprRef("whole.updates")], range=[alt.ExprRef(start), alt.ExprRef(end)], nice=False
            ),
            axis=alt.Axis(
                orient="bottom",
                offset=alt.ExprRef(f"{bottom} - height"),
                tickCount=5,
                labelExpr=f"{hidden} ? '' : datum.label",
                titleOpacity=alt.ExprRef(f"{hidden} ? 0 : 1"),
            ),
        )
        line = flattened(x="datum.updates", y=f"datum.{field}").mark_line(
            strokeWidth=alt.ExprRef("narrow ? 1.5 : 3"), order=None
        )
        # Where a network was lost, which may be at its first update, where there is no line yet.
        point = flattened(x="datum.updates", y=f"datum.{field}").transform_filter("datum.x == datum.ended")
        dot = point.mark_point(shape="cross", filled=True, size=160, opacity=1).encode(color=style["color"])
        return group("networks", line.encode(**style), dot, x=x, y=y)

    def level(field: str, text: str, start: str, end: str) -> alt.LayerChart:
        rule = alt.Chart().mark_rule(color=theme.text, strokeWidth=1.5, strokeDash=[2, 3])
        name = alt.Chart().mark_text(align="right", baseline="bottom", dy=-3, fontSize=14, text=text, color=theme.text)
        return group("whole", rule.encode(x=at(start), x2=at(end)), name.encode(x=at(end)), y=f"{field}:Q")

    norms = alt.Y(
        "y:Q",
        title="gradient norm",
        scale=alt.Scale(
            domain=[alt.ExprRef("whole.low"), alt.ExprRef("whole.high")],
            range=[alt.ExprRef("normBottom"), 0],
            nice=False,
            zero=False,
        ),
        axis=alt.Axis(labelExpr=POWER_OF_TEN, tickCount=5, tickMinStep=100),
    )
    losses = alt.Y(
        "y:Q",
        title="loss",
        scale=alt.Scale(
            domain=[0, alt.ExprRef("whole.top")], range=[alt.ExprRef("height"), alt.ExprRef("lossTop")], nice=False
        ),
        axis=alt.Axis(orient="left", offset=alt.ExprRef("-lossStart"), tickCount=4),
    )
    title = "split(replace(whole.title, /¦/g, narrow ? '|' : ' '), '|')"
    return picture(
        theme,
        _PARAMETERS,
        alt.layer(panel("norms", norms, "0", "normEnd", "normBottom"), level("threshold", "threshold", "0", "normEnd")),
        alt.layer(
            panel("losses", losses, "lossStart", "width", "height"), level("chance", "chance", "lossStart", "width")
        ),
        heading(theme, title, "0", "0"),
        apart=("x", "y"),
        height=HEIGHT,
    )


def _by_kind(values: dict[str, Any]) -> alt.Scale:
    return alt.Scale(domain=list(values), range=list(values.values()))
