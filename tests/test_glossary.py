"""The glossary's numbers are those by which the pages judge."""

import re

import numpy as np
import pytest

from rnn_dynamics import Experiment, phase_grid, run
from rnn_dynamics.content import sentences
from rnn_dynamics.engine.phase_crossing import row_crossing
from rnn_dynamics.engine.verdict import ENDS_CHANGE, HOLDS_WITHIN, HORIZON_SHARE, judge, log10_factor_per_step
from rnn_dynamics.experiment import WEIGHT_SCALES

GLOSSARY = sentences("app")["meanings"].strip()
MEANINGS = dict(re.findall(r"\*\*(.+?)\.?\*\*(.+?)(?=\n\n|\Z)", GLOSSARY, re.S))


def test_every_word_has_one_meaning_of_a_few_sentences() -> None:
    words = re.findall(r"^\*\*(.+?)\*\*", GLOSSARY, re.M)
    assert len(words) == len(set(words)) == len(MEANINGS) == GLOSSARY.count("\n\n") + 1
    assert all(len(meaning) < 600 for meaning in MEANINGS.values())


def test_the_borders_are_those_of_the_verdict() -> None:
    meaning = MEANINGS["Vanishes, holds, explodes"]
    below, above = (float(re.search(rf"\*{word}\* \w+ ×([\d.]+)", meaning)[1]) for word in ("vanishes", "explodes"))  # type: ignore[index]
    assert (below, above) == (round(10**-HOLDS_WITHIN, 3), round(10**HOLDS_WITHIN, 3))
    for factor, outcome in ((below - 0.001, "vanishes"), (1.0, "holds"), (above + 0.001, "explodes")):
        assert judge(np.log10(factor) * np.arange(9.0, -1.0, -1.0)).outcome == outcome
    assert f"100 steps at ×{below} leave {100 * below**100:.0f} %" in meaning
    assert f"100 steps at ×{above} make it {round(above**100, -1):.0f} times" in meaning


def test_a_gradient_is_uneven_where_the_whole_way_contradicts_the_factor_in_the_middle() -> None:
    meaning, middle = MEANINGS["Uneven"].replace("\n", " "), np.linspace(1.0, -1.0, 101)
    assert f"over {10**ENDS_CHANGE:g} times more than ×{10**-HOLDS_WITHIN:.3f} or ×{10**HOLDS_WITHIN:.3f}" in meaning
    for slope, first, outcome in (
        (-0.1, -1.0, "vanishes"),
        (-0.1, 1.0, "uneven"),
        (0.1, 1.0, "explodes"),
        (0.1, -1.0, "uneven"),
        (0.0, 3.9, "holds"),
        (0.0, 4.1, "uneven"),
        (0.0, -3.9, "holds"),
        (0.0, -4.1, "uneven"),
    ):
        curve = 50 * slope * middle
        curve[0] = curve[-1] + first
        assert judge(curve).log10_factor == pytest.approx(slope)
        assert judge(curve).outcome == outcome


def test_the_factor_is_taken_between_the_lags_that_are_named() -> None:
    assert "between the lags T/5 and 9T/10" in MEANINGS["Factor per step"]
    lags = np.arange(99.0, -1.0, -1.0)
    within = np.where((lags >= 20) & (lags <= 90), lags, np.nan)  # nan wherever it must not look
    assert log10_factor_per_step(-0.1 * within) == pytest.approx(-0.1)


def test_the_horizon_is_of_the_share_that_is_named() -> None:
    assert (
        f"below {100 * HORIZON_SHARE:g} % of\nthe norm at step T" in MEANINGS["Horizon (“1 % is left after n steps”)"]
    )


def test_the_norm_runs_over_features_and_sequences_and_the_loss_is_half_a_mean_square() -> None:
    torch = pytest.importorskip("torch")
    trace = run(Experiment(cell="rnn", sequence_length=7, batch_size=3, hidden_size=4, input_size=5))
    cell = torch.nn.RNN(5, 4, dtype=torch.float64)
    cell.load_state_dict({name: torch.tensor(values) for name, values in trace.parameters.items()})
    inputs = torch.tensor(trace.inputs, requires_grad=True)
    error = cell(inputs)[0][-1] @ torch.tensor(trace.readout).T - torch.tensor(trace.targets)
    loss = error.square().mean() / 2
    (gradient,) = torch.autograd.grad(loss, inputs)
    assert trace.loss == pytest.approx(loss.item())
    np.testing.assert_allclose(trace.log10_norms["input"], gradient.square().sum(dim=(1, 2)).sqrt().log10())


def test_mean_field_is_off_by_as_much_as_the_glossary_says() -> None:
    said = MEANINGS["Mean field"].replace("\n", " ")
    assert "11 to 15 % above its prediction at input scales from 0.5 to 1, and almost half above it at 0.1" in said
    assert "of 128 units they differ by at most 4 %" in said

    def excess(units: int) -> list[float]:
        asked = Experiment(cell="rnn", hidden_size=units, sequence_length=100, batch_size=2)
        points = map(row_crossing, phase_grid(asked, WEIGHT_SCALES[1:], [0.1, 0.5, 0.7, 1.0, 2.0], range(8)))
        return [point.measured / point.predicted - 1 for point in points]  # type: ignore[operator]

    weak, *strong, _ = excess(32)
    assert 0.4 < weak < 0.5
    assert all(0.105 <= off < 0.155 for off in strong)
    assert all(abs(off) < 0.045 for off in excess(128))
