"""What the specifications of several pictures share."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import lru_cache
from typing import Any, cast

import altair as alt

from rnn_dynamics.pictures.kit.theme import TYPE, Theme, config, enlarged

#: The number of a tick, raised.
SUPERSCRIPT = "replace(replace(replace(replace(replace(replace(replace(replace(replace(replace(replace(" + (
    "format(datum.value, 'd'), /[-−]/g, '⁻'), /0/g, '⁰'), /1/g, '¹'), /2/g, '²'), /3/g, '³'), /4/g, '⁴'), "
    "/5/g, '⁵'), /6/g, '⁶'), /7/g, '⁷'), /8/g, '⁸'), /9/g, '⁹')"
)
#: Name of the selection by a click.
GO = "go"


def picture(
    theme: Theme, parameters: Mapping[str, str], *layers: Any, apart: Sequence[str] = (), **properties: Any
) -> alt.LayerChart:
    """All layers of a picture, in one view.

    `parameters`: name -> expression, beside `zoom`: how much larger the type is. `apart`: the channels whose scales the
    layers do not share. `properties`: height and padding of the view.
    """
    if apart:
        scales: dict[str, Any] = dict.fromkeys(apart, "independent")
        properties["resolve"] = alt.Resolve(scale=alt.ScaleResolveMap(**scales))
    # All in one call, because each method of a chart would copy all its layers again: twice the time of making them.
    whole: Any = alt.layer(
        *layers,
        params=[alt.param(name=name, expr=expr).param for name, expr in {"zoom": "1", **parameters}.items()],
        config=alt.Config(**config(theme)),
        usermeta={"embedOptions": {"renderer": "canvas"}},
        **properties,
    )
    return cast(alt.LayerChart, whole)


@lru_cache(maxsize=128)
def as_vega_lite(chart: Callable[..., alt.LayerChart], *choices: Any) -> dict[str, Any]:
    """A chart of some choices as Vega-Lite, in this process's size of type, built once for all visitors."""
    return in_size(chart(*choices).to_dict(validate=False), TYPE.zoom)


def in_size(built: dict[str, Any], zoom: float) -> dict[str, Any]:
    """A picture in larger type; its expressions know by the parameter `zoom` how much larger."""
    if zoom == 1:
        return built
    larger: dict[str, Any] = enlarged(built, zoom)
    if "height" in larger:
        larger["height"] *= zoom
    return larger | {"params": [{"name": "zoom", "expr": f"{zoom:g}"}, *larger["params"][1:]]}


def at(expression: str) -> Any:
    """A place that does not depend on the data."""
    return alt.value(alt.ExprRef(expression))


def group(data: str, *layers: alt.Chart, **encoding: Any) -> alt.LayerChart:
    """Layers that read the same data and share an encoding."""
    group: Any = alt.layer(*layers, data=alt.NamedData(data))
    return group.encode(**encoding)


def go_there(*fields: str) -> alt.Parameter:
    """The selection GO, by a click or a tap, which the server hears.

    One of the fields must change with the reader's settings: a selection that stays the same is not sent again.
    """
    # Vega makes no click of a tap. A finger that scrolls the page lifts with an event that cannot be cancelled.
    on = "click, touchend[event.cancelable]"
    return alt.selection_point(name=GO, on=on, fields=list(fields), clear=False, toggle=False)


def heading(theme: Theme, lines: str, x: str, y: str, data: str = "whole", color: str = "") -> alt.Chart:
    """A panel's title above a place; `lines` (an array of texts), places and colour (if not text's) are expressions."""
    return (
        alt.Chart(alt.NamedData(data))
        .transform_calculate(text=lines)
        .mark_text(
            align="left",
            baseline="bottom",
            dy=-8,
            fontSize=alt.ExprRef("narrow ? 14 : 16"),
            fontWeight="bold",
            color=alt.ExprRef(color) if color else theme.text,
        )
        .encode(text="text:N", x=at(x), y=at(f"{y} - 18 * zoom * (length({lines}) - 1)"))
    )


def colour_bar(
    title: str, field: str, domain: tuple[str, str], colours: Sequence[str], data: str = "whole", **options: Any
) -> alt.Chart:
    """Carries the legend of a map's colours, below the map, and draws nothing; the ends of `domain` are expressions.

    `options` are the legend's.
    """
    # Straight lines between the colours; Vega-Lite's own way leads from blue to yellow through green.
    ends: dict[str, Any] = {"domain": [alt.ExprRef(end) for end in domain], "clamp": True, "interpolate": "rgb"}
    usual: dict[str, Any] = {
        "orient": "none",
        "legendX": alt.ExprRef("mapLeft"),
        "legendY": alt.ExprRef("height + 66 * zoom"),
        "direction": "horizontal",
        "titleOrient": "left",
        "titleLimit": 400,
        "tickCount": 5,
        "gradientLength": 110,
        "gradientThickness": 10,
    }
    legend = alt.Legend(**usual | options)
    colour = alt.Color(field, title=title, scale=alt.Scale(range=list(colours), **ends), legend=legend)
    nowhere = {"x": alt.value(0), "y": alt.value(0)}
    return alt.Chart(alt.NamedData(data)).mark_point(opacity=0).encode(**nowhere, color=colour)
