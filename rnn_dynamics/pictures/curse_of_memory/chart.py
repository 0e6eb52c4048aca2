"""The picture "Curse of memory": both laws, with the reader's memory and the usual one on them.

On request also networks that were run, and the loss of what learns λ with a step on it.
Tables: see `table`. A line's colour and dash say what it is, and a point's shape which network it belongs to.
"""

from typing import Any

import altair as alt

from rnn_dynamics.pictures.kit.layers import LOG10, at, each, group, key, layered, of, of_cell, ref, text
from rnn_dynamics.pictures.kit.panel import LOG, Panel, Sheet
from rnn_dynamics.pictures.kit.theme import SOLID, Theme

#: Where the panels are, in pixels: side by side, on a phone one below the other.
PANELS = {
    "laws": ("0", "narrow ? width : width * 0.5", "0", "narrow ? height * 0.5 - 60 * zoom : height"),
    "loss": ("narrow ? 0 : width * 0.6", "width", "narrow ? height * 0.5 + 62 * zoom : 0", "height"),
}
_DASHES = {"gradient": [2, 3], "state": [9, 5], "sensitivity": SOLID, "plain": [1, 5]}
_WIDTHS = {"gradient": 3, "state": 3, "sensitivity": 5, "plain": 3}
_SHAPES = {"linear": "circle", "lru": "diamond", "lstm": "triangle-up"}
_VALLEYS = {"usual": [7, 4], "own": SOLID}
_SIZE = "narrow ? 12 : 14"


def chart(sheet: Sheet) -> alt.LayerChart:
    """The picture: the laws, or by the view `panels` all.

    The horizontal axis of the loss is λ, or with the exponential the memory.
    """
    if not sheet.shows_all:
        alone = sheet.alone("laws")
        [laws] = alone.panels()
        return alone.picture(*_laws(laws))
    laws, loss = sheet.panels()
    learns = sheet.views["remedy"] in ("exponential", "both")
    kind: dict[str, Any] = {"values": [0, 1, 2, 3, 4], **LOG10} if learns else {"tickCount": 6, "format": ".1f"}
    place = loss.x("place:Q", ("whole.left", "whole.right"), "exponent" if learns else "factor", **kind)
    height = loss.y("loss:Q", (0, "whole.top"), "loss", tickCount=4, format="~r")
    return sheet.picture(
        [*_laws(laws), _networks(sheet.theme), *_key_of_networks(laws, sheet.theme)],
        [
            each("valleys", _valleys(sheet.theme), by="whose", x=place, y=height),
            _steps(sheet.theme),
            loss.title("loss"),
        ],
        padding={"bottom": 8},
    )


def _laws(panel: Panel) -> list[Any]:
    """The laws, and on them the reader's unit beside that of the usual memory."""
    theme = panel.sheet.theme
    x = panel.x("memory:Q", (1, "whole.longest"), "memory", LOG, values=[1, 10, 100, 1000], format="~r")
    lines = each("laws", _lines(theme), x=x, y=panel.log10("spread", "log10:Q"))
    return [lines, _here(panel), _units(theme), *_key_of_lines(panel, theme), panel.title("laws")]


def _colours(theme: Theme) -> dict[str, str]:
    state, sensitive = theme.palette[2], theme.palette[0]
    return {"gradient": theme.palette[3], "state": state, "sensitivity": sensitive, "plain": theme.quiet}


def _lines(theme: Theme) -> dict[str, dict[str, Any]]:
    return {
        name: {"color": colour, "strokeDash": _DASHES[name], "strokeWidth": _WIDTHS[name]}
        for name, colour in _colours(theme).items()
    }


def _valleys(theme: Theme) -> dict[str, dict[str, Any]]:
    colours = {"usual": theme.quiet, "own": theme.palette[0]}
    return {name: {"color": colours[name], "strokeDash": dash, "strokeWidth": 3} for name, dash in _VALLEYS.items()}


def _here(panel: Panel) -> Any:
    """Where the reader's memory is, up to its unit: above that are the names of the lines."""
    upper = of("units", "datum.upper && datum.memory === whole.memory")
    rule = upper.mark_rule(strokeWidth=1.5, strokeDash=[2, 3], color=panel.sheet.theme.text)
    return rule.encode(x="memory:Q", y="log10:Q", y2=at(panel.bottom))


def _networks(theme: Theme) -> Any:
    """The units of networks that were run."""
    shape = of_cell(_SHAPES, "network")
    style: dict[str, Any] = {"shape": shape, "size": 70, "strokeWidth": 2, "filled": False, "opacity": 1}
    dots = of("networks").mark_point(**style, color=of_cell(_colours(theme), "what"))
    return dots.encode(x="memory:Q", y="log10:Q")


def _units(theme: Theme) -> Any:
    """The reader's unit and the usual one, with their numbers."""
    colour = of_cell(_colours(theme), "what")
    dots = of().mark_point(filled=True, size=170, opacity=1, color=colour, stroke=theme.panel, strokeWidth=1.5)
    number = alt.Text("spread:Q", format=",.3~r")
    left = "datum.upper || datum.memory > 300"
    style: dict[str, Any] = {
        "align": ref(f"{left} ? 'right' : 'left'"),
        "dx": ref(f"{left} ? -12 : 12"),
        "dy": ref("datum.upper ? -12 : 14"),
        "halo": theme.panel,
        "bold": True,
        "size": "narrow ? 13 : 16",
        "color": colour,
    }
    return group("units", dots, text(of(), number, **style), x="memory:Q", y="log10:Q")


def _key_of_lines(panel: Panel, theme: Theme) -> list[Any]:
    """What the lines are, in the corner from which they rise."""
    order = "indexof(['sensitivity', 'plain', 'state', 'gradient'], datum.name)"
    number = f"({order} > 1 && whole.plain === '' ? {order} - 1 : {order})"
    style = {"color": of_cell(_colours(theme), "name"), "strokeDash": of_cell(_DASHES, "name"), "strokeWidth": 3}
    y = f"{panel.top} + (12 + 20 * {number}) * zoom"
    named: dict[str, Any] = {"halo": theme.panel, "size": _SIZE, "bold": True, "color": style["color"]}
    return key(of("lines"), "text", f"{panel.left} + 8", y, style, "30", **named)


def _key_of_networks(panel: Panel, theme: Theme) -> list[Any]:
    """Which shape is which network, in a row at the bottom: left of the reader's memory, or at the right end."""
    wide, room = f"({panel.right} - ({panel.left}))", "262 * zoom"
    end = f"{panel.left} + ({wide} * log(whole.memory) / log(whole.longest) > {room} ? {room} : {wide})"
    x = f"{end} - {{linear: 250, lru: 128, lstm: 66}}[datum.network] * zoom"
    y = f"{panel.bottom} - 12 * zoom"
    mark: dict[str, Any] = {"shape": of_cell(_SHAPES, "network"), "size": 70, "strokeWidth": 2, "color": theme.text}
    dots = of("names").mark_point(**mark, filled=False, opacity=1).encode(x=at(x), y=at(y))
    return [dots, text(of("names"), "text", f"{x} + 10 * zoom", y, "left", size=_SIZE, halo=theme.panel)]


def _steps(theme: Theme) -> Any:
    """From where a step begins to where it ends, or to the axis where it goes beyond it."""
    colour = ref(f"datum.whose === 'own' ? '{theme.palette[0]}' : '{theme.quiet}'")
    style: dict[str, Any] = {"color": colour, "strokeWidth": 2.5, "strokeDash": of_cell(_VALLEYS, "whose")}
    line = of().mark_rule(**style).encode(x2="place_after:Q", y2="loss_after:Q")
    start = of().mark_point(filled=True, size=130, opacity=1, color=colour)
    shape = ref("datum.beyond ? 'triangle-right' : 'square'")
    end = of().mark_point(filled=True, size=150, opacity=1, color=colour, shape=shape)
    ended = end.encode(x="place_after:Q", y="loss_after:Q")
    return group("steps", layered(line, start), ended, x="place:Q", y="loss:Q")
