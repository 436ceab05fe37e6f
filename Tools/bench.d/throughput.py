"""Throughput and server CPU per operation, by persistence policy, command and pipeline depth."""

import contextlib

from client import load_keys
from report import median, number, percent, spread

TITLE = "throughput and server CPU per operation (redis-benchmark, 50 connections)"
TESTS = ["set", "get", "incr", "hset", "mset"]
POLICIES = ["none", "everysec", "always", "no"]
DEPTHS = [1, 16, 64]
VALUE_BYTES = 3  # redis-benchmark's default, also of the keys that GET finds

# Required ratio of our throughput to the peer's: (policy, test, depth).
TARGETS = {
    ("none", "set", 1): 1.0, ("none", "get", 1): 1.0,
    ("none", "set", 16): 1.4, ("none", "get", 16): 1.4,
    ("none", "set", 64): 1.6, ("none", "get", 64): 1.6,
    ("everysec", "set", 16): 1.3,
    ("always", "set", 1): 1.0, ("always", "set", 16): 1.3,
}

AIM = 2.5
# CPU time of other programs, as a share of the machine, above which a cell is called disturbed.
DISTURBED_SHARE = 0.05


def targets():
    """The targets in words, for --list."""
    return [f"{policy} {test.upper()} depth {depth}: ratio >= {target}"
            for (policy, test, depth), target in TARGETS.items()]


def run(bench):
    """Measure every chosen cell and print one table a policy."""
    report = bench.report
    report.say("Dataset empty before each cell (before GET: every key set). A busy share near "
               "100 % says that the server was the limit; a lower one, that the client was.")
    report.say()
    bench.report.say(f"The aim without persistence at depth 64: {AIM}x.")
    bench.report.say()
    record = {}
    for policy in bench.options.policies:
        cells = {}
        for depth in bench.options.depths:
            _measure(bench, policy, depth, cells)
        record[policy] = {f"{test} {depth}": rounds for (test, depth), rounds in cells.items()}
        _table(bench, policy, cells)
        report.record("throughput", record)


def _measure(bench, policy, depth, cells):
    """All rounds of one policy and depth; each round with fresh servers and directories."""
    requests = {}
    for turn in range(bench.options.rounds):
        with contextlib.ExitStack() as stack:
            servers = [stack.enter_context(bench.server(spec, policy, bench.server_cores))
                       for spec in bench.specs]
            for order, test in enumerate(bench.options.tests):
                for server in servers:
                    _prepare(bench, server, test)
                if test not in requests:
                    requests[test] = _calibrate(bench, servers, test, depth)
                swapped = (turn + order) % 2 == 1
                for server in reversed(servers) if swapped else servers:
                    figures = bench.load.run(server, test, depth, requests[test], VALUE_BYTES)
                    cells.setdefault((test, depth), {}).setdefault(server.name, []).append(figures)
                    server.settle()
                    bench.report.progress(
                        f"{policy} {test} depth {depth} round {turn + 1}: {server.name} "
                        f"{figures['ops_per_second']:,.0f}/s")


def _prepare(bench, server, test):
    if test == "get":
        load_keys(server.port, 0, bench.options.keys, VALUE_BYTES)
        server.settle()
    else:
        server.flush()


def _calibrate(bench, servers, test, depth):
    """One number of requests for both servers, so that a cell takes the wanted time on average."""
    seconds = bench.options.seconds
    found = [bench.load.requests_for(server, test, depth, seconds) for server in servers]
    for server in servers:
        _prepare(bench, server, test)
    return max(depth * 100, round(sum(found) / len(found), -2))


def _table(bench, policy, cells):
    ours, peer = (spec.name for spec in bench.specs)
    bench.report.say(f"### Persistence: {policy}")
    bench.report.say()
    columns = ["test", "depth", f"{ours} op/s", f"{peer} op/s", "ratio", "rounds", "target", "",
               f"{ours} us/op", f"{peer} us/op", "ratio", "busy", "p99 ms", "other load"]
    rows = []
    for (test, depth), rounds in cells.items():
        mine, theirs = rounds[ours], rounds[peer]
        rates = [median(mine, "ops_per_second"), median(theirs, "ops_per_second")]
        costs = [median(side, "server_cpu_us_per_op") for side in (mine, theirs)]
        verdict = bench.report.verdict(
            f"throughput {policy} {test.upper()} depth {depth}", rates[0] / rates[1],
            TARGETS.get((policy, test, depth)))
        rows.append(
            [test.upper(), depth, number(rates[0]), number(rates[1]),
             f"{rates[0] / rates[1]:.3f}", spread(mine, theirs, "ops_per_second")]
            + verdict
            + [number(costs[0], 2), number(costs[1], 2),
               number(costs[0] / costs[1] if costs[1] else None, 2),
               _pair(mine, theirs, "server_busy_share", percent),
               _pair(mine, theirs, "p99_ms", lambda value: number(value, 2)),
               percent(_other_load(rounds))])
    bench.report.table(columns, rows)
    disturbed = [f"{test.upper()} {depth}" for (test, depth), rounds in cells.items()
                 if _other_load(rounds) > DISTURBED_SHARE]
    if disturbed:
        bench.report.say(f"Disturbed by other programs in at least one round (over "
                         f"{percent(DISTURBED_SHARE)} of the machine): {', '.join(disturbed)}")
        bench.report.say()


def _other_load(rounds):
    """The largest share of the machine that other programs took in a round of a cell."""
    return max(entry["foreign_share"] for side in rounds.values() for entry in side)


def _pair(mine, theirs, field, text):
    return f"{text(median(mine, field))} / {text(median(theirs, field))}"
