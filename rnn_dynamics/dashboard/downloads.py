"""Files that a page hands out: tables and scripts, made when a reader asks for them, named after what they are of."""

import csv
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

from rnn_dynamics.content import LANGUAGE, Words, sentences
from rnn_dynamics.dashboard.settings_words import Names
from rnn_dynamics.experiment import Experiment, settings
from rnn_dynamics.learning.training import TRAINING_KNOBS, Training
from rnn_dynamics.pictures.kit.answered import OfTrainings
from rnn_dynamics.pictures.kit.digits import digits_note
from rnn_dynamics.pictures.kit.picture import Picture
from rnn_dynamics.scripts import SCRIPTS, training_script

#: Suffix of a file -> the type of its content.
MIME = {"csv": "text/csv", "py": "text/x-python"}


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


def _table(
    words: Words, what: str, table: Callable[[], Any], of: Mapping[str, Any], digits: Callable[[], int] | None = None
) -> Download:
    """A frame as a file. Texts are quoted, so that no "#" in them is taken for a comment."""
    return Download(
        label=sentences("app", words.language)["files"]["csv"].format(name=words["files"][what]),
        what=what,
        suffix="csv",
        content=lambda: str(table().to_csv(index=False, quoting=csv.QUOTE_NONNUMERIC)),
        of=of,
        digits=digits,
    )


def files_of(picture: Picture, answer: Any, views: Mapping[str, str], words: Words) -> list[Download]:
    """The tables of a picture's answer, and the scripts that find its numbers; of what was computed, not asked."""
    if isinstance(answer, OfTrainings):
        return files_of_trainings(picture, answer, views, words)
    used = settings(answer.experiment).items()
    of = {name: value for name, value in used if not picture.uses or name in picture.uses}
    of |= {name: views[name] for name in picture.settings}
    tables = [
        _table(words, name, partial(table, answer, views), of, _digits(answer, table, views))
        for name, table in picture.files.items()
    ]
    names = Names(picture.name, words.language)
    return tables + [_script(kind, answer, of, names) for kind in picture.scripts]


def _digits(answer: Any, table: Callable[..., Any], views: Mapping[str, str]) -> Callable[[], int] | None:
    """The answer's own, or where each row of the table says its own, the fewest of them; None where nobody can say."""
    if answer.digits is None:
        return None
    return lambda: int(min(table(answer, views).get("digits", default=[answer.digits]), default=answer.digits))


def _script(kind: str, answer: Any, of: Mapping[str, Any], names: Names) -> Download:
    """The script of an answer, named after its network; of the page's settings where it is of no single one."""
    script, words = SCRIPTS[kind](answer), _labels(names)
    said = names.shown("shape", script.what) if kind == "shape" else words.get(kind, "")
    label, its = (_of_cell(names, script.of, said), settings(script.of)) if script.of else (said, of)
    return Download(label=label, what=script.what, suffix="py", content=script.text, of=its, digits=script.digits)


def _labels(names: Names) -> Mapping[str, str]:
    """What the buttons are called, on every page and on this one."""
    of_page, of_all = (sentences(page, names.language)["files"] for page in (names.page, "app"))
    return {**of_all, **of_page}


def _of_cell(names: Names, experiment: Experiment, of: str) -> str:
    cell, words = names.said("cell", experiment.cell), _labels(names)
    return str(words["script_of" if of else "script"].format(cell=cell, of=of.removeprefix(", ")))


def files_of_trainings(picture: Picture, answer: Any, views: Mapping[str, str], words: Words) -> list[Download]:
    """The tables that have rows, and a script for each training that files are of.

    Where trainings differ in their clipping alone, the words under `scripts` tell them apart.
    """
    trainings: Sequence[Training] = answer.handed_out
    if not trainings:
        return []
    each = [settings(one.experiment) | {name: getattr(one, name) for name in TRAINING_KNOBS} for one in trainings]
    of = {name: _together([one[name] for one in each]) for name in each[0]}
    notes, names = words.get("scripts", {}), Names(picture.name, words.language)
    tables = {name: partial(table, answer, views) for name, table in picture.files.items()}
    files = [_table(words, name, table, of) for name, table in tables.items() if len(table())]
    scripts = [
        Download(
            label=_of_cell(names, one.experiment, notes.get(one.clipping) or _labels(names)["training"]),
            what=f"training, clipping {one.clipping}" if notes else "training",
            suffix="py",
            content=partial(training_script, one, one.gaps),
            of=its,
        )
        for one, its in zip(trainings, each, strict=True)
    ]
    return files + scripts


def _together(values: Sequence[Any]) -> Any:
    """The value that all have, or all of them as one text."""
    different = list(dict.fromkeys(values))
    return different[0] if len(different) == 1 else ", ".join(map(str, different))
