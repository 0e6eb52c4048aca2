"""The picture "Learning long lags": what is learned by update, and the gradient by step at each look.

Everything is in one view, as in `vanish_or_explode`, so that pointing at a look on a map shows its curves without the
server. Datasets (see `tables.learning`): looks, curves, gates, whole (one row).
"""

from __future__ import annotations

from typing import Any

import altair as alt

from rnn_dynamics.pictures.kit.panels import (
    POWER_OF_TEN,
    at,
    colour_bar,
    flattened,
    group,
    heading,
    picture,
    strips,
    time_axis,
)
from rnn_dynamics.pictures.kit.theme import CELL_DASHES, CELL_NAMES, SEQUENTIAL, THEMES, Background, Theme

HEIGHT = 520

#: Where the panels are, in pixels: what is learned on the left, the gradient on the right; on a phone all below each
#: other. `shown`: the number of the look under the pointer, or the marked one.
_PARAMETERS = {
    "narrow": "width < 560 * zoom",
    "leftEnd": "narrow ? width : min(width * 0.4, width * 0.52 - 120 * zoom)",
    "rightStart": "narrow ? 0 : width * 0.52",
    "lossTop": "0",
    "lossBottom": "height * (narrow ? 0.11 : 0.27)",
    "rightTop": "height * (narrow ? 0.16 : 0.4)",
    "rightBottom": "height * (narrow ? 0.24 : 0.6)",
    "clippedTop": "height * (narrow ? 0.28 : 0.7)",
    "clippedBottom": "height * (narrow ? 0.32 : 0.78)",
    "gatesTop": "height * (narrow ? 0.35 : 0.85)",
    "gatesBottom": "height * (narrow ? 0.41 : 1)",
    "curvesTop": "height * (narrow ? 0.56 : 0)",
    "curvesBottom": "height * (narrow ? 0.67 : 0.33)",
    "mapsTop": "height * (narrow ? 0.82 : 0.56)",
    "whole": "data('whole')[0]",
    "shown": "hover.look ? hover.look[0] : whole.marked",
}
#: Of a network that has ended early, its last look stands for all later ones.
_SHOWN = "datum.look === min(shown, datum.last)"
_LINES = "split(replace(whole.{}, /¦/g, narrow ? '|' : ' '), '|')"
#: Names and dashes of the gates.
GATE_DASHES = {"i": [7, 4], "f": [1, 0], "o": [2, 3], "r": [7, 4], "z": [1, 0]}


def learning_chart(against: str, background: Background) -> alt.LayerChart:
    """The picture.

    Args:
        against: "step" or "lag", the horizontal axis of the gradients.
        background: key of THEMES.
    """
    panels = _Panels(THEMES[background], against == "step")
    parts: list[Any] = [
        alt.layer(panels.maps(), panels.map_frame(), panels.map_lead()),
        alt.layer(
            panels.lines("losses"),
            panels.latest("lastLoss"),
            panels.ends(),
            panels.chance("chanceLoss"),
            panels.moment("lossTop", "lossBottom"),
        ),
        alt.layer(
            panels.lines("accuracies"),
            panels.latest("lastRight"),
            panels.chance("chanceRight"),
            panels.moment("rightTop", "rightBottom"),
        ),
        alt.layer(panels.lines("clipped"), panels.moment("clippedTop", "clippedBottom")),
        alt.layer(panels.gates(), panels.gate_names(), panels.moment("gatesTop", "gatesBottom")),
        alt.layer(panels.gradients(), panels.gradient_names()),
        panels.map_names(),
        *panels.titles(),
        colour_bar("‖∂L/∂h_t‖", "length:Q", ("whole.darkest", "whole.high"), SEQUENTIAL, **_COLOURS),
    ]
    apart = ("x", "y", "color", "strokeDash")
    return picture(panels.theme, _PARAMETERS, *parts, apart=apart, height=HEIGHT, padding={"bottom": 56})


_COLOURS: dict[str, Any] = {
    "legendX": alt.ExprRef("rightStart"),
    "legendY": alt.ExprRef("height + 52 * zoom"),
    "labelExpr": POWER_OF_TEN,
    "tickCount": 3,
    "gradientLength": 170,
}
#: Field of the curves -> its panel's bottom and top, title, last value of its axis, and the axis's values.
_LEFT: dict[str, tuple[str, str, str, Any, Any]] = {
    "losses": ("lossBottom", "lossTop", "test loss", alt.ExprRef("whole.topLoss"), None),
    "accuracies": ("rightBottom", "rightTop", "right", 100, [0, 50, 100]),
    "clipped": ("clippedBottom", "clippedTop", "clipped", 100, [0, 100]),
}


class _Panels:
    """The layers."""

    def __init__(self, theme: Theme, at_start: bool) -> None:
        self.theme, self.at_start = theme, at_start
        self.colour = alt.Color(
            "cell:N", scale=alt.Scale(domain=list(CELL_NAMES), range=list(theme.cells.values())), legend=None
        )
        self.dash = alt.StrokeDash(
            "cell:N", scale=alt.Scale(domain=list(CELL_DASHES), range=list(CELL_DASHES.values())), legend=None
        )

    def _updates(self, field: str, bottom: str, labels: bool) -> alt.X:
        return alt.X(
            field,
            title="updates",
            scale=alt.Scale(
                domain=[0, alt.ExprRef("whole.updates")], range=[0, alt.ExprRef("leftEnd")], nice=False, zero=False
            ),
            axis=alt.Axis(
                orient="bottom",
                offset=alt.ExprRef(f"{bottom} - height"),
                tickCount=5,
                tickMinStep=1,
                labels=labels,
                titleOpacity=1 if labels else 0,
            ),
        )

    @staticmethod
    def _up(field: str, end: Any, bottom: str, top: str, title: str, **axis: Any) -> alt.Y:
        return alt.Y(
            field,
            title=title,
            scale=alt.Scale(domain=[0, end], range=[alt.ExprRef(bottom), alt.ExprRef(top)], nice=False),
            axis=alt.Axis(orient="left", **axis),
        )

    # --- what is learned --------------------------------------------------------------------------------------

    def lines(self, field: str) -> Any:
        """A quantity by update, for each network."""
        bottom, top, title, end, values = _LEFT[field]
        axis: dict[str, Any] = {"values": values, "labelExpr": "datum.value + ' %'"} if values else {"tickCount": 4}
        line = flattened(x="datum.updates", y=f"datum.{field}").mark_line(strokeWidth=3, order=None)
        return group(
            "curves",
            line.encode(color=self.colour, strokeDash=self.dash),
            x=self._updates("x:Q", bottom, labels=False),
            y=self._up("y:Q", end, bottom, top, title, **axis),
        )

    def latest(self, last: str) -> Any:
        """A dot at the end of each line, which is all that there is of one with a single look."""
        dot = alt.Chart(alt.NamedData("curves")).transform_filter(f"isValid(datum.{last})")
        return dot.mark_point(filled=True, size=45, opacity=1).encode(
            x="lastUpdate:Q", y=f"{last}:Q", color=self.colour
        )

    def ends(self) -> Any:
        """The loss of each single update before a training ended early, thin."""
        losses = flattened(x="datum.endUpdates", y="datum.endLosses", data="curves").transform_filter(
            "datum.endUpdates !== ''"
        )
        return losses.mark_line(strokeWidth=1.5, opacity=0.8, order=None, point={"size": 18, "filled": True}).encode(
            x="x:Q", y="y:Q", color=self.colour
        )

    def chance(self, field: str) -> Any:
        """What an answer without memory reaches."""
        rule = alt.Chart().mark_rule(color=self.theme.quiet, strokeDash=[2, 3], strokeWidth=1.5)
        text: dict[str, Any] = {"align": "right", "baseline": "bottom", "dx": -4, "dy": -3, "fontSize": 13}
        halo: dict[str, Any] = {"stroke": self.theme.panel, "strokeWidth": 4, "strokeJoin": "round"}
        return group(
            "whole",
            rule.encode(x=at("0"), x2=at("leftEnd")),
            *(
                alt.Chart().mark_text(text="chance", color=self.theme.quiet, **text, **extra).encode(x=at("leftEnd"))
                for extra in (halo, {})
            ),
            y=f"{field}:Q",
        )

    def moment(self, top: str, bottom: str) -> Any:
        """The update of the look that is shown."""
        picked = alt.Chart(alt.NamedData("looks")).transform_filter(f"datum.row === whole.longest && {_SHOWN}")
        rule = picked.mark_rule(color=self.theme.text, strokeWidth=1, strokeDash=[3, 2])
        return rule.encode(x="update:Q", y=at(top), y2=at(bottom))

    def gates(self) -> Any:
        """The mean of each gate."""
        line = flattened(x="datum.updates", y="datum.means").mark_line(strokeWidth=2.5, order=None)
        dash = alt.StrokeDash(
            "gate:N", scale=alt.Scale(domain=list(GATE_DASHES), range=list(GATE_DASHES.values())), legend=None
        )
        axis: dict[str, Any] = {"values": [0, 50, 100], "labelExpr": "datum.value + ' %'"}
        return group(
            "gates",
            line.encode(color=self.colour, strokeDash=dash, detail="gate:N"),
            x=self._updates("x:Q", "gatesBottom", labels=True),
            y=self._up("y:Q", 100, "gatesBottom", "gatesTop", "gates", **axis),
        )

    def gate_names(self) -> Any:
        text = alt.Chart(alt.NamedData("gates")).mark_text(align="left", dx=5, fontSize=13, fontWeight="bold")
        return text.encode(x="update:Q", y="label:Q", text="gate:N", color=self.colour)

    # --- the gradient -----------------------------------------------------------------------------------------

    def gradients(self) -> Any:
        """The gradient by step at the look that is shown, for each network."""
        line = (
            flattened(x="whole.steps", y="datum.points", data="looks")
            .transform_filter(_SHOWN)
            .mark_line(strokeWidth=3, order=None)
        )
        x = time_axis(
            *("x:Q", self.at_start, "rightStart", "width"),
            tickCount=6,
            titleOpacity=0,  # the maps below have the same title
            offset=alt.ExprRef("curvesBottom - height"),
        )
        y = alt.Y(
            "y:Q",
            title="‖∂L/∂h_t‖",
            scale=alt.Scale(
                domain=[alt.ExprRef("whole.low"), alt.ExprRef("whole.high")],
                range=[alt.ExprRef("curvesBottom"), alt.ExprRef("curvesTop")],
                nice=False,
                zero=False,
            ),
            axis=alt.Axis(
                orient="left", offset=alt.ExprRef("-rightStart"), labelExpr=POWER_OF_TEN, tickCount=5, tickMinStep=100
            ),
        )
        return line.encode(x=x, y=y, color=self.colour, strokeDash=self.dash)

    def gradient_names(self) -> Any:
        """The names of the networks: below the title, on a phone below the curves."""
        place = "rightStart + datum.row * 100"
        base = alt.Chart(alt.NamedData("looks")).transform_filter("datum.look === 0")
        names = "{" + ", ".join(f"{key}: '{name}'" for key, name in CELL_NAMES.items()) + "}[datum.cell]"
        text = base.transform_calculate(name=names).mark_text(align="left", dx=34, fontSize=15, fontWeight="bold")
        rule = base.mark_rule(strokeWidth=3)
        high = at("narrow ? curvesBottom + 40 : curvesTop - 12")
        return alt.layer(
            rule.encode(x=at(place), x2=at(f"{place} + 28"), y=high, color=self.colour, strokeDash=self.dash),
            text.encode(x=at(place), y=high, text="name:N", color=self.colour),
        )

    def maps(self) -> Any:
        """A strip for each look at each network, one map below the other."""
        return group(
            "looks",
            strips("look", "row", "above", "below"),
            x=at("rightStart"),
            x2=at("width"),
            y=at(self._height("below")),
            y2=at(self._height("above")),
        )

    def map_frame(self) -> Any:
        """Around the looks whose curves are shown."""
        picked = alt.Chart(alt.NamedData("looks")).transform_filter(_SHOWN)
        return picked.mark_rect(fill=None, stroke=self.theme.text, strokeWidth=2).encode(
            x=at("rightStart"), x2=at("width"), y=at(self._height("above")), y2=at(self._height("below"))
        )

    @staticmethod
    def _height(field: str) -> str:
        """Where an update lies in the map of the datum's network."""
        each = "((height - mapsTop) / whole.networks)"
        return f"mapsTop + {each} * datum.row + ({each} - 10) * datum.{field} / whole.updates"

    def map_lead(self) -> Any:
        """Carries the horizontal axis of the maps."""
        x = time_axis("length:Q", self.at_start, "rightStart", "width", tickCount=6, titlePadding=2)
        return alt.Chart(alt.NamedData("whole")).mark_point(opacity=0).encode(x=x, y=at("height"))

    def map_names(self) -> Any:
        """The name of each map, upright on its left."""
        base = alt.Chart(alt.NamedData("looks")).transform_filter("datum.look === 0")
        names = "{" + ", ".join(f"{key}: '{name}'" for key, name in CELL_NAMES.items()) + "}[datum.cell]"
        each = "((height - mapsTop) / whole.networks)"
        middle = at(f"mapsTop + {each} * datum.row + ({each} - 10) / 2")
        style: dict[str, Any] = {"angle": 270, "align": "center", "fontWeight": "bold", "fontSize": 15}
        name = base.transform_calculate(name=names).mark_text(**style, dy=-34).encode(text="name:N", color=self.colour)
        down = base.mark_text(angle=270, align="center", dy=-14, fontSize=13, color=self.theme.quiet, text="← updates")
        return alt.layer(name, down).encode(x=at("rightStart"), y=middle)

    # --- titles -----------------------------------------------------------------------------------------------

    def titles(self) -> tuple[alt.Chart, ...]:
        places = {
            "learned": ("0", "lossTop"),
            "reach": ("rightStart", "(narrow ? curvesTop : curvesTop - 20)"),
            "movie": ("rightStart", "mapsTop"),
        }
        return tuple(heading(self.theme, _LINES.format(name), *place) for name, place in places.items())
