"""Plant a fault into a module of the service, for as long as a test runs."""

from __future__ import annotations

import inspect
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from types import FunctionType, ModuleType


@contextmanager
def planted(module: ModuleType, code: str, broken: str) -> Iterator[None]:
    """Let functions of a module do something else, whoever imported them."""
    source = inspect.getsource(module)
    assert source.count(code) == 1
    scope = dict(module.__dict__)
    exec(compile(source.replace(code, broken), str(module.__file__), "exec"), scope)
    theirs = _functions(module.__name__, scope)
    pairs = [
        (function, function.__code__, theirs[name].__code__)
        for name, function in _functions(module.__name__, vars(module)).items()
    ]
    for function, _, wrong in pairs:
        function.__code__ = wrong
    try:
        yield
    finally:
        for function, right, _ in pairs:
            function.__code__ = right


def _functions(module: str, scope: Mapping[str, object]) -> dict[str, FunctionType]:
    """Return the functions of a module, and those of its classes."""
    found = {}
    for name, value in scope.items():
        if isinstance(value, FunctionType) and value.__module__ == module:
            found[name] = value
        elif inspect.isclass(value) and value.__module__ == module:
            inside = _functions(module, vars(value))
            found |= {f"{name}.{method}": one for method, one in inside.items()}
    return found
