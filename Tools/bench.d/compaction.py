"""aof-rewrite on a log with little live in it, beside a start and BGREWRITEAOF of the peer on the same file."""

import os
import shutil
import tempfile
import time

import tools
from report import median, number

TITLE = "compacting a log of which a tenth is live (SETs of 16-byte keys and 150-byte values, in the page cache)"
VALUE_BYTES = 150
WRITES = 10
TOOL = tools.path("aof-rewrite")
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
        size = tools.write_log(log, max(1, bench.options.keys // 2), WRITES, VALUE_BYTES)
        works = {
            peer.name: lambda: _peer(bench, peer, log),
            "aof-rewrite": lambda: _tool(folder, log),
            "aof-rewrite --rdb": lambda: _tool(folder, log, "--rdb"),
        }
        rounds = tools.by_turns(bench, "compaction", works)
        _table(bench, rounds, peer.name, list(works), size)
        bench.report.record("compaction", {"bytes": size, "rounds": rounds})
    finally:
        shutil.rmtree(folder, ignore_errors=True)


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
    seconds = tools.seconds([TOOL, "--quiet", *options, "--output", output, log])
    shutil.rmtree(output, ignore_errors=True)
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
