"""What the specifications of several pictures share."""

from __future__ import annotations

from typing import Any

import altair as alt

_SUPERSCRIPT = "replace(replace(replace(replace(replace(replace(replace(replace(replace(replace(replace(" + (
    "format(datum.value / 100, 'd'), /[-−]/g, '⁻'), /0/g, '⁰'), /1/g, '¹'), /2/g, '²'), /3/g, '³'), /4/g, '⁴'), "
    "/5/g, '⁵'), /6/g, '⁶'), /7/g, '⁷'), /8/g, '⁸'), /9/g, '⁹')"
)
#: Label of an axis that counts in hundredths of an order of magnitude.
POWER_OF_TEN = f"'10' + {_SUPERSCRIPT}"


def at(expression: str) -> Any:
    """A place that does not depend on the data."""
    return alt.value(alt.ExprRef(expression))


def group(data: str, *layers: alt.Chart, **encoding: Any) -> alt.LayerChart:
    """Layers that read the same data and share an encoding."""
    group: Any = alt.layer(*layers, data=alt.NamedData(data))
    return group.encode(**encoding)
