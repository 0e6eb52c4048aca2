"""The rows of a map: strips of time in the colours of their values, which can be pointed at and clicked."""

from collections.abc import Mapping, Sequence
from typing import Any

import altair as alt

from rnn_dynamics.experiment import WEIGHT_SCALES
from rnn_dynamics.pictures.kit.layers import at, go_there, group, hover, of, ref
from rnn_dynamics.pictures.kit.panel import Panel

#: What the weight scales of the slider are called, a row of a map each; the parameter with these; what an axis names.
_NAMES = [f"{scale:g}" for scale in WEIGHT_SCALES]
SCALES = {"scales": f"[{','.join(_NAMES)}]"}
_NAMED = [place + 0.5 for place, name in enumerate(_NAMES) if name in {"0.1", "0.5", "1", "1.5", "2", "5", "10"}]


def scale_axis(panel: Panel, field: str) -> alt.Y:
    """The vertical axis of a map of weight scales, of which SCALES are parameters: scale k from place k to k + 1."""
    names: dict[str, Any] = {"values": _NAMED, "labelExpr": "scales[floor(datum.value)]"}
    return panel.y(field, (0, len(_NAMES)), "weight_scale", **names)


def map_rows(
    panel: Panel,
    data: str,
    value: str,
    kept: Sequence[str],
    *,
    pointing: tuple[str, str] = ("", ""),
    going: Mapping[str, str] | None = None,
    until: str = "",
    nothing: str = "'#00000000'",
    **places: Any,
) -> Any:
    """A map of rows of time: each a strip in the colours of its values, and a frame around the one pointed at.

    Args:
        panel: where the map is.
        data: rows of step, `value` and what is `kept` of each strip.
        value: the column whose colours the scale "color" has, see `Sheet.colour_bar`.
        kept: columns of a strip, of which the first tells them apart.
        pointing: what the selection "hover" picks of a strip, if not the first column, and which strips then have a
            frame, if not the one of which the parameter `pointed` is the first column.
        going: what a click tells of a strip beside what "hover" picks of it: expressions by name, see `go_there`. If
            None, nobody hears of a click.
        until: the column of the last step of a row that ends before T, on a wide axis with the past on the left.
        nothing: the colour where there is no value.
        places: encodings of its sides; else from left to right, and up from "below" to "above", where these are kept,
            or from the first column to the next number.
    """
    (picked, framed), theme = pointing, panel.sheet.theme
    picked = picked or kept[0]
    reach = f"(datum.{until} / whole.length)" if until else "1"
    strip = of().mark_rect(
        y2Offset=-1,  # else the background shines through between two strips
        fill=ref(f"{{gradient: 'linear', x1: 0, y1: 0, x2: 1 / {reach}, y2: 0, stops: datum.stops}}"),
        cursor="pointer" if going else alt.Undefined,
    )
    strip = strip.add_params(hover(picked), *([go_there(picked, *going)] if going else []))
    frame = of(where=framed or f"datum.{kept[0]} === pointed").mark_rect(fill=None, stroke=theme.text, strokeWidth=2)
    right = f"{panel.left} + {reach} * ({panel.right} - ({panel.left}))" if until else panel.right
    low, high = ("below", "above") if "below" in kept else (kept[0], "next")
    ends = {**panel.across, "x2": at(right), "y": f"{low}:Q", "y2": f"{high}:Q"} | places
    colour = f"isValid(datum.{value}) && isFinite(datum.{value}) ? scale('color', datum.{value}) : {nothing}"
    past = "datum.step - 1" if panel.at_start else "whole.length - datum.step"
    offset = f"({past} + 0.5) / whole.length" if panel.wide else f"({past}) / max(1, whole.length - 1)"
    whole = group(data, strip, frame, **ends).transform_calculate(offset=offset, color=colour)
    whole = whole.transform_aggregate(stops="values(color)", groupby=[*kept])
    more = dict(going or {})
    more |= {"next": f"datum.{kept[0]} + 1"} if ends["y2"] == "next:Q" else {}
    return whole.transform_calculate(**more)
