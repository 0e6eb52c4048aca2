"""The picture "Linear in T": what grows with the sequence length, against its value at the shortest one, both axes log.

Tables (see `table`): points, fits, labels, whole (one row).
"""

from typing import Any

import altair as alt

from rnn_dynamics.pictures.kit.layers import each, of, ref, text
from rnn_dynamics.pictures.kit.panel import LOG, Sheet
from rnn_dynamics.pictures.kit.theme import SOLID

#: Shape of the points and dash of the line of each name.
STYLES = {
    "parameters": ("square", [2, 3]),
    "forward": ("circle", SOLID),
    "backward": ("triangle-up", [7, 4]),
    "entries": ("cross", [3, 4]),
    "matrix": ("diamond", [12, 3, 2, 3]),
}
PANELS = {"plot": ("0", "narrow ? width : width - 210 * zoom", "0", "height")}
_LENGTHS, _RATIOS = [50, 100, 200, 400, 800, 1600], [1, 10, 100, 1000, 10_000]


def chart(sheet: Sheet) -> alt.LayerChart:
    """The picture."""
    (panel,), theme = sheet.panels(), sheet.theme
    others = {"parameters": theme.quiet, "entries": theme.text, "matrix": theme.text}
    colours = {name: f"'{others[name]}'" if name in others else "cellColour" for name in STYLES}
    ends = ("whole.first", "whole.last")
    x = panel.x("sequence_length:Q", ends, "length", scale=LOG, values=_LENGTHS, format="d")
    y = panel.y("ratio:Q", (0.7, "whole.top"), "ratio", scale=LOG, values=_RATIOS, format="~s")
    lines = {
        name: {"strokeDash": dash, "strokeWidth": 2.5, "color": ref(colours[name])}
        for name, (_, dash) in STYLES.items()
    }
    points = {name: {"shape": shape, "size": 90, "color": ref(colours[name])} for name, (shape, _) in STYLES.items()}
    # The names stand beside the right ends of the lines, on a phone on the picture.
    each_one = ", ".join(f"{name}: {colour}" for name, colour in colours.items())
    beside: dict[str, Any] = {"align": ref("narrow ? 'right' : 'left'"), "dx": ref("narrow ? -10 : 12")}
    beside |= {"size": "narrow ? 12 : 15", "bold": True, "halo": theme.panel}
    return sheet.picture(
        each("fits", lines, x=x, y=y),
        each("points", points, mark="point", x=x, y=y),
        text(of("labels"), "text", "sequence_length:Q", "place:Q", color=ref(f"{{{each_one}}}[datum.name]"), **beside),
        panel.title("title"),
        height=340,
    )
