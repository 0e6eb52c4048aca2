"""The state's gradient as an exact sum of vectors, against autograd's own two vectors."""

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from rnn_dynamics import CELLS, Experiment, run, split_additive_path
from tests.every import every
from tests.oracle import carried_gradients, relative_error

pytestmark = pytest.mark.usefixtures("either_road")

Array = NDArray[np.float64]
SMALL = Experiment(cell="lstm", sequence_length=23, hidden_size=7, input_size=3, batch_size=2, seed=3)
#: Cells whose gates read the state, so that something comes beside the path; of the others it is the whole gradient.
CELLS_WITH_A_PATH = tuple(name for name, cell in CELLS.items() if cell.keeps and cell.state_matrix)
every_case = every(
    "experiment",
    [replace(SMALL, cell=cell, loss_at=loss_at) for cell in CELLS_WITH_A_PATH for loss_at in ("last", "every")],
    ids=lambda case: f"{case.cell}-{case.loss_at}",
)


def log10_norms(vectors: Array) -> Array:
    with np.errstate(divide="ignore"):
        return np.asarray(np.log10(np.linalg.norm(vectors, axis=1)))


def assert_agrees(experiment: Experiment) -> None:
    trace, split = run(experiment), split_additive_path(experiment)
    total, path = carried_gradients(trace, cut=False), carried_gradients(trace, cut=True)
    rest = total - path
    # A difference has the digits of its larger term.
    limits = 1e-10 * 10.0 ** (np.maximum(split.total, split.path))
    assert relative_error(split.total, log10_norms(total)) < 1e-10
    assert relative_error(split.path, log10_norms(path)) < 1e-10
    assert (np.abs(10.0**split.rest - np.linalg.norm(rest, axis=1)) <= limits).all()
    clear = np.linalg.norm(rest, axis=1) > 1e4 * limits
    assert clear.any()
    cosine = np.einsum("ti,ti->t", path, rest)[clear]
    cosine /= np.linalg.norm(path, axis=1)[clear] * np.linalg.norm(rest, axis=1)[clear]
    np.testing.assert_allclose(split.cosine[clear], cosine, rtol=0, atol=1e-8)


@every("cell", CELLS_WITH_A_PATH)
def test_the_state_is_what_one_gate_keeps_of_it_and_what_is_added(cell: str) -> None:
    trace, of = run(replace(SMALL, cell=cell)), CELLS[cell]
    states = trace.hidden_states if trace.cell_states is None else trace.cell_states
    keeps = trace.gates[of.keeps]
    added = (trace.gates[of.writes] if of.writes else 1.0 - keeps) * trace.gates[of.signed[0]]
    np.testing.assert_allclose(states[1:], keeps * states[:-1] + added, rtol=0.0, atol=1e-14)


@every_case
def test_path_and_rest_are_autograds_two_vectors(experiment: Experiment) -> None:
    assert_agrees(experiment)


@given(
    st.sampled_from(CELLS_WITH_A_PATH), st.floats(0.3, 1.5), st.floats(-2, 4), st.integers(2, 30), st.integers(0, 99)
)
def test_the_split_holds_at_any_setting(cell: str, scale: float, bias: float, length: int, seed: int) -> None:
    settings: dict[str, Any] = {"weight_scale": scale, "forget_bias": bias, "sequence_length": length, "seed": seed}
    assert_agrees(replace(SMALL, cell=cell, **settings))


@every_case
def test_the_law_of_cosines_joins_the_three_norms(experiment: Experiment) -> None:
    split = split_additive_path(experiment)
    total, path, rest = (10.0**part for part in (split.total, split.path, split.rest))
    cosine = np.nan_to_num(split.cosine)  # the last step has no rest
    np.testing.assert_allclose(total**2, path**2 + rest**2 + 2 * cosine * path * rest, rtol=1e-9)


@every_case
def test_the_parts_are_measured_by_the_whole(experiment: Experiment) -> None:
    split = split_additive_path(experiment)
    total, path, rest = (10.0**part for part in (split.total, split.path, split.rest))
    assert 10 ** split.of_total["path"] == pytest.approx(path[0] / total[0])
    assert 10 ** split.of_total["sum"] == pytest.approx((path[0] + rest[0]) / total[0])
    assert split.difference == pytest.approx((rest / total).max())


@every_case
def test_total_and_path_are_those_of_the_trace(experiment: Experiment) -> None:
    trace, split = run(experiment), split_additive_path(experiment)
    carried = CELLS[experiment.cell].components[-1]
    np.testing.assert_allclose(split.total, trace.log10_norms[carried], rtol=0, atol=1e-12)
    np.testing.assert_allclose(split.path, trace.log10_norms["cell_path"], rtol=0, atol=1e-12)


@every_case
def test_with_the_way_through_the_weights_cut_the_total_is_the_path_of_the_whole_network(
    experiment: Experiment,
) -> None:
    whole, cut = (split_additive_path(replace(experiment, hidden_path=way)) for way in ("open", "cut"))
    np.testing.assert_array_equal(cut.path, whole.path)
    np.testing.assert_allclose(cut.total, whole.path, rtol=0, atol=1e-13)
    assert (cut.rest <= cut.total - 13).all()  # what is left of a difference of equal vectors: roundings
    assert (whole.rest > whole.total - 3)[:-1].all()


@every("cell", CELLS_WITH_A_PATH)
def test_at_the_last_step_all_is_path(cell: str) -> None:
    split = split_additive_path(replace(SMALL, cell=cell))
    assert split.total[-1] == split.path[-1]
    assert np.isneginf(split.rest[-1])
    assert np.isnan(split.cosine[-1])
    assert np.isfinite(split.rest[:-1]).all()


@every("cell", CELLS_WITH_A_PATH)
@every("scale", [0.05, 10.0])
def test_a_thousand_steps_have_a_split_at_any_size(cell: str, scale: float) -> None:
    split = split_additive_path(replace(SMALL, cell=cell, weight_scale=scale, sequence_length=1000))
    for part in (split.total, split.path, split.rest[:-1], split.cosine[:-1]):
        assert np.isfinite(part).all()
    assert (np.abs(split.cosine[:-1]) <= 1 + 1e-12).all()
    larger = np.maximum(split.path, split.rest)
    assert (split.total <= larger + np.log10(2) + 1e-9).all()  # the triangle's inequality


def test_a_cell_without_an_additive_path_is_refused() -> None:
    with pytest.raises(ValueError, match="no additive path"):
        split_additive_path(replace(SMALL, cell="rnn"))
