"""The picture "Fill in the blank": right answers against the number of filler words, and a gate over a sentence.

Tables (see `table`): tests, words, whole (one row). Pointing at a word shows its numbers without the server.
"""

from typing import Any

import altair as alt

from rnn_dynamics.pictures.kit.layers import OWN, PER_CENT, TIGHT, WIDE_TITLE, at, each, hover, of, of_cell, ref, text
from rnn_dynamics.pictures.kit.panel import Panel, Sheet
from rnn_dynamics.pictures.kit.theme import CELL_DASHES, CELL_NAMES

#: Where the panels are, in pixels: answers on the left, the gate on the right, on a phone below. `every`: of so many
#: words one is written below the axis.
_PANELS = {
    "answers": ("0", "narrow ? width : width * 0.42", "0", "narrow ? height * 0.33 : height - 92 * zoom"),
    "gate": ("narrow ? 0 : width * 0.52", "width", "narrow ? height * 0.56 : 0", "height - 92 * zoom"),
}
_PARAMETERS = {
    "every": "ceil(13 * zoom * whole.steps / (width - gateLeft))",
    "pointed": "hover.step ? hover.step[0] : 0",
}
#: Shape and size of each network's mark, the lowest first. Not CELL_SHAPES: a small square on a triangle on a large
#: circle are all seen where networks give the same.
_MARKS = {"lstm": ("circle", 190), "rnn": ("triangle-up", 80), "gru": ("square", 45)}
_SHARE: dict[str, Any] = {"values": [0, 0.25, 0.5, 0.75, 1], "labelExpr": PER_CENT, **WIDE_TITLE}
_SIZE = "narrow ? 13 : 14"
_POINTED = "datum.step === pointed"


def chart(sheet: Sheet) -> alt.LayerChart:
    """The picture."""
    answers, gate = sheet.panels(_PANELS)
    return sheet.picture(
        _PANELS,
        _PARAMETERS | sheet.own,
        [*_answers(answers), *_legend(sheet), answers.title("learned", TIGHT)],
        [*_gate(gate), *_gate_names(sheet), *_said(sheet), gate.title("gate", TIGHT)],
        padding={"bottom": 8},
    )


def _answers(panel: Panel) -> list[Any]:
    """Each network's right answers, the chance, and the gap that is trained."""
    sheet, colours = panel.sheet, panel.sheet.theme.cells
    x = panel.x("gap:Q", (0, "whole.longest"), "gaps", tickCount=6, tickMinStep=1)
    y = panel.y("accuracy:Q", (0, 1), "accuracy", **_SHARE)
    lines = {cell: {"strokeWidth": 3, "color": colours[cell], "strokeDash": CELL_DASHES[cell]} for cell in _MARKS}
    marks = {
        cell: {"shape": shape, "size": size, "fill": colours[cell], "stroke": sheet.theme.panel, "strokeWidth": 1}
        for cell, (shape, size) in _MARKS.items()
    }
    above: dict[str, Any] = {"dx": 6, "dy": -6, "halo": sheet.theme.panel, "size": _SIZE}
    return [
        each("tests", lines, "cell", x=x, y=y),
        each("tests", marks, "cell", "point", x=x, y=y),
        panel.level("whole", "chance:Q", alt.value(sheet.axes["chance"])),
        of("whole").mark_rule(color=sheet.theme.quiet, strokeWidth=1.5).encode(x="gap:Q", **panel.upright),
        text(of("whole"), "trained_on", "gap:Q", panel.bottom, "bottom left", **above),
    ]


def _legend(sheet: Sheet) -> list[Any]:
    """The names of the networks, with their lines, below the axis."""
    networks = of("tests").transform_aggregate(groupby=["cell", "place"])
    place = "(zoom * (narrow ? 74 * datum.place - 30 : 105 * datum.place))"
    high, colour = "answersBottom + 86 * zoom", of_cell(sheet.theme.cells)
    line = networks.mark_rule(strokeWidth=3, color=colour, strokeDash=of_cell(CELL_DASHES))
    named = networks.transform_calculate(name=f"({CELL_NAMES})[datum.cell]")
    return [
        line.encode(x=at(place), x2=at(f"{place} + zoom * (narrow ? 22 : 36)"), y=at(high)),
        text(named, "name", f"{place} + zoom * (narrow ? 27 : 42)", high, "left", bold=True, color=colour),
    ]


def _gate(panel: Panel) -> list[Any]:
    """What the gate keeps at each word, and before training; the band in which most units lie; the words below."""
    theme, ends = panel.sheet.theme, (0.5, "whole.steps + 0.5")
    step, y = panel.x("step:Q", ends).axis(None), panel.y("mean:Q", (0, 1), "kept", **_SHARE)
    gated, earlier = of("words", "isValid(datum.mean)"), of("words", "isValid(datum.before)")
    cue = of("words", "isValid(datum.mean) && datum.cue").mark_point(shape="diamond", size=150, color=OWN)
    # As many words as there is room for, the cue's first word among them.
    room = f"(datum.step - whole.cue) % every === 0 || {_POINTED}"
    bold = ref(f"datum.cue || {_POINTED} ? 'bold' : 'normal'")
    below: dict[str, Any] = {"angle": 270, "dx": -6, "limit": 84, "size": 12, "fontWeight": bold}
    targets = of("words", left="datum.step - 0.5", right="datum.step + 0.5").mark_rect(fill=theme.panel, fillOpacity=0)
    return [
        of("words", _POINTED).mark_rule(color=theme.quiet).encode(x=step, **panel.upright),
        gated.mark_area(color=OWN, opacity=0.2).encode(x=step, y="low:Q", y2="high:Q"),
        earlier.mark_line(color=theme.quiet, strokeDash=[4, 3], strokeWidth=2).encode(x=step, y="before:Q"),
        gated.mark_line(color=OWN, strokeWidth=3).encode(x=step, y=y),
        cue.encode(x=step, y=y),
        text(of("words", room), "word", step, panel.bottom, "middle right", **below),
        targets.encode(x="left:Q", x2="right:Q", y=at(panel.top), y2=at("height")).add_params(hover("step")),
    ]


def _gate_names(sheet: Sheet) -> list[Any]:
    """Which line is which, in the corner that a gate which keeps leaves free."""
    lines: dict[str, dict[str, Any]] = {
        "now": {"color": OWN, "strokeWidth": 3},
        "earlier": {"color": sheet.theme.quiet, "strokeWidth": 2, "strokeDash": [4, 3]},
    }
    layers = []
    for row, (name, line) in enumerate(lines.items()):
        named, y = of("whole", f"datum.{name}"), f"gateBottom - {34 - 20 * row} * zoom"
        layers.append(named.mark_rule(**line).encode(x=at("gateLeft + 10"), x2=at("gateLeft + 44"), y=at(y)))
        layers.append(text(named, name, "gateLeft + 52", y, "left", size=_SIZE))
    return layers


def _said(sheet: Sheet) -> list[Any]:
    """The numbers of the word under the pointer; and what is said where the cell has no gate."""
    x, word, style = "gateLeft + 10", of("words", _POINTED), {"halo": sheet.theme.panel, "size": _SIZE}
    note = of("whole", text="split(datum.note, '|')")
    return [
        text(word, "kept", x, "gateTop + 0.42 * (gateBottom - gateTop)", "left", **style),
        text(word, "gradient", x, "gateTop + 0.52 * (gateBottom - gateTop)", "left", **style),
        text(note, "text", x, "gateTop + 12", "top left", size=_SIZE),
    ]
