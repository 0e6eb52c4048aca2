"""The picture "Atlas": a map over two axes of many experiments that have been run before."""

from rnn_dynamics.pictures.atlas.answer import (
    COLOURS,
    atlas_answer,
    atlas_apart,
    axes,
    clicked,
    opening,
    refusal,
    view_of,
)
from rnn_dynamics.pictures.kit.picture import Picture, Setting, made_by

__all__ = ["PICTURE", "axes", "clicked", "opening", "refusal"]

_AXES = tuple(map(view_of, axes()))

PICTURE = Picture(
    **made_by(__name__),
    answer=atlas_answer,
    apart=atlas_apart,
    settings={
        "map_x": Setting(_AXES, _AXES[-1], listed=True, charted=True),
        "map_y": Setting(_AXES, _AXES[-2], listed=True, charted=True),
        "colour": Setting(COLOURS, listed=True, charted=True),
    },
    scripts=("gradients",),
)
