"""The shapes of recurrence: one cell unrolled in five ways, and the gradient through each edge of the unrolled network.

A step reads x_t, or the output before it, and its state. With R the read-out,

    h_t = cell(u_t, h_{t−1}),   y_t = R h_t,   L = ½ mean (y_t − target_t)² over all outputs

one-to-one        T = 1: u_1 = x_1, h_0 = 0. Nothing recurs: a network with one hidden layer.
one-to-many       u_1 = x_1, u_t = y_{t−1} after it; an output at each step.
many-to-one       u_t = x_t; an output at the last step.
aligned           u_t = x_t; an output at each step (many-to-many).
encoder-decoder   the encoder reads x_1 .. x_T and has no output. The decoder, a cell with weights of its own, starts
                  from the encoder's last state, reads zeros (the start symbol) and then its own outputs, T steps long
                  (Sutskever, Vinyals & Le 2014; in Cho et al. 2014 the encoder's last state enters every step of it).

What is fed back has the size of an input: there D_out = D, else 4 as everywhere in this library, so that many-to-one
and aligned are what `run` computes with the loss at the last and at every step.

Backwards every edge a -> b is one product, (∂b/∂a)ᵀ dL/db, and dL/da is the sum over the edges that leave a. Steps are
computed one by one, because what a step reads may be what the step before it wrote.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from rnn_dynamics.engine.cells import Cell, cell_of
from rnn_dynamics.engine.cells.cell import Weights, has_w_hh
from rnn_dynamics.engine.initialise import OUTPUT_SIZE, Array, learned, make_decoder, make_draw
from rnn_dynamics.engine.run import check_states, half_mean_square
from rnn_dynamics.engine.through_time.backpropagate import Pass, Run, make_room
from rnn_dynamics.engine.through_time.parameter_gradients import ParameterGradients
from rnn_dynamics.engine.through_time.rounding import LOG10_ROUNDING, digits_lost
from rnn_dynamics.engine.through_time.scaling import (
    LOG10_2,
    NOTHING,
    Scaled,
    ScaledSum,
    log10_norm_at_any_size,
    shifted,
)
from rnn_dynamics.engine.through_time.unroll import last_state, project_inputs, unroll
from rnn_dynamics.engine.trace import Edge, ShapeTrace, read_only
from rnn_dynamics.experiment import Experiment, checked_experiment, one_of, short


@dataclass(frozen=True, kw_only=True)
class Shape:
    """reads_every, writes_every: whether each step has an input, an output. feeds_back: outputs are read again."""

    reads_every: bool = True
    writes_every: bool = True
    feeds_back: bool = False
    has_decoder: bool = False


SHAPES: dict[str, Shape] = {
    "one-to-one": Shape(),
    "one-to-many": Shape(reads_every=False, feeds_back=True),
    "many-to-one": Shape(writes_every=False),
    "aligned": Shape(),
    "encoder-decoder": Shape(feeds_back=True, has_decoder=True),
}


#: Fields that a shape leaves no choice.
_FIXED = {"text": "", "initial_state": "zero", "hidden_path": "open", "num_layers": 1, "bidirectional": False}


@dataclass(frozen=True)
class Step:
    """One column of the unrolled network, in names of nodes; output is "" where there is none."""

    before: str
    state: str
    source: str
    output: str
    in_decoder: bool = False

    @property
    def reads_output(self) -> bool:
        """Whether its input is an output, or the start symbol in the place of one."""
        return self.source.startswith("y")

    def matrix(self, name: str) -> str:
        """The name of a matrix of this step's cell: W is the encoder's or the only one's, V the decoder's."""
        return ("V_" if self.in_decoder else "W_") + name


def unrolled(shape: str, length: int) -> tuple[Step, ...]:
    """The columns of a shape with T = `length`, in order."""
    kind, last = SHAPES[shape], length
    if kind.has_decoder:
        encoder = [Step(f"h{t - 1}", f"h{t}", f"x{t}", "") for t in range(1, last + 1)]
        before = [f"h{last}", *(f"s{t}" for t in range(1, last))]
        return (*encoder, *(Step(before[t], f"s{t + 1}", f"y{t}", f"y{t + 1}", True) for t in range(last)))
    return tuple(
        Step(
            before=f"h{t - 1}",
            state=f"h{t}",
            source=f"x{t}" if kind.reads_every or t == 1 else f"y{t - 1}",
            output=f"y{t}" if kind.writes_every or t == last else "",
        )
        for t in range(1, last + 1)
    )


def run_shape(experiment: Experiment, shape: str) -> ShapeTrace:
    """Answer one experiment in one shape.

    Args:
        experiment: the question; the shape decides where the loss is, and "one-to-one" has a single step.
        shape: key of `SHAPES`.

    Raises:
        ValueError: there is no such shape, the experiment has a `text`, an initial state, a cut `hidden_path`, several
            layers or directions, the cell of Jordan or one without W_hh, or the states of a ReLU network grow beyond
            the limit of `run`.
    """
    shape = one_of("shape", shape, SHAPES)
    cell = cell_of(checked_experiment(experiment))
    if cell.feeds_back_output or not has_w_hh(cell):
        why = "what it feeds back is its own state" if cell.feeds_back_output else "no W_hh leads from state to state"
        raise ValueError(f"cell = {experiment.cell!r} has no shapes: {why}")
    for name, value in _FIXED.items():
        if (given := getattr(experiment, name)) != value:
            raise ValueError(f"{name} = {short(given)}: a shape is unrolled with {value!r} only")
    kind, length = SHAPES[shape], 1 if shape == "one-to-one" else experiment.sequence_length
    asked = replace(experiment, sequence_length=length, loss_at="every" if kind.writes_every else "last")
    return _Unrolled(asked, shape).trace()


class _Unrolled:
    """The forward pass, every step with a record of its own, and what the way back leaves."""

    def __init__(self, experiment: Experiment, shape: str) -> None:
        self.experiment, self.shape, self.kind = experiment, shape, SHAPES[shape]
        self.cell: Cell = cell_of(experiment)
        self.steps = unrolled(shape, experiment.sequence_length)
        outputs = experiment.input_size if self.kind.feeds_back else OUTPUT_SIZE
        draw = make_draw(experiment, self.cell, outputs)
        self.readout, self.given = draw.readout, draw.inputs if self.kind.reads_every else draw.inputs[:1]
        self.targets = draw.targets if self.kind.writes_every else draw.targets[None]
        scale = experiment.weight_scale
        self.cells = [draw.parameters, *([make_decoder(experiment, self.cell)] if self.kind.has_decoder else [])]
        self.cells = [own | {"weight_hh_l0": scale * own["weight_hh_l0"]} for own in self.cells]
        self.weights: list[Weights] = [self.cell.make_weights(own) for own in self.cells]
        self.values = {f"x{t}": x for t, x in enumerate(self.given, start=1)}
        self.values["y0"] = np.zeros(self.given.shape[1:])
        self.records = self._forward()

    def _forward(self) -> list[Any]:
        records: list[Any] = []
        for step in self.steps:
            weights = self.weights[step.in_decoder]
            projection = project_inputs(weights, self.values[step.source][None], members=1)
            records.append(unroll(self.cell, weights, projection, last_state(records[-1]) if records else ()))
            check_states([records[-1].hidden], [self.experiment.weight_scale], self.experiment)
            if step.output:
                self.values[step.output] = (self.readout @ records[-1].hidden[1]).T
        return records

    def trace(self) -> ShapeTrace:
        """Walk back, and answer."""
        outputs = np.stack([self.values[step.output] for step in self.steps if step.output])
        residuals = outputs - self.targets
        back = _WayBack(self, residuals / residuals.size)
        names = ["", "decoder."][: len(self.cells)]
        parts = [(who, learned(self.experiment, own)) for who, own in zip(names, self.cells, strict=True)]
        named = {f"{who}{name}": own[name] for who, own in parts for name in own}
        cells = [record.cell_state for record in self.records]
        return ShapeTrace(
            experiment=self.experiment,
            shape=self.shape,
            parameters={name: read_only(values) for name, values in (named | {"readout": self.readout}).items()},
            gradients={name: read_only(values) for name, values in back.gradients(names).items()},
            inputs=read_only(self.given),
            outputs=read_only(outputs),
            targets=read_only(self.targets),
            loss=float(half_mean_square(residuals)),
            hidden_states=_along_time([record.hidden for record in self.records]),
            cell_states=None if cells[0] is None else _along_time(cells),
            edges=tuple(back.edges[::-1]),
            log10_norms=back.norms,
            log10_rounding=LOG10_ROUNDING + self._digits_lost(back.walked),
        )

    def _digits_lost(self, walked: list[dict[str, float]]) -> float:
        """See `rounding`; of the norms of the steps, last step first."""
        hidden = np.concatenate([self.records[0].hidden[:1], *(record.hidden[1:] for record in self.records)])
        norms = {name: np.array([[step[name]] for step in reversed(walked)]) for name in walked[0]}
        return float(digits_lost(Pass(self.cell, self.weights[0], _States(hidden)), norms)[0])


@dataclass(frozen=True)
class _States:
    """What a record of several steps says of the states: hidden (T+1, H, N)."""

    hidden: Array
    cell_state: None = None


class _WayBack:
    """Backpropagation through an unrolled shape, from its last step to its first.

    As in `backpropagate`, adjoints are mantissas times a power of two, which is adapted before each step.
    """

    def __init__(self, network: _Unrolled, loss_adjoints: Array) -> None:
        """loss_adjoints: (K, N, D_out), what the loss itself says of each output."""
        self.network, self.edges, self.norms = network, list[Edge](), dict[str, float]()
        self.walked: list[dict[str, float]] = []
        self.readout_gradient = ScaledSum(np.zeros_like(network.readout))
        self.sums = [self._sum(in_decoder) for in_decoder in range(len(network.cells))]
        writers = [step.output for step in network.steps if step.output]
        still_to_come = {output: part.T for output, part in zip(writers, loss_adjoints, strict=True)}
        nothing = np.zeros_like(network.records[0].hidden[0])
        arriving = Scaled(tuple(nothing for _ in network.cell.components), np.zeros(1, np.int64))
        by_reader: Array | None = None
        for place in reversed(range(len(network.steps))):
            step = network.steps[place]
            if step.output:
                arriving = self._enter(step, place, arriving, still_to_come.pop(step.output), by_reader)
            # A loss enters at its true size, so the adjoint must not be enlarged past it.
            arriving, by_input = self._step_back(step, place, arriving.renormalised(0 if still_to_come else NOTHING))
            by_reader = by_input if step.reads_output else None

    def _sum(self, in_decoder: int) -> ParameterGradients:
        """The parameter gradients of one cell, over its own steps."""
        network = self.network
        mine = [place for place, step in enumerate(network.steps) if step.in_decoder == bool(in_decoder)]
        inputs = np.stack([network.values[network.steps[place].source] for place in mine])
        weights = network.weights[in_decoder]
        multiplied = np.concatenate([weights.multiplied(network.records[place]) for place in mine])
        return ParameterGradients(network.cell, multiplied, inputs, network.experiment.hidden_size)

    def _enter(self, step: Step, place: int, arriving: Scaled, direct: Array, by_reader: Array | None) -> Scaled:
        """Add what the output says of its state; `by_reader` is what the step that read the output says of it."""
        readout, exponent = self.network.readout, arriving.exponent
        by_loss = shifted(direct, -exponent)
        total = by_loss if by_reader is None else by_loss + by_reader
        by_output = readout.T @ total
        self._note(step.output, "L", "", exponent, by_loss)
        self._note(step.state, step.output, step.matrix("ho"), exponent, by_output)
        self.norms[step.output] = _log10_norm(exponent, total)
        hidden = self.network.records[place].hidden[1]
        peak = int(np.frexp(np.abs(hidden).max())[1])  # the states of ReLU may be as large as float64 allows
        self.readout_gradient.add(total @ (hidden * 2.0**-peak).T, int(exponent[0]) + peak)
        return Scaled((arriving.arrays[0] + by_output, *arriving.arrays[1:]), exponent)

    def _step_back(self, step: Step, place: int, arriving: Scaled) -> tuple[Scaled, Array]:
        """Carry the adjoint of a state to the state before it, and to what was read (D, N)."""
        network, cell, exponent = self.network, self.network.cell, arriving.exponent
        weights, room = network.weights[step.in_decoder], make_room(cell, 1, arriving.arrays)
        (views,) = cell.adjoint_views(cell.make_factors(network.records[place], slice(0, 1)), room)
        cell.adjoint_step(weights, *views)
        by_input = weights.weight_ih.T @ cell.input_delta(room.delta[0])
        first = place - len(network.steps) // 2 if step.in_decoder else place
        here = range(first, first + 1)
        self.sums[step.in_decoder].add(Run(here, room, by_input[None], exponent, {}, None))
        before = tuple(states[0] for states in room.states)
        self.norms[step.state] = _log10_norm(exponent, room.states[0][1])
        self._note(step.before, step.state, step.matrix("hh"), exponent, *before)
        self._note(step.source, step.state, step.matrix("ih"), exponent, by_input)
        carried = _log10_norm(exponent, *(states[1] for states in room.states))
        self.walked.append({"hidden": carried, "input": self.edges[-1].log10_norm})
        if not step.reads_output or step.source == "y0":  # no other edge leaves it
            self.norms[step.source] = self.edges[-1].log10_norm
        if step.before == "h0":
            self.norms["h0"] = _log10_norm(exponent, before[0])
        return Scaled(before, exponent), by_input

    def _note(self, source: str, target: str, weights: str, exponent: NDArray[np.int64], *parts: Array) -> None:
        norm = _log10_norm(exponent, *parts)
        self.edges.append(Edge(source=source, target=target, weights=weights, log10_norm=norm))

    def gradients(self, names: list[str]) -> Mapping[str, Array]:
        """Of all parameters, under the names of `ShapeTrace`."""
        with np.errstate(over="ignore"):
            readout = np.ldexp(self.readout_gradient.mantissas, self.readout_gradient.exponent)
        experiment = self.network.experiment
        cells = [(who, learned(experiment, own.named())) for who, own in zip(names, self.sums, strict=True)]
        return {f"{who}{name}": values for who, own in cells for name, values in own.items()} | {"readout": readout}


def _log10_norm(exponent: NDArray[np.int64], *parts: Array) -> float:
    """Of several (rows, N) together, times 2^exponent."""
    return float((log10_norm_at_any_size(np.concatenate(parts), members=1) + exponent * LOG10_2)[0])


def _along_time(states: list[Array]) -> Array:
    """Records of one step each, (2, H, N), as the reader expects them: (S+1, N, H)."""
    return read_only(np.concatenate([states[0][:1], *(own[1:] for own in states)]).swapaxes(-1, -2))
