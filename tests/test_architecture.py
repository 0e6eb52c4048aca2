"""The doors between the rooms: which part of the project may import which, as docs/architecture.md has it.

The rules name rooms, not files, and stand here for rooms that are still to be built: they bind a file from the moment
it appears. A file that belongs to no room is an error, so that no room is built without its doors.
"""

import ast
import re
import sys
from collections.abc import Iterator
from pathlib import Path

from tests.every import every

ROOT = Path(__file__).resolve().parent.parent
LIBRARY = "rnn_dynamics"
HOUSES = (LIBRARY, f"{LIBRARY}.engine", f"{LIBRARY}.learning", f"{LIBRARY}.own")

#: What computes a network and its gradients, from the bottom up.
WALK = {"experiment", "engine.cells", "engine.initialise", "engine.through_time", "engine.trace"}
BESIDE = (
    "run",
    "run_network",
    "given",
    "verdict",
    "phase",
    "phase_crossing",
    "shapes",
    "cliff",
    "curse",
    "curse_measured",
    "region",
    "theory",
    "schemes",
    "growth",
    "work",
    "measure",
)
ENGINE = WALK | {f"engine.{part}" for part in BESIDE}
#: What says something of numbers that are there, and runs no network.
SAID = ("engine.verdict", "engine.phase_crossing", "engine.growth", "engine.region", "engine.curse", "learning.trained")
LEARNING = {f"learning.{part}" for part in ("tasks", "training", "trained", "reading", "jobs", "limits")}
#: What answers for a network that is given.
OWN = {f"own.{part}" for part in ("given", "drawn", "kept", "examples", "findings", "advice")}
KIT = "pictures.kit"
#: Room -> rooms of ours that it may import, itself apart.
ROOMS: dict[str, set[str]] = {
    "limits": set(),
    "experiment": {"limits"},
    "version": set(),
    "engine": set(),
    "learning": set(),
    "content": {"content.numbers"},
    "content.numbers": set(),
    "process": set(),
    "remembered": set(),
    "executor": {"process", "remembered"},
    "line": {"executor"},
    "idle": {"engine.cells", "experiment"},
    "engine.cells": {"experiment"},
    "engine.initialise": {"experiment", "engine.cells"},
    "engine.compiled": {"engine.cells"},
    "engine.through_time": {"engine.cells", "engine.compiled"},
    "engine.trace": {"experiment"},
    "engine.given": {"experiment", "limits", "engine.cells"},
    "engine.run": WALK | {"engine.given"},
    "engine.run_network": WALK | {"engine.given", "engine.run"},
    "engine.verdict": set(),
    "engine.phase": {"experiment", "engine.verdict", "engine.run", "engine.trace"},
    "engine.phase_crossing": {"experiment", "engine.theory", "engine.trace"},
    "engine.shapes": WALK | {"engine.run"},
    "engine.cliff": {"limits", "engine.given"},
    "engine.curse": {"limits", "engine.given"},
    "engine.curse_measured": {"limits", "experiment", "engine.cells", "engine.curse", "engine.through_time"},
    "engine.theory": {"experiment", "limits", "remembered"},
    "engine.growth": {"experiment", "engine.cells"},
    "engine.measure": {"experiment", "remembered", "engine.growth", "engine.run", "engine.work"},
    "engine.work": {"experiment", "engine.cells"},
    "engine.region": set(),
    "engine.schemes": {"experiment", "engine.cells"},
    "by_hand": {"experiment", "engine.cells", "engine.initialise", "engine.verdict"},
    "by_hand.against_torch": {"by_hand", "engine.cells"},
    "learning.tasks": {"limits"},
    "learning.training": {"experiment", "engine.cells", "learning.networks", "learning.tasks"},
    "learning.limits": {"experiment", "learning.training"},
    "learning.reading": WALK | {"engine.given", "engine.run_network", "learning.tasks", "learning.training"},
    "learning.networks": set(),
    "learning.trainer": WALK
    | {"remembered", "engine.given", "engine.run_network"}
    | {f"learning.{part}" for part in ("networks", "reading", "tasks", "training")},
    "learning.trained": {"experiment", "engine.cells", "engine.verdict", "learning.training"},
    "learning.jobs": {"executor", "process", "remembered", "learning.training", "learning.trained", "learning.trainer"},
    "own": set(),
    "own.examples": {"experiment", "engine.given", "learning.training", "learning.trainer"},
    "own.given": {"experiment", "engine.given", "own.change"},
    "own.kept": {"engine.run_network", "engine.trace", "engine.verdict", "own.carried"},
    "own.held": {"own.files", "own.given", "own.recognise", "own.unreadable"},
    "own.unreadable": {"content"},
    "own.converters": set(),
    "own.pt_file": set(),
    "own.apart": {"own.unreadable"},
    "own.files": {"limits", "own.unreadable", "own.converters", "own.apart"},
    "own.recognise": {"limits", "engine.cells", "engine.given"}
    | {f"own.{part}" for part in ("converters", "files", "unreadable")},
    "own.asked": {"engine.given", "engine.run_network"},
    "own.carried": {"engine.cells", "engine.run"},
    "own.last_error": {"engine.given", "engine.run", "engine.run_network", "engine.trace", "own.asked", "own.carried"},
    "own.formats": set(),
    "own.findings": {"own.asked", "own.carried", "own.formats", "own.last_error", "engine.run_network", "engine.trace"}
    | {"engine.cells", "engine.theory", "engine.through_time", "engine.verdict"},
    "own.change": {"engine.cells", "engine.given"},
    "own.advice": {"own.asked", "own.change", "own.findings", "own.last_error"}
    | {"engine.cells", "engine.given", "engine.run_network", "engine.theory", "engine.verdict", "engine.work"},
    "own.report": {"content", "engine.cells", "own.advice", "own.findings", "own.formats"},
    "own.drawn": {"engine.given", "engine.initialise"},
    "own.examined": {"engine.run_network", "engine.verdict"}
    | {"own.advice", "own.carried", "own.drawn", "own.findings", "own.recognise", "own.report"},
    "own.offline": {"own.carried", "own.examined", "own.report"},
    "sweep": {
        "content",
        "experiment",
        "limits",
        "process",
        "version",
        "engine.run",
        "engine.trace",
        "engine.verdict",
        "engine.work",
    },
    "atlas": {"experiment", "sweep"},
    "command": {"content", "dashboard", "limits", "process", "sweep", "version"}
    | {f"own.{part}" for part in ("drawn", "examined", "files", "offline", "recognise", "unreadable")},
    "scripts": {"experiment", "remembered"}
    | {f"learning.{part}" for part in ("networks", "tasks", "training")}
    | {"engine.cells", "engine.trace", "engine.cliff", "engine.curse", "engine.run", "own.given"},
    "laws": ENGINE | {"atlas", "by_hand", "by_hand.against_torch", "learning.tasks", "scripts"},
    "own.capture": {"engine.cells", "learning.networks"},
    "own.unrolled": {"own.capture"},
    "own.probed": {
        "limits",
        "content",
        "own.advice",
        "own.drawn",
        "own.findings",
        "own.formats",
        "own.last_error",
        "own.picture",
        "own.report",
        "own.shown",
    }
    | {"engine.cells", "engine.given", "engine.run_network", "engine.trace", "engine.verdict"},
    "own.picture": {"limits", "content", "engine.cells", "own.carried", "chart", KIT},
    "own.shown": {"content", "own.advice", "own.findings", "own.report", KIT},
    "own.replay": {"engine.cells", "engine.given", "engine.run_network", "engine.through_time"}
    | {"own.capture", "own.carried", "own.probed", "own.unrolled"},
    "own.probe": {"own.capture", "own.probed", "own.replay"},
    KIT: ENGINE | {"executor", "remembered", "content", "content.numbers", "learning.training", "learning.trained"},
    "answer": ENGINE
    | LEARNING
    | OWN
    | {"atlas", "executor", "idle", "remembered", "by_hand", "by_hand.against_torch", KIT},
    "table": {"answer", "content.numbers", "experiment", KIT, *SAID},
    "chart": {"experiment", KIT},
    "words": {"answer", "content", "content.numbers", KIT, *SAID, *OWN, "own.report"},
    "pictures": {"answer", "table", "chart", "words", KIT, "content", "experiment", "limits", "learning.limits"},
    "course": {"content", "content.numbers", "experiment", "limits", "pictures", KIT},
    "dashboard": ENGINE
    | LEARNING
    | {"content", "content.numbers", "course", "executor", "idle", "laws", "line", "process", "remembered"}
    | {"scripts", KIT, "own.files", "own.given", "own.held", "own.recognise", "own.unreadable"},
    "pages": {"pictures", "dashboard", "course", "experiment", "content", "learning.training", "own.given", KIT},
}
#: A part of a picture's answer that has a file of its own -> its room.
PARTS = {"learning.advice": "answer"}
#: Room -> packages of others that it may import; the standard library is open to all.
OUTSIDE: dict[str, set[str]] = {room: {"numpy"} for room in ROOMS} | {
    **{
        room: set()
        for room in ("limits", "experiment", "version", "content", "content.numbers", "engine.schemes", "engine.work")
    },
    **{room: set() for room in ("learning.limits", "scripts")},
    **{room: {"numpy", "torch"} for room in ("learning.trainer", "by_hand.against_torch")},
    "learning.networks": {"torch"},
    **{f"own.{part}": {"numpy", "torch"} for part in ("capture", "unrolled", "replay", "probe")},
    "own.probed": {"numpy", "pandas"},
    "own.shown": set(),
    "words": set(),
    "learning.tasks": {"numpy", "sklearn"},
    "learning.jobs": set(),
    **{room: set() for room in ("own", "own.unreadable", "own.converters", "own.apart")},
    "own.pt_file": {"torch", "safetensors"},
    "own.files": {"numpy", "safetensors"},
    "own.offline": {"numpy", "vl_convert"},
    "command": set(),
    "sweep": {"numpy", "xarray", "zarr", "distributed"},
    "process": {"threadpoolctl"},
    "executor": {"distributed"},
    "engine.compiled": {"numpy", "llvmlite"},
    **{room: {"numpy", "safetensors"} for room in ("own.examples", "own.given")},
    "own.report": set(),
    "course": {"pypdf"},
    KIT: {"numpy", "pandas", "pyarrow", "altair", "vl_convert"},
    "table": {"numpy", "pandas", "pyarrow"},
    "chart": {"altair"},
    "pictures": {"altair", "pandas"},
    "dashboard": {"numpy", "streamlit"},
    "pages": {"streamlit"},
}


def room_of(module: str) -> str:
    """The room of a dotted module of ours; the front door `rnn_dynamics` itself counts as a room.

    A picture's file has its room by its role, whatever the picture.
    """
    first, *rest = module.split(".")
    if first != LIBRARY:
        return "pages"  # pages/ and streamlit_app.py
    match rest:
        case ["engine" | "learning" | "own" as house, part, *_]:
            room = f"{house}.{part}"
        case ["by_hand", "against_torch"] | ["pictures", "kit", *_] | ["content", "numbers"]:
            room = ".".join(rest[:2])
        case ["pictures", picture, role, *_]:
            room = PARTS.get(f"{picture}.{role}", role)
        case _:
            room = rest[0] if rest else LIBRARY
    return room


def picture_of(module: str) -> str:
    """The picture that a module belongs to, or "" where it belongs to none."""
    parts = module.split(".")
    return parts[2] if parts[:2] == [LIBRARY, "pictures"] and len(parts) > 2 and parts[2] != "kit" else ""


def module_of(path: Path) -> str:
    """rnn_dynamics/cells/gru.py -> rnn_dynamics.cells.gru; a package's __init__.py -> the package."""
    parts = path.relative_to(ROOT).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def sources() -> list[Path]:
    app = [path for path in (ROOT / "streamlit_app.py",) if path.exists()]
    return sorted([*(ROOT / LIBRARY).rglob("*.py"), *(ROOT / "pages").rglob("*.py"), *app])


def imported(tree: ast.AST, package: str) -> Iterator[str]:
    """Every module that a file imports, at its top or inside a function, as a full dotted name."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            above = package.split(".")[: len(package.split(".")) - node.level + 1] if node.level else []
            origin = ".".join([*above, *([node.module] if node.module else [])])
            # `from rnn_dynamics.engine import theory` imports a room, though it names only the house.
            yield from (f"{origin}.{alias.name}" if origin in HOUSES else origin for alias in node.names)


def trespasses(module: str, source: str, *, is_package: bool = False) -> list[str]:
    """What a module imports through a door that is not there."""
    room = room_of(module)
    if room == LIBRARY:
        return []  # __init__.py says what the library offers, by importing it
    if room not in ROOMS:
        return [f"{module}: {room} is no room of the house"]
    package = module if is_package else module.rpartition(".")[0]
    found = []
    for name in imported(ast.parse(source), package):
        top = name.split(".")[0]
        if top == LIBRARY:
            of_another_picture = picture_of(module) and picture_of(name) not in ("", picture_of(module))
            allowed = room_of(name) in ROOMS[room] | {room} and not of_another_picture
        elif top in {"pages", "streamlit_app"}:
            allowed = room == "pages"
        else:
            allowed = top in OUTSIDE[room] or top in sys.stdlib_module_names
        if not allowed:
            found.append(f"{module} imports {name}")
    return found


def test_there_are_files_to_look_at() -> None:
    assert len(sources()) > 10


@every("path", sources())
def test_every_import_goes_through_a_door(path: Path) -> None:
    source = path.read_text(encoding="utf-8")
    assert trespasses(module_of(path), source, is_package=path.name == "__init__.py") == []


@every("path", sources())
def test_streamlit_and_altair_stay_in_their_rooms(path: Path) -> None:
    module = module_of(path)
    tops = {name.split(".")[0] for name in imported(ast.parse(path.read_text(encoding="utf-8")), module)}
    assert "streamlit" not in tops or room_of(module) in {"dashboard", "pages"}
    assert "altair" not in tops or room_of(module) in {"chart", KIT, "pictures"}


def test_every_room_has_both_its_lists() -> None:
    assert set(ROOMS) == set(OUTSIDE)
    assert set().union(*ROOMS.values()) <= set(ROOMS)


def test_no_two_rooms_import_each_other() -> None:
    def reachable(room: str) -> set[str]:
        return ROOMS[room].union(*(reachable(next_room) for next_room in ROOMS[room]))

    assert [room for room in ROOMS if room in reachable(room)] == []


@every(
    ("module", "source"),
    [
        ("rnn_dynamics.experiment", "import numpy"),
        ("rnn_dynamics.engine.cells.gru", "from rnn_dynamics.engine.run import run"),
        ("rnn_dynamics.engine.cells.gru", "from ..run import run"),
        ("rnn_dynamics.engine.cells.gru", "from .. import run"),
        ("rnn_dynamics.engine.through_time.unroll", "from rnn_dynamics.engine import trace"),
        ("rnn_dynamics.engine.through_time.unroll", "def late():\n    import streamlit"),
        ("rnn_dynamics.engine.through_time.unroll", "import llvmlite"),
        ("rnn_dynamics.engine.cells.lstm", "from rnn_dynamics.engine.compiled.walk import road"),
        ("rnn_dynamics.engine.run", "from rnn_dynamics.engine.theory import FLOORS"),
        ("rnn_dynamics.engine.theory", "from rnn_dynamics.engine import run"),
        ("rnn_dynamics.pictures.new.answer", "import altair as alt"),
        ("rnn_dynamics.pictures.new.answer", "from rnn_dynamics.content import words"),
        ("rnn_dynamics.pictures.new.answer", "from rnn_dynamics.pictures.new.table import frames"),
        ("rnn_dynamics.pictures.new.table", "from rnn_dynamics.engine.run import run"),
        ("rnn_dynamics.pictures.new.table", "from rnn_dynamics.pictures.old.answer import ask"),
        ("rnn_dynamics.pictures.new.chart", "import numpy as np"),
        ("rnn_dynamics.pictures.new.chart", "import pandas as pd"),
        ("rnn_dynamics.pictures.new.chart", "from rnn_dynamics.pictures.new.answer import ask"),
        ("rnn_dynamics.pictures.new.words", "import numpy as np"),
        ("rnn_dynamics.pictures.kit.layers", "import streamlit"),
        ("rnn_dynamics.pictures.new.other", "import math"),
        ("rnn_dynamics.dashboard.frame", "import altair"),
        ("rnn_dynamics.dashboard.frame", "def late():\n    import torch"),
        ("rnn_dynamics.by_hand.rnn", "from rnn_dynamics.by_hand.against_torch import ask_torch"),
        ("pages.explore", "from rnn_dynamics.engine.run import run"),
        ("pages.explore", "import altair"),
        ("streamlit_app", "import numpy"),
        ("rnn_dynamics.helpers", "import math"),
    ],
)
def test_a_wall_is_a_wall(module: str, source: str) -> None:
    assert len(trespasses(module, source)) == 1


@every(
    ("module", "source"),
    [
        ("rnn_dynamics.engine.cells.gru", "import math, numpy\nfrom .cell import Weights"),
        ("rnn_dynamics.engine.run", "from rnn_dynamics.engine.through_time.unroll import unroll"),
        ("rnn_dynamics.pictures.new.answer", "import numpy as np\nfrom rnn_dynamics.engine.run import run"),
        ("rnn_dynamics.pictures.new.table", "import pandas as pd\nfrom rnn_dynamics.pictures.new.answer import Answer"),
        ("rnn_dynamics.pictures.new.chart", "import altair as alt\nfrom rnn_dynamics.pictures.kit.theme import Theme"),
        ("rnn_dynamics.pictures.new.words", "from rnn_dynamics.pictures.new.answer import Answer"),
        ("rnn_dynamics.dashboard.frame", "import streamlit as st\nfrom rnn_dynamics.pictures.kit import theme"),
        ("streamlit_app", "import streamlit as st\nfrom rnn_dynamics.dashboard import controls"),
    ],
)
def test_a_door_is_a_door(module: str, source: str) -> None:
    assert trespasses(module, source) == []


def test_only_the_modules_of_the_worker_that_drives_the_browser_drive_one() -> None:
    """Another worker would begin a browser and a server of its own."""
    modules = {path.name: path.read_text(encoding="utf-8") for path in (ROOT / "tests").glob("test_*.py")}
    driving = {name for name, code in modules.items() if re.search(r"(?m)^from playwright|mark\.browser$", code)}
    assert len(driving) > 5
    assert {name for name in driving if not name.startswith("test_browser")} == set()
