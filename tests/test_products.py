"""Products with a matrix, in parts of its rows or at once: the same numbers as the sum that they stand for."""

import numpy as np

from rnn_dynamics.engine.cells.cell import multiply
from rnn_dynamics.engine.through_time.unroll import product_at_each_step
from tests.every import every

#: Of the matrix and of what it is multiplied with: products that are small, cut in two, in three and in eight, of more
#: columns than a part of the rows could help, of rows that have no divisor, of seeds, and of seeds at many steps.
SHAPES = {
    "small": ((12, 3), (3, 2)),
    "in two": ((256, 256), (256, 16)),
    "in three": ((384, 300), (300, 20)),
    "in eight": ((1024, 256), (256, 16)),
    "of many columns": ((64, 256), (256, 1312)),
    "of a prime number of rows": ((251, 300), (300, 20)),
    "of seeds": ((2, 512, 128), (2, 128, 40)),
    "of seeds at many steps": ((2, 512, 128), (3, 2, 128, 40)),
}


@every("shapes", SHAPES.values())
@every("transposed", [False, True])
def test_a_product_is_the_sum_it_stands_for(shapes: tuple[tuple[int, ...], ...], transposed: bool) -> None:
    random = np.random.default_rng(0)
    matrix, array = (random.standard_normal(shape) for shape in shapes)
    if transposed:
        matrix = np.ascontiguousarray(matrix.swapaxes(-1, -2)).swapaxes(-1, -2)
    expected = np.einsum("...rk,...kc->...rc", matrix, array)
    found = np.full_like(expected, np.nan)
    multiply(matrix, array, found)
    np.testing.assert_allclose(found, expected, atol=1e-11)


@every("columns", [1, 8, 9, 32])
@every("rows", [16, 512])
def test_all_steps_at_once_are_each_step_by_itself(rows: int, columns: int) -> None:
    random = np.random.default_rng(0)
    matrix, arrays = random.standard_normal((rows, 200)), random.standard_normal((3, 200, columns))
    expected = np.einsum("rk,tkc->trc", matrix, arrays)
    np.testing.assert_allclose(product_at_each_step(matrix, arrays), expected, atol=1e-11)
