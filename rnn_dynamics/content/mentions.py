"""Mentions of pages: [[depth]] in a sentence becomes a link to that page, by its title in the reader's language.

[[depth?cell=LSTM&loss_at=every]] opens it with settings, as its address spells them, and [[depth|the deep RNN]] says
something else than the title. Sentences are Markdown, and so is the link; `as_html` is for those that are HTML.
"""

import re
from collections.abc import Callable
from html import escape
from urllib.parse import parse_qsl, urlencode

#: The key of a language in an address.
IN_LINK = "lang"
_MENTION = re.compile(r"\[\[(\w+)(?:\?([^]|]*))?(?:\|([^]]*))?\]\]")
#: A link that `linked` has made; it names no server and no folder, so that it holds wherever the app stands.
_LINK = re.compile(r"\[([^]]+)\]\(((?:\./|\w+)(?:\?[^)\s]*)?)\)")


def linked(text: str, title_of: Callable[[str], str], home: str, language: str = "") -> str:
    """A text with its mentions as Markdown links.

    Args:
        text: a sentence.
        title_of: of a page, by its name; what it raises of a page that there is not goes through.
        home: the page that has the empty address.
        language: of the pages that are opened; "" where a link need not say it.
    """

    def link(found: re.Match[str]) -> str:
        page, asked, said = found.groups()
        settings = parse_qsl(asked or "", keep_blank_values=True) + [(IN_LINK, language)] * bool(language)
        address = "./" if page == home else page
        return f"[{said or title_of(page)}]({address}{'?' * bool(settings)}{urlencode(settings)})"

    return _MENTION.sub(link, text)


def as_html(text: str) -> str:
    """A text in HTML whose links to pages are still Markdown."""
    return _LINK.sub(lambda found: f'<a href="{escape(found[2])}" target="_self">{found[1]}</a>', text)
