"""Several servers behind nginx or Caddy, by the configurations of deploy/, and what deploy/ and docs/deploy.md say."""

import asyncio
import json
import re
import shlex
import tempfile
import tomllib
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from ipaddress import ip_address, ip_network
from pathlib import Path
from typing import Any

import psutil
import pytest
import yaml
from distributed import Scheduler
from distributed.cli import dask_scheduler, dask_worker
from streamlit import config
from streamlit.web.server.starlette.starlette_routes import ROUTE_HEALTH
from streamlit.web.server.starlette.starlette_server_config import DEFAULT_WEBSOCKET_PING_INTERVAL

from benchmarks import hall, votes
from benchmarks.proxy import PORT, PROXIES, SERVERS, behind
from rnn_dynamics.executor import SCHEDULER
from tests.backends import Someone, backend, need
from tests.every import every
from tests.reader import QUIET, free_port, running_app
from tests.test_requirements import PYTHONS_WITH_A_CPU_WHEEL, read_requirements

ROOT = Path(__file__).resolve().parent.parent
DEPLOY = ROOT / "deploy"
MEGABYTE = 1 << 20
#: A variable of the environment that the app reads.
VARIABLE = re.compile(r"\bRNN_DYNAMICS_[A-Z_]+\b")


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


# --- a vote -----------------------------------------------------------------------------------------------------------


def port_of_a_vote(proxy: str, server: str) -> tuple[str, str]:
    """What docs/deploy.md adds to a proxy, for this server: the lines, and the address to which they listen."""
    begins = {"nginx": "server {", "caddy": ":8081 {"}[proxy]
    guide = (ROOT / "docs" / "deploy.md").read_text(encoding="utf-8")
    (lines,) = re.findall(rf"^    {begins}\n(?:     .*\n)*    }}\n", guide, re.MULTILINE)
    port = free_port()
    listens = {"nginx": (" 8081;", f" 127.0.0.1:{port};"), "caddy": (":8081 {", f"http://127.0.0.1:{port} {{")}[proxy]
    assert listens[0] in lines
    assert SERVERS[0] in lines
    return lines.replace(*listens).replace(SERVERS[0], server), f"http://127.0.0.1:{port}"


def test_a_port_of_its_own_leads_a_whole_hall_to_one_server(proxy: str) -> None:
    with ExitStack() as all_of_them:
        servers = [all_of_them.enter_context(backend()) for _ in range(3)]
        lines, hall_of = port_of_a_vote(proxy, servers[1])
        origin, _ = all_of_them.enter_context(behind(proxy, servers, also=lines))
        everywhere = {Someone(origin).open_websocket() for _ in range(12)}
        assert len(everywhere) > 1, "without it a phone comes to any of them"
        for _ in range(12):
            visitor = Someone(hall_of)
            visitor.cookies["server"] = servers[0]  # from a visit by the other port, for cookies know of no ports
            assert visitor.open_websocket() == servers[1]
            assert visitor.ask("/vote?code=CFHJ") == (200, servers[1])


def test_phones_vote_behind_nginx_on_the_server_of_their_speaker(monkeypatch: pytest.MonkeyPatch) -> None:
    need("nginx")
    monkeypatch.setattr(votes, "WITHIN", 1.0)
    with ExitStack() as both:
        servers = [both.enter_context(running_app(quiet=True)).removeprefix("http://") for _ in range(2)]
        lines, hall_of = port_of_a_vote("nginx", servers[0])
        both.enter_context(behind("nginx", servers, also=lines))
        with ThreadPoolExecutor() as apart:
            found = apart.submit(asyncio.run, votes.hall(hall_of, 4, psutil.Process())).result()
    assert found.seen == 4


#: A server that may write no file, as in a container whose folders are read-only.
READ_ONLY = f"""
import os, sys

def refuse(event, arguments):
    name, _, flags = arguments if event == "open" else (None, None, 0)
    if isinstance(name, str) and flags & (os.O_WRONLY | os.O_RDWR) and not name.startswith("/dev/"):
        raise PermissionError(f"{{name}} would be written")

sys.dont_write_bytecode = True
sys.addaudithook(refuse)
{QUIET}"""


def test_visitors_of_a_server_that_is_killed_see_the_same_on_another_and_nobody_else_notices() -> None:
    need("nginx")
    manner = hall.Manner(sessions=30, presses=3, think=2.0, kills=True)
    with tempfile.TemporaryFile() as log, hall.several(3, log, "-c", READ_ONLY) as (origin, _, servers):
        # In a thread, for Playwright may have a loop of its own in this one.
        with ThreadPoolExecutor() as apart:
            halls, _ = apart.submit(asyncio.run, hall.filled(origin, servers, ["shapes"], manner)).result()
        log.seek(0)
        assert hall.tracebacks(log.read().decode()) == []
    found = halls["shapes"]
    assert found.answered == 30
    assert found.faults == 0
    assert sorted(found.places.values()) == [10, 10, 10], "who comes is spread evenly"
    assert len(found.found) == found.places[found.killed] == 10, "theirs alone have hung up"
    assert max(found.found) < 5
    assert found.seen["other"] == 0
    assert found.seen["same"] > 0
    assert len(found.beside) > 0


# --- what deploy/ and docs/deploy.md say ------------------------------------------------------------------------------


def words_of_the_dockerfile() -> dict[str, list[str]]:
    """Instruction -> what follows it, each time; lines that go on are one."""
    text = re.sub(r"\\\n\s*", "", (DEPLOY / "Dockerfile").read_text(encoding="utf-8"))
    found: dict[str, list[str]] = {}
    for line in text.splitlines():
        if line and not line.startswith("#"):
            instruction, _, rest = line.partition(" ")
            found.setdefault(instruction, []).append(rest)
    return found


def copied() -> list[str]:
    return [source for line in words_of_the_dockerfile()["COPY"] for source in line.split()[:-1]]


def test_the_image_holds_what_the_app_needs_and_what_there_is() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    wheel = project["tool"]["hatch"]["build"]["targets"]["wheel"]
    assert sorted(copied()) == sorted([*wheel["packages"], *wheel["force-include"], "requirements.txt"])
    assert [source for source in copied() if not (ROOT / source).exists()] == []


def test_the_image_has_a_python_for_which_torch_is_named_without_cuda() -> None:
    (image,) = words_of_the_dockerfile()["FROM"]
    python = re.fullmatch(r"python:([\d.]+)-slim", image)
    assert python is not None
    assert python[1] in PYTHONS_WITH_A_CPU_WHEEL
    assert any("-r requirements.txt" in line for line in words_of_the_dockerfile()["RUN"])


def test_the_image_is_not_roots_and_its_server_answers_to_its_network() -> None:
    said = words_of_the_dockerfile()
    (user,) = said["USER"]
    assert all(int(number) > 0 for number in user.split(":"))
    settings = dict(pair.split("=") for pair in shlex.split(said["ENV"][0]))
    assert settings["STREAMLIT_SERVER_ADDRESS"] == "0.0.0.0"
    assert said["EXPOSE"] == [str(config.get_option("server.port"))]
    assert f":{config.get_option('server.port')}/{ROUTE_HEALTH}" in said["HEALTHCHECK"][0]
    assert json.loads(said["CMD"][0]) == ["streamlit", "run", "streamlit_app.py"]


def services(file: str = "compose.yaml") -> dict[str, Any]:
    found: dict[str, Any] = yaml.safe_load((DEPLOY / file).read_text(encoding="utf-8"))["services"]
    return found


def apps() -> dict[str, Any]:
    return {name: service for name, service in services().items() if "build" in service}


@every("service", [*services().values(), *(one for one in services("dask.yaml").values() if "image" in one)])
def test_a_service_can_write_to_its_temporary_folder_alone(service: dict[str, Any]) -> None:
    assert service["read_only"] is True
    assert service["tmpfs"] == ["/tmp"]
    assert service["cap_drop"] == ["ALL"]
    assert service["security_opt"] == ["no-new-privileges:true"]
    assert service["restart"] == "unless-stopped"


def test_the_servers_are_those_of_the_proxies_each_on_a_core_of_its_own() -> None:
    port = config.get_option("server.port")
    addresses = [f"{app['networks']['hall']['ipv4_address']}:{port}" for app in apps().values()]
    assert tuple(addresses) == SERVERS
    run = json.loads(words_of_the_dockerfile()["CMD"][0])
    commands = [shlex.split(app["command"]) for app in apps().values()]
    assert commands == [["taskset", "--cpu-list", str(core), *run] for core in range(len(SERVERS))]
    whole = yaml.safe_load((DEPLOY / "compose.yaml").read_text(encoding="utf-8"))
    ((subnet, others),) = (pool.values() for pool in whole["networks"]["hall"]["ipam"]["config"])
    hosts = [ip_address(address.partition(":")[0]) for address in SERVERS]
    assert all(host in ip_network(subnet) and host not in ip_network(others) for host in hosts)
    for app in apps().values():
        assert (DEPLOY / app["build"]["context"] / app["build"]["dockerfile"]).samefile(DEPLOY / "Dockerfile")
        assert set(app["environment"]) <= variables()


def test_every_server_computes_at_a_scheduler_of_the_version_that_is_tested_and_that_nobody_else_reaches() -> None:
    beside = services("dask.yaml")
    (tested,) = (line for line in read_requirements("requirements-dev.txt") if line.name == "distributed")
    places = {beside[name]["environment"][SCHEDULER] for name in apps()}
    assert places == {f"tcp://scheduler:{Scheduler.default_port}"}
    assert {beside[name]["build"]["args"]["EXTRA"] for name in apps()} == {str(tested)}
    assert [name for name, service in beside.items() if "ports" in service] == []
    for name, program in (("scheduler", dask_scheduler.main), ("worker", dask_worker.main)):
        dask, kind, *options = shlex.split(beside[name]["command"])
        assert (dask, kind) == ("dask", name)
        asked = program.make_context(name, options).params  # which refuses what Dask does not know
        assert asked.get("scheduler", *places) in places


def test_the_proxy_is_not_roots_and_listens_where_its_configuration_says() -> None:
    proxy = services()["proxy"]
    assert all(int(number) > 0 for number in proxy["user"].split(":"))
    (file,) = proxy["volumes"]
    assert (DEPLOY / file.split(":")[0]).samefile(DEPLOY / "nginx.conf")
    assert file.split(":")[1] in proxy["entrypoint"]
    assert proxy["entrypoint"][:3] == ["nginx", "-p", *proxy["tmpfs"]]
    assert proxy["ports"] == [f"80:{PORT}"]
    assert proxy["depends_on"] == [*apps()]


def test_nginx_takes_a_server_for_dead_that_has_missed_two_of_its_own_signs_of_life() -> None:
    (patience,) = re.findall(r"proxy_read_timeout (\d+)s;", (DEPLOY / "nginx.conf").read_text(encoding="utf-8"))
    assert config.get_option("server.websocketPingInterval") is None
    assert 2 * DEFAULT_WEBSOCKET_PING_INTERVAL < int(patience) < 3 * DEFAULT_WEBSOCKET_PING_INTERVAL


def variables() -> set[str]:
    """Those of the environment that the app reads."""
    sources = [*(ROOT / "rnn_dynamics").rglob("*.py"), *(ROOT / "pages").glob("*.py")]
    quoted = re.compile(f'"({VARIABLE.pattern})"')
    return {name for file in sources for name in quoted.findall(file.read_text(encoding="utf-8"))}


def test_the_guide_names_every_variable_of_the_app_and_every_file_that_it_speaks_of() -> None:
    guide = (ROOT / "docs" / "deploy.md").read_text(encoding="utf-8")
    assert set(VARIABLE.findall(guide)) == variables()
    assert all((ROOT / "docs" / link).exists() for link in re.findall(r"\]\(([^)#:]+)\)", guide))
    assert set(re.findall(r"\]\(\.\./deploy/([^)]+)\)", guide)) == {file.name for file in DEPLOY.iterdir()}
    for said in (f"/{ROUTE_HEALTH}", services()["app1"]["mem_limit"], *SERVERS):
        assert said in guide
    assert "docs/deploy.md" in (ROOT / "README.md").read_text(encoding="utf-8")
