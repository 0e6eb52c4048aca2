"""`rnn-dynamics sweep`: a sweep that a file asks for, with its progress on the error output.

It ends with 0 where every experiment has an answer, with 1 where some have none or are left, and with 2 where the sweep
cannot begin or go on; then one sentence says why.
"""

import logging
import signal
import sys
from argparse import ArgumentParser, Namespace
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from time import monotonic
from typing import TYPE_CHECKING, Any

from rnn_dynamics.content import sentences
from rnn_dynamics.sweep.file import read_sweep
from rnn_dynamics.sweep.question import Sweep
from rnn_dynamics.sweep.running import Progress, run_sweep
from rnn_dynamics.sweep.store import SweepStopped

if TYPE_CHECKING:
    from distributed import Client

COMPLETE, PARTIAL, BAD = 0, 1, 2
_BAR = 30
#: Seconds within which a scheduler has to answer.
_PATIENCE = 10
#: Where the error output is no terminal: after how much of the work there is another line.
_LINES = 10
_SECONDS = {"seconds": 1, "minutes": 60, "hours": 3600}


def sweep(arguments: Sequence[str]) -> int:
    """Run the sweep of a file; returns the exit code."""
    words = sentences("sweep")
    options = _parser(words).parse_args(arguments)
    try:
        asked = read_sweep(options.sweep)
    except ValueError as error:
        print(words["no_sweep"].format(file=options.sweep, why=error), file=sys.stderr)
        return BAD
    try:
        with _client(words, options.scheduler) as client:
            progress = _run(words, options, asked, client)
    except SweepStopped as error:
        print(words["stopped"].format(why=error), file=sys.stderr)
        return BAD
    return _say(words, options, progress)


def _parser(words: Any) -> ArgumentParser:
    says = words["help"]
    parser = ArgumentParser("rnn-dynamics sweep", description=says["description"], epilog=says["codes"])
    parser.add_argument("sweep", type=Path, metavar="SWEEP.toml", help=says["sweep"])
    parser.add_argument("--out", type=Path, required=True, metavar="STORE.zarr", help=says["out"])
    parser.add_argument("--scheduler", metavar="tcp://HOST:PORT", help=says["scheduler"])
    parser.add_argument("--resume", action="store_true", help=says["resume"])
    return parser


@contextmanager
def _client(words: Any, address: str | None) -> Iterator["Client | None"]:
    """The cluster's client, if there is to be one; what it logs is said here in one sentence."""
    if address is None:
        yield None
        return
    from distributed import Client

    for name in list(logging.root.manager.loggerDict):  # some of which have a level of their own
        if name.startswith(("distributed", "tornado")):
            logging.getLogger(name).setLevel(logging.CRITICAL + 1)
    try:
        client = Client(address, timeout=_PATIENCE)
    except (OSError, ValueError) as error:
        raise SweepStopped(words["no_scheduler"].format(address=address)) from error
    if not client.nthreads():
        print(words["no_workers"].format(address=address), file=sys.stderr)
    try:
        yield client
    finally:
        client.close(timeout=_PATIENCE)


def _run(words: Any, options: Namespace, asked: Sweep, client: "Client | None") -> Progress:
    stopped = _Interrupt(words)
    before = signal.signal(signal.SIGINT, stopped.take)
    try:
        how = {"resume": options.resume, "report": _Bar(words), "stop": lambda: stopped.asked}
        return run_sweep(asked, options.out, client, **how)
    finally:
        signal.signal(signal.SIGINT, before)
        print(file=sys.stderr)


class _Interrupt:
    """Ctrl-C: the first ends the sweep after the blocks that run, the second at once."""

    def __init__(self, words: Any) -> None:
        self.asked, self._words = False, words

    def take(self, *_: object) -> None:
        if self.asked:
            raise SweepStopped(self._words["at_once"])
        self.asked = True
        print(f"\n{self._words['stopping']}", file=sys.stderr)


class _Bar:
    """How far the sweep is, and how long it takes at the pace so far."""

    def __init__(self, words: Any) -> None:
        self._words, self._began, self._line = words, monotonic(), -1
        self._moves = sys.stderr.isatty()

    def __call__(self, progress: Progress) -> None:
        part = (progress.done + progress.failed) / progress.blocks
        line = int(part * _LINES)
        if not self._moves and line == self._line:
            return
        self._line, filled = line, round(part * _BAR)
        bar = "█" * filled + "░" * (_BAR - filled)
        text = f"{bar} {self._text(progress)}"
        print(f"\r{text}\033[K" if self._moves else text, end="" if self._moves else "\n", file=sys.stderr, flush=True)

    def _text(self, progress: Progress) -> str:
        ended, left = progress.done + progress.failed, progress.blocks - progress.done - progress.failed
        own = ended - progress.before
        said: str = self._words["progress"].format(done=progress.done, blocks=progress.blocks)
        if own and left:
            said += self._words["left"].format(time=_duration(self._words, (monotonic() - self._began) / own * left))
        return said


def _duration(words: Any, seconds: float) -> str:
    unit = "seconds" if seconds < 90 else "minutes" if seconds < 5400 else "hours"
    written: str = words["duration"][unit].format(count=round(seconds / _SECONDS[unit]))
    return written


def _say(words: Any, options: Namespace, progress: Progress) -> int:
    """What has come of it, on the output."""
    counts = {"done": progress.done, "blocks": progress.blocks, "store": options.out}
    left = progress.blocks - progress.done
    lines = [words["partial" if left else "complete"].format(**counts)]
    if progress.failed:
        lines.append(words["failed"].format(failed=progress.failed))
    if progress.unanswered:
        lines.append(words["unanswered"].format(unanswered=progress.unanswered))
    print(*lines, *(f"  {reason}" for reason in progress.reasons), sep="\n")
    return PARTIAL if left or progress.unanswered else COMPLETE
