"""Files that pages hand out: what they are called, and what a table says of itself."""

import io
import re

import pandas as pd
import pytest

from rnn_dynamics import Experiment, run
from rnn_dynamics.dashboard.downloads import Download
from rnn_dynamics.engine.trace import Trace
from rnn_dynamics.pictures.kit.digits import digits_note
from rnn_dynamics.scripts import kinds
from tests.every import every
from tests.test_pages import PAGES, open_page

SMALL = {"sequence_length": "10", "hidden_size": "2", "seed": "7", "batch_size": "1"}


@pytest.fixture
def handed_out(monkeypatch: pytest.MonkeyPatch) -> dict[str, Download]:
    """Name -> file of the page that runs next."""
    files: dict[str, Download] = {}
    name_of = Download.file_name

    def noted(self: Download, page: str) -> str:
        name = name_of(self, page)
        assert name not in files or files[name].label == self.label, "two files of one name"
        files[name] = self
        return name

    monkeypatch.setattr(Download, "file_name", noted)
    return files


@every("page", PAGES)
def test_a_file_says_page_cell_and_seed_and_a_table_its_settings(page: str, handed_out: dict[str, Download]) -> None:
    handed_out.clear()
    app = open_page(page, SMALL)
    assert not app.exception
    assert handed_out or page == "learning"  # which has none before a training
    for name, file in handed_out.items():
        assert re.fullmatch(rf"{page}_[\w.-]+_seed\d+\.(csv|py)", name)
        of = dict(file.of)
        assert "cell" not in of or f"_{of['cell']}_" in name
        if file.suffix == "csv":
            text = file.text(page)
            head = {line for line in text.splitlines() if line.startswith("# ")}
            assert {f"# {key} = {value!r}" for key, value in of.items()} <= head
            assert file.digits is None or f"# {digits_note(file.digits())}" in head
            table = pd.read_csv(io.StringIO(text), comment="#")
            assert len(table)
            assert not [column for column in table.columns if "#" in column]


def test_a_word_with_a_number_sign_in_a_table_is_no_comment(
    handed_out: dict[str, Download],
) -> None:
    open_page("blank", {"sentence": "c# is a data science student ___"})
    file = next(one for name, one in handed_out.items() if name.startswith("blank_sentence"))
    table = pd.read_csv(io.StringIO(file.text("blank")), comment="#")
    assert "c#" in set(table["word"])


def test_chaos_is_told_in_the_share_panel_and_in_the_table(
    handed_out: dict[str, Download],
) -> None:
    params = {"weight_scale": "5.0", "initialisation": "orthogonal", "input_scale": "0.2"}
    app = open_page("vanish_or_explode", params)
    said = digits_note(0)
    assert said in [caption.value for caption in app.caption]
    (table,) = (file.text("") for file in handed_out.values() if file.suffix == "csv")
    assert f"# {said}" in table.splitlines()


def test_an_open_share_panel_computes_no_network_anew(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[Experiment] = []

    def noted(experiment: Experiment) -> Trace:
        asked.append(experiment)
        return run(experiment)

    monkeypatch.setattr(kinds, "run", noted)
    app = open_page("vanish_or_explode", SMALL | {"seed": "8"})
    assert len(asked) == 1
    app.run()
    assert len(asked) == 1
