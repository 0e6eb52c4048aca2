"""A sheet and its panels: rectangles of a picture's one view, with axes, titles and the marks that pictures share.

All panels of a picture lie in one view, because a joined view has neither a flexible width nor shared selections.
Where a panel lies is said in Vega's expressions, once, here; a chart then names columns of its tables. The parameter
`whole` is the one row of the table "whole", with the sequence's `length` in it.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import altair as alt

from rnn_dynamics.pictures.kit.axes import LARGE_REACH, REACH
from rnn_dynamics.pictures.kit.layers import (
    LINES,
    LOG10,
    OWN,
    at,
    dashed,
    each,
    group,
    layered,
    of,
    of_cell,
    pixels,
    ref,
    text,
    with_lag,
)
from rnn_dynamics.pictures.kit.theme import CELL_DASHES, THEMES, Background, Theme, config

#: How an axis goes from one end to the other; with CLAMPED what lies beyond is drawn at the end.
Kind = Mapping[str, Any]
LINEAR: Kind = {"zero": False}
CLAMPED: Kind = {"zero": False, "clamp": True}
LOG: Kind = {"type": "log"}
#: Of most axes of norms.
_ENDS = ("whole.low", "whole.high")
#: Raised numbers are small, and those at the ends of a low axis not moved towards the others, which would go.
_RAISED: dict[str, Any] = {"labelFontSize": 17, "labelFlush": False}
#: Panel -> its left, right, top and bottom side, expressions in pixels. A side that is no name becomes the parameter of
#: its panel and itself, such as "mapLeft".
Sides = tuple[str, str, str, str]
Places = Mapping[str, Sides]


def _named(panel: str, sides: Sides) -> Sides:
    names = (f"{panel}Left", f"{panel}Right", f"{panel}Top", f"{panel}Bottom")
    left, right, top, bottom = (name if " " in side else side for name, side in zip(names, sides, strict=True))
    return left, right, top, bottom


@dataclass(frozen=True)
class Sheet:
    """What a chart is drawn on.

    axes: what the axes are called. views: the picture's settings. background: light or dark. places: of the picture's
    panels. parameters: name -> expression, beside those of `picture`.
    """

    axes: Mapping[str, str]
    views: Mapping[str, str]
    background: Background
    places: Places
    parameters: Mapping[str, str]

    @property
    def theme(self) -> Theme:
        """The colours."""
        return THEMES[self.background]

    @property
    def past(self) -> bool:
        """Whether the past is on the left, by the view `axis`; else the lag grows to the right."""
        return self.views.get("axis", "step") == "step"

    @property
    def shows_all(self) -> bool:
        """Whether all panels are asked for, by the view `panels`, and not the curves alone."""
        return self.views["panels"] == "all"

    def alone(self, panel: str) -> "Sheet":
        """The same for one of its panels, which takes all the room."""
        return replace(self, places={panel: ("0", "width", "0", "height")}, parameters={})

    @property
    def line_of_cell(self) -> dict[str, Any]:
        """The style of a line that has the colour and the dash of the datum's cell."""
        return {"color": of_cell(self.theme.cells), "strokeDash": of_cell(CELL_DASHES), "strokeWidth": 3}

    def picture(self, *panels: Any, **properties: Any) -> alt.LayerChart:
        """All layers of a picture, in one view.

        Its expressions know `zoom` (how much larger the type is), `narrow` (on a phone), `whole`, `colours` (of cells,
        by name), OWN, the sides of panels and the picture's own parameters. panels: layers, or a list of
        them for each panel, each with axes of its own. properties: height and padding of the view.
        """
        if any(isinstance(panel, list) for panel in panels):
            properties["resolve"] = alt.Resolve(scale=alt.ScaleResolveMap(x="independent", y="independent"))
        if "padding" in properties:
            # Else the last number of an axis is cut off; and Chinese characters are higher than Vega takes them to be.
            properties["padding"] |= {"right": 4, "top": 3, "left": 2}
        usual: dict[str, str] = {"zoom": "1", "narrow": "width < 560 * zoom", "whole": "data('whole')[0]"}
        named = (zip(_named(name, sides), sides, strict=True) for name, sides in self.places.items())
        usual |= {name: side for sides in named for name, side in sides if name != side}
        usual |= {"colours": f"{self.theme.cells}".replace(" ", ""), "cellColour": "colours[whole.cell]"}
        # All in one call, for each method of a chart would copy all its layers again.
        whole: alt.LayerChart = layered(
            *(layered(*panel) if isinstance(panel, list) else panel for panel in panels),
            params=[alt.VariableParameter(name, expr=expr) for name, expr in {**usual, **self.parameters}.items()],
            config=alt.Config(**config(self.theme)),
            usermeta={"embedOptions": {"renderer": "canvas"}},
            **properties,
        )
        return whole

    def panels(self, wide: Sequence[str] = (), past: bool | None = None) -> list["Panel"]:
        """The panels at their places; which are `wide`, and where the past is, if the view `axis` does not say it."""
        at_start = self.past if past is None else past
        return [Panel(self, *_named(name, sides), at_start, name in wide) for name, sides in self.places.items()]

    def said(self, name: str, **values: str) -> str:
        """An expression for a text of `axes`, in whose braces expressions stand."""
        inside = {place: f'" + {value} + "' for place, value in values.items()}
        return json.dumps(self.axes[name], ensure_ascii=False).format(**inside)

    def title(self, said: str, x: str, y: str, lines: str = LINES, data: str = "whole", **style: Any) -> Any:
        """A title above a place; its text is an expression, such as a column of the one row of `data`."""
        shown = lines.format(said)
        style = {"dy": -8, "size": "narrow ? 14 : 16", "bold": True} | style
        above = f"{y} - 18 * zoom * (length({shown}) - 1)"
        return text(of(data, text=shown), "text", x, above, "bottom left", **style)

    def colour_bar(
        self,
        name: str,
        ends: Sequence[str],
        colours: Sequence[str],
        field: str = "length",
        kind: Kind | None = None,
        **legend: Any,
    ) -> Any:
        """Carries the legend of a map's colours, below the map, and draws nothing; `ends` are expressions.

        name: of what it says, one of `axes`. field: a number of the table "whole". kind: of the scale, if not linear.
        """
        # Straight lines between the colours; Vega-Lite's own way leads from blue to yellow through green.
        scale = alt.Scale(range=[*colours], domain=[*map(ref, ends)], clamp=True, interpolate="rgb", **kind or {})
        usual: dict[str, Any] = {
            "orient": "none",
            "legendX": ref("mapLeft"),
            "legendY": ref("height + 66 * zoom"),
            "direction": "horizontal",
            "titleOrient": "left",
            "titleLimit": 400,
            "tickCount": 5,
            "gradientLength": 110,
            "gradientThickness": 10,
        }
        colour = alt.Color(f"{field}:Q", title=self.axes[name], scale=scale, legend=alt.Legend(**usual | legend))
        return of("whole").mark_point(opacity=0).encode(x=alt.value(0), y=alt.value(0), color=colour)


@dataclass(frozen=True)
class Panel:
    """A rectangle of a sheet.

    left, right, top, bottom: its sides, expressions in pixels. at_start: the past is on the left, else the lag grows to
    the right. wide: on the axis of time each step has its full width, half a step to either side, else the axis goes
    from the first one to the last.
    """

    sheet: Sheet
    left: str
    right: str
    top: str
    bottom: str
    at_start: bool = True
    wide: bool = False

    @property
    def across(self) -> dict[str, Any]:
        """From its left side to its right one."""
        return {"x": at(self.left), "x2": at(self.right)}

    @property
    def upright(self) -> dict[str, Any]:
        """From its top to its bottom."""
        return {"y": at(self.top), "y2": at(self.bottom)}

    def x(self, field: str, ends: Sequence[Any], name: str = "", scale: Kind = LINEAR, **axis: Any) -> alt.X:
        """A horizontal axis from one end to the other, which is called sheet.axes[name]."""
        below = alt.Axis(orient="bottom", offset=ref(f"{self.bottom} - height"), **axis)
        along = _scale(ends, (self.left, self.right), scale)
        return alt.X(field, title=self._called(name), scale=along, axis=below)

    def y(self, field: str, ends: Sequence[Any], name: str = "", scale: Kind = LINEAR, **axis: Any) -> alt.Y:
        """A vertical axis from one end, below, to the other."""
        beside = alt.Axis(orient="left", offset=ref(f"-({self.left})"), **axis)
        along = _scale(ends, (self.bottom, self.top), scale)
        return alt.Y(field, title=self._called(name), scale=along, axis=beside)

    def log10(self, name: str, field: str = "log10_norm:Q", ends: Sequence[str] = _ENDS, **axis: Any) -> alt.Y:
        """A vertical axis of orders of magnitude."""
        return self.y(field, ends, name, **LOG10, **_RAISED, **axis)

    def _called(self, name: str) -> str | list[str] | None:
        said = self.sheet.axes[name] if name else None
        return said.splitlines() if said and "\n" in said else said

    def time(self, field: str = "", **axis: Any) -> alt.X:
        """The axis of time: the step, or the lag, of each row; or another field."""
        first, half = int(self.at_start), 0.5 * self.wide
        ends = (first - half, f"whole.length {first - 1 + half:+g}")
        along = "step" if self.at_start else "lag"
        # Half a step from the end of a wide axis a long sequence's last number would be cut off.
        return self.x(field or f"{along}:Q", ends, along, **{"tickCount": 6, "labelFlush": 12} | axis)

    def title(self, name: str, lines: str = LINES, x: str = "", **style: Any) -> Any:
        """The title `name` of the table "whole", above the panel's left side or above another place."""
        return self.sheet.title(f"whole.{name}", x or self.left, self.top, lines, **style)

    def lead(self, data: str = "whole", **axes: Any) -> Any:
        """Carries axes and draws nothing."""
        return of(data).mark_point(opacity=0).encode(**axes)

    def lines(self, data: str, styles: Mapping[str, Mapping[str, Any]], by: str = "name", **axes: Any) -> Any:
        """A line for each value of `by`, on the axis of time."""
        return with_lag(each(data, styles, by, **axes))

    def whole_and_parts(
        self, whole: str, dashes: Mapping[str, Any], others: Mapping[str, str], axes: Mapping[str, Any], **labels: Any
    ) -> list[Any]:
        """The curves of a gradient and of its parts, with their names, in the order of `dashes`.

        The whole has the colour of the cell. Its parts have that of the text, for they may lie on it. others: curves
        that are none of its parts, each with its colour. labels: see there.
        """
        part = self.sheet.theme.text
        own: dict[str, Any] = {name: {"color": colour} for name, colour in others.items()}
        own[whole] = {"color": OWN, "strokeWidth": 6}
        lines = dashed(dashes, part, **own)
        colour = ref(f"datum.name === '{whole}' ? cellColour : ({dict(others)})[datum.name] || '{part}'")
        return [self.lines("curves", lines, **axes), self.labels(colour, **labels)]

    def level(self, data: str, value: str, name: Any, colour: str = "", where: str = "", **rule: Any) -> Any:
        """A line across the panel at a value, and beside it its name: a column, or alt.value; see `level_name`."""
        colour = colour or self.sheet.theme.text
        line = of(where=where).mark_rule(**{"color": colour, "strokeWidth": 1.5, "strokeDash": [2, 3]} | rule)
        named = self.level_name(of(where=where), name, color=colour)
        return group(data, line.encode(**self.across), named, y=value)

    def level_name(self, rows: Any, name: Any, mirrored: bool = False, **style: Any) -> Any:
        """The name of a line across the panel: above its right end, or where the columns of `axes.level_places` say.

        mirrored: these count from the right.
        """
        share = f"isValid(datum.end) ? {'1 - ' if mirrored else ''}datum.end : 1"
        rows = rows.transform_calculate(across=f"{self.left} + ({share}) * ({self.right} - ({self.left}))")
        below = "isValid(datum.above) && !datum.above"
        style |= {"baseline": ref(f"{below} ? 'top' : 'bottom'"), "dy": ref(f"{below} ? 3 : -3")}
        side, dx = ("left", 4) if mirrored else ("right", -4)
        named = text(rows, name, None, None, side, dx=dx, halo=self.sheet.theme.panel, **style)
        return named.encode(**pixels(x="across"))

    def labels(
        self,
        colour: Any,
        size: str = "narrow ? 12 : 16",
        data: str = "labels",
        reach: float = REACH,
        nearer: bool = True,
    ) -> Any:
        """The rows of `frames.label_rows`, of the same `reach`, beside step 1, with a halo.

        nearer: whether they have places `high`, nearer to the curves where the panel is high.
        """
        x, dx, corner = (self.left, 8, "left") if self.at_start else (self.right, -8, "right")
        style = {"dx": dx, "color": colour, "size": size, "bold": True, "halo": self.sheet.theme.panel}
        # Lower than the names above each other, or narrower than a long one.
        low = f"({self.bottom} - ({self.top})) / datum.lines / 0.85 < zoom * ({size})"
        narrow = f"({self.right} - ({self.left})) * {reach} / 11.5 < zoom * ({size})"
        # An axis for few names has no fewer lines on a phone.
        crowded = f"{low} && (datum.lines < 10 || !narrow) ? datum.low : datum.crowded"
        usual = f"{low} || {narrow} ? ({crowded}) : datum.place"
        # Not as `place`, which is read anew whenever the height has changed.
        rows = of(data, at=f"{self._high(size, reach)} ? datum.high : {usual}" if nearer else usual)
        return text(rows, "text", x, "at:Q", corner, **style)

    def _high(self, size: str, reach: float) -> str:
        """Whether the panel has room for half as many lines more, and for names as long as on a projector."""
        high = f"({self.bottom} - ({self.top})) / datum.lines / 1.4 > zoom * ({size})"
        return f"{high} && ({self.right} - ({self.left})) * {LARGE_REACH / REACH * reach} / 11.5 > zoom * ({size})"

    def pointed(self, lines: str, rows: str, place: str, foot: str = "8", **axes: Any) -> Any:
        """The line of the row under the pointer, of `lines`, as far as the axis reaches, and its text, of `rows`.

        foot: how far the text is above the panel's lower side, an expression in pixels.
        """
        here, y = f"datum.{place} === pointed", f"{self.bottom} - {foot}"
        # In the corner that is free.
        x, corner = (f"{self.right} - 8", "bottom right") if self.at_start else (f"{self.left} + 8", "bottom left")
        within = "inrange(datum.log10_norm, [whole.low, whole.high]) ? datum.log10_norm : null"
        line = with_lag(of(lines, here, log10_norm=within)).mark_line(color=self.sheet.theme.text, strokeWidth=2)
        return layered(line.encode(**axes), text(of(rows, here), "text", x, y, corner))


def _scale(ends: Sequence[Any], places: Sequence[str], kind: Kind) -> alt.Scale:
    return alt.Scale(domain=[*map(ref, ends)], range=[*map(ref, places)], nice=False, **kind)
