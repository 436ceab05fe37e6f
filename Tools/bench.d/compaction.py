"""aof-rewrite on a log with little live in it, beside a start and BGREWRITEAOF of the peer on the same file."""

import os
import shutil
import subprocess
import tempfile
import time

from report import median, number
from servers import RunError

TITLE = "compacting a log of which a tenth is live (SETs of 16-byte keys and 150-byte values, in the page cache)"
VALUE_BYTES = 150
WRITES = 10
TOOL = os.path.join(os.path.dirname(os.path.dirname(os.path.dirname(os.path.realpath(__file__)))),
                    ".build", "release", "aof-rewrite")
# The peer's time / ours.
TARGET = 1.0


def targets():
    """The targets in words, for --list."""
    return [f"aof-rewrite: the peer's start and BGREWRITEAOF / ours >= {TARGET}"]


def run(bench):
    """Compact the same log by turns: the peer's server, the tool with each form of base."""
    peer = bench.specs[1]
    if peer.dialect != "redis" or not os.path.exists(TOOL):
        bench.report.skip("compaction", "needs a Redis as peer, and `swift build -c release --product aof-rewrite`")
        return
    folder = tempfile.mkdtemp(prefix="holdfast-bench-compaction-", dir=bench.root)
    try:
        log = os.path.join(folder, "appendonly.aof")
        # A gigabyte with the million keys of a full run.
        size = _write(log, max(1, bench.options.keys // 2))
        works = {
            peer.name: lambda: _peer(bench, peer, log),
            "aof-rewrite": lambda: _tool(folder, log),
            "aof-rewrite --rdb": lambda: _tool(folder, log, "--rdb"),
        }
        rounds = []
        for turn in range(bench.options.rounds):
            names = list(works) if turn % 2 == 0 else list(works)[::-1]
            rounds.append({name: works[name]() for name in names})
            bench.report.progress(
                f"compaction round {turn + 1}: " + ", ".join(f"{n} {s:.2f} s" for n, s in rounds[-1].items()))
        _table(bench, rounds, peer.name, list(works), size)
        bench.report.record("compaction", {"bytes": size, "rounds": rounds})
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _write(path, keys):
    """Ten writes a key, in an order that jumps about; answers the bytes written."""
    value = b"x" * VALUE_BYTES
    with open(path, "wb", buffering=1 << 20) as file:
        file.write(b"*2\r\n$6\r\nSELECT\r\n$1\r\n0\r\n")
        for turn in range(keys * WRITES):
            file.write(b"*3\r\n$3\r\nSET\r\n$16\r\nkey:%012d\r\n$%d\r\n%s\r\n"
                       % (turn * 7919 % keys, VALUE_BYTES, value))
    return os.path.getsize(path)


def _peer(bench, spec, log):
    """Seconds from exec to the end of the rewrite."""
    server = bench.server(spec, "everysec")
    data = os.path.join(server.directory, "data")
    os.makedirs(data)
    # The server moves its link into its folder and never writes to the file.
    os.link(log, os.path.join(data, "appendonly.aof"))
    began = time.monotonic()
    with server:
        with server.client() as client:
            server.rewrite(client)
        return time.monotonic() - began


def _tool(folder, log, *options):
    output = os.path.join(folder, "compact")
    began = time.monotonic()
    done = subprocess.run([TOOL, "--quiet", *options, "--output", output, log], stdout=subprocess.DEVNULL,
                          stderr=subprocess.PIPE, check=False)
    seconds = time.monotonic() - began
    shutil.rmtree(output, ignore_errors=True)
    if done.returncode != 0:
        raise RunError(f"aof-rewrite ended with {done.returncode}: {done.stderr[:200]!r}")
    return seconds


def _table(bench, rounds, peer, labels, size):
    theirs = median(rounds, peer)
    rows = []
    for label in labels:
        own = median(rounds, label)
        target = TARGET if label == "aof-rewrite" else None
        name = f"{label}: start and BGREWRITEAOF" if label == peer else label
        rows.append([name, number(own, 2), number(size / own / 1e6, 0), number(theirs / own, 2)]
                    + bench.report.verdict(f"compaction {label}", theirs / own, target))
    bench.report.table(["program", "s", "MB/s", "ratio", "target", ""], rows)
