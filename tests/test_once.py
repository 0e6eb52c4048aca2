"""What many ask at once is computed once: all that takes time is called as often as for one who asks alone."""

import threading
from collections import Counter
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from itertools import product
from threading import Barrier
from types import FrameType
from typing import Any

import pytest
from torch.nn.modules import rnn

from rnn_dynamics import pictures
from rnn_dynamics.content import LANGUAGE
from rnn_dynamics.pictures.clipping import answer as clipping
from rnn_dynamics.remembered import MEMORY
from tests.handed_out import ROOT, SMALL
from tests.test_pictures import every_picture, settings_of


def within(*parts: str) -> tuple[str, ...]:
    """Files and folders of the library."""
    return tuple(str(ROOT / "rnn_dynamics" / part) for part in parts)


#: Where networks are drawn and walked through; torch's as well.
WALKS = (*within("engine/through_time", "engine/initialise.py", "engine/cells/activations.py"), rnn.__file__)
#: Where time goes: what only forms a question, or puts remembered pieces together, stands elsewhere.
COMPUTES = (
    *WALKS,
    *within("engine/cliff.py", "engine/curse_measured.py", "engine/theory.py"),
    *within("by_hand", "learning/reading.py", "pictures/kit/frames.py"),
    *within(*(f"pictures/{name}/{file}.py" for name in pictures.NAMES for file in ("table", "words"))),
)
#: Pictures whose networks have limits of their own.
SIZES: dict[str, dict[str, int]] = {
    "blank": {"hidden_size": 4},
    "before_after": {"sequence_length": 10},
    "learning": {"sequence_length": 10},
    "cliff": {},
    "curse_of_memory": {},
    "clipping": {},
}


@pytest.fixture(autouse=True)
def few_updates(monkeypatch: pytest.MonkeyPatch) -> None:
    """A picture's own training is a short one."""
    monkeypatch.setattr(clipping, "UPDATES", 10)


def asked(name: str) -> tuple[Any, dict[str, str]]:
    """A small question of the picture."""
    (experiment, views), *_ = settings_of(name)
    return replace(experiment, **SIZES.get(name, SMALL)), views


#: Picture, setting and value that show numbers which no other value does: these are computed when they are first seen.
OWN_NUMBERS = {("losses", "below", "truncation")}


def calls(ask: Callable[[], Any], visitors: int, files: Iterable[str] = COMPUTES) -> Counter[tuple[str, int, str]]:
    """How often each function of these files is called while so many ask, who begin together."""
    found: list[tuple[str, int, str]] = []
    begin, where = Barrier(visitors), tuple(files)

    def note(frame: FrameType, event: str, _: Any) -> None:
        code = frame.f_code
        # `any` asks a generator as often as what was measured decides; who makes it is counted.
        if event == "call" and code.co_name != "<genexpr>" and code.co_filename.startswith(where):
            found.append((code.co_filename, code.co_firstlineno, code.co_name))

    def visit(_: int) -> None:
        begin.wait()
        ask()

    threading.setprofile(note)
    try:
        with ThreadPoolExecutor(visitors) as threads:
            list(threads.map(visit, range(visitors)))
    finally:
        threading.setprofile(None)
    return Counter(found)


@pytest.mark.usefixtures("forgotten")
@every_picture
def test_for_twenty_who_ask_at_once_as_much_is_computed_as_for_one(name: str) -> None:
    one, (experiment, views) = pictures.picture(name), asked(name)

    def ask() -> None:
        one.answer(experiment, views)
        one.drawn(experiment, views, LANGUAGE)

    ask()  # what a process loads and builds once
    MEMORY.clear()
    alone = calls(ask, 1)
    assert alone
    MEMORY.clear()
    assert calls(ask, 20) == alone
    assert not calls(ask, 20)


@every_picture
def test_the_same_numbers_seen_in_another_way_are_not_computed_again(name: str) -> None:
    one, (experiment, views) = pictures.picture(name), asked(name)
    charted = {view: setting.values for view, setting in one.settings.items() if setting.charted}
    one.drawn(experiment, views, LANGUAGE)
    for values in product(*charted.values()):
        seen = {**views, **dict(zip(charted, values, strict=True))}
        if any((name, *one_view) in OWN_NUMBERS for one_view in seen.items()):
            one.drawn(experiment, seen, LANGUAGE)
        again = calls(lambda seen=seen: one.drawn(experiment, seen, LANGUAGE), 1, WALKS)  # type: ignore[misc]
        assert not again, seen
