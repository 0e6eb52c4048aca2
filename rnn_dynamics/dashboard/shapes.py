"""The answer behind the page "Shapes of recurrence", and its picture; the words are in `shape_words`."""

from __future__ import annotations

from functools import lru_cache

import numpy as np

from rnn_dynamics.dashboard.cache import COMPUTING
from rnn_dynamics.dashboard.content import sentences
from rnn_dynamics.experiment import Experiment
from rnn_dynamics.shapes import SHAPES, run_shape
from rnn_dynamics.tables.shapes import ALL, LOSS, ShapePicture, positions, shape_datasets, subscripted
from rnn_dynamics.tables.verdict import power_of_ten
from rnn_dynamics.trace import ShapeTrace

PAGE = "shapes"
SHAPE_NAMES = tuple(SHAPES)
#: What the slider of T offers: each step is drawn, and an encoder and its decoder are twice as many.
LENGTHS = tuple(range(1, 9))
#: Every stop of the player that some shape has.
POSITIONS = positions(2 * LENGTHS[-1])
#: So many numbers of an output are written out.
_SHOWN = 3


@lru_cache(maxsize=256)
def shape_answer(experiment: Experiment, shape: str) -> ShapeTrace:
    """Answer for one experiment in one shape."""
    with COMPUTING:
        return run_shape(experiment, shape)


def stops(shape: str, length: int) -> tuple[str, ...]:
    """The positions that the player has for a shape with T = `length`."""
    return positions(1 if shape == "one-to-one" else length * (1 + SHAPES[shape].has_decoder))


def nearest_stop(position: str, offered: tuple[str, ...]) -> str:
    """The first of the offered stops that does not come before a position."""
    return next(stop for stop in POSITIONS[POSITIONS.index(position) :] if stop in offered)


@lru_cache(maxsize=512)
def shape_picture(experiment: Experiment, shape: str, position: str, colour: str) -> dict[str, bytes]:
    """The picture's datasets."""
    trace = shape_answer(experiment, shape)
    titles = sentences(PAGE)
    return shape_datasets(
        ShapePicture(
            trace=trace,
            position=position,
            colour=colour,
            titles={
                "claim": titles["titles"][claim(trace)].format(**numbers_of(trace)),
                "caption": _caption(trace, position),
                "loss": titles["loss"].format(loss=f"{trace.loss:.3g}"),
            },
        )
    )


def norms_between(trace: ShapeTrace) -> dict[tuple[str, str], float]:
    """(source, target) -> log10 of the gradient through the edge."""
    return {(edge.source, edge.target): edge.log10_norm for edge in trace.edges}


def claim(trace: ShapeTrace) -> str:
    """Which title is true of this answer."""
    shape, says = trace.shape.replace("-", "_"), trace.log10_norms
    last = trace.experiment.sequence_length
    if last == 1 and shape not in ("one_to_one", "encoder_decoder"):
        return "single"
    if shape in ("many_to_one", "encoder_decoder"):
        if np.isneginf(says["h1"]):
            return f"{shape}_nothing"
        if shape == "many_to_one":
            return "many_to_one_grows" if says["h1"] > says[f"h{last}"] else "many_to_one_shrinks"
    if shape == "aligned":
        through = norms_between(trace)
        return "aligned_near" if through["h1", "y1"] >= through["h1", "h2"] else "aligned_far"
    return shape


def numbers_of(trace: ShapeTrace) -> dict[str, str | int]:
    """What the sentences are filled with."""
    last, through, norms = trace.experiment.sequence_length, norms_between(trace), trace.log10_norms
    orders = norms["h1"] - norms[f"h{last}"] if np.isfinite(norms[f"h{last}"]) else np.nan
    numbers: dict[str, str | int] = {
        "last": subscripted(f"h{last}"),
        "last_output": subscripted(f"y{last}"),
        "steps": len(trace.hidden_states) - 1,
        "back": last - 1,
        "length": last,
        "outputs": len(trace.outputs),
        "share": power_of_ten(orders),
        "factor": power_of_ten(orders / (last - 1)) if last > 1 else "–",
        "input": power_of_ten(norms["x1"]),
        "layer": power_of_ten(norms["x1"] - norms["h1"]) if np.isfinite(norms["h1"]) else "–",
        "own": power_of_ten(through.get(("h1", "y1"), np.nan)),
        "later": power_of_ten(through.get(("h1", "h2"), np.nan)),
        "fed_back": power_of_ten(through.get(("y1", "h2"), np.nan)),
        "bottleneck": power_of_ten(through.get((f"h{last}", "s1"), np.nan)),
        "count": f"{trace.parameter_count:,}",
    }
    return numbers


def _caption(trace: ShapeTrace, position: str) -> str:
    """What the player shows at a position, in numbers."""
    words = sentences(PAGE)["steps"]
    if position in (ALL, LOSS):
        return str(words[position].format(loss=f"{trace.loss:.3g}", outputs=len(trace.outputs)))
    direction, place = position.split()
    index = int(place)
    first = len(trace.hidden_states) - 1 - len(trace.outputs)  # steps before the first output
    arriving = [edge for edge in trace.edges if edge.weights[2:] in ("ih", "hh")][2 * index - 2 : 2 * index]
    source, before = arriving
    written = index > first
    output = f"y{index - first if trace.shape != 'many-to-one' else index}"
    says = {
        "state": subscripted(source.target),
        "before": subscripted(before.source),
        "source": subscripted(source.source),
        "output": subscripted(output),
        "norm": f"{np.linalg.norm(trace.hidden_states[index]):.3g}",
        "gradient": power_of_ten(trace.log10_norms[source.target]),
        "to_source": power_of_ten(source.log10_norm),
        "to_before": power_of_ten(before.log10_norm),
    }
    if written:
        values = trace.outputs[index - first - 1, 0]
        shown = ", ".join(f"{value:.2f}".replace("-", "−") for value in values[:_SHOWN])
        says["values"] = f"{shown}{', …' if len(values) > _SHOWN else ''}"
    return str(words[f"{direction}{'_output' if written and direction == 'forward' else ''}"].format(**says))
