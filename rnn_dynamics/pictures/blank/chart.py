"""The picture "Fill in the blank": right answers against the number of filler words, and a gate over a sentence.

Everything is in one view, as in `vanish_or_explode`, so that pointing at a word shows its numbers without the server.
Datasets (see `tables.blank`): curves, words, whole (one row).
"""

from __future__ import annotations

from typing import Any

import altair as alt

from rnn_dynamics.pictures.kit.panels import at, flattened, group, heading, picture
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
    "pointed": "hover.t ? hover.t[0] : 0",
}
_LINES = "split(replace(whole.{}, /¦/g, width < 1000 * zoom ? '|' : ' '), '|')"
_SHAPES = {"rnn": "triangle-up", "lstm": "circle", "gru": "square"}
#: A larger mark below a smaller one is seen where two networks give the same.
_SIZES = {"rnn": 80, "lstm": 190, "gru": 45}
_TRAINED = tuple(_SHAPES)
#: Scales of one field with different domains would make Vega-Lite warn in the browser's console.
_SHAPES_OF_ALL = {cell: _SHAPES.get(cell, "circle") for cell in CELL_NAMES}


def blank_chart(background: Background) -> alt.LayerChart:
    """The picture on a background, key of THEMES."""
    theme = THEMES[background]
    panels = _Panels(theme)
    left: list[Any] = [panels.curves(), panels.chance(), panels.trained_gap(), panels.legend()]
    right: list[Any] = [panels.pointed_rule(), panels.band(), panels.gate(), panels.words(), panels.targets()]
    return picture(
        theme,
        _PARAMETERS,
        alt.layer(*left),
        alt.layer(*right),
        panels.gate_names(),
        panels.pointed_text(),
        panels.note(),
        heading(theme, _LINES.format("learned"), "0", "0"),
        heading(theme, _LINES.format("gate"), "rightStart", "rightTop"),
        apart=("x", "y"),
        padding={"bottom": 8},
    )


class _Panels:
    """The layers."""

    def __init__(self, theme: Theme) -> None:
        self.theme = theme
        self.colours = _by_cell(theme.cells)
        self.colour = alt.Color("cell:N", scale=self.colours, legend=None)
        self.dash = alt.StrokeDash("cell:N", scale=_by_cell(CELL_DASHES), legend=None)
        self.style: dict[str, Any] = {"fontSize": alt.ExprRef("narrow ? 13 : 14"), "color": theme.text}
        halo: dict[str, Any] = {"stroke": theme.panel, "strokeWidth": 5, "strokeJoin": "round"}
        self.with_halo = (self.style | halo, self.style)

    # --- right answers ----------------------------------------------------------------------------------------

    @staticmethod
    def _gaps(field: str) -> alt.X:
        return alt.X(
            field,
            title="filler words between cue and blank",
            scale=alt.Scale(
                domain=[0, alt.ExprRef("whole.longest")], range=[0, alt.ExprRef("leftEnd")], nice=False, zero=False
            ),
            axis=alt.Axis(orient="bottom", offset=alt.ExprRef("leftBottom - height"), tickCount=6, tickMinStep=1),
        )

    @staticmethod
    def _rights(field: str) -> alt.Y:
        return alt.Y(
            field,
            title="right answers",
            scale=alt.Scale(domain=[0, 100], range=[alt.ExprRef("leftBottom"), 0], nice=False),
            axis=alt.Axis(
                orient="left",
                values=[0, 25, 50, 75, 100],
                labelExpr="datum.value + ' %'",
                titleOpacity=alt.ExprRef("narrow ? 0 : 1"),
            ),
        )

    def curves(self) -> alt.LayerChart:
        """Each network's right answers; marks tell the cells apart where lines lie on each other."""
        tests = flattened(x="datum.gaps", y="datum.rights").transform_calculate(size=f"({_SIZES})[datum.cell]")
        points = tests.mark_point(filled=True, opacity=1, stroke=self.theme.panel, strokeWidth=1).encode(
            fill=alt.Fill("cell:N", scale=self.colours, legend=None),
            shape=alt.Shape("cell:N", scale=_by_cell(_SHAPES_OF_ALL), legend=None),
            size=alt.Size("size:Q", scale=None),
        )
        lines = tests.mark_line(strokeWidth=3, order=None).encode(color=self.colour, strokeDash=self.dash)
        return group("curves", lines, points, x=self._gaps("x:Q"), y=self._rights("y:Q"), detail="cell:N")

    def chance(self) -> alt.LayerChart:
        """What an answer that ignores the cue reaches."""
        rule = alt.Chart().mark_rule(color=self.theme.quiet, strokeDash=[2, 3], strokeWidth=1.5)
        text: dict[str, Any] = {"align": "right", "baseline": "bottom", "dx": -4, "dy": -3, "text": "chance"}
        return group(
            "whole",
            rule.encode(x=at("0"), x2=at("leftEnd")),
            *(alt.Chart().mark_text(**text, **extra).encode(x=at("leftEnd")) for extra in self.with_halo),
            y=self._rights("chance:Q"),
        )

    def trained_gap(self) -> alt.LayerChart:
        """How many filler words the networks are trained on."""
        rule = alt.Chart().mark_rule(color=self.theme.quiet, strokeWidth=1.5).encode(y=at("0"), y2=at("leftBottom"))
        text: dict[str, Any] = {"align": "left", "baseline": "bottom", "dx": 6, "dy": -6}
        text["text"] = alt.ExprRef("'trained on ' + whole.gap")
        names = [alt.Chart().mark_text(**text, **extra).encode(y=at("leftBottom")) for extra in self.with_halo]
        return group("whole", rule, *names, x=self._gaps("gap:Q"))

    def legend(self) -> Any:
        """The names of the networks, with their lines, below the axis."""
        networks = alt.Chart(alt.NamedData("curves")).transform_calculate(
            name="{" + ", ".join(f"{cell}: '{CELL_NAMES[cell]}'" for cell in _TRAINED) + "}[datum.cell]",
            row=f"indexof({list(_TRAINED)}, datum.cell)",
        )
        place = "(zoom * (narrow ? 74 * datum.row - 30 : 105 * datum.row))"
        high = at("leftBottom + 86 * zoom")
        line = networks.mark_rule(strokeWidth=3).encode(
            x=at(place), x2=at(f"{place} + zoom * (narrow ? 22 : 36)"), y=high, color=self.colour, strokeDash=self.dash
        )
        name = networks.mark_text(align="left", fontSize=14, fontWeight="bold").encode(
            x=at(f"{place} + zoom * (narrow ? 27 : 42)"), y=high, text="name:N", color=self.colour
        )
        return alt.layer(line, name)

    # --- the gate ---------------------------------------------------------------------------------------------

    @staticmethod
    def _place(field: str) -> alt.X:
        return alt.X(
            field,
            scale=alt.Scale(
                domain=[0.5, alt.ExprRef("whole.steps + 0.5")],
                range=[alt.ExprRef("rightStart"), alt.ExprRef("width")],
                nice=False,
                zero=False,
            ),
            axis=None,
        )

    @staticmethod
    def _kept(field: str) -> alt.Y:
        return alt.Y(
            field,
            title="kept at this word",
            scale=alt.Scale(
                domain=[0, 100], range=[alt.ExprRef("rightBottom"), alt.ExprRef("rightTop")], nice=False, zero=False
            ),
            axis=alt.Axis(
                orient="left",
                offset=alt.ExprRef("-rightStart"),
                values=[0, 25, 50, 75, 100],
                labelExpr="datum.value + ' %'",
                titleOpacity=alt.ExprRef("narrow ? 0 : 1"),
            ),
        )

    def band(self) -> Any:
        """Between which values most units lie."""
        area = alt.Chart(alt.NamedData("words")).transform_filter("isValid(datum.mean)")
        return alt.layer(
            area.mark_area(color=alt.ExprRef("whole.colour"), opacity=0.2, order=None).encode(
                x=self._place("t:Q"), y=self._kept("low:Q"), y2="high:Q"
            )
        )

    def gate(self) -> Any:
        """The gate's mean, and before training."""
        words = alt.Chart(alt.NamedData("words"))
        before = words.transform_filter("isValid(datum.before)").mark_line(
            color=self.theme.quiet, strokeDash=[4, 3], strokeWidth=2, order=None
        )
        mean = words.transform_filter("isValid(datum.mean)").mark_line(
            color=alt.ExprRef("whole.colour"), strokeWidth=3, order=None
        )
        cue = words.transform_filter("datum.cue && isValid(datum.mean)").mark_point(
            shape="diamond", size=150, filled=True, opacity=1, color=alt.ExprRef("whole.colour")
        )
        return alt.layer(
            before.encode(x=self._place("t:Q"), y=self._kept("before:Q")),
            mean.encode(x=self._place("t:Q"), y=self._kept("mean:Q")),
            cue.encode(x=self._place("t:Q"), y=self._kept("mean:Q")),
        )

    def gate_names(self) -> Any:
        """Which line is which, in the corner that a gate which keeps leaves free."""
        base = alt.Chart(alt.NamedData("whole")).transform_filter("datum.gated")
        rows: dict[str, tuple[alt.Chart, str, dict[str, Any]]] = {
            "now": (
                base,
                "(whole.trained ? 'after training' : 'untrained') + '; band: 8 of 10 units'",
                {"color": alt.ExprRef("whole.colour"), "strokeWidth": 3},
            ),
            "before": (
                base.transform_filter("datum.trained"),
                "'before training'",
                {"color": self.theme.quiet, "strokeWidth": 2, "strokeDash": [4, 3]},
            ),
        }
        layers: list[Any] = []
        for row, (place, text, line) in enumerate(rows.values()):
            high = at(f"rightBottom - {34 - 20 * row} * zoom")
            layers += [
                place.mark_rule(**line).encode(x=at("rightStart + 10"), x2=at("rightStart + 44"), y=high),
                place.transform_calculate(text=text)
                .mark_text(align="left", **self.style)
                .encode(x=at("rightStart + 52"), y=high, text="text:N"),
            ]
        return alt.layer(*layers)

    def words(self) -> alt.Chart:
        """The sentence below the axis, as many words as there is room for, the cue's first word among them."""
        return (
            alt.Chart(alt.NamedData("words"))
            .transform_filter("(datum.t - whole.cue) % every === 0 || datum.t === pointed")
            .mark_text(
                angle=270,
                align="right",
                baseline="middle",
                dy=0,
                dx=-6,
                limit=84,
                fontSize=12,
                fontWeight=alt.ExprRef("datum.cue || datum.t === pointed ? 'bold' : 'normal'"),
                color=self.theme.text,
            )
            .encode(x=self._place("t:Q"), y=at("rightBottom"), text="word:N")
        )

    def targets(self) -> alt.Chart:
        """What the pointer falls on."""
        hover = alt.selection_point(
            name="hover", on="pointermove", fields=["t"], clear="pointerout", empty=False, toggle=False
        )
        words = alt.Chart(alt.NamedData("words")).transform_calculate(left="datum.t - 0.5", right="datum.t + 0.5")
        return (
            words.mark_rect(fill=self.theme.panel, fillOpacity=0)
            .encode(x=self._place("left:Q"), x2="right:Q", y=at("rightTop"), y2=at("height"))
            .add_params(hover)
        )

    def pointed_rule(self) -> alt.Chart:
        """Marks the word under the pointer."""
        word = alt.Chart(alt.NamedData("words")).transform_filter("datum.t === pointed")
        return word.mark_rule(color=self.theme.quiet).encode(
            x=self._place("t:Q"), y=at("rightTop"), y2=at("rightBottom")
        )

    def pointed_text(self) -> Any:
        """The numbers of the word under the pointer."""
        words = alt.Chart(alt.NamedData("words")).transform_filter("datum.t === pointed")
        lines = {
            0.42: "'“' + datum.word + '”' + (datum.keeps ? ': ' + datum.keeps : '')",
            0.52: "'‖∂L/∂x‖ ' + datum.gradient",
        }
        return alt.layer(
            *(
                words.transform_calculate(text=text)
                .mark_text(align="left", **extra)
                .encode(x=at("rightStart + 10"), y=at(f"rightTop + {share} * (rightBottom - rightTop)"), text="text:N")
                for share, text in lines.items()
                for extra in self.with_halo
            )
        )

    def note(self) -> alt.Chart:
        """Said where the cell has no gate."""
        return (
            alt.Chart(alt.NamedData("whole"))
            .transform_calculate(text="split(datum.note, '|')")
            .mark_text(align="left", baseline="top", **self.style)
            .encode(x=at("rightStart + 10"), y=at("rightTop + 12"), text="text:N")
        )


def _by_cell(values: dict[str, Any]) -> alt.Scale:
    """Of the networks that are trained, for every channel: Vega-Lite warns where channels do not know the same ones."""
    return alt.Scale(domain=list(_TRAINED), range=[values[cell] for cell in _TRAINED])
