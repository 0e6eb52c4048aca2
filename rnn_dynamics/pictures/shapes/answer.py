"""One cell unrolled in one of five shapes, what flows back through each edge, and the stops of a walk through it."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from rnn_dynamics.engine.shapes import SHAPES, Shape, Step, run_shape, unrolled
from rnn_dynamics.engine.trace import Edge, ShapeTrace
from rnn_dynamics.experiment import Experiment
from rnn_dynamics.pictures.kit.answered import OfTrace
from rnn_dynamics.remembered import COMPUTING, remembered

#: What can be asked of T: each step is drawn, and an encoder and its decoder are twice as many.
LENGTHS = tuple(range(1, 9))
NAMES = tuple(SHAPES)
#: What is 0 for good: the initial state, and the symbol with which a decoder starts.
ZEROS = ("h0", "y0")
#: Kind of matrix -> its name among the parameters.
_PARAMETERS = {"ih": "weight_ih_l0", "hh": "weight_hh_l0", "hy": "readout"}


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


@dataclass(frozen=True, kw_only=True)
class Matrix:
    """A matrix such as W_hh: W and hh, its rows and columns, its gradient, and of the edges that carry it how many."""

    letter: str
    kind: str
    shape: tuple[int, ...]
    log10_gradient: float
    uses: int
    largest: Edge
    smallest: Edge

    @property
    def log10_ratio(self) -> float:
        """Of the largest gradient through an edge over the smallest one."""
        return self.largest.log10_norm - self.smallest.log10_norm


@dataclass(frozen=True)
class ShapeAnswer(OfTrace[ShapeTrace]):
    """The network that was asked for, unrolled in its shape."""

    @property
    def shape(self) -> Shape:
        """What is read, written and fed back."""
        return SHAPES[self.trace.shape]

    @cached_property
    def steps(self) -> tuple[Step, ...]:
        """The columns."""
        return unrolled(self.trace.shape, self.experiment.sequence_length)

    @cached_property
    def through(self) -> Mapping[str, float]:
        """Edge, such as "h1→h2" -> log10 of the gradient through it."""
        return {f"{edge.source}→{edge.target}": edge.log10_norm for edge in self.trace.edges}

    @property
    def log10_left(self) -> float:
        """log10 of what arrives at state 1 over what the last output sends to its state; nan without such a way."""
        last = self.experiment.sequence_length
        return self.through.get("h1→h2", np.nan) - self.through.get(f"h{last}→y{last}", np.nan)

    @cached_property
    def matrices(self) -> Mapping[str, Matrix]:
        """Name -> each matrix that some edge carries."""
        names = dict.fromkeys(edge.weights for edge in self.trace.edges if edge.weights)
        return {name: self._matrix(name) for name in names}

    def _matrix(self, weights: str) -> Matrix:
        found = (edge for edge in self.trace.edges if edge.weights == weights)
        edges = sorted(found, key=lambda edge: -edge.log10_norm)
        letter, kind = weights.split("_")
        name = ("decoder." if letter == "V" and kind != "hy" else "") + _PARAMETERS[kind]
        with np.errstate(divide="ignore"):
            gradient = float(np.log10(np.linalg.norm(self.trace.gradients[name])))
        return Matrix(
            letter=letter,
            kind=kind,
            shape=self.trace.parameters[name].shape,
            log10_gradient=gradient,
            uses=len(edges),
            largest=edges[0],
            smallest=edges[-1],
        )

    def norm_of_state(self, step: int) -> float:
        """Of the state that a step, from 1, has computed."""
        return float(np.linalg.norm(self.trace.hidden_states[step]))

    def output_of(self, step: int) -> list[float]:
        """What a step, from 1, has written of the first sequence; the last K steps write."""
        values: list[float] = self.trace.outputs[step - 1 - len(self.steps), 0].tolist()
        return values

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
    with COMPUTING:
        return ShapeAnswer(trace=run_shape(experiment, shape))
