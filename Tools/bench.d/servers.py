"""Starting and stopping the servers that are compared.

A `Spec` says which program and which dialect of directives; a `Server` is one running process
with a fresh port and a directory of its own. Every server started is remembered and stopped by
its process id when the run ends, however it ends; the kernel stops it too should this process
be killed.
"""

import ctypes
import os
import re
import shutil
import signal
import socket
import subprocess
import time

import machine
from client import HOST, Client, ReplyError

START_SECONDS = 600.0
STOP_SECONDS = 120.0
PR_SET_PDEATHSIG = 1
LIBC = ctypes.CDLL(None, use_errno=True)

# What each persistence policy is called by each program. "none" keeps nothing on disk.
DIALECTS = {
    "holdfast": {
        "none": ["--backend", "none"],
        "aof": ["--backend", "aof", "--appendfsync", "{policy}",
                "--auto-aof-rewrite-percentage", "0"],
        "save": ["--backend", "{policy}", "--save", ""],
    },
    "redis": {
        "none": ["--save", "", "--appendonly", "no"],
        "aof": ["--save", "", "--appendonly", "yes", "--appendfsync", "{policy}",
                "--auto-aof-rewrite-percentage", "0"],
        "save": ["--save", "", "--appendonly", "no"],
    },
}

_running = []


class RunError(Exception):
    """The measurement itself failed; the message says where."""


class Spec:
    """A program to be measured: its name in the tables, its command, its dialect."""

    def __init__(self, name, command, dialect, extra):
        self.name = name
        self.command = command
        self.dialect = dialect
        self.extra = extra

    def directives(self, policy):
        """The persistence directives for `none`, `everysec`, `always`, `no`, or an engine that saves."""
        kinds = {"none": "none", "everysec": "aof", "always": "aof", "no": "aof"}
        pattern = DIALECTS[self.dialect][kinds.get(policy, "save")]
        return [word.format(policy=policy) for word in pattern] + self.extra


def dialect_of(command):
    """The dialect a program speaks, judged by its name."""
    name = os.path.basename(command[0])
    return "redis" if re.match(r"(redis|valkey)", name) else "holdfast"


def free_port():
    """A TCP port of the loopback interface that nobody listens on at this moment."""
    with socket.socket() as listener:
        listener.bind((HOST, 0))
        return listener.getsockname()[1]


class Server:
    """One running server; a context manager that stops it and removes its directory."""

    def __init__(self, spec, policy, root, cores=None):
        self.spec = spec
        self.policy = policy
        self.cores = cores
        self.directory = os.path.join(root, f"{spec.name}-{time.monotonic_ns()}")
        self.log_path = os.path.join(self.directory, "server.log")
        os.makedirs(self.directory)
        self.process = None
        self.port = None
        self.log_start = 0

    def __enter__(self):
        self.start()
        return self

    def __exit__(self, *_):
        self.stop(patience=10.0)
        shutil.rmtree(self.directory, ignore_errors=True)

    @property
    def name(self):
        return self.spec.name

    @property
    def pid(self):
        return self.process.pid

    def client(self):
        """A new connection."""
        return Client(self.port)

    def start(self):
        """Start and wait until a PING is answered with PONG; return the seconds from exec."""
        for attempt in range(3):
            began = time.monotonic()
            self._spawn()
            if self._await_pong(began + START_SECONDS):
                return time.monotonic() - began
            text = self.log_text()
            if "ddress already in use" not in text or attempt == 2:
                last = "\n".join(text.splitlines()[-15:])
                raise RunError(f"{self.name} did not start; its log ends:\n{last}")
        raise RunError(f"{self.name} did not start")

    def _spawn(self):
        self.port = free_port()
        data = os.path.join(self.directory, "data")
        os.makedirs(data, exist_ok=True)
        words = self.spec.command + ["--port", str(self.port), "--bind", HOST, "--dir", data]
        with open(self.log_path, "ab") as log:
            self.log_start = log.tell()
            self.process = subprocess.Popen(
                words + self.spec.directives(self.policy), stdin=subprocess.DEVNULL, stdout=log,
                stderr=subprocess.STDOUT, start_new_session=True,
                preexec_fn=lambda: prepare_child(self.cores))
        _running.append(self)

    def _await_pong(self, deadline):
        """Ask every millisecond until the answer is PONG; False if the process ended."""
        ping, buffer = b"PING\r\n", b""
        while time.monotonic() < deadline and self.process.poll() is None:
            try:
                with socket.create_connection((HOST, self.port), timeout=1.0) as link:
                    link.settimeout(60.0)
                    while True:
                        link.sendall(ping)
                        buffer = link.recv(512)
                        if buffer.startswith(b"+PONG"):
                            return True
                        if not buffer or time.monotonic() > deadline:
                            break
                        time.sleep(0.001)
            except OSError:
                time.sleep(0.001)
        return False

    def stop(self, patience=STOP_SECONDS):
        """Stop with SIGTERM and, when that takes longer than `patience`, with SIGKILL.

        Returns whether it ended by itself.
        """
        if self.process is None:
            return True
        clean = True
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
            try:
                self.process.wait(patience)
            except subprocess.TimeoutExpired:
                clean = False
                self.process.kill()
                self.process.wait()
        if self in _running:
            _running.remove(self)
        return clean

    def log_text(self):
        """What the server logged since its last start."""
        try:
            with open(self.log_path, encoding="utf-8", errors="replace") as file:
                file.seek(self.log_start)
                return file.read()
        except OSError:
            return ""

    def logged_load_seconds(self):
        """The time the server says its loading took, or None."""
        found = re.findall(r"DB loaded from (.*?): ([0-9.]+) seconds", self.log_text())
        whole = [float(seconds) for what, seconds in found if "append only file" in what]
        parts = [float(seconds) for what, seconds in found if "append only file" not in what]
        return whole[-1] if whole else (sum(parts) if parts else None)

    def settle(self, seconds=10.0):
        """Wait until the server is idle, so that no earlier work counts against what follows."""
        deadline = time.monotonic() + seconds
        before = machine.cpu_seconds(self.pid)
        while time.monotonic() < deadline:
            time.sleep(0.1)
            now = machine.cpu_seconds(self.pid)
            if now - before <= 0.01:
                return
            before = now

    def flush(self):
        """Empty the dataset and wait until what that set in motion is over."""
        with self.client() as client:
            client.command("FLUSHALL")
        self.settle()

    def rewrite(self, client, seconds=300.0):
        """Ask for BGREWRITEAOF and wait for its end; return the seconds it took."""
        began = time.monotonic()
        client.command("BGREWRITEAOF")
        while True:
            info = client.info("persistence")
            if info.get("aof_rewrite_in_progress") == "0" == info.get("aof_rewrite_scheduled", "0"):
                break
            if time.monotonic() - began > seconds:
                raise RunError(f"{self.name}: BGREWRITEAOF did not end in {seconds:.0f} s")
            time.sleep(0.01)
        if info.get("aof_last_bgrewrite_status", "ok") != "ok":
            raise RunError(f"{self.name}: BGREWRITEAOF failed; log:\n{self.log_text()[-2000:]}")
        return time.monotonic() - began

    def save(self, client, seconds=300.0):
        """Ask for BGSAVE and wait for its end; return the seconds it took."""
        began = time.monotonic()
        client.command("BGSAVE")
        while True:
            info = client.info("persistence")
            if info.get("rdb_bgsave_in_progress") == "0":
                break
            if time.monotonic() - began > seconds:
                raise RunError(f"{self.name}: BGSAVE did not end in {seconds:.0f} s")
            time.sleep(0.01)
        if info.get("rdb_last_bgsave_status", "ok") != "ok":
            raise RunError(f"{self.name}: BGSAVE failed; log:\n{self.log_text()[-2000:]}")
        return time.monotonic() - began

    def version(self):
        """Name and version as the server reports them."""
        with self.client() as client:
            try:
                info = client.info("server")
            except ReplyError as error:
                return f"unknown ({error})"
        for name in ("holdfast", "valkey", "redis"):
            if f"{name}_version" in info:
                return f"{name} {info[f'{name}_version']}"
        return "unknown"


def prepare_child(cores):
    """In a child before exec: its cores, and its end should this process be killed."""
    LIBC.prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
    if cores:
        os.sched_setaffinity(0, cores)


def stop_all():
    """Stop whatever is still running, by process id."""
    for server in list(_running):
        server.stop(patience=5.0)
