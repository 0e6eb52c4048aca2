"""The functions by hand read line by line, and the shape of what each line computes, in letters."""

import ast
import textwrap
from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import lru_cache

from rnn_dynamics.by_hand.example import make_example
from rnn_dynamics.by_hand.mistakes import HandWritten
from rnn_dynamics.experiment import Experiment

#: Sizes of which no two, nor any of their multiples by the number of gates, are the same: a shape tells its letters.
_LETTERS = {3: "N", 5: "D", 7: "H", 14: "2H", 21: "3H", 28: "4H"}
_TELLING = Experiment(batch_size=3, input_size=5, hidden_size=7, sequence_length=1)


@dataclass(frozen=True)
class Line:
    """A statement of a function, as it stands in the source, and the names that it gives a value to."""

    text: str
    names: tuple[str, ...]


@lru_cache(maxsize=64)
def lines_of(source: str) -> tuple[Line, ...]:
    """A function's head, whose arguments are its names, and its assignments; without types, docstring and return."""
    [function] = ast.parse(source).body
    assert isinstance(function, ast.FunctionDef)
    rows, arguments = source.splitlines(), tuple(argument.arg for argument in function.args.args)
    lines = [Line(f"def {function.name}({', '.join(arguments)}):", arguments)]
    for statement in function.body:
        if isinstance(statement, ast.Assign):
            text = textwrap.dedent("\n".join(rows[statement.lineno - 1 : statement.end_lineno]))
            names = (node.id for target in statement.targets for node in ast.walk(target) if isinstance(node, ast.Name))
            lines.append(Line(text, tuple(names)))
    return tuple(lines)


@lru_cache(maxsize=8)
def letters_of(cell: str) -> Mapping[str, tuple[str, ...]]:
    """Name -> shape in letters, of everything that a step computes forwards and backwards."""
    hand, example = HandWritten(cell), make_example(replace(_TELLING, cell=cell))
    forward = hand.forward(example)
    steps = forward.steps[0][0] | hand.backward(example, forward).steps[0][0]
    return {
        name: tuple(_LETTERS[length] for length in value.shape)
        for name, value in steps.items()
        if name != "step"  # the record of the way forward, an argument of the way back
    }
