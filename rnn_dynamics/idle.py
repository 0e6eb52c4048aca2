"""Which settings have no effect beside the others."""

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import replace
from typing import Any

from rnn_dynamics.engine.cells import CELLS, Cell
from rnn_dynamics.engine.cells.cell import has_w_hh, is_plain, takes_forget_bias
from rnn_dynamics.experiment import Experiment, settings


def why_idle(name: str, now: Mapping[str, Any], pictured: Collection[str]) -> str:
    """Why a setting has no effect: the key of the sentence that says it (`idle` in content/en/app.toml), or "".

    `now`: every setting. `pictured`: the cells whose networks are shown.
    """
    return MAY_IDLE[name](now, [CELLS[cell] for cell in pictured]) if name in MAY_IDLE else ""


def _no_gates(cells: Sequence[Cell]) -> str:
    return "gate_bias" * (not any(cell.gates for cell in cells))


def _no_forget_bias(now: Mapping[str, Any], cells: Sequence[Cell]) -> str:
    if not any(map(takes_forget_bias, cells)):
        return "forget_bias"
    return "no_biases" * (now.get("bias") is False) or "gate_biases" * _has_own_gate_biases(now)


def _has_own_gate_biases(now: Mapping[str, Any]) -> bool:
    """Whether the forget bias is not added, because a scheme of its own sets the biases of the gates."""
    return bool(now.get("gate_bias", "constant") != "constant")


def _no_recurrent_weights(cells: Sequence[Cell]) -> str:
    return "weight_scale" * (not any(cell.state_matrix for cell in cells))


def _nothing_to_cut(_: Mapping[str, Any], cells: Sequence[Cell]) -> str:
    return "hidden_path" * (not any(map(has_w_hh, cells)))


def _no_choice_of_layers(now: Mapping[str, Any]) -> str:
    return "one_layer" if now.get("num_layers") == 1 else "no_forget_bias" * (not now.get("forget_bias"))


def _biases_are_zero(now: Mapping[str, Any], cells: Sequence[Cell]) -> bool:
    """Whether the initialisation, a cell's own, the forget bias and the gate bias make none that is not."""
    of_gates = _has_own_gate_biases(now) and not _no_gates(cells)
    forget = now.get("forget_bias") and not _no_forget_bias({**now, "bias": True}, cells)
    drawn = now.get("initialisation") in ("torch", "linear") or any(cell.torch_bias for cell in cells)
    return not (drawn or of_gates or forget)


#: Setting -> why it has no effect, given all settings and the cells that are pictured.
MAY_IDLE: Mapping[str, Callable[[Mapping[str, Any], Sequence[Cell]], str]] = {
    "bias": lambda now, cells: "zero_biases" * _biases_are_zero(now, cells),
    "forget_bias": _no_forget_bias,
    "forget_bias_layers": lambda now, cells: _no_forget_bias(now, cells) or _no_choice_of_layers(now),
    "gate_bias": lambda now, cells: _no_gates(cells) or "no_biases" * (now.get("bias") is False),
    "nonlinearity": lambda _, cells: "nonlinearity" * (not any(map(is_plain, cells))),
    "reset_gate": lambda _, cells: "reset_gate" * (CELLS["gru"] not in cells),
    "weight_scale": lambda _, cells: _no_recurrent_weights(cells),
    "hidden_path": _nothing_to_cut,
    "sequence_length": lambda now, _: "sequence_length" * bool(now.get("text")),
    "input_size": lambda now, _: "input_size" * bool(now.get("text")),
}

#: Settings of which an answer tells nothing where they have no effect; biases of zero are parameters still.
_USUAL = {name: value for name, value in settings(Experiment()).items() if name in MAY_IDLE and name != "bias"}


def without_idle(experiment: Experiment) -> Experiment:
    """The question with the usual value of each setting that has no effect, so that all who ask it ask the same."""
    now = settings(experiment)
    away = (name for name, usual in _USUAL.items() if now[name] != usual)
    idle = {name: _USUAL[name] for name in away if why_idle(name, now, [experiment.cell])}
    return replace(experiment, **idle) if idle else experiment
