"""How far a single error travels in each layer and direction of a given network: the last that arrives there.

What arrives at the output of a layer is what the loss says of it, or what the layer above sends down: at every step,
even where the loss reads one state alone. All of it together says little of how far one error travels, for each adds
new gradient on the way. So each layer is walked by itself, over the inputs that it has read, with that error alone
that arrives last, in the order in which its direction reads.
"""

from collections.abc import Sequence
from dataclasses import replace
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from rnn_dynamics.engine.given import Errors, Network
from rnn_dynamics.engine.run_network import NetworkLayer, NetworkTrace
from rnn_dynamics.own.asked import Asked

Array = NDArray[np.float64]


class Single(NamedTuple):
    """One layer in one direction, with the error alone that arrives last.

    walked: its trace; `layer` is 0, because nothing else was walked. arrive: at how many steps errors arrive in fact.
    alone: whether any of them was left out.
    """

    walked: NetworkLayer
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
        known = trace if trace is not None and alone is own and question.network.num_layers == 1 else None
        walked = known or alone.run()
        places = range(own.network.directions)
        found[:0] = [Single(walked.layers[at], own.arrive(at), not own.same(alone, at)) for at in places]
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
    return (Single(trace.layers[0], int(np.any(errors.output)), alone=False),)


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
