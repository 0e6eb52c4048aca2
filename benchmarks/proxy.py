"""nginx or Caddy before servers of this machine, by the configurations that docs/deploy.md offers."""

import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from benchmarks.pressing import answers, free_place

DEPLOY = Path(__file__).resolve().parent.parent / "deploy"
#: The servers and the port of these configurations.
SERVERS, PORT = tuple(f"172.30.0.{host}:8501" for host in (11, 12, 13)), 8080
#: Program -> its configuration, and the arguments with which it reads another one and writes to one folder alone.
PROXIES = {"nginx": ("nginx.conf", "-p {folder} -e stderr -c {file}"), "caddy": ("Caddyfile", "run --config {file}")}


def program(name: str) -> str:
    """Where a proxy is.

    Raises:
        FileNotFoundError: it is not installed.
    """
    found = shutil.which(name, path=os.pathsep.join([os.environ.get("PATH", ""), "/usr/sbin"]))
    if found is None:
        package = {"nginx": "nginx-light"}.get(name, name)
        raise FileNotFoundError(f"{name} is not installed; on Debian: apt-get install {package}")
    return found


def configured(text: str, port: int, servers: Sequence[str]) -> str:
    """A configuration for other servers: what it says of one of them, of each."""
    first, *others = SERVERS
    text = text.replace(" ".join(SERVERS), " ".join(servers)).replace(f" {PORT};", f" 127.0.0.1:{port};")
    lines = []
    for line in text.replace(f":{PORT} ", f":{port} ").splitlines():
        if first in line:
            lines += [line.replace(first, server) for server in servers]
        elif not any(server in line for server in others):
            lines.append(line)
    return "\n".join(lines)


def extended(text: str, also: str) -> str:
    """A configuration with further servers: nginx's stand in a block, which is its last, Caddy's beside each other."""
    whole = text.rstrip()
    return f"{whole.removesuffix('}')}{also}}}" if "\nhttp {" in whole else f"{whole}\n{also}"


@contextmanager
def behind(
    name: str, servers: Sequence[str], log: int = subprocess.DEVNULL, also: str = ""
) -> Iterator[tuple[str, int]]:
    """Address and process of a proxy before these servers, each a host with its port; `also`: see `extended`.

    Raises:
        FileNotFoundError: it is not installed.
    """
    place = free_place()
    source, arguments = PROXIES[name]
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder, source)
        text = configured((DEPLOY / source).read_text(encoding="utf-8"), place[1], servers)
        file.write_text(extended(text, also) if also else text, encoding="utf-8")
        command = [program(name), *arguments.format(folder=folder, file=file).split()]
        with subprocess.Popen(command, env=os.environ | {"HOME": folder}, stdout=log, stderr=log) as proxy:
            try:
                if not answers(proxy, place):
                    sys.exit(f"{proxy.args!r} has ended with {proxy.returncode}")
                yield f"http://127.0.0.1:{place[1]}", proxy.pid
            finally:
                proxy.terminate()
