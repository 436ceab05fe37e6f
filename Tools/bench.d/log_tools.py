"""The offline tools on a log as redis-benchmark leaves one, beside redis-check-aof on the same file."""

import os
import shutil
import tempfile
from functools import partial

import tools
from report import median, number

TITLE = "the tools that read logs (SET of 16-byte keys and 150-byte values, the file in the page cache)"
VALUE_BYTES = 150
CHECKER = "redis-check-aof"
# redis-check-aof's time / ours.
TARGETS = {"structure": 4.0, "replay": 1.0}


def targets():
    """The targets in words, for --list."""
    return [f"aof-check, {label}: {CHECKER}'s time / ours >= {target}" for label, target in TARGETS.items()]


def run(bench):
    """Write a log, check it with each program by turns, compact it once a round."""
    checker = shutil.which(CHECKER)
    programs = [tools.path(name) for name in ("aof-check", "aof-rewrite")]
    if not checker or not all(os.path.exists(tool) for tool in programs):
        bench.report.skip("tools", f"needs {CHECKER}, and `swift build -c release --product aof-check` "
                                   "and `aof-rewrite`")
        return
    folder = tempfile.mkdtemp(prefix="holdfast-bench-tools-", dir=bench.options.dir)
    try:
        log = os.path.join(folder, "appendonly.aof")
        size = tools.write_log(log, bench.options.keys, 4, VALUE_BYTES)
        commands = {
            "redis": [checker, log],
            "structure": [programs[0], "--quiet", "--no-replay", log],
            "replay": [programs[0], "--quiet", "--replay", log],
            "rewrite": [programs[1], "--quiet", "--dry-run", log],
        }
        works = {name: partial(tools.seconds, words) for name, words in commands.items()}
        rounds = tools.by_turns(bench, "tools", works)
        _table(bench, rounds, size)
        bench.report.record("tools", {"bytes": size, "rounds": rounds})
    finally:
        shutil.rmtree(folder, ignore_errors=True)


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
