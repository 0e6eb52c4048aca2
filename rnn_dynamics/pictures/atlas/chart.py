"""The picture "Atlas": a map in the colours of its values, and lines where a gradient turns to something else.

A click on a cell is the selection GO, which the server hears; pointing at one tells its value without the server.
Tables (see `table`): cells, borders, regions, columns, rows and whole (one row).
"""

from typing import Any

import altair as alt

from rnn_dynamics.pictures.kit.layers import AT_LEFT, FACTORS, go_there, group, hover, of, ref, text
from rnn_dynamics.pictures.kit.panel import Panel, Sheet
from rnn_dynamics.pictures.kit.theme import DIVERGING, SEQUENTIAL

HEIGHT = 460
PANELS = {"map": ("0", "width", "0", "height")}
#: `pointed`: the cell under the pointer.
PARAMETERS = {
    "columns": "pluck(data('columns'), 'name')",
    "rows": "pluck(data('rows'), 'name')",
    "pointed": "hover.place ? hover.place[0] + ' ' + hover.column[0] : ''",
}
#: Most columns and rows that a map can have.
_MOST = 40
_TIMES = {"labelExpr": "'×' + format(datum.value, '.3~r')"}
#: What a colour's scale is told of a value, its ends, its colours, and further options of its legend.
_SCALES: dict[str, tuple[str, tuple[str, str], tuple[str, ...], dict[str, Any]]] = {
    "factor": ("log(max(datum.value, 1e-9)) / LN2", ("-1", "1"), DIVERGING, FACTORS),
    "horizon": ("datum.value", ("whole.low", "whole.high"), SEQUENTIAL, {}),
    "loss": ("datum.value", ("whole.low", "whole.high"), SEQUENTIAL, {"format": ".2~r"}),
    "spread": ("datum.value", ("whole.low", "whole.high"), SEQUENTIAL, _TIMES),
}
#: Of the names on the map, which has the same colours on every page.
_DARK, _LIGHT = "#12161c", "#ffffff"
_NAME: dict[str, Any] = {"size": "narrow ? 12 : 15", "bold": True, "halo": _LIGHT, "color": _DARK}


def chart(sheet: Sheet) -> alt.LayerChart:
    """The picture in the colours of the view `colour`."""
    (panel,), colour = sheet.panels(past=False), sheet.views["colour"]
    _, ends, colours, legend = _SCALES[colour]
    return sheet.picture(
        *_axes(panel),
        _cells(sheet),
        *_borders(),
        _names(),
        *_here(),
        _pointed(sheet),
        panel.title("title"),
        sheet.colour_bar(colour, ends, colours, "row", **AT_LEFT | legend),
        height=HEIGHT,
        padding={"bottom": 44},
    )


def _axes(panel: Panel) -> list[Any]:
    """Carry the axes, which name the columns and rows."""
    named: dict[str, Any] = {"values": [k + 0.5 for k in range(_MOST)], "labelOverlap": True}
    across = panel.sheet.views["map_x"].replace(" ", "_")
    x = panel.x("column:Q", (0, "whole.columns"), across, labelExpr=_label("columns"), **named)
    y = panel.y("row:Q", (0, "whole.rows"), labelExpr=_label("rows"), **named)
    # Which one is up the views alone do not say: both may name the same.
    title = text(of("whole", "!narrow"), "up_title", "-48 * zoom", "height / 2", "bottom", angle=270, size=15)
    return [panel.lead("columns", x=x), panel.lead("rows", y=y), title]


def _label(names: str) -> str:
    one = f"{names}[floor(datum.value)]"
    return f"isValid({one}) ? {one} : ''"


def _cells(sheet: Sheet) -> Any:
    """The values, and a frame around the cell under the pointer; what has none has the last colour."""
    told, _, colours, _ = _SCALES[sheet.views["colour"]]
    colour = f"isValid(datum.value) ? scale('color', {told}) : '{colours[-1]}'"
    cells = of().mark_rect(x2Offset=1, y2Offset=-1, cursor="pointer", fill=ref("datum.colour"))
    frame = of(where="pointed === datum.place + ' ' + datum.column").mark_rect(
        fill=None, stroke=_DARK, strokeWidth=1.5, strokeDash=[3, 2]
    )
    cells = cells.add_params(hover("place", "column", "value"), go_there("place", "column"))
    both = group("cells", cells, frame, x="column:Q", x2="right:Q", y="place:Q", y2="above:Q")
    return both.transform_calculate(right="datum.column + 1", above="datum.place + 1", colour=colour)


def _borders() -> list[Any]:
    """Dashed between vanishing and holding, solid where gradients begin to explode, on white."""
    line = {"x": "x:Q", "x2": "x2:Q", "y": "y:Q", "y2": "y2:Q"}
    styles = [
        {"color": _LIGHT, "strokeWidth": 5, "strokeCap": "square", "opacity": 0.85},
        {"color": _DARK, "strokeWidth": 2.5, "strokeDash": ref("datum.explodes ? [] : [5, 4]")},
    ]
    return [group("borders", *(of().mark_rule(**style) for style in styles), **line)]


def _names() -> Any:
    return text(of("regions", "datum.narrow === narrow"), "name", "x:Q", "y:Q", "middle", **_NAME)


def _here() -> list[Any]:
    """You are here."""
    right, high = "whole.is_right", "whole.is_high"
    style: dict[str, Any] = {
        "align": ref(f"{right} ? 'right' : 'left'"),
        "baseline": ref(f"{high} ? 'top' : 'bottom'"),
        "dy": ref(f"{high} ? 5 : -4"),
    }
    frames = (of().mark_rect(fill=None, stroke=colour, strokeWidth=wide) for colour, wide in ((_LIGHT, 6), (_DARK, 3)))
    both = group("whole", *frames, x="left:Q", x2="right:Q", y="row:Q", y2="above:Q")
    corner = {"side": f"datum.left + ({right} ? 1 : 0)", "edge": f"datum.row + ({high} ? 0 : 1)"}
    return [
        both.transform_calculate(right="datum.left + 1", above="datum.row + 1"),
        text(of("whole", **corner), "here", "side:Q", "edge:Q", **style, **_NAME),
    ]


def _pointed(sheet: Sheet) -> Any:
    """The value of the cell under the pointer, beside the legend, or how to point at one."""
    colour = sheet.views["colour"]
    value = {"factor": ".3~r", "horizon": ".0f", "loss": ".3~r", "spread": ".3~r"}[colour]
    here = {
        "across": "whole.across + ' ' + columns[hover.column[0]]",
        "up": "whole.up + ' ' + rows[hover.place[0]]",
        "value": f"format(hover.value[0], '{value}')",
    }
    told, nothing = sheet.said(f"pointed_{colour}", **here), sheet.said(f"nothing_{colour}", **here)
    of_cell = f"isValid(hover.value[0]) ? {told} : {nothing}"
    rows = of("whole", text=f"narrow ? {sheet.said('tap')} : pointed ? ({of_cell}) : {sheet.said('point')}")
    style = {"size": "narrow ? 11 : 14", "color": sheet.theme.quiet}
    return text(rows, "text", "width", "narrow ? -4 : height + 78 * zoom", "bottom right", **style)
