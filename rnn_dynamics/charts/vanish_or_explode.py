"""The live picture: gradient curves of three cells, and the map of all weight scales that moves them.

Everything is in one view, so that the pointer on the map moves the curves without the server, and the picture fills
any width: side by side on a screen, one above the other on a phone. The panels are ranges of the same view; a view that
joins two charts would keep a fixed width.

Datasets (see `tables.live`): curves, scales, floors, chosen (one row: scale, length, points, limit, cell), map (one
row: url).
"""

from __future__ import annotations

import json
from functools import lru_cache
from threading import Lock
from typing import Any

import altair as alt

from rnn_dynamics.charts.theme import CELL_DASHES, CELL_NAMES, DIVERGING, THEMES, Background, Theme, config

#: What each kind of gradient is called on the axis.
GRADIENTS = {
    "input": "‖∂L/∂xₜ‖",
    "hidden": "‖∂L/∂hₜ‖",
    "cell": "‖∂L/∂cₜ‖ (RNN, GRU: hₜ)",
}
HEIGHT = 430

_NARROW = "width < 560"
_CHOSEN = "data('chosen')[0]"
#: The row under the pointer, else the row of the slider.
_SCALE = f"(hover.scale ? hover.scale[0] : {_CHOSEN}.scale)"
_ROW = f"data('scales')[indexof(pluck(data('scales'), 'scale'), {_SCALE})]"
_SUPERSCRIPT = "replace(replace(replace(replace(replace(replace(replace(replace(replace(replace(replace(" + (
    "format(datum.value, 'd'), /[-−]/g, '⁻'), /0/g, '⁰'), /1/g, '¹'), /2/g, '²'), /3/g, '³'), /4/g, '⁴'), /5/g, '⁵'), "
    "/6/g, '⁶'), /7/g, '⁷'), /8/g, '⁸'), /9/g, '⁹')"
)


def live_chart(component: str, against: str, background: Background, scale_labels: tuple[str, ...]) -> alt.LayerChart:
    """The picture for one kind of gradient.

    Args:
        component: key of GRADIENTS.
        against: "step" or "lag", the horizontal axis.
        background: key of THEMES.
        scale_labels: names of the slider's positions, from the smallest.
    """
    return _chart(GRADIENTS[component], against, background, scale_labels)


_TITLE = "title of the gradient"
_BUILDING = Lock()


def live_specification(
    component: str, against: str, background: Background, scale_labels: tuple[str, ...]
) -> dict[str, Any]:
    """`live_chart` as Vega-Lite, built once for all visitors: a cache in a page's own code would be new at each run."""
    with _BUILDING:  # a quarter of a second: a hall that asks at once shall not build it a hundred times
        return _live_specification(component, _untitled(against, background, scale_labels))


@lru_cache(maxsize=32)
def _live_specification(component: str, untitled: str) -> dict[str, Any]:
    specification: dict[str, Any] = json.loads(untitled.replace(_TITLE, GRADIENTS[component]))
    return specification


@lru_cache(maxsize=8)
def _untitled(against: str, background: Background, scale_labels: tuple[str, ...]) -> str:
    # The tests check every specification against the schema; here the check would cost more than the building.
    chart = _chart(_TITLE, against, background, scale_labels)
    return json.dumps(chart.to_dict(validate=False), ensure_ascii=False)


def _chart(title: str, against: str, background: Background, scale_labels: tuple[str, ...]) -> alt.LayerChart:
    theme = THEMES[background]
    panels = _Panels(theme, title, against, scale_labels)
    layers = [
        panels.map_image(),
        panels.map_horizon(),
        panels.map_rows(),
        panels.map_title(),
        panels.floors(),
        panels.floor_names(),
        panels.mean_field(),
        panels.curves(),
        *panels.curve_labels(),
        panels.curves_title(),
        panels.colour_bar(),
    ]
    return (
        alt.layer(*layers)
        .resolve_scale(x="independent", y="independent", color="independent", strokeDash="independent")
        .properties(height=HEIGHT, usermeta={"embedOptions": {"renderer": "canvas"}})
        .configure(**config(theme))
    )


def _by_width(narrow: str, wide: str) -> alt.ExprRef:
    return alt.ExprRef(f"{_NARROW} ? {narrow} : {wide}")


class _Panels:
    """The layers; curves on the left (above, when narrow), map on the right (below)."""

    def __init__(self, theme: Theme, title: str, against: str, scale_labels: tuple[str, ...]) -> None:
        self.theme, self.title, self.against, self.scale_labels = theme, title, against, scale_labels
        self.positions = len(scale_labels)
        self.left_x = [alt.ExprRef("0"), _by_width("width", "width * 0.6")]
        self.left_y = [_by_width("height * 0.44", "height"), alt.ExprRef("0")]
        self.right_x = [_by_width("0", "width * 0.68"), alt.ExprRef("width")]
        self.right_y = [alt.ExprRef("height"), _by_width("height * 0.66", "0")]

    # --- axes -------------------------------------------------------------------------------------------------

    def _ends(self) -> list[Any]:
        length = f"{_CHOSEN}.length"
        ends = ("1", length) if self.against == "step" else ("0", f"{length} - 1")
        return [alt.ExprRef(end) for end in ends]

    def _along(self, step: str) -> str:
        return step if self.against == "step" else f"{_CHOSEN}.length - ({step})"

    def _title(self) -> str:
        return "time step t" if self.against == "step" else "lag T − t (steps before the end)"

    def x_left(self, axis: bool = False) -> alt.X:
        return alt.X(
            "x:Q",
            title=self._title(),
            scale=alt.Scale(domain=self._ends(), range=self.left_x, nice=False, zero=False),
            axis=alt.Axis(
                orient="bottom",
                offset=_by_width("-height * 0.56", "0"),
                tickCount=6,
                titleOpacity=_by_width("0", "1"),  # the map below has the same title
            )
            if axis
            else None,
        )

    def y_left(self, field: str = "y:Q", axis: bool = False) -> alt.Y:
        ends = [alt.ExprRef(f"{_ROW}.low"), alt.ExprRef(f"{_ROW}.high")]
        return alt.Y(
            field,
            title=self.title,
            scale=alt.Scale(domain=ends, range=self.left_y, nice=False, zero=False),
            axis=alt.Axis(orient="left", labelExpr=f"'10' + {_SUPERSCRIPT}", tickCount=7, tickMinStep=1)
            if axis
            else None,
        )

    def x_right(self, field: str = "x:Q", axis: bool = False) -> alt.X:
        return alt.X(
            field,
            title=self._title(),
            scale=alt.Scale(domain=self._ends(), range=self.right_x, nice=False, zero=False),
            axis=alt.Axis(orient="bottom", tickCount=4) if axis else None,
        )

    def y_right(self, field: str, axis: bool = False) -> alt.Y:
        names = ", ".join(f"'{label}'" for label in self.scale_labels)
        shown = [k for k, label in enumerate(self.scale_labels) if label in {"0.1", "0.5", "1", "1.5", "2", "5", "10"}]
        return alt.Y(
            field,
            title="weight scale",
            scale=alt.Scale(domain=[-0.5, self.positions - 0.5], range=self.right_y, nice=False, zero=False),
            axis=alt.Axis(
                orient="left", offset=_by_width("0", "-width * 0.68"), values=shown, labelExpr=f"[{names}][datum.value]"
            )
            if axis
            else None,
        )

    # --- the map ----------------------------------------------------------------------------------------------

    def map_image(self) -> alt.Chart:
        return (
            alt.Chart(alt.NamedData("map"))
            .mark_image(
                aspect=False,
                align="left",
                baseline="top",
                width=_by_width("width", "width * 0.32"),
                height=_by_width("height * 0.34", "height"),
                smooth=False,
            )
            .encode(
                url="url:N",
                x=alt.value(alt.ExprRef(f"{_NARROW} ? 0 : width * 0.68")),
                y=alt.value(alt.ExprRef(f"{_NARROW} ? height * 0.66 : 0")),
            )
        )

    def map_rows(self) -> alt.Chart:
        """One invisible strip per weight scale: where the pointer is; the current one has a frame."""
        hover = alt.selection_point(
            name="hover", on="pointermove", fields=["scale"], clear="pointerout", empty=False, toggle=False
        )
        return (
            alt.Chart(alt.NamedData("scales"))
            .transform_calculate(
                below="datum.scale - 0.5",
                above="datum.scale + 0.5",
                x=self._ends()[0].expr,
                x2=self._ends()[1].expr,
            )
            .mark_rect(fill=self.theme.panel, fillOpacity=0.001, stroke=self.theme.text, strokeWidth=2.5, tooltip=None)
            .encode(
                x=self.x_right(axis=True),
                x2="x2:Q",
                y=self.y_right("below:Q", axis=True),
                y2="above:Q",
                strokeOpacity=alt.condition(f"datum.scale === {_SCALE}", alt.value(1), alt.value(0)),
            )
            .add_params(hover)
        )

    def map_horizon(self) -> alt.Chart:
        """Where one per cent is left: a mark in each row that has such a step."""
        return (
            alt.Chart(alt.NamedData("scales"))
            .transform_filter("isValid(datum.horizon)")
            .transform_calculate(x=self._along("datum.horizon"), below="datum.scale - 0.5", above="datum.scale + 0.5")
            .mark_rule(color=self.theme.horizon, strokeWidth=2.5, tooltip=None)
            .encode(x=self.x_right(), y=self.y_right("below:Q"), y2="above:Q")
        )

    def map_title(self) -> alt.Chart:
        return self._heading(
            f"{_CHOSEN}.cell + ': point at a weight scale ( ❘ = 1 % left)'",
            f"{_NARROW} ? 0 : width * 0.68",
            "height * 0.66",
        )

    def colour_bar(self) -> alt.Chart:
        """Carries the legend of the map's colours, and draws nothing."""
        limit = f"{_CHOSEN}.limit"
        return (
            alt.Chart(alt.NamedData("chosen"))
            .mark_point(opacity=0)
            .encode(
                x=alt.value(0),
                y=alt.value(0),
                color=alt.Color(
                    "limit:Q",
                    title="log₁₀ against step T",
                    scale=alt.Scale(
                        domain=[alt.ExprRef(f"-{limit}"), alt.ExprRef(limit)], range=list(DIVERGING)
                    ),
                    legend=alt.Legend(
                        orient="bottom", direction="horizontal", titleOrient="left", titleLimit=400, tickCount=5,
                        gradientLength=110, gradientThickness=10, offset=4,
                    ),
                ),
            )
        )  # fmt: skip

    # --- the curves -------------------------------------------------------------------------------------------

    def _decoded(self) -> alt.Chart:
        """Points of the curves of the current weight scale that lie inside the axis."""
        count, length = f"{_CHOSEN}.points", f"{_CHOSEN}.length"
        step = f"floor(1 + datum.k * ({length} - 1) / max(1, {count} - 1) + 0.5)"
        return (
            alt.Chart(alt.NamedData("curves"))
            .transform_filter(f"datum.scale === {_SCALE}")
            .transform_calculate(k=f"sequence({count})")
            .transform_flatten(["k"])
            .transform_calculate(
                x=self._along(step),
                y="(datum.points[2 * datum.k] + 256 * datum.points[2 * datum.k + 1] - 32768) / 100",
            )
            .transform_filter(f"datum.y >= {_ROW}.low && datum.y <= {_ROW}.high")
        )

    def _colour(self) -> alt.Color:
        return alt.Color("cell:N", scale=alt.Scale(domain=list(CELL_NAMES), range=list(self.theme.cells)), legend=None)

    def curves(self) -> alt.Chart:
        return (
            self._decoded()
            .mark_line(strokeWidth=3, clip=False, tooltip=None)
            .encode(
                x=self.x_left(axis=True),
                y=self.y_left(axis=True),
                color=self._colour(),
                strokeDash=alt.StrokeDash(
                    "cell:N", scale=alt.Scale(domain=list(CELL_NAMES), range=list(CELL_DASHES.values())), legend=None
                ),
            )
        )

    def curve_labels(self) -> list[alt.Chart]:
        """Name and finding at the far end of each curve, with a halo that keeps them apart from the curves."""
        at_start = self.against == "step"
        labels = (
            alt.Chart(alt.NamedData("curves"))
            .transform_filter(f"datum.scale === {_SCALE}")
            .transform_calculate(x=self._along("1"))
        )
        style: dict[str, Any] = {
            "align": "left" if at_start else "right",
            "dx": 8 if at_start else -8,
            "fontSize": _by_width("13", "15"),
            "fontWeight": "bold",
        }
        halo: dict[str, Any] = {"stroke": self.theme.panel, "strokeWidth": 5, "strokeJoin": "round"}
        place: dict[str, Any] = {"x": self.x_left(), "y": self.y_left("end:Q"), "text": "text:N"}
        return [
            labels.mark_text(**style, **halo, opacity=0.85, tooltip=None).encode(**place),
            labels.mark_text(**style, tooltip=None).encode(**place, color=self._colour()),
        ]

    def curves_title(self) -> alt.Chart:
        names = ", ".join(f"'{label}'" for label in self.scale_labels)
        return self._heading(f"'Gradient at each step, at weight scale ' + [{names}][{_SCALE}]", "0", "0")

    def floors(self) -> alt.Chart:
        """The smallest number that each format can hold: below it a gradient is stored as zero."""
        ends = self._ends()
        return (
            self._floors_in_range()
            .transform_calculate(x=ends[0].expr, x2=ends[1].expr)
            .mark_rule(color=self.theme.quiet, strokeWidth=1, opacity=0.7, strokeDash=[1, 3])
            .encode(x=self.x_left(), x2="x2:Q", y=self.y_left())
        )

    def floor_names(self) -> alt.Chart:
        last = self._ends()[1 if self.against == "step" else 0].expr
        return (
            self._floors_in_range()
            .transform_calculate(x=last)
            .mark_text(
                align="right" if self.against == "step" else "left", baseline="bottom", dy=-2, fontSize=12,
                color=self.theme.quiet,
            )
            .encode(x=self.x_left(), y=self.y_left(), text="text:N")
        )  # fmt: skip

    def _floors_in_range(self) -> alt.Chart:
        return alt.Chart(alt.NamedData("floors")).transform_filter(f"datum.y > {_ROW}.low && datum.y < {_ROW}.high")

    def mean_field(self) -> alt.Chart:
        """The slope that mean-field theory predicts for the RNN, hung on the RNN's last step."""
        length = f"{_CHOSEN}.length"
        points = (
            alt.Chart(alt.NamedData("scales"))
            .transform_filter(f"datum.scale === {_SCALE} && isValid(datum.slope)")
            .transform_calculate(k="sequence(30)")
            .transform_flatten(["k"])
            .transform_calculate(lag=f"datum.k * ({length} - 1) / 29")
            .transform_calculate(x=self._along(f"{length} - datum.lag"), y="datum.last + datum.lag * datum.slope")
            .transform_filter(f"datum.y >= {_ROW}.low && datum.y <= {_ROW}.high")
        )
        return points.mark_line(color=self.theme.quiet, strokeWidth=1, opacity=0.8, tooltip=None).encode(
            x=self.x_left(), y=self.y_left()
        )

    def _heading(self, text: str, x: str, narrow_y: str) -> alt.Chart:
        return (
            alt.Chart(alt.NamedData("chosen"))
            .transform_calculate(text=text)
            .mark_text(align="left", baseline="bottom", dy=-8, fontSize=14, fontWeight="bold", color=self.theme.text)
            .encode(text="text:N", x=alt.value(alt.ExprRef(x)), y=alt.value(alt.ExprRef(f"{_NARROW} ? {narrow_y} : 0")))
        )
