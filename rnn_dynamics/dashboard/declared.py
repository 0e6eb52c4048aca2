"""What a page's file declares, for who wants to know what it offers and does not show it."""

from contextvars import ContextVar
from functools import lru_cache
from importlib.util import module_from_spec, spec_from_file_location
from typing import Any

from rnn_dynamics.dashboard.command import APP

_DECLARES: ContextVar[bool] = ContextVar("declares", default=False)


def declares() -> bool:
    """Whether a page's file is run only for what it declares."""
    return _DECLARES.get()


@lru_cache(maxsize=64)
def declared(page: str) -> Any:
    """PAGE of a page's file, which is nobody's and stands for no language."""
    spec = spec_from_file_location(f"pages.{page}", APP / "pages" / f"{page}.py")
    assert spec is not None, page
    assert spec.loader is not None, page
    module, token = module_from_spec(spec), _DECLARES.set(True)
    try:
        spec.loader.exec_module(module)
    finally:
        _DECLARES.reset(token)
    return module.PAGE
