"""Light imports: pymilvus and pyarrow without pandas and scipy, which take 50 MB and half a second.

They import them for data frames and scipy's matrices, which nobody gives them here. Whoever else wants them gets them.
"""

from __future__ import annotations

import importlib
import sys
from contextlib import contextmanager
from functools import cache
from types import ModuleType
from typing import TYPE_CHECKING, Any

import pyarrow as pa

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping


class DataFrame:
    """What pymilvus takes for pandas' data frame: nothing is one."""


class LateFunctions(ModuleType):
    """The place of a module whose functions import it when they are called."""

    def __getattr__(self, name: str) -> Callable[..., Any]:
        """Return a function that calls the module's own."""
        if name.startswith("__"):
            raise AttributeError(name)

        def call(*args: Any) -> Any:
            return getattr(importlib.import_module(self.__name__), name)(*args)

        return call


@contextmanager
def importing_without_pandas() -> Iterator[None]:
    """Let pymilvus, which imports pandas first of all, find stand-ins for what it uses of it."""
    stand_ins = {name: LateFunctions(name) for name in ("pandas", "pandas.api", "pandas.api.types")}
    stand_ins["pandas"].DataFrame = DataFrame  # type: ignore[attr-defined]
    with _in_place_of({} if "pandas" in sys.modules else stand_ins):
        yield


class Refused:
    """A finder for `sys.meta_path` that refuses one module."""

    def __init__(self, name: str) -> None:
        self.name = name

    def find_spec(self, name: str, *_: object) -> None:
        """Raise for it, and leave all others to the next finder."""
        if name == self.name:
            raise ModuleNotFoundError(name)


@cache
def without_pandas_and_scipy() -> None:
    """Let pyarrow and pymilvus look for them while they are not to be found: they look once, when first used."""
    from pymilvus.client.utils import SciPyHelper  # noqa: PLC0415 - imports this module

    refused = Refused("pandas")
    sys.meta_path.insert(0, refused)
    try:
        pa.array([0])
    finally:
        sys.meta_path.remove(refused)
    with _in_place_of({} if "scipy" in sys.modules else {"scipy": None}):
        SciPyHelper.is_scipy_sparse({})


@contextmanager
def _in_place_of(modules: Mapping[str, ModuleType | None]) -> Iterator[None]:
    """Put modules where an import finds them, None for what it is not to find, and take them out again."""
    sys.modules.update(modules)  # type: ignore[arg-type]
    try:
        yield
    finally:
        for name, module in modules.items():
            if name in sys.modules and sys.modules[name] is module:
                del sys.modules[name]
