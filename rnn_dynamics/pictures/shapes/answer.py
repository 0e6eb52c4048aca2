"""The answer behind the page "Shapes of recurrence", and its picture; the words are in `shape_words`."""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache

import numpy as np

from rnn_dynamics.content import sentences
from rnn_dynamics.engine.shapes import SHAPES, run_shape, unrolled
from rnn_dynamics.engine.trace import ShapeTrace
from rnn_dynamics.experiment import Experiment
from rnn_dynamics.pictures.kit.numbers import power_of_ten
from rnn_dynamics.pictures.kit.remembered import COMPUTING
from rnn_dynamics.pictures.shapes.table import ALL, LOSS, ShapePicture, positions, shape_datasets, subscripted

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


@lru_cache(maxsize=512)
def shape_picture(experiment: Experiment, shape: str, position: str, colour: str) -> dict[str, bytes]:
    """The picture's datasets."""
    trace, words = shape_answer(experiment, shape), sentences(PAGE)
    loss = "no_loss" if position.startswith("forward") else "loss"
    return shape_datasets(
        ShapePicture(
            trace=trace,
            position=position,
            colour=colour,
            titles={
                "claim": words["titles"][claim(trace)].format(**numbers_of(trace)),
                "caption": _caption(trace, position),
                "loss": words[loss].format(loss=_short(trace.loss)),
            },
        )
    )


def norms_between(trace: ShapeTrace) -> dict[tuple[str, str], float]:
    """(source, target) -> log10 of the gradient through the edge."""
    return {(edge.source, edge.target): edge.log10_norm for edge in trace.edges}


def claim(trace: ShapeTrace) -> str:
    """Which title is true of this answer."""
    shape, through = trace.shape.replace("-", "_"), norms_between(trace)
    if shape == "encoder_decoder":
        first = through["h1", "s1" if trace.experiment.sequence_length == 1 else "h2"]  # of the LSTM, c's part too
        return shape if np.isfinite(first) else "encoder_decoder_nothing"
    if shape == "one_to_one" or trace.experiment.sequence_length == 1:
        return "one_to_one" if shape == "one_to_one" else "single"
    says = numbers_of(trace)
    if shape == "many_to_one":
        return f"{shape}_{_many_to_one(trace, says)}"
    if shape == "aligned":
        alike, near = says["own"] == says["later"], through["h1", "y1"] > through["h1", "h2"]
        return "aligned_alike" if alike else "aligned_near" if near else "aligned_far"
    return shape


def _many_to_one(trace: ShapeTrace, says: Mapping[str, str | int]) -> str:
    """What becomes of the error on its way back."""
    left = _left_at_the_first(trace)
    if not np.isfinite(left):
        return "nothing"
    if says["share"] == "1":
        return "holds"
    return ("grows" if left > 0.0 else "shrinks") + ("_one" if says["back"] == 1 else "")


def _left_at_the_first(trace: ShapeTrace) -> float:
    """log10 of what arrives at state 1 over what the last output sends to its state; nan where there is no such way."""
    last, through = trace.experiment.sequence_length, norms_between(trace)
    return through.get(("h1", "h2"), np.nan) - through.get((f"h{last}", f"y{last}"), np.nan)


def numbers_of(trace: ShapeTrace) -> dict[str, str | int]:
    """What the sentences are filled with."""
    last, through, norms = trace.experiment.sequence_length, norms_between(trace), trace.log10_norms
    left = _left_at_the_first(trace)
    return {
        "last": subscripted(f"h{last}"),
        "last_output": subscripted(f"y{last}"),
        "back": last - 1,
        "outputs": len(trace.outputs),
        "share": power_of_ten(left),
        "factor": power_of_ten(left / max(1, last - 1)),
        "input": power_of_ten(norms["x1"]),
        "layer": power_of_ten(norms["x1"] - norms["h1"] if np.isfinite(norms["h1"]) else np.nan),
        "own": power_of_ten(through.get(("h1", "y1"), np.nan)),
        "later": power_of_ten(through.get(("h1", "h2"), np.nan)),
        "fed_back": power_of_ten(through.get(("y1", "h2"), np.nan)),
        "bottleneck": power_of_ten(through.get((f"h{last}", "s1"), np.nan)),
    }


def _caption(trace: ShapeTrace, position: str) -> str:
    """What the player shows at a position, in numbers."""
    words = sentences(PAGE)["steps"]
    if position in (ALL, LOSS):
        return str(words[position].format(loss=_short(trace.loss)))
    direction, place = position.split()
    step = unrolled(trace.shape, trace.experiment.sequence_length)[int(place) - 1]
    through = norms_between(trace)
    says = {
        "state": subscripted(step.state),
        "before": subscripted(step.before),
        "source": subscripted(step.source),
        "output": subscripted(step.output),
        "norm": _short(float(np.linalg.norm(trace.hidden_states[int(place)]))),
        "gradient": power_of_ten(trace.log10_norms[step.state]),
        "to_source": power_of_ten(through[step.source, step.state]),
        "to_before": power_of_ten(through[step.before, step.state]),
        "values": "",
    }
    if step.output and direction == "forward":
        without = len(trace.hidden_states) - 1 - len(trace.outputs)  # steps before the first output
        values = trace.outputs[int(place) - 1 - without, 0]
        shown = ", ".join(f"{value:z.2f}".replace("-", "−") for value in values[:_SHOWN])
        says["values"] = f"{shown}{', …' if len(values) > _SHOWN else ''}"
        direction = "forward_output"
    return str(words[direction].format(**says))


def _short(value: float) -> str:
    """A number that is not negative, in three digits or as a power of ten."""
    return f"{value:.3g}" if 1e-3 <= value < 1e4 else power_of_ten(float(np.log10(value)) if value else -np.inf)
