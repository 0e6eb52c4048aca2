"""What would change the gradient of a given network: each suggestion tried by the engine, whether it helps or not.

Changed weights read the same inputs, and the same errors arrive: what is seen is how far an error travels, not what
training would make of it. Of the errors that arrive at a layer the last one alone is followed (`last_error`), because
the others would hide what is left of it; clipping and truncation are tried with all errors. What is dear is tried on
fewer steps, the last ones, and on fewer sequences, the longest.
"""

import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial

import numpy as np
from numpy.typing import ArrayLike, NDArray

from rnn_dynamics.engine.cells.cell import has_w_hh
from rnn_dynamics.engine.given import Network
from rnn_dynamics.engine.run_network import NetworkTrace
from rnn_dynamics.engine.theory import spectral_radius
from rnn_dynamics.engine.verdict import Verdict
from rnn_dynamics.engine.work import affordable, walk_seconds
from rnn_dynamics.own.asked import AnyErrors, Asked, answered, asked, side_by_side
from rnn_dynamics.own.change import CHANGES
from rnn_dynamics.own.findings import distance, is_sound, verdicts, worst
from rnn_dynamics.own.last_error import last_errors

Array = NDArray[np.float64]
#: Seconds that one trial may take, and with _FEWEST_STEPS it may take more; of how many trials there are; what it takes
#: to decompose the matrices, by H³; and how long all that may take where others wait.
MOST = 0.06
_FEWEST_STEPS, _TRIALS = 50, 20
_DECOMPOSED, _LONGEST = 1.5e-9, 2.0
#: The norm of the gradient at which clipping is tried.
CLIP_AT = 1.0
#: What is added to a gate that keeps too little, in turn; where it keeps too much, it is taken away.
_BIASES = (1.0, 2.0, 3.0, 5.0)
#: The reaches of chrono biases, in sequence lengths.
_REACHES = (1, 4)
#: How many factors of W_hh are tried from each beginning.
_SCALES = 5
_SMALLEST_SCALE, _LARGEST_SCALE = 0.05, 20.0
#: Truncations are tried from the longest on, until one makes a larger error of dL/dW_hh than this.
_SMALL_ERROR = 0.01
#: A change that leaves a gradient nearer to holding by less than this share of its distance is none to speak of.
_CHANGES = 0.1


@dataclass(frozen=True, kw_only=True, eq=False)
class Tried:
    """One suggestion, and what it gives.

    Attributes:
        cell: the architecture, a key of CELLS.
        kind: "gate_bias" (more bias of the gate that keeps the state), "chrono", "scale" (of all W_hh), "orthogonal"
            (the nearest orthogonal matrix in the place of each block of W_hh), "clip" (the norm of the gradient of all
            parameters of this network), or "truncate" (in chunks, counted back from the last step).
        value: what is added to the bias, the reach in steps, the factor, nan, the norm, or the steps of a chunk.
        values: all that were run, in this order.
        network: the changed one; None where the weights stay as they are, or none could be answered.
        before, after: the verdict of each layer and direction, in order; `after` is empty where no changed network
            could be answered, as of a ReLU network whose states outgrow float64.
        effect: of "clip", log10 of what a step of plain gradient descent is multiplied by; of "truncate", log10 of the
            relative error of dL/dW_hh, all layers together (Frobenius); else nan.
        sequences, steps: that were read.
        of: how many there are.
        alone: whether errors were left out, of which the last alone is followed in each layer and direction.
    """

    cell: str
    kind: str
    value: float
    values: tuple[float, ...]
    network: Network | None
    before: tuple[Verdict, ...]
    after: tuple[Verdict, ...]
    effect: float
    sequences: int
    steps: int
    of: tuple[int, int]
    alone: bool

    @property
    def outcome(self) -> str:
        """What it does to the worst of layers and directions.

        "holds" (nothing is wrong any more), "better", "same", "worse", "unchanged" where only training changes, or
        "failed" where there is no answer.
        """
        if self.kind in ("clip", "truncate"):
            return "unchanged"
        if not self.after:
            return "failed"
        if all(map(is_sound, self.after)):
            return "holds"
        was, now = distance(worst(self.before)), distance(worst(self.after))
        if was == now or (math.isfinite(was) and abs(now - was) <= _CHANGES * was):
            return "same"
        return "better" if now < was else "worse"

    @property
    def helps(self) -> bool:
        """Whether the gradient holds with it, or is nearer to that."""
        return self.outcome in ("holds", "better")


#: In which order readers meet them.
_ORDER = ("holds", "better", "same", "worse", "failed", "unchanged")


def advise(
    network: Network,
    inputs: ArrayLike,
    errors: AnyErrors,
    initial: Sequence[ArrayLike] | None = None,
    lengths: Sequence[int] | None = None,
    *,
    trace: NetworkTrace | None = None,
    most: float = MOST,
) -> tuple[Tried, ...]:
    """Try what might make the gradient hold; nothing where nothing is wrong. What helps comes first.

    A bias and chrono biases are tried of cells that have a gate to keep the state, truncation of one direction only.

    Args:
        network: as of `run_network`.
        inputs: likewise.
        errors: likewise; as they are for this network, for all trials.
        initial: likewise.
        lengths: likewise.
        trace: its answer, best with the gradients of the parameters, where it is there already.
        most: seconds that one trial may take, about.

    Raises:
        ValueError: as of `run_network`.
    """
    if trace is None:
        whole, trace = answered(network, inputs, errors, initial, lengths)
    else:
        made = errors(trace.states) if callable(errors) else errors
        whole = asked(network, inputs, made, initial, lengths)
    trials = _Trials(whole, trace if trace.gradients else whole.run(gradients=True), most)
    return trials.all() if trials.wrong else ()


#: Runs the network that is changed by a value, and says what that gives.
_Run = Callable[[float], tuple[Verdict, ...]]
#: Asks for one value after the other.
_Search = Callable[[_Run], None]


class _Trials:
    """All that is tried of one question."""

    def __init__(self, whole: Asked, trace: NetworkTrace, most: float) -> None:
        self._whole, self._trace = whole, trace
        self._part = _affordable(whole, trace, most)
        singles = last_errors(self._part, trace if self._part is whole else None)
        self._before, self._alone = verdicts(singles), any(single.alone for single in singles)

    @property
    def wrong(self) -> bool:
        """Whether anything is."""
        return not all(map(is_sound, self._before))

    def all(self) -> tuple[Tried, ...]:
        """Each of them, what helps first."""
        network = self._whole.network
        tried: list[Tried] = []
        if has_w_hh(network.kind):
            tried += [self._searched("scale", self._scales), self._searched("orthogonal", _in_turn([math.nan]))]
        if network.kind.keeps:
            biases, reaches = ([self._sign * bias for bias in _BIASES], [times * self._reach for times in _REACHES])
            tried += [self._searched("gate_bias", _in_turn(biases)), self._searched("chrono", _in_turn(reaches))]
        tried.append(self._clipped())
        if network.directions == 1 and self._part.steps > 1:
            tried.append(self._truncated())
        return tuple(sorted(tried, key=lambda one: _ORDER.index(one.outcome)))

    @property
    def _sign(self) -> float:
        return -1.0 if worst(self._before).log10_factor > 0.0 else 1.0

    @property
    def _reach(self) -> float:
        return float(max(2, self._whole.steps))

    def _searched(self, kind: str, search: _Search) -> Tried:
        """The best of the values that a search asks for."""
        change = partial(CHANGES[kind], self._whole.network)
        runs: dict[float, tuple[Verdict, ...]] = {}

        def run(value: float) -> tuple[Verdict, ...]:
            try:
                runs[value] = verdicts(last_errors(replace(self._part, network=change(value))))
            except ValueError:  # the states of a ReLU network have outgrown float64
                runs[value] = ()
            return runs[value]

        search(run)
        value = min(runs, key=lambda one: _distance(runs[one]))
        return self._tried(kind, value, runs[value], network=change(value) if runs[value] else None, values=runs)

    def _scales(self, run: _Run) -> None:
        """Search for a factor with which the gradient holds, from 1 on; then, where W_hh saturates, from below."""
        log10_factor = _log10_factor(self._before)
        if not _secants(run, -log10_factor, (0.0, log10_factor)) and log10_factor < 0.0 and self._radius > 1.0:
            _secants(run, -math.log10(self._radius), None)

    @property
    def _radius(self) -> float:
        """The largest spectral radius of the matrices that h is multiplied by where a new state is written."""
        network = self._whole.network
        return max(spectral_radius(network.kind.matrix(network.level(end))) for end in network.suffixes)

    def _clipped(self) -> Tried:
        gradients = self._trace.gradients.values()
        with np.errstate(over="ignore"):
            norm = float(np.linalg.norm([np.linalg.norm(gradient) for gradient in gradients]))
        kept = min(1.0, CLIP_AT / (norm + 1e-6))  # as torch.nn.utils.clip_grad_norm_ has it
        effect = math.log10(kept) if kept else -math.inf
        return self._tried("clip", CLIP_AT, self._before, effect=effect, values=[CLIP_AT])

    def _truncated(self) -> Tried:
        trace = self._trace if self._part is self._whole else self._part.run(gradients=True)
        whole, errors = recurrent(trace), dict[float, float]()
        for steps in _chunks(self._part.steps):
            errors[float(steps)] = _error(_in_chunks(self._part, trace, steps), whole)
            if not errors[float(steps)] <= _SMALL_ERROR:
                break
        value = min([steps for steps, error in errors.items() if error <= _SMALL_ERROR] or errors)
        after = tuple(_cut(verdict, int(value)) for verdict in self._before)
        effect = math.log10(errors[value]) if errors[value] else -math.inf
        return self._tried("truncate", value, after, effect=effect, values=errors)

    def _tried(
        self,
        kind: str,
        value: float,
        after: tuple[Verdict, ...],
        *,
        values: Iterable[float],
        network: Network | None = None,
        effect: float = math.nan,
    ) -> Tried:
        return Tried(
            cell=self._whole.network.cell,
            kind=kind,
            value=value,
            values=tuple(values),
            network=network,
            before=self._before,
            after=after,
            effect=effect,
            sequences=self._part.sequences,
            steps=self._part.steps,
            of=(self._whole.sequences, self._whole.steps),
            alone=self._alone,
        )


def _in_turn(values: Iterable[float]) -> _Search:
    """Ask for each value until one makes the gradient hold."""

    def search(run: _Run) -> None:
        any(_holds(run(value)) for value in values)

    return search


def _holds(after: tuple[Verdict, ...]) -> bool:
    return bool(after) and all(map(is_sound, after))


def _secants(run: _Run, log10_scale: float, last: tuple[float, float] | None) -> bool:
    """Search for a factor with which the gradient holds, by secants between the logarithms.

    Args:
        run: of a factor.
        log10_scale: of the first one.
        last: what is known, see `_secant`.

    Returns:
        Whether one was found.
    """
    for _ in range(_SCALES):
        scale = _rounded(log10_scale)
        after = run(scale)
        if not after or _holds(after):
            return bool(after)
        now = (math.log10(scale), _log10_factor(after))
        log10_scale = now[0] - now[1] if last is None else _secant(last, now)
        if now == last:
            return False
        last = now
    return False


def _affordable(whole: Asked, trace: NetworkTrace, most: float) -> Asked:
    """The same of as many sequences, the longest, and of as many of the last steps as may be computed."""
    network = whole.network
    stop = whole.steps if whole.lengths is None else int(whole.lengths.max())
    steps = max(min(stop, _FEWEST_STEPS), affordable(most, _trial_seconds(network, 1, 1), stop))
    part = whole if steps == whole.steps else whole.between(stop - steps, stop, trace)
    assert part is not None  # the longest sequence is there
    none, one = (_trial_seconds(network, sequences, steps) for sequences in (0, 1))
    count = affordable(most - none, one - none, part.sequences)
    if count == part.sequences:
        return part
    longest = np.argsort(-_reach(part), kind="stable")[:count]
    return part.of_sequences(np.sort(longest))


def is_too_dear(network: Network) -> bool:
    """Whether all that is tried takes too long where others wait, even on the fewest steps of one sequence."""
    matrices = _DECOMPOSED * network.kind.blocks * network.levels * network.hidden_size**3
    return _TRIALS * _trial_seconds(network, 1, _FEWEST_STEPS) + matrices > _LONGEST


def _trial_seconds(network: Network, sequences: int, steps: int) -> float:
    """How long one trial takes: each layer is walked by itself, with its last error alone, see `last_errors`.

    To know what a layer reads, all are walked before; to know what arrives at it, those above it once more.
    """
    layers = network.num_layers
    walks = 1 if layers == 1 else 3 * layers - 1
    return walk_seconds(network.kind.blocks, network.hidden_size, sequences, steps * network.directions * walks)


def _reach(part: Asked) -> NDArray[np.int64]:
    """(N,), the last step of each sequence of which the loss says anything."""
    if part.output is None or part.h_n is not None or part.c_n is not None:
        return part.ends
    steps = np.arange(1, part.steps + 1)[:, None]
    return np.asarray((steps * part.output.any(axis=-1)).max(axis=0))


def _distance(after: tuple[Verdict, ...]) -> tuple[bool, float]:
    """How far from holding; what has no answer is furthest."""
    return not _holds(after), distance(worst(after)) if after else math.inf


def _log10_factor(of: tuple[Verdict, ...]) -> float:
    """Of the worst; as of a gradient that vanishes fast where there is none."""
    found = worst(of).log10_factor
    return found if math.isfinite(found) else -math.log10(_LARGEST_SCALE)


def _secant(last: tuple[float, float], now: tuple[float, float]) -> float:
    """Where a line through two points (log10 of the scale, log10 of the factor) says that the factor is 1."""
    (x0, y0), (x1, y1) = last, now
    rises = x1 != x0 and (y1 - y0) / (x1 - x0) > 0.0
    return x1 - y1 * (x1 - x0) / (y1 - y0) if rises else x1 - math.copysign(math.log10(2.0), y1)


def _rounded(log10_scale: float) -> float:
    """A factor with three digits, within what is tried."""
    low, high = math.log10(_SMALLEST_SCALE), math.log10(_LARGEST_SCALE)
    return float(f"{10.0 ** min(max(log10_scale, low), high):.3g}")


def _chunks(steps: int) -> list[int]:
    """Numbers of steps below `steps`, 1, 2, 5, 10, 20 and so on, the largest first."""
    series = (digit * 10**power for power in range(len(str(steps))) for digit in (1, 2, 5))
    return sorted((one for one in series if one < steps), reverse=True)


def recurrent(trace: NetworkTrace) -> dict[str, Array]:
    """dL/dW_hh of each layer and direction, by the name of W_hh; dL/dW_ih of a cell without W_hh."""
    matrix = trace.network.kind.summed.replace("W", "weight")
    return {name: trace.gradients[name] for name in (f"{matrix}{end}" for end in trace.network.suffixes)}


def _in_chunks(part: Asked, trace: NetworkTrace, steps: int) -> dict[str, Array]:
    """The same where no error goes from one chunk to the one before, as training does with `detach` between them."""
    chunks = (part.between(max(0, stop - steps), stop, trace) for stop in range(part.steps, 0, -steps))
    total = {name: np.zeros_like(values) for name, values in recurrent(trace).items()}
    for chunk in side_by_side(filter(None, chunks)):
        for name, values in recurrent(chunk.run(gradients=True)).items():
            total[name] += values
    return total


def _error(found: Mapping[str, Array], whole: Mapping[str, Array]) -> float:
    """‖found − whole‖ / ‖whole‖, all matrices as one; nan where that is zero or beyond float64."""
    with np.errstate(invalid="ignore", over="ignore", divide="ignore"):
        difference, size = (
            np.float64(np.linalg.norm([np.linalg.norm(values) for values in matrices]))
            for matrices in ([found[name] - whole[name] for name in whole], whole.values())
        )
        return float(difference / size)


def _cut(verdict: Verdict, steps: int) -> Verdict:
    """The verdict on a gradient that is exactly zero from the lag `steps` on."""
    return replace(verdict, horizon=steps if verdict.horizon is None else min(steps, verdict.horizon))
