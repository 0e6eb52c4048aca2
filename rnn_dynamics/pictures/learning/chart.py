"""The picture "Learning long lags": what is learned by update, and the gradient by step at each look.

Tables (see `table`): gradients, looks, endings, gates, letters, whole (one row). Pointing at a look on a map shows its
curves without the server.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import altair as alt

from rnn_dynamics.pictures.kit.panel import LINES, LOG10, Panel, of_cell
from rnn_dynamics.pictures.kit.panels import at, colour_bar, group, heading, picture
from rnn_dynamics.pictures.kit.theme import CELL_DASHES, CELL_NAMES, GATE_DASHES, SEQUENTIAL, THEMES, Background

HEIGHT = 520

#: Where the panels are, in pixels: what is learned on the left, the gradient on the right; on a phone all below each
#: other. `each`: the height of a map. `shown`: the number of the look under the pointer, or the marked one.
_PARAMETERS = {
    "narrow": "width < 560 * zoom",
    "leftEnd": "narrow ? width : min(width * 0.4, width * 0.52 - 120 * zoom)",
    "rightStart": "narrow ? 0 : width * 0.52",
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
    "looks": "data('looks')",
    "each": "(height - mapsTop) / whole.networks",
    "shown": "hover.look ? hover.look[0] : whole.marked",
}
#: Of a network that has ended early, its last look stands for all later ones.
_SHOWN = "datum.look === min(shown, datum.last)"
_PER_CENT = "100 * datum.value + ' %'"


def chart(axes: Mapping[str, str], views: Mapping[str, str], background: Background) -> alt.LayerChart:
    """The picture, its gradients against "step" or "lag", as the view `axis` says."""
    theme = THEMES[background]
    places = {
        "loss": ("0", "leftEnd", "0", "lossBottom"),
        "accuracy": ("0", "leftEnd", "rightTop", "rightBottom"),
        "clipped": ("0", "leftEnd", "clippedTop", "clippedBottom"),
        "gates": ("0", "leftEnd", "gatesTop", "gatesBottom"),
        "curves": ("rightStart", "width", "curvesTop", "curvesBottom"),
        "maps": ("rightStart", "width", "mapsTop", "height"),
    }
    panels = {name: Panel(theme, axes, *sides, at_start=views["axis"] == "step") for name, sides in places.items()}
    return picture(
        theme,
        _PARAMETERS,
        _maps(panels["maps"]),
        *_learned(panels),
        _gates(panels["gates"]),
        _gradients(panels["curves"]),
        *(heading(theme, LINES.format(name), *place) for name, place in _TITLES.items()),
        colour_bar(
            axes["norm"],
            "length:Q",
            ("whole.darkest", "whole.high"),
            SEQUENTIAL,
            legendX=alt.ExprRef("rightStart"),
            legendY=alt.ExprRef("height + 52 * zoom"),
            labelExpr=LOG10["labelExpr"],
            tickCount=3,
            gradientLength=170,
        ),
        apart=("x", "y"),
        height=HEIGHT,
        padding={"bottom": 56},
    )


#: Column of the row "whole" -> where it stands as a title; the names of the curves need room below theirs.
_TITLES = {
    "learned": ("0", "0"),
    "reach": ("rightStart", "(narrow ? curvesTop : curvesTop - 20)"),
    "movie": ("rightStart", "mapsTop"),
}


def _named(name: str) -> Any:
    return alt.Chart(alt.NamedData(name))


def _line(panel: Panel, field: str, ends: tuple[Any, Any], labels: bool = False, **axis: Any) -> dict[str, Any]:
    """The axes of a quantity by update."""
    name = field.partition(":")[0]
    below: dict[str, Any] = {"tickCount": 5, "tickMinStep": 1, "labels": labels, "titleOpacity": int(labels)}
    return {
        "x": panel.x("update:Q", (0, "whole.updates"), panel.axes["updates"], **below),
        "y": panel.y(field, ends, panel.axes[name], clamp=True, **axis),
    }


def _learned(panels: Mapping[str, Panel]) -> list[Any]:
    """Loss, right answers, and what was clipped; each network's by update, with a dot at the latest."""
    loss, accuracy, clipped = (panels[name] for name in ("loss", "accuracy", "clipped"))
    colour, dash = of_cell(loss.theme.cells), of_cell(CELL_DASHES)
    line = _named("looks").mark_line(strokeWidth=3, order=None, color=colour, strokeDash=dash).encode(detail="cell:N")
    last = _named("looks").transform_filter("datum.look === datum.last")  # all that there is of one with a single look
    dot = last.mark_point(filled=True, size=45, opacity=1, color=colour)
    point = {"size": 18, "filled": True, "color": colour}
    thin = _named("endings").mark_line(strokeWidth=1.5, opacity=0.8, order=None, color=colour, point=point)
    of_loss = _line(loss, "loss:Q", (0, "whole.top_loss"), tickCount=4)
    of_accuracy = _line(accuracy, "accuracy:Q", (0, 1), values=[0, 0.5, 1], labelExpr=_PER_CENT)
    of_clipped = _line(clipped, "clipped:Q", (0, 1), values=[0, 1], labelExpr=_PER_CENT)
    ends = thin.encode(detail="cell:N", **of_loss)
    return [
        alt.layer(line.encode(**of_loss), dot.encode(**of_loss), ends, _chance(loss, "chance_loss:Q"), _moment(loss)),
        alt.layer(
            line.encode(**of_accuracy),
            dot.encode(**of_accuracy),
            _chance(accuracy, "chance_accuracy:Q"),
            _moment(accuracy),
        ),
        alt.layer(line.encode(**of_clipped), _moment(clipped)),
    ]


def _chance(panel: Panel, field: str) -> Any:
    """What an answer without memory reaches."""
    theme = panel.theme
    rule = alt.Chart().mark_rule(color=theme.quiet, strokeDash=[2, 3], strokeWidth=1.5)
    text: dict[str, Any] = {"align": "right", "baseline": "bottom", "dx": -4, "dy": -3, "fontSize": 13}
    halo: dict[str, Any] = {"stroke": theme.panel, "strokeWidth": 4, "strokeJoin": "round"}
    said = alt.Chart().mark_text(text=panel.axes["chance"], color=theme.quiet, **text)
    behind = alt.Chart().mark_text(text=panel.axes["chance"], color=theme.quiet, **text, **halo)
    right = at("leftEnd")
    return group("whole", rule.encode(x=at("0"), x2=right), behind.encode(x=right), said.encode(x=right), y=field)


def _moment(panel: Panel) -> Any:
    """The update of the look that is shown."""
    picked = _named("looks").transform_filter(f"datum.row === whole.longest && {_SHOWN}")
    rule = picked.mark_rule(color=panel.theme.text, strokeWidth=1, strokeDash=[3, 2])
    return rule.encode(x="update:Q", y=at(panel.top), y2=at(panel.bottom))


def _gates(panel: Panel) -> Any:
    """The mean of each gate, and its letter."""
    colour, dash = of_cell(panel.theme.cells), alt.ExprRef(f"({GATE_DASHES})[datum.gate]")
    line = _named("gates").mark_line(strokeWidth=2.5, order=None, color=colour, strokeDash=dash)
    axes = _line(panel, "mean:Q", (0, 1), labels=True, values=[0, 0.5, 1], labelExpr=_PER_CENT)
    letter = _named("letters").mark_text(align="left", dx=5, fontSize=13, fontWeight="bold", color=colour)
    return alt.layer(
        line.encode(detail=["cell:N", "gate:N"], **axes),
        letter.encode(x="update:Q", y="place:Q", text="gate:N"),
        _moment(panel),
    )


def _gradients(panel: Panel) -> Any:
    """The gradient by step at the look that is shown, for each network; its name below the title, on a phone below."""
    style = {"color": of_cell(panel.theme.cells), "strokeDash": of_cell(CELL_DASHES), "strokeWidth": 3}
    shown = _with_looks(_named("gradients")).transform_filter(_SHOWN)
    lines = shown.transform_calculate(lag="whole.length - datum.step").mark_line(order=None, **style)
    y = panel.y("log10_norm:Q", ("whole.low", "whole.high"), panel.axes["norm"], tickCount=5, **LOG10)
    first, place = _first_looks(), "rightStart + datum.row * 100"
    high = at("narrow ? curvesBottom + 40 : curvesTop - 12")
    name = first.mark_text(align="left", dx=34, fontSize=15, fontWeight="bold", color=style["color"])
    return alt.layer(
        lines.encode(x=panel.time(titleOpacity=0), y=y, detail="cell:N"),  # the maps below have the same title
        first.mark_rule(**style).encode(x=at(place), x2=at(f"{place} + 28"), y=high),
        name.encode(x=at(place), y=high, text="name:N"),
    )


def _first_looks() -> Any:
    """The first look at each network, with its name."""
    return _named("looks").transform_filter("datum.look === 0").transform_calculate(name=f"({CELL_NAMES})[datum.cell]")


def _with_looks(chart: Any) -> Any:
    """Rows of places with what is known of the look there."""
    known = ("row", "cell", "look", "last", "first", "until")
    return chart.transform_calculate(**{name: f"looks[datum.place].{name}" for name in known})


def _maps(panel: Panel) -> Any:
    """A strip for each look at each network, one map below the other; its name upright on its left."""
    theme, top = panel.theme, "mapsTop + each * datum.row"
    ends = {name: at(f"{top} + (each - 10) * datum.{name} / whole.updates") for name in ("until", "first")}
    nothing = "scale('color', whole.darkest)"
    at_once = {"x2": at("width"), "y": ends["until"], "y2": ends["first"]}
    strips = panel.strips("gradients", ["place"], "log10_norm", _SHOWN, nothing=nothing, hover="look", **at_once)
    axis = _named("whole").mark_point(opacity=0).encode(x=panel.time("length:Q", titlePadding=2), y=at("height"))
    upright: dict[str, Any] = {"angle": 270, "align": "center"}
    bold: dict[str, Any] = {"fontWeight": "bold", "fontSize": 15, "color": of_cell(theme.cells)}
    name = _first_looks().mark_text(**upright, **bold, dy=-34).encode(text="name:N")
    down = _first_looks().mark_text(**upright, dy=-14, fontSize=13, color=theme.quiet, text=panel.axes["newest"])
    names = alt.layer(name, down).encode(x=at("rightStart"), y=at(f"{top} + (each - 10) / 2"))
    return alt.layer(_with_looks(strips), axis, names)
