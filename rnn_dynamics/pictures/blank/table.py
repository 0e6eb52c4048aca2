"""The tables of "Fill in the blank": right answers against the gap, and what a gate keeps by word."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from rnn_dynamics.pictures.blank.answer import BlankAnswer
from rnn_dynamics.pictures.kit.axes import level_place
from rnn_dynamics.pictures.kit.frames import Frame, Tables, Texts, Views, joined, one_row, table

#: How much the name of chance takes of its panel's width.
_CHANCE = 0.18


def tables(answer: BlankAnswer, texts: Texts, _: Views) -> Tables:
    """Tests (by cell, gap), words, whole.

    A word has a step, says whether it belongs to the cue, has the gate's mean, low and high over the units now, and
    `before` training its mean (no value where there is none), and what stands beside it: kept and gradient.
    """
    words, sentence, longest = answer.by_word, answer.sentence, 2 * answer.experiment.sequence_length + 2
    gate = words.rename(columns={"gate_mean_before": "before", f"gate_mean_{answer.time}": "mean"})
    return {
        "tests": table(**_tests(answer)),
        "words": table(
            step=words["step"],
            word=sentence.words,
            cue=sentence.of_cue,
            **gate.reindex(columns=["mean", "low", "high", "before"]),
            kept=texts["kept"],
            gradient=texts["gradient"],
        ),
        "whole": one_row(
            texts,
            gap=answer.training.gap,
            longest=longest,
            chance=answer.training.chance_accuracy,
            **_name_of_chance(answer, longest),
            steps=len(words),
            cue=sentence.cue[0] + 1 if sentence.cue else 1,
            cell=answer.cell,
        ),
    }


def _name_of_chance(answer: BlankAnswer, longest: int) -> dict[str, Any]:
    """Where it stands: `end` and `above`."""
    tests = (np.transpose(network.tests) for network in answer.networks if network.tests)
    return level_place(
        answer.training.chance_accuracy, ((gaps, right) for gaps, right in tests), longest, (0.0, 1.0), _CHANCE
    )


def _tests(answer: BlankAnswer) -> dict[str, NDArray[Any]]:
    """The share of right answers at each number of filler words; `place` counts the networks."""
    tested = [network for network in answer.networks if network.tests]
    found = ((place, of.cell.name, *zip(*of.tests, strict=True)) for place, of in enumerate(tested))
    return joined(("place", "cell", "gap", "accuracy"), found)


def accuracy_file(answer: BlankAnswer, _: Views) -> Frame:
    """Right answers against the gap: columns cell, filler_words, accuracy, chance."""
    found = Frame(_tests(answer)).drop(columns="place").assign(chance=answer.training.chance_accuracy)
    return found.rename(columns={"gap": "filler_words"})


def sentence_file(answer: BlankAnswer, _: Views) -> Frame:
    """The sentence: columns step, word, and before and after training log10_norm_… and gate_mean_…."""
    return answer.by_word.drop(columns=["low", "high"], errors="ignore")
