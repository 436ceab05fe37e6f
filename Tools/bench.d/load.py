"""Driving a server with redis-benchmark."""

import csv
import os
import resource
import signal
import subprocess
import time

import machine
from servers import RunError, prepare_child

CONNECTIONS = 50
# Tests that redis-benchmark has no name for: the command itself.
COMMANDS = {
    "xadd": ["xadd", "mystream", "*", "field", "xxx"],
    "lrange_100": ["lrange", "mylist", "0", "99"],
    "lrange_300": ["lrange", "mylist", "0", "299"],
    "lrange_600": ["lrange", "mylist", "0", "599"],
    "zadd_1m": ["zadd", "myzset", "__rand_int__", "element:__rand_int__"],
    "zrank_1m": ["zrank", "myzset", "element:__rand_int__"],
    "zrange_1m": ["zrange", "myzset", "500000", "500009"],
}


class Load:
    """The options every redis-benchmark of a run shares."""

    def __init__(self, program, keys, cores):
        self.program = program
        self.keys = keys
        self.cores = cores

    def words(self, server, test, depth, requests, value_size):
        words = [self.program, "-h", "127.0.0.1", "-p", str(server.port),
                 "-n", str(requests), "-P", str(depth), "-c", str(CONNECTIONS),
                 "-r", str(self.keys), "-d", str(value_size), "--csv"]
        command = COMMANDS.get(test)
        return words + (command if command else ["-t", test])

    def _spawn(self, words, output):
        return subprocess.Popen(
            words, stdin=subprocess.DEVNULL, stdout=output, stderr=output,
            text=True, start_new_session=True, preexec_fn=lambda: prepare_child(self.cores))

    def run(self, server, test, depth, requests, value_size=3):
        """One redis-benchmark from start to end; returns its figures and the CPU time used.

        ops_per_second is redis-benchmark's own figure. foreign_share is the CPU time that
        neither of the two used, as a share of the whole machine: a measure of disturbance.
        """
        words = self.words(server, test, depth, requests, value_size)
        server_before = machine.cpu_seconds(server.pid)
        client_before = _children_seconds()
        busy_before = machine.busy_seconds()
        began = time.monotonic()
        process = self._spawn(words, subprocess.PIPE)
        try:
            output, errors = process.communicate()
        except BaseException:
            process.kill()
            process.wait()
            raise
        wall = time.monotonic() - began
        server_cpu = machine.cpu_seconds(server.pid) - server_before
        client_cpu = _children_seconds() - client_before
        foreign = machine.busy_seconds() - busy_before - server_cpu - client_cpu
        rows = [row for row in csv.DictReader(output.splitlines()) if row.get("rps")]
        if process.returncode != 0 or len(rows) != 1:
            raise RunError(f"{' '.join(words)} against {server.name} failed "
                           f"(exit {process.returncode}): {errors.strip() or output.strip()}")
        rate = float(rows[0]["rps"])
        if rate <= 0:
            raise RunError(f"{' '.join(words)} against {server.name} gave no rate")
        active = requests / rate
        return {
            "requests": requests, "ops_per_second": rate,
            "p50_ms": float(rows[0]["p50_latency_ms"]), "p99_ms": float(rows[0]["p99_latency_ms"]),
            "server_cpu_us_per_op": server_cpu / requests * 1e6,
            "server_busy_share": min(1.0, server_cpu / active),
            "client_busy_share": min(1.0, client_cpu / active),
            "foreign_share": max(0.0, foreign) / (wall * os.cpu_count()),
        }

    def requests_for(self, server, test, depth, seconds):
        """How many requests take about `seconds`, found by runs of growing length."""
        requests = 2000 * depth
        while True:
            rate = self.run(server, test, depth, requests)["ops_per_second"]
            if requests / rate >= 0.15 or requests >= 50_000_000:
                return rate * seconds
            requests *= 4

    def background(self, server, test, depth, value_size):
        """A redis-benchmark that goes on until it is stopped; a context manager."""
        return _Background(self, self.words(server, test, depth, 2_000_000_000, value_size))


class _Background:
    def __init__(self, load, words):
        self.load = load
        self.words = words
        self.process = None

    def __enter__(self):
        self.process = self.load._spawn(self.words, subprocess.DEVNULL)
        return self

    def __exit__(self, *_):
        self.process.send_signal(signal.SIGKILL)
        self.process.wait()

    def check(self):
        """Raise when the load ended by itself: what was measured meanwhile means nothing."""
        if self.process.poll() is not None:
            raise RunError(f"{' '.join(self.words)} ended early ({self.process.returncode})")


def _children_seconds():
    usage = resource.getrusage(resource.RUSAGE_CHILDREN)
    return usage.ru_utime + usage.ru_stime
