"""A network from a file, replayed and judged where nobody looks at a page: its findings as text, and as JSON."""

import math
import textwrap
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from itertools import zip_longest
from typing import Any

import numpy as np
from numpy.typing import NDArray

from rnn_dynamics.engine.run_network import NetworkTrace, run_network
from rnn_dynamics.engine.verdict import Verdict
from rnn_dynamics.own.advice import Tried, advise
from rnn_dynamics.own.carried import carried
from rnn_dynamics.own.drawn import loss, noise
from rnn_dynamics.own.findings import Finding, findings
from rnn_dynamics.own.recognise import Named
from rnn_dynamics.own.report import advice_notes, advice_rows, label, summary, verdict_rows

Array = NDArray[np.float64]
Words = Mapping[str, Any]
#: Characters of a column of a table, at least, however narrow the page.
_NARROWEST = 12


@dataclass(frozen=True, kw_only=True)
class Question:
    """What is asked of each network: T steps of N sequences of noise, if no inputs are given, and the loss."""

    steps: int
    sequences: int
    scale: float
    loss_at: str
    seed: int


@dataclass(frozen=True, kw_only=True, eq=False)
class Examined:
    """One network, with what was found and what was tried.

    file: in which it is. named: the module. own_inputs: whether they are a reader's, not noise.
    """

    file: str
    named: Named
    asked: Question
    own_inputs: bool
    trace: NetworkTrace
    findings: tuple[Finding, ...]
    tried: tuple[Tried, ...]

    @property
    def sound(self) -> bool:
        """Whether nothing is wrong with any layer or direction."""
        return all(finding.sound for finding in self.findings)


def examine(file: str, named: Named, asked: Question, inputs: Array | None = None) -> Examined:
    """Replay a network over inputs (T, N, D), or noise, and try what might help it.

    Raises:
        ValueError: the states of a ReLU network grow beyond float64.
    """
    network = named.network
    read = (
        noise(network, asked.steps, asked.sequences, scale=asked.scale, seed=asked.seed) if inputs is None else inputs
    )
    errors = loss(network, *read.shape[:2], loss_at=asked.loss_at, seed=asked.seed)
    trace = run_network(network, read, errors, by_step=True)
    return Examined(
        file=file,
        named=named,
        asked=asked,
        own_inputs=inputs is not None,
        trace=trace,
        findings=findings(trace, errors, named.name),
        tried=advise(network, read, errors, trace=trace),
    )


def heading(words: Words, examined: Examined) -> tuple[str, ...]:
    """What the network is, what it has read, and from where the loss comes."""
    shown, network, (steps, sequences, _) = words["command"], examined.named.network, examined.trace.inputs.shape
    assumed = words["notes"].get(f"assumed_{network.cell}")
    says = {
        **vars(examined.asked),
        "name": examined.named.name or examined.file,
        "cell": network.kind.short,
        "hidden": network.hidden_size,
        "features": network.input_size,
        "layers": network.num_layers,
        "sequences": sequences,
        "steps": steps,
    }
    open_ = (shown["open"][name][getattr(network, name)] for name in examined.named.choices)
    return (
        str(shown["network" if network.directions == 1 else "network_both"].format(**says)),
        *((shown["looped"],) if examined.named.looped else ()),
        *open_,
        *((assumed.format(cell=network.kind),) if assumed else ()),
        str(shown["inputs" if examined.own_inputs else "noise"].format(**says)),
        str(shown["loss"][examined.asked.loss_at].format(**says)),
    )


def as_text(words: Words, examined: Examined, width: int) -> Iterator[str]:
    """Lines of at most so many characters: heading, a table for each layer and direction, and what was tried."""
    for line in heading(words, examined):
        yield from textwrap.wrap(line, width)
    for finding in examined.findings:
        yield ""
        yield from textwrap.wrap(summary(words, finding), width)
        yield from table([tuple(row) for row in verdict_rows(words, finding)], width)
    yield ""
    if examined.tried:
        yield from table([tuple(words["advice"]["head"].values()), *advice_rows(words, examined.tried)], width)
    for note in advice_notes(words, examined.tried):
        yield from textwrap.wrap(note, width)


def table(rows: Sequence[Sequence[str]], width: int) -> Iterator[str]:
    """Columns under each other in lines of at most so many characters; what has no room in one goes on below."""
    sizes = [max(map(len, column)) for column in zip(*rows, strict=True)]
    while sum(sizes) > width - 2 * len(sizes) and max(sizes) > _NARROWEST:
        sizes[sizes.index(max(sizes))] -= 1
    for row in rows:
        cells = (textwrap.wrap(cell, size) for cell, size in zip(row, sizes, strict=True))
        for parts in zip_longest(*cells, fillvalue=""):
            yield "".join(f"  {part:<{size}}" for part, size in zip(parts, sizes, strict=True)).rstrip()


def as_json(words: Words, examined: Examined) -> dict[str, Any]:
    """Numbers, null where there is none or it is not finite: of log10 norms where the gradient is exactly zero.

    "judged" of a layer names those of its "log10_norms" whose root of the sum of squares has this outcome, factor and
    horizon, see `state_norms`.
    """
    network, (steps, sequences, features) = examined.named.network, examined.trace.inputs.shape
    return {
        "name": examined.named.name,
        "cell": network.cell,
        "hidden_size": network.hidden_size,
        "num_layers": network.num_layers,
        "directions": network.directions,
        **{name: getattr(network, name) for name in examined.named.choices},
        "inputs": {"steps": steps, "sequences": sequences, "features": features, "noise": not examined.own_inputs},
        "loss_at": examined.asked.loss_at,
        "seed": examined.asked.seed,
        "healthy": examined.sound,
        "log10_norms": {"input": _plain(examined.trace.log10_norms["input"])},
        "layers": [_layer(words, examined, place) for place in range(len(examined.findings))],
        "advice": [_tried(one) for one in examined.tried],
    }


def _layer(words: Words, examined: Examined, place: int) -> dict[str, Any]:
    finding, layer = examined.findings[place], examined.trace.layers[place]
    return {
        "label": label(words, finding),
        "layer": finding.layer,
        "reverse": finding.reverse,
        "healthy": finding.sound,
        "judged": [*carried(finding.cell)],
        **_verdict(finding.verdict),
        "log10_path": _plain(finding.log10_path),
        "keeps": _plain(finding.keeps),
        "time_scale": _plain(finding.time_scale),
        "largest_singular_value": _plain(finding.largest_singular_value),
        "spectral_radius": _plain(finding.spectral_radius),
        "formats": [_plain(asdict(one)) for one in finding.formats],
        "recurrent_gradient_by_lag": None if finding.by_lag is None else _plain(finding.by_lag.shares),
        "log10_norms": {name: _plain(norms) for name, norms in layer.log10_norms.items()},
    }


def _tried(one: Tried) -> dict[str, Any]:
    return {
        "kind": one.kind,
        "value": _plain(one.value),
        "outcome": one.outcome,
        "effect": _plain(one.effect),
        "before": [_verdict(verdict) for verdict in one.before],
        "after": [_verdict(verdict) for verdict in one.after],
    }


def _verdict(verdict: Verdict) -> dict[str, Any]:
    log10_factor, orders = _plain(verdict.log10_factor), _plain(verdict.orders)
    return {"outcome": verdict.outcome, "log10_factor": log10_factor, "orders": orders, "horizon": verdict.horizon}


def _plain(value: Any) -> Any:
    """As JSON has it."""
    if isinstance(value, np.ndarray):
        return [_plain(one) for one in value.tolist()]
    if isinstance(value, dict):
        return {name: _plain(one) for name, one in value.items()}
    if hasattr(value, "_asdict"):
        return _plain(value._asdict())
    return None if isinstance(value, float) and not math.isfinite(value) else value
