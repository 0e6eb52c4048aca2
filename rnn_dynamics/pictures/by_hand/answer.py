"""The answer behind the page "By hand": an example computed by hand, by torch and by finite differences."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from rnn_dynamics.by_hand.example import Example, make_example
from rnn_dynamics.by_hand.finite_differences import WIDTH, finite_differences
from rnn_dynamics.by_hand.mistakes import MISTAKES, Backward, Forward, HandWritten
from rnn_dynamics.content import sentences
from rnn_dynamics.engine.factor import log10_factor_per_step
from rnn_dynamics.experiment import Experiment
from rnn_dynamics.pictures.by_hand.table import HandPicture, hand_datasets
from rnn_dynamics.pictures.kit.remembered import COMPUTING

Array = NDArray[np.float64]

PAGE = "by_hand"
#: Cell -> what can be done wrong in it.
MISTAKE_NAMES = {cell: tuple(mistakes) for cell, mistakes in MISTAKES.items()}
#: Above these a difference gets a cross. Rounding leaves 1e-15 of the largest entry; central differences leave 1e-9,
#: and a few 1e-7 where a unit amplifies its own past, as one with a weight of 3 does.
TOLERANCE = 1e-12
TOLERANCE_OF_DIFFERENCES = 1e-6
#: Where both orders of the reset are compared: a network of a size that people train.
RESET_IN = Experiment(cell="gru", hidden_size=128, sequence_length=100)
RESET_SEEDS = range(7)


@dataclass(frozen=True, kw_only=True)
class HandAnswer:
    """One example, computed in each way.

    hand: the functions that ran. torch: torch's outputs. results: "outputs", "h_n" and for the LSTM "c_n" -> shape, and
    largest difference from torch's. gradients: name of a parameter -> largest difference from autograd, and from finite
    differences of the loss that the forward by hand gives. Each in units of the largest entry, where that is above 1.
    """

    hand: HandWritten
    example: Example
    forward: Forward
    backward: Backward
    torch: Array
    results: Mapping[str, tuple[tuple[int, ...], float]]
    gradients: Mapping[str, tuple[float, float]]

    @property
    def steps(self) -> int:
        """T."""
        return int(self.example.inputs.shape[1])

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


@lru_cache(maxsize=256)
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
    return HandAnswer(
        hand=hand,
        example=example,
        forward=forward,
        backward=backward,
        torch=by_torch["outputs"],
        results={name: (value.shape, gap(value, by_torch[name])) for name, value in results.items()},
        gradients={
            name: (gap(value, by_autograd[name]), gap(value, by_definition[name]))
            for name, value in backward.gradients.items()
        },
    )


@lru_cache(maxsize=64)
def reset_factors(initialisation: str, input_scale: float) -> tuple[Array, Array]:
    """log10 of the factor per step of ‖dL/dh_t‖ in the GRUs of RESET_SEEDS, reset before the product, and after it."""
    from rnn_dynamics.by_hand.against_torch import gru_gradients

    asked = replace(RESET_IN, initialisation=initialisation, input_scale=input_scale)
    with COMPUTING:
        examples = [make_example(replace(asked, seed=seed)) for seed in RESET_SEEDS]
        gradients = (gru_gradients(examples, reset_before=before) for before in (True, False))
        before, after = (np.log10(np.linalg.norm(found, axis=(2, 3))).T for found in gradients)
    return log10_factor_per_step(before), log10_factor_per_step(after)


def gap(value: Array, expected: Array) -> float:
    """Largest difference, in units of the largest expected entry where that is above 1."""
    return float(np.abs(value - expected).max() / max(1.0, np.abs(expected).max()))


@lru_cache(maxsize=256)
def hand_picture(experiment: Experiment, mistake: str, step: int) -> dict[str, bytes]:
    """The picture's datasets, for the first sequence."""
    answer, words = hand_answer(experiment, mistake), sentences(PAGE)
    says = numbers_of(answer)
    size = experiment.hidden_size
    arrows = ("→", "←") if experiment.bidirectional else ("",)
    return hand_datasets(
        HandPicture(
            hand=answer.forward.outputs[0],
            torch=answer.torch[0],
            tolerance=TOLERANCE,
            units=[f"h{unit}{arrow}".translate(_SUBSCRIPT) for arrow in arrows for unit in range(1, size + 1)],
            step=min(step, answer.steps),
            titles=tuple(words["titles"][name].format(**says) for name in ("hand", "torch", "difference")),
            claim=words["claims"][_claim(answer, mistake)].format(**says),
        )
    )


def _claim(answer: HandAnswer, mistake: str) -> str:
    """Which claim is the most telling true one."""
    if answer.right:
        return "unharmed" if mistake else "right"
    if answer.unnoticed:
        return "definition"
    if answer.results["outputs"][1] > TOLERANCE:
        return "outputs"
    return "states" if answer.forward_gap > TOLERANCE else "gradients"


def numbers_of(answer: HandAnswer) -> dict[str, str | int]:
    """What the sentences are filled with."""
    sequences, steps, inputs = answer.example.inputs.shape
    hidden = answer.example.parameters["weight_hh_l0"].shape[1]
    return {
        "N": sequences,
        "T": steps,
        "D": inputs,
        "H": hidden,
        "module": {"rnn": "RNN", "lstm": "LSTM", "gru": "GRU"}[answer.hand.cell],
        "count": answer.forward.outputs.size,
        "outputs_gap": short(answer.results["outputs"][1]),
        "states_gap": short(max(gap for name, (_, gap) in answer.results.items() if name != "outputs")),
        "forward_gap": short(answer.forward_gap),
        "gradient_gap": short(answer.gradient_gap),
        "definition_gap": short(answer.definition_gap),
        "parameters": sum(value.size for value in answer.example.parameters.values()),
        "outputs_tick": tick(answer.results["outputs"][1], TOLERANCE),
        "forward_tick": tick(answer.forward_gap, TOLERANCE),
        "gradient_tick": tick(answer.gradient_gap, TOLERANCE),
        "definition_tick": tick(answer.definition_gap, TOLERANCE_OF_DIFFERENCES),
        "width": short(WIDTH),
        "tolerance": short(TOLERANCE),
        "tolerance_of_differences": short(TOLERANCE_OF_DIFFERENCES),
    }


def short(value: float) -> str:
    """A difference with two digits: 0, 2.2e-16, 0.41."""
    return (
        "0"
        if value == 0.0
        else f"{value:.2g}"
        if value >= 0.001
        else f"{value:.1e}".replace(".0e", "e").replace("e-0", "e-")
    )


def tick(value: float, tolerance: float) -> str:
    """Whether a difference is one of rounding."""
    return "✓" if value <= tolerance else "✗"


_SUBSCRIPT = str.maketrans("123456789", "₁₂₃₄₅₆₇₈₉")
