"""Run as a program: reads torch's file from its input by `weights_only`, and writes the tensors as safetensors.

It imports nothing of ours, so that it starts soon, and gives up all that it does not need before it reads the file.
What it cannot read it refuses with the code 3 and the key of a sentence.
"""

import io
import json
import math
import os
import pickle
import sys
import time
from collections.abc import Iterator
from typing import Any, NoReturn

#: How deep dictionaries may lie in one another: {"model": {"rnn": ...}}; and how many tensors there may be.
_DEEPEST, _MOST = 4, 10_000
#: What torch.load raises at broken files, one way or another.
_BROKEN = (EOFError, ValueError, LookupError, TypeError, AttributeError, AssertionError, OSError)


class Refused(Exception):  # noqa: N818  # as UnreadableFile, which it becomes
    """What is not read, by the key of a sentence and its values."""

    def __init__(self, key: str, **values: object) -> None:
        super().__init__(key)
        self.said = {"key": key, **values}


def main() -> NoReturn:
    """Read, and say so by the exit code."""
    memory, work, largest = map(int, sys.argv[1:])
    os.nice(10)
    if hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(0, range(os.cpu_count() or 1))  # not on the one core of the server
    data = sys.stdin.buffer.read()
    import torch

    torch.set_num_threads(1)
    _give_up_the_rest(memory, work)
    try:
        answer, code = as_safetensors(data, largest), 0
    except Refused as refused:
        answer, code = json.dumps(refused.said).encode(), 3
    sys.stdout.buffer.write(answer)
    sys.stdout.buffer.flush()
    os._exit(code)


def _give_up_the_rest(memory: int, work: int) -> None:
    """From here on: so many more bytes, so many more seconds of the processor, no file written, no process begun."""
    import resource

    with open("/proc/self/statm", encoding="ascii") as sizes:
        taken = int(sizes.read().split()[0]) * resource.getpagesize()
    seconds = math.ceil(time.process_time()) + work
    for what, most in (
        (resource.RLIMIT_AS, taken + memory),
        (resource.RLIMIT_CPU, seconds),
        (resource.RLIMIT_FSIZE, 0),
        (resource.RLIMIT_CORE, 0),
        (resource.RLIMIT_NPROC, 0),
    ):
        resource.setrlimit(what, (most, most))


def as_safetensors(data: bytes, largest: int) -> bytes:
    """The tensors of a file of torch's, by their names, as safetensors.

    Raises:
        Refused: it holds anything but tensors and plain values, is broken, or has more than `largest` bytes of tensors.
    """
    import safetensors.torch

    tensors = dict(named(_loaded(data)))
    if not tensors:
        raise Refused("pickle_empty")
    _check(tensors, largest)
    return bytes(
        safetensors.torch.save({name: tensor.detach().clone().contiguous() for name, tensor in tensors.items()})
    )


def _loaded(data: bytes) -> Any:
    import torch

    try:
        return torch.load(io.BytesIO(data), map_location="cpu", weights_only=True)
    except pickle.UnpicklingError as error:
        asked = str(error).partition("GLOBAL ")[2].split()
        raise Refused("pickle_code" if asked else "pickle_broken", what=asked[0] if asked else "") from error
    except MemoryError as error:
        raise Refused("pickle_memory") from error
    except (*_BROKEN, RuntimeError) as error:
        short = "allocate" in str(error)
        raise Refused("pickle_memory" if short else "pickle_broken") from error


def named(held: Any, prefix: str = "", depth: int = 0) -> Iterator[tuple[str, Any]]:
    """Name and tensor of all that lie in dictionaries, however these lie in one another."""
    import torch

    for name, value in held.items() if isinstance(held, dict) and depth <= _DEEPEST else ():
        if isinstance(value, torch.Tensor):
            yield f"{prefix}{name}", value
        elif isinstance(value, dict):
            yield from named(value, f"{prefix}{name}.", depth + 1)


def _check(tensors: dict[str, Any], largest: int) -> None:
    """Refuse what would take more memory as a copy than it does here, before it is copied."""
    import torch

    if len(tensors) > _MOST:
        raise Refused("pickle_many", count=len(tensors), limit=_MOST)
    for name, tensor in tensors.items():
        if tensor.layout != torch.strided or tensor.device.type != "cpu" or tensor.is_quantized:
            raise Refused("pickle_kind", what=name)
        if tensor.numel() * tensor.element_size() > tensor.untyped_storage().nbytes():
            raise Refused("pickle_expanded", what=name, count=tensor.numel())
    size = sum(tensor.numel() * tensor.element_size() for tensor in tensors.values())
    if size > largest:
        raise Refused("pickle_large", count=size, limit=largest)


if __name__ == "__main__":
    main()
