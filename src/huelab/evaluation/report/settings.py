"""Which settings of params.yaml differ from the defaults that the sections and the model files ship with."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from pydantic import BaseModel

from huelab import models
from huelab.params import Params


@dataclass(frozen=True)
class Difference:
    """A setting (dotted key), its value here and by default, both in words, and what it is (may be empty)."""

    key: str
    here: str
    default: str
    meaning: str


def differences(params: Params) -> tuple[list[Difference], dict[str, list[Difference]]]:
    """Of the shared sections, in their order; and of each entry of `models:` that has some, beside its model file.

    Steps that a common budget overrules are left out.
    """
    shared: list[Difference] = []
    for name in type(params).model_fields:
        section = getattr(params, name)
        if isinstance(section, BaseModel):
            shared += _of(section, type(section)(), f"{name}.")
    common = any(params.budget.model_dump().values())
    own = {}
    for entry in params.models:
        module, section = models.module(entry), params.colorizer(entry)
        overruled = ("steps",) if common and not module.INFO.one_picture else ()
        if found := [one for one in _of(section, module.Params(), "") if one.key not in overruled]:
            own[entry] = found
    return shared, own


def _of(section: BaseModel, default: BaseModel, prefix: str) -> Iterator[Difference]:
    for name, field in type(section).model_fields.items():
        here, usual = getattr(section, name), getattr(default, name)
        if isinstance(here, BaseModel) and isinstance(usual, BaseModel):
            yield from _of(here, usual, f"{prefix}{name}.")
        elif here != usual:
            yield Difference(f"{prefix}{name}", *_words(here, usual), field.description or "")


def _words(here: Any, usual: Any) -> tuple[str, str]:
    """Both values; of two long lists what one lacks and has beside the other."""
    if isinstance(here, tuple) and isinstance(usual, tuple) and max(len(here), len(usual)) > 4:
        lacks, more = ([str(one) for one in first if one not in second] for first, second in ((usual, here), (here, usual)))
        parts = [f"without {', '.join(lacks)}" if lacks else "", f"with {', '.join(more)}" if more else ""]
        return "; ".join(filter(None, parts)) or "in another order", f"all {len(usual)}"
    return word(here), word(usual)


def word(value: Any) -> str:
    """A value of params.yaml for people."""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, float):
        return f"{value:.4g}"
    if isinstance(value, (tuple, list)):
        return ", ".join(map(word, value)) or "none"
    return str(value) if value != "" else "none"
