"""The architectures. A new one is one file here and one line below."""

from rnn_dynamics.cells.cell import Cell
from rnn_dynamics.cells.elman import Elman
from rnn_dynamics.cells.gru import Gru
from rnn_dynamics.cells.lstm import Lstm

#: Name -> cell, in the order in which readers meet them.
_CELLS: tuple[Cell, ...] = (Elman(), Lstm(), Gru())
CELLS: dict[str, Cell] = {cell.name: cell for cell in _CELLS}

__all__ = ["CELLS", "Cell"]
