"""Gradients through trained networks: each network's curve before its training, dashed, and after it.

Tables (see `table`): curves, labels, whole (one row).
"""

import altair as alt

from rnn_dynamics.pictures.kit.layers import by_cell
from rnn_dynamics.pictures.kit.panel import Sheet
from rnn_dynamics.pictures.kit.theme import SOLID

#: Of a curve before and after.
DASHES = {"before": [3, 4], "after": SOLID}


def chart(sheet: Sheet) -> alt.LayerChart:
    """The picture of one kind of gradient, view `gradient`, against "step" or "lag", view `axis`."""
    (panel,), colour = sheet.panels(), alt.Color(**by_cell(sheet.theme.cells))
    title = f"gradient_{sheet.views['gradient']}"
    y = panel.log10(title, tickCount=5)
    styles = {time: {"strokeDash": dash, "strokeWidth": 3} for time, dash in DASHES.items()}
    return sheet.picture(
        panel.lines("curves", styles, "time", x=panel.time(), y=y, color=colour, detail="name:N"),
        panel.labels(alt.ExprRef("scale('color', datum.cell)"), "narrow ? 12 : 15", nearer=False),
        panel.title("title"),
        height=380,
    )
