"""Saving the data whole and loading it again, in every format, beside Redis's SAVE and its RDB."""

import time

from client import load_keys
from memory import assert_keys
from report import median, number, spread
from servers import RunError

TITLE = "snapshots (SAVE of 16-byte keys and 32-byte values, files in the page cache, not pinned)"
VALUE_BYTES = 32
# Redis's time / ours: writing alone, writing and reading back, loading.
TARGETS = {
    "compressed": (1.0, 0.5, 2.0),
    "rdb": (1.5, 0.7, 2.0),
    "json": (None, None, 0.5),
}


def targets():
    """The targets in words, for --list."""
    lines = []
    for engine, (write, verified, load) in TARGETS.items():
        for label, target in [("written", write), ("written and verified", verified),
                              ("loaded", load)]:
            if target:
                lines.append(f"{engine}, {label}: Redis's time / ours >= {target}")
    return lines


def run(bench):
    """Fill, SAVE, start again; each of our engines and Redis by turns."""
    ours, peer = bench.specs
    engines = [engine for engine in TARGETS if is_offered(bench, ours, engine)]
    rounds = {engine: [] for engine in engines + [peer.name]}
    for turn in range(bench.options.rounds):
        contenders = [(peer, peer.name)] + [(ours, engine) for engine in engines]
        for spec, engine in contenders if turn % 2 == 0 else contenders[::-1]:
            figures = _round(bench, spec, engine)
            rounds[engine].append(figures)
            bench.report.progress(
                f"snapshots round {turn + 1}: {engine} saved in {figures['save_seconds']:.3f} s, "
                f"loaded in {figures['load_seconds']:.3f} s")
    for engine in TARGETS:
        if engine not in engines:
            bench.report.skip(f"snapshots {engine}", f"{ours.name} has no such engine")
    _table(bench, rounds, engines, peer.name)
    bench.report.record("snapshots", rounds)


def is_offered(bench, spec, engine):
    """Whether a program has this engine."""
    try:
        with bench.server(spec, engine):
            return True
    except RunError:
        return False


def _round(bench, spec, engine):
    keys = bench.options.keys
    with bench.server(spec, engine) as server:
        load_keys(server.port, 0, keys, VALUE_BYTES)
        server.settle()
        figures = {"digest_seconds": 0.0}
        with server.client() as client:
            began = time.monotonic()
            client.command("SAVE")
            figures["save_seconds"] = time.monotonic() - began
            info = client.info("persistence")
            writing = info.get("snapshot_write_usec")
            # Redis reads nothing back: all of its SAVE is writing.
            figures["write_seconds"] = (int(writing) / 1e6 if writing
                                        else figures["save_seconds"])
            figures["bytes"] = int(info.get("snapshot_bytes", 0))
            if writing:
                began = time.monotonic()
                client.command("HOLDFAST", "DIGEST")
                figures["digest_seconds"] = time.monotonic() - began
        if not server.stop():
            raise RunError(f"{server.name} did not stop within its time")
        figures["start_seconds"] = server.start()
        with server.client() as client:
            assert_keys(server, client.command("DBSIZE"), keys)
        figures["load_seconds"] = server.logged_load_seconds() or figures["start_seconds"]
        return figures


def _table(bench, rounds, engines, peer):
    columns = ["engine", "figure", "s", "redis s", "ratio", "rounds", "target", ""]
    rows = []
    for engine in engines:
        mine, theirs = rounds[engine], rounds[peer]
        for label, field, base, target in [
                ("written", "write_seconds", "save_seconds", TARGETS[engine][0]),
                ("written and verified", "save_seconds", "save_seconds", TARGETS[engine][1]),
                ("the digest alone", "digest_seconds", None, None),
                ("loaded, as logged", "load_seconds", "load_seconds", TARGETS[engine][2])]:
            own = median(mine, field)
            other = median(theirs, base) if base else None
            ratio = other / own if other and own else None
            rows.append([engine, label, number(own, 3), number(other, 3) if other else "",
                         number(ratio, 3) if ratio else "",
                         spread(mine, theirs, field, True) if base == field else ""]
                        + bench.report.verdict(f"snapshots {engine}, {label}", ratio, target))
        size = median(mine, "bytes")
        rows.append([engine, "bytes in the file", number(size, 0), "", "", "", "", ""])
    bench.report.table(columns, rows)
