"""The picture "Your network": the gradient of each layer and direction through time, and below it the gate that keeps.

Where there is none, the gradient has the whole height. Tables (see `table`): curves, gates, labels, whole (one row).
Dashed is the same network as PyTorch begins.
"""

from typing import Any

import altair as alt

from rnn_dynamics.pictures.kit.axes import WIDE_REACH
from rnn_dynamics.pictures.kit.layers import OWN, WIDE_TITLE, each, of, ref, text, with_lag
from rnn_dynamics.pictures.kit.panel import Panel, Sheet

#: Where the panels are, in pixels. `between`: room of an axis and a title.
PANELS = {
    "gradient": ("zoom * (narrow ? 52 : 76)", "width", "0", "whole.gated ? (height - between) * 0.62 : height"),
    "gate": ("gradientLeft", "width", "whole.gated ? gradientBottom + between : height", "height"),
}
PARAMETERS = {"between": "zoom * (narrow ? 92 : 56)"}
_SIZE = "narrow ? 12 : 15"
#: Of the axes of the gate's panel.
_GATED: dict[str, Any] = {
    "labelExpr": "whole.gated ? datum.label : ''",
    "titleOpacity": ref("whole.gated && !narrow ? 1 : 0"),
}


def chart(sheet: Sheet) -> alt.LayerChart:
    """The picture of one kind of gradient, view `gradient`, against "step" or "lag", view `axis`."""
    gradient, gate = sheet.panels()
    title = f"gradient_{sheet.views['gradient']}"
    norms = gradient.log10(title, tickCount=5, **WIDE_TITLE)
    kept = gate.y("kept:Q", (0, 1), "kept", values=[0, 0.5, 1], **_GATED)
    quiet, note = sheet.theme.quiet, of("whole", text="split(datum.no_gate, '|')")
    # In the corner that a gradient which fades leaves free.
    side, x, dx = ("right", gradient.right, -8) if gradient.at_start else ("left", gradient.left, 8)
    return sheet.picture(
        [
            _lines(gradient, "curves", norms),
            gradient.labels(ref(f"datum.name === 'fresh' ? '{quiet}' : cellColour"), _SIZE, reach=WIDE_REACH),
            text(note, "text", x, f"{gradient.bottom} - 44 * zoom", f"top {side}", size=_SIZE, dx=dx),
            gradient.title("gradient"),
        ],
        [_lines(gate, "gates", kept), gate.title("gate")],
        height=460,
        padding={"bottom": 8},
    )


def _lines(panel: Panel, data: str, y: alt.Y) -> Any:
    """The given network's curves, above those of the fresh one."""
    styles = {
        "fresh": {"color": panel.sheet.theme.quiet, "strokeWidth": 2, "strokeDash": [5, 4]},
        "given": {"color": OWN, "strokeWidth": 3.5},
    }
    above = {"labelExpr": "whole.gated ? '' : datum.label", "titleOpacity": 0}  # the gate below has the same axis
    x = panel.time(**above if data == "curves" else {"labelExpr": _GATED["labelExpr"]})
    return with_lag(each(data, styles, "kind", x=x, y=y, detail="place:N"))
