"""The picture "Linear in T": what grows with the sequence length, against its value at the shortest one, both axes log.

Tables (see `table`): points, fits, labels, whole (one row).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import altair as alt

from rnn_dynamics.pictures.kit.panel import Panel, haloed
from rnn_dynamics.pictures.kit.panels import group, picture
from rnn_dynamics.pictures.kit.theme import THEMES, Background

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
_LENGTHS, _RATIOS = [50, 100, 200, 400, 800, 1600], [1, 10, 100, 1000, 10_000]


def chart(axes: Mapping[str, str], _: Mapping[str, str], background: Background) -> alt.LayerChart:
    """The picture."""
    theme = THEMES[background]
    colours = dict(zip(STYLES, (f"'{theme.quiet}'", "own", "own", *2 * [f"'{theme.text}'"]), strict=True))
    panel = Panel(theme, axes, "0", "plotEnd", "0", "height")
    x = panel.x(
        "sequence_length:Q", ("whole.first", "whole.last"), axes["length"], log=True, values=_LENGTHS, format="d"
    )
    y = panel.y("ratio:Q", (0.7, "whole.top"), axes["ratio"], log=True, values=_RATIOS, format="~s")
    lines: dict[str, dict[str, Any]] = {
        name: {"strokeDash": dash, "strokeWidth": 2.5, "color": alt.ExprRef(colours[name])}
        for name, (_, dash) in STYLES.items()
    }
    points = [
        alt.Chart()
        .transform_filter(f"datum.name === '{name}'")
        .mark_point(shape=shape, filled=True, size=90, opacity=1, color=alt.ExprRef(colours[name]))
        for name, (shape, _) in STYLES.items()
    ]
    return picture(
        theme,
        _PARAMETERS | {"own": f"{theme.cells}[whole.cell]"},
        panel.lines("fits", lines, x=x, y=y),
        group("points", *points, x=x, y=y),
        _names(panel, colours),
        panel.title("title"),
        height=340,
    )


def _names(panel: Panel, colours: Mapping[str, str]) -> alt.LayerChart:
    """The names of the lines, beside their right ends; on a phone they stand on the picture."""
    style: dict[str, Any] = {"fontSize": alt.ExprRef("narrow ? 12 : 15"), "fontWeight": "bold"}
    side: dict[str, Any] = {"align": alt.ExprRef("narrow ? 'right' : 'left'"), "dx": alt.ExprRef("narrow ? -10 : 12")}
    each = ", ".join(f"{name}: {colour}" for name, colour in colours.items())
    layers = haloed(panel.theme, alt.ExprRef(f"{{{each}}}[datum.name]"), 5, **style, **side)
    return group("labels", *layers, x="sequence_length:Q", y="place:Q", text="text:N")
