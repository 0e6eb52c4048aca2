"""The cobweb of x′ = tanh(w x): the curve, the diagonal, two paths and where they settle.

Tables (see `table`): lines, attractors, whole (one row).
"""

from typing import Any

import altair as alt

from rnn_dynamics.pictures.kit.layers import at, each, of
from rnn_dynamics.pictures.kit.panel import Sheet

PANELS = {"square": ("0", "side", "height - side", "height")}
PARAMETERS = {"side": "min(width, height)"}
_ENDS, _TICKS = (-1.1, 1.1), [-1, -0.5, 0, 0.5, 1]


def chart(sheet: Sheet) -> alt.LayerChart:
    """The cobweb in a square."""
    theme, (square,) = sheet.theme, sheet.panels()
    styles: dict[str, dict[str, Any]] = {
        "curve": {"color": theme.palette[0], "strokeWidth": 3},
        "up": {"color": theme.text, "strokeWidth": 1.5},
        "down": {"color": theme.text, "strokeWidth": 1.5, "strokeDash": [5, 3]},
    }
    x = square.x("state:Q", _ENDS, "state", values=_TICKS)
    y = square.y("next:Q", _ENDS, "next", values=_TICKS)
    diagonal = of("whole").mark_rule(color=theme.quiet)  # where a state stays as it is
    attractors = of("attractors").mark_point(size=160, color=theme.text, stroke=theme.panel, strokeWidth=1.5)
    return sheet.picture(
        diagonal.encode(x=at(square.left), y=at(square.bottom), x2=at(square.right), y2=at(square.top)),
        each("lines", styles, x=x, y=y),
        attractors.encode(x="state:Q", y="state:Q"),
        sheet.title("whole.title", "0", "0"),
        height=360,
    )
