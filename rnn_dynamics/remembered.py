"""Answers remembered by value: one memory for the whole process, shared by all visitors and bounded in bytes.

A cache is not a lock: `functools.lru_cache` computes a new question once for each thread that asks it. Here the first
who asks computes it, and whoever asks the same meanwhile waits for that answer.
"""

import sys
from collections import OrderedDict
from collections.abc import Callable, Iterable, Mapping
from concurrent.futures import Future
from dataclasses import is_dataclass
from functools import update_wrapper
from itertools import chain
from threading import Lock
from typing import Any, Generic, ParamSpec, TypeVar

import numpy as np

Given = ParamSpec("Given")
Answer = TypeVar("Answer")

#: Bytes of all answers together. A home page at T = 200 takes a quarter of a megabyte, its chart as much again.
MOST_BYTES = 64_000_000
#: What a question takes with its place, beside its answer.
_QUESTION = 1_500
#: What holds nothing else.
_LEAVES = frozenset((str, bytes, int, float, bool, type(None)))
#: See `kept_anyway`, by identity.
_KEPT_ANYWAY: dict[int, Any] = {}
#: One computation at a time: many at once would only make each other, and everybody's sliders, wait.
COMPUTING = Lock()


class Memory:
    """Answers by question; where they take more than `most_bytes`, those that were asked for longest ago go."""

    def __init__(self, most_bytes: int) -> None:
        self._most, self._bytes, self._lock = most_bytes, 0, Lock()
        self._kept: OrderedDict[Any, tuple[Any, int]] = OrderedDict()
        self._made: dict[Any, Future[Any]] = {}

    @property
    def bytes(self) -> int:
        """What all answers take by now."""
        return self._bytes

    def recall(self, question: Any, make: Callable[[], Any]) -> Any:
        """The answer to a question, made now where nobody has asked it; an exception goes to all who wait for it."""
        with self._lock:
            if question in self._kept:
                self._kept.move_to_end(question)
                return self._kept[question][0]
            is_first = question not in self._made
            making = self._made.setdefault(question, Future())
        if is_first:
            self._make(question, make, making)
        return making.result()

    def knows(self, question: Any) -> bool:
        """Whether the answer to a question is there."""
        return question in self._kept

    def clear(self) -> None:
        """Forget all answers."""
        with self._lock:
            self._kept.clear()
            self._bytes = 0

    def _make(self, question: Any, make: Callable[[], Any], making: Future[Any]) -> None:
        try:
            answer = make()
            size = size_of(answer) + _QUESTION
        except BaseException as error:
            with self._lock:
                del self._made[question]
            making.set_exception(error)
            raise
        with self._lock:
            del self._made[question]
            self._kept[question] = answer, size
            self._bytes += size
            while self._bytes > self._most and len(self._kept) > 1:
                _, (_, freed) = self._kept.popitem(last=False)
                self._bytes -= freed
        making.set_result(answer)


#: The one memory of this process.
MEMORY = Memory(MOST_BYTES)


class remembered(Generic[Given, Answer]):  # noqa: N801 - a decorator
    """A function of hashable arguments whose answers are kept in MEMORY; nobody may change what it returns."""

    def __init__(self, function: Callable[Given, Answer]) -> None:
        self._function = function
        update_wrapper(self, function)

    def __call__(self, *args: Given.args, **kwargs: Given.kwargs) -> Answer:
        """The function's answer."""
        question = (self._function, args, tuple(kwargs.items()))
        answer: Answer = MEMORY.recall(question, lambda: self._function(*args, **kwargs))
        return answer

    def anew(self, *args: Given.args, **kwargs: Given.kwargs) -> Answer:
        """The function's answer, computed now although it may be there already."""
        return self._function(*args, **kwargs)

    def keep(self, answer: Answer, *args: Given.args, **kwargs: Given.kwargs) -> None:
        """Remember an answer that has been made elsewhere, unless there is one."""
        MEMORY.recall((self._function, args, tuple(kwargs.items())), lambda: answer)

    def known(self, *args: Given.args, **kwargs: Given.kwargs) -> bool:
        """Whether the answer is there already."""
        return MEMORY.knows((self._function, args, tuple(kwargs.items())))


def kept_anyway(value: Answer) -> Answer:
    """Something that the program keeps as long as it runs, of which there is little: no answer is charged for it."""
    _KEPT_ANYWAY[id(value)] = value
    return value


#: Of one of a type: what it takes itself, and what it holds.
_Ways = tuple[Callable[[Any], int], Callable[[Any], Iterable[Any]]]
#: By type, for to find out what a type is takes longer than to measure one.
_WAYS: dict[type, _Ways] = {}


def size_of(value: Any) -> int:
    """About how many bytes an answer takes: its arrays, tables and texts, through whatever holds them.

    Of an array that is a part of another, all of that other one counts, for all of it is kept; whatever several hold
    counts once, and what is `kept_anyway` not at all.
    """
    seen, left, total = set(_KEPT_ANYWAY), [value], 0
    while left:
        one = left.pop()
        while isinstance(one, np.ndarray) and isinstance(one.base, np.ndarray):
            one = one.base
        if id(one) in seen:
            continue
        seen.add(id(one))
        if type(one) in _LEAVES:  # most of an answer: to ask it all that others are asked would take twice as long
            total += sys.getsizeof(one)
        else:
            kind = type(one)
            own, parts = _WAYS.get(kind) or _WAYS.setdefault(kind, _ways(kind))
            total += own(one)
            left.extend(parts(one))
    return total


def _ways(kind: type) -> _Ways:
    if issubclass(kind, np.ndarray):
        return lambda array: int(array.nbytes) + 100, _nothing
    if hasattr(kind, "memory_usage"):  # of pandas, which only who has a table needs
        return lambda table: int(np.sum(table.memory_usage(deep=True))), _nothing
    if issubclass(kind, Mapping):
        return _own, lambda mapping: chain(mapping.keys(), mapping.values())
    if issubclass(kind, list | tuple | set | frozenset):
        return _own, iter
    return _own, (lambda value: vars(value).values()) if is_dataclass(kind) else _nothing


def _own(value: Any) -> int:
    return sys.getsizeof(value, 100)


def _nothing(_: Any) -> tuple[()]:
    return ()
