"""What background work costs the clients: a rewrite of the AOF, a save, a bare walk of a snapshot."""

import threading
import time

import machine
import snapshots
from client import Probe, ReplyError, load_keys
from report import median, number, percent
from servers import RunError

VALUE_BYTES = 32
DEPTH = 16
WARM_SECONDS = 1.0
WALK_TARGET = 0.9

# A walk of this few seconds a million keys can't have read them: the reply came too early.
SHORTEST_WALK_SECONDS_A_MILLION = 0.002


class Rewrite:
    """Throughput kept and worst latency while BGREWRITEAOF runs under full SET load."""

    TITLE = "rewrite under full SET load (everysec, depth 16; background work pinned too)"

    @staticmethod
    def targets():
        """The targets in words, for --list."""
        return ["share of throughput kept: >= the peer's", "worst latency: <= the peer's"]

    @staticmethod
    def run(bench):
        """One rewrite a round and server, with a probe beside the load."""
        rounds = {spec.name: [] for spec in bench.specs}
        for turn in range(bench.options.rounds):
            for spec in bench.in_turn(turn):
                with bench.server(spec, "everysec", bench.server_cores) as server:
                    load_keys(server.port, 0, bench.options.keys, VALUE_BYTES)
                    server.settle()
                    figures = _busy_round(bench, server, server.rewrite)
                rounds[spec.name].append(figures)
                bench.report.progress(
                    f"rewrite round {turn + 1}: {spec.name} keeps "
                    f"{figures['share_kept'] * 100:.0f} %, worst {figures['max_ms']:.1f} ms")
        _rewrite_table(bench, rounds)
        bench.report.record("rewrite", rounds)


def _busy_round(bench, server, work):
    """Throughput without and with `work`, which gets a client and returns when it is done."""
    with server.client() as client, \
            Probe(server.port, bench.options.keys, bench.client_cores) as probe:
        idle_from = time.monotonic()
        time.sleep(bench.options.seconds / 2)
        idle_to = time.monotonic()
        with bench.load.background(server, "set", DEPTH, VALUE_BYTES) as load:
            time.sleep(WARM_SECONDS)
            start, before = time.monotonic(), _commands(client)
            time.sleep(bench.options.seconds)
            middle, at_middle = time.monotonic(), _commands(client)
            resident = machine.resident_bytes(server.pid)
            work(client)
            end, at_end = time.monotonic(), _commands(client)
            grown = machine.resident_bytes(server.pid) - resident
            load.check()
        server.settle()
        probe.finish()
    plain = (at_middle - before) / (middle - start)
    during = (at_end - at_middle) / (end - middle)
    return {
        "ops_without": plain, "ops_during": during, "share_kept": during / plain,
        "rewrite_seconds": end - middle, "grown_mb": grown / 1e6,
        "resident_mb": resident / 1e6, "probe_priority": probe.priority,
        "idle": probe.between(idle_from, idle_to), "without": probe.between(start, middle),
        **probe.between(middle, end),
        "idle_max_ms": probe.between(idle_from, idle_to)["max_ms"],
        "without_max_ms": probe.between(start, middle)["max_ms"],
        "without_p999_ms": probe.between(start, middle)["p999_ms"],
    }


def _commands(client):
    value = client.info("stats").get("total_commands_processed")
    if value is None:
        raise RunError("INFO stats has no total_commands_processed")
    return int(value)


def _rewrite_table(bench, rounds):
    ours, peer = (rounds[spec.name] for spec in bench.specs)
    columns = ["figure"] + [spec.name for spec in bench.specs] + ["ratio", "target", ""]
    rows = []
    lines = [
        ("SET/s without rewrite", "ops_without", 0), ("SET/s during rewrite", "ops_during", 0),
        ("share kept", "share_kept", 3), ("rewrite took, s", "rewrite_seconds", 2),
        ("worst GET during rewrite, ms", "max_ms", 2), ("p99.9 GET during, ms", "p999_ms", 2),
        ("worst GET without, ms", "without_max_ms", 2), ("p99.9 GET without, ms", "without_p999_ms", 2),
        ("worst GET idle, ms", "idle_max_ms", 2),
    ]
    for label, field, digits in lines:
        mine, theirs = median(ours, field), median(peer, field)
        verdict = ["", ""]
        if field == "share_kept":
            verdict = bench.report.verdict("rewrite: share kept", mine / theirs, 1.0)
        elif field == "max_ms":
            verdict = bench.report.verdict("rewrite: worst latency", mine / theirs, 1.0, at_most=True)
        ratio = mine / theirs if theirs else None
        rows.append([label, number(mine, digits), number(theirs, digits), number(ratio, 3)]
                    + verdict)
    bench.report.table(columns, rows)


class Save:
    """Throughput kept, worst latency and memory while BGSAVE runs under full SET load."""

    TITLE = "BGSAVE under full SET load (depth 16; background work pinned too)"

    @staticmethod
    def targets():
        """The targets in words, for --list."""
        return ["share of throughput kept: >= the peer's", "memory growth: <= 10 % and what is written"]

    @staticmethod
    def run(bench):
        """One save a round and engine, with a probe beside the load."""
        ours, peer = bench.specs
        engines = [name for name in snapshots.TARGETS if snapshots.is_offered(bench, ours, name)]
        contenders = [(ours, engine) for engine in engines] + [(peer, peer.name)]
        rounds = {engine: [] for _, engine in contenders}
        for turn in range(bench.options.rounds):
            for spec, engine in contenders if turn % 2 == 0 else contenders[::-1]:
                with bench.server(spec, engine, bench.server_cores) as server:
                    load_keys(server.port, 0, bench.options.keys, VALUE_BYTES)
                    server.settle()
                    figures = _busy_round(bench, server, server.save)
                rounds[engine].append(figures)
                bench.report.progress(
                    f"save round {turn + 1}: {engine} keeps {figures['share_kept'] * 100:.0f} %, "
                    f"worst {figures['max_ms']:.1f} ms, {figures['rewrite_seconds']:.2f} s")
        rows = []
        theirs = median(rounds[peer.name], "share_kept")
        for engine, figures in rounds.items():
            share = median(figures, "share_kept")
            grown, resident = median(figures, "grown_mb"), median(figures, "resident_mb")
            verdict = ["", ""] if engine == peer.name else bench.report.verdict(
                f"save as {engine}: share kept against {peer.name}", share / theirs, 1.0)
            rows.append([engine, number(median(figures, "ops_without")),
                         number(median(figures, "ops_during")), percent(share)] + verdict
                        + [number(median(figures, "rewrite_seconds"), 2),
                           number(median(figures, "max_ms"), 2), percent(grown / resident)])
        bench.report.table(["engine", "SET/s without", "SET/s during", "share kept",
                            "target (of Redis's)", "", "save took, s", "worst GET during, ms",
                            "memory grew"], rows)
        bench.report.record("save", rounds)


class Walk:
    """Throughput kept while only a background walk of a snapshot runs."""

    TITLE = "background walk of a snapshot (no persistence, SET at depth 16)"

    @staticmethod
    def targets():
        """The targets in words, for --list."""
        return [f"share of throughput kept: >= {WALK_TARGET}"]

    @staticmethod
    def run(bench):
        """Walks one after the other on a connection of their own, under full SET load.

        `HOLDFAST WALK` reads a whole frozen view on a background thread and replies when it
        has. Only our server has it.
        """
        spec = bench.specs[0]
        rounds = []
        for turn in range(bench.options.rounds):
            with bench.server(spec, "none", bench.server_cores) as server:
                reason = _no_walk(server)
                if reason:
                    bench.report.skip("walk", reason)
                    return
                load_keys(server.port, 0, bench.options.keys, VALUE_BYTES)
                server.settle()
                rounds.append(_walk_round(bench, server))
            bench.report.progress(
                f"walk round {turn + 1}: keeps {rounds[-1]['share_kept'] * 100:.0f} %")
        share = median(rounds, "share_kept")
        bench.report.table(
            ["SET/s without", "SET/s during walks", "share kept", "target", "", "a walk, s"],
            [[number(median(rounds, "ops_without")), number(median(rounds, "ops_during")),
              percent(share)] + bench.report.verdict("walk: share kept", share, WALK_TARGET)
             + [number(median(rounds, "walk_seconds"), 3)]])
        bench.report.record("walk", rounds)


def _no_walk(server):
    """Why walks can't be measured, or None."""
    with server.client() as client:
        try:
            client.command("HOLDFAST", "WALK")
        except ReplyError as error:
            return f"{server.name} answers HOLDFAST WALK with \"{error}\""
    return None


def _walk_round(bench, server):
    stop, walks, failure = threading.Event(), [], []

    def walk():
        try:
            with server.client() as client:
                while not stop.is_set():
                    began = time.monotonic()
                    client.command("HOLDFAST", "WALK")
                    walks.append(time.monotonic() - began)
        except (OSError, ReplyError) as error:
            failure.append(error)

    with server.client() as client, \
            bench.load.background(server, "set", DEPTH, VALUE_BYTES) as load:
        time.sleep(WARM_SECONDS)
        start, before = time.monotonic(), _commands(client)
        time.sleep(bench.options.seconds)
        middle, at_middle = time.monotonic(), _commands(client)
        walker = threading.Thread(target=walk, daemon=True)
        walker.start()
        time.sleep(bench.options.seconds)
        end, at_end = time.monotonic(), _commands(client)
        load.check()
    stop.set()
    walker.join(60.0)
    if failure or walker.is_alive() or not walks:
        raise RunError(f"{server.name}: HOLDFAST WALK failed under load: {failure or 'no end'}")
    mean = sum(walks) / len(walks)
    if mean < SHORTEST_WALK_SECONDS_A_MILLION * bench.options.keys / 1e6:
        raise RunError(f"{server.name}: HOLDFAST WALK answered after {mean * 1e3:.3f} ms, "
                       "before it can have read the keys")
    plain = (at_middle - before) / (middle - start)
    during = (at_end - at_middle) / (end - middle)
    return {"ops_without": plain, "ops_during": during, "share_kept": during / plain,
            "walks": len(walks), "walk_seconds": mean}
