"""The words of a page: prose as Markdown and sentences as TOML, one folder per language under content/."""

from __future__ import annotations

import tomllib
from functools import lru_cache
from pathlib import Path
from typing import Any

#: What the pages look like beside Streamlit's theme.
STYLE = Path(__file__).with_name("page.css")
_CONTENT = Path(__file__).resolve().parents[2] / "content"


@lru_cache
def prose(page: str, language: str = "en") -> str:
    """The text of a page for the student, Markdown."""
    return (_CONTENT / language / f"{page}.md").read_text(encoding="utf-8")


@lru_cache
def sentences(page: str, language: str = "en") -> dict[str, Any]:
    """The sentences that a page fills with numbers."""
    return tomllib.loads((_CONTENT / language / f"{page}.toml").read_text(encoding="utf-8"))
