"""What "The additive cell path" claims, at a hundred strange settings, held against the network's own numbers."""

import re
from dataclasses import replace

import numpy as np

from rnn_dynamics import Experiment, run, split_additive_path
from rnn_dynamics.content.numbers import power_of_ten, times
from rnn_dynamics.engine.verdict import judge
from rnn_dynamics.pictures.additive_path import PICTURE
from tests.claims import assert_readable, plain, strange_settings
from tests.every import every
from tests.pictured import drawn_by, said_by

OPENING = Experiment(cell="lstm", sequence_length=40, hidden_size=8, batch_size=2, forget_bias=3.0)
SETTINGS = list(strange_settings(OPENING, 110, cell=("lstm", "gru")))
STATE = {"lstm": "c", "gru": "h"}


def said_at(experiment: Experiment) -> tuple[str, str, list[str]]:
    """The finding, the title over the curves, and all other texts of the picture, that of the curves alone too."""
    drawn = drawn_by(PICTURE, experiment, panels="all")
    (whole,), (alone,) = drawn["whole"], drawn_by(PICTURE, experiment)["whole"]
    assert None not in whole.values()
    texts = [row["text"] for name in ("labels", "names") for row in drawn[name]]
    said = plain(said_by(PICTURE, experiment, panels="all"))
    return said, whole["curves"], [whole["map"], alone["curves"], *texts]


@every("experiment", SETTINGS)
def test_every_claim_holds_beside_its_numbers(experiment: Experiment) -> None:
    said, title, texts = said_at(experiment)
    assert_readable("\n".join([said, title, *texts]))
    split, rnn = split_additive_path(experiment), run(replace(experiment, cell="rnn")).log10_norms["hidden"]
    total = judge(split.total)
    shares = {"total": total.orders, "path": float(split.path[0] - split.total[-1]), "rnn": float(rnn[0] - rnn[-1])}
    _, _, *lines = said.splitlines()
    for line, name in zip(lines, ("total", "path", "rest", "rnn"), strict=False):
        assert name == "rest" or f" | {power_of_ten(shares[name])} | " in line
        assert ("∂L/∂" in line) == (name in ("total", "rnn"))
    assert f"| {times(total.log10_factor)} |" in lines[0]
    if experiment.sequence_length == 1:
        assert title.startswith("Only one step")
    else:
        assert f"∂L/∂{STATE[experiment.cell]}ₜ is" in title
        assert f"×{power_of_ten(shares['total'])}" in title
        assert f"×{power_of_ten(shares['rnn'])}" in title
    vanishes = total.outcome == "vanishes"
    shown = experiment.hidden_path == "open" and experiment.loss_at != "every" and experiment.sequence_length > 1
    assert ("forgets here" in said) == (vanishes and shown)
    if shown and vanishes:
        path = judge(split.path)
        assert re.search(rf"additive path alone \(gate \S+\) {times(path.log10_factor)};", said)
        assert f"a step back leaves {times(total.log10_factor)} of its" in said
    parts = experiment.hidden_path == "open" and np.isfinite(split.cosine[0])
    assert ("between two such detours" in said) == (parts and split.path[0] - split.total[0] < -1.0)


def test_the_average_gate_is_smaller_than_the_factor_of_the_norm_at_the_presets() -> None:
    for cell, forget_bias in (("lstm", 0.0), ("lstm", 3.0), ("gru", 0.0)):
        asked = Experiment(cell=cell, batch_size=2, forget_bias=forget_bias)
        gates = run(asked).gates["z" if cell == "gru" else "f"]
        assert np.log10(gates[:, 0]).mean() < judge(split_additive_path(asked).path).log10_factor
        assert f"over steps and units is {10 ** np.log10(gates[:, 0]).mean():.3g};" in said_at(asked)[0]
