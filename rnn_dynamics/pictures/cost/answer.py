"""The panel "Linear in T": time against sequence length, measured while the reader looks, until it is stopped."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from time import perf_counter
from typing import Any

from rnn_dynamics.content import sentences
from rnn_dynamics.engine.cells import CELLS
from rnn_dynamics.engine.run import run_losses, time_run
from rnn_dynamics.experiment import Experiment
from rnn_dynamics.pictures.cost.table import cost_datasets, fitted_exponent, fixed_and_per_step, last_exponent
from rnn_dynamics.pictures.kit.budget import each_loss, multiply_adds_of_each_loss
from rnn_dynamics.pictures.kit.remembered import COMPUTING

#: At which T the passes are measured, and at which the matrix of all losses, as far as it can be afforded.
LENGTHS, MATRIX_LENGTHS = (50, 100, 200, 400, 800, 1600), (50, 100, 200, 400)
#: What a matrix may cost here, in multiply-adds: about half a second.
_LARGEST_MATRIX = 5.5e9
#: How often each is measured: the least counts, for the rest is what else the machine did. After so many seconds there
#: is no further round.
ROUNDS, MOST_SECONDS = 5, 6.0
#: What is counted; all else is measured in seconds.
COUNTED = ("parameters", "entries")
#: What is linear in T but for a part that every pass costs, however short.
PASSES = ("forward", "backward")


@dataclass
class Measurement:
    """One network's times, as far as they are measured.

    experiment: which network; its T does not matter. values: as `tables.cost.Measured`. seconds: spent so far.
    """

    experiment: Experiment
    values: dict[str, dict[int, float]] = field(default_factory=dict)
    done: int = 0
    seconds: float = 0.0
    stopped: bool = False

    @property
    def round(self) -> list[tuple[str, int]]:
        """What one round measures."""
        asked = _of_matrix(self.experiment)
        matrices = [
            T
            for T in MATRIX_LENGTHS
            if multiply_adds_of_each_loss(replace(asked, sequence_length=T)) <= _LARGEST_MATRIX
        ]
        return [*(("run", T) for T in LENGTHS), *(("matrix", T) for T in matrices)]

    @property
    def complete(self) -> bool:
        """Whether nothing is left to measure."""
        rounds = self.done / len(self.round)
        return rounds >= ROUNDS or (rounds >= 1 and self.seconds > MOST_SECONDS)

    @property
    def share(self) -> float:
        """How much of the work is done, from 0 to 1."""
        return min(1.0, self.done / (ROUNDS * len(self.round)))

    def advance(self) -> None:
        """Measure once more."""
        kind, length = self.round[self.done % len(self.round)]
        experiment = replace(self.experiment, sequence_length=length)
        start = perf_counter()
        with COMPUTING:
            if kind == "matrix":
                self._keep("matrix", length, _time_matrix(_of_matrix(experiment)))
            else:
                time = time_run(experiment)
                self._keep("forward", length, time.forward)
                self._keep("backward", length, time.backward)
                self._keep("parameters", length, time.parameters)
                self._keep("entries", length, length * (length + 1) // 2)
        self.done += 1
        self.seconds += perf_counter() - start

    def _keep(self, name: str, length: int, value: float) -> None:
        values = self.values.setdefault(name, {})
        values[length] = min(value, values.get(length, value))


def _of_matrix(experiment: Experiment) -> Experiment:
    """The experiment with as many sequences at every T as the page can afford at its longest."""
    return replace(experiment, batch_size=each_loss(replace(experiment, sequence_length=200)).batch_size)


def _time_matrix(experiment: Experiment) -> float:
    start = perf_counter()
    run_losses(experiment)
    return perf_counter() - start


def network_of(experiment: Experiment) -> Experiment:
    """What the time of a step depends on; all else stands at its default."""
    sizes = {name: getattr(experiment, name) for name in ("hidden_size", "input_size", "batch_size")}
    return Experiment(cell=experiment.cell, **sizes)


def cost_picture(measurement: Measurement) -> dict[str, bytes]:
    """The picture's datasets, of what is measured by now."""
    words = sentences("cost")
    says = _exponents(measurement)
    lines = {f"{name}_line": _line(words, name, measurement.values[name]) for name in PASSES}
    labels = {name: words["labels"][name].format(p=says[name]) for name in measurement.values}
    title = words["title"] if "matrix" in measurement.values else words["title_at_first"]
    return cost_datasets(measurement.values, labels, title.format(**says, **lines))


def _exponents(measurement: Measurement) -> dict[str, str]:
    return {name: _power(fitted_exponent(values)) for name, values in measurement.values.items()}


def _power(exponent: float | None) -> str:
    if exponent is None:
        return "–"
    return "0" if abs(exponent) < 0.005 else f"{exponent:.2f}".replace("-", "−")


def cost_finding(measurement: Measurement) -> str:
    """The times and exponents as a table, and the notes, as HTML."""
    words, network = sentences("cost"), measurement.experiment
    lengths = sorted({length for values in measurement.values.values() for length in values})
    head = "".join(words["table"]["length"].format(length=f"{length:,}") for length in lengths)
    rows = ""
    for name, values in measurement.values.items():
        cells = "".join(words["table"]["cell"].format(value=_shown(name, values.get(length))) for length in lengths)
        power = words["table"]["power"].format(p=_power(fitted_exponent(values)), line=_line(words, name, values))
        rows += words["table"]["row"].format(name=words["table"][name], cells=cells, power=power)
    says = {
        "cell": CELLS[network.cell].label,
        "hidden": network.hidden_size,
        "inputs": network.input_size,
        "sequences": network.batch_size,
        "rounds": max(1, measurement.done // len(measurement.round)),
        "matrix_sequences": _of_matrix(network).batch_size,
        "last": _power(last_exponent(measurement.values.get("matrix", {}))),
        **_off_the_line(measurement),
    }
    notes = [words["notes"]["how"]]
    if len(measurement.values["backward"]) > 2:
        fixed = any(says[f"{name}_fixed"] not in ("0", "-0") for name in ("forward", "backward"))
        notes.append(words["notes"]["linear" if fixed else "straight"])
    matrix = measurement.values.get("matrix", {})
    if len(matrix) > 1:
        notes.append(words["notes"]["matrix" if (fitted_exponent(matrix) or 2.0) < 1.95 else "matrix_alone"])
    if says["matrix_sequences"] != says["sequences"]:
        notes.append(words["notes"]["lowered"])
    if measurement.stopped:
        notes.append(words["notes"]["stopped"])
    html = "".join(f'<p class="note">{text.format(**says)}</p>' for text in notes)
    return (
        f'<div style="overflow-x: auto"><table class="verdict">{words["table"]["head"].format(lengths=head)}{rows}'
        f"</table></div>{html}"
    )


def _line(words: Mapping[str, Any], name: str, values: Mapping[int, float]) -> str:
    """A pass's time as a fixed part and one for each step; – for what is no pass, and for a single length."""
    parts = fixed_and_per_step(values) if name in PASSES else None
    if parts is None:
        return "–"
    return str(words["table"]["line"].format(fixed=1e3 * parts[0], per_step=1e6 * parts[1]))


def _off_the_line(measurement: Measurement) -> dict[str, str]:
    """How far the passes lie from their straight lines, and how much of the shortest backward pass is fixed."""
    shares, off = {}, 0.0
    for name in PASSES:
        values = measurement.values[name]
        fixed, per_step = fixed_and_per_step(values) or (0.0, 0.0)
        off = max(off, *(abs((fixed + per_step * T) / value - 1.0) for T, value in values.items()))
        shares[name] = fixed / values[min(values)]
    return {"off": f"{100 * off:.0f}", **{f"{name}_fixed": f"{100 * share:.0f}" for name, share in shares.items()}}


def _shown(name: str, value: float | None) -> str:
    if value is None:
        return "–"
    return f"{value:,.0f}" if name in COUNTED else f"{1e3 * value:,.3g} ms"
