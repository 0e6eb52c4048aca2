"""The architectures. A new one is one file here and one line below."""

from collections.abc import Callable

from rnn_dynamics.engine.cells.cell import Cell
from rnn_dynamics.engine.cells.cornn import Cornn
from rnn_dynamics.engine.cells.elman import Elman, ReluElman
from rnn_dynamics.engine.cells.gru import Gru
from rnn_dynamics.engine.cells.jordan import Jordan, ReluJordan
from rnn_dynamics.engine.cells.lru import Lru
from rnn_dynamics.engine.cells.lstm import Lstm
from rnn_dynamics.engine.cells.mingru import MinGru
from rnn_dynamics.engine.cells.minlstm import MinLstm
from rnn_dynamics.engine.cells.reset_before import GruResetBefore
from rnn_dynamics.engine.cells.slstm import Slstm
from rnn_dynamics.engine.cells.ssm import Ssm
from rnn_dynamics.experiment import Experiment

#: Name -> cell, in the order in which readers meet them.
_CELLS: tuple[Cell, ...] = (Elman(), Jordan(), Lstm(), Gru(), MinGru(), MinLstm(), Lru(), Slstm(), Ssm(), Cornn())
CELLS: dict[str, Cell] = {cell.name: cell for cell in _CELLS}
#: Name -> the setting by which there are several of that name.
_KIND = {"rnn": "nonlinearity", "jordan": "nonlinearity", "gru": "reset_gate"}
#: (name, that setting) -> the cell that stands in for the one of that name.
_VARIANTS: dict[tuple[str, str], Cell] = {
    ("rnn", "relu"): ReluElman(),
    ("jordan", "relu"): ReluJordan(),
    ("gru", "before"): GruResetBefore(),
}


def cell_of(experiment: Experiment) -> Cell:
    """The cell that an experiment asks for, its nonlinearity or the place of its reset gate included."""
    return cell_named(experiment.cell, experiment)


def cell_named(name: str, of: object) -> Cell:
    """The cell of that name, in the variant of which `of` has the setting, such as `nonlinearity`."""
    kind = getattr(of, _KIND[name]) if name in _KIND else ""
    return _VARIANTS.get((name, kind), CELLS[name])


def cells_where(holds: Callable[[Cell], object]) -> tuple[str, ...]:
    """The names of the cells of which something holds, in order."""
    return tuple(name for name, cell in CELLS.items() if holds(cell))


__all__ = ["CELLS", "Cell", "cell_named", "cell_of", "cells_where"]
