"""A panel: a rectangle of a picture's one view, with its axes, its title and the marks that every picture has.

All panels of a picture lie in one view, because a joined view has neither a flexible width nor shared selections.
Where a panel lies is said in Vega's expressions, once, here; a chart then names columns of its tables. The parameter
`whole` is the one row of the table "whole", with the sequence's `length` in it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, cast

import altair as alt

from rnn_dynamics.pictures.kit.panels import SUPERSCRIPT, at, go_there, group, heading
from rnn_dynamics.pictures.kit.theme import Theme

#: Lines of a title: "|" begins one, and on a phone "¦" does too.
LINES = "split(replace(whole.{}, /¦/g, narrow ? '|' : ' '), '|')"
#: The same where the picture is wide: "|" begins a line only where there is no room for a long one.
LINES_WHERE_NEEDED = "split(replace(whole.{}, width < 950 * zoom ? /¦/g : /[¦|]/g, narrow ? '|' : ' '), '|')"
#: An axis of orders of magnitude.
LOG10: dict[str, Any] = {"labelExpr": f"'10' + {SUPERSCRIPT}", "tickMinStep": 1}


def ref(value: Any) -> Any:
    """A text is an expression."""
    return alt.ExprRef(value) if isinstance(value, str) else value


def _scale(ends: Sequence[Any], places: Sequence[str], log: bool, clamp: Any = alt.Undefined) -> alt.Scale:
    kind: dict[str, Any] = {"type": "log"} if log else {"zero": False}
    domain, where = [ref(end) for end in ends], [alt.ExprRef(place) for place in places]
    return alt.Scale(domain=domain, range=where, nice=False, clamp=clamp, **kind)


@dataclass(frozen=True)
class Panel:
    """A rectangle of the view.

    theme: its colours. axes: what axes are called. left, right, top, bottom: its sides, expressions in pixels.
    at_start: the past is on the left, else the lag grows to the right. wide: on the axis of time each step has its full
    width, half a step to either side, else the axis goes from the first one to the last.
    """

    theme: Theme
    axes: Mapping[str, str]
    left: str
    right: str
    top: str
    bottom: str
    at_start: bool = True
    wide: bool = False

    def x(self, field: str, ends: Sequence[Any], title: str = "", log: bool = False, **axis: Any) -> alt.X:
        """A horizontal axis from one end to the other."""
        scale = _scale(ends, (self.left, self.right), log)
        below = alt.Axis(orient="bottom", offset=ref(f"{self.bottom} - height"), **axis)
        return alt.X(field, title=title or None, scale=scale, axis=below)

    def y(
        self,
        field: str,
        ends: Sequence[Any],
        title: str = "",
        log: bool = False,
        *,
        clamp: Any = alt.Undefined,
        **axis: Any,
    ) -> alt.Y:
        """A vertical axis from one end, below, to the other; with `clamp` what lies beyond is drawn at the end."""
        scale = _scale(ends, (self.bottom, self.top), log, clamp)
        beside = alt.Axis(orient="left", offset=ref(f"-({self.left})"), **axis)
        return alt.Y(field, title=title or None, scale=scale, axis=beside)

    def time(self, field: str = "", **axis: Any) -> alt.X:
        """The axis of time: the step, or the lag, of each row; or another field."""
        first, half = int(self.at_start), 0.5 * self.wide
        ends = (first - half, f"whole.length {first - 1 + half:+g}")
        along = "step" if self.at_start else "lag"
        return self.x(field or f"{along}:Q", ends, self.axes[along], **{"tickCount": 6} | axis)

    def title(self, name: str, lines: str = LINES, x: str = "0") -> alt.Chart:
        """The title `name` of the table "whole", above the panel."""
        return heading(self.theme, lines.format(name), x, self.top)

    def lead(self, data: str = "whole", **axes: Any) -> alt.Chart:
        """Carries axes and draws nothing."""
        return alt.Chart(alt.NamedData(data)).mark_point(opacity=0).encode(**axes)

    def lines(self, data: str, styles: Mapping[str, dict[str, Any]], by: str = "name", **axes: Any) -> alt.LayerChart:
        """A line for each value of `by`, with the mark of `styles`: constants are quicker than an encoding."""
        layers = [
            alt.Chart().transform_filter(f"datum.{by} === '{name}'").mark_line(order=None, **style)
            for name, style in styles.items()
        ]
        return with_lag(group(data, *layers, **axes))

    def labels(self, data: str, size: Any, colour: Any) -> alt.LayerChart:
        """The rows of `frames.label_rows`, beside step 1, with a halo."""
        side = {"align": "left", "dx": 8} if self.at_start else {"align": "right", "dx": -8}
        layers = haloed(self.theme, colour, 5, **side, fontSize=ref(size), fontWeight="bold")
        return group(data, *layers, x=at(self.left if self.at_start else self.right), y="place:Q", text="text:N")

    def rows(
        self, data: str, place: str, value: str, y: Any, chosen: str = "", *, sides: Sequence[str] = (), until: str = ""
    ) -> alt.LayerChart:
        """A map of rows of time: each a strip in the colours of its values, and a frame around the one pointed at.

        Args:
            data: rows of `place` (from the bottom), step and `value`; free where there is no value.
            place: the column, which the selection "hover" picks; the parameter `pointed` is the place pointed at.
            value: the column whose colours the scale "color" has, see `panels.colour_bar`.
            y: the axis of the places.
            chosen: an expression for the row that the reader has chosen; a click then goes to another.
            sides: the columns of a strip's lower and upper side on that axis, where it is not from a place to the next.
            until: the column of the last step of a row that ends before T, with the past on the left.
        """
        reach = self._reach(f"datum.{until}") if until else "1"
        _, above = sides or (place, "next")
        kept = dict.fromkeys(filter(None, (place, *sides, until)))
        whole = self.strips(
            data,
            list(kept),
            value,
            f"datum.{place} === pointed",
            chosen=chosen,
            reach=reach,
            x2=at(f"{self.left} + {reach} * ({self.right} - ({self.left}))"),
            y=y,
            y2=f"{above}:Q",
        )
        more = {"chosen": chosen} if chosen else {}
        return cast(alt.LayerChart, whole.transform_calculate(next=f"datum.{place} + 1", **more))

    def strips(
        self,
        data: str,
        kept: Sequence[str],
        value: str,
        framed: str,
        *,
        nothing: str = "'#00000000'",
        hover: str = "",
        chosen: str = "",
        reach: str = "1",
        **places: Any,
    ) -> Any:
        """The strips of `rows`, wherever the encodings `places` put them.

        They have the columns `kept`, of which the first tells them apart, and transforms may follow. `framed`: which of
        them have a frame. `nothing`: the colour where there is no value. `hover`: what the pointer picks of a strip, if
        it is not the first column.
        """
        frame = alt.Chart().transform_filter(framed).mark_rect(fill=None, stroke=self.theme.text, strokeWidth=2)
        strip = self._strip(hover or kept[0], chosen, reach)
        whole: Any = group(data, strip, frame, x=at(self.left), **places)
        colour = f"isValid(datum.{value}) && isFinite(datum.{value}) ? scale('color', datum.{value}) : {nothing}"
        coloured = whole.transform_calculate(offset=self._along("datum.step"), color=colour)
        return coloured.transform_aggregate(stops="values(color)", groupby=list(kept))

    def _along(self, step: str) -> str:
        """Where a step lies on the axis of time, from 0 to 1."""
        past = f"{step} - 1" if self.at_start else f"whole.length - {step}"
        return f"({past} + 0.5) / whole.length" if self.wide else f"({past}) / max(1, whole.length - 1)"

    def _reach(self, step: str) -> str:
        """Where a step ends on the axis of time, from 0 to 1, with the past on the left."""
        return f"({step} / whole.length)" if self.wide else f"({self._along(step)})"

    @staticmethod
    def _strip(place: str, chosen: str, reach: str) -> alt.Chart:
        """A row in its colours, where `reach` says how far along the axis of time it goes."""
        hover = alt.selection_point(
            name="hover", on="pointermove", fields=[place], clear="pointerout", empty=False, toggle=False
        )
        strip = alt.Chart().mark_rect(
            y2Offset=-1,  # else the background shines through between two strips
            fill=alt.ExprRef(f"{{gradient: 'linear', x1: 0, y1: 0, x2: 1 / {reach}, y2: 0, stops: datum.stops}}"),
            cursor="pointer" if chosen else alt.Undefined,
        )
        return strip.add_params(hover, *([go_there(place, "chosen")] if chosen else []))

    def pointed(self, lines: str, rows: str, place: str, **axes: Any) -> alt.LayerChart:
        """The line of the row under the pointer, from `lines`; its text, from `rows`, in the corner that is free."""
        text = alt.Chart(alt.NamedData(rows)).transform_filter(f"datum.{place} === pointed")
        side: dict[str, Any] = {"align": "right" if self.at_start else "left", "baseline": "bottom"}
        corner = f"{self.right} - 8" if self.at_start else f"{self.left} + 8"
        both: Any = alt.layer(
            with_lag(alt.Chart(alt.NamedData(lines)).transform_filter(f"datum.{place} === pointed"))
            .mark_line(color=self.theme.text, strokeWidth=2, order=None)
            .encode(**axes),
            text.mark_text(**side, fontSize=14, color=self.theme.text).encode(
                x=at(corner), y=at(f"{self.bottom} - 8"), text="text:N"
            ),
        )
        return cast(alt.LayerChart, both)


def of_cell(values: Mapping[str, Any]) -> alt.ExprRef:
    """What the datum's cell has of these, such as its colour."""
    return alt.ExprRef(f"({dict(values)})[datum.cell]")


def haloed(theme: Theme, colour: Any, wide: int = 4, **style: Any) -> tuple[alt.Chart, alt.Chart]:
    """Two layers of one text: a halo, which keeps it readable on lines, and the letters."""
    halo = alt.Chart().mark_text(**style, stroke=theme.panel, strokeWidth=wide, strokeJoin="round", opacity=0.85)
    return halo, alt.Chart().mark_text(**style, color=colour)


def with_lag(chart: Any) -> Any:
    """The same chart, whose rows of steps have a lag too."""
    return chart.transform_calculate(lag="whole.length - datum.step")
