"""A file of torch's is a pickle: it is read by another process, which has little memory and time, and may do little."""

import json
import os
import re
import subprocess
import sys
from contextlib import suppress
from importlib import metadata
from pathlib import Path
from threading import Lock, Timer
from typing import Any

from rnn_dynamics.own.unreadable import UnreadableFile

_CHILD = Path(__file__).with_name("pt_file.py")
#: The first torch whose `weights_only` has no known hole: CVE-2025-32434 ended with 2.6, CVE-2026-24747 with 2.10.
_TORCH = (2, 10)
#: Bytes of memory beyond what torch itself takes, and seconds of a processor; seconds until it is ended in any case,
#: and until who waits for another's file is told so.
_MEMORY, _WORK, _SECONDS, _PATIENCE = 600_000_000, 10, 60.0, 30.0
#: Bytes that the names and shapes may take beside the tensors.
_NAMES = 2_000_000
#: What the child may say, when it refuses.
_SAID = {"pickle_code", "pickle_broken", "pickle_memory", "pickle_expanded", "pickle_kind", "pickle_many"} | {
    "pickle_large",
    "pickle_empty",
}
_SAYS_NO, _LONGEST_NO = 3, 10_000
#: One at a time: each loads torch.
_ONE = Lock()


def as_safetensors(data: bytes, file: str, largest: int) -> bytes:
    """The tensors of a file of torch's, as safetensors of at most `largest` bytes.

    Raises:
        UnreadableFile: it holds anything but tensors, takes too much memory or time, or this machine cannot limit both,
            or has no torch from 2.10 on.
    """
    _check_machine(file)
    if not _ONE.acquire(timeout=_PATIENCE):
        raise UnreadableFile("pickle_busy", file=file)
    try:
        code, answer = _ask(data, largest)
    finally:
        _ONE.release()
    if len(answer) > largest + _NAMES:
        raise UnreadableFile("pickle_broken", file=file)
    if code == 0:
        return answer
    raise _refusal(code, answer, file)


def _check_machine(file: str) -> None:
    if not sys.platform.startswith("linux"):
        raise UnreadableFile("pickle_system", file=file)
    try:
        version = metadata.version("torch")
    except metadata.PackageNotFoundError as error:
        raise UnreadableFile("pickle_torch", file=file, version="–") from error
    if tuple(int(part) for part in re.findall(r"\d+", version)[:2]) < _TORCH:
        raise UnreadableFile("pickle_torch", file=file, version=version)


def _ask(data: bytes, largest: int) -> tuple[int, bytes]:
    """How the child ended, and what it wrote, of which no more than a byte too much is kept."""
    command = [sys.executable, "-P", str(_CHILD), *map(str, (_MEMORY, _WORK, largest))]
    alone = {"PYTHONPATH": os.pathsep.join(filter(None, sys.path)), "PATH": os.defpath}  # and no secret of the server's
    pipe, away = subprocess.PIPE, subprocess.DEVNULL
    with subprocess.Popen(command, stdin=pipe, stdout=pipe, stderr=away, env=alone) as child:
        end = Timer(_SECONDS, child.kill)
        end.start()
        assert child.stdin is not None
        assert child.stdout is not None
        with suppress(BrokenPipeError):  # it ended before it had read all
            child.stdin.write(data)
            child.stdin.flush()
        with suppress(BrokenPipeError):
            child.stdin.close()
        answer = child.stdout.read(largest + _NAMES + 1)
        if len(answer) > largest + _NAMES:
            child.kill()
        code = child.wait()
        end.cancel()
    return code, answer


def _refusal(code: int, answer: bytes, file: str) -> UnreadableFile:
    """What to say of a child that has read nothing; its own words are no more trusted than the file."""
    if code < 0:  # by a signal: the processor's limit, or ours
        return UnreadableFile("pickle_slow", file=file, seconds=_WORK)
    said: Any = None
    with suppress(ValueError, RecursionError):
        said = json.loads(answer[:_LONGEST_NO]) if code == _SAYS_NO else None
    if not isinstance(said, dict) or str(said.get("key")) not in _SAID:
        return UnreadableFile("pickle_broken", file=file)
    count, limit = (value if isinstance(value := said.get(name), int) else 0 for name in ("count", "limit"))
    return UnreadableFile(said["key"], file=file, what=str(said.get("what", "")), count=count, limit=limit)
