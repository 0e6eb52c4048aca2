"""What the pages look like beside Streamlit's theme.

Rules that only some visitors need stand in files of their own and are sent where they are needed: one that looks into
the page, as with `:has`, costs a browser time at each change of the page, whether or not it finds anything. With all in
one file Chromium took 7 of the 54 ms of a press on the home page to find what applies; it takes 3 now
(`RecalcStyleDuration` of its DevTools, by the thread's own clock).
"""

import re
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

_FOLDER = Path(__file__).parent


@dataclass(frozen=True)
class Height:
    """How high the picture of a page is, in CSS.

    usual: its height. phone: on a narrow window, "" for the same. least: where a low window leaves less for it.
    """

    usual: str = "28.25rem"
    phone: str = ""
    least: str = "12rem"

    @property
    def rules(self) -> str:
        """What page.css and the picture alone read."""
        phone = f"@media (max-width: 640px) {{ :root {{ --high: {self.phone}; }} }}" if self.phone else ""
        return f":root {{ --high: {self.usual}; --least: {self.least}; }} {phone}"


USUAL = Height()


@lru_cache(maxsize=64)
def style(name: str, more: str = "") -> str:
    """The rules of a file of this folder and more of them, read once, without comments and spare spaces."""
    rules = re.sub(r"/\*.*?\*/", "", (_FOLDER / f"{name}.css").read_text(encoding="utf-8"), flags=re.DOTALL)
    close = re.sub(r"\s*([{};,:])\s+", r"\1", rules + more)
    return f"<style>{' '.join(close.split()).replace(';}', '}')}</style>"
