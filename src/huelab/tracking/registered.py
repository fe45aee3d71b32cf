"""A registered colorizer as decisions name it: by its content, since a rebuilt registry numbers its versions anew."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any


@dataclass(frozen=True)
class Registered:
    """One version of the registered model."""

    model: str
    """The colorizer's name."""
    content: str
    """Hash of its card, weights and scores."""
    weights: str = ""
    """SHA-256 of its weights; "" where that is not known."""
    data_hash: str = ""
    """Of the photographs and the split it was scored on."""
    version: int = 0
    """Number in the registry; 0 where it has none yet."""

    @classmethod
    def from_tree(cls, tree: object) -> Registered:
        """From JSON; raises ValueError that says what is missing or of the wrong kind."""
        if not isinstance(tree, Mapping):
            raise ValueError(f"expected model and content, found {tree!r}")
        for key in ("model", "content"):
            if not isinstance(tree.get(key), str) or not tree[key]:
                raise ValueError(f"{key}: expected text, found {tree.get(key)!r}")
        version = tree.get("version", 0)
        if not isinstance(version, int):
            raise ValueError(f"version: expected a whole number, found {version!r}")
        weights, data_hash = (str(tree.get(key) or "") for key in ("weights", "data_hash"))
        return cls(tree["model"], tree["content"], weights, data_hash, version)

    def tree(self) -> dict[str, Any]:
        """For JSON."""
        return asdict(self)

    def same(self, other: Registered | None) -> bool:
        """Whether both are one colorizer: the same content, or the same weights scored anew."""
        if other is None:
            return False
        return self.content == other.content or bool(self.weights and self.weights == other.weights)

    def __str__(self) -> str:
        return f"{self.model} (version {self.version})" if self.version else f"{self.model} (content {self.content})"
