"""The command `rnn-dynamics`: the dashboard, or with `probe` what there is to say of weights, with `sweep` a sweep.

`exercises` writes the challenges as a sheet, `handout` a lecture as a PDF. `probe` needs no Streamlit; it ends with 0
where every gradient holds, with 1 where one does not, and with 2 where what it was given cannot be read, and says why
in one sentence.
"""

import json
import shutil
import sys
import textwrap
from argparse import ArgumentParser, ArgumentTypeError, Namespace
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from rnn_dynamics.content import LANGUAGE, sentences
from rnn_dynamics.limits import Range
from rnn_dynamics.own.drawn import LOSSES
from rnn_dynamics.own.examined import Examined, Question, as_json, as_text, examine
from rnn_dynamics.own.files import LARGEST_FILE, SEQUENCES, STEPS, UnreadableFile, read_inputs, read_weights
from rnn_dynamics.own.offline import as_html, can_draw
from rnn_dynamics.own.recognise import CHOICES, Named, Recognised, recognise
from rnn_dynamics.own.unreadable import tame
from rnn_dynamics.process import reads_pickles
from rnn_dynamics.version import VERSION

HEALTHY, SICK, BAD = 0, 1, 2
#: What the command takes for its first word.
_WORDS = "probe, handout, exercises, sweep"
#: How many of the arrays that are not used are named.
_NAMED = 10
#: Columns and lines where the output is no terminal.
_PAGE = (100, 50)
_SEED = Range(minimum=0, maximum=2**32 - 1, whole=True)
_SCALE = Range(minimum=0.0, maximum=1_000.0)


class BadInput(ValueError):  # noqa: N818  # what it is
    """What cannot be done with what was given: a sentence."""


def main() -> None:
    """Do what the command line says; without one of these words its options are those of `streamlit run`."""
    match sys.argv[1:]:
        case ["--help" | "-h", *_]:
            print(sentences("own")["command"]["usage"], end="")
            sys.exit(HEALTHY)
        case ["--version", *_]:
            print(f"rnn-dynamics {VERSION}")
            sys.exit(HEALTHY)
        case ["probe", *rest]:
            sys.exit(probe(rest))
        case ["sweep", *rest]:
            with _extra("no_sweep"):
                from rnn_dynamics.sweep.command import sweep
            sys.exit(sweep(rest))
        case ["exercises", *rest]:
            with _extra("no_dashboard"):
                from rnn_dynamics.dashboard.exercises import exercises
            sys.exit(exercises(rest))
        case ["handout", *rest]:
            with _extra("no_dashboard"):
                from rnn_dynamics.dashboard.handout import handout
            sys.exit(handout(rest))
        case [word, *_] if not word.startswith("-"):
            print(sentences("own")["command"]["unknown"].format(word=tame(word), known=_WORDS), file=sys.stderr)
            sys.exit(BAD)
    with _extra("no_dashboard"):
        from rnn_dynamics.dashboard.command import main as show
    show()


@contextmanager
def _extra(missing: str) -> Iterator[None]:
    """Name what is to be installed where an import fails, and end."""
    try:
        yield
    except ModuleNotFoundError as error:
        name = str(error.name).partition(".")[0]
        print(sentences("own")["command"][missing].format(missing=name), file=sys.stderr)
        sys.exit(BAD)


def probe(arguments: Sequence[str]) -> int:
    """Print what is found of a file of weights; returns the exit code."""
    words = sentences("own")
    options = _parser(words["command"]).parse_args(arguments)
    try:
        examined, recognised = _examined(words["command"], options)
        if options.html:
            html = as_html(words, examined, words["command"]["title"].format(file=options.weights.name), LANGUAGE)
            _write(words["command"], options.html, html)
    except (UnreadableFile, BadInput) as error:
        print(error, file=sys.stderr)
        if lines := getattr(error, "lines", ""):
            print(f"\n{lines}", file=sys.stderr)
        return BAD
    _show(words, options, examined, recognised)
    return HEALTHY if all(one.sound for one in examined) else SICK


def _parser(words: Any) -> ArgumentParser:
    says = words["help"]
    parser = ArgumentParser("rnn-dynamics probe", description=says["description"], epilog=says["codes"])
    parser.add_argument("weights", type=Path, help=says["weights"])
    parser.add_argument("--inputs", type=Path, metavar="X.npy", help=says["inputs"])
    for name, limits, usual in (
        ("steps", STEPS, 200),
        ("sequences", SEQUENCES, 4),
        ("scale", _SCALE, 1.0),
        ("seed", _SEED, 0),
    ):
        parser.add_argument(f"--{name}", type=_number(name, limits), default=usual, help=says[name].format(usual=usual))
    parser.add_argument("--loss", choices=LOSSES, default=LOSSES[0], help=says["loss"])
    parser.add_argument("--module", metavar="NAME", help=says["module"])
    for name, values in (CHOICES["rnn"] | CHOICES["gru"]).items():
        parser.add_argument(f"--{name.replace('_', '-')}", choices=values, default=values[0], help=says[name])
    parser.add_argument("--html", type=Path, metavar="REPORT.html", help=says["html"])
    parser.add_argument("--json", action="store_true", help=says["json"])
    return parser


def _number(name: str, limits: Range) -> Any:
    """What reads a number of the command line, and names the limits where it is none within them."""

    def read(text: str) -> float:
        try:
            return limits.checked(name, int(text) if limits.whole else float(text))
        except ValueError as error:
            raise ArgumentTypeError(str(error)) from error

    return read


def _examined(words: Any, options: Namespace) -> tuple[list[Examined], Recognised]:
    """Each network that is asked for, and all that the file holds."""
    if options.html and not can_draw():  # before anything is computed
        raise BadInput(words["no_html"])
    file = options.weights.name
    arrays = read_weights(_read(words, options.weights), file, pickles=reads_pickles())
    found = recognise(arrays, nonlinearity=options.nonlinearity, reset_gate=options.reset_gate)
    asked = Question(
        steps=options.steps,
        sequences=options.sequences,
        scale=options.scale,
        loss_at=options.loss,
        seed=options.seed,
    )
    return [_one(words, options, named, asked) for named in _chosen(words, options, found)], found


def _chosen(words: Any, options: Namespace, found: Recognised) -> list[Named]:
    chosen = [named for named in found.networks if options.module in (None, named.name)]
    if not chosen:
        nameless = sentences("own")["module"]["nameless"]
        names = ", ".join(named.name or nameless for named in found.networks)
        raise BadInput(words["no_module"].format(file=options.weights.name, module=options.module, names=names))
    return chosen


def _one(words: Any, options: Namespace, named: Named, asked: Question) -> Examined:
    inputs = None
    if options.inputs:
        inputs = read_inputs(_read(words, options.inputs), options.inputs.name, features=named.network.input_size)
    try:
        return examine(options.weights.name, named, asked, inputs)
    except ValueError as error:  # the states of a ReLU network have outgrown float64
        raise BadInput(words["no_answer"].format(name=named.name or options.weights.name, why=error)) from error


def _read(words: Any, path: Path) -> bytes:
    """A file, of which no more is read than shows that it is too large."""
    try:
        with path.open("rb") as stream:
            return stream.read(LARGEST_FILE + 1)
    except OSError as error:
        raise BadInput(words["no_file"].format(path=path, why=error.strerror)) from error


def _write(words: Any, path: Path, text: str) -> None:
    try:
        path.write_text(text, encoding="utf-8")
    except OSError as error:
        raise BadInput(words["no_file"].format(path=path, why=error.strerror)) from error


def _show(words: Any, options: Namespace, examined: Sequence[Examined], recognised: Recognised) -> None:
    if options.json:
        networks = [as_json(words, one) for one in examined]
        refused = [str(error) for error in recognised.refused]
        unused = [tame(name) for name in recognised.others]
        says = {"file": options.weights.name, "networks": networks, "unused": unused, "refused": refused}
        print(json.dumps(says, allow_nan=False))
        return
    width = min(shutil.get_terminal_size(_PAGE).columns, 120)
    for one in examined:
        print(*as_text(words, one, width), "", sep="\n")
    for error in recognised.refused:
        print(textwrap.fill(str(error), width))
    if recognised.others:
        names = ", ".join(map(tame, recognised.others[:_NAMED]))
        print(textwrap.fill(words["command"]["others"].format(names=names, count=len(recognised.others)), width))
