"""Each suggestion is what it gives: run again in torch with weights that were changed by hand, and autograd."""

import math
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
import torch
from numpy.typing import NDArray

from rnn_dynamics import Errors, Network, States, run_network
from rnn_dynamics.content import sentences
from rnn_dynamics.engine.cells import CELLS
from rnn_dynamics.engine.cells.cell import has_w_hh
from rnn_dynamics.engine.verdict import Verdict
from rnn_dynamics.engine.work import walk_seconds
from rnn_dynamics.learning.networks import PLACES
from rnn_dynamics.learning.networks import network_of as lacked_by_torch
from rnn_dynamics.own import advice
from rnn_dynamics.own.advice import Tried, advise
from rnn_dynamics.own.asked import asked
from rnn_dynamics.own.change import with_chrono, with_gate_bias
from rnn_dynamics.own.findings import worst
from rnn_dynamics.own.last_error import last_errors
from rnn_dynamics.own.report import advice_lines, advice_notes, advice_rows
from tests.claims import assert_readable
from tests.every import every
from tests.layer_by_layer import factors_of, walk, walk_network
from tests.test_findings import STACKS, at_rest, noise, orthogonal
from tests.test_gates_of_the_input import ONE_STEP
from tests.test_run_network import module_of, network_of
from tests.test_training import one_step as torch_step

Array = NDArray[np.float64]
Parameters = dict[str, Array]
WORDS = sentences("own")
STEPS = 24
CASES = [*STACKS, ("rnn", {"nonlinearity": "relu"}), ("lstm", {"bias": False})]


def rows_of(gate: str, cell: str, size: int) -> slice:
    """The rows of a gate in torch's order."""
    first = {"lstm": "ifgo", "gru": "rzn"}[cell].index(gate) * size
    return slice(first, first + size)


def ends_of(parameters: Parameters) -> list[str]:
    return [name.removeprefix("weight_hh") for name in parameters if name.startswith("weight_hh")]


def more_bias(network: Network, value: float) -> Parameters:
    size, found = network.hidden_size, {name: of.copy() for name, of in network.parameters.items()}
    for end in ends_of(found):
        rows = rows_of({"lstm": "f", "gru": "z"}[network.cell], network.cell, size)
        bias = found.get(f"bias_ih{end}", np.zeros(len(found[f"weight_hh{end}"])))
        bias[rows] += value
        found[f"bias_ih{end}"] = bias
    return found


def chrono(network: Network, reach: float) -> Parameters:
    """log U(1, reach − 1), in the order of layers and directions, from a generator of seed 0."""
    size, found = network.hidden_size, {name: of.copy() for name, of in network.parameters.items()}
    drawn = np.random.default_rng(0).random((network.levels, size))
    for number, end in enumerate(ends_of(found)):
        for gate, sign in {"lstm": {"f": 1.0, "i": -1.0}, "gru": {"z": 1.0}}[network.cell].items():
            rows, blank = rows_of(gate, network.cell, size), np.zeros(len(found[f"weight_hh{end}"]))
            for name in ("bias_ih", "bias_hh"):
                found.setdefault(f"{name}{end}", blank.copy())[rows] = 0.0
            found[f"bias_ih{end}"][rows] = sign * np.log(1.0 + drawn[number] * (reach - 2.0))
    return found


def scaled(network: Network, value: float) -> Parameters:
    return {name: of * value if "weight_hh" in name else of for name, of in network.parameters.items()}


def polar(network: Network, _: float) -> Parameters:
    """The nearest orthogonal matrix by Newton's iteration, which knows no singular values."""
    found = dict(network.parameters)
    for end in ends_of(found):
        blocks = torch.tensor(found[f"weight_hh{end}"]).chunk(network.kind.blocks)
        for _ in range(40):
            blocks = tuple(0.5 * (block + torch.linalg.inv(block).T) for block in blocks)
        found[f"weight_hh{end}"] = torch.cat(blocks).numpy()
    return found


BY_HAND: dict[str, Callable[[Network, float], Parameters]] = {
    "gate_bias": more_bias,
    "chrono": chrono,
    "scale": scaled,
    "orthogonal": polar,
}


def asked_of(cell: str, options: dict[str, Any], steps: int = STEPS) -> tuple[Network, Array]:
    return network_of(module_of(cell, **options)), noise(steps, 3, 2)


def by_kind(tried: tuple[Tried, ...]) -> dict[str, Tried]:
    assert len({one.kind for one in tried}) == len(tried)
    return {one.kind: one for one in tried}


@every("reads", ["last", "every"])
@every(("cell", "options"), CASES)
def test_each_suggestion_gives_what_torch_finds_with_weights_changed_by_hand(
    cell: str, options: dict[str, Any], reads: str
) -> None:
    network, inputs = asked_of(cell, options)
    initial = tuple(noise(network.levels, 3, network.hidden_size, seed=5 + k) for k in range(1 + (cell == "lstm")))
    errors = Errors(output=noise(1 if reads == "last" else STEPS, 3, network.directions * network.hidden_size, seed=1))
    tried = advise(network, inputs, errors, initial)
    expected = {"scale", "orthogonal", "clip"} | ({"gate_bias", "chrono"} if cell in ("lstm", "gru") else set())
    assert set(by_kind(tried)) == expected | ({"truncate"} if network.directions == 1 else set())
    assert ("Truncation is not tried" in "\n".join(advice_notes(WORDS, tried))) == (network.directions == 2)
    if "chrono" in by_kind(tried):
        assert by_kind(tried)["chrono"].values[0] == STEPS
    assert all(one.alone == (reads == "every" or network.num_layers > 1) for one in tried)
    kind = "relu" if network.nonlinearity == "relu" else cell
    before = walk_network(network, inputs, initial).factors(errors)
    for one in tried:
        np.testing.assert_allclose(factors(one.before), before, rtol=1e-8)
        if one.kind in BY_HAND:
            norms = walk(kind, BY_HAND[one.kind](network, one.value), inputs, initial).last_norms(errors)
            np.testing.assert_allclose(factors(one.after), factors_of(norms), rtol=1e-8)
            orders = [of[0] - of[-1] for of in norms]
            np.testing.assert_allclose([after.orders for after in one.after], orders, atol=1e-8)
            assert one.network is not None
        else:
            assert factors(one.after) == pytest.approx(factors(one.before), nan_ok=True)


def factors(of: tuple[Verdict, ...]) -> list[float]:
    return [10.0**verdict.log10_factor for verdict in of]


@every("reads", ["last", "every"])
@every(("cell", "options"), [case for case in CASES if "bidirectional" not in case[1]])
def test_truncation_makes_the_error_that_detach_makes(cell: str, options: dict[str, Any], reads: str) -> None:
    network, inputs = asked_of(cell, options)
    initial = tuple(noise(network.levels, 3, network.hidden_size, seed=5 + k) for k in range(1 + (cell == "lstm")))
    errors = Errors(output=noise(1 if reads == "last" else STEPS, 3, network.hidden_size, seed=1))
    one = by_kind(advise(network, inputs, errors, initial))["truncate"]
    whole = recurrent_gradient(network, inputs, initial, errors)

    def error(steps: float) -> float:
        cut = recurrent_gradient(network, inputs, initial, errors, int(steps))
        return float(np.linalg.norm(cut - whole) / np.linalg.norm(whole))

    assert 10.0**one.effect == pytest.approx(error(one.value), rel=1e-8, abs=1e-15)
    found = [error(steps) for steps in one.values]
    assert list(one.values) == [steps for steps in (20.0, 10.0, 5.0, 2.0, 1.0) if steps >= one.values[-1]]
    small = [steps for steps, size in zip(one.values, found, strict=True) if size <= 0.01]
    assert one.value == (min(small) if small else one.values[0])
    assert all(after.horizon is not None and after.horizon <= one.value for after in one.after)


def recurrent_gradient(
    network: Network, inputs: Array, initial: tuple[Array, ...], errors: Errors, detach: int = 0
) -> Array:
    """All dL/dW_hh as one vector."""
    stack = walk_network(network, inputs, initial, detach)
    matrices = [of for name, of in stack.parameters.items() if name.startswith("weight_hh")]
    found = torch.autograd.grad(stack.loss(errors), matrices)
    return np.concatenate([of.numpy().ravel() for of in found])


@every("cell", PLACES)
def test_truncation_of_a_network_that_torch_lacks_makes_the_error_that_detach_makes(cell: str) -> None:
    generator, inputs, error = np.random.default_rng(4), noise(STEPS, 3, 2), noise(1, 3, 6, seed=1)
    shapes = {name: of.shape for name, of in lacked_by_torch(cell)(2, 6).state_dict().items()}
    drawn = {name: generator.normal(0.0, 0.5, of) for name, of in shapes.items()}
    if CELLS[cell].oscillates:  # of which a gradient holds over so few steps, if nothing makes it grow
        drawn = {name: (5.0 if name == "weight_hh_l0" else 0.01) * of for name, of in drawn.items()}
    network = Network(cell=cell, parameters=drawn)
    one = by_kind(advise(network, inputs, Errors(output=error)))["truncate"]

    def gradient(detach: int) -> Array:
        """Of the matrix whose parts are told apart, over chunks of so many steps, the last of which ends at T."""
        made = {name: torch.tensor(of, requires_grad=True) for name, of in network.parameters.items()}
        step, kind = torch_step(cell, made), CELLS[cell]
        state = tuple(torch.full((3, 6), kind.empty.get(of, 0.0), dtype=torch.float64) for of in kind.components)
        for number, read in enumerate(torch.tensor(inputs)):
            state = step(read, tuple(of.detach() for of in state) if (STEPS - number) % detach == 0 else state)
        matrix = made["weight_hh_l0"] if has_w_hh(kind) else made["weight_ih_l0"]
        return np.asarray(torch.autograd.grad((state[0] * torch.tensor(error[0])).sum(), matrix)[0].numpy())

    whole = gradient(STEPS)
    found = np.linalg.norm(gradient(int(one.value)) - whole) / np.linalg.norm(whole)
    assert 10.0**one.effect == pytest.approx(float(found), rel=1e-8)


def test_sequences_of_different_lengths_are_truncated_each_at_the_same_steps() -> None:
    network, inputs = asked_of("gru", {})
    lengths, every_step = [24, 15, 4], noise(STEPS, 3, 4, seed=1)
    within = np.arange(STEPS)[:, None, None] < np.array(lengths)[:, None]
    ends = noise(1, 3, 4, seed=2)
    errors = Errors(output=every_step, h_n=ends)
    one = by_kind(advise(network, inputs, errors, lengths=lengths))["truncate"]
    at_end = np.arange(STEPS)[:, None, None] == np.array(lengths)[:, None] - 1
    same = Errors(output=np.where(within, every_step, 0.0) + np.where(at_end, ends, 0.0))
    whole, cut = (recurrent_gradient(network, inputs, (), same, steps) for steps in (0, int(one.value)))
    assert 10.0**one.effect == pytest.approx(np.linalg.norm(cut - whole) / np.linalg.norm(whole), rel=1e-8)


@every("size", [0.01, 1.0, 30.0])
@every(("cell", "options"), [CASES[1], CASES[3]])
def test_clipping_multiplies_the_step_as_torch_does(cell: str, options: dict[str, Any], size: float) -> None:
    module = module_of(cell, **options)
    network, inputs = network_of(module), noise(STEPS, 3, 2)
    errors = Errors(output=size * noise(1, 3, network.directions * network.hidden_size, seed=1))
    one = by_kind(advise(network, inputs, errors))["clip"]
    output, _ = module(torch.tensor(inputs))
    (output[-1:] * torch.tensor(errors.output)).sum().backward()
    before = [of.grad.clone() for of in module.parameters() if of.grad is not None]
    torch.nn.utils.clip_grad_norm_(module.parameters(), one.value)
    after = [of.grad for of in module.parameters() if of.grad is not None]
    ratio = float(after[0].norm() / before[0].norm())
    assert 10.0**one.effect == pytest.approx(ratio, rel=1e-6)
    assert one.outcome == "unchanged"
    (row,) = advice_rows(WORDS, [one])
    assert "changes no factor" in row.says
    assert ("nothing here" in row.says) == (one.effect == 0.0)


@every("scale", [0.5, 0.9, 1.1, 1.5])
def test_a_scaled_orthogonal_matrix_at_rest_is_put_right_at_once(scale: float) -> None:
    network, inputs = at_rest(scale, 40)
    errors = Errors(output=noise(1, 3, 4))
    tried = by_kind(advise(network, inputs, errors))
    (value,) = tried["scale"].values
    assert value == pytest.approx(1.0 / scale, rel=5e-3)
    assert tried["orthogonal"].outcome == tried["scale"].outcome == "holds"
    np.testing.assert_allclose(factors(tried["orthogonal"].after), [1.0], rtol=1e-12)
    found = tried["orthogonal"].network
    assert found is not None
    np.testing.assert_allclose(found.parameters["weight_hh_l0"], orthogonal(4), atol=1e-12)


def test_a_network_that_saturates_is_scaled_down_though_its_gradient_vanishes() -> None:
    network, _ = at_rest(6.0, 40)
    inputs, errors = 0.3 * noise(40, 3, 2), Errors(output=noise(1, 3, 4))
    one = by_kind(advise(network, inputs, errors))["scale"]
    assert worst(one.before).outcome == "vanishes"
    assert (one.outcome, one.value < 0.5) == ("holds", True)
    assert one.values[0] > 1.0, "which is what a network that does not saturate would need"
    assert 0.167 in one.values, "one over the spectral radius"
    factor = walk("rnn", scaled(network, one.value), inputs).factors(errors)
    np.testing.assert_allclose(factors(one.after), factor, rtol=1e-8)


def test_where_nothing_is_wrong_nothing_is_tried_and_it_says_so() -> None:
    network, inputs = at_rest(1.0, 40)
    tried = advise(network, inputs, Errors(output=noise(40, 3, 4)))
    assert tried == ()
    assert advice_lines(WORDS, tried) == (WORDS["advice"]["nothing"],)


def test_what_helps_comes_first_and_what_does_not_is_shown_all_the_same() -> None:
    network, inputs = asked_of("lstm", {}, steps=60)
    strong = replace(network, parameters=scaled(network, 12.0))
    tried = advise(strong, inputs, Errors(output=noise(1, 3, 4, seed=1)))
    order = ["holds", "better", "same", "worse", "failed", "unchanged"]
    outcomes = [one.outcome for one in tried]
    assert sorted(outcomes, key=order.index) == outcomes
    assert {one.kind for one in tried} == {"scale", "orthogonal", "gate_bias", "chrono", "clip", "truncate"}
    assert len(advice_rows(WORDS, tried)) == 6


@every(
    ("before", "after", "outcome"),
    [
        ((-0.2, -0.2), (-0.01, 0.0), "holds"),
        ((-0.2, -0.01), (-0.1, -0.01), "better"),
        ((-0.2, -0.01), (-0.19, -0.01), "same"),
        ((-0.2, -0.01), (-0.1, 0.3), "worse"),
        ((-0.2, 0.1), (), "failed"),
        ((-math.inf,), (-0.5,), "better"),
        ((-math.inf,), (-math.inf,), "same"),
    ],
)
def test_the_outcome_is_that_of_the_worst_layer(
    before: tuple[float, ...], after: tuple[float, ...], outcome: str
) -> None:
    def verdict(log10_factor: float) -> Verdict:
        holds = abs(log10_factor) <= 0.02
        return Verdict("holds" if holds else "vanishes", 30 * log10_factor, log10_factor, None if holds else 9)

    network, inputs = at_rest(0.9, 30)
    one = advise(network, inputs, Errors(output=noise(1, 3, 4)))[0]
    changed = replace(one, kind="scale", before=tuple(map(verdict, before)), after=tuple(map(verdict, after)))
    assert (changed.outcome, changed.helps) == (outcome, outcome in ("holds", "better"))


def test_states_that_outgrow_float64_leave_no_answer() -> None:
    # The error is in a unit that forgets, beside one that nothing holds back once W_hh is scaled up
    network = Network(
        cell="rnn",
        parameters={"weight_ih_l0": np.ones((2, 1)), "weight_hh_l0": np.diag([1.0, 0.01])},
        nonlinearity="relu",
    )
    errors = Errors(output=np.array([[[0.0, 1.0]]]))
    one = by_kind(advise(network, np.ones((300, 1, 1)), errors))["scale"]
    assert (one.outcome, one.network, one.after, one.values) == ("failed", None, (), (20.0,))
    (row,) = advice_rows(WORDS, [one])
    assert "float64" in row.says
    with pytest.raises(ValueError, match="beyond"):
        run_network(replace(network, parameters=scaled(network, 20.0)), np.ones((300, 1, 1)), errors)


@every("packed", [True, False])
def test_of_sequences_of_different_lengths_what_is_dear_is_tried_on_the_longest(packed: bool) -> None:
    network, inputs = asked_of(*STACKS[0], steps=60)
    lengths = np.array([8, 60, 30])
    last = np.arange(60)[:, None, None] == lengths[:, None] - 1
    errors = Errors(output=np.where(last, noise(60, 3, network.hidden_size, seed=1), 0.0))
    most = 1.001 * advice._trial_seconds(network, 1, 60)
    tried = advise(network, inputs, errors, lengths=lengths.tolist() if packed else None, most=most)
    alone = advise(network, inputs[:, 1:2], Errors(output=errors.output[:, 1:2]))  # type: ignore[index]
    assert {(one.sequences, one.steps, one.of) for one in tried} == {(1, 60, (3, 60))}
    np.testing.assert_allclose(factors(tried[0].before), factors(alone[0].before), rtol=1e-12)


@every(("cell", "options"), [STACKS[0], STACKS[3]])
def test_what_is_dear_is_tried_on_the_last_steps_of_fewer_sequences(cell: str, options: dict[str, Any]) -> None:
    network, inputs = asked_of(cell, options, steps=60)
    errors = Errors(output=noise(60, 3, network.directions * network.hidden_size, seed=1))
    given = tuple(noise(network.levels, 3, network.hidden_size, seed=5 + k) for k in range(1 + (cell == "lstm")))
    whole, one = (advice._trial_seconds(network, *part) for part in ((3, 60), (1, 55)))
    for most, used in ((1.001 * whole, (3, 60)), (0.999 * whole, (2, 60)), (1.001 * one, (1, 55)), (0.0, (1, 50))):
        tried = advise(network, inputs, errors, given, most=most)
        assert {(one.sequences, one.steps, one.of) for one in tried} == {(*used, (3, 60))}
        sequences, steps = used
        start = 60 - steps
        walked = walk_network(network, inputs, given).levels
        reverse = [index % network.directions == 1 for index in range(network.levels)]
        initial = given_states(given, sequences)
        if start:  # a reverse direction begins where it began
            states = [[of.detach().numpy() for of in level.states[start - 1]] for level in walked]
            initial = tuple(
                np.stack(
                    [
                        begin[level] if reverse[level] else states[level][kind][:sequences]
                        for level in range(len(reverse))
                    ]
                )
                for kind, begin in enumerate(given_states(given, sequences))
            )
        expected = walk_network(network, inputs[start:, :sequences], initial).factors(
            Errors(output=errors.output[start:, :sequences])  # type: ignore[index]
        )
        np.testing.assert_allclose(factors(tried[0].before), expected, rtol=1e-8)
        said = any(
            f"{sequences} of 3 sequences and the last {steps} of 60" in note for note in advice_notes(WORDS, tried)
        )
        assert said == (used != (3, 60))


def given_states(given: tuple[Array, ...], sequences: int) -> tuple[Array, ...]:
    return tuple(of[:, :sequences] for of in given)


def test_errors_that_are_made_of_the_states_are_made_once() -> None:
    network, inputs = asked_of("gru", {})
    made: list[States] = []

    def errors(states: States) -> Errors:
        made.append(states)
        return Errors(output=states.output[-1:] - 1.0)

    tried = advise(network, inputs, errors)
    assert len(made) == 1
    known = run_network(network, inputs, errors)
    again = advise(network, inputs, Errors(output=made[0].output[-1:] - 1.0), trace=known)
    assert [(one.kind, one.value, one.after) for one in tried] == [(one.kind, one.value, one.after) for one in again]


@every("made", [False, True])
def test_a_trial_runs_no_more_networks_than_it_is_worth(made: bool) -> None:
    runs: list[Network] = []

    def counted(network: Network, *arguments: Any, **options: Any) -> Any:
        runs.append(network)
        return run_network(network, *arguments, **options)

    network, inputs = asked_of("lstm", {})
    errors = Errors(output=noise(1, 3, 4, seed=1))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("rnn_dynamics.own.asked.run_network", counted)
        tried = advise(network, inputs, (lambda _: errors) if made else errors)
    chunks = sum(1 + bool(STEPS % steps) for steps in by_kind(tried)["truncate"].values)
    values = sum(len(one.values) for one in tried if one.network is not None)
    assert len(runs) == 1 + values + chunks
    assert values <= 2 * advice._SCALES + len(advice._BIASES) + len(advice._REACHES) + 1


@every(("layers", "both"), [(1, False), (1, True), (2, False), (3, True)])
def test_a_trial_is_charged_for_each_walk_through_each_layer_and_direction(layers: int, both: bool) -> None:
    network, inputs = asked_of("gru", {"num_layers": layers, "bidirectional": both})
    errors = Errors(output=noise(STEPS, 3, network.directions * network.hidden_size, seed=1))
    walked: list[int] = []

    def counted(part: Network, read: Array, *arguments: Any, **options: Any) -> Any:
        walked.append(part.levels * len(read))
        return run_network(part, read, *arguments, **options)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("rnn_dynamics.own.asked.run_network", counted)
        last_errors(asked(network, inputs, errors))
    charged = advice._trial_seconds(network, 3, STEPS)
    assert charged == pytest.approx(walk_seconds(3, network.hidden_size, 3, sum(walked)), rel=1e-12)


def test_a_step_costs_calls_and_reading_beside_its_products_and_each_sequence_as_much_as_the_one_before() -> None:
    of_small, of_large = (walk_seconds(4, size, 1, 1000) for size in (16, 512))
    assert walk_seconds(4, 16, 8, 1000) < 1.5 * of_small  # mostly calls
    assert walk_seconds(4, 512, 8, 1000) < 3.0 * of_large  # of few sequences mostly reading
    each = np.diff([walk_seconds(4, 64, count, 100) for count in range(5)])
    np.testing.assert_allclose(each, each[0], rtol=1e-9)
    assert walk_seconds(4, 64, 2, 700) == pytest.approx(7.0 * walk_seconds(4, 64, 2, 100), rel=1e-12)


@every(("options", "steps"), [({}, 1000), ({"num_layers": 2, "bidirectional": True}, 1000), ({"num_layers": 4}, 400)])
def test_no_trial_is_longer_than_is_said_whatever_the_steps_and_layers(options: dict[str, Any], steps: int) -> None:
    network, inputs = asked_of("lstm", options, steps=steps)
    errors = Errors(output=noise(1, 3, network.directions * network.hidden_size, seed=1))
    part = advice._affordable(asked(network, inputs, errors), run_network(network, inputs, errors), advice.MOST)
    assert advice._trial_seconds(network, part.sequences, part.steps) <= advice.MOST
    assert part.steps == steps or advice._trial_seconds(network, 1, part.steps + 1) > advice.MOST
    assert not advice.is_too_dear(network)


def test_a_bias_or_a_reach_that_is_none_is_refused() -> None:
    network, _ = at_rest(0.9, 3)
    for change in (with_gate_bias, with_chrono):
        with pytest.raises(ValueError, match="no gate that keeps"):
            change(network, 5.0)
    with pytest.raises(ValueError, match="below 2"):
        with_chrono(asked_of("lstm", {})[0], 1.0)


@every("cell", ["mingru", "minlstm"])
def test_what_is_tried_without_w_hh_is_what_opens_the_gates_of_the_input(cell: str) -> None:
    generator, size, inputs = np.random.default_rng(2), 4, noise(STEPS, 3, 2)
    blocks = {"mingru": "zn", "minlstm": "fig"}[cell]
    weights = {"weight_ih_l0": generator.standard_normal((len(blocks) * size, 2))}
    network = Network(cell=cell, parameters=weights)
    error = noise(1, 3, size, seed=1)
    errors = Errors(output=error)
    tried = by_kind(advise(network, inputs, errors))
    assert set(tried) == {"gate_bias", "chrono", "clip", "truncate"}
    drawn = np.log1p((tried["chrono"].value - 2.0) * np.random.default_rng(0).random(size))
    bias = tried["gate_bias"].value
    signs = {"mingru": {"z": -1.0}, "minlstm": {"f": 1.0, "i": -1.0}}[cell]
    by_hand: dict[str, dict[str, Any]] = {
        "gate_bias": {blocks[0]: bias * signs[blocks[0]]},
        "chrono": {gate: sign * drawn for gate, sign in signs.items()},
    }
    for kind, biases in by_hand.items():
        changed, read = tried[kind].network, torch.tensor(inputs) @ torch.tensor(weights["weight_ih_l0"]).T
        assert changed is not None
        rows = {gate: slice(k * size, (k + 1) * size) for k, gate in enumerate(blocks)}
        expected = np.zeros(len(blocks) * size)
        for gate, values in biases.items():
            expected[rows[gate]] = values
        np.testing.assert_allclose(changed.parameters["bias_ih_l0"], expected, rtol=1e-12)
        states = [torch.zeros(3, size, dtype=torch.float64, requires_grad=True)]
        for one in read + torch.tensor(expected):
            states.append(ONE_STEP[cell](one, states[-1]))
            states[-1].retain_grad()
        states[-1].backward(torch.tensor(error[0]))  # type: ignore[no-untyped-call]
        norms = [math.log10(float(torch.linalg.vector_norm(of.grad))) for of in states[1:] if of.grad is not None]
        trace = run_network(changed, inputs, errors)
        np.testing.assert_allclose(trace.layers[0].log10_norms["hidden"], norms, atol=1e-10)
    said = "\n".join(advice_lines(WORDS, tuple(tried.values())))
    assert "W_hh" not in said
    assert "dL/dW_ih is off by" in said
    assert -6.0 < tried["truncate"].effect < 0.0  # its log10


@every("steps", [1, 2, 25])
@every(("reads", "scale"), [("last", 0.0), ("every", 1.0), ("h_n", 4.0), ("last", 15.0)])
@every(("cell", "options"), [CASES[k] for k in (0, 1, 3, 5)])
def test_every_sentence_can_be_read(cell: str, options: dict[str, Any], scale: float, reads: str, steps: int) -> None:
    network, inputs = asked_of(cell, options, steps)
    network = replace(network, parameters=scaled(network, scale))

    def errors(states: States) -> Errors:
        if reads == "h_n":
            return Errors(h_n=states.h_n)
        return Errors(output=states.output if reads == "every" else states.output[-1:])

    tried = advise(network, inputs, errors)
    lines = advice_lines(WORDS, tried)
    assert_readable("\n".join(lines))
    assert len(lines) >= len(tried)
