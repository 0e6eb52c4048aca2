"""What a given network is asked: inputs, errors, initial states and lengths together, whole or a part of them."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import ArrayLike, NDArray

from rnn_dynamics.engine.given import Errors, Network, States
from rnn_dynamics.engine.run_network import NetworkTrace, run_network

Array = NDArray[np.float64]
#: Component of a state -> what a layer of a trace calls it.
_STATES = {
    **{"hidden": "hidden_states", "cell": "cell_states"},
    **{"normaliser": "log_normalisers", "velocity": "velocities"},
}
#: What a loss says of the states: as it is, or made from them.
AnyErrors = Errors | Callable[[States], Errors]


@dataclass(frozen=True, kw_only=True, eq=False)
class Asked:
    """Arguments of `run_network`, errors as arrays, of the whole output or of none of it.

    network, inputs (T, N, D), output (T, N, directions·H), h_n, c_n, initial, lengths (N,).
    """

    network: Network
    inputs: Array
    output: Array | None
    h_n: Array | None
    c_n: Array | None
    initial: tuple[Array, ...] | None
    lengths: NDArray[np.int64] | None

    @property
    def steps(self) -> int:
        """T."""
        return len(self.inputs)

    @property
    def sequences(self) -> int:
        """N."""
        return int(self.inputs.shape[1])

    @property
    def ends(self) -> NDArray[np.int64]:
        """(N,), how many steps each sequence has."""
        return np.full(self.sequences, self.steps) if self.lengths is None else self.lengths

    def run(self, *, gradients: bool = False, by_step: bool = False, by_sequence: bool = False) -> NetworkTrace:
        """The answer."""
        errors = Errors(output=self.output, h_n=self.h_n, c_n=self.c_n)
        return run_network(
            self.network,
            self.inputs,
            errors,
            initial=self.initial,
            lengths=None if self.lengths is None else self.lengths.tolist(),
            parameter_gradients=gradients,
            by_step=by_step,
            by_sequence=by_sequence,
        )

    def of_sequences(self, chosen: NDArray[np.int64]) -> "Asked":
        """The same of some of the sequences, by number."""
        inputs, *others = (
            None if values is None else values[:, chosen] for values in (self.inputs, self.output, self.h_n, self.c_n)
        )
        output, h_n, c_n = others
        assert inputs is not None
        return replace(
            self,
            inputs=inputs,
            output=output,
            h_n=h_n,
            c_n=c_n,
            initial=None if self.initial is None else tuple(state[:, chosen] for state in self.initial),
            lengths=None if self.lengths is None else self.lengths[chosen],
        )

    def between(self, start: int, stop: int, states: NetworkTrace) -> "Asked | None":
        """The same of the steps `start` + 1 to `stop`, as a loop of training reads a chunk after it has detached.

        It begins with the states that `states`, the trace of this very question, has at `start`; a reverse direction
        with its own initial state. Errors in h_n and c_n are of those sequences that end here. None where no sequence
        is as long as that.
        """
        here = np.flatnonzero(self.ends > start)
        if not len(here):
            return None
        part, ends = self.of_sequences(here), (self.ends[here] <= stop)[:, None]
        return replace(
            part,
            inputs=part.inputs[start:stop],
            output=None if part.output is None else part.output[start:stop],
            h_n=None if part.h_n is None else part.h_n * ends,
            c_n=None if part.c_n is None else part.c_n * ends,
            initial=part.initial if start == 0 else part._initial_at(start, states, here),
            lengths=None if self.lengths is None else np.minimum(self.ends[here], stop) - start,
        )

    def _initial_at(self, start: int, trace: NetworkTrace, here: NDArray[np.int64]) -> tuple[Array, ...]:
        """The states (layers · directions, N, H) before step `start` + 1, each kind of them."""
        found = []
        for number, component in enumerate(trace.network.kind.components):
            of_level = [getattr(layer, _STATES[component])[start, here] for layer in trace.layers]
            for level, layer in enumerate(trace.layers):
                if layer.reverse:
                    of_level[level] = np.full_like(of_level[level], trace.network.kind.empty.get(component, 0.0))
                    if self.initial is not None:
                        of_level[level] = self.initial[number][level]
            found.append(np.stack(of_level))
        return tuple(found)

    def last_alone(self) -> "Asked":
        """The same with the error alone that arrives last in each sequence, in the order in which a direction reads.

        Of a network of one layer. What arrives in h_n or c_n is the last of its sequence. Itself where there is none
        to leave out.
        """
        if self.output is None:
            return self
        halves = [_last(self._read(direction), self._ended(direction)) for direction in self._directions]
        output = np.concatenate([half[::-1] if direction else half for direction, half in enumerate(halves)], axis=-1)
        return self if np.array_equal(output, self.output) else replace(self, output=output)

    def arrive(self, direction: int) -> int:
        """At how many of the steps an error arrives in a direction of a network of one layer, 0 or 1 (reverse)."""
        steps = np.zeros(self.steps, dtype=bool)
        if self.output is not None:
            steps |= self._read(direction).any(axis=(1, 2))
        ends = np.full(self.sequences, self.steps) if direction else self.ends
        steps[ends[self._ended(direction)] - 1] = True
        return int(steps.sum())

    def apart(self, direction: int) -> bool:
        """Whether the last error of one sequence arrives at another step of a direction than that of another one.

        Of a network of one layer, see `last_alone`.
        """
        last = np.where(self._ended(direction), self.steps if direction else self.ends, 0)
        if self.output is not None:
            arrives = self._read(direction).any(axis=-1)
            steps = np.arange(1, self.steps + 1)[:, None]
            last = np.maximum(last, (steps * arrives).max(axis=0))
        return len(np.unique(last[last > 0])) > 1

    def same(self, other: "Asked", direction: int) -> bool:
        """Whether another question has the same errors in the output of a direction."""
        return self is other or np.array_equal(self._read(direction), other._read(direction))

    @property
    def _directions(self) -> range:
        return range(self.network.directions)

    def _read(self, direction: int) -> Array:
        """The errors (T, N, H) in the output of one direction, in the order in which it reads."""
        assert self.output is not None
        half = np.split(self.output, self.network.directions, axis=-1)[direction]
        return half[::-1] if direction else half

    def _ended(self, direction: int) -> NDArray[np.bool_]:
        """Which sequences (N,) have an error in h_n or c_n of a direction."""
        given = [state[direction].any(axis=-1) for state in (self.h_n, self.c_n) if state is not None]
        return np.logical_or.reduce(given) if given else np.zeros(self.sequences, dtype=bool)


def asked(
    network: Network,
    inputs: ArrayLike,
    errors: Errors,
    initial: Sequence[ArrayLike] | None = None,
    lengths: Sequence[int] | None = None,
) -> Asked:
    """Gather arguments of `run_network`, as they are there."""
    found = np.asarray(inputs, dtype=np.float64)
    output, h_n, c_n = (None if of is None else np.asarray(of, dtype=np.float64) for of in errors)
    ends = None if lengths is None else np.asarray(lengths, dtype=np.int64)
    if output is not None:
        output = np.concatenate([np.zeros((len(found) - len(output), *output.shape[1:])), output])
        if ends is not None:  # what stands behind the end of a sequence counts for nothing
            output = np.where((np.arange(len(output))[:, None] < ends)[..., None], output, 0.0)
    return Asked(
        network=network,
        inputs=found,
        output=output,
        h_n=h_n,
        c_n=c_n,
        initial=None if initial is None else tuple(np.asarray(of, dtype=np.float64) for of in initial),
        lengths=ends,
    )


def side_by_side(questions: Iterable[Asked]) -> list[Asked]:
    """Questions to one network; of those over equally many steps one, with the sequences of all of them."""
    by_steps: dict[int, list[Asked]] = {}
    for question in questions:
        by_steps.setdefault(question.steps, []).append(question)
    return [_joined(of) for of in by_steps.values()]


def _joined(questions: Sequence[Asked]) -> Asked:
    first, begins = questions[0], [one.initial or _empty(one) for one in questions]
    return replace(
        first,
        inputs=np.concatenate([one.inputs for one in questions], axis=1),
        output=_beside([one.output for one in questions]),
        h_n=_beside([one.h_n for one in questions]),
        c_n=_beside([one.c_n for one in questions]),
        initial=tuple(np.concatenate(each, axis=1) for each in zip(*begins, strict=True)),
        lengths=None if first.lengths is None else np.concatenate([one.ends for one in questions]),
    )


def _empty(question: Asked) -> tuple[Array, ...]:
    """The initial states (levels, N, H) where none are given."""
    network, kind = question.network, question.network.kind
    shape = (network.levels, question.sequences, network.hidden_size)
    return tuple(np.full(shape, kind.empty.get(component, 0.0)) for component in kind.components)


def _beside(errors: Sequence[Array | None]) -> Array | None:
    """Errors (·, N, ·) of the same kind in several questions, which all have some or none."""
    given = [of for of in errors if of is not None]
    return np.concatenate(given, axis=1) if given else None


def asked_of(trace: NetworkTrace, errors: AnyErrors) -> Asked:
    """The question that a trace has answered, which knows all of it but the errors."""
    kinds = [_STATES[component] for component in trace.network.kind.components]
    begins = [[getattr(layer, kind)[-1 if layer.reverse else 0] for layer in trace.layers] for kind in kinds]
    lengths = None if trace.lengths is None else trace.lengths.tolist()
    made = errors(trace.states) if callable(errors) else errors
    return asked(trace.network, trace.inputs, made, [np.stack(of) for of in begins], lengths)


def answered(
    network: Network,
    inputs: ArrayLike,
    errors: AnyErrors,
    initial: Sequence[ArrayLike] | None = None,
    lengths: Sequence[int] | None = None,
) -> tuple[Asked, NetworkTrace]:
    """A question and its answer, with the gradients of the parameters; what makes errors of the states is asked once.

    Args:
        network: as of `run_network`.
        inputs: likewise.
        errors: likewise.
        initial: likewise.
        lengths: likewise.
    """
    made: list[Errors] = []

    def keep(states: States) -> Errors:
        made.append(errors(states) if callable(errors) else errors)
        return made[0]

    trace = run_network(network, inputs, keep, initial=initial, lengths=lengths)
    return asked(network, inputs, made[0], initial, lengths), trace


def _last(output: Array, ended: NDArray[np.bool_]) -> Array:
    """Of errors (T, N, H) the last of each sequence that is not zero; none of those that have ended."""
    arrives = output.any(axis=-1) & ~ended
    last = arrives & (np.cumsum(arrives[::-1], axis=0)[::-1] == 1)
    return np.asarray(output * last[..., None])
