"""The picture "Phase diagram": where gradients vanish and explode, and beside it the split of dL/dW_hh by lag.

A click on a cell of the map is the selection GO, which the server hears; pointing at one tells its factor without the
server. Tables (see `table`): cells, lines, columns, scales, lags, names and whole (one row each).
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any, cast

import altair as alt

from rnn_dynamics.pictures.kit.panel import LINES, LOG10, Panel, ref, with_lag
from rnn_dynamics.pictures.kit.panels import at, colour_bar, go_there, group, heading, picture
from rnn_dynamics.pictures.kit.theme import DIVERGING, THEMES, Background

HEIGHT = 500

#: Where the panels are, in pixels: the map on the left, parts and running sum on the right; on a phone the parts
#: below the map and no sum. `late`: whether the sum is whole only in its second half.
_PARAMETERS = {
    "narrow": "width < 560 * zoom",
    "mapLeft": "0",
    "mapRight": "narrow ? width : width * 0.5",
    "mapBottom": "narrow ? height * 0.42 : height",
    "lagLeft": "narrow ? 0 : width * 0.6",
    "partsTop": "narrow ? height * 0.76 : 0",
    "partsBottom": "height * (narrow ? 1 : 0.66)",
    "shareTop": "height * (narrow ? 1 : 0.74)",
    "late": "whole.reached * 2 > whole.length",
    "whole": "data('whole')[0]",
    "scales": "pluck(data('scales'), 'weight_scale')",
    "columns": "pluck(data('columns'), 'value')",
}
#: Lines of the map's title: "|" begins one, and where there is no room for a long one "¦" does too.
_MAP_LINES = "split(replace(whole.{}, /¦/g, width < 1000 * zoom ? '|' : ' '), '|')"
#: The weight scales that the vertical axis names.
_NAMED = (0.1, 0.5, 1, 1.5, 2, 5, 10)
#: Most columns of the map that have a name.
_COLUMNS = 15
#: The colours follow the square root of the orders of magnitude, and end at ×0.5 and ×2.
_COLOURS: dict[str, Any] = {
    "values": [-1, -0.5, 0, 0.5, 1],
    "labelExpr": "'×' + format(pow(2, datum.value * abs(datum.value)), '.2~r')",
    "gradientLength": alt.ExprRef("narrow ? 120 : 200"),
}
_BOLD: dict[str, Any] = {"fontSize": alt.ExprRef("narrow ? 12 : 14"), "fontWeight": "bold"}
_CORNER: dict[str, Any] = {"fontSize": 14, "fontWeight": "bold"}


def chart(axes: Mapping[str, str], views: Mapping[str, str], background: Background) -> alt.LayerChart:
    """The picture with "input" or "lag" across the map, as the view `across` says."""
    theme = THEMES[background]
    on_map = _Map(Panel(theme, axes, "mapLeft", "mapRight", "0", "mapBottom"), views["across"])
    parts = Panel(theme, axes, "lagLeft", "width", "partsTop", "partsBottom", at_start=False)
    sums = Panel(theme, axes, "lagLeft", "width", "shareTop", "height", at_start=False)
    return picture(
        theme,
        _PARAMETERS | {"cellColour": f"{theme.cells}[whole.cell]"},
        alt.layer(on_map.axes(), on_map.cells(), on_map.pointed(), on_map.lines(), on_map.line_names(), on_map.here()),
        _parts(parts),
        _running_sum(sums),
        heading(theme, _MAP_LINES.format("map"), "0", "0"),
        heading(theme, LINES.format("split"), "lagLeft", "partsTop - (narrow ? 12 : 0)"),
        colour_bar(axes["factor"], "length:Q", ("-1", "1"), DIVERGING, **_COLOURS),
        apart=("x", "y"),
        height=HEIGHT,
        padding={"bottom": 44},
    )


class _Map:
    """The layers of the map."""

    def __init__(self, panel: Panel, across: str) -> None:
        self.panel, self.across, self.dark = panel, across, panel.theme.horizon
        self.halo: dict[str, Any] = {"stroke": "#ffffff", "strokeWidth": 4, "strokeJoin": "round", "opacity": 0.8}

    def axes(self) -> Any:
        """What the axes are called, at some of the columns and scales."""
        by_input, names = self.across == "input", self.panel.axes
        column = "columns[floor(datum.value)]"
        x = self.panel.x(
            "column:Q",
            (0, "whole.columns"),
            names["input_scale" if by_input else "lag"],
            values=[k + 0.5 if by_input else k for k in range(_COLUMNS)],
            labelExpr=f"isValid({column}) ? '' + {column} : ''",
            labelOverlap=True,
            titleOpacity=alt.ExprRef("narrow ? 0 : 1"),  # a phone has no room for it; see `pointed`
            ticks=not by_input,
        )
        y = self.panel.y(
            "place:Q",
            (0, "length(scales)"),
            names["weight_scale"],
            values=alt.ExprRef(f"[{', '.join(f'indexof(scales, {scale}) + 0.5' for scale in _NAMED)}]"),
            labelExpr="'' + scales[floor(datum.value)]",
        )
        return alt.layer(
            alt.Chart(alt.NamedData("columns")).mark_point(opacity=0).encode(x=x),
            alt.Chart(alt.NamedData("scales")).mark_point(opacity=0).encode(y=y),
        )

    def cells(self) -> alt.Chart:
        """The factors per step. With `here` in the selection, a second click on a cell counts once one has left it."""
        fields = ["place", "column", "factor", "below", "above"]
        hover = alt.selection_point(
            name="hover", on="pointermove", fields=fields, clear="pointerout", empty=False, toggle=False
        )
        cells: Any = (
            alt.Chart(alt.NamedData("cells"))
            .transform_calculate(
                right="datum.column + 1",
                here="whole.row + ' ' + whole.left",
                colour="isValid(datum.shade) ? scale('color', datum.shade) : '#00000000'",
            )
            .mark_rect(x2Offset=1, y2Offset=-1, cursor="pointer")
            .encode(x="column:Q", y="below:Q", x2="right:Q", y2="above:Q")
            .encode(fill=alt.Fill("colour:N", scale=None))
            .add_params(hover, go_there("place", "column", "here"))
        )
        return cast(alt.Chart, cells)

    def pointed(self) -> alt.LayerChart:
        """A frame around the cell under the pointer, and its factor above the axis."""
        places = {"x": "hover.column[0]", "x2": "hover.column[0] + 1", "y": "hover.below[0]", "y2": "hover.above[0]"}
        frame = (
            alt.Chart()
            .transform_filter("isValid(hover.place)")
            .transform_calculate(**places)
            .mark_rect(fill=None, stroke=self.dark, strokeWidth=1.5, strokeDash=[3, 2])
            .encode(x="x:Q", x2="x2:Q", y="y:Q", y2="y2:Q")
        )
        texts = self._with_halo(align="right", baseline="bottom", dx=-6, dy=-4, fontSize=13, fontWeight="bold")
        places_of_texts = {"x": at("mapRight"), "y": at("mapBottom")}
        return group(
            "whole",
            frame,
            *(text.transform_calculate(text=self._said()).encode(**places_of_texts, text="text:N") for text in texts),
        )

    def _said(self) -> str:
        """Of the cell under the pointer, or how to point at one."""
        wide, narrow, point, tap = (
            json.dumps(self.panel.axes[name], ensure_ascii=False)
            for name in ("pointed", "pointed_narrow", "point", f"tap_{self.across}")
        )
        scale, factor = "'' + scales[hover.place[0]]", "format(hover.factor[0], '.3~r')"
        said = f"replace(replace(narrow ? {narrow} : {wide}, '{{scale}}', {scale}), '{{factor}}', {factor})"
        return f"isValid(hover.place) ? {said} : narrow ? {tap} : {point}"

    def lines(self) -> alt.LayerChart:
        """Where the factor is 1: measured with its spread over the networks, and by mean field."""
        line: dict[str, Any] = {"color": self.dark, "strokeWidth": 2.5, "order": None}
        points = {"filled": True, "color": self.dark, "size": 45}
        return group(
            "lines",
            alt.Chart().mark_rule(color=self.dark, strokeWidth=1.5).encode(y="low:Q", y2="high:Q"),
            alt.Chart().mark_line(**line, strokeDash=[6, 4]).encode(y="predicted:Q"),
            alt.Chart().mark_line(**line, point=points).encode(y="measured:Q"),
            x="x:Q",
        )

    def line_names(self) -> alt.LayerChart:
        """Written where the last column's lines end."""
        last, names = "datum.x === whole.columns - 0.5", self.panel.axes
        return group(
            "lines",
            *(
                text.transform_filter(last).encode(x="x:Q", y=f"{field}:Q")
                for field, dy in (("measured", -18), ("predicted", 20))
                for text in self._with_halo(align="right", dy=dy, dx=8, text=names[field], **_BOLD)
            ),
        )

    def here(self) -> alt.LayerChart:
        """You are here."""
        places = {"x": "whole.left", "x2": "whole.right", "y": "whole.row", "y2": "whole.row + 1"}
        right, high = "whole.left + whole.right > whole.columns", "whole.row > 12"
        style: dict[str, Any] = {
            "align": alt.ExprRef(f"{right} ? 'right' : 'left'"),
            "baseline": alt.ExprRef(f"{high} ? 'top' : 'bottom'"),
            "dy": alt.ExprRef(f"{high} ? 5 : 0"),
        }
        corner = {"side": f"{right} ? datum.x2 : datum.x", "edge": f"{high} ? datum.y : datum.y2"}
        frame = alt.Chart().mark_rect(fill=None, stroke=self.dark, strokeWidth=3).encode(x2="x2:Q", y2="y2:Q")
        texts = self._with_halo(**style, **_BOLD)
        both: Any = group(
            "names",
            frame.encode(x="x:Q", y="y:Q"),
            *(text.transform_calculate(**corner).encode(x="side:Q", y="edge:Q", text="here:N") for text in texts),
        )
        return cast(alt.LayerChart, both.transform_calculate(**places))

    def _with_halo(self, **style: Any) -> list[alt.Chart]:
        """A text twice, the first time as a bright edge of the second."""
        return [alt.Chart().mark_text(**style, **extra) for extra in (self.halo, {"color": self.dark})]


def _parts(panel: Panel) -> Any:
    """What each lag alone says of the weights, and the norm of the whole, which is all that a histogram shows."""
    colour, text = alt.ExprRef("cellColour"), panel.theme.text
    hidden = {"labelOpacity": 0, "titleOpacity": 0}  # the panel below has the same axis
    x = panel.time("lag:Q", **hidden)
    y = panel.y("log10_norm:Q", ("whole.low", "whole.high"), panel.axes["part_norm"], tickCount=6, **LOG10)
    rule = alt.Chart().mark_rule(color=text, strokeDash=[8, 3], strokeWidth=2)
    name = alt.Chart().mark_text(**_CORNER, align="right", baseline="bottom", dy=-4, color=text)
    right = at("width")
    total: Any = group("names", rule.encode(x=at("lagLeft"), x2=right), name.encode(x=right, text="total:N"))
    total = total.transform_filter("isValid(whole.total)").transform_calculate(norm="whole.total").encode(y="norm:Q")
    # In the corner that a vanishing gradient leaves free; a growing one ends above it.
    of_parts = alt.Chart(alt.NamedData("whole")).mark_text(
        **_CORNER, align="right", baseline="bottom", color=colour, text=panel.axes["parts"]
    )
    return alt.layer(
        with_lag(alt.Chart(alt.NamedData("lags"))).mark_line(color=colour, strokeWidth=3, order=None).encode(x=x, y=y),
        total,
        of_parts.encode(x=right, y=at("partsBottom - 6")),
    )


def _running_sum(panel: Panel) -> Any:
    """How much of the gradient the lags up to here make, and from which lag on the rest adds nothing to speak of."""
    colour, wide = alt.ExprRef("cellColour"), ref("narrow ? 0 : 1")
    y = panel.y(
        "share:Q",
        ("whole.bottom", "whole.top"),
        panel.axes["share"],
        values=[-1, 0, 1, 2],
        labelExpr="narrow ? '' : 100 * datum.value + ' %'",
        **dict.fromkeys(("labelOpacity", "titleOpacity", "tickOpacity"), wide),
    )
    line: dict[str, Any] = {"color": colour, "strokeWidth": ref("narrow ? 0 : 3"), "order": None}
    # The name stands where the curve is not: below it, or above it where it rises late.
    name = alt.Chart(alt.NamedData("names")).mark_text(
        **_CORNER,
        align=ref("late ? 'left' : 'right'"),
        baseline=ref("late ? 'top' : 'bottom'"),
        color=colour,
    )
    reached = (
        alt.Chart(alt.NamedData("whole"))
        .transform_filter("isValid(datum.reached) && !narrow")
        .mark_rule(color=panel.theme.text, strokeDash=[2, 3], strokeWidth=2)
    )
    return alt.layer(
        with_lag(alt.Chart(alt.NamedData("lags"))).mark_line(**line).encode(x=panel.time("lag:Q"), y=y),
        name.transform_filter("!narrow").encode(
            x=at("late ? lagLeft + 6 : width"), y=at("late ? shareTop + 2 : height - 6"), text="share:N"
        ),
        reached.encode(x="reached:Q", y=at("shareTop"), y2=at("height")),
    )
