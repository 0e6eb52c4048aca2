"""Who is let in to a full server, and what the others are shown."""

import os
import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest
from streamlit.runtime.caching import clear_session_resource_cache
from streamlit.testing.v1 import AppTest

from rnn_dynamics import executor
from rnn_dynamics.dashboard import door
from rnn_dynamics.dashboard.door import Door, Guest
from rnn_dynamics.executor import SCHEDULER, WORKERS
from rnn_dynamics.process import PICKLES, reads_pickles
from tests.background import told
from tests.every import every
from tests.test_pages import ALL, PAGES, ROOT

ENTRY = str(ROOT / "streamlit_app.py")
#: Opens the home page of a server in a process of its own; of a full one, and prints what that has loaded.
OPENS = f"""
import sys
from streamlit.testing.v1 import AppTest
from rnn_dynamics.dashboard import door
app = AppTest.from_file({ENTRY!r}, default_timeout=60)
"""
LOADED = f"""{OPENS}
door.the_door = lambda: door.Door(0)
print([title.value for title in app.run().title], *sys.modules, sep="\\n")
"""


@pytest.fixture
def full(monkeypatch: pytest.MonkeyPatch) -> Iterator[tuple[Door, Guest]]:
    """The door of a server with one place, and who has that."""
    one, inside = Door(1), Guest()
    assert one.let_in(inside)
    monkeypatch.setattr(door, "the_door", lambda: one)
    yield one, inside
    close_the_tab()


def close_the_tab() -> None:
    """Do what Streamlit does then, to the session of the tests."""
    clear_session_resource_cache("test session id")


def test_no_more_are_let_in_than_there_are_places_however_many_come_at_once() -> None:
    places, guests = Door(7), [Guest() for _ in range(200)]
    with ThreadPoolExecutor(20) as hall:
        assert sum(hall.map(places.let_in, guests)) == 7
    assert sum(guest in places for guest in guests) == 7


def test_who_leaves_makes_room_and_who_comes_back_is_let_in_to_a_full_server() -> None:
    places, first, second = Door(1), Guest(), Guest()
    assert places.let_in(first)
    assert not places.let_in(second)
    places.leave(second)  # who was never in takes nobody's place
    assert first in places
    places.leave(first)
    assert places.let_in(second)
    assert places.let_in(first)  # whose connection was away for a moment
    assert second in places
    assert not places.let_in(Guest())


def test_a_full_server_says_so_with_an_address_and_opens_when_there_is_room(full: tuple[Door, Guest]) -> None:
    app = AppTest.from_file(ENTRY, default_timeout=60)
    app.query_params["seed"] = "3"
    for _ in range(2):
        app.run()
        assert not app.exception
        assert [title.value for title in app.title] == ["This server is full"]
        assert "to 1 visitor at the same time" in app.markdown[0].value
        assert app.code[0].value.endswith("?seed=3")
        assert not app.get("vega_lite_chart")
    places, inside = full
    places.leave(inside)
    app.button[0].click().run()
    assert not app.exception
    assert [title.value for title in app.title] == ["Vanish or explode?"]
    assert app.get("vega_lite_chart")
    assert app.query_params["seed"] == "3"
    assert not places.let_in(Guest())
    app.run()  # who is in stays in
    assert app.get("vega_lite_chart")


@pytest.mark.usefixtures("full")
@every("page", ALL)
def test_a_full_server_refuses_on_every_page(page: str) -> None:
    app = AppTest.from_file(ENTRY, default_timeout=60)
    app.switch_page(f"pages/{page}.py").run()
    assert not app.exception
    assert [title.value for title in app.title] == ["This server is full"]
    assert not app.get("vega_lite_chart")


def test_a_place_is_given_back_with_the_session(full: tuple[Door, Guest]) -> None:
    places, inside = full
    places.leave(inside)
    assert AppTest.from_file(ENTRY, default_timeout=60).run().get("vega_lite_chart")
    assert not places.let_in(Guest())
    close_the_tab()
    assert places.let_in(Guest())


def test_whoever_is_refused_loads_no_page() -> None:
    environment = {"PYTHONPATH": str(ROOT)}
    said = subprocess.run([sys.executable, "-c", LOADED], env=environment, capture_output=True, text=True, check=True)
    title, *modules = said.stdout.split("\n")
    assert title == "['This server is full']"
    assert not {"torch", *(f"rnn_dynamics.pictures.{page}" for page in PAGES)}.intersection(modules)
    assert "rnn_dynamics.dashboard.page" not in modules


#: What starts a server, or opens the first page of one.
STARTS = ("from rnn_dynamics.dashboard.command import main; main()", f"{OPENS}app.run()")


NO_PLACES = (door.PLACES, "many", "RNN_DYNAMICS_PLACES = 'many' is not a whole number from 1 upwards")
NO_SWITCH = (PICKLES, "yes", "RNN_DYNAMICS_PICKLES = 'yes' is neither 0 nor 1")
NO_WORKERS = (WORKERS, "two", "RNN_DYNAMICS_WORKERS = 'two' is not a whole number from 0 upwards")
NO_PORT = (SCHEDULER, "tcp://here", "RNN_DYNAMICS_SCHEDULER = 'tcp://here': missing port number in address 'here'")
NO_SCHEME = (SCHEDULER, "http://here:1", "RNN_DYNAMICS_SCHEDULER = 'http://here:1': unknown address scheme 'http'")
NOBODY = (SCHEDULER, "tcp://127.0.0.1:1", "RNN_DYNAMICS_SCHEDULER = 'tcp://127.0.0.1:1': Timed out trying to connect")


@pytest.mark.parametrize(
    ("script", "cannot"),
    [*((script, NO_PLACES) for script in STARTS), *((STARTS[1], each) for each in (NO_PORT, NO_SCHEME, NOBODY))],
)
def test_a_server_that_is_told_what_cannot_be_ends_with_one_sentence(script: str, cannot: tuple[str, str, str]) -> None:
    variable, value, sentence = cannot
    environment = {"PYTHONPATH": str(ROOT), variable: value}
    ended = subprocess.run([sys.executable, "-c", script], env=environment, capture_output=True, text=True, check=False)
    assert ended.returncode == 2
    assert ended.stderr.splitlines()[-1].startswith(sentence)
    assert "Traceback" not in ended.stderr
    assert not ended.stdout


def sentence_at_the_end(
    variables: dict[str, str], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> str:
    """What a server writes that ends for being told this."""
    with monkeypatch.context() as patch:
        for name, value in variables.items():
            patch.setenv(name, value)
        patch.setattr(os, "_exit", sys.exit)
        patch.setattr(executor, "told", told)
        with pytest.raises(SystemExit, match="2"):
            door.the_door.__wrapped__()  # type: ignore[attr-defined]
    said = capsys.readouterr()
    assert not said.out
    (sentence,) = said.err.splitlines()
    return sentence


@every(("variable", "value", "sentence"), (NO_PLACES, NO_SWITCH, NO_WORKERS))
def test_the_sentence_names_what_cannot_be(
    variable: str, value: str, sentence: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert sentence_at_the_end({variable: value}, monkeypatch, capsys).startswith(sentence)


DASK = {SCHEDULER: "tcp://127.0.0.1:1"}


def test_a_server_that_cannot_do_what_it_is_told_says_what_to_change(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    said = sentence_at_the_end(DASK | {WORKERS: "1"}, monkeypatch, capsys)
    assert said.startswith(f"{WORKERS} and {SCHEDULER} are both set: leave one of them out")
    monkeypatch.setitem(sys.modules, "distributed", None)
    monkeypatch.delitem(sys.modules, "rnn_dynamics.executor.cluster", raising=False)
    said = sentence_at_the_end(DASK, monkeypatch, capsys)
    assert said.startswith(f"{SCHEDULER} needs distributed: pip install")


@pytest.mark.parametrize(("told", "reads"), [(None, False), ("0", False), ("1", True)])
def test_files_of_torchs_are_read_only_where_they_are_switched_on(
    told: str | None, reads: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv(PICKLES, raising=False)
    if told is not None:
        monkeypatch.setenv(PICKLES, told)
    assert reads_pickles() is reads
