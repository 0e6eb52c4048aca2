"""The compiled road gives NumPy's digits, takes every cell, and leaves alone what it cannot take.

That it gives autograd's is held where the engine's twins stand, by `either_road`.
"""

import ctypes
import subprocess
import sys
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from rnn_dynamics import CELLS, Experiment, Trace, run, run_family
from rnn_dynamics.engine.cells import cell_of
from rnn_dynamics.engine.cells.activations import Array, sigmoid_in_place, tanh_derivative
from rnn_dynamics.engine.cells.cell import Cell, Weights
from rnn_dynamics.engine.cells.elman import Elman
from rnn_dynamics.engine.cells.lstm import Lstm
from rnn_dynamics.engine.compiled import products, walk
from rnn_dynamics.engine.compiled import steps as works
from rnn_dynamics.engine.compiled.machine_code import llvm, make_function
from rnn_dynamics.engine.compiled.products import ARGUMENTS, kernel, stored
from rnn_dynamics.engine.compiled.program import Layout, make_program
from rnn_dynamics.engine.compiled.steps import LOSSES
from rnn_dynamics.engine.compiled.tape import COLUMNS, UNITS, Tape, address_of
from rnn_dynamics.engine.compiled.walk import road, step_of
from rnn_dynamics.engine.initialise import make_draw
from rnn_dynamics.engine.through_time.unroll import project_inputs, unroll
from tests.every import every
from tests.oracle import relative_error

#: Each cell in each of its variants.
VARIANTS = (
    *(Experiment(cell=cell) for cell in CELLS),
    *(Experiment(cell=cell, nonlinearity="relu") for cell in ("rnn", "jordan")),
    Experiment(cell="gru", reset_gate="before"),
)
SMALL: dict[str, Any] = {"sequence_length": 23, "hidden_size": 7, "input_size": 3, "batch_size": 5, "seed": 3}
TOLERANCE = 1e-12
#: Settings that the walk meets elsewhere, and blocks of which vectors leave a rest.
CHANGES: tuple[dict[str, Any], ...] = (
    {"loss_at": "every"},
    {"hidden_path": "cut"},
    {"batch_size": 1, "hidden_size": 1},
    {"num_layers": 2, "bidirectional": True},
    {"sequence_length": 150, "batch_size": 8, "hidden_size": 16},
)
#: Sizes of all kinds and both signs, and the ends of float64.
STRANGE = np.concatenate([
    [0.0, -0.0, np.inf, -np.inf, 5e-324, -5e-324, 2.3e-308, 1.8e308, 709.7, 709.8, -708.5, -745.0, -746.5],
    *(sign * 10.0 ** np.random.default_rng(0).uniform(-310, 3, 5000) for sign in (1.0, -1.0)),
    np.random.default_rng(1).uniform(-750.0, 750.0, 5000),
])  # fmt: skip


def _where_small(a: Array, b: Array) -> Array:
    """A branch within a branch, on the way through one in which nothing holds."""
    result = np.square(a)
    for limit in (1.0, 1e-3, -1.0):
        small = result < limit
        if small.any():
            result[small] = 2.0 * b[small] - np.abs(a[small])
    return result


def _without_infinities(a: Array, _: Array) -> Array:
    result = a * 1.0
    if a.max(initial=0.0) == np.inf:
        result[a == np.inf] = 1.0
    return result


#: What a trace of two arrays may do, written as cells write it.
OPERATIONS: dict[str, Callable[..., Any]] = {
    "add": np.add,
    "subtract": np.subtract,
    "multiply": np.multiply,
    "divide": np.divide,
    "minimum": lambda a, _: np.minimum(a, 1e300),
    "maximum": lambda a, _: np.maximum(a, 0.0),
    "negative": lambda a, _: np.negative(a),
    "reciprocal": lambda a, _: np.reciprocal(a),
    "square": lambda a, _: np.square(a),
    "absolute": lambda a, _: np.abs(a),
    "operators": lambda a, b: (2.0 * a - b) / (1.0 + a),
    "less": lambda a, b: (a < b).astype(np.float64),
    "less_equal": lambda a, b: (a <= b).astype(np.float64),
    "greater": lambda a, b: (a > b).astype(np.float64),
    "greater_equal": lambda a, b: (a >= b).astype(np.float64),
    "equal": lambda a, b: (a == np.abs(a)).astype(np.float64),
    "masked": _where_small,
    "infinite": _without_infinities,
}


def compiled(function: Callable[[Array, Array], Any]) -> Callable[[Array, Array], Array]:
    """A function of two arrays that works entry by entry, as the compiled road computes it."""
    arrays = {name: np.ones((1, UNITS, COLUMNS)) for name in ("a", "b", "result")}
    tape = Tape()
    a, b, result = (tape.watch(array) for array in arrays.values())
    result[0] = function(a[0], b[0])
    layout = Layout({name: (array, 0) for name, array in arrays.items()})
    run_loop = make_function(make_program(tape.notes, layout), list(arrays))

    def apply(a: Array, b: Array) -> Array:
        found = np.empty_like(a)
        table = np.array([[address_of(array), 0, 0] for array in (a, b, found)])
        run_loop(address_of(table), 1, a.size, -1, 1, 1, 0)
        return found

    return apply


@pytest.fixture(autouse=True)
def compiled_road(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("RNN_DYNAMICS_COMPILED", "1")


def assert_numpys(name: str, a: Array, b: Array) -> None:
    with np.errstate(all="ignore"):
        np.testing.assert_array_equal(compiled(OPERATIONS[name])(a, b), OPERATIONS[name](a, b))


@every("name", OPERATIONS)
def test_each_operation_is_numpys_on_any_number(name: str) -> None:
    assert_numpys(name, STRANGE, STRANGE[::-1].copy())


@every("name", set(OPERATIONS) - {"infinite"})  # NumPy's `max` then finds no infinity
def test_each_operation_passes_on_what_is_no_number(name: str) -> None:
    assert_numpys(name, np.array([np.nan, 1.0] * 20), np.array([1.0, np.nan, np.nan, 1.0] * 10))


def units_in_the_last_place(found: Array, exact: Any) -> float:
    """How far numbers are from those of a wider type, at most."""
    finite = np.isfinite(found)
    np.testing.assert_array_equal(found[~finite], exact[~finite].astype(np.float64))
    return float(np.max(np.abs(found - exact)[finite] / np.spacing(np.abs(found[finite]))))


@every("ufunc", [np.exp, np.tanh])
def test_exp_and_tanh_have_their_last_digit_but_one(ufunc: np.ufunc) -> None:
    with np.errstate(all="ignore"):
        found = compiled(lambda a, _: ufunc(a))(STRANGE, STRANGE)
        assert units_in_the_last_place(found, ufunc(STRANGE.astype(np.longdouble))) < 2.0
        np.testing.assert_array_equal(np.signbit(found), np.signbit(ufunc(STRANGE)))


def test_the_logarithm_of_a_sum_is_numpys_wherever_the_exponentials_are() -> None:
    """Also where both have left float64, or one of them is 0."""
    with np.errstate(all="ignore"):
        found = compiled(np.logaddexp)(STRANGE, STRANGE[::-1].copy())
        np.testing.assert_allclose(found, np.logaddexp(STRANGE, STRANGE[::-1]), rtol=1e-14, atol=1e-16)
        softplus = np.logaddexp(0.0, STRANGE.astype(np.longdouble))
        assert units_in_the_last_place(compiled(lambda a, _: np.logaddexp(0.0, a))(STRANGE, STRANGE), softplus) < 4.0


def test_the_activations_have_numpys_digits_where_they_have_saturated() -> None:
    def gate(argument: Array, _: Array) -> Array:
        exponential, value = argument + 0.0, np.empty_like(argument)
        sigmoid_in_place(exponential, value)
        return value

    arguments = np.random.default_rng(0).uniform(-300.0, 300.0, 3001)
    for function, of in ((tanh_derivative, np.tanh(arguments)), (gate, arguments)):
        np.testing.assert_allclose(compiled(function)(of, arguments), function(of, arguments), rtol=1e-15, atol=0.0)


def on_both_roads(ask: Callable[[], Any]) -> tuple[Any, Any]:
    """What is answered on NumPy's road, and on the compiled one."""
    found = []
    for road_taken in ("0", "1"):
        with pytest.MonkeyPatch.context() as patch:
            patch.setenv("RNN_DYNAMICS_COMPILED", road_taken)
            found.append(ask())
    return found[0], found[1]


def weights_of(experiment: Experiment) -> tuple[Cell, Weights]:
    cell = cell_of(experiment)
    draw = make_draw(experiment, cell)
    return cell, cell.make_weights(draw.parameters | {"weight_ho": draw.readout})


def rooms(cell: Cell) -> list[tuple[str, ...]]:
    """What a way back may meet, as names of arrays."""
    state = (*(f"state {k}" for k in range(len(cell.components))), "delta")
    with_path = [(*state, "path"), (*state, "path", *LOSSES)] if cell.keeps else []
    return [state, (*state, "loss"), *with_path]


def test_every_cell_takes_the_compiled_road_both_ways_without_a_step_in_python() -> None:
    for experiment in VARIANTS:
        cell, weights = weights_of(experiment)
        for at in (weights, weights.cut()):
            asked = [(works.forward, ()), *((works.back, room) for room in rooms(cell))]
            for work, room in asked:
                step = step_of(work, room, cell, at)
                assert step is not None, (experiment, room)
                assert step.whole, (experiment, room)


@every("columns", [*range(1, 10), 16, 23])
@every("rows", [1, 7, 8, 15, 16, 29, 70])
@every("wide", [True, False])
def test_each_product_is_the_matrix_times_the_columns(
    rows: int, columns: int, wide: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Of all sizes of a block, and of those that leave a rest; bit by bit where no rounding is."""
    monkeypatch.setattr(products, "has_wide_registers", lambda: wide)
    rng = np.random.default_rng(rows)
    matrix, x = (rng.integers(-9, 10, shape).astype(np.float64) for shape in ((rows, 5), (5, columns)))
    scale, out = 2.0 ** rng.integers(-9, 10, columns), np.full((rows + 1, columns), np.nan)
    kept = stored(matrix, columns)
    product = ctypes.CFUNCTYPE(None, *[ctypes.c_ssize_t] * len(ARGUMENTS))
    arrays = (address_of(of) for of in (kept, x, out))
    product(kernel(rows, columns))(*arrays, rows, 5, columns, address_of(scale))
    np.testing.assert_array_equal(out[:-1], matrix @ x * scale)
    assert np.isnan(out[-1]).all()


def assert_same(numpys: Trace, ours: Trace) -> None:
    assert ours.loss == pytest.approx(numpys.loss, rel=TOLERANCE)
    np.testing.assert_allclose(ours.hidden_states, numpys.hidden_states, rtol=0.0, atol=TOLERANCE)
    for name, norms in numpys.log10_norms.items():
        assert relative_error(ours.log10_norms[name], norms) <= TOLERANCE, name
    for name, gradient in numpys.gradients.items():
        assert np.abs(ours.gradients[name] - gradient).max() <= TOLERANCE * np.abs(gradient).max(), name


@pytest.fixture(params=[True, False])
def own_products(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """Products within the walk, and by the weights' methods."""
    if not request.param:
        monkeypatch.setattr(walk.Road, "_with_matrix", lambda *_: None)


@pytest.mark.usefixtures("own_products")
@every("change", CHANGES)
@every("variant", VARIANTS)
def test_both_roads_give_the_same_numbers(variant: Experiment, change: dict[str, Any]) -> None:
    if "num_layers" in change and variant.cell == "jordan":
        return  # it has one layer
    experiment = replace(variant, **(SMALL | change))
    assert_same(*on_both_roads(lambda: run(experiment)))


@pytest.mark.usefixtures("own_products")
@every("variant", VARIANTS)
def test_both_roads_give_the_same_family(variant: Experiment) -> None:
    experiment = replace(variant, **SMALL)
    numpys, ours = on_both_roads(lambda: run_family(experiment, weight_scales=(0.0, 0.3, 1.0), seeds=(1, 2, 4)))
    for name, norms in numpys.log10_norms.items():
        assert relative_error(ours.log10_norms[name], norms) <= TOLERANCE, name


class WithSine(Elman):
    """Does something that has no note."""

    def step(self, weights: Weights, *views: Array) -> None:
        super().step(weights, *views)
        np.sin(views[-1], out=views[-1])


class BesideTheTape(Elman):
    """Changes its result where the notes do not see it."""

    def step(self, weights: Weights, *views: Array) -> None:
        super().step(weights, *views)
        hidden = np.frombuffer(views[-1], dtype=np.float64)
        hidden *= 0.5


class KeepsAMask(Elman):
    """Knows after the product with W_hh where something held before it."""

    def step(self, weights: Weights, *views: Array) -> None:
        high = views[2] > 0.5
        super().step(weights, *views)
        views[-1][high] = 0.0


class AcrossUnits(Lstm):
    """Lets one unit hear another."""

    def step(self, weights: Weights, *views: Array) -> None:
        super().step(weights, *views)
        np.add(views[-1][:-1], views[-1][1:], out=views[-1][:-1])


@every("cell", [WithSine(), BesideTheTape(), KeepsAMask(), AcrossUnits()])
def test_a_cell_that_cannot_be_noted_stays_on_numpys_road(cell: Cell) -> None:
    experiment = Experiment(cell=cell.name, **SMALL)
    draw = make_draw(experiment, cell)
    weights = cell.make_weights(draw.parameters)
    assert step_of(works.forward, (), cell, weights) is None
    numpys, ours = on_both_roads(lambda: unroll(cell, weights, project_inputs(weights, draw.inputs, 1)).hidden)
    np.testing.assert_array_equal(ours, numpys)


class Doubling(Weights):
    """Has a product that is not the one with its matrix."""

    def recurrent_product(self, hidden: Array, out: Array) -> None:
        super().recurrent_product(2.0 * hidden, out)


class WithDoubling(Elman):
    """Makes these weights."""

    def make_weights(self, parameters: Mapping[str, Array]) -> Weights:
        return Doubling(**vars(super().make_weights(parameters)))


def test_a_product_that_the_matrix_does_not_give_is_made_by_the_weights() -> None:
    cell = WithDoubling()
    draw = make_draw(Experiment(**SMALL), cell)
    weights = cell.make_weights(draw.parameters)
    step = step_of(works.forward, (), cell, weights)
    assert step is not None
    assert not step.whole
    numpys, ours = on_both_roads(lambda: unroll(cell, weights, project_inputs(weights, draw.inputs, 1)).hidden)
    np.testing.assert_allclose(ours, numpys, rtol=TOLERANCE)


def test_families_of_seeds_take_it_too() -> None:
    cell, weights = weights_of(Experiment(**SMALL))
    for shape in ((3, 7, 5), (3, 2, 7, 5)):
        assert road(cell, weights, cell.make_record(np.zeros(shape), weights)) is not None


WITHOUT_LLVM = """
import sys
sys.modules["llvmlite"] = None
from rnn_dynamics import Experiment, run
print(run(Experiment(cell="lstm", sequence_length=5)).loss, *(name for name in sys.modules if "llvm" in name))
"""


def test_without_llvm_all_is_computed_by_numpy(monkeypatch: pytest.MonkeyPatch) -> None:
    said = subprocess.run([sys.executable, "-c", WITHOUT_LLVM], capture_output=True, text=True, check=True).stdout
    monkeypatch.setenv("RNN_DYNAMICS_COMPILED", "0")
    assert llvm() is None
    assert said == f"{run(Experiment(cell='lstm', sequence_length=5)).loss} llvmlite\n"
