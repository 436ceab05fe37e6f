"""A small RESP client, a bulk loader and a latency probe.

The loader and the probe speak RESP themselves, so that what is measured is the server and not
a tool between: the loader streams SETs as fast as one core can write them, the probe sends a
GET at every millisecond whether or not the last one was answered (an open loop: a stall is
seen by every request that fell into it, and none is left out).
"""

import array
import collections
import gc
import multiprocessing
import os
import random
import select
import signal
import socket
import threading
import time

HOST = "127.0.0.1"
CHUNK_COMMANDS = 5000
PROBE_INTERVAL_SECONDS = 0.001
PROBE_DRAIN_SECONDS = 10.0


class ReplyError(Exception):
    """An error reply of the server; its text is the message."""


def encode(*words):
    """One command in RESP."""
    parts = [b"*%d\r\n" % len(words)]
    for word in words:
        data = word if isinstance(word, bytes) else str(word).encode()
        parts.append(b"$%d\r\n%s\r\n" % (len(data), data))
    return b"".join(parts)


class Client:
    """One connection that asks and waits."""

    def __init__(self, port, timeout=120.0):
        self.socket = socket.create_connection((HOST, port), timeout=timeout)
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.stream = self.socket.makefile("rb")

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    def close(self):
        self.stream.close()
        self.socket.close()

    def command(self, *words):
        """Send one command, return its reply; an error reply is raised."""
        self.socket.sendall(encode(*words))
        return self._reply()

    def _reply(self):
        line = self.stream.readline()
        if not line.endswith(b"\r\n"):
            raise ConnectionError("the server closed the connection")
        kind, rest = line[:1], line[1:-2]
        if kind == b"+":
            return rest.decode()
        if kind == b"-":
            raise ReplyError(rest.decode())
        if kind == b":":
            return int(rest)
        if kind == b"$":
            length = int(rest)
            return None if length < 0 else self.stream.read(length + 2)[:-2]
        if kind == b"*":
            return None if int(rest) < 0 else [self._reply() for _ in range(int(rest))]
        raise ConnectionError(f"not a RESP2 reply: {line!r}")

    def info(self, section):
        """The fields of one section of INFO, as a dictionary of strings."""
        text = self.command("INFO", section).decode()
        lines = (line for line in text.split("\r\n") if ":" in line)
        return dict(line.split(":", 1) for line in lines)


def key_at(index):
    """A key of 16 bytes, spelt as redis-benchmark spells its own."""
    return b"key:%012d" % index


def set_chunks(first, count, value_size):
    """SET commands for `count` keys from index `first`, in chunks of bytes."""
    head = b"*3\r\n$3\r\nSET\r\n$16\r\nkey:%%012d\r\n$%d\r\n" % value_size
    indices = range(first, first + count)
    if value_size < 13:  # too short for an index: the same value for all
        template = head + b"x" * value_size + b"\r\n"
        commands = (template % i for i in indices)
    else:
        template = head + b"v%%0%dd\r\n" % (value_size - 1)
        commands = (template % (i, i) for i in indices)
    chunk = []
    for command in commands:
        chunk.append(command)
        if len(chunk) == CHUNK_COMMANDS:
            yield b"".join(chunk)
            chunk = []
    if chunk:
        yield b"".join(chunk)


def load_keys(port, first, count, value_size):
    """SET `count` keys over one connection; return the seconds it took.

    Every reply is read, and all must be +OK.
    """
    started = time.monotonic()
    failure = []
    with socket.create_connection((HOST, port), timeout=120.0) as link:

        def send():
            try:
                for chunk in set_chunks(first, count, value_size):
                    link.sendall(chunk)
            except OSError as error:
                failure.append(error)

        sender = threading.Thread(target=send, daemon=True)
        sender.start()
        missing = count * len(b"+OK\r\n")
        while missing > 0:
            data = link.recv(1 << 18)
            if not data:
                raise ConnectionError(f"the server closed the connection while loading {failure}")
            if b"-" in data:
                start = data.index(b"-")
                raise ReplyError(data[start:start + 200].decode(errors="replace"))
            missing -= len(data)
        sender.join()
    return time.monotonic() - started


class Probe:
    """A process of its own that GETs a random key each millisecond and records how long it took.

    It runs ahead of others on its core where the system allows it (SCHED_FIFO, else a better
    nice value), so that its figures are the server's and not those of the queue for the core.
    """

    def __init__(self, port, keys, cores):
        context = multiprocessing.get_context("fork")
        self.pipe, child_end = context.Pipe()
        self.process = context.Process(
            target=_probe_main, args=(child_end, port, keys, cores), daemon=True)
        self.process.start()
        child_end.close()
        self.samples = []
        self.priority = self.pipe.recv()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        if self.process.is_alive():
            self.process.kill()
        self.process.join()

    def finish(self):
        """Stop probing and fetch the samples: (time sent, seconds until the reply)."""
        self.pipe.send("stop")
        if not self.pipe.poll(PROBE_DRAIN_SECONDS * 2):
            raise ConnectionError("the latency probe doesn't answer")
        answer = self.pipe.recv()
        if isinstance(answer, str):
            raise ConnectionError(f"the latency probe failed: {answer}")
        sent, took = (array.array("d", part) for part in answer)
        self.samples = list(zip(sent, took))

    def between(self, start, end):
        """Latency figures of the requests sent in a span of time, in milliseconds."""
        inside = sorted(took for sent, took in self.samples if start <= sent < end)
        if not inside:
            return {"samples": 0, "p50_ms": 0.0, "p999_ms": 0.0, "max_ms": 0.0}
        pick = lambda share: inside[min(len(inside) - 1, int(len(inside) * share))] * 1000
        return {"samples": len(inside), "p50_ms": pick(0.5), "p999_ms": pick(0.999),
                "max_ms": inside[-1] * 1000}


def _raise_priority():
    try:
        os.sched_setscheduler(0, os.SCHED_FIFO, os.sched_param(10))
        return "SCHED_FIFO"
    except OSError:
        try:
            return f"nice {os.nice(-10)}"
        except OSError:
            return "ordinary priority"


def _probe_main(pipe, port, keys, cores):
    """Body of the probe's process; its parent decides when it ends."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    if cores:
        os.sched_setaffinity(0, cores)
    gc.disable()
    pipe.send(_raise_priority())
    sent, took = array.array("d"), array.array("d")
    try:
        with socket.create_connection((HOST, port), timeout=60.0) as link:
            link.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            _probe_loop(pipe, link, keys, sent, took)
        pipe.send((sent.tobytes(), took.tobytes()))
    except (OSError, ConnectionError) as error:
        pipe.recv()
        pipe.send(str(error))


def _probe_loop(pipe, link, keys, sent, took):
    requests = [encode("GET", key_at(random.randrange(keys))) for _ in range(1024)]
    waiting = collections.deque()
    buffer = b""
    due = time.monotonic()
    turn = 0
    stop_at = None
    while True:
        now = time.monotonic()
        if stop_at is None and turn % 16 == 0 and pipe.poll():
            pipe.recv()
            stop_at = now + PROBE_DRAIN_SECONDS
        if stop_at is not None and (not waiting or now > stop_at):
            break
        while stop_at is None and due <= now:
            link.sendall(requests[turn % 1024])
            waiting.append(due)
            turn += 1
            due += PROBE_INTERVAL_SECONDS
        pause = 0.01 if stop_at is not None else max(0.0, due - time.monotonic())
        readable, _, _ = select.select([link], [], [], pause)
        if not readable:
            continue
        data = link.recv(1 << 16)
        if not data:
            raise ConnectionError("the server closed the probe's connection")
        buffer += data
        arrived = time.monotonic()
        complete, buffer = _count_bulk_replies(buffer)
        for _ in range(complete):
            began = waiting.popleft()
            sent.append(began)
            took.append(arrived - began)
    for began in waiting:  # never answered: they count with the time they waited
        sent.append(began)
        took.append(time.monotonic() - began)


def _count_bulk_replies(buffer):
    """How many whole bulk replies `buffer` holds, and what is left behind them."""
    count, at = 0, 0
    while True:
        end = buffer.find(b"\r\n", at)
        if end < 0:
            return count, buffer[at:]
        if buffer[at:at + 1] == b"$":
            length = int(buffer[at + 1:end])
            end = end if length < 0 else end + 2 + length
            if length >= 0 and len(buffer) < end + 2:
                return count, buffer[at:]
        elif buffer[at:at + 1] == b"-":
            raise ConnectionError(buffer[at:end].decode(errors="replace"))
        count, at = count + 1, end + 2
