"""What the Chinese README says: the pages by their titles, and only commands and figures of the English one."""

import re

from rnn_dynamics.content import sentences
from tests.test_pages import PAGES, ROOT

OURS, THEIRS = ((ROOT / name).read_text(encoding="utf-8") for name in ("README.zh.md", "README.md"))
#: An address in it, and a figure; what stands in fences is code.
LINK, FIGURE, FENCED = r"\]\(([^)]+)\)", r"\d[\d,.]*\d|\d", r"```(\w*)\n(.*?)```"


def test_the_two_lead_to_each_other() -> None:
    assert "(README.zh.md)" in THEIRS
    assert "(README.md)" in OURS


def test_every_page_has_its_row_under_its_title() -> None:
    titles = {line.split("|")[1].strip() for line in OURS.splitlines() if line.startswith("| ")} - {"页面"}
    assert titles == {sentences(page, "zh")["title"] for page in PAGES}


def test_its_links_lead_somewhere() -> None:
    assert [link for link in re.findall(LINK, OURS) if not (ROOT / link).exists()] == []


def test_its_figures_and_commands_stand_in_the_english_one() -> None:
    prose, theirs = (re.sub(FENCED, "", text, flags=re.DOTALL) for text in (OURS, THEIRS))
    assert set(re.findall(FIGURE, prose)) - set(re.findall(FIGURE, theirs)) == set()
    commands = re.findall(r"^    (.+)$|`([^`]* run [^`]*)`", prose, re.MULTILINE)
    assert [command for command in map("".join, commands) if command not in THEIRS] == []
    assert all(text in THEIRS for kind, text in re.findall(FENCED, OURS, re.DOTALL) if not kind)


def test_its_first_lines_of_python_run() -> None:
    kind, code = re.findall(FENCED, OURS, re.DOTALL)[0]
    assert kind == "python"
    found: dict[str, object] = {}
    exec(code, found)
    assert "trace" in found
