"""Scripts that this library writes for its readers, run where it cannot be imported."""

import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

#: Runs many scripts with one import of torch, each in a namespace of its own; one that fails leaves the others alone.
DRIVER = """
import sys, traceback
for path in sys.argv[1:]:
    print("script", path)
    try:
        with open(path, encoding="utf-8") as file:
            exec(compile(file.read(), path, "exec"), {"__name__": "__main__"})
    except Exception:
        traceback.print_exc(file=sys.stdout)
    finally:
        sys.modules["torch"].set_flush_denormal(False)  # what a script that trains has set
"""


def alone(*arguments: str, folder: Path) -> str:
    """What Python prints for a script, started where neither the folder nor the environment leads to this library."""
    command = [sys.executable, "-I", "-W", "error", *arguments]
    done = subprocess.run(command, cwd=folder, capture_output=True, encoding="utf-8", timeout=300, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout


def printed_by_all(scripts: Mapping[str, str], folder: Path) -> dict[str, str]:
    """Name -> what the script of that name prints; all in one process."""
    (folder / "driver").write_text(DRIVER, encoding="utf-8")
    for name, script in scripts.items():
        (folder / f"{name}.py").write_text(script, encoding="utf-8")
    output = alone("driver", *(f"{name}.py" for name in scripts), folder=folder)
    parts = [part.partition("\n") for part in output.split("script ")[1:]]
    return {name.removesuffix(".py"): printed for name, _, printed in parts}


def rows_of(output: str) -> list[list[str]]:
    """The words of each line that a script has printed."""
    assert "Traceback" not in output, output
    return [line.split() for line in output.strip().splitlines()]
