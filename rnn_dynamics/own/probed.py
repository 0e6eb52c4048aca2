"""What `probe` answers: the gradient through time in each recurrent layer of a model."""

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from rnn_dynamics.content import LANGUAGE, Words, sentences
from rnn_dynamics.engine.cells import CELLS
from rnn_dynamics.engine.given import Errors, Network
from rnn_dynamics.engine.run_network import NetworkTrace, run_network
from rnn_dynamics.engine.verdict import judge
from rnn_dynamics.limits import one_of
from rnn_dynamics.own.advice import Tried, advise
from rnn_dynamics.own.drawn import fresh
from rnn_dynamics.own.findings import Finding, findings
from rnn_dynamics.own.formats import stored
from rnn_dynamics.own.last_error import by_lag
from rnn_dynamics.own.report import advice_lines, verdict_lines
from rnn_dynamics.own.shown import advice_html, notes_html, verdict_html

Array = NDArray[np.float64]
#: Of the network as PyTorch draws it.
_SEED = 0
#: Of `Probe.table`.
COLUMNS = ("name", "cell", "layer", "direction", "quantity", "step", "lag", "log10_norm", "by")


class Agreement(NamedTuple):
    """How far a replay in float64 is from what the model itself computed, in its own format.

    outputs: the largest difference of an output or a last state, relative to the largest of them.
    input_gradient: the largest difference of dL/dx_t, relative to its norm, of the steps at which autograd's has all
        digits of its format; nan where there is no such step.
    """

    outputs: float
    input_gradient: float


@dataclass(frozen=True, kw_only=True, eq=False)
class ProbedLayer:
    """One recurrent layer in one direction, step 1 first, whatever the direction.

    Attributes:
        name: of its module in the model, such as "encoder.rnn"; "encoder.rnn, call 2" where it is called again.
        cell: a key of `rnn_dynamics.CELLS`.
        layer: from 0, the one that reads the module's inputs.
        reverse: whether it reads the steps from the last to the first.
        log10_norms: each (T,), log10 of the norm over sequences and features of "input", "hidden", "cell", "velocity"
            and "cell_path", as in `LayerTrace`. By autograd there is no "cell_path".
        gates: each (T, N, H), as in `LayerTrace`.
        by: "engine", at any size; or "autograd", because the engine does not speak of such a module: see `remarks`.
        log10_floor: what is smaller than 10 to this has lost digits, or is zero; -inf by the engine.
        matrix: (H, H), what h is multiplied by where the new state is written; of an LSTM with `proj_size` W_hg W_hr.
        numbers: how many the gradient of the state has at a step, N·H of h, and as many of c, or of z.
        sequence_norms: by autograd "hidden", and "cell" where there is one, of each sequence by itself, (T, N), of its
            last error alone where a copy is unrolled, of all its errors where calls follow each other; None by the
            engine, which knows more.
        ends: (N,), how many steps each of them has; None by the engine.
    """

    name: str
    cell: str
    layer: int
    reverse: bool
    log10_norms: Mapping[str, Array]
    gates: Mapping[str, Array]
    by: str
    log10_floor: float
    matrix: Array
    numbers: int
    sequence_norms: Mapping[str, Array] | None = None
    ends: NDArray[np.int64] | None = None

    def finding(self, layers: int, directions: int) -> Finding:
        """What its norms say; `layers` and `directions` are those of its module."""
        cell = CELLS[self.cell]
        of_lag, together = by_lag(self, self.ends)["state"], by_lag(self)["state"]
        return Finding(
            name=self.name,
            cell=cell,
            layer=self.layer,
            reverse=self.reverse,
            layers=layers,
            directions=directions,
            steps=len(self.log10_norms["hidden"]),
            verdict=judge(of_lag[::-1]),
            arrive=None,
            alone=False,
            travelled=len(of_lag) - 1,
            log10_path=math.nan,
            keeps=float(np.nanmean(self.gates[cell.keeps])) if cell.keeps else math.nan,
            formats=stored(together, self.numbers),
            by_lag=None,
            matrix=self.matrix,
        )


@dataclass(frozen=True, kw_only=True, eq=False)
class Replay:
    """One recurrent module of a model, in one call, or in calls of which each goes on where the last one ended.

    Attributes:
        name: as in `ProbedLayer`.
        layers: the first layer first, forwards before backwards; none where dropout cannot be drawn again.
        log10_norms: "input" (T,), of dL/dx_t, by all directions together.
        agreement: with the model itself.
        trace: the engine's answer; None where it is autograd's. With it what it answers: `inputs` (T, N, D), `errors`,
            `initial` and `lengths` as `run_network` takes them.
    """

    name: str
    layers: tuple[ProbedLayer, ...]
    log10_norms: Mapping[str, Array]
    agreement: Agreement
    trace: NetworkTrace | None = None
    inputs: Array | None = None
    errors: Errors | None = None
    initial: tuple[Array, ...] | None = None
    lengths: tuple[int, ...] | None = None

    @property
    def network(self) -> Network | None:
        """Its weights, where the engine has replayed it."""
        return self.trace.network if self.trace else None

    @cached_property
    def findings(self) -> tuple[Finding, ...]:
        """What its gradient says of each layer and direction; where it is autograd's, of the norms alone."""
        if self._by_step is None:
            layers = 1 + max((layer.layer for layer in self.layers), default=0)
            directions = 1 + any(layer.reverse for layer in self.layers)
            return tuple(layer.finding(layers, directions) for layer in self.layers)
        return findings(self._by_step, self.errors, self.name)

    @cached_property
    def advice(self) -> tuple[Tried, ...]:
        """What might make the gradient hold, each tried by the engine; nothing where the gradient is autograd's."""
        if self._by_step is None or self.errors is None or self.inputs is None:
            return ()
        return advise(self._by_step.network, self.inputs, self.errors, self.initial, self.lengths, trace=self._by_step)

    @cached_property
    def fresh(self) -> NetworkTrace | None:
        """The same question to a network of the same sizes as PyTorch draws it; None where the engine is silent."""
        if self.trace is None or self.errors is None:
            return None
        return self._run(fresh(self.trace.network, _SEED), parameter_gradients=False)

    @cached_property
    def _by_step(self) -> NetworkTrace | None:
        """The engine's answer again, with the gradients of the parameters, and what each step adds to them."""
        if self.trace is None or self.errors is None:
            return None
        return self._run(self.trace.network, by_step=True)

    def _run(self, network: Network, **asked: bool) -> NetworkTrace:
        assert self.inputs is not None
        assert self.errors is not None
        return run_network(network, self.inputs, self.errors, initial=self.initial, lengths=self.lengths, **asked)


@dataclass(frozen=True, kw_only=True, eq=False)
class Probe:
    """The gradients through time of one model, for one input and one loss; arrays are float64.

    Attributes:
        loss: its value, as the model has it.
        replays: one for each recurrent module, in the order in which the model calls them.
        remarks: what of the model was not read, or not by the engine, and where digits end: a sentence each.
    """

    loss: float
    replays: tuple[Replay, ...]
    remarks: tuple[str, ...]

    @property
    def layers(self) -> tuple[ProbedLayer, ...]:
        """One for each recurrent layer and direction, in the model's order."""
        return tuple(layer for replay in self.replays for layer in replay.layers)

    @property
    def log10_norms(self) -> Mapping[str, Array]:
        """Of the first recurrent module: "input" (T,), log10 of the norm of dL/dx_t, both directions together."""
        return self.replays[0].log10_norms

    @property
    def agreement(self) -> Agreement:
        """The largest difference of any module; see `Agreement`."""
        every = np.array([replay.agreement for replay in self.replays])
        return Agreement(*np.fmax.reduce(every, axis=0).tolist())

    @property
    def verdict(self) -> tuple[Finding, ...]:
        """What the gradient says of each layer and direction, in the order of `layers`; found when it is asked for."""
        return tuple(finding for replay in self.replays for finding in replay.findings)

    @property
    def advice(self) -> Mapping[str, tuple[Tried, ...]]:
        """Of each module what might make its gradient hold, tried by the engine; found when it is asked for.

        A module by autograd is not among them.
        """
        return {replay.name: replay.advice for replay in self.replays if replay.trace}

    def table(self) -> pd.DataFrame:
        """Tidy rows, whose columns are COLUMNS."""
        frames = [_rows(layer, quantity) for layer in self.layers for quantity in layer.log10_norms]
        return pd.concat(frames, ignore_index=True) if frames else pd.DataFrame(columns=[*COLUMNS])

    def draw(
        self, name: str | None = None, *, background: str = "light", language: str = LANGUAGE, **views: str
    ) -> Any:
        """A module's gradient through time, and dashed that of the same sizes as PyTorch begins: an Altair chart.

        The dashed curves are of the same inputs and errors; by autograd there are none.

        Args:
            name: of the module, as `replays` names it; the first one unless it is named.
            background: "light" or "dark".
            language: of its words, a folder of content/.
            views: gradient="state" (of all that the verdict is of: h, of an LSTM h and c), "input", "hidden" or
                "cell", each of a layer and direction; axis="step" or "lag".

        Raises:
            ValueError: there is no such module, nothing is known of its layers, or a value is none of those there are.
        """
        from rnn_dynamics.own.picture import draw  # and Altair with it, half a second

        names = [replay.name for replay in self.replays]
        replay = self.replays[names.index(one_of("name", names[0] if name is None else name, names))]
        if not replay.layers:
            raise ValueError(f"{replay.name}: {self.remarks[-1]}")
        cell = CELLS[replay.layers[0].cell]
        fresh = replay.fresh.layers if replay.fresh else ()
        return draw(replay.name, cell, replay.layers, fresh, background=background, language=language, **views)

    def report(self, language: str = LANGUAGE) -> str:
        """Verdict, advice and remarks as plain text."""
        return "\n".join(self._lines(sentences("own", language)))

    def _lines(self, words: Words) -> Iterator[str]:
        for replay in self.replays:
            yield from verdict_lines(words, replay.findings)
            if replay.trace:
                yield from advice_lines(words, replay.advice)
        yield from self.remarks

    def _html(self, words: Words) -> Iterator[str]:
        from rnn_dynamics.own.picture import html

        for replay in self.replays:
            if replay.layers:
                yield html(self.draw(replay.name))
            yield verdict_html(words, replay.findings)
            if replay.trace:
                yield advice_html(words, replay.advice)
        yield notes_html(self.remarks)

    def _repr_html_(self) -> str:
        return "".join(self._html(sentences("own")))

    def __repr__(self) -> str:
        parts = ", ".join(_title(layer) for layer in self.layers)
        return f"<Probe: loss {self.loss:.6g}; {parts}>"

    def __str__(self) -> str:
        return self.report()


def _rows(layer: ProbedLayer, quantity: str) -> pd.DataFrame:
    norms = layer.log10_norms[quantity]
    steps = np.arange(1, len(norms) + 1)
    same = {
        "name": layer.name,
        "cell": layer.cell,
        "layer": layer.layer,
        "direction": "reverse" if layer.reverse else "forward",
        "quantity": quantity,
    }
    # What a backward direction has read last is step 1.
    lags = steps - 1 if layer.reverse else len(norms) - steps
    return pd.DataFrame({**same, "step": steps, "lag": lags, "log10_norm": norms, "by": layer.by})


def _title(layer: ProbedLayer) -> str:
    return f"{layer.name} layer {layer.layer}{' reverse' if layer.reverse else ''} ({layer.cell})"
