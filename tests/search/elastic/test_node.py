"""scripts/elasticsearch: a real node by one command."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
import urllib.request
from pathlib import Path

import pytest

from tests.conftest import ROOT, ElasticNode


def script(*command: str | Path, **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, ROOT / "scripts/elasticsearch", *command],
        capture_output=True,
        text=True,
        check=False,
        env={**os.environ, **environment},
    )


@pytest.mark.elastic
def test_starting_what_runs_changes_nothing_and_status_finds_it(elastic_node: ElasticNode) -> None:
    before = elastic_node.pid
    elastic_node.start()
    assert elastic_node.pid == before
    told = elastic_node.run("status")
    assert f"{elastic_node.url}  version {elastic_node.version}, process {before}" in told
    assert " MB resident: green" in told or " MB resident: yellow" in told
    with urllib.request.urlopen(f"{elastic_node.url}/_nodes?filter_path=nodes.*.version") as answer:
        assert [node["version"] for node in json.load(answer)["nodes"].values()] == [elastic_node.version]
    other = script("start", "--nodes", "3", "--home", elastic_node.home, "--data", elastic_node.data)
    assert (other.returncode, "Stop it first" in other.stderr) == (1, True)


@pytest.mark.elastic
def test_a_port_that_is_taken_is_named(elastic_node: ElasticNode, tmp_path: Path) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        done = script("start", "--home", elastic_node.home, "--data", tmp_path, "--port", str(port))
    assert (done.returncode, done.stderr.splitlines()[-1]) == (
        1,
        f"elasticsearch: Port {port} is taken by another program: choose another with --port.",
    )


@pytest.mark.elastic
def test_without_maven_it_says_what_to_install(tmp_path: Path) -> None:
    done = script("start", "--home", tmp_path, PATH="/nowhere")
    assert (done.returncode, "install the package maven" in done.stderr) == (1, True)
    assert not list(tmp_path.iterdir())


def test_a_version_that_no_java_here_runs_is_told(tmp_path: Path) -> None:
    done = script("start", "--home", tmp_path, "--version", "7.17.0")
    assert (done.returncode, "Version 7.17.0 is not known here" in done.stderr) == (1, True)


def test_where_none_runs_there_is_none_to_stop(tmp_path: Path) -> None:
    stopped = script("stop", "--home", tmp_path)
    status = script("status", QA_DATA_DIR=str(tmp_path))
    assert (stopped.returncode, stopped.stderr) == (0, "None was running.\n")
    assert (status.returncode, status.stdout) == (1, "No node is running.\n")
    assert f"{tmp_path}/elasticsearch" in "".join(script("--help", QA_DATA_DIR=str(tmp_path)).stdout.split())
