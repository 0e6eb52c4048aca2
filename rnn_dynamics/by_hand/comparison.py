"""How far an example that is computed by hand is from torch's, from autograd's, and from the definition."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import ClassVar, Self

import numpy as np

from rnn_dynamics.by_hand.arrays import Array, Arrays
from rnn_dynamics.by_hand.example import Example
from rnn_dynamics.by_hand.finite_differences import WIDTH, finite_differences
from rnn_dynamics.by_hand.lines import letters_of, lines_of
from rnn_dynamics.by_hand.mistakes import Backward, Forward, HandWritten

#: Above these a difference is more than rounding, which leaves 1e-15 of the largest entry; central differences leave
#: 1e-9, and a few 1e-7 where a unit amplifies its own past, as one with a weight of 3 does.
TOLERANCE = 1e-12
TOLERANCE_OF_DIFFERENCES = 1e-6
#: Mistake -> a state, and the value near which it makes the mistake harmless.
_AT_REST = {"no slope": ("h", 0.0), "no tanh": ("c", 0.0), "z swapped": ("z", 0.5)}
#: So close to 0, or ½, that every digit of the results is the same.
_CLOSE = 1e-4


class Gap(float):
    """Largest difference of two arrays, in units of the largest expected entry where that is above 1.

    within: rounding alone explains a difference that is at most this.
    """

    within: float

    def __new__(cls, value: Array, expected: Array, within: float = TOLERANCE) -> Self:
        """Of an array from what is expected of it."""
        gap = super().__new__(cls, np.abs(value - expected).max() / max(1.0, np.abs(expected).max()))
        gap.within = within
        return gap

    @property
    def closed(self) -> bool:
        """Whether rounding alone explains it."""
        return self <= self.within


@dataclass(frozen=True, kw_only=True)
class Comparison:
    """One example, computed in each way.

    mistake: as in `HandWritten`. hand: the functions that ran. torch: torch's outputs. results: "outputs", "h_n" and
    for the LSTM "c_n" -> shape, and largest difference from torch's. gradients: name of a parameter -> largest
    difference from autograd, and from finite differences of the loss that the forward by hand gives.
    """

    #: How far finite differences move a number.
    width: ClassVar[float] = WIDTH

    mistake: str
    hand: HandWritten
    example: Example
    forward: Forward
    backward: Backward
    torch: Array
    results: Mapping[str, tuple[tuple[int, ...], Gap]]
    gradients: Mapping[str, tuple[Gap, Gap]]

    @property
    def steps(self) -> int:
        """T."""
        return int(self.example.inputs.shape[1])

    @property
    def forward_gap(self) -> Gap:
        """Largest difference of any result."""
        return max(gap for _, gap in self.results.values())

    @property
    def states_gap(self) -> Gap:
        """Largest difference of any last state."""
        return max(gap for name, (_, gap) in self.results.items() if name != "outputs")

    @property
    def gradient_gap(self) -> Gap:
        """Largest difference of any gradient from autograd's."""
        return max(gap for gap, _ in self.gradients.values())

    @property
    def largest_gap(self) -> Gap:
        """Largest difference of any result or gradient from torch's."""
        return max(self.forward_gap, self.gradient_gap)

    @property
    def definition_gap(self) -> Gap:
        """Largest difference of any gradient from finite differences."""
        return max(gap for _, gap in self.gradients.values())

    @property
    def torchs(self) -> bool:
        """Whether all results and gradients are torch's."""
        return self.forward_gap.closed and self.gradient_gap.closed

    @property
    def right(self) -> bool:
        """Whether all of them are torch's, and the gradients those of the forward by hand."""
        return self.torchs and self.definition_gap.closed

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

    def at_step(self, walk: str, step: int) -> list[Arrays]:
        """What each network has computed by name, at x_t: the reverse one reads x_T first, x_t at its T + 1 − t."""
        first, *reverse = (self.forward if walk == "forward" else self.backward).steps
        return [first[step - 1], *(steps[self.steps - step] for steps in reverse)]

    def lines(self, walk: str) -> list[tuple[str, dict[str, tuple[str, ...]]]]:
        """Of each line of a step, "forward" or "backward": its text, and name -> shape in letters computed."""
        letters, name = letters_of(self.hand.cell), f"{self.hand.cell}_step{'_back' if walk == 'backward' else ''}"
        lines = lines_of(self.hand.source(name))
        return [(line.text, {name: letters[name] for name in line.names if name in letters}) for line in lines]


def losses(hand: HandWritten, example: Example, parameters: Arrays) -> Array:
    """The losses (K,) of K networks with these parameters, (K, ...) in place of (...), by one forward by hand."""
    together = example.side_by_side(parameters)
    return together.losses(hand.forward(together).outputs, len(parameters["weight_hh_l0"]))


def compare(example: Example, mistake: str, by_torch: Arrays, by_autograd: Arrays) -> Comparison:
    """Compute an example by hand, with a mistake as in `HandWritten`, and compare it with what `ask_torch` says."""
    hand = HandWritten(example.cell, mistake)
    forward = hand.forward(example)
    backward = hand.backward(example, forward)
    by_definition = finite_differences(lambda moved: losses(hand, example, moved), example.parameters)
    results = {"outputs": forward.outputs} | {f"{name}_n": state for name, state in forward.states.items()}
    gradients = backward.gradients.items()
    return Comparison(
        mistake=mistake,
        hand=hand,
        example=example,
        forward=forward,
        backward=backward,
        torch=by_torch["outputs"],
        results={name: (value.shape, Gap(value, by_torch[name])) for name, value in results.items()},
        gradients={
            name: (Gap(value, by_autograd[name]), Gap(value, by_definition[name], TOLERANCE_OF_DIFFERENCES))
            for name, value in gradients
        },
    )
