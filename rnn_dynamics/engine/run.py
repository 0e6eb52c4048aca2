"""The road from a question to its answer: draw, unroll, backpropagate; one experiment, or a family in one pass."""

from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from functools import partial
from time import perf_counter
from typing import Any

import numpy as np

from rnn_dynamics.engine.cells import Cell, cell_of
from rnn_dynamics.engine.cells.activations import mean_slope
from rnn_dynamics.engine.cells.cell import Weights, is_plain
from rnn_dynamics.engine.given import check_one_level
from rnn_dynamics.engine.initialise import Array, Draw, learned, make_draw
from rnn_dynamics.engine.through_time.additive_path import split_path
from rnn_dynamics.engine.through_time.backpropagate import BESIDE, Losses, Pass, Run, losses_of, walk_back
from rnn_dynamics.engine.through_time.jacobians import jacobians_back, log10_singular_values, step_jacobians
from rnn_dynamics.engine.through_time.lags import RecurrentGradient
from rnn_dynamics.engine.through_time.loss_by_time import (
    SUFFICIENT,
    Beside,
    GradientByDistance,
    GradientInChunks,
    Shares,
    walk_each_loss,
)
from rnn_dynamics.engine.through_time.lyapunov import exponents_and_spread, log_growths
from rnn_dynamics.engine.through_time.parameter_gradients import ParameterGradients
from rnn_dynamics.engine.through_time.rounding import LOG10_ROUNDING, digits_lost
from rnn_dynamics.engine.through_time.scaling import LOG10_2, NOTHING, by_member
from rnn_dynamics.engine.through_time.stack import (
    InputAdjoints,
    Layer,
    Level,
    losses_by_direction,
    output_of,
    suffix,
    unroll_stack,
    walk_level,
)
from rnn_dynamics.engine.through_time.unroll import last_state, states_of
from rnn_dynamics.engine.trace import (
    FamilyTrace,
    JacobianTrace,
    LagSplit,
    LayerTrace,
    LossByTime,
    LossInChunks,
    Norms,
    PathSplit,
    RunTime,
    Trace,
    UnitGradients,
    read_only,
)
from rnn_dynamics.experiment import KNOBS_NUMBER, Choice, Experiment, Flag, Range, checked_experiment

#: A family is computed in groups of weight scales whose records need about this much memory at a time.
GROUP_BYTES = 64_000_000
#: steps × (size of the state)²: Jacobians of this many numbers fill 200 MB.
LARGEST_JACOBIANS = 25_000_000
#: Multiplications of the products of Jacobians, and of the Lyapunov exponents: some ten seconds on one core.
LARGEST_PRODUCTS = 100_000_000_000
#: How many lags get singular values unless the caller names them: as many as a picture needs.
USUAL_LAGS = 40
#: losses × sequence_length × batch_size × hidden_size: the errors of some losses at T steps. An LSTM takes up to five
#: seconds.
LARGEST_LOSSES = 50_000_000
#: After how many steps backpropagation is truncated unless the caller says it, as far as T goes.
USUAL_TRUNCATIONS = (1, 2, 3, 5, 10, 20, 50, 100, 200, 500, 1000, 2000, 5000)
#: In what experiments may differ that are walked side by side; the values by which those are found that differ in
#: nothing else.
FREE: Mapping[str, Any] = {
    "weight_scale": 1.0,
    "initialisation": "gaussian",
    "input_weights": "same",
    "input_weight_scale": 1.0,
    "forget_bias": 0.0,
    "forget_bias_layers": "all",
    "gate_bias": "constant",
    "input_scale": 1.0,
    "seed": 0,
}
#: States beyond this would leave float64 no room for the loss and its gradient; only ReLU's can come so far.
LARGEST_STATE = 1e300


def run(experiment: Experiment, *, parameter_gradients: bool = True, keep_gradients: bool = False) -> Trace:
    """Answer one experiment: its states, gates, loss, parameter gradients and gradient norms through time.

    Args:
        experiment: the question.
        parameter_gradients: whether the gradients of the parameters are summed, a tenth to a quarter of the time;
            `gradients` is empty where they are not.
        keep_gradients: whether the gradient of every unit at every step is kept too, as `unit_gradients`: as many
            numbers again as there are states.

    Raises:
        ValueError: `parameter_gradients` or `keep_gradients` is neither True nor False, or the states of a ReLU network
            grow beyond LARGEST_STATE.
    """
    keep_gradients = Flag().checked("keep_gradients", keep_gradients)
    parameter_gradients = Flag().checked("parameter_gradients", parameter_gradients)
    layers, losses, draw, parameters, residuals = _unrolled(checked_experiment(experiment))
    sums: dict[str, ParameterGradients] | None = {} if parameter_gradients else None
    kept = _Kept() if keep_gradients else None
    levels, below = walk_levels(layers, losses, sums, visit=kept.add if kept else lambda *_: None)
    gradients = gradients_of(sums or {})
    if kept:
        levels = [replace(level, unit_gradients=kept.of(level)) for level in levels]
    top, own = levels[-experiment.directions], learned(experiment, parameters)
    return Trace(
        experiment=experiment,
        parameters=locked(own),
        gradients=locked({name: gradients[name] for name in own if name in gradients}),
        inputs=read_only(draw.inputs),
        readout=read_only(draw.readout),
        targets=read_only(draw.targets),
        loss=float(half_mean_square(residuals)),
        hidden_states=top.hidden_states,
        cell_states=top.cell_states,
        gates=top.gates,
        log10_norms=locked({**top.log10_norms, "input": _input_norms(levels, below)}),
        layers=tuple(levels),
        log_normalisers=top.log_normalisers,
        velocities=top.velocities,
        unit_gradients={**top.unit_gradients, "input": _unit_gradients(below.losses())} if kept else {},
        log10_rounding=_rounding(layers, losses, top.log10_rounding),
    )


class _Kept:
    """The gradients of single units, from the runs of all levels."""

    def __init__(self) -> None:
        self._runs: dict[tuple[int, bool], tuple[Level, list[Run]]] = {}

    def add(self, level: Level, run: Run) -> None:
        """Keep the next run of a level."""
        self._runs.setdefault((level.layer, level.reverse), (level, []))[1].append(run)

    def of(self, trace: LayerTrace) -> dict[str, UnitGradients]:
        """Those of one level, in the order of time."""
        level, runs = self._runs[trace.layer, trace.reverse]
        exponents = level.in_time(
            np.concatenate([np.repeat(run.exponent[None], len(run.steps), 0) for run in runs[::-1]])
        )
        parts = {
            name: [run.adjoints.states[k][1:] for run in runs] for k, name in enumerate(level.forward.cell.components)
        }
        parts["input"] = [run.by_input for run in runs]
        rows = {name: level.in_time(np.concatenate(of[::-1])) for name, of in parts.items()}
        return {name: _unit_gradients(Losses(0, of, exponents)) for name, of in rows.items()}


def _unit_gradients(adjoints: Losses) -> UnitGradients:
    """Adjoints at every step of a single network, (T, H, N), as the reader expects them."""
    return UnitGradients(mantissas=sequence_first(adjoints.rows), exponents=read_only(adjoints.exponents[:, 0]))


def run_norms(experiment: Experiment, *, beside: Iterable[str] = BESIDE) -> Norms:
    """The norms of `run` alone, for less: nothing is summed for the parameters.

    Args:
        experiment: the question.
        beside: whether "cell_path" is computed, which takes a tenth of the time, as of `run_family`; "input" always is.

    Raises:
        ValueError: `beside` has another name than these two, or the states of a ReLU network grow beyond LARGEST_STATE.
    """
    asked = _beside(beside)
    layers, losses, _, parameters, _ = _unrolled(checked_experiment(experiment))
    levels, below = walk_levels(layers, losses, beside={"input", *asked})
    top = levels[-experiment.directions]
    return Norms(
        experiment=experiment,
        parameter_count=sum(values.size for values in learned(experiment, parameters).values()),
        log10_norms=locked({**top.log10_norms, "input": _input_norms(levels, below)}),
        layers=tuple(level.norms for level in levels),
        log10_rounding=_rounding(layers, losses, top.log10_rounding),
    )


def hidden_states(experiment: Experiment) -> Array:
    """The last layer's states h_1 .. h_T alone, without a way back: (T, N, H), or 2H of both directions.

    Raises:
        ValueError: the states of a ReLU network grow beyond LARGEST_STATE.
    """
    layers, *_ = _unrolled(checked_experiment(experiment))
    return sequence_first(output_of(layers[-1]))


def walk_levels(
    layers: list[Layer],
    losses: Losses,
    sums: dict[str, ParameterGradients] | None = None,
    *,
    entering: Callable[[Level, Losses], Losses] = lambda _, losses: losses,
    visit: Callable[[Level, Run], None] = lambda *_: None,
    beside: Collection[str] = BESIDE,
) -> tuple[list[LayerTrace], InputAdjoints]:
    """The way back through all layers: their traces in order, and what arrives at the inputs of the first.

    Args:
        layers: of one network.
        losses: of the output of the last layer.
        sums: takes the gradients of the parameters of each level, by its suffix, if somebody wants them.
        entering: what a level's losses are, in the order of reading, made of those that arrive from the layer above.
        visit: sees each run of each level.
        beside: as of `walk_back`; "input" is among them.
    """
    levels: list[LayerTrace] = []
    below, log10_rounding = None, LOG10_ROUNDING
    for layer in reversed(layers):
        losses, below = below.losses() if below else losses, InputAdjoints(layer)
        lost = []
        for level, arriving in zip(layer, losses_by_direction(layer, losses), strict=True):
            own, walked = entering(level, arriving), []
            of_level = None if sums is None else _parameter_gradients(level)
            for steps in walk_level(level.forward, own, beside):
                below.add(level, steps)
                walked.append(steps.log10_norms)
                visit(level, steps)
                if of_level is not None:
                    of_level.add(steps)
            if sums is not None and of_level is not None:
                sums[level.suffix] = of_level
            norms = in_order(walked)
            levels.append(_layer_trace(level, norms))
            lost.append(float(digits_lost(level.forward, norms, own).max()))
        log10_rounding += max(lost)  # what one layer has made of rounding, the next one makes more of
    levels = [replace(level, log10_rounding=log10_rounding) for level in levels]
    assert below is not None  # there is a layer
    return sorted(levels, key=lambda level: (level.layer, level.reverse)), below


def gradients_of(sums: Mapping[str, ParameterGradients]) -> dict[str, Array]:
    """The gradients of all levels under torch's names."""
    return {name.replace("_l0", suffix): values for suffix, of in sums.items() for name, values in of.named().items()}


def _input_norms(levels: Sequence[LayerTrace], below: InputAdjoints) -> Array:
    """Norms (T,) of the inputs of the first layer: of its only direction, or of both together."""
    both = any(level.reverse for level in levels)
    return below.losses().log10_norms()[:, 0] if both else levels[0].log10_norms["input"]


def _parameter_gradients(level: Level) -> ParameterGradients:
    """An empty sum for the gradients of a level."""
    cell, weights, record = level.forward.cell, level.forward.weights, level.forward.record
    return ParameterGradients(cell, weights.multiplied(record), level.read, record.hidden.shape[-2])


def _layer_trace(level: Level, norms: dict[str, Array]) -> LayerTrace:
    each = zip(level.forward.cell.components, states_of(level.forward.record), strict=True)
    states = {name: sequence_first(level.states_in_time(of)) for name, of in each}
    return LayerTrace(
        layer=level.layer,
        reverse=level.reverse,
        hidden_states=states["hidden"],
        cell_states=states.get("cell"),
        log_normalisers=states.get("normaliser"),
        velocities=states.get("velocity"),
        gates=_gates(level),
        log10_norms=locked({name: over_members(level.in_time(values)) for name, values in norms.items()}),
        log10_rounding=LOG10_ROUNDING,
    )


def _gates(level: Level) -> dict[str, Array]:
    values = level.forward.cell.gate_values(level.forward.record)
    return {name: sequence_first(level.in_time(of)) for name, of in values.items()}


def _rounding(layers: list[Layer], losses: Losses, found: float) -> float:
    """`found` on the way back; but a cut way back does not show how errors grow on the way forward."""
    opened = _opened(layers)
    return max(found, walk_levels(opened, losses, beside=("input",))[0][0].log10_rounding) if opened else found


def _opened(layers: list[Layer]) -> list[Layer]:
    """The same with an open way back; none where it is open."""
    found = [
        tuple(replace(level, forward=forward) for level in layer if (forward := level.forward.opened))
        for layer in layers
    ]
    return found if all(found) else []


def _single_rounding(forward: Pass, losses: Losses, runs: Iterable[dict[str, Array]]) -> float:
    """`_rounding` of a single level, given the norms of its runs as they were walked, and what was sent back."""
    found = digits_lost(forward, in_order(list(runs)))
    if forward.opened is not None:
        walked = walk_back(forward.opened, losses, beside=("input",))
        norms = in_order([steps.log10_norms for steps in walked])
        found = np.maximum(found, digits_lost(forward.opened, norms, losses))
    return LOG10_ROUNDING + float(found[0])


def split_additive_path(experiment: Experiment) -> PathSplit:
    """Split the gradient of an LSTM's cell state, or a GRU's state, into the additive path's part and the rest.

    Raises:
        ValueError: the experiment's cell has no additive path, or it has more than one layer or direction.
    """
    return path_and_gates(experiment)[0]


def path_and_gates(experiment: Experiment) -> tuple[PathSplit, dict[str, Array]]:
    """As `split_additive_path`, and the gates as in `run`, name -> (T, N, H), of the same forward pass."""
    forward, losses, _ = _single(experiment)
    runs = list(walk_back(forward, losses))
    parts = in_order([split_path(steps, members=1) for steps in runs])
    split = PathSplit(
        experiment=experiment,
        log10_rounding=_single_rounding(forward, losses, (steps.log10_norms for steps in runs)),
        **locked({name: values[:, 0] for name, values in parts.items()}),
    )
    return split, {name: sequence_first(of) for name, of in forward.cell.gate_values(forward.record).items()}


def split_by_lag(experiment: Experiment) -> LagSplit:
    """Split the gradient of the recurrent weights by the time step through which it arrives.

    Raises:
        ValueError: the experiment has more than one layer or direction.
    """
    forward, losses, _ = _single(experiment)
    gradient, runs = RecurrentGradient(forward), []
    for steps in walk_back(forward, losses):
        runs.append((gradient.add(steps), steps.log10_norms))
    norms = in_order([of_lag for of_lag, _ in runs])
    # The shares need the total. A second walk costs less than to keep a matrix, or all adjoints, of each step.
    shares = in_order([gradient.shares(steps) for steps in walk_back(forward, losses)])
    cumulative = np.cumsum(shares["share"][::-1])[::-1]
    return LagSplit(
        experiment=experiment,
        total=gradient.log10_norm(),
        log10_rounding=_single_rounding(forward, losses, (of_states for _, of_states in runs)),
        **locked(norms | shares | {"cumulative_share": cumulative}),
    )


def run_losses(
    experiment: Experiment, truncations: Iterable[int] | None = None, steps: Iterable[int] | None = None
) -> LossByTime:
    """Send the loss of each time step back by itself, all of them side by side.

    Args:
        experiment: the question; what it says of the loss plays no part.
        truncations: over how many steps τ, from 1 to T, truncated backpropagation carries an error back. None stands
            for 1, 2, 3, 5, 10, 20, 50 … up to T.
        steps: from 1 to T, those whose losses are sent back. A long sequence may be asked for some of them, as
            `range(T, 0, -10)`. None stands for all.

    Raises:
        ValueError: there is no truncation or step, one is not a whole number from 1 to T, or losses × sequence_length ×
            batch_size × hidden_size is beyond 50,000,000: the message names steps that are few enough; or the
            experiment has more than one layer or direction.
    """
    chosen, asked = _asked_losses(experiment, truncations, steps)
    length = experiment.sequence_length
    limits = sorted({*asked, length})
    every, last = (replace(experiment, loss_at=at) for at in ("every", "last"))
    forward, losses, _ = _single(every)
    of_all = list(walk_back(forward, losses, beside=()))
    shares, gradient = Shares(of_all), GradientByDistance(forward, limits)
    norms, share = np.full((len(chosen), length), -np.inf), np.zeros((len(chosen), length))
    walk = partial(walk_each_loss, forward, losses, chosen=[step - 1 for step in chosen])
    for beside, walked in walk():
        times = beside.times(walked.steps)
        known = times >= 0
        rows = np.broadcast_to(np.searchsorted(chosen, beside.losses + 1), times.shape)
        here = rows[known], times[known]
        norms[here], share[here] = walked.log10_norms["hidden"][known], shares.of(beside, walked)[known]
        gradient.add(beside, walked)
    of_last, gradient_of_last = [], GradientByDistance(forward, limits)
    last_losses, _ = _losses(last, _draw(last), forward.record.hidden[1:])
    walk_last = partial(walk_each_loss, forward, last_losses)
    for beside, walked in walk_last():
        gradient_of_last.add(beside, walked)
        of_last.append(walked.log10_norms)
    found = [one.merged(limits).truncated(limits) for one in (gradient, gradient_of_last)]
    enough = (
        _sufficient(gradient, found[0][0], limits, walk),
        _sufficient(gradient_of_last, found[1][0], limits, walk_last),
    )
    of_asked = np.searchsorted(limits, asked)
    errors, angles = zip(*((errors[of_asked], angles[of_asked]) for errors, angles in found), strict=True)
    return LossByTime(
        experiment=every,
        steps=read_only(np.array(chosen)),
        log10_norms=read_only(norms),
        shares=read_only(share),
        every=read_only(in_order([walked.log10_norms for walked in of_all])["hidden"][:, 0]),
        last=read_only(in_order(of_last)["hidden"][:, 0]),
        truncations=read_only(np.array(asked)),
        log10_errors=_of_both(errors),
        angles=_of_both(angles),
        log10_rounding=_single_rounding(forward, last_losses, of_last),
        sufficient=dict(zip(("every", "last"), enough, strict=True)),
    )


def run_chunks(
    experiment: Experiment, truncations: Iterable[int] | None = None, steps: Iterable[int] | None = None
) -> LossInChunks:
    """Walk back in chunks of τ steps, as a training loop does that detaches the state after every τ steps.

    Args:
        experiment: the question; what it says of the loss plays no part.
        truncations: as in `run_losses`: the steps τ of a chunk; the last chunk has what is left.
        steps: likewise: those whose losses are sent back.

    Raises:
        ValueError: as `run_losses`.
    """
    chosen, asked = _asked_losses(experiment, truncations, steps)
    every, last = (replace(experiment, loss_at=at) for at in ("every", "last"))
    forward, losses, _ = _single(every)
    last_losses, _ = _losses(last, _draw(last), forward.record.hidden[1:])
    of_both = _at_each_step(losses, chosen), _at_each_step(last_losses, [experiment.sequence_length])
    errors, angles = zip(*(GradientInChunks(forward, of).compared(asked) for of in of_both), strict=True)
    return LossInChunks(
        experiment=every,
        steps=read_only(np.array(chosen)),
        truncations=read_only(np.array(asked)),
        log10_errors=_of_both(errors),
        angles=_of_both(angles),
    )


def _asked_losses(
    experiment: Experiment, truncations: Iterable[int] | None, steps: Iterable[int] | None
) -> tuple[list[int], list[int]]:
    """The steps whose losses are sent back, and the truncations; ValueError as `run_losses`."""
    length = checked_experiment(experiment).sequence_length
    chosen = _steps(length, steps)
    each = length * experiment.batch_size * experiment.hidden_size
    if (numbers := len(chosen) * each) > LARGEST_LOSSES:
        raise ValueError(
            f"losses × sequence_length × batch_size × hidden_size = {numbers:,}; the limit of loss × time is "
            f"{LARGEST_LOSSES:,}: {_coarser(length, LARGEST_LOSSES // each)} asks for few enough losses"
        )
    if truncations is None:
        truncations = [*(steps for steps in USUAL_TRUNCATIONS if steps < length), length]
    return chosen, _whole_numbers("truncation", truncations, 1, length)


def _of_both(found: Sequence[Array]) -> Mapping[str, Array]:
    """Of the loss at every step and of that at the last."""
    return locked(dict(zip(("every", "last"), found, strict=True)))


def _at_each_step(losses: Losses, steps: Sequence[int]) -> Losses:
    """The losses at some steps, counted from 1, with zeros at all others."""
    length = losses.first + len(losses.rows)
    kept = np.zeros(length, dtype=bool)
    kept[np.array(steps) - 1] = True
    rows = np.zeros((length, *losses.rows.shape[1:]))
    rows[losses.first :] = losses.rows
    rows[~kept] = 0.0
    exponents = np.full((length, 1), NOTHING)
    exponents[losses.first :] = losses.exponents
    exponents[~kept] = NOTHING
    return Losses(0, rows, exponents)


def _sufficient(
    gradient: GradientByDistance,
    log10_errors: Array,
    limits: Sequence[int],
    walk: Callable[[int, int], Iterator[tuple[Beside, Run]]],
) -> int | None:
    """The smallest truncation that is enough: looked for between two limits, by the distances between them alone."""
    if np.isnan(log10_errors[-1]):
        return None
    short = np.flatnonzero(log10_errors > np.log10(SUFFICIENT))
    low = limits[int(short[-1])] if len(short) else 0
    high = limits[int(short[-1]) + 1] if len(short) else limits[0]
    return gradient.first_sufficient(low, high, walk)


def time_run(experiment: Experiment) -> RunTime:
    """How long `run` takes here and now, forward pass and way back apart.

    What the seed draws is there before the clock starts.

    Raises:
        ValueError: as `run`.
    """
    draw = _draw(checked_experiment(experiment))
    start = perf_counter()
    layers, losses, _, parameters, _ = _unrolled(experiment, draw)
    turn = perf_counter()
    walk_levels(layers, losses, {})
    end = perf_counter()
    count = sum(values.size for values in learned(experiment, parameters).values())
    return RunTime(experiment=experiment, forward=turn - start, backward=end - turn, parameters=count)


def run_jacobians(
    experiment: Experiment,
    lags: Iterable[int] | None = None,
    exponents: int | None = None,
    steps: Iterable[int] | None = None,
) -> JacobianTrace:
    """Answer for the first sequence of `experiment` with its Jacobians, their products and its Lyapunov exponents.

    Args:
        experiment: the question; what it says of the loss plays no part.
        lags: from 0 to T, those whose product ∂s_T/∂s_{T−lag} gets singular values. Each costs a decomposition. None
            stands for at most 40 that lie evenly from 0 to T − 1.
        exponents: how many Lyapunov exponents, the largest ones. They cost most where the state is large. None stands
            for all S.
        steps: from 1 to T, those whose Jacobians are kept; products and exponents are of all steps in any case. None
            stands for all.

    Raises:
        ValueError: there is no lag or step, a lag is not a whole number from 0 to T, a step not one from 1 to T,
            `exponents` not one from 1 to S; or the answer is too large, and the message names what is small enough:
            steps × S² is beyond 25,000,000, which is 200 MB, the largest lag × S³ or sequence_length × S² × exponents
            beyond 100,000,000,000; or the experiment has more than one layer or direction.
    """
    cell, length = cell_of(checked_experiment(experiment)), experiment.sequence_length
    size = len(cell.components) * experiment.hidden_size
    asked, kept = _lags(length, lags), _steps(length, steps)
    if exponents is not None:
        exponents = int(Range(minimum=1, maximum=size, whole=True).checked("exponents", exponents))
    _check_jacobians(length, size, asked[-1], exponents or size, len(kept))
    forward, losses, parameters = _single(experiment)
    jacobians = step_jacobians(forward, [step - 1 for step in kept])
    back = jacobians[::-1] if len(kept) == length else jacobians_back(forward)
    runs = [walked.log10_norms for walked in walk_back(forward, losses, beside=())]
    largest, spread = exponents_and_spread(log_growths(forward, count=exponents, discard=length // 5))
    return JacobianTrace(
        experiment=experiment,
        state_matrix=read_only(cell.matrix(parameters)),
        steps=read_only(np.array(kept)),
        jacobians=read_only(jacobians),
        lags=read_only(np.array(asked)),
        log10_singular_values=read_only(log10_singular_values(back, asked)),
        lyapunov_exponents=read_only(largest),
        lyapunov_spread=read_only(spread),
        mean_slope=_mean_slope(forward, experiment),
        log10_rounding=_single_rounding(forward, losses, runs),
    )


def _mean_slope(forward: Pass, experiment: Experiment) -> float:
    """As `JacobianTrace.mean_slope`."""
    if forward.cell.rotates:
        return 1.0
    return mean_slope(forward.record.hidden[1:, :, 0], experiment.nonlinearity) if is_plain(forward.cell) else np.nan


def _check_jacobians(length: int, size: int, lag: int, exponents: int, steps: int) -> None:
    """Refuse what would take too long or too much memory, with what would not."""
    if (numbers := steps * size**2) > LARGEST_JACOBIANS:
        raise ValueError(
            f"steps × (size of the state)² = {numbers:,}; the limit of Jacobians is {LARGEST_JACOBIANS:,}: "
            f"{_coarser(length, LARGEST_JACOBIANS // size**2)} keeps few enough"
        )
    if (products := lag * size**3) > LARGEST_PRODUCTS:
        raise ValueError(
            f"largest lag × (size of the state)³ = {products:,}; the limit of products is {LARGEST_PRODUCTS:,}: "
            f"lags up to {LARGEST_PRODUCTS // size**3} are short enough"
        )
    if (products := length * size**2 * exponents) > LARGEST_PRODUCTS:
        raise ValueError(
            f"sequence_length × (size of the state)² × exponents = {products:,}; the limit of products is "
            f"{LARGEST_PRODUCTS:,}: exponents={LARGEST_PRODUCTS // (length * size**2)} is few enough"
        )


def _coarser(length: int, most: int) -> str:
    """The argument that asks for at most so many of T steps, evenly, the last one among them."""
    return f"steps=range({length}, 0, -{-(-length // most)})"


def _steps(length: int, steps: Iterable[int] | None) -> list[int]:
    """The steps that were asked for, rising and each once."""
    return list(range(1, length + 1)) if steps is None else _whole_numbers("step", steps, 1, length)


def _lags(length: int, lags: Iterable[int] | None) -> list[int]:
    """The lags that were asked for, rising and each once."""
    if lags is None:
        lags = np.linspace(0, length - 1, USUAL_LAGS).round().astype(int)
    return _whole_numbers("lag", lags, 0, length)


def _whole_numbers(name: str, values: Iterable[int], least: int, most: int) -> list[int]:
    """Values of an argument that is called `name` in the plural, rising and each once."""
    valid = Range(minimum=least, maximum=most, whole=True)
    return sorted({int(value) for value in valid.each(name, values)})


def run_family(
    experiment: Experiment,
    weight_scales: Sequence[float] | None = None,
    seeds: Sequence[int] | None = None,
    beside: Iterable[str] = BESIDE,
) -> FamilyTrace:
    """Answer `experiment` for each weight scale and each seed, in one pass over time.

    The weight scale multiplies W_hh only, so all scales of a seed share one draw: they become columns beside the
    sequences of the batch, and one matrix product a step serves them all. Seeds have a W_hh each and become an axis.

    Args:
        experiment: what all members have in common.
        weight_scales: None stands for the experiment's own.
        seeds: None stands for the experiment's own.
        beside: which of the norms "input" and "cell_path" are computed beside those of the state: each takes some
            hundredths of the time.

    Raises:
        ValueError: there is no weight scale or no seed, one is outside the limits of Experiment, `beside` has another
            name than these two, or the states of a ReLU network grow beyond LARGEST_STATE at one of the weight scales.
    """
    scales = each_value(checked_experiment(experiment), "weight_scale", weight_scales)
    own_seeds = tuple(int(seed) for seed in each_value(experiment, "seed", seeds))
    by_seed, parts = [replace(experiment, seed=seed) for seed in own_seeds], _beside(beside)
    groups = []
    for first in range(0, len(scales), size := group_size(experiment, len(own_seeds))):
        groups.append(_run_group(by_seed, scales[first : first + size], parts))
    loss, norms, rounding = zip(*groups, strict=True)
    return FamilyTrace(
        experiment=experiment,
        weight_scales=scales,
        seeds=own_seeds,
        loss=read_only(np.concatenate(loss)),
        log10_rounding=read_only(np.concatenate(rounding)),
        log10_norms=locked({name: np.concatenate([group[name] for group in norms]) for name in norms[0]}),
    )


def run_side_by_side(experiments: Sequence[Experiment]) -> list[FamilyTrace]:
    """Answer some experiments, each as a family of one, those of the same sizes in one pass over time.

    A small network takes hardly longer with others beside it, for most of what it takes are calls.

    Args:
        experiments: the questions. In one pass go those that differ in nothing but FREE, as far as GROUP_BYTES go.

    Raises:
        ValueError: as `run_family`.
    """
    groups, found = defaultdict(list), dict[int, FamilyTrace]()
    for place, one in enumerate(experiments):
        # Of a ReLU network that grows beyond all bounds no other one shall have to hear.
        alone = 0 if cell_of(checked_experiment(one)).bounded else place
        groups[alone, replace(one, **FREE)].append(place)
    for (_, alike), places in groups.items():
        for first in range(0, len(places), size := group_size(alike, 1)):
            together = places[first : first + size]
            own = [experiments[place] for place in together]
            loss, norms, rounding = _run_group(own, (), BESIDE)
            for row, place in enumerate(together):
                of_one = {name: values[row : row + 1].copy() for name, values in norms.items()}
                found[place] = _family_of_one(experiments[place], loss[row], rounding[row], of_one)
    return [found[place] for place in range(len(experiments))]


def _family_of_one(experiment: Experiment, loss: float, rounding: float, norms: Mapping[str, Array]) -> FamilyTrace:
    return FamilyTrace(
        experiment=experiment,
        weight_scales=(experiment.weight_scale,),
        seeds=(experiment.seed,),
        loss=read_only(np.array([loss])),
        log10_rounding=read_only(np.array([rounding])),
        log10_norms=locked(norms),
    )


def each_value(experiment: Experiment, field: str, values: Iterable[float] | None) -> tuple[float, ...]:
    """Values of one numeric field for the members of a family: the experiment's own for None.

    Raises:
        ValueError: there is none, or one is outside the field's limits.
    """
    return KNOBS_NUMBER[field].each(field, (getattr(experiment, field),) if values is None else values)


def _beside(names: object) -> tuple[str, ...]:
    """What the caller of a family wants beside the norms of the state."""
    asked = tuple(names) if isinstance(names, Iterable) and not isinstance(names, str) else (names,)
    return tuple(Choice(options=BESIDE).checked("beside", name) for name in asked)


def _run_group(
    each: Sequence[Experiment], scales: Sequence[float], beside: Collection[str]
) -> tuple[Array, dict[str, Array], Array]:
    """Loss (M,), norms (M, T) and log10_rounding (M,) of each experiment at every scale, scales outermost.

    Without scales each has its own, for which no product with W_hh is multiplied anew at each step.
    """
    experiment, cell = each[0], cell_of(each[0])
    draws = [_draw(member) for member in each]
    drawn = [draw.parameters for draw in draws]
    if not scales:
        drawn = [cell.at_scale(of, one.weight_scale) for of, one in zip(drawn, each, strict=True)]
    parameters = {name: np.stack([of[name] for of in drawn]) for name in drawn[0]}
    inputs = np.stack([draw.inputs for draw in draws], axis=1)
    readout = np.stack([draw.readout for draw in draws])
    targets = np.stack([draw.targets for draw in draws], axis=-3)
    if len(draws) == 1:  # an axis of length one would cost every step of the walk a slower product
        parameters = {name: values[0] for name, values in parameters.items()}
        inputs, readout, targets = inputs[:, 0], readout[0], targets[..., 0, :, :]
    columns = np.tile(scales, experiment.batch_size)[None] if scales else None
    weights = _weights(experiment, parameters | {"weight_ho": readout}, columns)
    cut, scales = experiment.hidden_path == "cut", scales or [experiment.weight_scale]
    starts = _starts(cell, weights, draws, len(scales))
    layers = unroll_stack(cell, weights, inputs, members=len(scales), cut=cut, starts=starts)
    check_states(_outputs(layers), scales, experiment)
    residuals = _residuals(experiment, readout, np.repeat(targets, len(scales), axis=-2), output_of(layers[-1]))
    count = residuals[..., : experiment.batch_size].size // len(draws)
    adjoints = readout.swapaxes(-1, -2) @ residuals / count
    losses = _entering(experiment, adjoints, len(scales))
    norms, lost = _walk_down(layers, losses, beside)
    if opened := _opened(layers):  # see `_rounding`
        lost = np.maximum(lost, _walk_down(opened, losses, beside)[1])
    by_member = residuals.reshape(*residuals.shape[:-1], -1, len(scales))
    by_member = np.moveaxis(by_member.reshape(len(by_member), len(draws), -1, len(scales)), (3, 1), (0, 1))
    loss = half_mean_square(by_member, axis=(2, 3))
    norms = {name: _member_first(values, len(draws)) for name, values in norms.items()}
    return loss.reshape(-1), norms, LOG10_ROUNDING + _member_first(lost[None], len(draws))[:, 0]


def _walk_down(layers: list[Layer], losses: Losses, beside: Collection[str]) -> tuple[dict[str, Array], Array]:
    """Norms (T, ..., S) of the last layer's forward direction and of the inputs of the first; digits lost (..., S)."""
    top: dict[str, Array] = {}
    below, lost = None, np.zeros(losses.exponents.shape[1:])
    for layer in reversed(layers):
        losses, below = below.losses() if below else losses, InputAdjoints(layer)
        of_layer, parts = [], beside if layer is layers[0] else {"input", *beside}  # which is the loss of the next one
        for level, entering in zip(layer, losses_by_direction(layer, losses), strict=True):
            walked = []
            for steps in walk_level(level.forward, entering, parts):
                below.add(level, steps)
                walked.append(steps.log10_norms)
            norms = in_order(walked)
            of_layer.append(digits_lost(level.forward, norms, entering))
            top = top or dict(norms)
        lost = lost + np.maximum.reduce(of_layer)
    top.pop("input", None)  # which are the last layer's
    if "input" in beside and below:
        top["input"] = below.losses().log10_norms() if len(layers[0]) > 1 else norms["input"]
    return top, lost


def _weights(
    experiment: Experiment, parameters: Mapping[str, Array], scale: Array | None = None
) -> list[list[Weights]]:
    """The weights of each layer's directions."""
    cell = cell_of(experiment)

    def of_level(layer: int, reverse: bool) -> Weights:
        end = suffix(layer, reverse)
        own = {name.replace(end, "_l0"): values for name, values in parameters.items() if name.endswith(end)}
        return replace(cell.make_weights({"weight_ho": parameters["weight_ho"], **own}), scale=scale)

    directions = (False, True)[: experiment.directions]
    return [[of_level(layer, reverse) for reverse in directions] for layer in range(experiment.num_layers)]


def drawn_state_matrix(experiment: Experiment) -> Array:
    """The (H, H) matrix that h is multiplied by where the new state is written, of the last layer's first direction.

    No step is taken for it.
    """
    draw = _draw(replace(experiment, sequence_length=1, text=""))
    cell = cell_of(experiment)
    return cell.matrix(cell.at_scale(draw.parameters, experiment.weight_scale) | {"weight_ho": draw.readout})


def _draw(experiment: Experiment) -> Draw:
    return make_draw(experiment, cell_of(experiment))


def _unrolled(
    experiment: Experiment, draw: Draw | None = None
) -> tuple[list[Layer], Losses, Draw, dict[str, Array], Array]:
    """Forward passes and losses of one experiment, what was drawn for it, its parameters, and what the loss squares."""
    cell = cell_of(experiment)
    draw = _draw(experiment) if draw is None else draw
    parameters = cell.at_scale(draw.parameters, experiment.weight_scale)
    weights = _weights(experiment, parameters | {"weight_ho": draw.readout})
    cut, starts = experiment.hidden_path == "cut", _starts(cell, weights, [draw], 1)
    layers = unroll_stack(cell, weights, draw.inputs, cut=cut, starts=starts)
    check_states(_outputs(layers), [experiment.weight_scale], experiment)
    losses, residuals = _losses(experiment, draw, output_of(layers[-1]))
    return layers, losses, draw, parameters, residuals


def _starts(cell: Cell, weights: list[list[Weights]], draws: Sequence[Draw], members: int) -> Sequence[Array]:
    """The initial states that `unroll_stack` takes, of the networks of K seeds, whose weights these are."""
    if draws[0].before is not None:
        ends = _ends(unroll_stack(cell, weights, _of_seeds([draw.before for draw in draws]), members=members))
        return ends if cell.bounded else [_at_most_one(of, members) for of in ends]
    each = zip(*(draw.start for draw in draws), strict=True)
    return [np.repeat(_of_seeds(of, axis=1).swapaxes(-1, -2), members, axis=-1) for of in each]


def _of_seeds(arrays: Sequence[Array | None], axis: int = 1) -> Array:
    """Those of K seeds as one array with an axis for them, unless there is only one."""
    known = [array for array in arrays if array is not None]
    return known[0] if len(known) == 1 else np.stack(known, axis=axis)


def _ends(layers: list[Layer]) -> list[Array]:
    """For each component of the state that at which every level has ended, (levels, ..., H, C)."""
    ends = (last_state(level.forward.record) for layer in layers for level in layer)
    return [np.stack(of_component) for of_component in zip(*ends, strict=True)]


def _at_most_one(states: Array, members: int) -> Array:
    """States (levels, ..., H, C), those of a level and member divided by the largest of them where it is above 1."""
    peaks = np.maximum(by_member(np.abs(states), members).max(axis=-2), 1.0)
    return np.asarray((by_member(states, members) / peaks[..., None, :]).reshape(states.shape))


def _losses(experiment: Experiment, draw: Draw, output: Array) -> tuple[Losses, Array]:
    """What the loss of one experiment says of `output` (T, H or 2H, N), and what it squares."""
    residuals = _residuals(experiment, draw.readout, draw.targets, output)
    return _entering(experiment, draw.readout.T @ residuals / residuals.size, 1), residuals


def _entering(experiment: Experiment, adjoints: Array, members: int) -> Losses:
    """What the loss says of the output of the last layer, given what it says of what it compares, (B, ..., H, C)."""
    length, size = experiment.sequence_length, experiment.hidden_size
    if experiment.loss_at != "final" or not experiment.bidirectional:
        return losses_of(adjoints, length - len(adjoints), members)
    rows = np.zeros((length, *adjoints.shape[1:]))
    rows[-1, ..., :size, :], rows[0, ..., size:, :] = adjoints[0, ..., :size, :], adjoints[0, ..., size:, :]
    return losses_of(rows, 0, members)


def _single(experiment: Experiment) -> tuple[Pass, Losses, dict[str, Array]]:
    """Forward pass, losses and parameters (with the read-out, "weight_ho") of one layer in one direction."""
    check_one_level(checked_experiment(experiment))
    layers, losses, draw, parameters, _ = _unrolled(experiment)
    return layers[0][0].forward, losses, parameters | {"weight_ho": draw.readout}


def _outputs(layers: list[Layer]) -> list[Array]:
    return [level.output for layer in layers for level in layer]


def check_states(outputs: Sequence[Array], scales: Sequence[float], experiment: Experiment) -> None:
    """Refuse states (..., H, C) that have outgrown float64, by the first weight scale at which they do."""
    if cell_of(experiment).bounded:
        return
    peaks = np.maximum.reduce([output.reshape(-1, len(scales)).max(axis=0) for output in outputs])
    within = peaks <= LARGEST_STATE  # false for nan
    if not within.all():
        raise ValueError(
            f"weight_scale = {scales[int(within.argmin())]:g} with sequence_length = {experiment.sequence_length}: "
            f"the states of the ReLU network grow beyond {LARGEST_STATE:g}, the limit"
        )


def _residuals(experiment: Experiment, readout: Array, targets: Array, output: Array) -> Array:
    """Readout @ h_t − target for the compared steps of `output` (T, ..., H or 2H, C): (1 or T, ..., D_out, C)."""
    goal = targets.swapaxes(-1, -2)
    compared = output if experiment.loss_at == "every" else output[-1:]
    if experiment.loss_at == "final":  # h_n: of the direction backwards, which is there if both are, that of step 1
        size = experiment.hidden_size
        compared = np.concatenate([output[-1:, ..., :size, :], output[:1, ..., size:, :]], axis=-2)
    return np.asarray(readout @ compared - (goal if experiment.loss_at == "every" else goal[None]))


def half_mean_square(residuals: Array, axis: tuple[int, ...] | None = None) -> Array:
    """The loss; inf beyond float64's 10^308, where its gradient is still finite."""
    with np.errstate(over="ignore"):
        return np.asarray(0.5 * np.square(residuals).mean(axis=axis))


def group_size(experiment: Experiment, seeds: int) -> int:
    """How many weight scales of so many seeds each go into one group of a family."""
    floats = 3 * cell_of(experiment).blocks * experiment.hidden_size * experiment.batch_size * experiment.levels
    return max(1, GROUP_BYTES // (8 * floats * experiment.sequence_length * seeds))


def in_order(runs: list[dict[str, Array]]) -> dict[str, Array]:
    """Norms of runs that were walked last to first, as one array (T, ..., S) a name."""
    return {name: np.concatenate([norms[name] for norms in reversed(runs)]) for name in runs[0]}


def over_members(log10_norms: Array) -> Array:
    """log10 of the norms of all members together: (T, S) -> (T,)."""
    if log10_norms.shape[-1] == 1:
        return log10_norms[:, 0]
    with np.errstate(invalid="ignore"):  # −inf: no member has a gradient
        return np.asarray(0.5 * np.logaddexp2.reduce(2.0 * log10_norms / LOG10_2, axis=-1) * LOG10_2)


def _member_first(values: Array, seeds: int) -> Array:
    """(T, S) or (T, K, S) -> (S·K, T)."""
    steps = len(values)
    return np.moveaxis(values.reshape(steps, seeds, -1), (2, 1), (0, 1)).reshape(-1, steps)


def sequence_first(states: Array) -> Array:
    """(T, H, N) as the reader expects it: (T, N, H), without a copy."""
    return read_only(states.swapaxes(-1, -2))


def locked(arrays: Mapping[str, Array]) -> dict[str, Array]:
    """Arrays by name, read-only."""
    return {name: read_only(array) for name, array in arrays.items()}
