"""Nodes on this machine: started in the background, found again by what they wrote down, stopped."""

from __future__ import annotations

import json
import os
import shutil
import signal
import socket
import subprocess
import time
import urllib.error
import urllib.request
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

from elasticsearch_node.jars import HERE, NodeError, java_for, layout, say

#: The transport port of a node is so far above its HTTP port (9200 and 9300).
TRANSPORT = 100
START_S = 180
STOP_S = 60


@dataclass(frozen=True)
class Running:
    """What is written down of a node when it is started. ``folder`` holds its data and its log."""

    folder: str
    pid: int
    port: int
    version: str
    nodes: int

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def note(self) -> Path:
        return Path(self.folder) / "pid.json"

    @property
    def log(self) -> Path:
        return Path(self.folder) / "node.log"

    def alive(self) -> bool:
        """The process is there, and is this node: numbers of processes are used again."""
        return self.folder in _command_line(self.pid)


def running(data: Path) -> list[Running]:
    """Nodes that run with their data in this folder, the first one first."""
    notes = (Running(**json.loads(note.read_text("utf-8"))) for note in sorted(data.glob("*/node-*/pid.json")))
    return [node for node in notes if node.alive()]


def start(home: Path, data: Path, version: str, count: int, port: int | None, heap: str) -> list[Running]:
    """Nodes of this version that answer; those that run already stay as they are."""
    here = running(data)
    if here:
        _expect(here, version, count, port)
        say(f"Already running: {len(here)} of {here[0].nodes} nodes")
    first = port or (here[0].port if here else 9200)
    java = java_for(version)
    place = layout(home, version)
    ports = [first + i for i in range(count)]
    missing = [p for p in ports if p not in {node.port for node in here}]
    for taken in (p for p in missing for p in (p, p + TRANSPORT) if _taken(p)):
        raise NodeError(f"Port {taken} is taken by another program: choose another with --port.")
    began = time.monotonic()
    started = [_launch(java, place, data, version, ports, p, heap) for p in missing]
    nodes = sorted([*here, *started], key=lambda node: node.port)
    try:
        _wait(nodes, began)
    except BaseException:
        stop(started)
        raise
    return nodes


def stop(nodes: Sequence[Running]) -> None:
    """End them as the server wants it; one that does not end in a minute is killed."""
    for node in nodes:
        _signal(node, signal.SIGTERM)
    until = time.monotonic() + STOP_S
    for node in nodes:
        while node.alive() and time.monotonic() < until:
            time.sleep(0.1)
        if node.alive():
            say(f"{node.url} did not end in {STOP_S} s and is killed.")
            _signal(node, signal.SIGKILL)
        node.note.unlink(missing_ok=True)


def health(url: str, wait: str = "timeout=2s", timeout_s: float = 5) -> dict[str, object] | None:
    """Health of the cluster as the node tells it, None when it does not answer."""
    try:
        with urllib.request.urlopen(f"{url}/_cluster/health?{wait}", timeout=timeout_s) as answer:
            told: dict[str, object] = json.load(answer)
            return told
    except (OSError, urllib.error.URLError, ValueError):
        return None


def _expect(here: Sequence[Running], version: str, count: int, port: int | None) -> None:
    """What runs is what was asked for."""
    now, wanted = (here[0].version, here[0].nodes), (version, count)
    if now != wanted or (port and port != min(node.port for node in here) and count == 1):
        text = f"{now[1]} node(s) of version {now[0]} at {here[0].url}"
        raise NodeError(f"Another cluster runs here: {text}. Stop it first: scripts/elasticsearch stop")


def _launch(java: Path, place: Path, data: Path, version: str, ports: list[int], port: int, heap: str) -> Running:
    number = ports.index(port) + 1
    folder = (data / f"{version}-{len(ports)}" / f"node-{number}").absolute()
    for part in ("data", "logs"):
        (folder / part).mkdir(parents=True, exist_ok=True)
    settings = {
        "cluster.name": "qa", "node.name": f"node-{number}", "network.host": "127.0.0.1",
        "path.data": folder / "data", "path.logs": folder / "logs",
        "http.port": port, "transport.port": port + TRANSPORT,
        "cluster.routing.allocation.disk.threshold_enabled": "false",  # a full laptop still runs the tests
        "indices.merge.disk.check_interval": "0s",  # the same for merges: from 8.19 on none runs on a disk 95 % full
        **_discovery(ports),
    }  # fmt: skip
    command = [
        str(java), f"-Xms{heap}", f"-Xmx{heap}", "--module-path", str(place / "lib"), "--add-modules=jdk.net",
        "--add-modules=ALL-MODULE-PATH", str(HERE / "Launcher.java"), str(place),
        *(f"{name}={value}" for name, value in settings.items()),
    ]  # fmt: skip
    say(f"Starting Elasticsearch {version} at http://127.0.0.1:{port} (log: {folder / 'node.log'})")
    with (folder / "node.log").open("wb") as log:
        process = subprocess.Popen(
            command, stdin=subprocess.DEVNULL, stdout=log, stderr=log, cwd=folder, start_new_session=True
        )
    node = Running(str(folder), process.pid, port, version, len(ports))
    node.note.write_text(json.dumps(asdict(node)), "utf-8")
    return node


def _discovery(ports: Sequence[int]) -> dict[str, object]:
    if len(ports) == 1:
        return {"discovery.type": "single-node"}
    names = ",".join(f"node-{i + 1}" for i in range(len(ports)))
    seeds = ",".join(f"127.0.0.1:{port + TRANSPORT}" for port in ports)
    return {"discovery.seed_hosts": seeds, "cluster.initial_master_nodes": names}


def _wait(nodes: Sequence[Running], began: float) -> None:
    """Until every node answers and all of them have found one another."""
    asked = f"wait_for_status=yellow&wait_for_nodes={len(nodes)}&timeout=2s"
    for node in nodes:
        while (told := health(node.url, asked)) is None or told.get("timed_out"):
            if not node.alive():
                raise NodeError(f"The node ended by itself; the end of {node.log}:\n{_end(node.log)}")
            if time.monotonic() - began > START_S:
                raise NodeError(f"No answer from {node.url} in {START_S} s; the end of {node.log}:\n{_end(node.log)}")
            time.sleep(0.2)
    say(f"Ready after {time.monotonic() - began:.1f} s")


def _signal(node: Running, number: signal.Signals) -> None:
    if node.alive():
        os.kill(node.pid, number)


def _taken(port: int) -> bool:
    with socket.socket() as tried:
        tried.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            tried.bind(("127.0.0.1", port))
        except OSError:
            return True
        return False


def _command_line(pid: int) -> str:
    """Of a process that runs; empty for none, and for one that ended and was not waited for."""
    if not Path("/proc/self").exists() and shutil.which("ps"):
        return subprocess.run(["ps", "-o", "command=", "-p", str(pid)], capture_output=True, text=True).stdout
    for _ in range(5):  # it is empty for a moment while a program starts
        try:
            told = Path(f"/proc/{pid}/cmdline").read_bytes().decode("utf-8", "replace")
        except OSError:
            return ""
        if told:
            return told
        time.sleep(0.1)
    return ""


def _end(log: Path) -> str:
    return log.read_text("utf-8", "replace")[-2000:] if log.is_file() else ""


def memory_mb(node: Running) -> Iterator[int]:
    """Resident megabytes, where the system tells."""
    try:
        lines = Path(f"/proc/{node.pid}/status").read_text("utf-8").splitlines()
    except OSError:
        return
    yield from (int(line.split()[1]) // 1024 for line in lines if line.startswith("VmRSS"))
