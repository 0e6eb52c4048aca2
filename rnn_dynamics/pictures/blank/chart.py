"""The picture "Fill in the blank": right answers against the number of filler words, and a gate over a sentence.

Tables (see `table`): tests, words, whole (one row). Pointing at a word shows its numbers without the server.
"""

from typing import Any

import altair as alt

from rnn_dynamics.pictures.kit.layers import NAME, OWN, PER_CENT, TIGHT, WIDE_TITLE, at, each, hover, key, of, ref, text
from rnn_dynamics.pictures.kit.panel import Panel, Sheet

#: Where the panels are, in pixels: answers on the left, the gate on the right, on a phone below. `every`: of so many
#: words one is written below the axis.
PANELS = {
    "answers": ("0", "narrow ? width : width * 0.42", "0", "narrow ? height * 0.33 : height - 92 * zoom"),
    "gate": ("narrow ? 0 : width * 0.52", "width", "narrow ? height * 0.56 : 0", "height - 92 * zoom"),
}
PARAMETERS = {
    "every": "ceil(13 * zoom * whole.steps / (width - gateLeft))",
    "pointed": "hover.step ? hover.step[0] : 0",
}
#: Each network's mark, the lowest first. Not CELL_SHAPES: a small square on a triangle on a large circle are all seen
#: where networks give the same.
_MARKS = {"lstm": ("circle", 190), "rnn": ("triangle-up", 80), "gru": ("square", 45)}
_SHARE: dict[str, Any] = {"values": [0, 0.25, 0.5, 0.75, 1], "labelExpr": PER_CENT, **WIDE_TITLE}
_SIZE = "narrow ? 13 : 14"
_POINTED = "datum.step === pointed"


def chart(sheet: Sheet) -> alt.LayerChart:
    """The picture."""
    answers, gate = sheet.panels()
    return sheet.picture(
        [*_answers(answers), *_legend(sheet), answers.title("learned", TIGHT)],
        [*_gate(gate), *_said(sheet), gate.title("gate", TIGHT)],
        padding={"bottom": 8},
    )


def _answers(panel: Panel) -> list[Any]:
    """Each network's right answers, the chance, and the gap that is trained."""
    theme = panel.sheet.theme
    x = panel.x("gap:Q", (0, "whole.longest"), "gaps", tickCount=6, tickMinStep=1)
    y = panel.y("accuracy:Q", (0, 1), "accuracy", **_SHARE)
    mark = {"fill": panel.sheet.line_of_cell["color"], "stroke": theme.panel, "strokeWidth": 1}
    marks = {cell: {"shape": shape, "size": size, **mark} for cell, (shape, size) in _MARKS.items()}
    above: dict[str, Any] = {"dx": 6, "dy": -6, "halo": theme.panel, "size": _SIZE}
    empty: dict[str, Any] = {"x": f"{panel.left} + 14", "size": _SIZE, "bold": True, "corner": "top left"}
    empty["halo"] = theme.panel
    return [
        of("tests").mark_line(**panel.sheet.line_of_cell).encode(x=x, y=y, detail="cell:N"),
        each("tests", marks, "cell", "point", x=x, y=y),
        panel.level("whole", "chance:Q", alt.value(panel.sheet.axes["chance"])),
        of("whole").mark_rule(color=theme.quiet, strokeWidth=1.5).encode(x="gap:Q", **panel.upright),
        text(
            of("whole", text="split(datum.untrained, '|')"),
            "text",
            y=f"{panel.top} + 0.3 * ({panel.bottom} - {panel.top})",
            **empty,
        ),
        text(of("whole"), "trained_on", "gap:Q", panel.bottom, "bottom left", **above),
    ]


def _legend(sheet: Sheet) -> list[Any]:
    """The names of the networks, with their lines, below the axis."""
    networks = of("tests").transform_aggregate(groupby=["cell", "place"])
    named = networks.transform_calculate(name=NAME)
    place = "zoom * (narrow ? 74 * datum.place - 30 : 105 * datum.place)"
    style: dict[str, Any] = {"long": "zoom * (narrow ? 22 : 36)", "bold": True, "color": sheet.line_of_cell["color"]}
    return key(named, "name", place, "answersBottom + 86 * zoom", sheet.line_of_cell, **style)


def _gate(panel: Panel) -> list[Any]:
    """What the gate keeps at each word, and before training; the band in which most units lie; the words below."""
    theme, ends = panel.sheet.theme, (0.5, "whole.steps + 0.5")
    step, y = panel.x("step:Q", ends).axis(None), panel.y("mean:Q", (0, 1), "kept", **_SHARE)
    now: dict[str, Any] = {"color": OWN, "strokeWidth": 3}
    earlier: dict[str, Any] = {"color": theme.quiet, "strokeWidth": 2, "strokeDash": [4, 3]}
    gated, drawn = of("words", "isValid(datum.mean)"), of("words", "isValid(datum.before)")
    cue = of("words", "isValid(datum.mean) && datum.cue").mark_point(shape="diamond", size=150, color=OWN)
    # As many words as there is room for, the cue's first word among them.
    room = f"(datum.step - whole.cue) % every === 0 || {_POINTED}"
    bold = ref(f"datum.cue || {_POINTED} ? 'bold' : 'normal'")
    below: dict[str, Any] = {"angle": 270, "dx": -6, "limit": 84, "size": 12, "fontWeight": bold}
    targets = of("words", left="datum.step - 0.5", right="datum.step + 0.5").mark_rect(fill=theme.panel, fillOpacity=0)
    return [
        of("words", _POINTED).mark_rule(color=theme.quiet).encode(x=step, **panel.upright),
        gated.mark_area(color=OWN, opacity=0.2).encode(x=step, y="low:Q", y2="high:Q"),
        drawn.mark_line(**earlier).encode(x=step, y="before:Q"),
        gated.mark_line(**now).encode(x=step, y=y),
        cue.encode(x=step, y=y),
        text(of("words", room), "word", step, panel.bottom, "middle right", **below),
        targets.encode(x="left:Q", x2="right:Q", y=at(panel.top), y2=at("height")).add_params(hover("step")),
        # Which line is which, in the corner that a gate which keeps leaves free.
        *key(of("whole", "datum.now"), "now", "gateLeft + 10", "gateBottom - 34 * zoom", now, size=_SIZE),
        *key(of("whole", "datum.earlier"), "earlier", "gateLeft + 10", "gateBottom - 14 * zoom", earlier, size=_SIZE),
    ]


def _said(sheet: Sheet) -> list[Any]:
    """The numbers of the word under the pointer; and what is said where the cell has no gate."""
    word, note = of("words", _POINTED), of("whole", text="split(datum.note, '|')")
    style: dict[str, Any] = {"x": "gateLeft + 10", "size": _SIZE}
    halo: dict[str, Any] = style | {"corner": "left", "halo": sheet.theme.panel}
    return [
        text(word, "kept", y="gateTop + 0.42 * (gateBottom - gateTop)", **halo),
        text(word, "gradient", y="gateTop + 0.52 * (gateBottom - gateTop)", **halo),
        text(note, "text", y="gateTop + 12", corner="top left", **style),
    ]
