"""What a page says without the marks of its terms, which `test_glossary` looks at."""

import re


def unmarked(text: str) -> str:
    """Markdown or HTML, its links to the glossary as plain text."""
    return re.sub(r'<a href="#term-\w+">(.*?)</a>|\[([^\]]*)\]\(#term-\w+\)', lambda link: link[1] or link[2], text)
