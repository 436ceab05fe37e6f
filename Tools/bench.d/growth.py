"""Growth to ten times the keys: no command may wait for a rehash."""

import time

from client import Probe, load_keys
from memory import assert_keys
from report import median, number

TITLE = "growth to ten times the keys with SETs (no persistence)"
VALUE_BYTES = 32
FACTOR = 10
FIELD = "holdfast_max_command_cpu_us"
TARGET_MICROSECONDS = 2000


def targets():
    """The targets in words, for --list."""
    return [f"worst CPU time of a command (INFO stats {FIELD}): <= {TARGET_MICROSECONDS} us"]


def run(bench):
    """Fill, reset the statistics, grow under a probe."""
    rounds = {spec.name: [] for spec in bench.specs}
    for turn in range(bench.options.rounds):
        for spec in bench.in_turn(turn):
            with bench.server(spec, "none", bench.server_cores) as server:
                rounds[spec.name].append(_measure(bench, server))
            bench.report.progress(f"growth round {turn + 1}: {spec.name} worst GET "
                                  f"{rounds[spec.name][-1]['max_ms']:.2f} ms")
    _table(bench, rounds)
    bench.report.record("growth", rounds)


def _measure(bench, server):
    keys = bench.options.keys
    load_keys(server.port, 0, keys, VALUE_BYTES)
    server.settle()
    with server.client() as client, Probe(server.port, keys, bench.client_cores) as probe:
        idle_from = time.monotonic()
        time.sleep(bench.options.seconds / 2)
        if server.spec.dialect == "holdfast":
            # Reading the thread's CPU clock costs a system call a command: on for this section only.
            client.command("CONFIG", "SET", "command-cpu-tracking", "yes")
        client.command("CONFIG", "RESETSTAT")
        start = time.monotonic()
        load_keys(server.port, keys, keys * (FACTOR - 1), VALUE_BYTES)
        end = time.monotonic()
        worst = client.info("stats").get(FIELD)
        assert_keys(server, client.command("DBSIZE"), keys * FACTOR)
        probe.finish()
    idle = probe.between(idle_from, start)
    return {"keys": keys * FACTOR, "sets_per_second": keys * (FACTOR - 1) / (end - start),
            "command_cpu_us": float(worst) if worst is not None else None,
            "idle_max_ms": idle["max_ms"], **probe.between(start, end),
            "max_over_idle": probe.between(start, end)["max_ms"] / max(idle["max_ms"], 1e-6),
            "probe_priority": probe.priority}


def _table(bench, rounds):
    ours, peer = (rounds[spec.name] for spec in bench.specs)
    lines = [("worst CPU of a command, us", "command_cpu_us", 0),
             ("worst GET during growth, ms", "max_ms", 2), ("p99.9 GET, ms", "p999_ms", 2),
             ("worst GET idle, ms", "idle_max_ms", 2), ("worst over idle", "max_over_idle", 1),
             ("SET/s (one connection)", "sets_per_second", 0)]
    if median(ours, "command_cpu_us") is None:
        bench.report.skip("growth: CPU of a command", f"INFO stats of "
                          f"{bench.specs[0].name} has no {FIELD}")
    rows = []
    for label, field, digits in lines:
        mine, theirs = median(ours, field), median(peer, field)
        verdict = ["", ""]
        if field == "command_cpu_us" and mine is not None:
            # The target bounds every command, so the worst round counts, not the median.
            mine = max(entry[field] for entry in ours)
            verdict = bench.report.verdict("growth: worst CPU of a command", mine,
                                           TARGET_MICROSECONDS, at_most=True, unit=" us")
        ratio = mine / theirs if mine and theirs else None
        rows.append([label, number(mine, digits), number(theirs, digits), number(ratio, 3)]
                    + verdict)
    bench.report.table(
        ["figure"] + [spec.name for spec in bench.specs] + ["ratio", "target", ""], rows)
