"""Files that a page hands out: tables and scripts, made when a reader asks for them, named after what they are of."""

from __future__ import annotations

import csv
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

from rnn_dynamics.content import LANGUAGE, sentences
from rnn_dynamics.dashboard.language import language
from rnn_dynamics.dashboard.settings_words import Names
from rnn_dynamics.engine.cliff import Descent
from rnn_dynamics.engine.run import run, run_jacobians
from rnn_dynamics.engine.trace import JacobianTrace, LossByTime, ShapeTrace
from rnn_dynamics.experiment import Experiment, settings
from rnn_dynamics.learning.training import TRAINING_KNOBS, Training
from rnn_dynamics.pictures.kit.digits import digits_note
from rnn_dynamics.pictures.kit.picture import Picture
from rnn_dynamics.scripts import (
    cliff_script,
    jacobian_script,
    loss_script,
    reproduction_script,
    shape_script,
    training_script,
)

_MIME = {"csv": "text/csv", "py": "text/x-python"}


@dataclass(frozen=True, kw_only=True)
class Download:
    """A file that is made when a reader asks for it.

    label: of its button. what: it holds, as a part of its name. suffix: "csv" or "py". content: makes it. of: the
    settings that it belongs to, where they are not those of the controls. digits: how many of
    them another program shares, where that can be said of all of its numbers.
    """

    label: str
    what: str
    suffix: str
    content: Callable[[], str]
    of: Mapping[str, Any] | None = None
    digits: Callable[[], int] | None = None

    @property
    def mime(self) -> str:
        """The type of its content."""
        return _MIME[self.suffix]

    def file_name(self, page: str, shown: Mapping[str, Any]) -> str:
        """Page, content, cell where there is one, and seed."""
        of = self.of or shown
        parts = (page, self.what, of.get("cell", ""), f"seed{of['seed']}")
        return re.sub(r"[^\w.-]+", "_", "_".join(filter(None, parts))) + f".{self.suffix}"

    def text(self, page: str, shown: Mapping[str, Any], language: str = LANGUAGE) -> str:
        """The file; a table begins with its settings, one a line behind "#", and with how many digits are certain."""
        if self.suffix != "csv":
            return self.content()
        of = {"page": page} | dict(self.of or shown)
        certain = [digits_note(self.digits(), language)] if self.digits else []
        lines = [*(f"{name} = {value!r}" for name, value in of.items()), *certain]
        return "".join(f"# {line}\n" for line in lines) + self.content()


def _labels() -> Mapping[str, str]:
    """What the buttons are called in the language of the visitor."""
    found: Mapping[str, str] = sentences("app", language())["files"]
    return found


def csv_download(
    label: str,
    what: str,
    table: Callable[[], Any],
    of: Mapping[str, Any] | None = None,
    digits: Callable[[], int] | None = None,
) -> Download:
    """A frame as a file. Texts are quoted, so that no "#" in them is taken for a comment."""
    return Download(
        label=_labels()["csv"].format(name=label),
        what=what,
        suffix="csv",
        content=lambda: str(table().to_csv(index=False, quoting=csv.QUOTE_NONNUMERIC)),
        of=of,
        digits=digits,
    )


def files_of(picture: Picture[Any], answer: Any, views: Mapping[str, str], words: Mapping[str, Any]) -> list[Download]:
    """The tables of a picture's answer, and the scripts that find its numbers; of what was computed, not asked."""
    used = settings(answer.experiment).items()
    of = {name: value for name, value in used if not picture.uses or name in picture.uses} | dict(views)
    tables = [
        csv_download(words["files"][name], name, partial(table, answer, views), of, _digits(answer, table, views))
        for name, table in picture.files.items()
    ]
    return tables + [SCRIPTS[kind](answer) for kind in picture.scripts]


def _digits(answer: Any, table: Callable[..., Any], views: Mapping[str, str]) -> Callable[[], int] | None:
    """The answer's own, or where each row of the table says its own, the fewest of them; None where nobody can say."""
    if answer.digits is None:
        return None
    return lambda: int(min(table(answer, views).get("digits", default=[answer.digits]), default=answer.digits))


def training_settings(training: Training) -> dict[str, Any]:
    """What a file of a training is of: its network, and how it is trained."""
    return settings(training.experiment) | {name: getattr(training, name) for name in TRAINING_KNOBS}


def trainings_settings(trainings: Sequence[Training]) -> dict[str, Any]:
    """The same of networks that are trained side by side and differ in their cell, or in how they are clipped."""
    each = [training_settings(training) for training in trainings]
    return {name: _together([one[name] for one in each]) for name in each[0]}


def _together(values: Sequence[Any]) -> Any:
    """The value that all have, or all of them as one text."""
    different = list(dict.fromkeys(values))
    return different[0] if len(different) == 1 else ", ".join(map(str, different))


def _script(
    of: Mapping[str, Any], note: str, what: str, content: Callable[[], str], digits: Callable[[], int] | None = None
) -> Download:
    cell = Names("", language()).said("cell", of["cell"])
    label = _labels()["script_of" if note else "script"].format(cell=cell, of=note.removeprefix(", "))
    return Download(label=label, what=what, suffix="py", content=content, of=of, digits=digits)


def script_download(experiment: Experiment, note: str = "") -> Download:
    """The reproduction script of an experiment; `note`: what sets it apart from another one, in the visitor's words."""
    what = "gradients_cut" if experiment.hidden_path == "cut" else "gradients"
    return _script(
        settings(experiment),
        note,
        what,
        lambda: reproduction_script(run(experiment)),
        lambda: run(experiment).digits,
    )


def jacobian_script_download(experiment: Experiment) -> Download:
    """The script that multiplies an experiment's Jacobians."""

    def answer() -> JacobianTrace:
        return run_jacobians(experiment, [experiment.sequence_length], exponents=1)

    of = settings(experiment)
    return _script(of, _labels()["jacobians"], "products", lambda: jacobian_script(answer()), lambda: answer().digits)


def shape_script_download(answer: ShapeTrace) -> Download:
    """The script that unrolls a shape and gives each edge a gradient."""
    of, shape = settings(answer.experiment), answer.shape
    called = Names("shapes", language()).shown("shape", shape)
    return _script(of, called, shape, lambda: shape_script(answer), lambda: answer.digits)


def loss_script_download(answer: LossByTime) -> Download:
    """The script that sends each of an experiment's losses back by itself."""
    of = settings(answer.experiment)
    return _script(of, _labels()["each_loss"], "each_loss", lambda: loss_script(answer), lambda: answer.digits)


def comparison_download(answer: Any) -> Download:
    """The script that computes an example by hand and by torch."""
    label = sentences("by_hand", language())["files"]["comparison"]
    return Download(label=label, what="comparison", suffix="py", content=lambda: str(answer.comparison))


def cliff_script_download(descents: Sequence[Descent]) -> Download:
    """The script that repeats descents on the error of one unit."""
    return Download(label=_labels()["descents"], what="descents", suffix="py", content=lambda: cliff_script(descents))


#: Kind of a picture's script -> the script of its answer.
SCRIPTS: Mapping[str, Callable[[Any], Download]] = {
    "gradients": lambda answer: script_download(answer.experiment),
    "whole_gradient": lambda answer: script_download(
        replace(answer.experiment, hidden_path="open"), _labels()["whole_gradient"]
    ),
    "path_alone": lambda answer: script_download(
        replace(answer.experiment, hidden_path="cut"), _labels()["path_alone"]
    ),
    "default": lambda answer: script_download(answer.default, _labels()["default"]),
    "products": lambda answer: jacobian_script_download(answer.experiment),
    "shape": lambda answer: shape_script_download(answer.trace),
    "each_loss": lambda answer: loss_script_download(answer.trace),
    "comparison": comparison_download,
    "descents": lambda answer: cliff_script_download([path.descent for path in answer.paths.values()]),
}


def training_script_download(
    training: Training, gaps: Sequence[int] = (), what: str = "training", note: str = ""
) -> Download:
    """The script that trains one network, and tests one that fills in blanks at several gaps; `note`: as above."""
    said = note or _labels()["training"]
    return _script(training_settings(training), said, what, lambda: training_script(training, gaps))


def files_of_trainings(
    picture: Picture[Any], answer: Any, views: Mapping[str, str], words: Mapping[str, Any]
) -> list[Download]:
    """The tables that have rows, and a script for each training that files are of.

    Where trainings differ in their clipping alone, the words under `scripts` tell them apart.
    """
    trainings: Sequence[Training] = answer.handed_out
    if not trainings:
        return []
    of, notes = trainings_settings(trainings), words.get("scripts", {})
    tables = {name: partial(table, answer, views) for name, table in picture.files.items()}
    files = [csv_download(words["files"][name], name, table, of) for name, table in tables.items() if len(table())]
    for one in trainings:
        what = f"training, clipping {one.clipping}" if notes else "training"
        files.append(training_script_download(one, answer.gaps, what, notes.get(one.clipping, "")))
    return files
