"""The tour of the library in docs/gradients.ipynb runs from its first cell to its last."""

from pathlib import Path
from typing import Any

import nbformat
import pytest
from nbclient import NotebookClient

ROOT = Path(__file__).resolve().parent.parent


# The kernel leaves its sockets to the interpreter's end.
@pytest.mark.filterwarnings("ignore::ResourceWarning", "ignore::DeprecationWarning")
def test_the_tour_runs_and_draws() -> None:
    tour: Any = nbformat.read(ROOT / "docs" / "gradients.ipynb", as_version=4)
    assert all(not cell.get("outputs") for cell in tour.cells)  # they would grow old
    NotebookClient(tour, timeout=120, resources={"metadata": {"path": str(ROOT)}}).execute()
    pages = [output["data"].get("text/html", "") for cell in tour.cells for output in cell.get("outputs", ())]
    drawn = [page for page in pages if "vega" in page and '"layer"' in page]
    assert len(drawn) == sum(cell.source.count("pictures.draw(") for cell in tour.cells) > 0
