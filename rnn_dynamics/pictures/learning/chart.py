"""The picture "Learning long lags": what is learned by update, and the gradient by step at each look.

Tables (see `table`): gradients, looks, chances, endings, gates, letters, whole (one row). Pointing at a look on a
map shows its curves without the server, a click moves the slider there.
"""

from typing import Any

import altair as alt

from rnn_dynamics.pictures.kit.layers import LOG10, NAME, PER_CENT, at, key, of, of_cell, ref, text, with_lag
from rnn_dynamics.pictures.kit.map_rows import map_rows
from rnn_dynamics.pictures.kit.panel import CLAMPED, Panel, Sheet
from rnn_dynamics.pictures.kit.theme import GATE_DASHES, SEQUENTIAL

#: Where the panels are, in pixels: what is learned on the left, the gradient on the right; on a phone all below each
#: other. `each`: the height of a map. `shown`: the number of the look under the pointer, or the marked one.
PANELS = {
    "loss": ("0", "narrow ? width : min(width * 0.4, curvesLeft - 120 * zoom)", "0", "height * (narrow ? 0.11 : 0.25)"),
    "accuracy": ("0", "lossRight", "height * (narrow ? 0.16 : 0.36)", "height * (narrow ? 0.24 : 0.54)"),
    "clipped": ("0", "lossRight", "height * (narrow ? 0.28 : 0.65)", "height * (narrow ? 0.32 : 0.77)"),
    "gates": ("0", "lossRight", "height * (narrow ? 0.35 : 0.86)", "height * (narrow ? 0.41 : 1)"),
    "curves": ("narrow ? 0 : width * 0.52", "width", "height * (narrow ? 0.56 : 0)", "height * (narrow ? 0.67 : 0.3)"),
    "maps": ("curvesLeft", "width", "height * (narrow ? 0.82 : 0.64)", "height"),
}
PARAMETERS = {
    "looks": "data('looks')",
    "gated": "length(data('gates')) > 0 ? 1 : 0",
    "each": "(height - mapsTop) / whole.networks",
    "shown": "hover.look ? hover.look[0] : whole.marked",
}
#: Of a network that has ended early, its last look stands for all later ones.
_SHOWN = "datum.look === min(shown, datum.last)"
#: The first look, where that is not the one that is shown.
_BEFORE = "datum.look === 0 && min(shown, datum.last) > 0"
#: What a click on a look says beside its number.
_GOING = {"of": "whole.last", "chosen": "whole.marked"}
_SHARE: dict[str, Any] = {"values": [0, 0.5, 1], "labelExpr": PER_CENT}


def chart(sheet: Sheet) -> alt.LayerChart:
    """The picture, its gradients against "step" or "lag", as the view `axis` says."""
    *learned, curves, maps = sheet.panels()
    return sheet.picture(
        _maps(maps),
        *_learned(*learned),
        _gradients(curves),
        sheet.colour_bar(
            "colour",
            ("whole.darkest", "whole.high"),
            SEQUENTIAL,
            legendX=ref("curvesLeft"),
            legendY=ref("height + 52 * zoom"),
            labelExpr=LOG10["labelExpr"],
            tickCount=3,
            gradientLength=ref("narrow ? 56 : 170"),
        ),
        height=520,
        padding={"bottom": 56},
    )


def _learned(loss: Panel, accuracy: Panel, clipped: Panel, gates: Panel) -> list[list[Any]]:
    """Loss, right answers, what was clipped and the gates; each network's by update, with a dot at the latest."""
    style = loss.sheet.line_of_cell
    colour = style["color"]
    line = of("looks").mark_line(**style).encode(detail="cell:N")
    # All that there is of one with a single look.
    dot = of("looks", "datum.look === datum.last").mark_point(size=45, color=colour)
    point = {"size": 18, "filled": True, "color": colour}
    thin = of("endings").mark_line(strokeWidth=1.5, opacity=0.8, color=colour, point=point).encode(detail="cell:N")
    dash = of_cell(GATE_DASHES, "gate")
    gate = of("gates").mark_line(strokeWidth=2.5, color=colour, strokeDash=dash).encode(detail=["cell:N", "gate:N"])
    # Not every cell has any.
    of_gates = _SHARE | {"labelExpr": f"gated ? {PER_CENT} : ''", "titleOpacity": ref("gated")}
    letter = text(of("letters"), "gate", "update:Q", "place:Q", "left", dx=5, size=13, bold=True, color=colour)
    return [
        [*_by_update(loss, "loss", [line, dot, thin], "whole.top_loss", tickCount=4), loss.title("learned")],
        _by_update(accuracy, "accuracy", [line, dot], **_SHARE),
        _by_update(clipped, "clipped", [line], **_SHARE | {"values": [0, 1]}),
        [*_by_update(gates, "mean", [gate], labels=True, **of_gates), letter],
    ]


def _by_update(
    panel: Panel, name: str, layers: list[Any], top: Any = 1, labels: bool = False, **axis: Any
) -> list[Any]:
    """Layers of a quantity by update, what an answer without memory reaches of it, and the look that is shown."""
    below: dict[str, Any] = {"tickCount": 5, "tickMinStep": 1, "labels": labels, "titleOpacity": int(labels)}
    x = panel.x("update:Q", (0, "whole.updates"), "updates", **below)
    y = panel.y(f"{name}:Q", (0, top), name, scale=CLAMPED, **axis)
    chance, quiet = alt.value(panel.sheet.axes["chance"]), panel.sheet.theme.quiet
    by_chance = [panel.level("chances", "chance:Q", chance, quiet, f"datum.name === '{name}'")]
    shown = of("looks", f"datum.row === whole.longest && {_SHOWN}").mark_rule(strokeWidth=1, strokeDash=[3, 2])
    return [
        *(one.encode(x=x, y=y) for one in layers),
        *(by_chance if name in ("loss", "accuracy") else []),
        shown.encode(x="update:Q", **panel.upright),
    ]


def _gradients(panel: Panel) -> list[Any]:
    """The gradient by step at the look that is shown, for each network, and thin the one before training.

    Their names are below the title, on a phone below the curves.
    """
    style, place = panel.sheet.line_of_cell, "curvesLeft + datum.row * 100"
    rows, high = with_lag(_with_looks(of("gradients"))), "narrow ? curvesBottom + 40 : curvesTop - 12"
    thin = rows.transform_filter(_BEFORE).mark_line(**style | {"strokeWidth": 1.25, "opacity": 0.8})
    lines = rows.transform_filter(_SHOWN).mark_line(**style)
    # The maps below have the same title.
    axes = {"x": panel.time(titleOpacity=0), "y": panel.log10("norm", tickCount=5), "detail": "cell:N"}
    return [
        thin.encode(**axes),
        lines.encode(**axes),
        *key(_FIRST_LOOKS, "name", place, high, style, "28", size=15, bold=True, color=style["color"]),
        _thin(panel.sheet),
        panel.sheet.title("whole.reach", "curvesLeft", "(narrow ? curvesTop : curvesTop - 20)"),
    ]


def _thin(sheet: Sheet) -> Any:
    """What the thin curves are: beside the names, or on a phone in the panel's corner that is free."""
    x, align = ("width", "'right'") if sheet.past else ("narrow ? 6 : width", "narrow ? 'left' : 'right'")
    y, size = "narrow ? curvesBottom - 8 : curvesTop - 12", "narrow ? 12 : 15"
    said, style = alt.value(sheet.axes["before"]), {"halo": sheet.theme.panel, "align": ref(align)}
    return text(of("whole", "shown > 0"), said, x, y, "middle", size=size, **style)


#: The first look at each network, with its name.
_FIRST_LOOKS = of("looks", "datum.look === 0", name=NAME)


def _with_looks(chart: Any) -> Any:
    """Rows of places with what is known of the look there."""
    known = ("row", "cell", "look", "last", "first", "until")
    return chart.transform_calculate(**{name: f"looks[datum.place].{name}" for name in known})


def _maps(panel: Panel) -> list[Any]:
    """A strip for each look at each network, one map below the other; its name upright on its left, and their axis."""
    top, theme = "mapsTop + each * datum.row", panel.sheet.theme
    ends = {name: at(f"{top} + (each - 10) * datum.{name} / whole.updates") for name in ("until", "first")}
    kind: dict[str, Any] = {"pointing": ("look", _SHOWN), "nothing": "scale('color', whole.darkest)", "going": _GOING}
    strips = map_rows(panel, "gradients", "log10_norm", ["place"], y=ends["until"], y2=ends["first"], **kind)
    bold: dict[str, Any] = {"color": of_cell(theme.cells), "size": 15, "bold": True}
    middle, down = f"{top} + (each - 10) / 2", alt.value(panel.sheet.axes["newest"])
    return [
        _with_looks(strips),
        panel.lead(x=panel.time("length:Q", titlePadding=2), y=at("height")),
        text(_FIRST_LOOKS, "name", "curvesLeft", middle, angle=270, dy=-34, **bold),
        panel.title("movie"),
        # One for all, for a low map has no room for its own.
        text(
            of("whole"),
            down,
            "curvesLeft",
            "(mapsTop + height - 10) / 2",
            angle=270,
            dy=-14,
            size=13,
            color=theme.quiet,
        ),
    ]
