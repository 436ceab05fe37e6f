"""snapshot-convert and restore-verify on a dump of small strings, made by the tool itself from a log."""

import os
import shutil
import subprocess
import tempfile
import time

from report import median, number
from servers import RunError

TITLE = "the tools that read datasets (strings: 16-byte keys, 32-byte values; files in the page cache)"
VALUE_BYTES = 32
RELEASE = os.path.join(os.path.dirname(os.path.dirname(os.path.dirname(os.path.realpath(__file__)))),
                       ".build", "release")
# Keys a second.
TARGETS = {"rdb to json": 1e6}


def targets():
    """The targets in words, for --list."""
    return [f"{label}: {target / 1e6:g} M keys/s at least" for label, target in TARGETS.items()]


def run(bench):
    """Convert a dump into each format and restore it, by turns."""
    convert, verify = (os.path.join(RELEASE, name) for name in ("snapshot-convert", "restore-verify"))
    if not all(os.path.exists(tool) for tool in (convert, verify)):
        bench.report.skip("convert", "needs `swift build -c release --product snapshot-convert` and "
                                     "`restore-verify`")
        return
    folder = tempfile.mkdtemp(prefix="holdfast-bench-convert-", dir=bench.options.dir)
    try:
        log, dump = os.path.join(folder, "source.aof"), os.path.join(folder, "dump.rdb")
        _write(log, bench.options.keys)
        _seconds([convert, "--quiet", log, dump])
        os.unlink(log)
        commands = {
            f"rdb to {name}": [convert, "--quiet", "--force", "--to", name, dump, os.path.join(folder, name)]
            for name in ("json", "compressed", "rdb", "sqlite", "aof")
        }
        commands["restore-verify"] = [verify, "--quiet", dump]
        rounds = []
        for turn in range(bench.options.rounds):
            names = list(commands) if turn % 2 == 0 else list(commands)[::-1]
            rounds.append({name: _seconds(commands[name]) for name in names})
            bench.report.progress(
                f"convert round {turn + 1}: " + ", ".join(f"{n} {s:.2f} s" for n, s in rounds[-1].items()))
        _table(bench, rounds, list(commands))
        bench.report.record("convert", {"keys": bench.options.keys, "rounds": rounds})
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _write(path, keys):
    """A write a key."""
    value = b"x" * VALUE_BYTES
    with open(path, "wb", buffering=1 << 20) as file:
        file.write(b"*2\r\n$6\r\nSELECT\r\n$1\r\n0\r\n")
        for number_ in range(keys):
            file.write(b"*3\r\n$3\r\nSET\r\n$16\r\nkey:%012d\r\n$%d\r\n%s\r\n" % (number_, VALUE_BYTES, value))


def _seconds(command):
    began = time.monotonic()
    done = subprocess.run(command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, check=False)
    if done.returncode != 0:
        raise RunError(f"{command[0]} ended with {done.returncode}: {done.stderr[:200]!r}")
    return time.monotonic() - began


def _table(bench, rounds, labels):
    rows = []
    for label in labels:
        rate = bench.options.keys / median(rounds, label)
        rows.append([label, number(median(rounds, label), 2), number(rate / 1e6, 2)]
                    + bench.report.verdict(f"convert {label}", rate, TARGETS.get(label)))
    bench.report.table(["work", "s", "M keys/s", "target", ""], rows)
