"""A small example computed by hand, by torch and by finite differences, and the text of the functions that ran."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np

from rnn_dynamics.by_hand.arrays import Array, Arrays
from rnn_dynamics.by_hand.example import Example, make_example
from rnn_dynamics.by_hand.finite_differences import WIDTH, finite_differences
from rnn_dynamics.by_hand.lines import Line, letters_of, lines_of
from rnn_dynamics.by_hand.mistakes import MARK, MISTAKES, Backward, Forward, HandWritten
from rnn_dynamics.by_hand.script import comparison_script, torch_lines
from rnn_dynamics.engine.cells import CELLS
from rnn_dynamics.engine.verdict import log10_factor_per_step, median_and_range
from rnn_dynamics.experiment import Experiment
from rnn_dynamics.pictures.kit.remembered import COMPUTING, remembered

#: What other rooms of this picture have from here, beside what is defined here.
__all__ = ["MARK", "WIDTH", "Arrays", "Line"]

#: Cell -> what can be done wrong in it.
MISTAKE_NAMES = {cell: tuple(mistakes) for cell, mistakes in MISTAKES.items()}
#: Largest sizes whose numbers fit on a board, and whose finite differences on a moment.
MOST = {"sequence_length": 6, "batch_size": 3, "input_size": 4, "hidden_size": 3}
#: Above these a difference gets a cross. Rounding leaves 1e-15 of the largest entry; central differences leave 1e-9,
#: and a few 1e-7 where a unit amplifies its own past, as one with a weight of 3 does.
TOLERANCE = 1e-12
TOLERANCE_OF_DIFFERENCES = 1e-6
#: Where both orders of the reset are compared: a network of a size that people train.
RESET_IN = Experiment(cell="gru", hidden_size=128, sequence_length=100)
RESET_SEEDS = range(7)
#: log10 of factors that differ by rounding alone.
_SAME = 1e-9
#: Mistake -> a state, and the value near which it makes the mistake harmless.
_AT_REST = {"no slope": ("h", 0.0), "no tanh": ("c", 0.0), "z swapped": ("z", 0.5)}
#: So close to 0, or ½, that every digit of the results is the same.
_CLOSE = 1e-4


@dataclass(frozen=True, kw_only=True)
class HandAnswer:
    """One example, computed in each way.

    mistake: that is made, "" for none. hand: the functions that ran. torch: torch's outputs. results: "outputs", "h_n"
    and for the LSTM "c_n" -> shape, and largest difference from torch's. gradients: name of a parameter -> largest
    difference from autograd, and from finite differences of the loss that the forward by hand gives. Each in units of
    the largest entry, where that is above 1.
    """

    experiment: Experiment
    mistake: str
    hand: HandWritten
    example: Example
    forward: Forward
    backward: Backward
    torch: Array
    results: Mapping[str, tuple[tuple[int, ...], float]]
    gradients: Mapping[str, tuple[float, float]]

    @property
    def digits(self) -> None:
        """The ticks say how close these numbers are to another program's."""

    @property
    def module(self) -> str:
        """Of torch.nn."""
        return CELLS[self.hand.cell].module

    @property
    def steps(self) -> int:
        """T."""
        return int(self.example.inputs.shape[1])

    def place(self, step: str) -> int:
        """The step, from 1, that is shown where this one is asked for: the last where there are not so many."""
        return min(int(step), self.steps)

    @property
    def forward_gap(self) -> float:
        """Largest difference of any result."""
        return max(gap for _, gap in self.results.values())

    @property
    def gradient_gap(self) -> float:
        """Largest difference of any gradient from autograd's."""
        return max(gap for gap, _ in self.gradients.values())

    @property
    def definition_gap(self) -> float:
        """Largest difference of any gradient from finite differences."""
        return max(gap for _, gap in self.gradients.values())

    @property
    def torchs(self) -> bool:
        """Whether all results and gradients are torch's."""
        return max(self.forward_gap, self.gradient_gap) <= TOLERANCE

    @property
    def right(self) -> bool:
        """Whether all of them are torch's, and the gradients those of the forward by hand."""
        return self.torchs and self.definition_gap <= TOLERANCE_OF_DIFFERENCES

    @property
    def unnoticed(self) -> bool:
        """Whether nothing but finite differences tells that the forward by hand is another function than torch's."""
        return self.torchs and not self.right

    @cached_property
    def harmless_by_itself(self) -> bool:
        """Whether the reason that belongs to a mistake is what makes it harmless here, and not these numbers."""
        if self.mistake in ("no sum", "no carousel", "no direct path"):
            return self.steps == 1
        if self.mistake in ("no flip", "wrong end"):
            return self.steps == 1 or not self.example.both
        if self.mistake not in _AT_REST:
            return False
        state, centre = _AT_REST[self.mistake]
        return all(np.abs(step[state] - centre).max() < _CLOSE for step in self.forward.steps[0])

    @cached_property
    def code(self) -> dict[str, str]:
        """The functions by hand, "forward" and "backward", and the lines that ask "torch"."""
        names, source = self.hand.functions(self.example.both), self.hand.source
        back = [name for name in names if name.endswith(("back", "backward"))]
        forward = "\n\n".join(source(name) for name in names if name not in back)
        return {"forward": forward, "backward": "\n\n".join(map(source, back)), "torch": torch_lines(self.example)}

    @property
    def comparison(self) -> str:
        """The file that repeats the comparison without this library."""
        return comparison_script(self.hand, self.example)

    def lines(self, walk: str) -> tuple[Line, ...]:
        """The lines of a step, "forward" or "backward"."""
        return lines_of(self.hand.source(f"{self.hand.cell}_step{'_back' if walk == 'backward' else ''}"))

    def at_step(self, walk: str, step: int) -> list[Arrays]:
        """What each network has computed by name, at x_t: the reverse one reads x_T first, x_t at its T + 1 − t."""
        first, *reverse = (self.forward if walk == "forward" else self.backward).steps
        return [first[step - 1], *(steps[self.steps - step] for steps in reverse)]

    @property
    def letters(self) -> Mapping[str, tuple[str, ...]]:
        """Name -> shape in letters, of everything that a step computes."""
        return letters_of(self.hand.cell)


@dataclass(frozen=True)
class Resets:
    """log10 of the factor per step of ‖dL/dh_t‖ in the GRUs of RESET_SEEDS, reset before the product, and after it."""

    before: Array
    after: Array

    def range(self, order: str) -> list[float]:
        """The lowest, the median and the highest of an order, "before" or "after"."""
        ends: list[float] = median_and_range(getattr(self, order)).tolist()
        return ends

    @property
    def counts(self) -> tuple[int, int]:
        """In how many of them more of the gradient is lost with the reset after the product, and before it."""
        lead = self.before - self.after
        return int((lead > _SAME).sum()), int((lead < -_SAME).sum())


def ask(experiment: Experiment, views: Mapping[str, str]) -> HandAnswer:
    """Answer for the example at sizes that fit on a board, with the mistake that is chosen for its cell."""
    mistake = views.get(f"{experiment.cell}_mistake", "none")
    sizes = {name: min(most, getattr(experiment, name)) for name, most in MOST.items()}
    return hand_answer(replace(experiment, **sizes), "" if mistake == "none" else mistake)


@remembered
def hand_answer(experiment: Experiment, mistake: str) -> HandAnswer:
    """Answer for one example; `mistake` as in `HandWritten`."""
    from rnn_dynamics.by_hand.against_torch import ask_torch  # it takes a second: title and controls are there before

    with COMPUTING:
        hand, example = HandWritten(experiment.cell, mistake), make_example(experiment)
        forward = hand.forward(example)
        backward = hand.backward(example, forward)
        by_torch, by_autograd = ask_torch(example)
        by_definition = finite_differences(
            lambda moved: example.loss(hand.forward(replace(example, parameters=moved)).outputs), example.parameters
        )
    results = {"outputs": forward.outputs} | {f"{name}_n": state for name, state in forward.states.items()}
    gradients = backward.gradients.items()
    return HandAnswer(
        experiment=experiment,
        mistake=mistake,
        hand=hand,
        example=example,
        forward=forward,
        backward=backward,
        torch=by_torch["outputs"],
        results={name: (value.shape, gap(value, by_torch[name])) for name, value in results.items()},
        gradients={name: (gap(value, by_autograd[name]), gap(value, by_definition[name])) for name, value in gradients},
    )


def gap(value: Array, expected: Array) -> float:
    """Largest difference, in units of the largest expected entry where that is above 1."""
    return float(np.abs(value - expected).max() / max(1.0, np.abs(expected).max()))


@remembered
def resets(initialisation: str, input_scale: float) -> Resets:
    """Which order of the GRU's reset loses more of the gradient, measured."""
    from rnn_dynamics.by_hand.against_torch import gru_gradients

    asked = replace(RESET_IN, initialisation=initialisation, input_scale=input_scale)
    with COMPUTING:
        examples = [make_example(replace(asked, seed=seed)) for seed in RESET_SEEDS]
        gradients = (gru_gradients(examples, reset_before=before) for before in (True, False))
        return Resets(*(log10_factor_per_step(np.log10(np.linalg.norm(found, axis=(2, 3))).T) for found in gradients))
