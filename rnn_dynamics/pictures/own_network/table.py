"""The tables of "Your network", gradients relative to the last layer's at step T: 10⁰ is where an error begins."""

from functools import lru_cache

import numpy as np
from pyarrow import Table

from rnn_dynamics.pictures.kit import frames
from rnn_dynamics.pictures.kit.axes import WIDE_REACH, axis_ends
from rnn_dynamics.pictures.kit.frames import Array, Frame, Tables, Texts, Views, points
from rnn_dynamics.pictures.own_network.answer import OwnNetworkAnswer

#: Curves that have a name beside them; of more the first and the last have one.
_NAMED = 4
#: Names of curves that fit above each other.
_LINES = 9
#: Of the axis, what is left below the curves: for names that would otherwise stand beyond the fresh network's curve.
_FREE = 0.2


def tables(answer: OwnNetworkAnswer, texts: Texts, views: Views) -> Tables:
    """Curves and gates (by kind, given or fresh, place and step), labels (of some curves), and whole."""
    given, fresh = (of.curves(views["gradient"]) for of in (answer.replay, answer.fresh))
    ends, count = axis_ends(*given, *fresh, free=_FREE), len(given)
    labelled = range(count) if count <= _NAMED else (0, count - 1)
    named: dict[str, Array] = {str(place): given[place] for place in labelled} | {"fresh": fresh[0]}
    gate = answer.cell.keeps
    return {
        "curves": _both("log10_norm", frames.within(np.stack([given, fresh]), ends)),
        "gates": _both("kept", np.stack([answer.replay.kept(gate), answer.fresh.kept(gate)])),
        "labels": frames.label_rows(named, texts["labels"], ends, _LINES, WIDE_REACH),
        "whole": frames.one_row(
            texts,
            length=answer.experiment.sequence_length,
            cell=answer.cell.name,
            low=ends[0],
            high=ends[1],
            levels=count,
            gated=int(bool(gate)),
        ),
    }


def _both(name: str, values: Array) -> Table:
    """Rows of the given network and of the fresh one, with values (2, K, T)."""
    _, count, length = values.shape
    column = points(**{name: values[..., frames.point_steps(length) - 1]})
    return _rows(count, length).append_column(name, column[name])


@lru_cache(maxsize=64)
def _rows(count: int, length: int) -> Table:
    """What each row is of: the same for all weights of as many levels, and half of what a table costs."""
    kinds, places = np.array(["given", "fresh"])[:, None, None], np.arange(count)[:, None]
    return points(kind=kinds, place=places, step=frames.point_steps(length))


def gradients_file(answer: OwnNetworkAnswer, _: Views) -> Frame:
    """Every gradient, of the network that is given and of the fresh one; layer 0 is that of the inputs."""
    steps, parts = frames.every_step(answer.experiment.sequence_length).values(), []
    of = answer.cell.name, answer.network.hidden_size
    for network, replay in (("given", answer.replay), ("fresh", answer.fresh)):
        parts.append((network, *of, 0, "both", "input", *steps, replay.log10_inputs))
        for level in replay.levels:
            place = (network, *of, level.layer + 1, "backwards" if level.reverse else "forwards")
            parts += [(*place, name, *steps, norms) for name, norms in level.log10_norms.items()]
    names = ("network", "cell", "units", "layer", "direction", "component", "step", "lag", "log10_norm")
    return Frame(frames.joined(names, parts))


def gates_file(answer: OwnNetworkAnswer, _: Views) -> Frame:
    """The mean of each gate at each step, over sequences and units, of both."""
    steps, parts = frames.every_step(answer.experiment.sequence_length).values(), []
    for network, replay in (("given", answer.replay), ("fresh", answer.fresh)):
        for level in replay.levels:
            place = (network, level.layer + 1, "backwards" if level.reverse else "forwards")
            parts += [(*place, gate, *steps, mean) for gate, mean in level.gates.items()]
    return Frame(frames.joined(("network", "layer", "direction", "gate", "step", "lag", "mean"), parts))
