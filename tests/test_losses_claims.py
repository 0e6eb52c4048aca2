"""What "Which loss, how far back" claims, at a hundred strange settings, held against the losses one by one."""

import re
from dataclasses import replace

import numpy as np
import pytest

from rnn_dynamics import Experiment, run, run_losses
from rnn_dynamics.pictures.losses import PICTURE
from rnn_dynamics.pictures.losses.answer import loss_answer
from tests.claims import assert_fits_a_phone, assert_readable, factor_per_step, plain, strange_settings
from tests.every import every
from tests.pictured import drawn_by, said_by

OPENING = Experiment(cell="rnn", sequence_length=30, hidden_size=8, batch_size=2, forget_bias=3.0)
PRESET = Experiment(cell="rnn", sequence_length=100, batch_size=2, forget_bias=3.0)
#: Settings at which sentences have failed.
KNOWN = [
    replace(PRESET, nonlinearity="relu", sequence_length=10),
    replace(PRESET, cell="lstm", weight_scale=6.0, initialisation="identity", sequence_length=50),
    replace(PRESET, weight_scale=1.6, sequence_length=10, hidden_size=2, input_scale=0.0),
    replace(PRESET, sequence_length=2),
]
SETTINGS = [
    *KNOWN,
    *strange_settings(OPENING, 110, loss_at=(), hidden_path=(), text=(), hidden_size=(2, 8)),
]


def said_at(experiment: Experiment) -> str:
    """Titles, labels, table and notes."""
    datasets = drawn_by(PICTURE, experiment)
    (whole,), (kept,) = datasets["whole"], datasets["cut"]
    (cut,) = drawn_by(PICTURE, experiment, below="truncation")["cut"]
    labels = [row["text"] for name in ("pointed", "labels") for row in datasets[name]]
    bars = drawn_by(PICTURE, experiment, below="shares")["whole"][0]["bars"]
    titles = [whole["curves"], whole["map"], bars, kept["cut"], cut["cut"]]
    assert_fits_a_phone(*titles)
    return "\n".join([*titles, *labels, plain(said_by(PICTURE, experiment))])


def near_share(experiment: Experiment) -> float:
    """Per cent of what arrives at the steps of the first half that comes from at most five steps ahead."""
    shares, length = loss_answer(experiment).trace.shares, experiment.sequence_length
    half = (length + 1) // 2
    return float(100.0 * np.mean([shares[t : t + 6, t].sum() for t in range(half)]))


@every("experiment", SETTINGS)
def test_every_claim_holds_beside_its_numbers(experiment: Experiment) -> None:
    said, length = said_at(experiment), experiment.sequence_length
    assert_readable(said)
    assert "hides little" not in said
    curves = {at: run(replace(experiment, loss_at=at)).log10_norms["hidden"] for at in ("every", "last")}
    factors = {at: factor_per_step(norms) for at, norms in curves.items()} if length > 1 else {}
    if "hides vanishing" in said:
        assert factors["last"] < 10**-0.02 <= factors["every"]
    if "Errors grow" in said:
        assert factors["last"] > 10**0.02
    near = near_share(experiment)
    for told in re.finditer(r"(\S+) % of what arrives[^.]*?(at most|more than)[ |]5", said.replace("|", " ")):
        shown = float(told[1].replace("−", "-"))
        assert shown == pytest.approx(near if told[2] == "at most" else 100.0 - near, abs=0.51)
        assert 49.0 <= shown <= 101.0
    if "against each other:" in said:
        assert not -0.5 <= near <= 100.5
    if match := re.search(r"At least half .* within (\d+) step", said):
        assert 2 * sum(horizon <= int(match[1]) for horizon in horizons(experiment)) >= length
    marked, by_lag = loss_answer(experiment).marked, curves["last"][::-1]
    thin, left = horizons(experiment)[marked - 1], np.flatnonzero(by_lag >= by_lag[0] - 2.0)[-1] + 1.0
    last = left if left < length else np.inf
    assert ("fades in its own time" in said) == (thin != last and max(thin, last) < np.inf)
    if match := re.search(r"that at step (\d+) \(thin.* left after (\d+) steps?, of the last .* (\d+) step", said):
        assert [int(number) for number in match.groups()] == [marked, thin, last]
        assert re.search(rf"thin line: loss of step {marked}, < 1 % after {match[2]} step", said)
    if "Most single losses" in said:
        assert 2 * sum(horizon == np.inf for horizon in horizons(experiment)) > length
    assert_enough_is_exact(experiment, said)


def horizons(experiment: Experiment) -> list[float]:
    """For each loss the lag from which on less than 1 % of its gradient is left; inf where there is none."""
    found = []
    for k, norms in enumerate(loss_answer(experiment).trace.log10_norms):
        by_lag = norms[k::-1]
        left = [lag for lag, norm in enumerate(by_lag) if norm >= by_lag[0] - 2.0]
        found.append(left[-1] + 1.0 if left[-1] < k else np.inf)
    return found


def assert_enough_is_exact(experiment: Experiment, said: str) -> None:
    """The truncation that is called enough is the smallest from which on all errors are within one per cent."""
    answer, length = loss_answer(experiment).trace, experiment.sequence_length
    each = run_losses(answer.experiment, range(1, length + 1))
    for name, errors in each.log10_errors.items():
        if np.isnan(errors).any():
            assert answer.sufficient[name] is None
        else:
            assert answer.sufficient[name] == max(np.flatnonzero(errors > -2.0), default=-1) + 2
            assert f"τ = {answer.sufficient[name]}" in said


# The prose


def test_at_the_opening_each_single_loss_is_forgotten_within_a_dozen_steps() -> None:
    assert max(horizon for horizon in horizons(PRESET)[12:]) <= 12


def test_the_same_truncation_costs_the_network_without_gates_nothing_and_cuts_most_off_the_lstm() -> None:
    at = loss_answer(PRESET).trace.truncations.tolist().index(10)
    assert 10 ** loss_answer(PRESET).trace.log10_errors["every"][at] < 0.01
    assert 10 ** loss_answer(replace(PRESET, cell="lstm")).trace.log10_errors["every"][at] > 0.5


def test_no_truncation_comes_near_an_exploding_gradient() -> None:
    errors = loss_answer(replace(PRESET, weight_scale=3.0)).trace.log10_errors["every"]
    assert 10 ** errors[:-1].min() > 0.9
