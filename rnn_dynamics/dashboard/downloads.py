"""Files that a page hands out: tables and scripts, made when a reader asks for them, named after what they are of."""

import csv
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

import streamlit as st

from rnn_dynamics.content import LANGUAGE, Words, sentences
from rnn_dynamics.dashboard.settings_words import Names
from rnn_dynamics.experiment import Experiment, settings
from rnn_dynamics.learning.training import TRAINING_KNOBS, Training
from rnn_dynamics.pictures.kit.answered import OfTrainings
from rnn_dynamics.pictures.kit.digits import digits_note
from rnn_dynamics.pictures.kit.picture import Picture
from rnn_dynamics.scripts import SCRIPTS, training_script

#: Suffix of a file -> the type of its content.
MIME = {"csv": "text/csv", "py": "text/x-python", "svg": "image/svg+xml", "png": "image/png"}


@dataclass(frozen=True, kw_only=True)
class Download:
    """A file that is made when a reader asks for it.

    label: of its button. what: it holds, as a part of its name. suffix: "csv" or "py". content: makes it. of: the
    settings that it belongs to. digits: how many of them another program shares, where that can be said of all of its
    numbers.
    """

    label: str
    what: str
    suffix: str
    content: Callable[[], str]
    of: Mapping[str, Any]
    digits: Callable[[], int] | None = None

    def file_name(self, page: str) -> str:
        """Page, content, cell where there is one, and seed."""
        parts = (page, self.what, self.of.get("cell", ""), f"seed{self.of['seed']}")
        return re.sub(r"[^\w.-]+", "_", "_".join(filter(None, parts))) + f".{self.suffix}"

    def text(self, page: str, language: str = LANGUAGE) -> str:
        """The file; a table begins with its settings, one a line behind "#", and with how many digits are certain."""
        if self.suffix != "csv":
            return self.content()
        of = {"page": page} | dict(self.of)
        certain = [digits_note(self.digits(), language)] if self.digits else []
        lines = [*(f"{name} = {value!r}" for name, value in of.items()), *certain]
        return "".join(f"# {line}\n" for line in lines) + self.content()


def show_download(label: str, content: Callable[[], str | bytes], file_name: str) -> None:
    """A button that hands out a file, which is made when it is pressed; what its name ends with says what it is."""
    mime = MIME[file_name.rpartition(".")[2]]
    st.download_button(label, content, file_name=file_name, mime=mime, on_click="ignore", width="stretch")


def files_of(picture: Picture, answer: Any, views: Mapping[str, str], words: Words) -> list[Download]:
    """The tables of a picture's answer, and the scripts that find its numbers; of what was computed, not asked.

    Of trainings, once they have begun: the tables that have rows, and a script for each.
    """
    names, trained = Names(picture.name, words.language), isinstance(answer, OfTrainings)
    if trained:
        scripts = [_training(one, names) for one in answer.handed_out]
        of = {name: _together([script.of[name] for script in scripts]) for script in scripts[:1] for name in script.of}
    else:
        used = settings(answer.experiment).items()
        of = {name: value for name, value in used if not picture.uses or name in picture.uses}
        of |= {name: views[name] for name in picture.settings}
        scripts = [_script(kind, answer, of, names) for kind in picture.scripts]
    tables = [
        Download(
            label=sentences("app", words.language)["files"]["csv"].format(name=words["files"][what]),
            what=what,
            suffix="csv",
            content=partial(_as_csv, table, answer, views),
            of=of,
            digits=None if answer.digits is None else partial(_fewest_digits, table, answer, views),
        )
        for what, table in picture.files.items()
        if not trained or (scripts and len(table(answer, views)))
    ]
    return tables + scripts


def _as_csv(table: Callable[..., Any], answer: Any, views: Mapping[str, str]) -> str:
    """Texts are quoted, so that no "#" in them is taken for a comment."""
    return str(table(answer, views).to_csv(index=False, quoting=csv.QUOTE_NONNUMERIC))


def _fewest_digits(table: Callable[..., Any], answer: Any, views: Mapping[str, str]) -> int:
    """The answer's own, or where each row of the table says its own, the fewest of them."""
    return int(min(table(answer, views).get("digits", default=[answer.digits]), default=answer.digits))


def _script(kind: str, answer: Any, of: Mapping[str, Any], names: Names) -> Download:
    """The script of an answer, named after its network; of the page's settings where it is of no single one."""
    script, words = SCRIPTS[kind](answer), _labels(names)
    said = names.shown("shape", script.what) if kind == "shape" else words.get(kind, "")
    label, its = (_of_cell(names, script.of, said), settings(script.of)) if script.of else (said, of)
    return Download(label=label, what=script.what, suffix="py", content=script.text, of=its, digits=script.digits)


def _training(one: Training, names: Names) -> Download:
    """The script of a training; words under `scripts` tell apart those that differ in their clipping alone."""
    notes = sentences(names.page, names.language).get("scripts", {})
    return Download(
        label=_of_cell(names, one.experiment, notes.get(one.clipping) or _labels(names)["training"]),
        what=f"training, clipping {one.clipping}" if notes else "training",
        suffix="py",
        content=partial(training_script, one, one.gaps),
        of=settings(one.experiment) | {name: getattr(one, name) for name in TRAINING_KNOBS},
    )


def _labels(names: Names) -> Mapping[str, str]:
    """What the buttons are called, on every page and on this one."""
    of_page, of_all = (sentences(page, names.language)["files"] for page in (names.page, "app"))
    return {**of_all, **of_page}


def _of_cell(names: Names, experiment: Experiment, of: str) -> str:
    cell, words = names.said("cell", experiment.cell), _labels(names)
    return str(words["script_of" if of else "script"].format(cell=cell, of=of))


def _together(values: Sequence[Any]) -> Any:
    """The value that all have, or all of them as one text."""
    different = list(dict.fromkeys(values))
    return different[0] if len(different) == 1 else ", ".join(map(str, different))
