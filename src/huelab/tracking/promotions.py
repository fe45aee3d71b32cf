"""registry/promotions.jsonl: who was made champion when, by whom and why. Under git, only ever appended to."""

from __future__ import annotations

import getpass
import json
import os
import shutil
import subprocess
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, Literal

from huelab import paths
from huelab.errors import HuelabError
from huelab.tracking.registered import Registered

Action = Literal["promote", "rollback"]
By = Literal["rule", "person"]


@dataclass(frozen=True)
class Promotion:
    """One line of the file."""

    when: str
    """ISO 8601, UTC."""
    who: str
    by: By
    """Whether the rule decided or a person did."""
    action: Action
    why: str
    before: Registered | None
    """None for the first champion."""
    after: Registered
    rule: Mapping[str, Any] = field(default_factory=dict)
    """The section `registry` of params.yaml at that time."""
    evidence: Sequence[Mapping[str, Any]] = ()
    """What was compared: metric, both values, difference with its interval, verdict."""
    passed_over: Sequence[Registered] = ()
    """Of a person's decision: what could have been chosen instead."""

    def line(self) -> str:
        """One line of JSON."""
        tree = {
            "when": self.when,
            "who": self.who,
            "by": self.by,
            "action": self.action,
            "why": self.why,
            "from": self.before.tree() if self.before else None,
            "to": self.after.tree(),
            "rule": dict(self.rule),
            "evidence": [dict(found) for found in self.evidence],
            "passed_over": [one.tree() for one in self.passed_over],
        }
        return json.dumps(tree, ensure_ascii=False, allow_nan=False) + "\n"


def read(say: Callable[[str], None]) -> list[Promotion]:
    """All promotions, oldest first. A damaged line is named through `say` and passed over; it stays in the file."""
    file = paths.promotions()
    try:
        lines = file.read_bytes().split(b"\n")
    except FileNotFoundError:
        return []
    except OSError as error:
        raise HuelabError(
            f"{file} cannot be read ({error.strerror}): without it nobody can say who was champion; mend that first."
        ) from None
    found = []
    for number, line in enumerate(lines, 1):
        if not line.strip():
            continue
        try:
            found.append(_parsed(line))
        except ValueError as error:
            why = " ".join(str(error).split())[:150]
            say(f"{file}, line {number}, is no promotion ({why}): left as it stands and passed over; `git diff {file.name}` may show why")
    return found


def _parsed(line: bytes) -> Promotion:
    tree = json.loads(line.decode("utf-8"))
    if not isinstance(tree, dict):
        raise ValueError(f"expected an object, found {type(tree).__name__}")
    for key, allowed in (("by", ("rule", "person")), ("action", ("promote", "rollback"))):
        if tree.get(key) not in allowed:
            raise ValueError(f"{key}: found {tree.get(key)!r}, allowed: {', '.join(allowed)}")
    for key in ("when", "who", "why"):
        if not isinstance(tree.get(key), str):
            raise ValueError(f"{key}: expected text, found {tree.get(key)!r}")
    before = tree.get("from")
    return Promotion(
        when=tree["when"],
        who=tree["who"],
        by=tree["by"],
        action=tree["action"],
        why=tree["why"],
        before=None if before is None else Registered.from_tree(before),
        after=Registered.from_tree(tree.get("to")),
        rule=tree.get("rule") or {},
        evidence=tuple(tree.get("evidence") or ()),
        passed_over=tuple(Registered.from_tree(one) for one in tree.get("passed_over") or ()),
    )


def append(promotion: Promotion) -> None:
    """Adds a line, on disk when this returns. The caller holds the lock `tracking`, so that two processes never write into each other."""
    file = paths.promotions()
    line = promotion.line().encode()
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        with file.open("ab+") as stream:
            if stream.tell():
                stream.seek(-1, os.SEEK_END)
                if stream.read(1) != b"\n":  # the process that wrote the last line was killed half way
                    line = b"\n" + line
            stream.write(line)
            stream.flush()
            os.fsync(stream.fileno())
    except OSError as error:
        raise HuelabError(
            f"{file} cannot be written ({error.strerror}), so the champion stays as it is: mend that and try again."
        ) from None


def previous(promotions: Iterable[Promotion], now: Registered) -> Registered | None:
    """Who was champion before `now`, as rollbacks leave it: what was rolled back is no predecessor. None for a first champion."""
    line: list[Registered] = []
    for one in promotions:
        if one.before is not None and not (line and line[-1].same(one.before)):
            line.append(one.before)
        if one.action == "rollback":
            while line and not line[-1].same(one.after):
                line.pop()
        if not (line and line[-1].same(one.after)):
            line.append(one.after)
    if line and line[-1].same(now):
        line.pop()
    return line[-1] if line else None


def set_aside(promotions: Sequence[Promotion]) -> list[tuple[Registered, str]]:
    """What the rule must leave alone because a person decided otherwise, with the reason.

    A champion that a person replaced stays out until a person promotes it again. What a person passed over stays out while that decision is
    the last one: a later one by the rule was made on something newer.
    """
    aside: list[tuple[Registered, str]] = []
    for one in promotions:
        if one.by != "person":
            continue
        aside = [(other, why) for other, why in aside if not other.same(one.after)]
        if one.before is not None:
            aside.append((one.before, f"{one.who} replaced it on {one.when[:10]}: {one.why}"))
    if promotions and promotions[-1].by == "person":
        last = promotions[-1]
        why = f"{last.who} chose {last.after.model} over it on {last.when[:10]}: {last.why}"
        aside += [(other, why) for other in last.passed_over if not any(other.same(known) for known, _ in aside)]
    return aside


def now() -> str:
    """This second, in UTC."""
    return datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def who() -> str:
    """The name git knows, else the login."""
    program = shutil.which("git")
    if program:
        done = subprocess.run([program, "config", "user.name"], cwd=paths.root(), capture_output=True, text=True, check=False)
        if done.returncode == 0 and done.stdout.strip():
            return done.stdout.strip()
    try:
        return getpass.getuser()
    except (KeyError, OSError):  # a container's user without a name
        return f"user {os.getuid()}"
