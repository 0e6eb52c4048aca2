"""The pinned requirements: one torch for every machine, an exact version for everything else."""

import itertools
import re
import tomllib
from pathlib import Path

from packaging.requirements import Requirement

from tests.every import every
from tests.test_architecture import OUTSIDE

ROOT = Path(__file__).resolve().parent.parent
REQUIREMENT_FILES = ("requirements.txt", "requirements-dev.txt")
PYTHONS = ("3.11", "3.12", "3.13", "3.14", "3.15")
PYTHONS_WITH_A_CPU_WHEEL = ("3.12", "3.13", "3.14")
MACHINES = tuple(
    itertools.product(("linux", "darwin", "win32"), ("x86_64", "aarch64", "arm64", "AMD64"), PYTHONS),
)


def read_requirements(name: str) -> list[Requirement]:
    """Return every requirement that one file states itself, without comments and `-r` lines."""
    lines = (line.strip() for line in (ROOT / name).read_text(encoding="utf-8").splitlines())
    return [Requirement(line) for line in lines if line and not line.startswith(("#", "-r"))]


def torch_lines() -> list[Requirement]:
    return [requirement for requirement in read_requirements("requirements.txt") if requirement.name == "torch"]


def applies(requirement: Requirement, sys_platform: str, platform_machine: str, python_version: str) -> bool:
    environment = {
        "sys_platform": sys_platform,
        "platform_machine": platform_machine,
        "python_version": python_version,
    }
    return requirement.marker is None or requirement.marker.evaluate(environment)


def exact_version(requirement: Requirement) -> str:
    """Return the version behind a single `==`, and fail for any other specifier."""
    specifiers = list(requirement.specifier)
    assert [specifier.operator for specifier in specifiers] == ["=="], f"{requirement} is not pinned"
    assert "*" not in specifiers[0].version, f"{requirement} leaves its last digits open"
    return specifiers[0].version


def torch_version(requirement: Requirement) -> str:
    """Return the public version of a torch line, from the wheel's file name or from its pin."""
    if requirement.url is None:
        return exact_version(requirement)
    match = re.search(r"/torch-([\d.]+)%2Bcpu-", requirement.url)
    assert match is not None, f"{requirement.url} is no CPU wheel of torch"
    return match[1]


@every(("sys_platform", "platform_machine", "python_version"), MACHINES)
def test_exactly_one_torch_line_applies(sys_platform: str, platform_machine: str, python_version: str) -> None:
    applying = [line for line in torch_lines() if applies(line, sys_platform, platform_machine, python_version)]
    assert len(applying) == 1


@every("python_version", PYTHONS_WITH_A_CPU_WHEEL)
def test_linux_on_x86_64_gets_the_cpu_wheel_built_for_its_python(python_version: str) -> None:
    [line] = [line for line in torch_lines() if applies(line, "linux", "x86_64", python_version)]
    tag = "cp" + python_version.replace(".", "")
    assert line.url is not None
    assert line.url.endswith(f"%2Bcpu-{tag}-{tag}-manylinux_2_28_x86_64.whl")


@every(("sys_platform", "platform_machine", "python_version"), MACHINES)
def test_no_other_machine_gets_a_direct_wheel(sys_platform: str, platform_machine: str, python_version: str) -> None:
    if (sys_platform, platform_machine) == ("linux", "x86_64") and python_version in PYTHONS_WITH_A_CPU_WHEEL:
        return
    urls = [line.url for line in torch_lines() if applies(line, sys_platform, platform_machine, python_version)]
    assert urls == [None]


def test_every_torch_line_names_the_same_version() -> None:
    assert len({torch_version(line) for line in torch_lines()}) == 1


@every("name", REQUIREMENT_FILES)
def test_every_requirement_but_a_direct_wheel_is_pinned(name: str) -> None:
    versions = [exact_version(requirement) for requirement in read_requirements(name) if requirement.url is None]
    assert versions


def test_the_development_requirements_include_those_of_the_app() -> None:
    lines = (ROOT / "requirements-dev.txt").read_text(encoding="utf-8").splitlines()
    assert "-r requirements.txt" in lines


def ranges_of_the_package() -> list[Requirement]:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    extras: dict[str, list[str]] = project["optional-dependencies"]
    ranges = map(Requirement, itertools.chain(project["dependencies"], *extras.values()))
    return [item for item in ranges if item.name != project["name"]]


def test_the_package_names_all_that_its_rooms_import() -> None:
    named = {"sklearn": "scikit-learn", "vl_convert": "vl-convert-python"}
    imported = {named.get(top, top) for top in set().union(*OUTSIDE.values())}
    assert {item.name for item in ranges_of_the_package()} == imported


def test_every_range_of_the_package_contains_the_pinned_version() -> None:
    pins = {line.name: torch_version(line) for line in torch_lines()}
    lines = [line for name in REQUIREMENT_FILES for line in read_requirements(name)]
    pins |= {line.name: exact_version(line) for line in lines if line.name != "torch"}
    outside = [str(item) for item in ranges_of_the_package() if not item.specifier.contains(pins[item.name])]
    assert outside == []
