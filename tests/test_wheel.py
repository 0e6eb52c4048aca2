"""An installed package: its pictures can be drawn, and its command starts the dashboard, far from any checkout."""

import os
import site
import socket
import subprocess
import sys
import venv
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.reader import answers, wait_until

ROOT = Path(__file__).resolve().parent.parent
DRAW = """
import rnn_dynamics
from rnn_dynamics import Experiment, pictures
chart = pictures.draw("depth", Experiment(cell="lstm", sequence_length=10))
assert len(pictures.frames("atlas")["map"]) == 300  # of a file that ships
print(rnn_dynamics.__file__, len(chart.to_dict()["datasets"]["curves"]))
"""
OPEN = """
from streamlit.testing.v1 import AppTest
from rnn_dynamics.dashboard import warm
from rnn_dynamics.dashboard.command import APP
warm.warm_up = lambda *_: None
app = AppTest.from_file(str(APP / "pages" / "depth.py"), default_timeout=60).run()
assert not app.exception
print(app.title[0].value, APP, sep="\\n")
"""


@pytest.fixture(scope="module")
def programs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The programs of a new environment with the wheel; what the wheel requires it borrows from this one."""
    folder = tmp_path_factory.mktemp("installed")
    pip = (sys.executable, "-m", "pip", "--quiet", "--disable-pip-version-check")
    subprocess.run([*pip, "wheel", "--no-deps", "--no-build-isolation", "-w", folder, ROOT], check=True)
    venv.create(folder / "new", with_pip=False)
    (packages,) = (folder / "new").glob("lib/python*/site-packages")
    (wheel,) = folder.glob("*.whl")
    there = folder / "new" / "bin"
    subprocess.run([*pip, "--python", there / "python", "install", "--no-deps", "--no-index", wheel], check=True)
    (packages / "borrowed.pth").write_text("\n".join(site.getsitepackages()), encoding="utf-8")
    return there


@pytest.fixture
def outside(tmp_path: Path) -> dict[str, str]:
    """The environment's variables without a way to this checkout."""
    return {name: value for name, value in os.environ.items() if name != "PYTHONPATH"} | {"HOME": str(tmp_path)}


def test_a_picture_can_be_drawn(programs: Path, tmp_path: Path, outside: dict[str, str]) -> None:
    drawn = subprocess.run(
        [programs / "python", "-c", DRAW], cwd=tmp_path, env=outside, check=True, capture_output=True, text=True
    )
    where, rows = drawn.stdout.split()
    assert Path(where).is_relative_to(programs.parent)
    assert int(rows) == 10


@pytest.fixture
def address(programs: Path, tmp_path: Path, outside: dict[str, str]) -> Iterator[str]:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    options = ("--server.address=127.0.0.1", f"--server.port={port}", "--server.headless=true")
    with subprocess.Popen([programs / "rnn-dynamics", *options], cwd=tmp_path, env=outside) as process:
        yield f"http://127.0.0.1:{port}"
        process.kill()


def test_a_page_opens(programs: Path, tmp_path: Path, outside: dict[str, str]) -> None:
    opened = subprocess.run(
        [programs / "python", "-c", OPEN], cwd=tmp_path, env=outside, check=True, capture_output=True, text=True
    )
    title, where = opened.stdout.splitlines()
    assert title == "Depth and direction"
    assert Path(where).is_relative_to(programs.parent)


def test_the_command_probes_weights(programs: Path, tmp_path: Path, outside: dict[str, str]) -> None:
    (weights,) = programs.parent.glob("lib/python*/site-packages/rnn_dynamics/own/examples.safetensors")
    command = [str(programs / "rnn-dynamics"), "probe", str(weights), "--module", "rnn_before.rnn", "--steps", "50"]
    probed = subprocess.run(command, cwd=tmp_path, env=outside, check=False, capture_output=True, text=True)
    assert (probed.returncode, probed.stderr) == (1, "")
    assert "the gradient vanishes" in probed.stdout


def test_the_command_starts_the_dashboard_with_its_pages(address: str, programs: Path) -> None:
    wait_until(lambda: answers(f"{address}/_stcore/health"), "the server does not answer")
    (app,) = programs.parent.glob("lib/python*/site-packages/rnn_dynamics/app")
    assert {path.name for path in (app / "pages").glob("*.py")} == {path.name for path in (ROOT / "pages").glob("*.py")}
    assert (app / ".streamlit" / "config.toml").read_text() == (ROOT / ".streamlit" / "config.toml").read_text()
    assert (app.parent / "content" / "en" / "depth.toml").exists()
