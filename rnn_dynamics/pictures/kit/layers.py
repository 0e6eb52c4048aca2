"""What the specifications of several pictures are made of: layers of rows, texts, places, selections and axes."""

from collections.abc import Mapping, Sequence
from typing import Any

import altair as alt

from rnn_dynamics.pictures.kit.theme import CELL_NAMES, enlarged

#: Lines of a text: "|" begins one, and on a phone "¦" does too; elsewhere that is a space, but nothing behind a mark of
#: full width or between two Chinese characters.
LINES = (
    "split(replace(replace({}, /([\\u3000-\\u303f\\uff00-\\uffef]|[\\u3400-\\u9fff](?=¦[\\u3400-\\u9fff]))¦/g, "
    "narrow ? '$1|' : '$1'), /¦/g, narrow ? '|' : ' '), '|')"
)
#: The same, where a long title shares the picture's width with another.
TIGHT = LINES.replace("narrow", "width < 1000 * zoom")
#: An axis of orders of magnitude: the number of a tick, raised.
LOG10: dict[str, Any] = {
    "labelExpr": "'10'+replace(replace(replace(replace(replace(replace(replace(replace(replace(replace(replace("
    "''+datum.value,/-/,'⁻'),/0/g,'⁰'),/1/g,'¹'),/2/g,'²'),/3/g,'³'),/4/g,'⁴'),/5/g,'⁵'),/6/g,'⁶'),/7/g,'⁷'),/8/g,'⁸'),"
    "/9/g,'⁹')",
    "tickMinStep": 1,
}
#: A map's colours for factors per step: they follow the square root of the orders of magnitude, so that 1.03 and 1, far
#: apart after a hundred steps, have different ones; they end at ×0.5 and ×2, here as powers of 2.
FACTORS: dict[str, Any] = {
    "kind": {"type": "pow", "exponent": 0.5},
    "values": [-1, -0.25, 0, 0.25, 1],
    "labelExpr": "'×' + format(pow(2, datum.value), '.2~r')",
}
#: A legend below a map at the picture's left side.
AT_LEFT: dict[str, Any] = {"legendX": 0, "gradientLength": alt.ExprRef("narrow ? 120 : 200")}
#: An axis of shares.
PER_CENT = "100 * datum.value + ' %'"
#: A title that a phone has no room for.
WIDE_TITLE: dict[str, Any] = {"titleOpacity": alt.ExprRef("narrow ? 0 : 1")}
#: The colour of the cell that the picture is about, where it is about one; see `Sheet.picture`.
OWN = alt.ExprRef("cellColour")
#: What the datum's cell is called.
NAME = f"({CELL_NAMES})[datum.cell]"
#: The parameter `pointed`: the place of what is under the pointer, see `hover`, or null.
POINTED = {"pointed": "hover.place ? hover.place[0] : null"}
#: Name of the selection by a click.
GO = "go"


def in_size(built: dict[str, Any], zoom: float) -> dict[str, Any]:
    """A picture in larger type; its expressions know by the parameter `zoom` how much larger."""
    if zoom == 1:
        return built
    larger: dict[str, Any] = enlarged(built, zoom)
    if "height" in larger:
        larger["height"] *= zoom
    return larger | {"params": [{"name": "zoom", "expr": f"{zoom:g}"}, *larger["params"][1:]]}


class _Encoded:
    """A chart whose encodings become Altair's classes at once; for a text or a dictionary it searches its schema."""

    def encode(self, **channels: Any) -> Any:
        """The chart with these encodings."""
        return super().encode(**{name: _channel(name, given) for name, given in channels.items()})  # type: ignore[misc]


class _Layer(_Encoded, alt.Chart):  # type: ignore[misc]
    """Marks of one kind."""


class _Layers(_Encoded, alt.LayerChart):  # type: ignore[misc]
    """Layers as they are; Altair's would copy them all, again at each depth, to lift their selections to the top."""

    def __init__(self, layer: Sequence[Any], **properties: Any) -> None:
        alt.TopLevelLayerSpec.__init__(self, layer=[*layer], **properties)


def _channel(name: str, given: Any) -> Any:
    kind = f"{name[0].upper()}{name[1:]}"
    if isinstance(given, str):
        return getattr(alt, kind)(given)
    if not isinstance(given, dict):
        return given
    return getattr(alt, f"{kind}Value")(given["value"]) if "value" in given else getattr(alt, kind)(**given)


def layered(*layers: Any, **properties: Any) -> Any:
    """Layers above each other, with what they share, such as their data."""
    return _Layers(layers, **properties)


def ref(value: Any) -> Any:
    """A text is an expression."""
    return alt.ExprRef(value) if isinstance(value, str) else value


def at(expression: str) -> Any:
    """A place that does not depend on the data."""
    return alt.value(alt.ExprRef(expression))


def pixels(**fields: str) -> dict[str, Any]:
    """A place that each row states in pixels: the fields of x and y, or of one of them."""
    channels: dict[str, Any] = {"x": alt.X, "y": alt.Y}
    return {name: channels[name](f"{field}:Q", scale=None, axis=None) for name, field in fields.items()}


def of(data: str = "", where: str = "", **calculated: str) -> Any:
    """A layer of the rows of a table, or of the group around it: of those `where` it is true, with further columns."""
    chart: Any = _Layer(alt.NamedData(data) if data else alt.Undefined)
    chart = chart.transform_filter(where) if where else chart
    return chart.transform_calculate(**calculated) if calculated else chart


def group(data: str, *layers: Any, **encoding: Any) -> Any:
    """Layers that read the same data and share an encoding."""
    return layered(*layers, data=alt.NamedData(data)).encode(**encoding)


def each(data: str, styles: Mapping[str, Mapping[str, Any]], by: str = "name", mark: str = "line", **axes: Any) -> Any:
    """A line, or another mark, for each value of `by`: constants of `styles` are quicker than an encoding."""
    layers = (getattr(of(where=f"datum.{by}=='{name}'"), f"mark_{mark}")(**style) for name, style in styles.items())
    return group(data, *layers, **axes)


def dashed(dashes: Mapping[str, Any], colour: Any, wide: float = 2.5, **others: Mapping[str, Any]) -> dict[str, Any]:
    """The styles of lines that differ in their dash, and what some of `others` have of their own."""
    usual = {"color": colour, "strokeWidth": wide}
    return {name: {**usual, "strokeDash": dash, **others.get(name, {})} for name, dash in dashes.items()}


def text(rows: Any, column: Any, x: Any = None, y: Any = None, corner: str = "", **style: Any) -> Any:
    """A text of each row: of a column, or alt.value of one for all.

    x, y: of the point: a field, such as "step:Q", or an expression in pixels; None where the group has it. corner: of
    the text that lies there, such as "bottom right"; else its middle. style: of the mark; there `size` may be an
    expression, `bold` is the weight, and `halo` the colour of one, which keeps it readable on lines.
    """
    halo, bold = style.pop("halo", ""), {"fontWeight": "bold"} if style.pop("bold", False) else {}
    style = {"fontSize": ref(style.pop("size", 14)), **bold, **style}
    style |= {"align" if side in ("left", "right") else "baseline": side for side in corner.split()}
    edge = {"stroke": halo, "strokeWidth": 4, "strokeJoin": "round", "opacity": 0.85}
    letters = of().mark_text(**style)
    whole = layered(of().mark_text(**style, **edge), letters) if halo else letters
    whole.data, whole.transform = rows.data, rows.transform
    places = {name: _place(where) for name, where in (("x", x), ("y", y)) if where is not None}
    return whole.encode(text=f"{column}:N" if isinstance(column, str) else column, **places)


def key(rows: Any, name: str, x: str, y: str, line: Mapping[str, Any], long: str = "34", **style: Any) -> list[Any]:
    """Of each row a line, so `long`, and on its right what that is: a column; `x` and `y` are expressions in pixels."""
    drawn = rows.mark_rule(**line).encode(x=at(x), x2=at(f"{x} + {long}"), y=at(y))
    return [drawn, text(rows, name, f"{x} + {long} + 6 * zoom", y, "left", **style)]


def _place(where: Any) -> Any:
    return at(where) if isinstance(where, str) and not where.endswith(":Q") else where


def with_lag(chart: Any) -> Any:
    """The same chart, whose rows of steps have a lag too."""
    return chart.transform_calculate(lag="whole.length - datum.step")


def of_cell(values: Mapping[str, Any], column: str = "cell") -> alt.ExprRef:
    """What the datum's cell, or another column of it, has of these, such as its colour."""
    return alt.ExprRef(f"({dict(values)})[datum.{column}]")


def by_cell(values: Mapping[str, Any]) -> dict[str, Any]:
    """The same as an encoding, without a legend."""
    scale = alt.Scale(domain=[*CELL_NAMES], range=[values[cell] for cell in CELL_NAMES])
    return {"shorthand": "cell:N", "scale": scale, "legend": None}


def hover(*fields: str, on: str = "pointermove", clear: Any = "pointerout") -> alt.Parameter:
    """The selection "hover", by pointing at a mark; it is answered without the server."""
    return alt.selection_point(name="hover", on=on, fields=[*fields], clear=clear, empty=False, toggle=False)


def go_there(*fields: str) -> alt.Parameter:
    """The selection GO, by a click or a tap, which the server hears.

    One of the fields must change with the reader's settings: a selection that stays the same is not sent again.
    """
    # Vega makes no click of a tap. A finger that scrolls the page lifts with an event that cannot be cancelled.
    on = "click, touchend[event.cancelable]"
    return alt.selection_point(name=GO, on=on, fields=[*fields], clear=False, toggle=False)
