"""The demonstration: the commands a user would type, run on the sample calls, each one shown first."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections import Counter
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
QA = str(Path(sys.executable).with_name("qa"))
MANIFEST = "samples/calls.jsonl"


def run(*args: str) -> str:
    """Show a command, run it, let its bar and its table be seen; return what it printed."""
    print(f"\n$ qa {' '.join(args)}", flush=True)
    done = subprocess.run([QA, *args], cwd=ROOT, stdout=subprocess.PIPE, text=True, check=False)
    print(done.stdout, end="", flush=True)
    if done.returncode > 1:
        raise SystemExit(done.returncode)
    return done.stdout


def main() -> None:
    """Keep the sample calls, inspect them again even if they were before, print findings, write the report."""
    calls = [json.loads(line) for line in (ROOT / MANIFEST).read_text(encoding="utf-8").splitlines() if line.strip()]
    ids = [c["call_id"] for c in calls]
    day = Counter(c["started_at"][:10] for c in calls).most_common(1)[0][0]
    run("ingest", "--manifest", MANIFEST)
    run("reinspect", *ids)
    run("work")
    run("findings", *ids)
    written = run("report", "daily", "--date", day, "--base-url", "http://127.0.0.1:8000").splitlines()
    pages = [p for p in written if p.endswith(".html")]
    data = os.environ.get("QA_DATA_DIR", "var")
    prefix = "" if data == "var" else f"QA_DATA_DIR={data} "
    print("\nOpen the report (zh, en):")
    for page in pages:
        print(f"  {(ROOT / page).resolve()}")
    print(f"\nOpen the web pages on these calls:\n  {prefix}{os.path.relpath(QA)} serve")


if __name__ == "__main__":
    main()
