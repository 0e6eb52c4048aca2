"""The latch x' = tanh(w x) below the picture: its datasets, title and sentence."""

from __future__ import annotations

from functools import lru_cache

import numpy as np

from rnn_dynamics.content import sentences
from rnn_dynamics.engine.theory import latch
from rnn_dynamics.pictures.kit.numbers import power_of_ten
from rnn_dynamics.pictures.latch.table import START, STEPS, latch_datasets

#: What the slider of w offers, as a link spells it; an attractor's slope is 1 at w = 1.
WEIGHTS = tuple(f"{weight / 20:.2f}" for weight in range(1, 61))
OPENING_WEIGHT = "1.25"


@lru_cache(maxsize=len(WEIGHTS))
def latch_picture(page: str, weight: str) -> tuple[dict[str, bytes], str]:
    """Datasets and sentence at a weight w."""
    words, answer = sentences(page)["latch"], latch(float(weight))
    case = "two" if len(answer.attractors) > 1 else "edge" if answer.slope == 1.0 else "one"
    says = {
        "weight": weight,
        "attractor": f"{answer.attractors[-1]:.2f}",
        "slope": f"{answer.slope:.2f}" if answer.slope > 0.005 else f"{answer.slope:.1g}",
        "steps": STEPS,
        "start": START,
        "left": power_of_ten(STEPS * float(np.log10(answer.slope))),
    }
    titles = tuple(line.format(**says) for line in words["titles"][case])
    return latch_datasets(float(weight), titles), words[case].format(**says)
