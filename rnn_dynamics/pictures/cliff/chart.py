"""The picture "The cliff and clipping": three paths on the surface of the error, their errors and gradients by step.

Everything is in one view, as in `vanish_or_explode`. A click on the map is the selection GO, which the server hears; it
falls on one of CELLS × CELLS cells that are not seen. Each kind of clipping has one colour, dash and shape in all
panels. Datasets (see `tables.cliff`): surface, paths, region and whole (one row each). What
depends on the region alone reads no other, so that it is not computed anew at each step of a slider.
"""

from __future__ import annotations

from typing import Any

import altair as alt

from rnn_dynamics.pictures.kit.panels import POWER_OF_TEN, at, flattened, group, heading, picture
from rnn_dynamics.pictures.kit.theme import HEIGHTS, THEMES, Background, Theme

#: Name of the selection by a click, and how many cells a click can fall on, in each direction.
GO, CELLS = "go", 24
#: Heights of the surface that the dataset tells apart.
LEVELS = 64

#: Where the panels are, in pixels: the map on the left, errors above norms on the right; on a phone all below another.
#: `between`: room of an axis and a title.
_PARAMETERS = {
    "narrow": "width < 560 * zoom",
    "mapRight": "narrow ? width : width * 0.5",
    "mapBottom": "narrow ? height * 0.42 : height",
    "between": "92 * zoom",
    "panelLeft": "narrow ? 0 : width * 0.58",
    "errorTop": "narrow ? mapBottom + 118 * zoom : 0",
    "errorBottom": "errorTop + (height - errorTop - between) * 0.45",
    "normTop": "errorBottom + between",
    "region": "data('region')[0]",
    "whole": "data('whole')[0]",
}
#: Lines of a title: "|" begins one, and on a phone "¦" does too.
_LINES = "split(replace(whole.{}_title, /¦/g, narrow ? '|' : ' '), '|')"
_KINDS = ("none", "norm", "value")
#: Dash, width and end of each kind; the first is so wide that the others are seen where they lie on it.
DASHES = {"none": [1, 0], "norm": [9, 5], "value": [2, 3]}
_WIDTHS = [5, 3, 3]
_SHAPES = {"none": "cross", "norm": "circle", "value": "square"}


def cliff_chart(background: Background) -> alt.LayerChart:
    """The picture on a background, key of THEMES."""
    theme = THEMES[background]
    panels = _Panels(theme, HEIGHTS[background])
    return picture(
        theme,
        _PARAMETERS,
        alt.layer(
            panels.surface(),
            panels.edge(),
            panels.texts(),
            panels.paths(),
            panels.ends(),
            panels.arrows(),
            panels.start(),
            panels.cells(),
        ),
        panels.legend(),
        panels.errors(),
        alt.layer(panels.norms(), panels.threshold(), panels.fallen()),
        heading(theme, _LINES.format("map"), "0", "0"),
        heading(theme, _LINES.format("errors"), "panelLeft", "errorTop"),
        heading(theme, _LINES.format("norms"), "panelLeft", "normTop"),
        apart=("x", "y"),
        padding={"bottom": 8},
    )


def kind_colours(theme: Theme) -> dict[str, str]:
    """Kind of clipping -> its colour."""
    return dict(zip(_KINDS, (theme.palette[0], theme.palette[2], theme.palette[3]), strict=True))


def by_kind(values: dict[str, Any]) -> alt.Scale:
    """A scale over kinds of clipping."""
    return alt.Scale(domain=list(values), range=list(values.values()))


class _Panels:
    """The layers."""

    def __init__(self, theme: Theme, heights: tuple[tuple[int, int], ...]) -> None:
        self.theme, self.heights = theme, heights
        self.halo: dict[str, Any] = {"stroke": theme.panel, "strokeWidth": 4, "strokeJoin": "round", "opacity": 0.85}
        self.colours = kind_colours(theme)

    def _style(self) -> dict[str, Any]:
        """Colour, dash and width by the field `clipping`."""
        by_place = alt.Scale(domain=[0, 1, 2], range=_WIDTHS)
        return {
            "color": alt.Color("clipping:N", scale=by_kind(self.colours), legend=None),
            "strokeDash": alt.StrokeDash("clipping:N", scale=by_kind(DASHES), legend=None),
            "strokeWidth": alt.StrokeWidth("place:O", scale=by_place, legend=None),
        }

    # --- the map ----------------------------------------------------------------------------------------------

    def _map(self, across: str, up: str) -> dict[str, Any]:
        """Both axes of the map, which count in thousandths."""
        labels: dict[str, Any] = {"labelExpr": "format(datum.value / 1000, '.1f')", "tickCount": 5}
        return {
            "x": alt.X(
                across,
                title="bias b",
                scale=alt.Scale(
                    domain=[alt.ExprRef("region.left"), alt.ExprRef("region.right")],
                    range=[0, alt.ExprRef("mapRight")],
                    nice=False,
                    zero=False,
                ),
                axis=alt.Axis(orient="bottom", offset=alt.ExprRef("mapBottom - height"), **labels),
            ),
            "y": alt.Y(
                up,
                title="weight w",
                scale=alt.Scale(
                    domain=[alt.ExprRef("region.bottom"), alt.ExprRef("region.top")],
                    range=[alt.ExprRef("mapBottom"), 0],
                    nice=False,
                    zero=False,
                ),
                axis=alt.Axis(orient="left", **labels),
            ),
        }

    def surface(self) -> alt.Chart:
        """The error, a strip for each weight."""
        channels = ", ".join(f"lerp({list(ends)}, toNumber(datum.level) / {LEVELS - 1})" for ends in self.heights)
        axes = self._map("left:Q", "below:Q")
        stops = flattened("surface", offset="datum.offsets", level="datum.levels")
        return (
            stops.transform_calculate(offset="toNumber(datum.offset) / 1000", color=f"toString(rgb({channels}))")
            .transform_aggregate(stops="values(color)", groupby=["below", "above"])
            .transform_calculate(left="region.left", right="region.right")
            .mark_rect(
                y2Offset=-1,  # else the background shines through between two strips
                fill=alt.ExprRef("{gradient: 'linear', x1: 0, y1: 0, x2: 1, y2: 0, stops: datum.stops}"),
            )
            .encode(**axes, x2="right:Q", y2="above:Q")
        )

    def edge(self) -> alt.Chart:
        """The cliff."""
        line = alt.Chart(alt.NamedData("surface")).transform_filter("isValid(datum.edge)")
        return line.mark_line(color=self.theme.text, strokeWidth=1.5, order=None).encode(x="edge:Q", y="w:Q")

    def texts(self) -> alt.LayerChart:
        """What lies on either side of the cliff, and its name."""
        style: dict[str, Any] = {"fontSize": alt.ExprRef("narrow ? 12 : 14"), "color": self.theme.text}
        sides: dict[str, dict[str, Any]] = {"plateau": {}, "plain": {}, "cliff": {"align": "left", "dx": 10}}
        texts = [
            alt.Chart().mark_text(**style, **extra).encode(x=f"{name}_b:Q", y=f"{name}_w:Q", text=f"{name}:N")
            for name, extra in sides.items()
        ]
        return group("region", *texts)

    def paths(self) -> alt.Chart:
        """The three descents, as far as they are inside the map."""
        lines = flattened("paths", x="datum.b", y="datum.w")
        return lines.mark_line(order=None, strokeJoin="round").encode(
            x="x:Q", y="y:Q", detail="place:N", **self._style()
        )

    def ends(self) -> alt.Chart:
        """Where the descents that stay on the map end."""
        return (
            alt.Chart(alt.NamedData("paths"))
            .transform_filter("isValid(datum.end_b)")
            .mark_point(size=130, filled=True, stroke=self.theme.panel, strokeWidth=1.5, opacity=1)
            .encode(
                x="end_b:Q",
                y="end_w:Q",
                fill=alt.Fill(
                    "clipping:N",
                    scale=alt.Scale(domain=list(self.colours), range=list(self.colours.values())),
                    legend=None,
                ),
                shape=alt.Shape(
                    "clipping:N", scale=alt.Scale(domain=list(_SHAPES), range=list(_SHAPES.values())), legend=None
                ),
            )
        )

    def arrows(self) -> alt.LayerChart:
        """Where a descent leaves the map: an arrowhead in its direction, and how far it goes."""
        steep = (
            "atan2(datum.way_b / (region.right - region.left) * mapRight,"
            " datum.way_w / (region.top - region.bottom) * mapBottom) * 180 / PI"
        )
        away = (
            alt.Chart()
            .transform_filter("isValid(datum.exit_b)")
            .transform_calculate(
                turn=steep,
                right="datum.exit_b * 2 > region.left + region.right",
                # Not where the path comes from, unless there is no room elsewhere.
                share="(datum.exit_w - region.bottom) / (region.top - region.bottom)",
            )
            .transform_calculate(
                above="datum.share < 0.08 || (datum.share < 0.92 && datum.way_w > 0)",
            )
        )
        colour = alt.Color(
            "clipping:N", scale=alt.Scale(domain=list(self.colours), range=list(self.colours.values())), legend=None
        )
        head = away.mark_point(shape="triangle", size=400, filled=True, opacity=1).encode(
            angle=alt.Angle("turn:Q", scale=None), color=colour
        )
        written: dict[str, Any] = {
            "align": alt.ExprRef("datum.right ? 'right' : 'left'"),
            "baseline": alt.ExprRef("datum.above ? 'bottom' : 'top'"),
            "dx": alt.ExprRef("(datum.right ? -1 : 1) * (datum.above === datum.way_w > 0 ? 12 : 32)"),
            "dy": alt.ExprRef("datum.above ? -18 : 6"),
            "fontSize": alt.ExprRef("narrow ? 12 : 14"),
            "fontWeight": "bold",
            "lineBreak": "|",
        }
        text = [
            away.mark_text(**written, **self.halo).encode(text="leaves:N"),
            away.mark_text(**written, color=self.theme.text).encode(text="leaves:N"),
        ]
        return group("paths", *text, head, x="exit_b:Q", y="exit_w:Q")

    def start(self) -> Any:
        """Where all of them begin, unless that is outside of the map."""
        style: dict[str, Any] = {
            "align": "right",
            "dx": -9,
            "fontSize": alt.ExprRef("narrow ? 12 : 14"),
            "fontWeight": "bold",
        }
        dot = alt.Chart().mark_point(size=110, filled=True, color=self.theme.text, opacity=1)
        texts = [
            alt.Chart().mark_text(**style, **extra).encode(text="start_label:N")
            for extra in (self.halo, {"color": self.theme.text})
        ]
        inside = "datum.start_b >= region.left && datum.start_b <= region.right"
        inside += " && datum.start_w >= region.bottom && datum.start_w <= region.top"
        return group("whole", *texts, dot, x="start_b:Q", y="start_w:Q").transform_filter(inside)

    def cells(self) -> alt.Chart:
        """What a click falls on; with `place` in the selection a second one on a cell counts once one has left it."""
        # Vega makes no click of a tap. A finger that scrolls the page lifts with an event that cannot be cancelled.
        go = alt.selection_point(
            name=GO,
            on="click, touchend[event.cancelable]",
            fields=["column", "row", "place"],
            clear=False,
            toggle=False,
        )
        wide, high = f"(region.right - region.left) / {CELLS}", f"(region.top - region.bottom) / {CELLS}"
        return (
            alt.Chart(alt.sequence(0, CELLS * CELLS, as_="cell"))
            .transform_calculate(column=f"datum.cell % {CELLS}", row=f"floor(datum.cell / {CELLS})")
            .transform_calculate(
                b=f"region.left + datum.column * {wide}",
                b2=f"region.left + (datum.column + 1) * {wide}",
                w=f"region.bottom + datum.row * {high}",
                w2=f"region.bottom + (datum.row + 1) * {high}",
            )
            .transform_calculate(place="whole.start_b + ' ' + whole.start_w")
            .mark_rect(fill=self.theme.panel, fillOpacity=0, cursor="pointer")
            .encode(x="b:Q", x2="b2:Q", y="w:Q", y2="w2:Q")
            .add_params(go)
        )

    def legend(self) -> alt.LayerChart:
        """Which line is which, in the corner of the map from which a descent moves away."""
        line = (
            alt.Chart()
            .transform_calculate(side="[0, 1]")
            .transform_flatten(["side"])
            .mark_line(order=None)
            .encode(
                x=alt.X("side:Q", scale=alt.Scale(domain=[0, 1], range=[10, 48], nice=False), axis=None),
                y=alt.Y(
                    "place:Q",
                    scale=alt.Scale(
                        domain=[0, 2],
                        range=[alt.ExprRef("mapBottom - 56 * zoom"), alt.ExprRef("mapBottom - 14")],
                        nice=False,
                        zero=False,
                    ),
                    axis=None,
                ),
                **self._style(),
            )
        )
        names = [
            alt.Chart()
            .mark_text(align="left", dx=8, fontSize=alt.ExprRef("narrow ? 12 : 14"), fontWeight="bold", **extra)
            .encode(x=alt.XDatum(1), y="place:Q", text="name:N", **colour)
            for extra, colour in ((self.halo, {}), ({}, {"color": self._style()["color"]}))
        ]
        return group("paths", line, *names)

    # --- by step ----------------------------------------------------------------------------------------------

    def _steps(self, bottom: str, **axis: Any) -> alt.X:
        return alt.X(
            "x:Q",
            scale=alt.Scale(
                domain=[0, alt.ExprRef("whole.steps")],
                range=[alt.ExprRef("panelLeft"), alt.ExprRef("width")],
                nice=False,
                zero=False,
            ),
            axis=alt.Axis(orient="bottom", offset=alt.ExprRef(f"{bottom} - height"), tickCount=5, **axis),
        )

    def errors(self) -> alt.Chart:
        """E after so many steps."""
        y = alt.Y(
            "y:Q",
            title="error E",
            scale=alt.Scale(
                domain=[0, 5000], range=[alt.ExprRef("errorBottom"), alt.ExprRef("errorTop")], nice=False, zero=False
            ),
            axis=alt.Axis(
                orient="left",
                offset=alt.ExprRef("-panelLeft"),
                values=[0, 1000, 2000, 3000, 4000, 5000],
                labelExpr="datum.value / 10000",
                labelFlush=False,
                titleOpacity=alt.ExprRef("narrow ? 0 : 1"),
            ),
        )
        lines = flattened("paths", x="whole.ticks", y="datum.errors")
        return lines.mark_line(order=None).encode(
            x=self._steps("errorBottom", title=None), y=y, detail="place:N", **self._style()
        )

    def _norm(self, field: str) -> alt.Y:
        return alt.Y(
            field,
            title="gradient norm",
            scale=alt.Scale(
                domain=[alt.ExprRef("whole.low"), alt.ExprRef("whole.high")],
                range=[alt.ExprRef("height"), alt.ExprRef("normTop")],
                nice=False,
                zero=False,
            ),
            axis=alt.Axis(
                orient="left",
                offset=alt.ExprRef("-panelLeft"),
                labelExpr=POWER_OF_TEN,
                tickCount=5,
                tickMinStep=100,
                titleOpacity=alt.ExprRef("narrow ? 0 : 1"),
            ),
        )

    def norms(self) -> alt.Chart:
        """The gradient's norm, before clipping, that each step follows."""
        lines = flattened("paths", x="slice(whole.ticks, 2)", y="datum.norms")
        return lines.mark_line(order=None).encode(
            x=self._steps("height", title="step"), y=self._norm("y:Q"), detail="place:N", **self._style()
        )

    def threshold(self) -> alt.LayerChart:
        """Above it a step is clipped."""
        rule = alt.Chart().mark_rule(color=self.theme.text, strokeWidth=1.5).encode(x=at("panelLeft"), x2=at("width"))
        names = [
            alt.Chart()
            .mark_text(align="right", baseline="bottom", dy=-3, fontSize=14, fontWeight="bold", **extra)
            .encode(x=at("width"), text="threshold_label:N")
            for extra in (self.halo, {"color": self.theme.text})
        ]
        return group("whole", rule, *names, y="threshold:Q")

    def fallen(self) -> alt.Chart:
        """Where a norm has fallen below the axis."""
        return (
            alt.Chart(alt.NamedData("paths"))
            .transform_filter("isValid(datum.fell_at)")
            .mark_text(align="left", baseline="bottom", dx=6, dy=-4, fontSize=14, fontWeight="bold")
            .encode(x="fell_at:Q", y=at("height"), text="fell:N", color=self._style()["color"])
        )
