"""The survey under load and under kill -9, over loopback: python -m benchmarks.survey [load | kill [ROUNDS]]

The server is a process of its own, as `huelab survey serve` starts it; $HUELAB_SURVEY_URL names a PostgreSQL database instead of SQLite.
Clients answer as the page does: two pictures of some 110 kB, one answer, sent again until acknowledged; each has an address of its own.
"""

from __future__ import annotations

import asyncio
import hashlib
import io
import json
import os
import random
import signal
import socket
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NamedTuple

import httpx
import numpy as np
from PIL import Image
from sqlalchemy import select

from huelab.survey import backup, owners, texts
from huelab.survey.schema import Answer, Participant, Trial
from huelab.survey.store import Store
from huelab.survey.study import Study
from tests.survey.conftest import rendered

TRIALS = 120
SIDE = 192  # of a picture of noise, whose PNG is as long as that of a photograph of 256 pixels
START_S = 60  # a server that does not answer by then never will


@dataclass
class Server:
    """A study behind a server that can be killed."""

    root: Path
    url: str
    process: subprocess.Popen[bytes] | None = None
    port: int = 0
    link: str = ""
    consent: str = ""
    environment: dict[str, str] = field(default_factory=dict)

    @classmethod
    def of(cls, root: Path, cap: int) -> Server:
        os.environ["HUELAB_ROOT"] = str(root)
        url = os.environ.get("HUELAB_SURVEY_URL") or f"sqlite:///{root / 'survey.db'}"
        made = cls(root, url, environment={**os.environ, "HUELAB_SURVEY_URL": url})
        store = Store.open(url)
        folder = noisy(rendered(root / "stimuli", main=TRIALS))
        study = Study(title="load", models=("beta", "zhang"), trials=TRIALS, catches=0, screening=False, simulated=True)
        version = owners.create(store, study, folder, who="bench")
        text = texts.consent(study)
        owners.launch(store, version, folder, who="bench", consent=text["text"])
        made.link, made.consent = owners.invite(store, version, who="bench", cap=cap)[0], text["sha256"]
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            made.port = probe.getsockname()[1]
        store.close()
        return made

    def start(self) -> None:
        command = [sys.executable, "-m", "uvicorn", "--factory", "huelab.survey.server:application", "--port", str(self.port)]
        self.process = subprocess.Popen([*command, "--log-level", "error", "--no-access-log"], env=self.environment)
        end = time.monotonic() + START_S
        while time.monotonic() < end:
            try:
                if httpx.get(f"http://127.0.0.1:{self.port}/health", timeout=1, trust_env=False).status_code == 200:
                    return
            except httpx.HTTPError:
                pass
            time.sleep(0.05)
        raise SystemExit(f"the server did not start within {START_S} s")

    def kill(self) -> None:
        assert self.process is not None
        self.process.send_signal(signal.SIGKILL)
        self.process.wait()

    def memory(self) -> int:
        """Resident bytes."""
        assert self.process is not None
        status = Path(f"/proc/{self.process.pid}/status").read_text()
        return 1024 * int(next(line for line in status.splitlines() if line.startswith("VmRSS")).split()[1])


def noisy(folder: Path) -> Path:
    """The same stimuli with pictures of a photograph's size."""
    manifest = json.loads((folder / "manifest.json").read_text())
    random_bytes = np.random.default_rng(0)
    for picture in manifest["pictures"]:
        (folder / picture["file"]).unlink(missing_ok=True)
        png = io.BytesIO()
        Image.fromarray(random_bytes.integers(0, 256, (SIDE, SIDE, 3), np.uint8)).save(png, "PNG")
        picture["sha256"] = hashlib.sha256(png.getvalue()).hexdigest()
        picture |= {"file": f"pictures/{picture['sha256']}.png", "bytes": len(png.getvalue()), "width": SIDE, "height": SIDE}
        (folder / picture["file"]).write_bytes(png.getvalue())
    (folder / "manifest.json").write_text(json.dumps(manifest))
    return folder


class Connection:
    """HTTP/1.1 over one kept connection, as a browser holds it, at a tenth of what a client library costs: the clients share two cores
    with the server that is measured."""

    def __init__(self, port: int, address: str) -> None:
        self.port, self.address = port, address
        self._streams: tuple[asyncio.StreamReader, asyncio.StreamWriter] | None = None

    async def send(self, method: str, path: str, token: str = "", body: bytes = b"") -> tuple[int, bytes]:
        """Status and body. Raises OSError or EOFError where the server is gone; the next call connects anew."""
        head = f"{method} /survey/api/{path} HTTP/1.1\r\nHost: 127.0.0.1:{self.port}\r\nContent-Length: {len(body)}\r\n"
        head += f"Content-Type: application/json\r\n{f'Authorization: Bearer {token}' if token else 'Accept: */*'}\r\n\r\n"
        try:
            if self._streams is None or self._streams[0].at_eof():  # the server closes what is idle for five seconds
                self._streams = await asyncio.open_connection("127.0.0.1", self.port, limit=1 << 20, local_addr=(self.address, 0))
            reader, writer = self._streams
            writer.write(head.encode() + body)
            lines = (await reader.readuntil(b"\r\n\r\n")).lower().split(b"\r\n")
            length = next(int(line[15:]) for line in lines if line.startswith(b"content-length:"))
            return int(lines[0].split()[1]), await reader.readexactly(length)
        except (OSError, EOFError):
            self.close()
            raise

    def close(self) -> None:
        if self._streams is not None:
            self._streams[1].close()
        self._streams = None


@dataclass
class Client:
    """One participant's browser."""

    web: Connection
    token: str = ""
    state: dict[str, Any] = field(default_factory=dict)
    took: list[float] = field(default_factory=list)
    acknowledged: list[str] = field(default_factory=list)
    errors: int = 0
    slowed: int = 0

    async def begin(self, server: Server) -> None:
        self.token = (await self.post("join", {"link": server.link}))["token"]
        await self.post("consent", {"sha256": server.consent})
        await self.post("display", {"viewport": [1, 1]})
        self.state = (await self.post("ready", {}))["state"]

    async def trial(self, *, pictures: bool = True) -> None:
        trial = self.state["trial"]
        for name in (trial["left"], trial["right"]) if pictures else ():
            await self.again("GET", f"picture/{name}", "")
        began = time.perf_counter()
        reply = await self.post("answer", {"nonce": trial["nonce"], "choice": "left", "rt_ms": 800.0})
        self.took.append(time.perf_counter() - began)
        self.acknowledged.append(trial["nonce"])
        self.state = reply["state"]

    async def post(self, path: str, body: dict[str, Any]) -> dict[str, Any]:
        found: dict[str, Any] = json.loads(await self.again("POST", path, self.token, json.dumps(body).encode()))
        return found

    async def again(self, method: str, path: str, token: str, body: bytes = b"") -> bytes:
        while True:
            try:
                status, reply = await self.web.send(method, path, token, body)
                if status == 200:
                    return reply
                self.slowed += status == 429
                self.errors += status != 429
            except (OSError, EOFError):
                self.errors += 1
            await asyncio.sleep(0.1)


def clients(server: Server, count: int) -> list[Client]:
    return [Client(Connection(server.port, f"127.0.{1 + number // 200}.{1 + number % 200}")) for number in range(count)]


async def load(server: Server, count: int, think: float, seconds: float, *, pictures: bool = True) -> str:
    """A line of the table: `count` people, one answer per `think` seconds each (0: as fast as they can), with or without its pictures."""
    everybody = clients(server, count)
    before = server.memory()
    for start in range(0, count, 10):
        await asyncio.gather(*(client.begin(server) for client in everybody[start : start + 10]))
    end = time.perf_counter() + seconds

    async def live(client: Client) -> None:
        await asyncio.sleep(random.uniform(0, think))
        while time.perf_counter() < end and "trial" in client.state:
            began = time.perf_counter()
            await client.trial(pictures=pictures)
            await asyncio.sleep(max(0.0, think * random.uniform(0.5, 1.5) - (time.perf_counter() - began)))

    began = time.perf_counter()
    await asyncio.gather(*(live(client) for client in everybody))
    wall = time.perf_counter() - began
    took = 1000 * np.array([each for client in everybody for each in client.took])
    grown = (server.memory() - before) / count / 1000
    errors, slowed = (sum(getattr(client, name) for client in everybody) for name in ("errors", "slowed"))
    for client in everybody:
        client.web.close()
    p50, p95 = np.percentile(took, [50, 95])
    pace = f"one per {think:g} s" if think else "no pause" if pictures else "no pause, answers alone"
    return f"| {count} | {pace} | {p50:.1f} | {p95:.1f} | {took.max():.0f} | {len(took) / wall:.0f} | {errors} | {slowed} | {grown:.0f} |"


class Outcome(NamedTuple):
    """What came of the answers that were acknowledged."""

    acknowledged: int
    lost: int
    check: str

    def __str__(self) -> str:
        return f"{self.acknowledged} answers acknowledged, {self.lost} lost; check: {self.check}"


async def kill(server: Server, rounds: int, people: int = 20) -> Outcome:
    """Kills and starts the server `rounds` times while `people` answer."""
    everybody = clients(server, people)
    for client in everybody:
        await client.begin(server)
    done = asyncio.Event()

    async def live(client: Client) -> None:
        while not done.is_set() and "trial" in client.state:
            await client.trial()
            await asyncio.sleep(0.2)

    async def axe() -> None:
        for _ in range(rounds):
            await asyncio.sleep(random.uniform(0.3, 1.2))
            server.kill()
            await asyncio.to_thread(server.start)
        done.set()

    await asyncio.gather(axe(), *(live(client) for client in everybody))
    acknowledged = {nonce for client in everybody for nonce in client.acknowledged}
    for client in everybody:
        client.web.close()
    server.kill()
    store = Store.open(server.url)
    with store.read() as session:
        query = select(Trial.nonce).join(Answer, (Answer.participant_id == Trial.participant_id) & (Answer.k == Trial.k))
        stored = set(session.scalars(query.join(Participant, Participant.id == Trial.participant_id)))
    check = backup.check(store)
    store.close()
    return Outcome(len(acknowledged), len(acknowledged - stored), check)


def main(words: list[str]) -> None:
    what = words[0] if words else "load"
    with tempfile.TemporaryDirectory() as folder:
        server = Server.of(Path(folder), cap=2000)
        server.start()
        try:
            if what == "kill":
                rounds = int(words[1]) if len(words) > 1 else 50
                print(f"{rounds} x kill -9 under 20 clients: {asyncio.run(kill(server, rounds))}")
                return
            print(
                "| people | each answers | p50 ms | p95 ms | max ms | answers/s | errors | told to wait | kB per person |\n"
                + "|---:|---|---:|---:|---:|---:|---:|---:|---:|"
            )
            asyncio.run(load(server, 20, 0.0, 3))  # the first requests load code and pictures
            for count, think, seconds in ((1, 2.0, 20), (50, 2.0, 30), (200, 2.0, 30), (50, 0.0, 10)):
                print(asyncio.run(load(server, count, think, seconds)), flush=True)
            print(asyncio.run(load(server, 50, 0.0, 10, pictures=False)))
        finally:
            server.kill()


if __name__ == "__main__":
    main(sys.argv[1:])
