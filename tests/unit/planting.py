"""Plant a fault into a module of the service, for as long as a test runs."""

from __future__ import annotations

import inspect
from collections.abc import Iterator
from contextlib import contextmanager
from types import ModuleType


@contextmanager
def planted(module: ModuleType, code: str, broken: str) -> Iterator[None]:
    """Let functions of a module do something else; who imported them sees it, too."""
    source = inspect.getsource(module)
    assert source.count(code) == 1
    scope = dict(module.__dict__)
    exec(compile(source.replace(code, broken), module.__file__, "exec"), scope)  # noqa: S102 - our own text
    functions = {
        name: value
        for name, value in vars(module).items()
        if inspect.isfunction(value) and value.__module__ == module.__name__
    }
    right = {name: value.__code__ for name, value in functions.items()}
    for name, value in functions.items():
        value.__code__ = scope[name].__code__
    try:
        yield
    finally:
        for name, value in functions.items():
            value.__code__ = right[name]
