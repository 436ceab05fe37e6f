"""snapshot-convert and restore-verify on a dump of small strings, made by the tool itself from a log."""

import os
import shutil
import tempfile
from functools import partial

import tools
from report import median, number

TITLE = "the tools that read datasets (strings: 16-byte keys, 32-byte values; files in the page cache)"
VALUE_BYTES = 32
# Millions of keys a second.
TARGETS = {"rdb to json": 1.0}


def targets():
    """The targets in words, for --list."""
    return [f"{label}: {target:g} M keys/s at least" for label, target in TARGETS.items()]


def run(bench):
    """Convert a dump into each format and restore it, by turns."""
    convert, verify = (tools.path(name) for name in ("snapshot-convert", "restore-verify"))
    if not all(os.path.exists(tool) for tool in (convert, verify)):
        bench.report.skip("convert", "needs `swift build -c release --product snapshot-convert` and "
                                     "`restore-verify`")
        return
    folder = tempfile.mkdtemp(prefix="holdfast-bench-convert-", dir=bench.options.dir)
    try:
        log, dump = os.path.join(folder, "source.aof"), os.path.join(folder, "dump.rdb")
        tools.write_log(log, bench.options.keys, 1, VALUE_BYTES)
        tools.seconds([convert, "--quiet", log, dump])
        os.unlink(log)
        commands = {
            f"rdb to {name}": [convert, "--quiet", "--force", "--to", name, dump, os.path.join(folder, name)]
            for name in ("json", "compressed", "rdb", "sqlite", "aof")
        }
        commands["restore-verify"] = [verify, "--quiet", dump]
        works = {name: partial(tools.seconds, words) for name, words in commands.items()}
        rounds = tools.by_turns(bench, "convert", works)
        _table(bench, rounds, list(commands))
        bench.report.record("convert", {"keys": bench.options.keys, "rounds": rounds})
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _table(bench, rounds, labels):
    rows = []
    for label in labels:
        rate = bench.options.keys / median(rounds, label) / 1e6
        rows.append([label, number(median(rounds, label), 2), number(rate, 2)]
                    + bench.report.verdict(f"convert {label}", rate, TARGETS.get(label), unit=" M/s"))
    bench.report.table(["work", "s", "M keys/s", "target", ""], rows)
