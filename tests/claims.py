"""Strange settings, and what no sentence may say at any of them: what the tests of the pages' claims share."""

import random
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from rnn_dynamics import Experiment
from tests.reader import LONGEST_LINE

#: Values at which sentences have failed, by field; a page adds its own and leaves out what it has no control for.
STRANGE: Mapping[str, Sequence[Any]] = {
    "cell": ("rnn", "jordan", "lstm", "gru", "mingru", "minlstm", "lru", "slstm", "ssm", "cornn"),
    "weight_scale": (0.1, 0.3, 1.0, 1.6, 3.0, 10.0),
    "sequence_length": (1, 2, 3, 10, 40),
    "hidden_size": (2, 8, 16),
    "batch_size": (1, 2),
    "initialisation": ("gaussian", "orthogonal", "identity", "torch", "keras"),
    "nonlinearity": ("tanh", "relu"),
    "reset_gate": ("after", "before"),
    "input_weights": ("same", "gaussian", "torch", "keras"),
    "input_weight_scale": (0.0, 0.1, 1.0),
    "bias": (True, False),
    "forget_bias": (-2.0, 0.0, 5.0),
    "gate_bias": ("constant", "chrono"),
    "input_scale": (0.0, 0.1, 1.0, 3.0),
    "initial_state": ("zero", "noise", "carried"),
    "loss_at": ("last", "every", "final"),
    "hidden_path": ("open", "cut"),
    "text": ("", "", "a", "ab", "a" * 40),
    "seed": (0, 5, 19),
}
#: Of these there is never one in the plural.
_COUNTED = "steps|networks|directions|layers|rows|exponents|sequences|characters|losses|singular values|input scales"


def strange_settings(opening: Experiment, count: int, **fields: Sequence[Any]) -> Iterator[Experiment]:
    """The opening with each strange value alone, then with all fields strange at once, up to `count` of them in all.

    `fields`: as in STRANGE; an empty one stands still.
    """
    asked = {name: values for name, values in {**STRANGE, **fields}.items() if values}
    alone = [replace(opening, **{name: value}) for name, values in asked.items() for value in values]
    yield from alone
    draw = random.Random(0)
    for _ in range(count - len(alone)):
        yield replace(opening, **{name: draw.choice(values) for name, values in asked.items()})


def assert_readable(text: str) -> None:
    """No number that is none, no plural of one, no unfilled place."""
    for pattern in (
        r"\bnan\b",
        r"\binf\b",
        r"None(?! of the )",
        r"[{}]",
        rf"(?<![\d.,])1 ({_COUNTED})\b",
        r"[×=] ?–",
        r"– (%|°)",
    ):
        found = re.search(pattern, text)
        assert not found, text[max(0, found.start() - 60) : found.end() + 60]


def assert_fits_a_phone(*titles: str) -> None:
    """A phone begins a line at each "|" and "¦"."""
    for title in titles:
        for line in re.split("[|¦]", title):
            assert len(line) <= LONGEST_LINE, line


def briefly(experiment: Experiment) -> str:
    """The name of a test at these settings."""
    return " ".join(str(getattr(experiment, name)) or "noise" for name in STRANGE)


def plain(html: str) -> str:
    """A finding without its tags; a line for each row and each note."""
    lines = re.sub(r"</(?:tr|p)>", "\n", html).replace("</td><td>", " | ")
    return re.sub(r"<[^>]+>", "", lines)


def factor_per_step(log10_norms: NDArray[np.float64]) -> float:
    """The geometric mean of the change per step back between the lags T//5 and 9T//10, of norms at the steps 1 .. T."""
    by_lag, length = log10_norms[::-1], len(log10_norms)
    near, far = length // 5, 9 * length // 10
    if by_lag[far] == -np.inf:
        return 0.0
    return float(10 ** ((by_lag[far] - by_lag[near]) / (far - near)))
