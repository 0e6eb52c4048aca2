"""Mistakes that people make in these functions, and the functions with one of them made.

A mistake is one line put in place of another in the source. The changed source is compiled, so it is at once what a
reader is shown and what runs.
"""

import inspect
from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache
from types import ModuleType
from typing import Any

from rnn_dynamics.by_hand import bidirectional, gru, lstm, rnn
from rnn_dynamics.by_hand.arrays import Array, Arrays
from rnn_dynamics.by_hand.example import Example
from rnn_dynamics.experiment import one_of

_CELLS = {"rnn": rnn, "lstm": lstm, "gru": gru}
#: Stands at the end of a changed line.
MARK = "  # ← changed"


@dataclass(frozen=True)
class Mistake:
    """One line of a function, and what stands in its place; leading blanks left out."""

    function: str
    right: str
    wrong: str


_BOTH = {
    "no flip": Mistake(
        "bidirectional_forward",
        "both = np.concatenate([outputs, outputs_reverse[:, ::-1]], axis=2)",
        "both = np.concatenate([outputs, outputs_reverse], axis=2)",
    ),
    "wrong end": Mistake(
        "bidirectional_forward",
        "last, last_reverse = steps[-1], steps_reverse[-1]",
        "last, last_reverse = steps[-1], steps_reverse[0]",
    ),
}
#: Cell -> name -> mistake; those of both directions come last.
MISTAKES: dict[str, dict[str, Mistake]] = {
    "rnn": {
        "no b_hh": Mistake(
            "rnn_step",
            "a = x @ W_ih.T + b_ih + h_before @ W_hh.T + b_hh",
            "a = x @ W_ih.T + b_ih + h_before @ W_hh.T",
        ),
        "no slope": Mistake("rnn_step_back", 'd_a = d_h * (1 - step["h"] ** 2)', "d_a = d_h"),
        "no sum": Mistake(
            "rnn_backward",
            'gradients["weight_hh_l0"] += back["d_a"].T @ steps[t]["h_before"]',
            'gradients["weight_hh_l0"] = back["d_a"].T @ steps[t]["h_before"]',
        ),
        **_BOTH,
    },
    "lstm": {
        "gates swapped": Mistake(
            "lstm_step", "a_i, a_f, a_g, a_o = np.split(a, 4, axis=1)", "a_i, a_g, a_f, a_o = np.split(a, 4, axis=1)"
        ),
        "no tanh": Mistake("lstm_step", "h = o * np.tanh(c)", "h = o * c"),
        "no carousel": Mistake(
            "lstm_step_back",
            'd_c = d_h * o * (1 - np.tanh(step["c"]) ** 2) + d_c_after',
            'd_c = d_h * o * (1 - np.tanh(step["c"]) ** 2)',
        ),
        **_BOTH,
    },
    "gru": {
        "z swapped": Mistake("gru_step", "h = (1 - z) * n + z * h_before", "h = z * n + (1 - z) * h_before"),
        "early reset": Mistake(
            "gru_step",
            "n = np.tanh(u_n + r * v_n)",
            "n = np.tanh(u_n + (r * h_before) @ np.split(W_hh, 3)[2].T + np.split(b_hh, 3)[2])",
        ),
        "no direct path": Mistake(
            "gru_step_back", 'd_h_before = d_v @ step["W_hh"] + d_h * z', 'd_h_before = d_v @ step["W_hh"]'
        ),
        **_BOTH,
    },
}


@dataclass(frozen=True)
class Forward:
    """outputs (N, T, H) or (N, T, 2H). states: "h" and for the LSTM "c", the last ones, (directions, N, H).

    steps: for each direction, in the order in which it reads, what each step computed, by name.
    """

    outputs: Array
    states: Arrays
    steps: tuple[list[Arrays], ...]


@dataclass(frozen=True)
class Backward:
    """gradients: of the loss by each parameter. steps: as in `Forward`, first step first, of the way back."""

    gradients: Arrays
    steps: tuple[list[Arrays], ...]


class HandWritten:
    """The functions of one cell, as they stand or with one mistake made.

    Args:
        cell: "rnn", "lstm" or "gru".
        mistake: a name in MISTAKES[cell], or "none".

    Raises:
        ValueError: there is no such cell, or it has no mistake of that name.
    """

    def __init__(self, cell: str, mistake: str = "none") -> None:
        self.cell = one_of("cell", cell, MISTAKES)
        self.mistake = MISTAKES[cell].get(one_of("mistake", mistake, ("none", *MISTAKES[cell])))
        self._functions = _functions(cell, self.mistake)

    def forward(self, example: Example) -> Forward:
        """Run the example forward."""
        walk = self.function(f"{self.cell}_forward")
        if example.both:
            return Forward(*self.function("bidirectional_forward")(walk, example.inputs, example.parameters))
        outputs, steps = walk(example.inputs, example.parameters)
        return Forward(outputs, {name: steps[-1][name][None] for name in ("h", "c") if name in steps[-1]}, (steps,))

    def backward(self, example: Example, forward: Forward) -> Backward:
        """Run the loss of a forward pass backward."""
        walk, d_outputs = self.function(f"{self.cell}_backward"), forward.outputs - example.targets
        if example.both:
            both = self.function("bidirectional_backward")
            return Backward(*both(walk, d_outputs, example.parameters, forward.steps))
        gradients, steps = walk(d_outputs, example.parameters, forward.steps[0])
        return Backward(gradients, (steps,))

    def functions(self, both: bool) -> tuple[str, ...]:
        """The names of the functions that run, in the order in which one would write them down."""
        of_cell = tuple(f"{self.cell}_{part}" for part in ("step", "forward", "step_back", "backward"))
        of_both = ("bidirectional_forward", "bidirectional_backward", "by_direction")
        return of_cell + (of_both if both else ())

    def function(self, name: str) -> Callable[..., Any]:
        """One of the functions, as it runs."""
        return self._functions[name]

    def source(self, function: str) -> str:
        """The text of one of the functions, a changed line marked."""
        module = _CELLS[self.cell] if hasattr(_CELLS[self.cell], function) else bidirectional
        return _changed(_source(getattr(module, function)), self.mistake)


@lru_cache(maxsize=32)
def _source(function: Callable[..., Any]) -> str:
    """Kept, for inspect reads a file anew: of all functions of a cell that takes as long as the finding about them."""
    return inspect.getsource(function)


def _changed(source: str, mistake: Mistake | None) -> str:
    return source.replace(mistake.right, mistake.wrong + MARK) if mistake else source


@lru_cache
def _functions(cell: str, mistake: Mistake | None) -> dict[str, Callable[..., Any]]:
    """All functions of a cell and of both directions, compiled anew where a line of their file is changed."""
    names: dict[str, Callable[..., Any]] = {}
    for module in (_CELLS[cell], bidirectional):
        names |= vars(_compiled(module, mistake) if mistake and hasattr(module, mistake.function) else module)
    return names


def _compiled(module: ModuleType, mistake: Mistake) -> ModuleType:
    """A module whose source has one line changed."""
    new = ModuleType(module.__name__)
    exec(compile(_changed(inspect.getsource(module), mistake), str(module.__file__), "exec"), vars(new))
    return new
