"""The picture "Fill in the blank": right answers against the number of filler words, and a gate over a sentence.

Tables (see `table`): tests, words, whole (one row). Pointing at a word shows its numbers without the server.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import altair as alt

from rnn_dynamics.pictures.kit.panel import Panel, of_cell
from rnn_dynamics.pictures.kit.panels import at, group, heading, picture
from rnn_dynamics.pictures.kit.theme import CELL_DASHES, CELL_NAMES, THEMES, Background, Theme

#: Where the panels are, in pixels: answers on the left, the gate on the right, on a phone below. `every`: of so many
#: words one is written below the axis.
_PARAMETERS = {
    "narrow": "width < 560 * zoom",
    "leftEnd": "narrow ? width : width * 0.42",
    "leftBottom": "narrow ? height * 0.33 : height - 92 * zoom",
    "rightStart": "narrow ? 0 : width * 0.52",
    "rightTop": "narrow ? height * 0.56 : 0",
    "rightBottom": "height - 92 * zoom",
    "whole": "data('whole')[0]",
    "every": "ceil(13 * zoom * whole.steps / (width - rightStart))",
    "pointed": "hover.step ? hover.step[0] : 0",
}
_LINES = "split(replace(whole.{}, /¦/g, width < 1000 * zoom ? '|' : ' '), '|')"
#: Shape and size of each network's mark, the lowest first. Not CELL_SHAPES: a small square on a triangle on a large
#: circle are all seen where networks give the same.
_MARKS = {"lstm": ("circle", 190), "rnn": ("triangle-up", 80), "gru": ("square", 45)}
_PER_CENT: dict[str, Any] = {
    "values": [0, 0.25, 0.5, 0.75, 1],
    "labelExpr": "100 * datum.value + ' %'",
    "titleOpacity": alt.ExprRef("narrow ? 0 : 1"),
}


def chart(axes: Mapping[str, str], _: Mapping[str, str], background: Background) -> alt.LayerChart:
    """The picture."""
    theme = THEMES[background]
    answers = Panel(theme, axes, "0", "leftEnd", "0", "leftBottom")
    gate = Panel(theme, axes, "rightStart", "width", "rightTop", "rightBottom")
    return picture(
        theme,
        _PARAMETERS | {"cellColour": f"{theme.cells}[whole.cell]"},
        _answers(answers),
        _gate(gate),
        _gate_names(theme),
        _pointed(theme),
        _note(theme),
        heading(theme, _LINES.format("learned"), "0", "0"),
        heading(theme, _LINES.format("gate"), "rightStart", "rightTop"),
        apart=("x", "y"),
        padding={"bottom": 8},
    )


def _named(name: str) -> Any:
    return alt.Chart(alt.NamedData(name))


def _style(theme: Theme) -> dict[str, Any]:
    return {"fontSize": alt.ExprRef("narrow ? 13 : 14"), "color": theme.text}


def _with_halo(theme: Theme) -> tuple[dict[str, Any], dict[str, Any]]:
    """The style of a text, first with what sets it off from what lies below."""
    return _style(theme) | {"stroke": theme.panel, "strokeWidth": 5, "strokeJoin": "round"}, _style(theme)


def _answers(panel: Panel) -> Any:
    """Each network's right answers, the chance, and the gap that is trained."""

    def gaps() -> alt.X:
        return panel.x("gap:Q", (0, "whole.longest"), panel.axes["gaps"], tickCount=6, tickMinStep=1)

    def right(field: str) -> alt.Y:
        return panel.y(field, (0, 1), panel.axes["accuracy"], **_PER_CENT)

    theme, axes = panel.theme, {"x": gaps(), "y": right("accuracy:Q")}
    lines = {cell: {"strokeWidth": 3, "color": theme.cells[cell], "strokeDash": CELL_DASHES[cell]} for cell in _MARKS}
    border: dict[str, Any] = {"filled": True, "opacity": 1, "stroke": theme.panel, "strokeWidth": 1}
    marks = [
        alt.Chart()
        .transform_filter(f"datum.cell === '{cell}'")
        .mark_point(shape=shape, size=size, fill=theme.cells[cell], **border)
        for cell, (shape, size) in _MARKS.items()
    ]
    rule: dict[str, Any] = {"color": theme.quiet, "strokeWidth": 1.5}
    dotted, upright = alt.Chart().mark_rule(**rule, strokeDash=[2, 3]), alt.Chart().mark_rule(**rule)
    chance = _said(theme, panel.axes["chance"], align="right", dx=-4, dy=-3)
    trained = _said(theme, alt.ExprRef("whole.trained_on"), align="left", dx=6, dy=-6)
    end, foot = at("leftEnd"), at("leftBottom")
    return alt.layer(
        panel.lines("tests", lines, by="cell", **axes),
        group("tests", *marks, **axes),
        group(
            "whole",
            dotted.encode(x=at("0"), x2=end),
            *(text.encode(x=end) for text in chance),
            y=right("chance:Q"),
        ),
        group("whole", upright.encode(y=at("0"), y2=foot), *(text.encode(y=foot) for text in trained), x=gaps()),
        _legend(theme),
    )


def _said(theme: Theme, text: Any, **style: Any) -> list[alt.Chart]:
    """A text with its halo."""
    return [alt.Chart().mark_text(text=text, baseline="bottom", **style, **each) for each in _with_halo(theme)]


def _legend(theme: Theme) -> Any:
    """The names of the networks, with their lines, below the axis."""
    networks = _named("tests").transform_aggregate(groupby=["cell", "place"])
    place = "(zoom * (narrow ? 74 * datum.place - 30 : 105 * datum.place))"
    high, colour = at("leftBottom + 86 * zoom"), of_cell(theme.cells)
    line = networks.mark_rule(strokeWidth=3, color=colour, strokeDash=of_cell(CELL_DASHES))
    name = networks.transform_calculate(name=f"({CELL_NAMES})[datum.cell]").mark_text(
        align="left", fontSize=14, fontWeight="bold", color=colour
    )
    return alt.layer(
        line.encode(x=at(place), x2=at(f"{place} + zoom * (narrow ? 22 : 36)"), y=high),
        name.encode(x=at(f"{place} + zoom * (narrow ? 27 : 42)"), y=high, text="name:N"),
    )


def _gate(panel: Panel) -> Any:
    """What the gate keeps at each word, and before training; the band in which most units lie; the words below."""

    def along(field: str) -> alt.X:
        return panel.x(field, (0.5, "whole.steps + 0.5")).axis(None)

    def kept(field: str) -> alt.Y:
        return panel.y(field, (0, 1), panel.axes["kept"], **_PER_CENT)

    theme, colour, step = panel.theme, alt.ExprRef("cellColour"), along("step:Q")
    gated = _named("words").transform_filter("isValid(datum.mean)")
    earlier = _named("words").transform_filter("isValid(datum.before)")
    cue = gated.transform_filter("datum.cue").mark_point(
        shape="diamond", size=150, filled=True, opacity=1, color=colour
    )
    pointed = _named("words").transform_filter("datum.step === pointed").mark_rule(color=theme.quiet)
    dashed = earlier.mark_line(color=theme.quiet, strokeDash=[4, 3], strokeWidth=2, order=None)
    hover = alt.selection_point(
        name="hover", on="pointermove", fields=["step"], clear="pointerout", empty=False, toggle=False
    )
    widths = _named("words").transform_calculate(left="datum.step - 0.5", right="datum.step + 0.5")
    targets = widths.mark_rect(fill=theme.panel, fillOpacity=0)
    return alt.layer(
        pointed.encode(x=step, y=at(panel.top), y2=at(panel.bottom)),
        gated.mark_area(color=colour, opacity=0.2, order=None).encode(x=step, y=kept("low:Q"), y2="high:Q"),
        dashed.encode(x=step, y=kept("before:Q")),
        gated.mark_line(color=colour, strokeWidth=3, order=None).encode(x=step, y=kept("mean:Q")),
        cue.encode(x=step, y=kept("mean:Q")),
        _sentence(theme).encode(x=step, y=at(panel.bottom), text="word:N"),
        targets.encode(x=along("left:Q"), x2="right:Q", y=at(panel.top), y2=at("height")).add_params(hover),
    )


def _sentence(theme: Theme) -> Any:
    """The sentence below the axis, as many words as there is room for, the cue's first word among them."""
    room = "(datum.step - whole.cue) % every === 0 || datum.step === pointed"
    bold = alt.ExprRef("datum.cue || datum.step === pointed ? 'bold' : 'normal'")
    place: dict[str, Any] = {"angle": 270, "align": "right", "baseline": "middle", "dy": 0, "dx": -6, "limit": 84}
    return _named("words").transform_filter(room).mark_text(**place, fontSize=12, fontWeight=bold, color=theme.text)


def _gate_names(theme: Theme) -> Any:
    """Which line is which, in the corner that a gate which keeps leaves free."""
    gated = _named("whole").transform_filter("datum.gated")
    trained = gated.transform_filter("datum.trained")
    lines = (
        (gated, "now", {"color": alt.ExprRef("cellColour"), "strokeWidth": 3}),
        (trained, "earlier", {"color": theme.quiet, "strokeWidth": 2, "strokeDash": [4, 3]}),
    )
    layers: list[Any] = []
    for row, (of, text, line) in enumerate(lines):
        high = at(f"rightBottom - {34 - 20 * row} * zoom")
        layers.append(of.mark_rule(**line).encode(x=at("rightStart + 10"), x2=at("rightStart + 44"), y=high))
        said = of.mark_text(align="left", **_style(theme))
        layers.append(said.encode(x=at("rightStart + 52"), y=high, text=f"{text}:N"))
    return alt.layer(*layers)


def _pointed(theme: Theme) -> Any:
    """The numbers of the word under the pointer."""
    words = _named("words").transform_filter("datum.step === pointed")
    return alt.layer(
        *(
            words.mark_text(align="left", **style).encode(
                x=at("rightStart + 10"), y=at(f"rightTop + {share} * (rightBottom - rightTop)"), text=f"{text}:N"
            )
            for text, share in {"kept": 0.42, "gradient": 0.52}.items()
            for style in _with_halo(theme)
        )
    )


def _note(theme: Theme) -> Any:
    """Said where the cell has no gate."""
    said = _named("whole").transform_calculate(text="split(datum.note, '|')")
    text = said.mark_text(align="left", baseline="top", **_style(theme))
    return text.encode(x=at("rightStart + 10"), y=at("rightTop + 12"), text="text:N")
