"""How many digits an answer claims, against how many it shares with other programs, chaos included."""

from dataclasses import replace
from itertools import product

import numpy as np

from rnn_dynamics import (
    CELLS,
    Experiment,
    Trace,
    run,
    run_family,
    run_jacobians,
    run_losses,
    run_shape,
    split_additive_path,
    split_by_lag,
)
from tests.every import every
from tests.oracle import ask_both, relative_error

#: The home page's preset "Explodes".
EXPLODES = Experiment(
    cell="rnn", weight_scale=5.0, sequence_length=100, batch_size=2, forget_bias=3.0,
    initialisation="orthogonal", input_scale=0.2,
)  # fmt: skip
SCALES = (0.5, 5.0, 10.0)
GRID = [
    replace(EXPLODES, cell=cell, initialisation=initialisation, sequence_length=length, seed=seed, loss_at=loss_at)
    for (cell, initialisation), length, (seed, loss_at) in product(
        product(CELLS, ("orthogonal", "torch")), (30, 100), ((0, "last"), (7, "every"))
    )
]
#: What looks chaotic on the way back and is not, and the other way round; wide inputs; one number a step.
SPECIAL = {
    "at rest": replace(EXPLODES, weight_scale=10.0, input_scale=0.0),
    "states grow with gradients": replace(EXPLODES, initialisation="identity", nonlinearity="relu", weight_scale=1.3),
    "cut": replace(EXPLODES, hidden_path="cut"),
    "cut gru": replace(EXPLODES, cell="gru", weight_scale=8.0, hidden_path="cut", seed=3),
    "saturated": replace(EXPLODES, initialisation="gaussian", input_scale=3.0, weight_scale=3.0),
    "one number": replace(EXPLODES, weight_scale=0.9, initialisation="keras", input_size=1, batch_size=1),
    "two units": replace(EXPLODES, nonlinearity="relu", hidden_size=2, weight_scale=1.2, batch_size=8),
}


def shared_digits(trace: Trace, norms: dict[str, np.ndarray], loss: float) -> float:
    """How many digits of the loss and of every norm are the same."""
    errors = [relative_error(trace.log10_norms[name], norms[name]) for name in norms if name in ("input", "hidden")]
    worst = max(abs(loss / trace.loss - 1.0), *errors)
    return max(0.0, float(-np.log10(max(worst, 1e-17))))


def assert_claims_no_more_than_is_shared(experiment: Experiment) -> None:
    trace, family = run(experiment), run_family(experiment, weight_scales=[0.3, experiment.weight_scale, 1.1])
    ours = {name: norms[1] for name, norms in family.log10_norms.items()}
    shared = [shared_digits(trace, ours, family.loss[1])]
    shared += [shared_digits(trace, answer.log10_norms, answer.loss) for answer in ask_both(trace, path=False)]
    assert trace.digits <= min(shared)
    assert family.digits[1] <= min(shared[:2])


@every("experiment", GRID, ids=lambda e: f"{e.cell}-{e.initialisation}-{e.sequence_length}-{e.loss_at}")
def test_no_more_digits_are_claimed_than_other_programs_share(experiment: Experiment) -> None:
    for scale in SCALES:
        assert_claims_no_more_than_is_shared(replace(experiment, weight_scale=scale))


@every("name", SPECIAL)
def test_no_more_digits_are_claimed_where_growth_misleads(name: str) -> None:
    assert_claims_no_more_than_is_shared(SPECIAL[name])


@every("cell", CELLS)
def test_most_digits_are_claimed_where_nothing_is_chaotic(cell: str) -> None:
    tame = replace(EXPLODES, cell=cell, initialisation="gaussian", input_scale=1.0)
    for scale, length, loss_at in product((0.1, 0.5, 1.0), (1, 2, 100), ("last", "every")):
        experiment = replace(tame, weight_scale=scale, sequence_length=length, loss_at=loss_at)
        assert run(experiment).digits >= 8
        assert run_family(experiment, weight_scales=SCALES[:1], seeds=[3, 4]).digits.min() >= 8
    for experiment in (SPECIAL["at rest"], SPECIAL["states grow with gradients"]):
        assert run(replace(experiment, cell="rnn")).digits >= 8


def test_no_digit_is_claimed_at_the_preset_that_explodes() -> None:
    trace, family = run(EXPLODES), run_family(EXPLODES, weight_scales=[0.5, 5.0], seeds=[0, 1])
    assert trace.digits == 0
    assert trace.log10_rounding > 0.0
    assert [digits > 0 for digits in family.digits] == [True, True, False, False]  # each member by itself
    assert run(SPECIAL["cut"]).digits == 0  # the way forward is the same


def test_every_answer_of_one_experiment_claims_the_same_digits() -> None:
    experiment = replace(EXPLODES, cell="gru", sequence_length=40)
    digits = run(experiment).digits
    assert 0 < digits < 9
    assert split_additive_path(experiment).digits == split_by_lag(experiment).digits == digits
    assert run_family(experiment).digits == [digits]
    alone = (run_losses(experiment), run_jacobians(experiment, [1]), run_shape(experiment, "many-to-one"))
    assert all(abs(part.digits - digits) <= 1 for part in alone)  # without the inputs' gradients, c by itself


@every(("layers", "both"), [(2, False), (3, True)])
def test_a_stack_claims_no_more_digits_than_it_shares(layers: int, both: bool) -> None:
    for scale in SCALES:
        experiment = replace(EXPLODES, weight_scale=scale, num_layers=layers, bidirectional=both, sequence_length=50)
        trace, family = run(experiment), run_family(experiment, weight_scales=[0.3, scale])
        shared = shared_digits(trace, {name: norms[1] for name, norms in family.log10_norms.items()}, family.loss[1])
        assert trace.digits <= shared
        assert family.digits[1] == trace.digits == trace.layers[0].digits
        assert (trace.digits >= 8) == (scale == 0.5)
