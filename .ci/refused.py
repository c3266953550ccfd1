#!/usr/bin/env python3
"""Hold `gatewright check` to definitions that must be refused: refused.py SUITE GATEWRIGHT

SUITE has `checks.json` with `load_errors` (ksy, in, at, level): each definition must have an error,
all but a few at the place that is said. Prints both counts.
"""
import json
import os
import re
import subprocess
import sys

# Tools disagree on which of two places is to blame; more than these few would be a fault of ours.
ELSEWHERE = 4


def plain(path):
    """Keys of cases as they are written rather than as the suite's compiler shows them."""
    path = re.sub(r"(?<=/cases/)Str\((.*?)\)", r'"\1"', path)
    return re.sub(r"(?<=/cases/)IntNum\((-?\d+)\)", r"\1", path)


def errors(program, suite, ksy):
    """The places of a definition's errors, as pairs of file name and path."""
    command = [program, "check", "--format", "json", "-I", os.path.join(suite, "formats", "ks_path")]
    run = subprocess.run([*command, os.path.join(suite, ksy)], capture_output=True, text=True, timeout=10)
    if run.returncode not in (0, 78):
        sys.exit(f"{ksy}: exit code {run.returncode}: {run.stderr}")
    found = json.loads(run.stdout)["diagnostics"]
    places = {(os.path.basename(d["file"]), d["path"]) for d in found if d["severity"] == "error"}
    if (run.returncode == 78) != bool(places):
        sys.exit(f"{ksy}: exit code {run.returncode} with {len(places)} errors")
    return places


def main(suite, program):
    with open(os.path.join(suite, "checks.json")) as f:
        expected = [e for e in json.load(f)["load_errors"] if e["level"] == "error"]
    refused = placed = 0
    for error in expected:
        places = errors(program, suite, error["ksy"])
        here = (error["in"], plain(error["at"])) in places
        refused += bool(places)
        placed += here
        if not here:
            print(f"{error['ksy']}: expected {error['at']}, got {sorted(places)}")
    print(f"refused {refused}/{len(expected)}, at their place {placed}/{len(expected)}")
    return refused == len(expected) and placed >= len(expected) - ELSEWHERE


sys.exit(not main(*sys.argv[1:]))
