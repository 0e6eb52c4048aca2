"""What every page hands out: its files, for its presets and for every kind of network that its controls can reach."""

import ast
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cache
from io import StringIO
from itertools import combinations, product
from pathlib import Path
from random import Random
from typing import Any

import pandas as pd

from rnn_dynamics.dashboard.downloads import Download
from rnn_dynamics.dashboard.page import Page
from rnn_dynamics.experiment import KNOBS_CHOICE, Experiment

ROOT = Path(__file__).resolve().parent.parent
#: The pages that hand out scripts of an experiment alone; those that train, the cliff and "By hand" have others.
PAGES = (
    *("vanish_or_explode", "additive_path", "initialisation", "losses"),
    *("jacobians", "phase_diagram", "depth", "shapes"),
)
AWKWARD = '"a" \'b\' \\n {T} {{x}} """ é∂ 🎉 #%s'
#: Field -> the values that make a network of another kind.
KINDS: Mapping[str, tuple[Any, ...]] = {
    **{name: tuple(KNOBS_CHOICE[name].options) for name in ("initialisation", "nonlinearity", "gate_bias")},
    **{name: tuple(KNOBS_CHOICE[name].options) for name in ("loss_at", "hidden_path", "reset_gate")},
    **{name: tuple(KNOBS_CHOICE[name].options) for name in ("input_weights", "initial_state")},
    "text": ("", "gates hold.", AWKWARD, "a"),
    "num_layers": (1, 2, 3, 4),
    "bidirectional": (False, True),
    "bias": (True, False),
    "input_weight_scale": (1.0, 0.5),
    "forget_bias_layers": ("all", "first"),
}
SMALL = {"sequence_length": 9, "hidden_size": 5, "input_size": 3, "batch_size": 2, "seed": 4}


@cache
def opened(page: str) -> dict[str, Any]:
    """What the page's file defines, without showing the page."""
    path = ROOT / "pages" / f"{page}.py"
    tree = ast.parse(path.read_text(encoding="utf-8"))
    tree.body = [node for node in tree.body if not isinstance(node, ast.Expr) or isinstance(node.value, ast.Constant)]
    found: dict[str, Any] = {"__name__": page, "__file__": str(path)}
    exec(compile(tree, path, "exec"), found)
    return found


def frame_of(page: str) -> Page:
    """What a page declares."""
    found: Page = opened(page)["PAGE"]
    return found


def presets_of(page: str) -> dict[str, tuple[Experiment, dict[str, str]]]:
    """What each preset of a page asks: the experiment, and every view."""
    return {key: frame_of(page).asked(away) for key, away in frame_of(page).presets.items()}


def covering(values: Mapping[str, Sequence[Any]], strength: int) -> list[dict[str, Any]]:
    """Settings among which every combination of values of `strength` fields occurs.

    Each begins with one that is missing, and takes those values with which most of the others are there too.
    """
    draw, several = Random(0), min(strength, len(values))
    missing = dict.fromkeys(
        frozenset(zip(names, some, strict=True))
        for names in combinations(values, several)
        for some in product(*(values[name] for name in names))
    )
    found = []
    while missing:
        setting = dict(next(iter(missing)))
        for name in draw.sample([*values], len(values)):
            if name not in setting:
                beside = [*combinations(setting.items(), several - 1)]
                added = {
                    value: sum(frozenset((*some, (name, value))) in missing for some in beside)
                    for value in values[name]
                }
                setting[name] = max(draw.sample([*added], len(added)), key=added.__getitem__)
        found.append(setting)
        for some in combinations(setting.items(), several):
            missing.pop(frozenset(some), None)
    return found


@dataclass(frozen=True)
class Case:
    """A page at some settings."""

    page: str
    experiment: Experiment
    views: Mapping[str, str]

    def files(self) -> Sequence[Download]:
        """What the page's share panel hands out there."""
        return frame_of(self.page).files(self.experiment, self.views)


def cases(page: str) -> dict[str, Case]:
    """The page's presets as they are, and small networks of every kind that its controls can reach."""
    frame = frame_of(page)
    _, views = frame.asked({})
    found = {f"{page}-{name}": Case(page, *preset) for name, preset in presets_of(page).items()}
    reached = {name: values for name, values in KINDS.items() if name in frame.settings}
    if "cell" in frame.main:
        reached = {"cell": frame.settings["cell"].values, **reached}
    if "shape" in frame.views:
        reached = {"shape": frame.views["shape"].values, **reached}
    for number, setting in enumerate(covering(reached, 3 if page == "depth" else 2)):
        shape = {"shape": setting.pop("shape")} if "shape" in setting else {}
        experiment = replace(frame.opening, **SMALL | setting)
        found[f"{page}-{number}"] = Case(page, experiment, views | shape)
    return found


def table(file: Download) -> pd.DataFrame:
    """The table of a CSV file."""
    return pd.read_csv(StringIO(file.content()))


def only(files: Sequence[Download], what: str) -> Download:
    """The file that holds this."""
    (found,) = (file for file in files if file.what == what)
    return found
