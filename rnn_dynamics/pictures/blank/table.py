"""The tables of "Fill in the blank": right answers against the gap, and what a gate keeps by word."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa

from rnn_dynamics.pictures.blank.answer import BlankAnswer
from rnn_dynamics.pictures.kit.frames import one_row


def tables(answer: BlankAnswer, texts: Mapping[str, Any], _: Mapping[str, str]) -> dict[str, pa.Table]:
    """Tests (by cell, gap), words (by step), whole."""
    cue, titles = answer.sentence.cue, {name: text for name, text in texts.items() if name not in ("kept", "gradient")}
    return {
        "tests": _tests(answer),
        "words": _words(answer, texts),
        "whole": one_row(
            gap=answer.gap,
            longest=answer.longest,
            chance=answer.chance,
            steps=len(answer.sentence.words),
            cue=cue[0] + 1 if cue else 1,
            cell=answer.cell,
            gated=bool(answer.keeping_gate),
            trained=answer.begun,
            **titles,
        ),
    }


def _tests(answer: BlankAnswer) -> pa.Table:
    """The share of right answers at each number of filler words; `place` counts the networks."""
    rows = [
        (place, cell, gap, right)
        for place, (cell, network) in enumerate(answer.networks.items())
        for gap, right in network.tests
    ]
    places, cells, gaps, rights = zip(*rows, strict=True) if rows else ((), (), (), ())
    return pa.table(
        {
            "place": pa.array(places, pa.uint8()),
            "cell": pa.array(cells, pa.string()),
            "gap": pa.array(gaps, pa.uint16()),
            "accuracy": pa.array(rights, pa.float64()),
        }
    )


def _words(answer: BlankAnswer, texts: Mapping[str, Any]) -> pa.Table:
    """One row for each word: step, word, cue (whether it belongs to it), and what stands beside it.

    Of the gate now mean, low and high over the units, and `before` training its mean; no value where there is none.
    """
    words, cue = answer.sentence.words, answer.sentence.cue or (0, 0)
    nothing = pa.nulls(len(words), pa.float64())
    return pa.table(
        {
            "step": np.arange(1, len(words) + 1, dtype=np.uint16),
            "word": words,
            "cue": [cue[0] <= place < cue[1] for place in range(len(words))],
            **{name: answer.kept.get(name, nothing) for name in ("mean", "low", "high", "before")},
            "kept": pa.array(texts["kept"], pa.string()),
            "gradient": pa.array(texts["gradient"], pa.string()),
        }
    )


def accuracy(answer: BlankAnswer, _: Mapping[str, str]) -> pd.DataFrame:
    """Right answers against the gap: columns cell, filler_words, accuracy, chance."""
    return pd.DataFrame(
        [
            {"cell": cell, "filler_words": gap, "accuracy": right, "chance": answer.chance}
            for cell, network in answer.networks.items()
            for gap, right in network.tests
        ]
    )


def sentence(answer: BlankAnswer, _: Mapping[str, str]) -> pd.DataFrame:
    """The sentence: columns step, word, and before and after training log10_norm_… and gate_mean_…."""
    words, readings = answer.sentence.words, answer.shown.readings
    columns: dict[str, object] = {"step": np.arange(1, len(words) + 1), "word": list(words)}
    columns |= {f"log10_norm_{time}": reading.log10_norms for time, reading in readings.items()}
    return pd.DataFrame(
        columns
        | {
            f"gate_mean_{time}": reading.keeps.mean(axis=1)
            for time, reading in readings.items()
            if reading.keeps is not None
        }
    )
