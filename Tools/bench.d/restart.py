"""Time to restart: from exec to the first PONG, from a base and from a pure log."""

import time

from client import load_keys
from memory import assert_keys
from report import median, number, spread
from servers import RunError

TITLE = "restart (everysec, clean stop, files in the page cache, not pinned)"
VALUE_BYTES = 32
TARGETS = {"log": 2.5, "base": 1.5}
LABELS = {"log": "pure log of SETs", "base": "base after BGREWRITEAOF"}


def targets():
    """The targets in words, for --list."""
    return [f"{LABELS[kind]}: peer's time / our time >= {target}"
            for kind, target in TARGETS.items()]


def run(bench):
    """Fill, stop cleanly and start again; once from the log, once from the base."""
    keys = bench.options.keys
    record = {kind: {spec.name: [] for spec in bench.specs} for kind in TARGETS}
    for turn in range(bench.options.rounds):
        for spec in bench.in_turn(turn):
            with bench.server(spec, "everysec") as server:
                load_keys(server.port, 0, keys, VALUE_BYTES)
                for kind in ("log", "base"):
                    if kind == "base":
                        with server.client() as client:
                            server.rewrite(client)
                    figures = _restart(server, keys)
                    record[kind][spec.name].append(figures)
                    bench.report.progress(f"restart round {turn + 1} from {kind}: {spec.name} "
                                          f"{figures['start_seconds']:.3f} s")
    _table(bench, record)
    bench.report.record("restart", record)


def _restart(server, keys):
    server.settle()
    if not server.stop():
        raise RunError(f"{server.name} did not stop within its time")
    seconds = server.start()
    with server.client() as client:
        assert_keys(server, client.command("DBSIZE"), keys)
    load = _load_seconds(server)
    return {"keys": keys, "start_seconds": seconds, "load_seconds": load,
            "keys_per_second": keys / (load or seconds)}


def _load_seconds(server):
    """The loading time the server logs; a line may follow the first PONG by a moment."""
    deadline = time.monotonic() + 1.0
    while True:
        seconds = server.logged_load_seconds()
        if seconds is not None or time.monotonic() > deadline:
            return seconds
        time.sleep(0.02)


def _table(bench, record):
    ours, peer = (spec.name for spec in bench.specs)
    columns = ["from", "figure", ours, peer, "ratio", "rounds", "target", ""]
    rows = []
    for kind, rounds in record.items():
        mine, theirs = rounds[ours], rounds[peer]
        for label, field, digits in [("exec to PONG, s", "start_seconds", 3),
                                     ("loading as logged, s", "load_seconds", 3),
                                     ("commands or keys a second", "keys_per_second", 0)]:
            inverse = field != "keys_per_second"
            values = [median(side, field) for side in (mine, theirs)]
            ratio = None
            if all(values):
                ratio = values[1] / values[0] if inverse else values[0] / values[1]
            target = TARGETS[kind] if field == "start_seconds" else None
            rows.append([LABELS[kind], label, number(values[0], digits), number(values[1], digits),
                         number(ratio, 3), spread(mine, theirs, field, inverse)]
                        + bench.report.verdict(f"restart from {kind}", ratio, target))
    bench.report.table(columns, rows)
