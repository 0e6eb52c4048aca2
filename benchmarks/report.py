"""What the benchmarks share: rows that are named before they are measured, and a table between two marks."""

import argparse
import os
import platform
import sys
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path

from threadpoolctl import threadpool_info

#: Whether the engine walks with machine code, where llvmlite is installed.
COMPILED = "RNN_DYNAMICS_COMPILED"
#: What a container may set for its processor, and a reader's machine does not.
FORCED_KERNELS = ("OPENBLAS_CORETYPE", "OPENBLAS_L2_SIZE")


@dataclass(frozen=True, kw_only=True)
class Benchmark:
    """One command, one table.

    name: of the module, and of the marks. head: the table's columns. rows: the first column, all of it, in order.
    measure: whether to be quick -> the rows as they come, as texts. used: packages whose versions count.
    """

    name: str
    head: tuple[str, ...]
    rows: tuple[str, ...]
    measure: Callable[[bool], Iterable[tuple[str, ...]]]
    used: tuple[str, ...] = ()


def main(benchmark: Benchmark, description: str | None) -> None:
    """Measure, print the table, and write it where the command asks for that; exits 1 where a row is missing."""
    parser = argparse.ArgumentParser(description=description, formatter_class=argparse.RawDescriptionHelpFormatter)
    how = parser.add_mutually_exclusive_group()
    how.add_argument("--quick", action="store_true", help="one round of each row, to see that all of them come")
    how.add_argument("--write", type=Path, metavar="FILE", help=f"put the table between the {benchmark.name} marks")
    arguments = parser.parse_args()
    leave_forced_kernels()
    as_hosted()
    table = measured(benchmark, arguments.quick)
    if arguments.write:
        text = arguments.write.read_text(encoding="utf-8")
        arguments.write.write_text(written(text, benchmark.name, table), encoding="utf-8")


def as_hosted() -> None:
    """Take the road of who installs requirements.txt, unless the environment names one."""
    os.environ.setdefault(COMPILED, "0")


def leave_forced_kernels() -> None:
    """Begin the program again where its environment forces a kernel on OpenBLAS, before NumPy has loaded that."""
    if any(name in os.environ for name in FORCED_KERNELS):
        free = {name: value for name, value in os.environ.items() if name not in FORCED_KERNELS}
        sys.stdout.flush()
        os.execve(sys.executable, sys.orig_argv, free)


def measured(benchmark: Benchmark, quick: bool) -> str:
    """The table and what it was measured on, in Markdown; each line is printed as it comes."""
    lines = [line(benchmark.head), line("---" for _ in benchmark.head)]
    print("\n".join(lines), flush=True)
    found = {}
    for row in benchmark.measure(quick):
        found[row[0]] = line(row)
        print(found[row[0]], flush=True)
    if list(found) != list(benchmark.rows):
        sys.exit(f"{benchmark.name}: missing {[row for row in benchmark.rows if row not in found]}, got {list(found)}")
    machine = conditions(benchmark.used)
    print(f"\n{machine}")
    return "\n".join([*lines, *found.values(), "", machine])


def line(cells: Iterable[str]) -> str:
    """One row of a table."""
    return f"| {' | '.join(cells)} |"


def conditions(used: Iterable[str]) -> str:
    """When, on which machine and with which versions the figures were taken."""
    kernels = {f"OpenBLAS kernel {pool['architecture']}" for pool in threadpool_info() if "architecture" in pool}
    versions = [f"{name} {version(name)}" for name in used]
    parts = [f"{os.cpu_count()} × {processor()}", f"Python {platform.python_version()}", *versions, *sorted(kernels)]
    parts += ["the engine compiled"] * (os.environ.get(COMPILED, "0") != "0")
    return f"{datetime.now(UTC):%-d %B %Y}; {', '.join(parts)}."


def processor() -> str:
    """What the processor calls itself."""
    information = Path("/proc/cpuinfo")
    if not information.exists():
        return platform.processor() or platform.machine()
    names = [row.partition(":")[2] for row in information.read_text().splitlines() if row.startswith("model name")]
    return names[0].strip() if names else platform.machine()


def marks(name: str) -> tuple[str, str]:
    """Between these a document holds the table of a benchmark."""
    return f"<!-- {name} begin -->", f"<!-- {name} end -->"


def between(text: str, name: str) -> str:
    """What a document holds between the marks.

    Raises:
        ValueError: it does not hold each mark once.
    """
    begin, end = marks(name)
    if (text.count(begin), text.count(end)) != (1, 1):
        raise ValueError(f"the document needs the marks {begin} and {end}, once each")
    return text.partition(begin)[2].partition(end)[0]


def written(text: str, name: str, table: str) -> str:
    """A document with another table between the marks."""
    begin, end = marks(name)
    return text.replace(f"{begin}{between(text, name)}{end}", f"{begin}\n{table}\n{end}")
