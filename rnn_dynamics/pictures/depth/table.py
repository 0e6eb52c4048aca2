"""The tables of "Depth and direction", all relative to step T: 10⁰ is where an error of the last step begins."""

import numpy as np

from rnn_dynamics.pictures.depth.answer import DepthAnswer
from rnn_dynamics.pictures.kit import frames
from rnn_dynamics.pictures.kit.axes import WIDE_REACH, axis_ends, reaching
from rnn_dynamics.pictures.kit.frames import Frame, Tables, Texts, Views, points, table, whole

#: Where the map's colours may end, in orders of magnitude: few values, so that they stand still while a slider moves.
_LIMITS = (2.0, 5.0, 10.0, 25.0, 60.0, 150.0)
#: The curves of which the claim speaks.
_CLAIMED = ("single", "whole")
#: Names of curves that fit above each other.
_LINES = 7


def tables(answer: DepthAnswer, texts: Texts, views: Views) -> Tables:
    """Curves and labels (of the inputs), and whole; with all panels those of `_of_layers` too."""
    everything, ends = views["panels"] == "all", axis_ends(*answer.curves.values())
    curves = {name: of for name, of in answer.curves.items() if everything or name in _CLAIMED}
    layers, axes = _of_layers(answer, texts) if everything else ({}, {})
    return {
        "curves": frames.curve_rows(curves, ends),
        "labels": frames.label_rows(curves, texts["labels"], ends, _LINES, WIDE_REACH),
        "whole": whole(answer.experiment, ends, texts, **axes),
        **layers,
    }


def _of_layers(answer: DepthAnswer, texts: Texts) -> tuple[Tables, dict[str, float]]:
    """Levels (by place, step) and their names; and where the axis of the map and its colours end."""
    norms, length = np.stack([level.norms for level in answer.levels]), answer.experiment.sequence_length
    places = np.arange(len(norms))
    # A direction may have a gradient at step T alone, so the last two steps are always among those of the map.
    steps = np.unique(np.concatenate([frames.point_steps(length), [1, min(2, length), max(1, length - 1)]]))
    found = {
        "levels": points(place=places[:, None], step=steps, log10_norm=norms[:, steps - 1]),
        "names": table(place=places, name=texts["levels"], text=texts["pointed"]),
    }
    limit = reaching(np.abs(norms).max(where=np.isfinite(norms), initial=0.0), _LIMITS)
    return found, {"levels": len(norms), "limit": limit}


def layers_file(answer: DepthAnswer, _: Views) -> Frame:
    """Every gradient: layer (from 1; 0 for the inputs), direction, component, step, lag and log10_norm."""
    steps = frames.every_step(answer.experiment.sequence_length).values()
    parts = [(0, "both", "input", *steps, answer.trace.log10_norms["input"])]
    for level in answer.complete.layers:
        direction = "backwards" if level.reverse else "forwards"
        parts += [(level.layer + 1, direction, name, *steps, norms) for name, norms in level.log10_norms.items()]
    return Frame(frames.joined(("layer", "direction", "component", "step", "lag", "log10_norm"), parts))
