"""The sqlite engine beside a bare SQLite program that does the same upserts (bare_sqlite.c)."""

import os
import subprocess
import time

import machine
from client import load_keys
from load import CONNECTIONS, Load
from memory import assert_keys
from report import median, number, spread
from servers import RunError

TITLE = "sqlite (everysec, random keys, not pinned: the writing thread has a core beside the engine's)"
VALUE_BYTES = 3
DEPTH = 512  # with redis-benchmark's 50 connections: a transaction of some 10,000 changes
COUNTERS = 1000
# Page size, cache in MB, layout (0 WITHOUT ROWID, 1 rowid and index), MB of log before it is copied.
SETTINGS = [(2048, 64, 0, 64), (4096, 64, 0, 64), (4096, 256, 0, 256), (4096, 256, 1, 256)]
TARGETS = {"set": 0.9, "incr": 2.0, "get": 0.95, "restart": 2.0}


def targets():
    """The targets in words, for --list."""
    return [f"SET: rows a second / the bare program's with its best settings >= {TARGETS['set']}",
            f"INCR of {COUNTERS} counters: writes a second / the bare program's rows >= "
            f"{TARGETS['incr']}",
            f"GET: rate / that of the server without persistence >= {TARGETS['get']}",
            f"restart from 1 M keys: at most {TARGETS['restart']} s"]


def run(bench):
    """Every figure in turn with the bare program."""
    ours = bench.specs[0]
    program = _compile(bench)
    if program is None:
        return bench.report.skip("sqlite", "no C compiler, or no SQLite to compile against")
    rounds = {"set": [], "incr": [], "get": [], "memory get": [], "restart": []}
    bare = {setting: [] for setting in SETTINGS}
    for turn in range(bench.options.rounds):
        with bench.server(ours, "sqlite") as server:
            rounds["set"].append(_writes(bench, server, "set", bench.load))
            few = Load(bench.load.program, COUNTERS, None)
            rounds["incr"].append(_writes(bench, server, "incr", few))
            load_keys(server.port, 0, bench.options.keys, VALUE_BYTES)
            server.settle()
            rounds["get"].append(_reads(bench, server))
        with bench.server(ours, "none") as server:
            load_keys(server.port, 0, bench.options.keys, VALUE_BYTES)
            rounds["memory get"].append(_reads(bench, server))
        batch = max(10_000, round(rounds["set"][-1]["changes_a_transaction"]))
        for setting in SETTINGS:
            bare[setting].append(_bare(bench, program, batch, setting))
        rounds["restart"].append(_restart(bench, ours))
        bench.report.progress(
            f"sqlite round {turn + 1}: {rounds['set'][-1]['rows_per_second']:,.0f} rows/s, bare "
            + ", ".join(f"{bare[setting][-1]['rows_per_second']:,.0f}" for setting in SETTINGS))
    _table(bench, rounds, bare)
    bench.report.record("sqlite", {**rounds, "bare": {str(key): bare[key] for key in bare}})


def _compile(bench):
    source = os.path.join(os.path.dirname(os.path.realpath(__file__)), "bare_sqlite.c")
    program = os.path.join(bench.root, "bare_sqlite")
    words = ["cc", "-O2", "-o", program, source, "-lsqlite3", "-lpthread"]
    try:
        done = subprocess.run(words, stderr=subprocess.DEVNULL, check=False)
    except FileNotFoundError:
        return None
    return program if done.returncode == 0 else None


def _writes(bench, server, test, load):
    """A run of writes until all of them are durable; the dataset is warm."""
    count = max(200_000, round(bench.options.keys * bench.options.seconds))
    load.run(server, test, DEPTH, round(1.5 * bench.options.keys), VALUE_BYTES)
    server.settle()
    with server.client() as client:
        before = client.info("persistence")
        cpu, busy = machine.cpu_seconds(server.pid), machine.busy_seconds()
        began = time.monotonic()
        load.run(server, test, DEPTH, count, VALUE_BYTES)
        # A full commit at the end: what the bare program's last sync is.
        client.command("CONFIG", "SET", "appendfsync", "always")
        client.command("SET", "last", "1")
        seconds = time.monotonic() - began
        cpu = machine.cpu_seconds(server.pid) - cpu
        after = client.info("persistence")
        client.command("CONFIG", "SET", "appendfsync", "everysec")
    if after["sqlite_durable_sequence"] != after["sqlite_last_sequence"]:
        raise RunError("what was acknowledged under always is not durable")
    grown = {name: int(after[f"sqlite_{name}"]) - int(before[f"sqlite_{name}"])
             for name in ("transactions", "rows_written")}
    return {"rows_per_second": count / seconds, "cpu_us": cpu / count * 1e6,
            "changes_a_transaction": count / grown["transactions"],
            "rows_written": grown["rows_written"], "requests": count, "connections": CONNECTIONS,
            "machine_busy": (machine.busy_seconds() - busy) / seconds}


def _reads(bench, server):
    requests = max(200_000, round(bench.options.keys * bench.options.seconds))
    return {"rate": bench.load.run(server, "get", 64, requests, VALUE_BYTES)["ops_per_second"]}


def _bare(bench, program, batch, setting):
    path = os.path.join(bench.root, "bare.db")
    count = max(200_000, round(bench.options.keys * bench.options.seconds))
    page, cache, layout, log = setting
    words = [program, path] + [str(word) for word in (
        round(1.5 * bench.options.keys), count, bench.options.keys, VALUE_BYTES, batch, page,
        cache, layout, log)]
    done = subprocess.run(words, capture_output=True, text=True, check=False)
    for ending in ("", "-wal", "-shm"):
        if os.path.exists(path + ending):
            os.unlink(path + ending)
    if done.returncode != 0:
        raise RunError(f"{' '.join(words)}: {done.stderr.strip()}")
    rate, cpu = done.stdout.split()
    return {"rows_per_second": float(rate), "cpu_us": float(cpu), "batch": batch}


def _restart(bench, spec):
    keys = bench.options.keys
    with bench.server(spec, "sqlite") as server:
        load_keys(server.port, 0, keys, 32)
        server.settle()
        if not server.stop():
            raise RunError(f"{server.name} did not stop within its time")
        seconds = server.start()
        with server.client() as client:
            assert_keys(server, client.command("DBSIZE"), keys)
        return {"seconds": seconds}


def _table(bench, rounds, bare):
    best = max(SETTINGS, key=lambda setting: median(bare[setting], "rows_per_second"))
    report = bench.report
    rows = [[f"bare: page {page}, cache {cache} MB, {'rowid + index' if layout else 'WITHOUT ROWID'}, "
             f"log {log} MB", number(median(bare[setting], "rows_per_second")),
             number(median(bare[setting], "cpu_us"), 2), "", "", "", ""]
            for setting in SETTINGS for page, cache, layout, log in [setting]]
    peer = median(bare[best], "rows_per_second")
    for test, label in [("set", "SET, durable"), ("incr", f"INCR of {COUNTERS} counters, durable")]:
        own = median(rounds[test], "rows_per_second")
        rows.append(
            [f"{label} ({number(median(rounds[test], 'changes_a_transaction'))} a transaction)",
             number(own), number(median(rounds[test], "cpu_us"), 2), f"{own / peer:.3f}",
             spread(rounds[test], bare[best], "rows_per_second")]
            + report.verdict(f"sqlite {test.upper()}", own / peer, TARGETS[test]))
    own, memory = median(rounds["get"], "rate"), median(rounds["memory get"], "rate")
    rows.append(["GET", number(own), "", f"{own / memory:.3f}",
                 spread(rounds["get"], rounds["memory get"], "rate")]
                + report.verdict("sqlite GET", own / memory, TARGETS["get"]))
    seconds = median(rounds["restart"], "seconds")
    target = TARGETS["restart"] if bench.options.keys <= 1_000_000 else None
    rows.append([f"restart from {bench.options.keys:,} keys, s", number(seconds, 3), "", "", ""]
                + report.verdict("sqlite restart", seconds, target, at_most=True, unit=" s"))
    report.table(["", "a second", "CPU us each", "ratio", "rounds", "target", ""], rows)
    report.say("CPU time of the server is that of all its threads: engine, writing, copying. Ratios are to the "
               "bare program's best row, GET's to the server without persistence.")
    report.say()
