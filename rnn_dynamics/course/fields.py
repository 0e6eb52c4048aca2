"""Fields of answers by name, and whether an answer can have one, by its types: before anything is computed."""

import types
from _string import formatter_field_name_split  # type: ignore[import-not-found]
from collections.abc import Iterable, Mapping, Sequence
from importlib import import_module
from string import Formatter
from typing import Any, TypeVar, Union, get_args, get_origin, get_type_hints

from rnn_dynamics.content import Says

#: What may be an argument of a field that is a method: all views, or the one of that name.
_VIEWS = "views"


def answer_of(page: str) -> type:
    """The class of what a page's picture shows."""
    room = import_module(f"rnn_dynamics.pictures.{page}.answer")
    own = (kind for kind in vars(room).values() if isinstance(kind, type) and kind.__module__ == room.__name__)
    return next(kind for kind in own if kind.__name__.endswith("Answer"))


class Reading:
    """What a field's name stands for: a field of an answer, of its experiment, or a view.

    A method is called with the reader's views, or with the one that its parameter names.
    """

    def __init__(self, answer: Any, views: Mapping[str, Any]) -> None:
        self._says, self._views = Says(answer), views
        self._known: dict[str, Any] = {}

    def __getitem__(self, name: str) -> Any:
        if name not in self._known:  # what is computed for one part of a field is there for the next
            self._known[name] = self._found(name)
        return self._known[name]

    def value(self, path: str) -> Any:
        """What stands under a name such as "verdicts[rnn].log10_factor".

        Raises:
            LookupError, AttributeError: the answer has no such part, or not yet.
        """
        return Formatter().get_field(path, (), self)[0]  # type: ignore[arg-type]

    def _found(self, name: str) -> Any:
        try:
            found = self._says[name]
        except AttributeError:
            return self._views[name]
        if not isinstance(found, types.MethodType):
            return found
        (parameter,) = found.__code__.co_varnames[1 : found.__code__.co_argcount]
        return found(self._views if parameter == _VIEWS else self._views[parameter])


def first_unknown(path: str, kinds: Iterable[Any], views: Iterable[str]) -> str:
    """The first part of a name that nothing of these kinds can have, or "".

    kinds: of the answer, and of its experiment. What a mapping has, and what is of no known kind, is not told by types.
    """
    name, rest = _split(path)
    kind = None if name in views else _first(name, kinds) if name else _NOTHING
    if kind is _NOTHING:
        return name or path or "–"
    for is_attribute, part in rest:
        kind = _attribute(kind, str(part)) if is_attribute else _item(kind)
        if kind is _NOTHING:
            return str(part)
    return ""


def _split(path: str) -> tuple[str, list[tuple[bool, Any]]]:
    """The name with which it begins, and whether each further part is an attribute, and which."""
    try:
        name, rest = formatter_field_name_split(path)  # as `Formatter.get_field` does
        return str(name), list(rest)
    except ValueError:
        return "", []


_NOTHING: Any = object()


def _first(name: str, kinds: Iterable[Any]) -> Any:
    return next((found for kind in kinds if (found := _attribute(kind, name)) is not _NOTHING), _NOTHING)


def _attribute(kind: Any, name: str) -> Any:
    """The kind of an attribute; None where it is not known, _NOTHING where there is none."""
    if name.startswith("_"):
        return _NOTHING
    options = _options(kind)
    if options:
        return _first(name, options)
    owner = get_origin(kind) or kind
    if not isinstance(owner, type) or owner is object:
        return None
    made = getattr(owner, name, None)
    of = getattr(made, "fget", None) or getattr(made, "func", None) or made
    hints = get_type_hints(of) if callable(of) and not isinstance(of, type) else {}
    found = hints.get("return") or get_type_hints(owner).get(name)
    if found is None:
        return None if hasattr(owner, name) else _NOTHING
    return _bound(found, owner) if isinstance(found, TypeVar) else found


def _options(kind: Any) -> list[Any]:
    """Of a union its kinds, None apart."""
    if get_origin(kind) not in (Union, types.UnionType):
        return []
    return [one for one in get_args(kind) if one is not types.NoneType]


def _bound(variable: TypeVar, owner: type) -> Any:
    """What a class has in the place of a type variable of its base."""
    for base in getattr(owner, "__orig_bases__", ()):
        names = getattr(get_origin(base), "__parameters__", ())
        if variable in names:
            return get_args(base)[names.index(variable)]
    return None


def _item(kind: Any) -> Any:
    """The kind of what a mapping or a sequence holds; None where it is not known."""
    origin, arguments = get_origin(kind), get_args(kind)
    if isinstance(origin, type) and issubclass(origin, Mapping) and len(arguments) == 2:
        return arguments[1]
    if isinstance(origin, type) and issubclass(origin, Sequence) and arguments:
        return arguments[0]
    return None if kind not in (int, float, bool) else _NOTHING
