"""The offline tools on a log as redis-benchmark leaves one, beside redis-check-aof on the same file."""

import os
import shutil
import subprocess
import tempfile
import time

from report import median, number
from servers import RunError

TITLE = "the tools that read logs (SET of 16-byte keys and 150-byte values, the file in the page cache)"
VALUE_BYTES = 150
CHECKER = "redis-check-aof"
RELEASE = os.path.join(os.path.dirname(os.path.dirname(os.path.dirname(os.path.realpath(__file__)))),
                       ".build", "release")
# redis-check-aof's time / ours.
TARGETS = {"structure": 4.0, "replay": 1.0}


def targets():
    """The targets in words, for --list."""
    return [f"aof-check, {label}: {CHECKER}'s time / ours >= {target}" for label, target in TARGETS.items()]


def run(bench):
    """Write a log, check it with each program by turns, compact it once a round."""
    checker = shutil.which(CHECKER)
    tools = [os.path.join(RELEASE, name) for name in ("aof-check", "aof-rewrite")]
    if not checker or not all(os.path.exists(tool) for tool in tools):
        bench.report.skip("tools", f"needs {CHECKER}, and `swift build -c release --product aof-check` "
                                   "and `aof-rewrite`")
        return
    folder = tempfile.mkdtemp(prefix="holdfast-bench-tools-", dir=bench.options.dir)
    try:
        log = os.path.join(folder, "appendonly.aof")
        size = _write(log, bench.options.keys)
        commands = {
            "redis": [checker, log],
            "structure": [tools[0], "--quiet", "--no-replay", log],
            "replay": [tools[0], "--quiet", "--replay", log],
            "rewrite": [tools[1], "--quiet", "--dry-run", log],
        }
        rounds = []
        for turn in range(bench.options.rounds):
            names = list(commands) if turn % 2 == 0 else list(commands)[::-1]
            rounds.append({name: _seconds(commands[name]) for name in names})
            bench.report.progress(
                f"tools round {turn + 1}: " + ", ".join(f"{n} {s:.2f} s" for n, s in rounds[-1].items()))
        _table(bench, rounds, size)
        bench.report.record("tools", {"bytes": size, "rounds": rounds})
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _write(path, keys):
    """Four writes a key, in an order that jumps about; answers the bytes written."""
    value = b"x" * VALUE_BYTES
    with open(path, "wb", buffering=1 << 20) as file:
        file.write(b"*2\r\n$6\r\nSELECT\r\n$1\r\n0\r\n")
        for turn in range(keys * 4):
            file.write(b"*3\r\n$3\r\nSET\r\n$16\r\nkey:%012d\r\n$%d\r\n%s\r\n"
                       % (turn * 7919 % keys, VALUE_BYTES, value))
    return os.path.getsize(path)


def _seconds(command):
    began = time.monotonic()
    done = subprocess.run(command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, check=False)
    if done.returncode != 0:
        raise RunError(f"{command[0]} ended with {done.returncode}: {done.stderr[:200]!r}")
    return time.monotonic() - began


def _table(bench, rounds, size):
    theirs = median(rounds, "redis")
    rows = [[CHECKER, number(theirs, 2), number(size / theirs / 1e6, 0), "", "", ""]]
    for label in ("structure", "replay", "rewrite"):
        own = median(rounds, label)
        ratio = theirs / own
        rows.append([f"aof-check, {label}" if label in TARGETS else "aof-rewrite --dry-run", number(own, 2),
                     number(size / own / 1e6, 0), number(ratio, 2)]
                    + bench.report.verdict(f"tools {label}", ratio, TARGETS.get(label)))
    bench.report.table(["program", "s", "MB/s", "ratio", "target", ""], rows)
