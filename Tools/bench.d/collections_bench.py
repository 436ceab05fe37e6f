"""Collections: throughput of their commands, a sorted set of a million members, memory a member,
and single writes into huge collections under a live snapshot."""

import contextlib
import time

import machine
from client import encode
from memory import _steady
from report import median, number, spread
from servers import RunError

TITLE = "collections (no persistence; redis-benchmark, 50 connections)"
VALUE_BYTES = 3
DEPTHS = [1, 16]
# redis-benchmark's own tests, and commands that it is given.
TESTS = ["lpush", "rpush", "lpop", "rpop", "sadd", "spop", "hset", "zadd", "zpopmin", "mset",
         "xadd", "lrange_100", "lrange_300", "lrange_600"]
RANGES = {"lrange_100": 100, "lrange_300": 300, "lrange_600": 600}
MEMBER_TESTS = ["zadd_1m", "zrank_1m", "zrange_1m"]
TARGETS = {1: 1.0, 16: 1.3}
MEMBERS_TARGET = 1.0
MEMORY_TARGET = 0.9
KINDS = ["hash", "set", "zset", "list"]
STALL_FIELD = "holdfast_max_command_cpu_us"
STALL_MICROSECONDS = 2000


def targets():
    """The targets in words, for --list."""
    return ([f"each of {', '.join(TESTS)}: depth 1 >= 1.0, depth 16 >= 1.3",
             f"{', '.join(MEMBER_TESTS)}: >= {MEMBERS_TARGET}",
             f"bytes a member of {', '.join(KINDS)}: <= {MEMORY_TARGET}",
             f"worst CPU of a write under a snapshot: <= {STALL_MICROSECONDS} us"])


def run(bench):
    """All parts, one table each."""
    record = {}
    _throughput(bench, record)
    _members(bench, record)
    _snapshot(bench, record)
    bench.report.record("collections", record)


def _throughput(bench, record):
    cells = {}
    for depth in DEPTHS:
        for turn in range(bench.options.rounds):
            with contextlib.ExitStack() as stack:
                servers = [stack.enter_context(bench.server(spec, "none", bench.server_cores))
                           for spec in bench.specs]
                for order, test in enumerate(TESTS):
                    _round(bench, servers, test, depth, (turn + order) % 2 == 1, cells)
    _table(bench, "throughput", cells, lambda depth: TARGETS[depth])
    record["throughput"] = {f"{test} {depth}": rounds for (test, depth), rounds in cells.items()}


def _round(bench, servers, test, depth, swapped, cells):
    rates = []
    for server in servers:
        _prepare(server, test, 20_000)
        rates.append(bench.load.run(server, test, depth, 4000 * depth)["ops_per_second"])
    requests = max(depth * 100, round(bench.options.seconds * sum(rates) / len(rates), -2))
    # The pops take from what is there: no more than can be put there in a moment.
    if "pop" in test:
        requests = min(requests, 1_000_000)
    for server in reversed(servers) if swapped else servers:
        _prepare(server, test, int(requests))
        figures = bench.load.run(server, test, depth, int(requests), VALUE_BYTES)
        cells.setdefault((test, depth), {}).setdefault(server.name, []).append(figures)
        bench.report.progress(f"{test} depth {depth}: {server.name} "
                              f"{figures['ops_per_second']:,.0f}/s")


def _prepare(server, test, count):
    """An empty dataset, or one with what the test takes."""
    server.flush()
    if test in ("lpop", "rpop"):
        _fill(server, count, lambda i: ["xxx"], "RPUSH", "mylist")
    elif test == "spop":
        _fill(server, count, lambda i: [f"element:{i:012d}"], "SADD", "myset")
    elif test == "zpopmin":
        _fill(server, count, lambda i: [i * 7919 % count, f"element:{i:012d}"], "ZADD", "myzset")
    elif test in RANGES:
        _fill(server, 1000, lambda i: ["xxx"], "RPUSH", "mylist")


def _fill(server, count, words, *head):
    """Puts `count` items in, 500 a command, the replies read a command."""
    with server.client() as client:
        for start in range(0, count, 500):
            body = [word for i in range(start, min(start + 500, count)) for word in words(i)]
            client.socket.sendall(encode(*head, *body))
            line = client.stream.readline()
            if not line.startswith(b":"):
                raise RunError(f"{server.name} answers {line!r} to {head}")


def _table(bench, what, cells, target):
    ours, peer = (spec.name for spec in bench.specs)
    rows = []
    for (test, depth), rounds in cells.items():
        mine, theirs = rounds[ours], rounds[peer]
        rates = [median(side, "ops_per_second") for side in (mine, theirs)]
        costs = [median(side, "server_cpu_us_per_op") for side in (mine, theirs)]
        rows.append([test.upper(), depth, number(rates[0]), number(rates[1]),
                     f"{rates[0] / rates[1]:.3f}", spread(mine, theirs, "ops_per_second")]
                    + bench.report.verdict(f"{what} {test.upper()} depth {depth}",
                                           rates[0] / rates[1], target(depth))
                    + [number(costs[0], 2), number(costs[1], 2)])
    bench.report.table(["test", "depth", f"{ours} op/s", f"{peer} op/s", "ratio", "rounds",
                        "target", "", f"{ours} us/op", f"{peer} us/op"], rows)


def _members(bench, record):
    """A million members of each kind: bytes, and commands on the sorted set."""
    count = min(bench.options.keys, 1_000_000)
    cells, sizes = {}, {kind: {} for kind in KINDS}
    words = {
        "hash": lambda i: [f"element:{i:012d}", f"value:{i * 7919 % 10 ** 8:08d}"],
        "set": lambda i: [f"element:{i:012d}"],
        "zset": lambda i: [i * 7919 % count, f"element:{i:012d}"],
        "list": lambda i: [f"element:{i:012d}"],
    }
    heads = {"hash": "HSET", "set": "SADD", "zset": "ZADD", "list": "RPUSH"}
    for turn in range(bench.options.rounds):
        with contextlib.ExitStack() as stack:
            servers = [stack.enter_context(bench.server(spec, "none", bench.server_cores))
                       for spec in bench.specs]
            for server in servers:
                for kind in KINDS:
                    _steady(server)
                    before = machine.resident_bytes(server.pid)
                    _fill(server, count, words[kind], heads[kind], f"my{kind}")
                    _steady(server)
                    grown = (machine.resident_bytes(server.pid) - before) / count
                    sizes[kind].setdefault(server.name, []).append({"bytes": grown})
            for depth in DEPTHS:
                for order, test in enumerate(MEMBER_TESTS):
                    swapped = (turn + order) % 2 == 1
                    for server in reversed(servers) if swapped else servers:
                        figures = bench.load.run(server, test, depth, 20_000 * depth)
                        cells.setdefault((test, depth), {}).setdefault(
                            server.name, []).append(figures)
    _table(bench, "sorted set of a million", cells, lambda depth: MEMBERS_TARGET)
    ours, peer = (spec.name for spec in bench.specs)
    rows = []
    for kind, found in sizes.items():
        mine, theirs = (median(found[name], "bytes") for name in (ours, peer))
        rows.append([kind, number(mine, 1), number(theirs, 1), f"{mine / theirs:.3f}"]
                    + bench.report.verdict(f"memory of a {kind}", mine / theirs, MEMORY_TARGET,
                                           at_most=True))
    bench.report.table(["bytes a member", ours, peer, "ratio", "target", ""], rows)
    record["members"] = {f"{test} {depth}": rounds for (test, depth), rounds in cells.items()}
    record["memory"] = sizes


def _snapshot(bench, record):
    """Single writes into collections of five times the keys while a rewrite holds its snapshot."""
    count = 5 * bench.options.keys
    spec = bench.specs[0]
    if spec.dialect != "holdfast":
        return
    with bench.server(spec, "everysec", bench.server_cores) as server:
        _fill(server, count, lambda i: [f"m{i}", "v"], "HSET", "hash")
        _fill(server, count, lambda i: [i, f"m{i}"], "ZADD", "zset")
        _fill(server, count, lambda i: [f"m{i}"], "RPUSH", "list")
        with server.client() as client:
            for start in range(0, count, 500):
                client.socket.sendall(b"".join(
                    encode("XADD", "stream", f"{i + 1}-0", "f", "v")
                    for i in range(start, min(start + 500, count))))
                for _ in range(start, min(start + 500, count)):
                    client.stream.readline()
                    client.stream.readline()
            client.command("CONFIG", "SET", "command-cpu-tracking", "yes")
            client.command("CONFIG", "RESETSTAT")
            client.command("BGREWRITEAOF")
            writes, deadline = 0, time.monotonic() + 600
            while time.monotonic() < deadline:
                place = (writes * 7919) % count
                for words in (("HSET", "hash", f"m{place}", "x"), ("ZADD", "zset", "1", f"m{place}"),
                              ("LSET", "list", place, "y"), ("LPUSH", "list", "z"),
                              ("RPOP", "list"), ("XADD", "stream", "*", "f", "w"),
                              ("XDEL", "stream", f"{place + 1}-0")):
                    client.command(*words)
                writes += 7
                if writes % 700 == 0 and client.info("persistence").get(
                        "aof_rewrite_in_progress") == "0":
                    break
            worst = float(client.info("stats").get(STALL_FIELD) or "nan")
    bench.report.table(
        ["elements of each collection", "writes under the snapshot", "worst CPU, us", "target", ""],
        [[f"{count:,}", f"{writes:,}", number(worst)]
         + bench.report.verdict("a write under a snapshot", worst, STALL_MICROSECONDS,
                                at_most=True, unit=" us")])
    record["snapshot"] = {"elements": count, "writes": writes, "worst_cpu_us": worst}
