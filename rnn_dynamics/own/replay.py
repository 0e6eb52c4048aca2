"""The calls of a model's recurrent modules again, in float64: by the engine, and where it is silent by autograd.

Imports torch: import this room where it is needed.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import torch
from torch import nn
from torch.nn.utils.rnn import PackedSequence

from rnn_dynamics.engine.cells import CELLS
from rnn_dynamics.engine.given import Errors, Network, States
from rnn_dynamics.engine.run_network import NetworkLayer, run_network
from rnn_dynamics.engine.through_time.rounding import LOG10_ROUNDING
from rnn_dynamics.engine.through_time.stack import suffix
from rnn_dynamics.own.capture import Array, Call, as_array, title
from rnn_dynamics.own.carried import STATE
from rnn_dynamics.own.probed import Agreement, ProbedLayer, Replay
from rnn_dynamics.own.unrolled import UnrolledLayer, log10_norm, masks_of, unroll

#: How many times as far as rounding takes them the outputs of a replay may be from the model's before it is said.
_AWAY = 1e3
#: And how far, relative to the largest, another trajectory than the model's is, however that came.
_ANOTHER = 0.1
#: How many nodes of autograd's graph are looked at for where a state has come from: an encoder may lie behind it.
_FARTHEST = 10_000
_TOGETHER = "Its verdict is that of all errors together, and nothing is tried on it."
_ALONE = "Its verdict is that of the last error alone, and nothing is tried on it."


def replay_calls(calls: Sequence[Call]) -> tuple[tuple[Replay, ...], tuple[str, ...]]:
    """Replay all calls that the loss depends on; with what there is to remark of it.

    Raises:
        ValueError: weights, inputs or gradients of one are not finite, or its states leave float64.
    """
    replays, remarks, networks = [], [], _Networks()
    for group in _groups(calls):
        if any(call.reached for call in group):
            found, said = _replay_group(group, networks)
            replays.append(found)
            remarks += said
        elif group[0].is_cell:
            remarks.append(f"The loss does not depend on what {_name(group)} gave: no gradient comes back to it.")
    return tuple(replays), tuple(dict.fromkeys(remarks))


def log10_floor(dtype: torch.dtype) -> float:
    """log10 of the smallest number of a format that has all its digits."""
    return math.log10(torch.finfo(dtype).smallest_normal)


def _groups(calls: Sequence[Call]) -> list[list[Call]]:
    """Calls of which each goes on where one before it ended, as the first that does.

    A cell may get a state of which somebody has made something else on the way: then it goes on from the call that
    autograd's graph leads to, unless the state is zero.
    """
    group_of: dict[Call, list[Call]] = {}
    groups: list[list[Call]] = []
    nodes: dict[Any, Call] = {}
    for call in calls:
        before = call.continues or (_source(call, nodes) if _begun(call) else None)
        nodes |= dict.fromkeys((state.grad_fn for state in call.given), call)
        if before is None or group_of[before][-1] is not before:
            groups.append([])
            group_of[call] = groups[-1]
        else:
            group_of[call] = group_of[before]
        group_of[call].append(call)
    return groups


def _begun(call: Call) -> bool:
    """Whether a step of a cell has a state that is not zero."""
    return call.is_cell and call.initial is not None and any(bool(part.any()) for part in call.initial)


def _source(call: Call, nodes: Mapping[Any, Call]) -> Call | None:
    """The call of the same module whose state, of the graph's `nodes`, is the nearest that its own is made of."""
    level = [state.grad_fn for state in call.initial or ()]
    seen = {None, *level}
    while level and len(seen) < _FARTHEST:
        found = [nodes[node] for node in level if node in nodes and nodes[node].module is call.module]
        if found:
            return max(found, key=lambda one: one.number)
        ahead = {near for node in level if node is not None for near, _ in node.next_functions}
        level = list(ahead - seen)
        seen |= ahead
    return None


class _Networks:
    """The networks of calls, one for the same weights."""

    def __init__(self) -> None:
        self._made: dict[tuple[tuple[int, int], ...], Network] = {}

    def of(self, call: Call) -> Network:
        """That of a call, which holds its weights as long as this is asked."""
        key = tuple((id(values), values._version) for values in call.weights.values())
        if key not in self._made:
            self._made[key] = Network(
                cell=call.cell,
                parameters={name: as_array(values) for name, values in call.weights.items()},
                nonlinearity=getattr(call.module, "nonlinearity", "tanh"),
            )
        return self._made[key]


def _replay_group(group: list[Call], networks: _Networks) -> tuple[Replay, list[str]]:
    for call in group:
        _check_finite(call, _read_and_heard(call))
    if len(group) == 1 and not group[0].is_cell:
        return _replay(group[0], networks)
    parts = [_replay(call, networks, in_group=True) for call in group]
    said = [one for _, remarks in parts for one in remarks]
    return _joined(group, [part for part, _ in parts]), [_why_autograd(group), *said[:1]]


def _why_autograd(group: list[Call]) -> str:
    """Why calls that are one sequence are autograd's, and where its digits end."""
    what = f"{group[0].name} is called step by step" if group[0].is_cell else f"{_name(group)} go on from each other"
    dtype = group[0].dtype
    return (
        f"{what}, {len(group)} times: between the calls the gradient is autograd's, in {_format(group[0])}, which "
        f"loses digits below 10^{log10_floor(dtype):.1f} and is zero below 10^{_smallest(dtype):.1f}. {_TOGETHER}"
    )


def _replay(call: Call, networks: _Networks, *, in_group: bool = False) -> tuple[Replay, list[str]]:
    masks = masks_of(call)
    if masks or (isinstance(call.module, nn.RNNBase) and call.module.proj_size):
        return _by_copy(call, masks)
    return _by_engine(call, networks, by_sequence=in_group)


def _by_engine(call: Call, networks: _Networks, *, by_sequence: bool) -> tuple[Replay, list[str]]:
    name, inputs = title(call), call.by_time(call.inputs)
    assert inputs is not None
    initial = None if call.initial is None else tuple(_of_layers(call, part) for part in call.initial)
    errors = _errors(call)
    try:
        trace = run_network(
            networks.of(call),
            inputs,
            errors,
            initial=initial,
            lengths=call.lengths,
            parameter_gradients=False,
            by_sequence=by_sequence,
        )
    except ValueError as error:
        raise ValueError(f"{name}: {error}") from error
    network = trace.network
    layers = tuple(
        _layer(call, of, of.gates, "engine", -math.inf, network.kind.matrix(network.level(end)))
        for of, end in zip(trace.layers, network.suffixes, strict=True)
    )
    replay = Replay(
        name=name,
        layers=layers,
        log10_norms=trace.log10_norms,
        agreement=Agreement(_outputs_apart(call, trace.states), _gradients_apart(call, trace.input_gradient)),
        trace=trace,
        inputs=inputs,
        errors=errors,
        initial=initial,
        lengths=call.lengths,
    )
    growth = trace.log10_rounding - LOG10_ROUNDING
    return replay, [*_faded(call), *(_too_far(call, replay, growth) or _by_another_way(call, replay, growth))]


def _errors(call: Call) -> Errors:
    """The gradient of the loss by all that a call gave; where it is zero, zeros of h_n alone."""
    output = _from_first(call.by_time(call.output, gradient=True))
    h_n, c_n = (call.by_layer(call.gradients.get(part)) for part in ("h_n", "c_n"))
    if output is None and h_n is None and c_n is None:
        h_n = np.zeros_like(_of_layers(call, call.states[0]))
    return Errors(output=output, h_n=h_n, c_n=c_n)


def _from_first(errors: Array | None) -> Array | None:
    """Errors (T, N, ·) from the first step on at which there is one: the engine has less to do for the others."""
    if errors is None or not errors.any():
        return None
    return errors[int(errors.any(axis=(1, 2)).argmax()) :]


def _by_copy(call: Call, masks: list[torch.Tensor] | None) -> tuple[Replay, list[str]]:
    """By an unrolled copy in float64 and autograd."""
    _check_finite(call, call.weights)
    name, walked = title(call), unroll(call, masks)
    floor = log10_floor(torch.float64)
    states = States(walked.output, walked.ends[0], walked.ends[1] if len(walked.ends) > 1 else None)
    replay = Replay(
        name=name,
        layers=tuple(
            _layer(call, of, of.gate_values, "autograd", floor, _matrix(call, suffix(of.layer, of.reverse)))
            for of in walked.layers
        ),
        log10_norms=_of_inputs(walked.input_gradient),
        agreement=Agreement(_outputs_apart(call, states), _gradients_apart(call, walked.input_gradient)),
    )
    away = _too_far(call, replay, 0.0)
    if masks and away:
        return _by_inputs_alone(call)
    why = "drops states between its layers" if masks else "projects its hidden state (proj_size)"
    said = f"{name} {why}: its gradients are autograd's, of a copy in float64 that is unrolled step by step."
    return replay, [f"{said} {_ALONE}", *_faded(call), *(away or _by_another_way(call, replay, 0.0))]


def _by_inputs_alone(call: Call) -> tuple[Replay, list[str]]:
    """Of a call whose random choices cannot be drawn again: what autograd says of its inputs, and no layers."""
    name, gradient = title(call), call.by_time(call.inputs, gradient=True)
    assert gradient is not None  # what a module gave depends on what it read
    replay = Replay(name=name, layers=(), log10_norms=_of_inputs(gradient), agreement=Agreement(math.nan, math.nan))
    said = (
        f"{name} drops states between its layers, and which ones cannot be drawn again here: of its layers nothing is "
        f"said, and dL/dx is autograd's, in {_format(call)}."
    )
    return replay, [said]


def _layer(
    call: Call, of: NetworkLayer | UnrolledLayer, gates: Mapping[str, Array], by: str, floor: float, matrix: Array
) -> ProbedLayer:
    """One layer in one direction of a replay."""
    hidden, of_each = call.states[0], of.sequence_norms
    entries = hidden.numel() // (len(hidden) if call.has_levels else 1)
    beside = sum(name in of.log10_norms for name in STATE[1:])
    steps, sequences = (0, 0) if of_each is None else of_each["hidden"].shape
    return ProbedLayer(
        name=title(call),
        cell=call.cell,
        layer=of.layer,
        reverse=of.reverse,
        log10_norms=of.log10_norms,
        gates=gates,
        by=by,
        log10_floor=floor,
        matrix=matrix,
        numbers=entries + beside * entries // hidden.shape[-1] * len(matrix),
        sequence_norms=of_each,
        ends=None if of_each is None else np.array(call.lengths or [steps] * sequences),
    )


def _matrix(call: Call, end: str) -> Array:
    """What h is multiplied by in a layer and direction, where the new state is written; projected, in a module."""
    matrix = CELLS[call.cell].matrix({"weight_hh_l0": as_array(call.weights[f"weight_hh{end}"])})
    projection = call.weights.get(f"weight_hr{end}")
    return matrix if projection is None else matrix @ as_array(projection)


def _of_inputs(gradient: Array) -> dict[str, Array]:
    """log10 of the norm of dL/dx_t, of (T, N, D)."""
    return {"input": np.array([log10_norm(torch.from_numpy(step)) for step in gradient])}


def _joined(group: list[Call], parts: list[Replay]) -> Replay:
    """Several calls as one sequence."""
    name, floor = _name(group), log10_floor(group[0].dtype)
    layers = tuple(
        replace(
            same[0],
            name=name,
            log10_norms={
                part: np.concatenate([one.log10_norms[part] for one in same])
                for part in same[0].log10_norms
                if part != "cell_path"  # which begins at the end of the sequence, not of each call
            },
            gates={gate: _one_after_the_other([one.gates[gate] for one in same], np.nan) for gate in same[0].gates},
            by="autograd",
            log10_floor=floor,
            **_each_sequence(same),
        )
        for same in zip(*(part.layers for part in parts), strict=all(part.layers for part in parts))
    )
    apart = np.fmax.reduce(np.array([part.agreement for part in parts]), axis=0)
    norms = {"input": np.concatenate([part.log10_norms["input"] for part in parts])}
    return Replay(name=name, layers=layers, log10_norms=norms, agreement=Agreement(*apart.tolist()))


def _each_sequence(same: Sequence[ProbedLayer]) -> dict[str, Any]:
    """Norms of each sequence over all calls, and how many steps it has."""
    known = [one.sequence_norms for one in same if one.sequence_norms is not None]
    norms = {name: _one_after_the_other([of[name] for of in known], -np.inf) for name in STATE if name in known[0]}
    steps, sequences = norms["hidden"].shape
    return {"sequence_norms": norms, "ends": np.full(sequences, steps)}


def _one_after_the_other(parts: Sequence[Array], nothing: float) -> Array:
    """Values (T, N, ...) of calls as those of one, filled up where sequences have ended: the first ones go on."""
    widest = max(part.shape[1] for part in parts)
    padding = ((0, 0),) * (parts[0].ndim - 2)
    wide = [np.pad(part, ((0, 0), (0, widest - part.shape[1]), *padding), constant_values=nothing) for part in parts]
    return np.concatenate(wide)


def _name(group: list[Call]) -> str:
    if len(group) == 1:
        return title(group[0])
    if group[0].is_cell and group[0].number == 1:
        return group[0].name
    return f"{group[0].name}, calls {group[0].number} to {group[-1].number}"


def _of_layers(call: Call, states: torch.Tensor) -> Array:
    found = call.by_layer(states)
    assert found is not None
    return found


def _read_and_heard(call: Call) -> dict[str, torch.Tensor]:
    """What a call read, and the gradients of what it gave, by what they are."""
    parts = {"what it reads": call.inputs.data if isinstance(call.inputs, PackedSequence) else call.inputs}
    parts |= dict(zip(("the initial h", "the initial c"), call.initial or (), strict=False))
    heard = {part: call.gradients.get(part) for part in ("output", "h_n", "c_n")}
    return parts | {f"the gradient of {part}": of for part, of in heard.items() if of is not None}


def _check_finite(call: Call, parts: Mapping[str, torch.Tensor]) -> None:
    """Refuse what has left its format, by name."""
    for what, values in parts.items():
        if values.numel() and not all(map(torch.isfinite, torch.aminmax(values.detach()))):
            raise ValueError(f"{title(call)}: {what} holds a value that is not finite, in {_format(call)}")


def _outputs_apart(call: Call, states: States) -> float:
    """The largest difference between the call's outputs and a replay's, relative to the largest output."""
    own = [call.by_time(call.output), *(call.by_layer(part) for part in call.states)]
    pairs = [(one, other) for one, other in zip(own, states, strict=False) if one is not None and other is not None]
    largest = max(float(np.abs(one).max()) for one, _ in pairs)
    apart = max(float(np.abs(one - other).max()) for one, other in pairs)
    return apart / largest if largest else apart


def _gradients_apart(call: Call, replayed: Array) -> float:
    """The largest difference of dL/dx_t to autograd's, relative to its norm, where that has all its digits."""
    own = call.by_time(call.inputs, gradient=True)
    if own is None:
        return math.nan
    format_, peaks = torch.finfo(call.dtype), np.abs(own).max(axis=(1, 2))
    steps = (peaks >= format_.smallest_normal / format_.eps) & np.isfinite(peaks)
    if not steps.any():
        return math.nan
    one, other = (part[steps] / peaks[steps, None, None] for part in (own, replayed))
    return float((np.linalg.norm(one - other, axis=(1, 2)) / np.linalg.norm(one, axis=(1, 2))).max())


def _faded(call: Call) -> list[str]:
    """What to say where the loss's gradient has lost digits before it came to the call's outputs."""
    smallest = torch.finfo(call.dtype).smallest_normal
    for part in ("output", "h_n", "c_n"):
        gradient = call.gradients.get(part)
        if gradient is not None and _loses_digits(gradient, smallest):
            return [
                f"At some steps the gradient that arrives at {title(call)} is smaller than "
                f"10^{log10_floor(call.dtype):.1f}, where {_format(call)} loses digits: what is replayed from there "
                "has no more of them."
            ]
    return []


def _loses_digits(gradient: torch.Tensor, smallest: float) -> bool:
    """Whether an entry that is not zero is smaller than that."""
    sizes = np.abs(as_array(gradient))  # torch takes three times as long
    return bool(((sizes > 0.0) & (sizes < smallest)).any())


def _too_far(call: Call, replay: Replay, log10_growth: float) -> list[str]:
    """What to say where the replay's outputs are others than the model's."""
    apart = replay.agreement.outputs
    if apart > _by_rounding(call, log10_growth):
        return [
            f"The replay of {replay.name} gives other outputs than the model, by {apart:.1e} of the largest: more than "
            "rounding explains. Its gradients are those of the replay."
        ]
    if apart > _ANOTHER:
        return [
            f"Errors of rounding, as {_format(call)} makes them at each step, grow in {replay.name} until its states "
            f"are others: the replay in float64 is {apart:.1e} of the largest output away. Its gradients are those "
            "along its own states."
        ]
    return []


def _by_another_way(call: Call, replay: Replay, log10_growth: float) -> list[str]:
    """What to say where the outputs agree, and autograd's dL/dx is another than what the replay sends back."""
    if not replay.agreement.input_gradient > _by_rounding(call, log10_growth):  # true for nan
        return []
    return [
        f"dL/dx of {replay.name} is not autograd's, by {replay.agreement.input_gradient:.1e} of its norm: more than "
        "rounding explains. The loss depends on it by more than what it gave, as one with a gradient penalty does; "
        "what is replayed is the way through its outputs and last states."
    ]


def _by_rounding(call: Call, log10_growth: float) -> float:
    """How far a replay may be from the model, relative to it; beyond 1 rounding explains whatever there is."""
    return float(_AWAY * torch.finfo(call.dtype).eps * 10.0 ** min(log10_growth, 300.0))


def _smallest(dtype: torch.dtype) -> float:
    """log10 of the smallest number of a format."""
    format_ = torch.finfo(dtype)
    return math.log10(format_.smallest_normal) + math.log10(format_.eps)


def _format(call: Call) -> str:
    return str(call.dtype).removeprefix("torch.")
