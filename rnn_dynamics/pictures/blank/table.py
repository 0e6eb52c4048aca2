"""The tables of "Fill in the blank": right answers against the gap, and what a gate keeps by word."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from rnn_dynamics.pictures.blank.answer import BlankAnswer
from rnn_dynamics.pictures.kit.frames import Frame, Tables, Texts, Views, frame, joined, one_row, table


def tables(answer: BlankAnswer, texts: Texts, _: Views) -> Tables:
    """Tests (by cell, gap), words, whole.

    A word has a step, says whether it belongs to the cue, has the gate's mean, low and high over the units now, and
    `before` training its mean (no value where there is none), and what stands beside it: kept and gradient.
    """
    steps, (begin, end) = np.arange(1, len(answer.sentence.words) + 1), answer.sentence.cue or (0, 0)
    return {
        "tests": table(**_tests(answer)),
        "words": table(
            step=steps,
            word=answer.sentence.words,
            cue=(begin < steps) & (steps <= end),
            **{name: answer.kept.get(name, np.nan) for name in ("mean", "low", "high", "before")},
            kept=texts["kept"],
            gradient=texts["gradient"],
        ),
        "whole": one_row(
            texts,
            gap=answer.gap,
            longest=answer.longest,
            chance=answer.chance,
            steps=len(steps),
            cue=begin + 1,
            cell=answer.cell,
            gated=bool(answer.keeping_gate),
            trained=answer.begun,
        ),
    }


def _tests(answer: BlankAnswer) -> dict[str, NDArray[Any]]:
    """The share of right answers at each number of filler words; `place` counts the networks."""
    found = enumerate((network.cell, dict(network.tests)) for network in answer.networks.values())
    parts = ((place, cell, list(rights), list(rights.values())) for place, (cell, rights) in found)
    return joined("place cell gap accuracy", parts)


def accuracy(answer: BlankAnswer, _: Views) -> Frame:
    """Right answers against the gap: columns cell, filler_words, accuracy, chance."""
    found = Frame(_tests(answer)).drop(columns="place").assign(chance=answer.chance)
    return found.rename(columns={"gap": "filler_words"})


def sentence(answer: BlankAnswer, _: Views) -> Frame:
    """The sentence: columns step, word, and before and after training log10_norm_… and gate_mean_…."""
    words, readings = answer.sentence.words, answer.shown.readings
    norms = {f"log10_norm_{time}": reading.log10_norms for time, reading in readings.items()}
    kept = {time: reading.keeps for time, reading in readings.items() if reading.keeps is not None}
    means = {f"gate_mean_{time}": keeps.mean(axis=1) for time, keeps in kept.items()}
    return frame(step=np.arange(1, len(words) + 1), word=words, **norms, **means)
