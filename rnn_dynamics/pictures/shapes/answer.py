"""One cell unrolled in one of five shapes, what flows back through each edge, and the stops of a walk through it."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property

import numpy as np

from rnn_dynamics.engine.run import run
from rnn_dynamics.engine.shapes import SHAPES, Shape, Step, run_shape, unrolled
from rnn_dynamics.engine.theory import spectral_radius
from rnn_dynamics.engine.trace import ShapeTrace
from rnn_dynamics.engine.verdict import log10_factor_per_step
from rnn_dynamics.executor import computed
from rnn_dynamics.experiment import Experiment
from rnn_dynamics.pictures.kit.answered import OfTrace
from rnn_dynamics.remembered import remembered

#: What can be asked of T: each step is drawn, and an encoder and its decoder are twice as many.
LENGTHS = tuple(range(1, 9))
NAMES = tuple(SHAPES)
#: What feeds back its hidden state (Elman), and what its output (Jordan); they are compared over so many steps.
FED_BACK, OVER = ("rnn", "jordan"), 100
#: What is 0 for good: the initial state, and the symbol with which a decoder starts.
ZEROS = ("h0", "y0")


def stops(shape: str, length: int) -> tuple[str, ...]:
    """Where a walk through a shape with T = `length` stops: the whole picture, forwards, the loss, backwards."""
    steps = range(1, 1 + len(unrolled(shape, 1 if shape == "one-to-one" else length)))
    return ("all", *(f"forward {step}" for step in steps), "loss", *(f"back {step}" for step in reversed(steps)))


#: Every stop that some shape has.
STOPS = stops("encoder-decoder", LENGTHS[-1])


def read_stop(stop: str) -> tuple[str, int]:
    """The way of a stop, "all", "forward", "loss" or "back", and its step, 0 where it is at none."""
    way, _, step = stop.partition(" ")
    return way, int(step or 0)


@dataclass(frozen=True)
class ShapeAnswer(OfTrace[ShapeTrace]):
    """The network that was asked for, unrolled in its shape.

    fed_back: of an Elman network, log10 of the factor per step back over OVER steps, and a Jordan network's beside it.
    radii: the spectral radius of the matrix that each of them passes with each step back, W_hh or W_hh W_ho.
    """

    fed_back: Mapping[str, float] = field(default_factory=dict)
    radii: Mapping[str, float] = field(default_factory=dict)

    @cached_property
    def slopes(self) -> Mapping[str, float]:
        """log10 of what the slopes of the units leave of those radii, in the factors `fed_back`."""
        return {cell: factor - np.log10(self.radii[cell]) for cell, factor in self.fed_back.items()}

    @property
    def why(self) -> str:
        """Whether the Jordan network's factor is "larger" or "smaller", and what does most, "matrix" or "slopes"."""
        elman, jordan = FED_BACK
        matrix = np.log10(self.radii[jordan] / self.radii[elman])
        slopes = self.slopes[jordan] - self.slopes[elman]
        larger = matrix + slopes > 0.0
        of_matrix = matrix > slopes if larger else matrix < slopes
        return f"{'larger' if larger else 'smaller'}_{'matrix' if of_matrix else 'slopes'}"

    @property
    def shape(self) -> Shape:
        """What is read, written and fed back."""
        return SHAPES[self.trace.shape]

    @cached_property
    def steps(self) -> tuple[Step, ...]:
        """The columns."""
        return unrolled(self.trace.shape, self.experiment.sequence_length)

    @property
    def log10_left(self) -> float:
        """log10 of what arrives at state 1 over what the last output sends to its state; nan without such a way."""
        last = self.experiment.sequence_length
        return self.trace.through.get("h1→h2", np.nan) - self.trace.through.get(f"h{last}→y{last}", np.nan)

    def column(self, node: str) -> int:
        """The step to which a node belongs, from 1; 0 of what is there before the first. "L3" is the loss of y3."""
        return int(node[1:]) + self.experiment.sequence_length * (self.shape.has_decoder and node[0] in "syL")

    def state(self, node: str, stop: str) -> int:
        """Of a node and the edges into it: 0: not computed yet; 1: computed; 2: its gradient has arrived."""
        way, step = read_stop(stop)
        if way == "forward":
            return int(node[0] != "L" and self.column(node) <= step)
        return 2 if way != "loss" and self.column(node) >= step else 1


@remembered
def shape_answer(experiment: Experiment, shape: str) -> ShapeAnswer:
    """Answer for one experiment in one shape."""
    trace = computed(run_shape, experiment, shape)
    if experiment.cell != FED_BACK[0]:
        return ShapeAnswer(trace=trace)
    asked = {cell: replace(experiment, cell=cell, sequence_length=OVER) for cell in FED_BACK}
    found = {cell: computed(factor_and_radius, one) for cell, one in asked.items()}
    factors, radii = ({cell: each[place] for cell, each in found.items()} for place in (0, 1))
    return ShapeAnswer(trace=trace, fed_back=factors, radii=radii)


def factor_and_radius(experiment: Experiment) -> tuple[float, float]:
    """log10 of the factor by which ‖dL/dh_t‖ changes with each step back, and the spectral radius of its matrix."""
    trace = run(experiment, parameter_gradients=False)
    matrix = trace.parameters["weight_hh_l0"]
    matrix = matrix @ trace.readout if experiment.cell == "jordan" else matrix
    return float(log10_factor_per_step(trace.log10_norms["hidden"])), spectral_radius(matrix)
