"""The same road for a network whose weights are given: over inputs that are given, and back from any loss."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, fields

import numpy as np
from numpy.typing import ArrayLike, NDArray

from rnn_dynamics.engine.given import (
    Array,
    Errors,
    Network,
    States,
    checked_network,
    given_errors,
    given_initial,
    given_inputs,
    given_lengths,
)
from rnn_dynamics.engine.run import LARGEST_STATE, gradients_of, in_order, locked, over_members, walk_levels
from rnn_dynamics.engine.through_time.backpropagate import Losses, Run, losses_of
from rnn_dynamics.engine.through_time.lags import RecurrentGradient
from rnn_dynamics.engine.through_time.parameter_gradients import ParameterGradients
from rnn_dynamics.engine.through_time.stack import (
    Layer,
    Level,
    output_of,
    unroll_stack,
    with_end_state,
)
from rnn_dynamics.engine.trace import LayerTrace, Rounded, read_only
from rnn_dynamics.experiment import Flag

IntArray = NDArray[np.int64]


@dataclass(frozen=True, kw_only=True)
class NetworkLayer(LayerTrace):
    """One layer in one direction of a given network; behind the end of a sequence states and gates are nan.

    Attributes:
        recurrent_shares: (T,), ⟨G_t, dL/dW_hh⟩ / ‖dL/dW_hh‖² for the part G_t that step t adds to the gradient of
            this level's recurrent weights; sums to 1, may be negative, nan where the gradient is zero. None if nobody
            asked for it.
        sequence_norms: as `log10_norms`, of each sequence by itself, (T, N). None if nobody asked for them.
    """

    recurrent_shares: Array | None
    sequence_norms: Mapping[str, Array] | None


@dataclass(frozen=True, kw_only=True)
class NetworkTrace(Rounded):
    """What a given network has made of its inputs and of a loss; arrays are float64 and read-only.

    Attributes:
        network: that was given.
        inputs: (T, N, D), what was read.
        lengths: (N,), of the sequences; None where all have T steps.
        states: what it handed on, by which the loss was found.
        layers: of each layer and direction states, gates and log10 of the norms over sequences and features, the first
            layer first, forwards before backwards.
        log10_norms: "input" -> (T,), log10 ‖dL/dx_t‖, through all directions together; −inf where it is exactly zero.
        input_gradient: (T, N, D), dL/dx_t itself; 0 below float64's 10^−308, inf beyond 10^308.
        gradients: dL/d(parameter) under the names of the parameters, likewise; empty unless asked for.
        initial_gradients: dL/dh_0, and dL/dc_0 of the LSTM or dL/dz_0 of the coRNN, (levels, N, H) each, likewise.
    """

    network: Network
    inputs: Array
    lengths: IntArray | None
    states: States
    layers: tuple[NetworkLayer, ...]
    log10_norms: Mapping[str, Array]
    input_gradient: Array
    gradients: Mapping[str, Array]
    initial_gradients: tuple[Array, ...]


def run_network(
    network: Network,
    inputs: ArrayLike,
    errors: Errors | Callable[[States], Errors],
    *,
    initial: Sequence[ArrayLike] | None = None,
    lengths: Sequence[int] | None = None,
    parameter_gradients: bool = True,
    by_step: bool = False,
    by_sequence: bool = False,
) -> NetworkTrace:
    """Run a network whose weights are given over inputs that are given, and send a loss of any kind back.

    Args:
        network: its weights count as they are.
        inputs: (T, N, D).
        errors: what the loss says directly of what the network hands on, or what makes it of that.
        initial: (h_0,), or (h_0, c_0) of an LSTM, (h_0, ln n_0, c_0 / n_0) of an sLSTM, (h_0, z_0) of a coRNN,
            (levels, N, H) each, in the order of torch; None begins at 0.
        lengths: of N sequences of different lengths, from 1 to T each; what stands behind their ends is not read.
        parameter_gradients: whether the gradients of the parameters are summed, which takes up to a third of the time.
        by_step: whether each level says what its steps add to the gradient of its recurrent weights.
        by_sequence: whether each level says the norms of each sequence by itself.

    Raises:
        ValueError: inputs, initial states, lengths or errors do not go with the network or with each other, or are not
            finite; what is to be said is neither True nor False; or the states of a ReLU network grow beyond float64.
    """
    says = {"parameter_gradients": parameter_gradients, "by_step": by_step, "by_sequence": by_sequence}
    parameter_gradients, by_step, by_sequence = (Flag().checked(name, value) for name, value in says.items())
    found = given_inputs(inputs, checked_network(network).input_size)
    steps, sequences, _ = found.shape
    own_lengths = given_lengths(lengths, steps, sequences)
    start = given_initial(initial, network, sequences)
    # A trained gate may be as good as shut, or open; steps back that leave float64, ∞ − ∞ included, begin anew.
    with np.errstate(over="ignore", divide="ignore", invalid="ignore"):
        whole = np.full(sequences, steps)
        apart = whole if by_sequence and own_lengths is None else own_lengths
        layers = unroll_stack(network.kind, network.weights(), found, starts=start, lengths=apart)
        ends = (whole if own_lengths is None else own_lengths) - 1
        states = _states(layers, ends)
        _check_states(states)
        asked = given_errors(errors(states) if callable(errors) else errors, states)
        way = _WayBack(network, layers, asked, ends, by_step=by_step, by_sequence=by_sequence)
        return way.trace(found, own_lengths, states, parameter_gradients)


class _WayBack:
    """The way back through all levels, and what it leaves beside their norms."""

    def __init__(
        self, network: Network, layers: list[Layer], errors: Errors, ends: IntArray, *, by_step: bool, by_sequence: bool
    ) -> None:
        self.network, self.layers, self.errors, self.ends = network, layers, errors, ends
        self.by_step, self.by_sequence = by_step, by_sequence
        self.members = layers[0][0].forward.members
        self.runs: dict[str, list[Run]] = {}
        self.norms: dict[str, list[dict[str, Array]]] = {}
        self.sums: dict[str, ParameterGradients] = {}

    def trace(self, inputs: Array, lengths: IntArray | None, states: States, sum_up: bool) -> NetworkTrace:
        sums = self.sums if sum_up else None
        levels, below = walk_levels(self.layers, self._losses(), sums, entering=self._entering, visit=self._visit)
        arriving = below.losses()
        both = self.network.directions > 1
        norms = over_members(arriving.log10_norms()) if both else levels[0].log10_norms["input"]
        named = gradients_of(self.sums) if sum_up else {}
        return NetworkTrace(
            network=self.network,
            inputs=read_only(inputs),
            lengths=lengths,
            states=States(*(None if part is None else read_only(part) for part in states)),  # type: ignore[arg-type]
            layers=tuple(map(self._layer, levels)),
            log10_norms=locked({"input": norms}),
            input_gradient=read_only(_at_true_size(arriving)),
            gradients=locked({name: named[name] for name in self.network.parameters if name in named}),
            initial_gradients=self._initial(),
            log10_rounding=levels[0].log10_rounding,
        )

    def _losses(self) -> Losses:
        """What enters at the output; nothing behind the end of a sequence."""
        assert self.errors.output is not None
        rows = self.errors.output
        length = self.layers[0][0].forward.length
        first = length - len(rows)
        # Each sequence ends where it ends, and is read in reverse from there; a single one may end early, too.
        if self.members > 1 or self.ends.min() + 1 < length:
            rows = np.pad(rows, ((first, 0), (0, 0), (0, 0)))
            rows[np.arange(len(rows))[:, None] > self.ends] = 0.0
            first = 0
        return losses_of(np.ascontiguousarray(rows.swapaxes(-1, -2)), first, self.members)

    def _entering(self, level: Level, losses: Losses) -> Losses:
        """The same of a level, with what enters at its last state."""
        place = self.network.suffixes.index(level.suffix)
        h_n, c_n = (None if of is None else of[place].T for of in self.errors[1:])
        if h_n is None and c_n is None:
            return losses
        hidden = np.zeros(level.forward.record.hidden.shape[1:]) if h_n is None else h_n
        return with_end_state(level.forward, losses, self.ends, hidden, c_n)

    def _visit(self, level: Level, run: Run) -> None:
        """Keep the last run, from which on the initial state is known, or all where their shares are asked for."""
        if self.by_sequence:
            self.norms.setdefault(level.suffix, []).append(run.log10_norms)
        kept = self.runs.setdefault(level.suffix, [])
        if not self.by_step:
            kept.clear()
        kept.append(run)

    def _layer(self, level: LayerTrace) -> NetworkLayer:
        known = {of.name: getattr(level, of.name) for of in fields(LayerTrace)}
        behind = np.arange(len(level.hidden_states) - 1)[:, None] > self.ends
        if behind.any():
            nowhere = np.zeros_like(behind[:1])  # where the initial state is
            states = np.concatenate([behind, nowhere] if level.reverse else [nowhere, behind])
            known["hidden_states"] = _blanked(level.hidden_states, states)
            for name in ("cell_states", "log_normalisers", "velocities"):
                known[name] = None if known[name] is None else _blanked(known[name], states)
            known["gates"] = locked({name: _blanked(of, behind) for name, of in level.gates.items()})
        return NetworkLayer(
            **known,
            recurrent_shares=self._shares(level) if self.by_step else None,
            sequence_norms=self._of_each(level) if self.by_sequence else None,
        )

    def _of_each(self, trace: LayerTrace) -> Mapping[str, Array]:
        """The norms of each sequence by itself."""
        level = self.layers[trace.layer][trace.reverse]
        norms = in_order(self.norms[level.suffix])
        return locked({name: level.in_time(values) for name, values in norms.items()})

    def _shares(self, trace: LayerTrace) -> Array:
        level = self.layers[trace.layer][trace.reverse]
        gradient, runs = RecurrentGradient(level.forward), self.runs[level.suffix]
        for run in runs:
            gradient.add_together(run)
        by_sequence = np.concatenate([gradient.shares_by_sequence(run) for run in reversed(runs)])
        return read_only(level.in_time(by_sequence).sum(axis=-1))

    def _initial(self) -> tuple[Array, ...]:
        """Of each component the gradients of all levels' initial states."""
        before = [self.runs[end][-1].before for end in self.network.suffixes]
        exponents = [of.exponent for of in before]
        with np.errstate(over="ignore"):
            of_levels = [
                [np.ldexp(array, exponent).T for array in of.arrays]
                for of, exponent in zip(before, exponents, strict=True)
            ]
        return tuple(read_only(np.stack(of_component)) for of_component in zip(*of_levels, strict=True))


def _states(layers: list[Layer], ends: IntArray) -> States:
    """See `States`."""
    output = output_of(layers[-1]).swapaxes(-1, -2).copy()
    output[np.arange(len(output))[:, None] > ends] = 0.0
    records = [level.forward.record for layer in layers for level in layer]
    each = np.arange(len(ends))
    h_n = np.stack([record.hidden[1:][ends, :, each] for record in records])
    cells = [record.cell_state[1:][ends, :, each] for record in records if record.cell_state is not None]
    return States(output, h_n, np.stack(cells) if cells else None)


def _check_states(states: States) -> None:
    """Refuse a network that has outgrown float64; see `run.check_states`."""
    peak = max(float(np.abs(states.output).max()), float(np.abs(states.h_n).max()))
    if not peak <= LARGEST_STATE:  # true for nan
        raise ValueError(f"the states of the ReLU network grow beyond {LARGEST_STATE:g}, the limit")


def _at_true_size(losses: Losses) -> Array:
    """Rows (T, N, D) as float64 has them."""
    with np.errstate(over="ignore"):
        return np.ldexp(losses.rows, losses.exponents[..., None, :]).swapaxes(-1, -2)


def _blanked(values: Array, behind: NDArray[np.bool_]) -> Array:
    """Values (T, N, ...) with nan where there is nothing."""
    return read_only(np.where(behind[..., None], np.nan, values))
