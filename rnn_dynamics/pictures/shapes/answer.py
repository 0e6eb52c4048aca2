"""One cell unrolled in one of five shapes, what flows back through each edge, and the stops of a walk through it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from rnn_dynamics.engine.cells import cells_where
from rnn_dynamics.engine.shapes import SHAPES, Shape, Step, run_shape, unrolled
from rnn_dynamics.engine.trace import Edge, ShapeTrace
from rnn_dynamics.experiment import Experiment
from rnn_dynamics.pictures.kit.answered import OfTrace
from rnn_dynamics.pictures.kit.remembered import COMPUTING, remembered

#: What other rooms of this picture have from here, beside what is defined here.
__all__ = ["Edge"]

#: What can be asked of T: each step is drawn, and an encoder and its decoder are twice as many.
LENGTHS = tuple(range(1, 9))
NAMES = tuple(SHAPES)
#: The cells that have shapes.
UNROLLED = cells_where(lambda cell: not cell.feeds_back_output)
#: Kind of matrix -> its name among the parameters.
_PARAMETERS = {"ih": "weight_ih_l0", "hh": "weight_hh_l0", "hy": "readout"}


def stops(shape: str, length: int) -> tuple[str, ...]:
    """Where a walk through a shape with T = `length` stops: the whole picture, forwards, the loss, backwards."""
    return _stops(1 if shape == "one-to-one" else length * (1 + SHAPES[shape].has_decoder))


def _stops(steps: int) -> tuple[str, ...]:
    forwards = tuple(f"forward {step}" for step in range(1, steps + 1))
    return ("all", *forwards, "loss", *(f"back {step}" for step in range(steps, 0, -1)))


#: Every stop that some shape has.
STOPS = _stops(2 * LENGTHS[-1])


def read_stop(stop: str) -> tuple[str, int]:
    """The way of a stop, "all", "forward", "loss" or "back", and its step, 0 where it is at none."""
    way, _, step = stop.partition(" ")
    return way, int(step or 0)


@dataclass(frozen=True, kw_only=True)
class Matrix:
    """A matrix "W_hh", its rows and columns, its gradient, and the edges that carry it, largest gradient first."""

    name: str
    shape: tuple[int, ...]
    log10_gradient: float
    edges: tuple[Edge, ...]


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
    def through(self) -> Mapping[tuple[str, str], float]:
        """(source, target) -> log10 of the gradient through the edge."""
        return {(edge.source, edge.target): edge.log10_norm for edge in self.trace.edges}

    @property
    def log10_left(self) -> float:
        """log10 of what arrives at state 1 over what the last output sends to its state; nan without such a way."""
        last = self.experiment.sequence_length
        return self.through.get(("h1", "h2"), np.nan) - self.through.get((f"h{last}", f"y{last}"), np.nan)

    @cached_property
    def matrices(self) -> tuple[Matrix, ...]:
        """Each matrix that some edge carries."""
        return tuple(map(self._matrix, dict.fromkeys(edge.weights for edge in self.trace.edges if edge.weights)))

    def _matrix(self, weights: str) -> Matrix:
        edges = (edge for edge in self.trace.edges if edge.weights == weights)
        letter, kind = weights.split("_")
        name = ("decoder." if letter == "V" and kind != "hy" else "") + _PARAMETERS[kind]
        with np.errstate(divide="ignore"):
            gradient = float(np.log10(np.linalg.norm(self.trace.gradients[name])))
        return Matrix(
            name=weights,
            shape=self.trace.parameters[name].shape,
            log10_gradient=gradient,
            edges=tuple(sorted(edges, key=lambda edge: -edge.log10_norm)),
        )

    @property
    def recurrent(self) -> Matrix:
        """W_hh, of the encoder where there are two."""
        return next(matrix for matrix in self.matrices if matrix.name == "W_hh")

    @property
    def readout_size(self) -> int:
        """Numbers of the matrix that writes an output."""
        return self.trace.parameters["readout"].size

    @property
    def unshared(self) -> int:
        """How many parameters there would be if each step had weights of its own."""
        cell = (self.trace.parameter_count - self.readout_size) // (1 + self.shape.has_decoder)
        return len(self.steps) * cell + len(self.trace.outputs) * self.readout_size

    @property
    def multiply_adds(self) -> int:
        """Of the matrix products forwards, for one sequence."""
        hidden = self.experiment.hidden_size
        of_a_step = self.cell.blocks * hidden * (self.experiment.input_size + hidden)
        return len(self.steps) * of_a_step + len(self.trace.outputs) * self.readout_size

    def norm_of_state(self, step: int) -> float:
        """Of the state that a step, from 1, has computed."""
        return float(np.linalg.norm(self.trace.hidden_states[step]))

    def output_of(self, step: int) -> NDArray[np.float64]:
        """(D_out,), what a step, from 1, has written of the first sequence; the last K steps write."""
        outputs: NDArray[np.float64] = self.trace.outputs[step - 1 - len(self.steps), 0]
        return outputs

    def column(self, node: str) -> int:
        """The step to which a node belongs, from 1; 0 of what is there before the first."""
        return int(node[1:]) + self.experiment.sequence_length * (self.shape.has_decoder and node[0] in "syL")

    def lit(self, node: str, stop: str) -> bool:
        """Whether a node has its value yet."""
        way, step = read_stop(stop)
        return way != "forward" or self.column(node) <= step

    def state(self, edge: Edge, stop: str) -> int:
        """Of an edge: 0: not computed yet; 1: computed; 2: its gradient has arrived."""
        way, step = read_stop(stop)
        column = self.column(edge.source if edge.target == "L" else edge.target)
        if way == "all" or (way == "back" and column >= step):
            return 2
        return int(way in ("back", "loss") or (edge.target != "L" and column <= step))


@remembered
def shape_answer(experiment: Experiment, shape: str) -> ShapeAnswer:
    """Answer for one experiment in one shape."""
    with COMPUTING:
        return ShapeAnswer(trace=run_shape(experiment, shape))
