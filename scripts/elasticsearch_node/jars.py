"""What a node is made of: a Java that is new enough, and the official jars, fetched once with Maven."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import tempfile
import zipfile
from collections.abc import Iterator
from pathlib import Path

HERE = Path(__file__).resolve().parent
#: Oldest Java that runs a major version of the server.
OLDEST_JAVA = {"8": 17, "9": 21}
_DESCRIPTOR = "META-INF/es-plugins/transport-netty4/plugin-descriptor.properties"
_FETCH_S = 1200


class NodeError(Exception):
    """What went wrong and what to do, for the terminal."""


def say(text: str) -> None:
    """Progress goes to standard error; only the URL goes to standard output."""
    print(text, file=sys.stderr, flush=True)


def java_for(version: str) -> Path:
    """The first Java of JAVA_HOME, PATH and the usual folders that can run this version of the server."""
    oldest = OLDEST_JAVA.get(version.split(".", maxsplit=1)[0])
    if oldest is None:
        raise NodeError(f"Version {version} is not known here: use 8.19 or later of version 8, or version 9.")
    found = {java: _java_version(java) for java in _javas()}
    for java, number in found.items():
        if number >= oldest:
            return java
    seen = ", ".join(f"{java} is {number}" for java, number in found.items() if number) or "none was found"
    raise NodeError(
        f"Elasticsearch {version} needs a JDK of version {oldest} or later ({seen}). Install one, or set JAVA_HOME."
    )


def _javas() -> Iterator[Path]:
    home, on_path = os.environ.get("JAVA_HOME"), shutil.which("java")
    if home:
        yield Path(home) / "bin/java"
    if on_path:
        yield Path(on_path)
    for folder in (Path("/usr/lib/jvm"), Path("/Library/Java/JavaVirtualMachines"), Path("/opt/java")):
        yield from sorted([*folder.glob("*/bin/java"), *folder.glob("*/Contents/Home/bin/java")])


def _java_version(java: Path) -> int:
    """Feature version (17, 25), 0 where it does not run."""
    try:
        told = subprocess.run([java, "-version"], capture_output=True, text=True, check=True, timeout=30).stderr
    except (OSError, subprocess.SubprocessError):
        return 0
    found = re.search(r'version "(?:1\.)?(\d+)', told)
    return int(found[1]) if found else 0


def layout(home: Path, version: str) -> Path:
    """The folder with the server of this version, fetched and put together when it is not there yet.

    It takes its place in one step, so that two callers at once do no harm and an interrupted one leaves nothing.
    """
    place = home / f"elasticsearch-{version}"
    if place.is_dir():
        return place
    home.mkdir(parents=True, exist_ok=True)
    say(f"Fetching Elasticsearch {version} with Maven (40 MB, once) into {place}")
    with tempfile.TemporaryDirectory(dir=home, prefix=".unfinished-") as folder:
        made = Path(folder) / "made"
        module = made / "modules/transport-netty4"
        for part in ("plugins", "config"):
            (made / part).mkdir(parents=True)
        _copy("org.elasticsearch", "elasticsearch", version, made / "lib")
        _copy("org.elasticsearch.plugin", "transport-netty4", version, module)
        for jar in (made / "lib").glob("*.jar"):
            (module / jar.name).unlink(missing_ok=True)
        with zipfile.ZipFile(module / f"transport-netty4-{version}.jar") as plugin:
            (module / "plugin-descriptor.properties").write_bytes(plugin.read(_DESCRIPTOR))
        try:
            made.rename(place)
        except OSError:
            if not place.is_dir():
                raise
    return place


def _copy(group: str, artifact: str, version: str, into: Path) -> None:
    maven = shutil.which("mvn")
    if maven is None:
        raise NodeError("Maven (mvn) was not found: run scripts/system-packages, or install the package maven.")
    wanted = {"group": group, "artifact": artifact, "version": version}
    command = [maven, "-B", "-q", "-f", str(HERE / "pom.xml"), "dependency:copy-dependencies", "-DincludeScope=runtime"]
    command += [f"-DoutputDirectory={into.absolute()}", *(f"-Dwanted.{name}={value}" for name, value in wanted.items())]
    done = subprocess.run(command, capture_output=True, text=True, timeout=_FETCH_S, check=False)
    if done.returncode or not (into / f"{artifact}-{version}.jar").is_file():
        told = (done.stdout + done.stderr).strip()[-2000:]
        raise NodeError(f"Maven could not fetch {group}:{artifact}:{version}:\n{told}")
