"""Lets torchvision be imported where its compiled operators do not fit the installed torch.

A CPU torch beside a CUDA build of torchvision fails at `import torchvision`: its library does not load, and Python code then registers
fake kernels for operators that do not exist. When torchvision is first looked up, this finder tries the compiled library; only if that
fails it declares the two missing operator schemas. Where the pair matches it does nothing.
"""

from __future__ import annotations

import importlib.abc
import importlib.machinery
import sys
from collections.abc import Sequence
from pathlib import Path
from types import ModuleType
from typing import Any

native_ops: bool | None = None
"""True: torchvision's compiled operators loaded. False: schemas were declared instead. None: torchvision not looked up yet."""

_library: Any = None  # a torch Library undoes its declarations when it is collected


class _Finder(importlib.abc.MetaPathFinder):
    def find_spec(self, name: str, path: Sequence[str] | None, target: ModuleType | None = None) -> importlib.machinery.ModuleSpec | None:
        if name == "torchvision":
            sys.meta_path.remove(self)  # one shot
            spec = importlib.machinery.PathFinder.find_spec(name, path)
            if spec is not None and spec.origin is not None:
                _prepare(Path(spec.origin).parent)
        return None


def _prepare(folder: Path) -> None:
    global native_ops, _library
    import torch

    for library in sorted(folder.glob("_C*.so")) + sorted(folder.glob("_C*.pyd")):
        try:
            torch.ops.load_library(str(library))  # type: ignore[no-untyped-call]
        except OSError:
            continue
        native_ops = True
        return
    native_ops = False
    _library = torch.library.Library("torchvision", "FRAGMENT")  # type: ignore[no-untyped-call]
    _library.define("nms(Tensor dets, Tensor scores, float iou_threshold) -> Tensor")
    _library.define("qnms(Tensor dets, Tensor scores, float iou_threshold) -> Tensor")


def install() -> None:
    """Installs the finder once per process; cheap (no torch import)."""
    if "torchvision" not in sys.modules and not any(isinstance(finder, _Finder) for finder in sys.meta_path):
        sys.meta_path.insert(0, _Finder())
