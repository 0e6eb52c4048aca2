"""The gradient along the additive path of a cell's state, beside the whole gradient and a vanilla network's."""

import math
from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cached_property, lru_cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from rnn_dynamics.engine.cells import CELLS, cells_where
from rnn_dynamics.engine.cells.cell import takes_forget_bias
from rnn_dynamics.engine.run import path_and_gates, run, run_family
from rnn_dynamics.engine.theory import time_scale
from rnn_dynamics.engine.trace import PathSplit
from rnn_dynamics.engine.verdict import Verdict, judge, median_and_range
from rnn_dynamics.engine.work import affordable, work_of
from rnn_dynamics.executor import computed
from rnn_dynamics.experiment import Experiment
from rnn_dynamics.idle import without_idle
from rnn_dynamics.pictures.kit.answered import OfExperiment
from rnn_dynamics.pictures.kit.frames import Array, Views, point_steps
from rnn_dynamics.pictures.kit.growing import Growing
from rnn_dynamics.pictures.kit.lengths import lengths_within
from rnn_dynamics.remembered import remembered

#: Networks of the band, and what all of them and those that are computed in one go may cost, in multiply-adds: about a
#: quarter of a second, and a twentieth.
NETWORKS = 20
_LARGEST_BAND, _LARGEST_GO = 3e8, 6e7
#: What both networks may cost at sequence lengths beyond the usual ones, of which a hall asks for many that nobody has
#: asked for before: half of what the largest sizes cost at the usual ones.
_LARGEST_LONG = 4.5e7
#: At most this many units are shown: evenly from those that forget fastest to those that keep longest.
_MOST_UNITS = 64
_TINY = np.finfo(float).tiny
#: log10 of a number times this is the natural logarithm of its square.
_SQUARED = 2.0 * math.log(10.0)
#: The cells that have such a path.
WITH_PATH = cells_where(lambda cell: cell.keeps)
#: Cell -> the view that says which of its gates is seen; an address calls the first one's "gate".
GATE_VIEWS = {name: f"{name}_gate" for name in WITH_PATH} | {WITH_PATH[0]: "gate"}
#: Cell -> its gates, the one along the path first.
GATES = {name: tuple(dict.fromkeys((CELLS[name].keeps, *CELLS[name].gates))) for name in WITH_PATH}


@dataclass(frozen=True, kw_only=True)
class PathAnswer(OfExperiment):
    """One network's gradient and its parts beside the vanilla network's, each relative to its size at step T.

    curves: "rnn", "rest", "path" and "total" -> (T,) log10 norms, relative to the total's (rnn: its own) at step T.
    bands: name -> (3, T), lowest, median and highest of `networks` others. gates: (T, H) of the first sequence.
    digits: how many another program shares, of both networks' curves.
    """

    split: PathSplit
    curves: Mapping[str, Array]
    bands: Mapping[str, Array]
    networks: int
    gates: Mapping[str, Array]
    digits: int

    def gate_of(self, views: Views) -> str:
        """The gate of this cell that a reader wants to see."""
        return views[GATE_VIEWS[self.cell.name]]

    @property
    def takes_forget_bias(self) -> bool:
        """Whether the forget bias is this cell's."""
        return takes_forget_bias(self.cell)

    @property
    def is_whole(self) -> bool:
        """Whether no gate reads the state, so that the additive path is the whole gradient."""
        return not self.cell.state_matrix

    @cached_property
    def verdicts(self) -> dict[str, Verdict]:
        """Of each curve; silent is always the rest, since nothing has passed through a gate yet at step T."""
        return {name: judge(curve) for name, curve in self.curves.items()}

    @cached_property
    def path_gates(self) -> Array:
        """(T, H), the factor along the path, no smaller than the smallest float."""
        return np.maximum(self.gates[self.cell.keeps], _TINY)

    @property
    def passed_gates(self) -> Array:
        """Those of the steps that an error passes: without the first, where it keeps nothing of an empty state."""
        return self.path_gates[len(self.path_gates) > 1 and not self.gates[self.cell.keeps][0].any() :]

    @cached_property
    def path_gate(self) -> dict[str, float]:
        """Of `passed_gates` over all units and steps: lowest, highest, kept, their geometric mean, and memory.

        memory: the time scale of the mean of their logarithms, see `time_scale`.
        """
        each = self.passed_gates.reshape(-1, 1)
        kept, (memory,) = np.exp(np.log(each).mean()), time_scale(each)
        return {"lowest": each.min(), "highest": each.max(), "kept": kept, "memory": memory}

    @cached_property
    def mean_sizes(self) -> dict[str, float]:
        """What stands in the cell's sum -> mean of its absolute values over units and steps."""
        roles = {"keeps": self.cell.keeps, "writes": self.cell.writes, "added": self.cell.signed[0]}
        return {role: float(np.abs(self.gates[gate]).mean()) for role, gate in roles.items() if gate}

    @cached_property
    def units(self) -> NDArray[np.int64]:
        """The units shown, from the fastest forgetting to the longest keeping."""
        by_memory = np.argsort(np.log(self.passed_gates).mean(axis=0), kind="stable")
        return by_memory[point_steps(len(by_memory), _MOST_UNITS) - 1]

    @property
    def log10_of_units(self) -> Array:
        """(T, H), log10 norms of every unit's gradient over the sequences, against that of all together at step T."""
        trace = computed(run, _gated(self.experiment), parameter_gradients=False, keep_gradients=True)
        each = trace.unit_gradients[self.cell.components[-1]].log10
        return np.asarray(np.logaddexp.reduce(each * _SQUARED, axis=1) / _SQUARED - self.split.total[-1])

    @property
    def log10_products(self) -> Array:
        """(T, units), of the path gates of steps t + 1 .. T: what an error is multiplied by from step T to step t."""
        after = np.zeros((self.experiment.sequence_length, len(self.units)))
        after[:-1] = np.log10(self.path_gates[1:, self.units])
        return np.cumsum(after[::-1], axis=0)[::-1]

    @cached_property
    def of_units(self) -> list[dict[str, float]]:
        """Of each unit shown its number, the mean of its path gate, and its time scale in steps."""
        gates = self.passed_gates[:, self.units]
        rows = np.stack([self.units + 1, gates.mean(axis=0), time_scale(gates)], axis=1)
        return [dict(zip(("unit", "mean", "steps"), row, strict=True)) for row in rows]


def lengths(now: Mapping[str, Any]) -> tuple[int, ...]:
    """The sequence lengths that exist at a page's settings: those at which every sequence can be afforded."""
    return _lengths(now["cell"], now["hidden_size"], now["batch_size"], now["nonlinearity"])


@lru_cache(maxsize=256)
def _lengths(cell: str, hidden_size: int, batch_size: int, nonlinearity: str) -> tuple[int, ...]:
    asked = Experiment(cell=cell, hidden_size=hidden_size, batch_size=batch_size, nonlinearity=nonlinearity)
    return lengths_within(_LARGEST_LONG, _work, asked)


def path_answer(experiment: Experiment, views: Views, there: frozenset[int] | None = None) -> PathAnswer:
    """Answer for a cell of WITH_PATH, with these parts of its bands or with all; ValueError for others."""
    (split, gates), (plain, plain_digits) = _split(_gated(experiment)), _vanilla(_plain(experiment))
    bands, count = _bands(experiment, band_networks(experiment, views).chosen(there))
    norms = {"rest": split.rest, "path": split.path, "total": split.total}
    return PathAnswer(
        experiment=experiment,
        split=split,
        curves={"rnn": _seen(experiment, plain)} | _relative(norms),
        bands=bands,
        networks=count,
        gates=gates,
        digits=min(split.digits, plain_digits),
    )


@remembered
def _bands(experiment: Experiment, parts: tuple[int, ...]) -> tuple[Mapping[str, Array], int]:
    """The bands of the networks of these parts, and how many networks these are.

    Remembered, for each run of a page asks for an answer two to four times, and the bands are four fifths of one.
    """
    rows = _band_networks(experiment).rows
    goes = [_of_go(experiment, *rows[part]) for part in parts]
    names = goes[0] if goes else ()
    bands = {name: median_and_range(np.concatenate([go[name] for go in goes])) for name in names}
    return bands, sum(len(go["total"]) for go in goes)


@remembered
def _gated(experiment: Experiment) -> Experiment:
    """The question of the cell with a path, without what plays no part in it.

    Remembered as the others are, for a run asks for it several times, and to form it checks all settings.
    """
    return without_idle(experiment)


@remembered
def _plain(experiment: Experiment) -> Experiment:
    """The question of the vanilla network, which is asked open where all that is left of it cut is known."""
    way = experiment.hidden_path if experiment.loss_at == "every" else "open"
    return replace(experiment, cell="rnn", gate_bias="constant", forget_bias=0.0, reset_gate="after", hidden_path=way)


def _seen(experiment: Experiment, plain: Array) -> Array:
    """What of the vanilla network's curves (..., T) is left on this way back: cut, an error stays where it is made."""
    if experiment.hidden_path == _plain(experiment).hidden_path:
        return plain
    away = np.arange(plain.shape[-1]) < plain.shape[-1] - 1
    return np.where(away, -np.inf, plain)


@remembered
def _split(experiment: Experiment) -> tuple[PathSplit, Mapping[str, Array]]:
    """A split, and the gates of the first sequence."""
    split, gates = computed(path_and_gates, experiment)
    return split, {name: values[:, 0].copy() for name, values in gates.items()}  # a view would keep the batch


@remembered
def _vanilla(experiment: Experiment) -> tuple[Array, int]:
    """A vanilla network's log10 ‖dL/dh_t‖, relative to its own at step T, with its digits."""
    plain = computed(run_family, experiment, weight_scales=[experiment.weight_scale], beside=[])
    return _relative(plain.log10_norms, "hidden")["hidden"][0], int(plain.digits[0])


def band_networks(experiment: Experiment, _: Views) -> Growing:
    """The networks of the bands, see `_band_networks`."""
    return _band_networks(experiment)


@remembered
def _band_networks(experiment: Experiment) -> Growing:
    """The networks of the bands in parts, so that nobody waits for long.

    The experiment's own seed does not matter, and cut, the whole gradient of a cell is what is its path's open.
    """
    one, each = replace(experiment, seed=0), _work(experiment)
    count, together = networks_for(experiment), affordable(_LARGEST_GO, each, NETWORKS)
    parts = (range(first, min(first + together, count)) for first in range(0, count, together))
    both = _gated(replace(one, hidden_path="open")), _plain(one)
    rows = {seeds.start: tuple((of, seeds) for of in both) for seeds in parts}
    return Growing(question=one, piece=networks, rows=rows, beside=True)


def networks_for(experiment: Experiment) -> int:
    """How many networks the bands can afford."""
    return affordable(_LARGEST_BAND, _work(experiment), NETWORKS)


def _work(experiment: Experiment) -> int:
    """What a network costs with the vanilla one beside it."""
    return work_of(experiment, experiment.cell, "rnn")


@remembered
def networks(experiment: Experiment, seeds: range) -> dict[str, Array]:
    """The curves (seeds, T) of other networks, relative to step T: "rnn", or of a cell with a path "path", "total"."""
    norms = computed(run_family, experiment, seeds=seeds, beside=["cell_path"]).log10_norms
    if experiment.cell == "rnn":
        return _relative({"rnn": norms["hidden"]}, "rnn")
    return _relative({"path": norms["cell_path"], "total": norms[CELLS[experiment.cell].components[-1]]})


def _of_go(
    experiment: Experiment, gated: tuple[Experiment, range], plain: tuple[Experiment, range]
) -> dict[str, Array]:
    curves = {"rnn": _seen(experiment, networks(*plain)["rnn"])} | networks(*gated)
    return curves if experiment.hidden_path == "open" else curves | {"total": curves["path"]}


def _relative(norms: Mapping[str, Array], to: str = "total") -> dict[str, Array]:
    """Norms (..., T) relative to one of them at step T."""
    return {name: of - norms[to][..., -1:] for name, of in norms.items()}
