"""Several servers behind nginx or Caddy, by the configurations of deploy/, and what deploy/ and docs/deploy.md say."""

import asyncio
import tempfile
import tomllib
from collections import Counter
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from benchmarks import hall
from benchmarks.proxy import PROXIES, behind
from tests.backends import Someone, backend, need
from tests.reader import QUIET

ROOT = Path(__file__).resolve().parent.parent
DEPLOY = ROOT / "deploy"
MEGABYTE = 1 << 20


@pytest.fixture(scope="module", params=PROXIES)
def proxy(request: pytest.FixtureRequest) -> str:
    """A proxy's name, where it is installed."""
    name: str = request.param
    need(name)
    return name


@pytest.fixture
def three(proxy: str) -> Iterator[tuple[str, dict[str, ExitStack]]]:
    """The address of a proxy before three servers, and these, each to be closed."""
    with ExitStack() as all_of_them:
        servers = {}
        for _ in range(3):
            one = all_of_them.enter_context(ExitStack())
            servers[one.enter_context(backend())] = one
        yield all_of_them.enter_context(behind(proxy, [*servers]))[0], servers


def test_who_has_a_websocket_on_a_server_uploads_to_it_and_comes_back_to_it(
    three: tuple[str, dict[str, ExitStack]],
) -> None:
    origin, servers = three
    met = Counter[str]()
    for _ in range(12):
        visitor = Someone(origin)
        visitor.ask("/")  # the page itself, from any of them
        here = visitor.open_websocket()
        met[here] += 1
        assert {visitor.ask() for _ in range(6)} == {(200, here)}
        assert visitor.ask(body=b"weights") == (200, here)
        assert visitor.open_websocket() == here
    assert set(met) <= set(servers)
    assert len(met) > 1


def test_whose_server_is_gone_gets_another_one_and_stays_there_when_the_first_is_back(
    three: tuple[str, dict[str, ExitStack]],
) -> None:
    origin, servers = three
    visitors = [Someone(origin) for _ in range(9)]
    lost = visitors[0].open_websocket()
    others = {visitor: visitor.open_websocket() for visitor in visitors[1:]}
    servers[lost].close()
    for visitor in visitors:
        here = visitor.open_websocket()
        assert here in set(servers) - {lost}
        assert others.get(visitor, lost) in (lost, here), "nobody else is moved"
        others[visitor] = here
    with backend(int(lost.rpartition(":")[2])):
        for visitor, here in others.items():
            assert {visitor.ask() for _ in range(6)} == {(200, here)}


def test_nobody_new_waits_for_a_server_that_is_gone(three: tuple[str, dict[str, ExitStack]]) -> None:
    origin, servers = three
    gone = next(iter(servers))
    servers[gone].close()
    for _ in range(9):
        assert Someone(origin).open_websocket() != gone


def test_a_cookie_names_no_address_but_those_of_the_servers(three: tuple[str, dict[str, ExitStack]]) -> None:
    origin, servers = three
    with backend() as inside:
        for place in (inside, f"{inside}/", "localhost:80", "servers", "", "\r\nX: y".strip()):
            stranger = Someone(origin)
            stranger.cookies["server"] = place
            assert stranger.open_websocket() in servers
            stranger.cookies["server"] = place
            assert stranger.ask()[1] in servers


def test_a_file_of_the_largest_size_passes_and_no_larger_one(three: tuple[str, dict[str, ExitStack]]) -> None:
    origin, _ = three
    settings = tomllib.loads((ROOT / ".streamlit" / "config.toml").read_text(encoding="utf-8"))
    largest = settings["server"]["maxUploadSize"] * MEGABYTE + 1000  # the form around it
    visitor = Someone(origin)
    visitor.open_websocket()
    assert visitor.ask(body=bytes(largest))[0] == 200
    try:
        status, _ = visitor.ask(body=bytes(largest + 2 * MEGABYTE))
    except ConnectionError:  # the proxy has hung up rather than read on
        status = 413
    assert status in (413, 502)


def test_visitors_of_a_server_that_is_killed_see_the_same_on_another_and_nobody_else_notices() -> None:
    need("nginx")
    manner = hall.Manner(sessions=30, presses=3, think=2.0, kills=True)
    with tempfile.TemporaryFile() as log, hall.several(3, log, "-c", QUIET) as (origin, _, servers):
        halls, _ = asyncio.run(hall.filled(origin, servers, ["shapes"], manner))
        found = halls["shapes"]
        log.seek(0)
        assert hall.tracebacks(log.read().decode()) == []
    assert found.answered == 30
    assert found.faults == 0
    assert sorted(found.places.values()) == [10, 10, 10], "who comes is spread evenly"
    assert len(found.found) == found.places[found.killed] == 10, "theirs alone have hung up"
    assert max(found.found) < 5
    assert found.seen["other"] == 0
    assert found.seen["same"] > 0
    assert len(found.beside) > 0
