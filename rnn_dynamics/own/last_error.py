"""How far a single error travels in each layer and direction of a given network: the last that arrives there.

What arrives at the output of a layer is what the loss says of it, or what the layer above sends down: at every step,
even where the loss reads one state alone. All of it together says little of how far one error travels, for each adds
new gradient on the way. So each layer is walked by itself, over the inputs that it has read, with that error alone
that arrives last, in the order in which its direction reads.

Sequences may end at different steps, or hear of the loss at different ones. Then each counts lags from its own last
error on, and what is told of a lag is the root mean square, over the sequences that reach so far, of what is left
beside that error: else their errors, one after the other, would look like a gradient that holds or grows on its way.
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import NamedTuple, Protocol

import numpy as np
from numpy.typing import NDArray

from rnn_dynamics.engine.given import Errors, Network
from rnn_dynamics.engine.run import over_members
from rnn_dynamics.engine.run_network import NetworkTrace
from rnn_dynamics.own.asked import Asked
from rnn_dynamics.own.carried import STATE, state_norms

Array = NDArray[np.float64]


class Normed(Protocol):
    """What has norms in time; perhaps `sequence_norms` too, of each sequence by itself."""

    @property
    def reverse(self) -> bool:
        """Whether it reads the steps from the last to the first."""

    @property
    def log10_norms(self) -> Mapping[str, Array]:
        """Each (T,)."""


class Single(NamedTuple):
    """One layer in one direction, with the error alone that arrives last.

    norms: log10 of the norms by lag (L,), by name, "state" among them, see `by_lag`. arrive: at how many steps errors
    arrive in fact. alone: whether any of them was left out, or is counted from another step than others.
    """

    norms: Mapping[str, Array]
    arrive: int
    alone: bool


def last_errors(question: Asked, trace: NetworkTrace | None = None) -> tuple[Single, ...]:
    """The last error alone, in each layer and direction, in the order of `NetworkTrace.layers`.

    Args:
        question: the network, what it reads, and the errors that the loss sends back.
        trace: the answer, where it is there already.
    """
    found: list[Single] = []
    arriving, read = question.output, _read(question, trace)
    for layer in reversed(range(question.network.num_layers)):
        own = _of_layer(question, layer, read[layer], arriving)
        alone = own.last_alone()
        apart = [alone.apart(at) for at in range(own.network.directions)]
        by_sequence = own.lengths is not None or any(apart)
        one = alone is own and question.network.num_layers == 1 and not by_sequence
        walked = trace if trace is not None and one else alone.run(by_sequence=by_sequence)
        found[:0] = [
            Single(by_lag(of, own.ends), own.arrive(at), apart[at] or not own.same(alone, at))
            for at, of in enumerate(walked.layers)
        ]
        if layer:
            arriving = (walked if alone is own else own.run()).input_gradient
            arriving = np.where(np.isfinite(arriving), arriving, 0.0)  # what float64 holds of it
    return tuple(found)


def at_the_end(trace: NetworkTrace, errors: Errors) -> tuple[Single, ...]:
    """What `last_errors` finds where no error was left out for sure, or nothing.

    That is so of one layer in one direction whose output at step T alone the loss reads, which is what most ask; to
    look for others among T steps of zeros takes as long as all else that is said of it.
    """
    only = trace.lengths is None and len(trace.layers) == 1 and errors.h_n is None and errors.c_n is None
    if not only or errors.output is None or len(errors.output) > 1:
        return ()
    return (Single(by_lag(trace.layers[0]), int(np.any(errors.output)), alone=False),)


def by_lag(layer: Normed, ends: NDArray[np.int64] | None = None) -> dict[str, Array]:
    """log10 norms of a layer by lag (L,), by name and of the "state" (`state_norms`), from the first error on.

    Args:
        layer: its trace; where it knows the norms of each sequence, each counts from its own first error, and all are
            told beside that.
        ends: (N,), how many steps each sequence has; asked for then alone.
    """
    of_each = getattr(layer, "sequence_norms", None)
    if ends is None or of_each is None or not np.isfinite(state_norms(of_each)).any():
        return {name: along(layer, norms) for name, norms in _and_state(layer.log10_norms).items()}
    of_each = _and_state(of_each)
    state = of_each["state"]
    stops = ends if layer.reverse else np.full(len(ends), len(state))
    begun = {name: _from_own(layer.reverse, norms, state, stops) for name, norms in of_each.items()}
    # The error itself: what it makes of c_T when it arrives in h_T is no larger.
    first = np.maximum.reduce([begun[name][0] for name in STATE if name in begun])
    return {name: _mean_square(norms - first) for name, norms in begun.items()}


def along(layer: Normed, values: Array) -> Array:
    """Values of the steps (T,) by lag, from the step at which the first error has arrived on; all where none has."""
    errors = np.isfinite(state_norms(layer.log10_norms))
    of_lag, arrived = (part if layer.reverse else part[::-1] for part in (values, errors))
    return of_lag[int(arrived.argmax()) :]


def _and_state(log10_norms: Mapping[str, Array]) -> dict[str, Array]:
    return {**log10_norms, "state": state_norms(log10_norms)}


def _from_own(reverse: bool, norms: Array, state: Array, stops: NDArray[np.int64]) -> Array:
    """Norms (T, N) by lag (L, N), those of each sequence from its own first error on; nan where none are left."""
    of_lag, arrived = (part if reverse else part[::-1] for part in (norms, np.isfinite(state)))
    first = arrived.argmax(axis=0)
    ways = np.where(arrived.any(axis=0), stops - first, 0)
    lags = np.arange(ways.max())[:, None]
    return np.where(lags < ways, np.take_along_axis(of_lag, np.minimum(first + lags, len(norms) - 1), axis=0), np.nan)


def _mean_square(norms: Array) -> Array:
    """log10 (L,) of the root mean square of norms (L, N) that are there: nan is not."""
    there = np.isfinite(norms) | np.isneginf(norms)
    return np.asarray(over_members(np.where(there, norms, -np.inf)) - 0.5 * np.log10(there.sum(axis=-1)))


def _read(question: Asked, trace: NetworkTrace | None) -> list[Array]:
    """What each layer reads, (T, N, ·); 0 behind the ends of sequences."""
    if question.network.num_layers == 1:
        return [question.inputs]
    layers = (trace or question.run()).layers
    states = [of.hidden_states[:-1] if of.reverse else of.hidden_states[1:] for of in layers]
    beside = question.network.directions
    outputs = (np.concatenate(states[at : at + beside], axis=-1) for at in range(0, len(states) - beside, beside))
    return [question.inputs, *(np.nan_to_num(of, nan=0.0) for of in outputs)]


def _of_layer(question: Asked, layer: int, inputs: Array, arriving: Array | None) -> Asked:
    """A layer by itself, with the errors that arrive at its output from above, and from the loss at its last states."""
    network = question.network
    first = layer * network.directions
    own = slice(first, first + network.directions)
    return replace(
        question,
        network=_network_of(network, network.suffixes[own]),
        inputs=inputs,
        output=arriving,
        h_n=None if question.h_n is None else question.h_n[own],
        c_n=None if question.c_n is None else question.c_n[own],
        initial=None if question.initial is None else tuple(of[own] for of in question.initial),
    )


def _network_of(network: Network, suffixes: Sequence[str]) -> Network:
    """The directions of one layer as a network."""
    if network.num_layers == 1:
        return network
    parameters = {
        name.removesuffix(end) + end.replace(end.removesuffix("_reverse"), "_l0"): values
        for end in suffixes
        for name, values in network.parameters.items()
        if name.endswith(end)
    }
    return replace(network, parameters=parameters)
