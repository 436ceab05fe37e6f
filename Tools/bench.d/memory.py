"""Memory a key: strings of 32 bytes under keys of 16 bytes."""

import time

import machine
from client import load_keys
from report import median, number, spread
from servers import RunError

TITLE = "memory (16-byte keys, 32-byte values)"
VALUE_BYTES = 32
TARGET = 0.7
AIM = 0.6


def targets():
    """The targets in words, for --list."""
    return [f"bytes of RSS a key: ratio <= {TARGET} (aim {AIM})"]


def run(bench):
    """Load the keys into a fresh server each round and see what grew."""
    bench.report.say(f"Required: {TARGET}x of the peer's bytes of RSS a key; the aim: {AIM}x.")
    bench.report.say()
    rounds = {spec.name: [] for spec in bench.specs}
    for turn in range(bench.options.rounds):
        for spec in bench.in_turn(turn):
            with bench.server(spec, "none") as server:
                figures = _measure(server, bench.options.keys)
            rounds[spec.name].append(figures)
            bench.report.progress(
                f"memory round {turn + 1}: {spec.name} {figures['rss_per_key']:.1f} B/key")
    ours, peer = (rounds[spec.name] for spec in bench.specs)
    rows = []
    for label, field, target in [("VmRSS growth", "rss_per_key", TARGET),
                                 ("INFO used_memory growth", "used_per_key", None)]:
        mine, theirs = median(ours, field), median(peer, field)
        ratio = mine / theirs if mine and theirs else None
        rows.append([label, number(mine, 1), number(theirs, 1), number(ratio, 3),
                     spread(ours, peer, field)]
                    + bench.report.verdict("memory a key", ratio, target, at_most=True))
    bench.report.table(
        ["bytes a key"] + [spec.name for spec in bench.specs] + ["ratio", "rounds", "target", ""],
        rows)
    bench.report.record("memory", rounds)


def _measure(server, keys):
    with server.client() as client:
        server.settle()
        before, used_before = machine.resident_bytes(server.pid), _used(client)
        load_keys(server.port, 0, keys, VALUE_BYTES)
        _steady(server)
        after, used_after = machine.resident_bytes(server.pid), _used(client)
        assert_keys(server, client.command("DBSIZE"), keys)
    used = None if used_before is None else (used_after - used_before) / keys
    return {"keys": keys, "rss_before": before, "rss_after": after,
            "rss_per_key": (after - before) / keys, "used_per_key": used}


def assert_keys(server, found, wanted):
    """End the run when a server doesn't hold what was stored: its figures mean nothing."""
    if found != wanted:
        raise RunError(f"{server.name} holds {found} keys, {wanted} were stored")


def _used(client):
    value = client.info("memory").get("used_memory")
    return int(value) if value else None


def _steady(server):
    """Wait until the resident size has stopped moving (incremental rehashing, background frees)."""
    deadline = time.monotonic() + 20.0
    sizes = [machine.resident_bytes(server.pid)]
    while time.monotonic() < deadline:
        time.sleep(0.25)
        sizes.append(machine.resident_bytes(server.pid))
        if len(sizes) >= 5 and len(set(sizes[-4:])) == 1:
            return
