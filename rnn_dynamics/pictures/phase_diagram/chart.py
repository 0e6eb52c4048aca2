"""The picture "Phase diagram": where gradients vanish and explode, and beside it the split of dL/dW_hh by lag.

A click on a cell of the map is the selection GO, which the server hears; pointing at one tells its factor without the
server. Tables (see `table`): cells, lines, columns, lags, names and whole (one row each).
"""

from typing import Any

import altair as alt

from rnn_dynamics.pictures.kit.layers import (
    AT_LEFT,
    FACTORS,
    OWN,
    TIGHT,
    WIDE_TITLE,
    go_there,
    group,
    hover,
    of,
    ref,
    text,
    with_lag,
)
from rnn_dynamics.pictures.kit.map_rows import SCALES, scale_axis
from rnn_dynamics.pictures.kit.panel import Panel, Sheet
from rnn_dynamics.pictures.kit.theme import DIVERGING

HEIGHT = 500

#: Where the panels are, in pixels: the map on the left, parts and running sum on the right; on a phone the parts
#: below the map and no sum. `late`: whether the sum is whole only in its second half. `pointed`: the cell under the
#: pointer.
PANELS = {
    "map": ("0", "narrow ? width : width * 0.5", "0", "narrow ? height * 0.42 : height"),
    "parts": ("narrow ? 0 : width * 0.6", "width", "narrow ? height * 0.76 : 0", "height * (narrow ? 1 : 0.66)"),
    "share": ("partsLeft", "width", "height * (narrow ? 1 : 0.74)", "height"),
}
PARAMETERS = SCALES | {
    "late": "whole.reached * 2 > whole.length",
    "columns": "pluck(data('columns'), 'value')",
    "pointed": "hover.place ? hover.place[0] + ' ' + hover.column[0] : ''",
}
#: Most columns of the map that have a name.
_COLUMNS = 15
#: Of the names on the map, which is light on every page.
_NAME: dict[str, Any] = {"size": "narrow ? 12 : 14", "bold": True, "halo": "#ffffff"}


def chart(sheet: Sheet) -> alt.LayerChart:
    """The picture with "input" or "lag" across the map, as the view `across` says."""
    phases, parts, sums = sheet.panels(past=False)
    return sheet.picture(
        [_axes(phases), _cells(sheet), _pointed(sheet), _lines(sheet), *_here(sheet), phases.title("map", TIGHT)],
        [*_parts(parts), sheet.title("whole.split", "partsLeft", "partsTop - (narrow ? 12 : 0)", TIGHT)],
        [*_running_sum(sums)],
        sheet.colour_bar("factor", ("-1", "1"), DIVERGING, **AT_LEFT, **FACTORS),
        height=HEIGHT,
        padding={"bottom": 44},
    )


def _axes(panel: Panel) -> Any:
    """Carries the axes, which name some of the columns and scales."""
    by_input, column = panel.sheet.views["across"] == "input", "columns[floor(datum.value)]"
    across: dict[str, Any] = {
        "values": [k + 0.5 if by_input else k for k in range(_COLUMNS)],
        "labelExpr": f"isValid({column}) ? '' + {column} : ''",
        "labelOverlap": True,
        "ticks": not by_input,
        **WIDE_TITLE,  # see `_pointed`
    }
    x = panel.x("column:Q", (0, "whole.columns"), "input_scale" if by_input else "lag", **across)
    return panel.lead("columns", x=x, y=scale_axis(panel, "column:Q"))


def _cells(sheet: Sheet) -> Any:
    """The factors per step, and a frame around the cell under the pointer.

    With `here` in the selection, a second click on a cell counts once one has left it.
    """
    colour = "isValid(datum.factor) ? scale('color', log(datum.factor) / LN2) : '#00000000'"
    cells = of().mark_rect(x2Offset=1, y2Offset=-1, cursor="pointer", fill=ref("datum.colour"))
    frame = of(where="pointed === datum.place + ' ' + datum.column").mark_rect(
        fill=None, stroke=sheet.theme.horizon, strokeWidth=1.5, strokeDash=[3, 2]
    )
    cells = cells.add_params(hover("place", "column", "factor"), go_there("place", "column", "here"))
    both = group("cells", cells, frame, x="column:Q", x2="right:Q", y="below:Q", y2="above:Q")
    return both.transform_calculate(right="datum.column + 1", here="whole.row + ' ' + whole.left", colour=colour)


def _pointed(sheet: Sheet) -> Any:
    """The factor of the cell under the pointer, above the axis, or how to point at one."""
    names = ("pointed", "pointed_narrow", "point", f"tap_{sheet.views['across']}")
    here = {"scale": "scales[hover.place[0]]", "factor": "format(hover.factor[0], '.3~r')"}
    wide, narrow, point, tap = (sheet.said(name, **here) for name in names)
    rows = of("whole", text=f"pointed ? (narrow ? {narrow} : {wide}) : narrow ? {tap} : {point}")
    style = _NAME | {"dx": -6, "dy": -4, "size": 13, "color": sheet.theme.horizon}
    return text(rows, "text", "mapRight", "mapBottom", "bottom right", **style)


def _lines(sheet: Sheet) -> Any:
    """Where the factor is 1: measured with its spread over the networks, and by mean field; named where they end."""
    dark = sheet.theme.horizon
    line: dict[str, Any] = {"color": dark, "strokeWidth": 2.5}
    points = {"filled": True, "color": dark, "size": 45}
    last = of(where="datum.x === whole.columns - 0.5")
    names = (
        text(last, alt.value(sheet.axes[name]), None, f"{name}:Q", "right", dy=dy, dx=8, color=dark, **_NAME)
        for name, dy in (("measured", -18), ("predicted", 20))
    )
    return group(
        "lines",
        of().mark_rule(color=dark, strokeWidth=1.5).encode(y="low:Q", y2="high:Q"),
        of().mark_line(**line, strokeDash=[6, 4]).encode(y="predicted:Q"),
        of().mark_line(**line, point=points).encode(y="measured:Q"),
        *names,
        x="x:Q",
    )


def _here(sheet: Sheet) -> list[Any]:
    """You are here."""
    dark, right, high = sheet.theme.horizon, "whole.left + whole.right > whole.columns", "whole.row > 12"
    style: dict[str, Any] = {
        "align": ref(f"{right} ? 'right' : 'left'"),
        "baseline": ref(f"{high} ? 'top' : 'bottom'"),
        "dy": ref(f"{high} ? 5 : 0"),
    }
    corner = {"side": f"{right} ? whole.right : whole.left", "edge": f"whole.row + ({high} ? 0 : 1)"}
    frame = of("whole", above="datum.row + 1").mark_rect(fill=None, stroke=dark, strokeWidth=3)
    return [
        frame.encode(x="left:Q", x2="right:Q", y="row:Q", y2="above:Q"),
        text(of("names", **corner), "here", "side:Q", "edge:Q", color=dark, **style, **_NAME),
    ]


def _parts(panel: Panel) -> list[Any]:
    """What each lag alone says of the weights, and the norm of the whole, which is all that a histogram shows."""
    x = panel.time("lag:Q", labelOpacity=0, titleOpacity=0)  # the panel below has the same axis
    y = panel.log10("part_norm", tickCount=6)
    parts, theme = alt.value(panel.sheet.axes["parts"]), panel.sheet.theme
    return [
        with_lag(of("lags")).mark_line(color=OWN, strokeWidth=3).encode(x=x, y=y),
        panel.level("names", "norm:Q", "total", strokeDash=[8, 3], strokeWidth=2),
        # In the corner that a vanishing gradient leaves free; a growing one ends above it.
        text(
            of("whole"), parts, panel.right, "partsBottom - 6", "bottom right", color=OWN, bold=True, halo=theme.panel
        ),
    ]


def _running_sum(panel: Panel) -> list[Any]:
    """How much of the gradient the lags up to here make, and from which lag on the rest adds nothing to speak of."""
    up = WIDE_TITLE | {"values": [-1, 0, 1, 2], "labelExpr": "narrow ? '' : 100 * datum.value + ' %'"}
    up |= {"tickOpacity": up["titleOpacity"], "titleOpacity": ref("narrow || height - shareTop < 130 * zoom ? 0 : 1")}
    y = panel.y("share:Q", ("whole.bottom", "whole.top"), "share", **up)
    line = with_lag(of("lags")).mark_line(color=OWN, strokeWidth=ref("narrow ? 0 : 3"))
    # The name stands where the curve is not: below it, or above it where it rises late.
    corner = {"align": ref("late ? 'left' : 'right'"), "baseline": ref("late ? 'top' : 'bottom'")}
    x, edge = "late ? partsLeft + 6 : width", "late ? shareTop + 2 : height - 6"
    reached = of("whole", "isValid(datum.reached) && !narrow").mark_rule(strokeDash=[2, 3], strokeWidth=2)
    return [
        line.encode(x=panel.time("lag:Q"), y=y),
        text(of("names", "!narrow"), "share", x, edge, bold=True, color=OWN, halo=panel.sheet.theme.panel, **corner),
        reached.encode(x="reached:Q", **panel.upright),
    ]
