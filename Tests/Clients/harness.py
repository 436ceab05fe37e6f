"""What the client scripts share: named checks, a time limit for each, and an end for every process.

A script makes one `Suite`, decorates its checks, calls `suite.run()`, which prints one line a
check, and ends with `suite.exit()`, with status 1 when one failed:

    ok      redis-py 8.1.0: strings (12 ms)
    FAILED  redis-py 8.1.0: streams: ResponseError: unknown command 'XADD' (redis_py_data.py:90)

A check listed in the file given by --gaps is one the server is known not to pass: it is run all
the same and printed as `gap`. One that passes nevertheless fails the run, so the list stays true.
"""

import argparse
import contextlib
import ctypes
import fnmatch
import os
import signal
import socket
import subprocess
import sys
import tempfile
import time
import traceback

HOST = "127.0.0.1"
CHECK_SECONDS = 30
PR_SET_PDEATHSIG = 1
LIBC = ctypes.CDLL(None, use_errno=True)
HERE = os.path.dirname(os.path.realpath(__file__))


class OutOfTime(Exception):
    """A check took longer than it may."""


class Suite:
    """The checks of one client, in the order of their declaration."""

    def __init__(self, name):
        self.name = name
        self.checks = []
        self.failures = 0

    def check(self, what, seconds=CHECK_SECONDS):
        """Declare a function without arguments as the check `what`."""
        def declare(function):
            self.checks.append((what, seconds, function))
            return function
        return declare

    def fresh_check(self, client):
        """As `check`, each beginning with an empty dataset."""
        def check(what):
            def declare(function):
                def fresh():
                    client.flushall()
                    function()
                self.check(what)(fresh)
                return function
            return declare
        return check

    def run(self, options, beside=None):
        """Run all checks; print a line for each, and the end of `beside`'s log if one failed."""
        gaps = read_gaps(options.gaps)
        signal.signal(signal.SIGALRM, on_alarm)
        for what, seconds, function in self.checks:
            if options.only is None or options.only in what:
                self._run_one(what, seconds, function, gaps)
        if self.failures and beside is not None:
            beside.show_log()

    def exit(self):
        """End the script: 0 when all is good, 1 when a check failed."""
        sys.stdout.flush()
        sys.stderr.flush()
        # BECAUSE: a thread of a library that hangs must not keep a finished script alive.
        os._exit(1 if self.failures else 0)

    def _run_one(self, what, seconds, function, gaps):
        began = time.monotonic()
        label = f"{self.name}: {what}"
        gap = next((why for pattern, why in gaps if fnmatch.fnmatchcase(label, pattern)), None)
        fault = None
        set_alarm(seconds)
        try:
            function()
        except Exception as error:  # any fault of a check is its result
            fault = describe(error)
        finally:
            set_alarm(0)
        took = f"{(time.monotonic() - began) * 1000:.0f} ms"
        if fault is None and gap is None:
            line = f"ok      {label} ({took})"
        elif fault is None:
            self.failures += 1
            line = f"FAILED  {label}: passes now: strike it from the list of gaps ({gap})"
        elif gap is not None:
            line = f"gap     {label}: {gap}"
        else:
            self.failures += 1
            line = f"FAILED  {label}: {fault} ({took})"
        print(line, flush=True)


def set_alarm(seconds):
    """Raise `OutOfTime` after some seconds, 0 for never; the seconds that were left before.

    It is raised again and again, because the first may be lost in a destructor.
    """
    return signal.setitimer(signal.ITIMER_REAL, seconds, 2.0)[0]


def on_alarm(*_):
    raise OutOfTime("took too long")


def describe(error):
    """The error in one line, with the place in the script where it came from."""
    frames = [frame for frame in traceback.extract_tb(error.__traceback__)
              if os.path.dirname(os.path.realpath(frame.filename)) == HERE
              and os.path.basename(frame.filename) != "harness.py"]
    place = f" ({os.path.basename(frames[-1].filename)}:{frames[-1].lineno})" if frames else ""
    text = " ".join(str(error).split())
    if isinstance(error, AssertionError) and frames and not text:
        text = frames[-1].line
    return f"{type(error).__name__}: {text[:300]}{place}"


def read_gaps(path):
    """Pairs of pattern and reason, out of lines `PATTERN | REASON`."""
    if path is None:
        return []
    pairs = []
    with open(path, encoding="utf-8") as file:
        for line in file:
            if line.strip() and not line.startswith("#"):
                pattern, _, why = line.partition(" | ")
                pairs.append((pattern.strip(), why.strip()))
    return pairs


def arguments(**more):
    """The command line that all scripts share, and `more` options with their defaults."""
    parser = argparse.ArgumentParser(description="One client's checks; started by Tools/clients.")
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--gaps", help="file with the checks that are known not to pass")
    parser.add_argument("--only", help="only the checks whose name has this in it")
    for name, default in more.items():
        parser.add_argument(f"--{name}", type=type(default), default=default)
    return parser.parse_args()


def eventually(question, seconds=10.0, what=None):
    """Ask until the answer is true; return it. An AssertionError when that takes too long."""
    deadline = time.monotonic() + seconds
    while True:
        answer = question()
        if answer:
            return answer
        if time.monotonic() > deadline:
            raise AssertionError(what or f"not within {seconds:.0f} s; last answer: {answer!r}")
        time.sleep(0.02)


def equal(got, wanted):
    """Both are the same, or an AssertionError shows them."""
    if got != wanted:
        raise AssertionError(f"got {got!r}, wanted {wanted!r}")


@contextlib.contextmanager
def raises(kind, text=""):
    """The block raises `kind` with `text` in its message."""
    try:
        yield
    except kind as error:
        if text not in str(error):
            raise AssertionError(f"error {str(error)!r} without {text!r}") from error
        return
    raise AssertionError(f"no {kind.__name__}")


class Program:
    """A running program in a process group of its own, with a log.

    A context manager: it is ended by its process id, SIGTERM first, then SIGKILL for its group.
    """

    def __init__(self, words, **environment):
        self.log = tempfile.TemporaryFile()
        self.process = subprocess.Popen(
            words, cwd=HERE, env={**os.environ, **environment}, stdin=subprocess.DEVNULL,
            stdout=self.log, stderr=subprocess.STDOUT, start_new_session=True,
            preexec_fn=lambda: LIBC.prctl(PR_SET_PDEATHSIG, signal.SIGKILL))

    def __enter__(self):
        return self

    def __exit__(self, kind, *_):
        remaining = set_alarm(0)
        self.end()
        if kind is not None:
            self.show_log()
        self.log.close()
        set_alarm(remaining)

    def wait(self, seconds):
        """Wait for its end; the exit status."""
        return self.process.wait(seconds)

    def end(self, patience=8.0):
        """Stop it and what it started; its exit status."""
        if self.process.poll() is None:
            self.process.terminate()
            with contextlib.suppress(subprocess.TimeoutExpired):
                self.process.wait(patience)
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self.process.pid, signal.SIGKILL)
        return self.process.wait()

    def kill(self):
        """End it and what it started as a crash would."""
        os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait()

    def log_text(self):
        """What it has written so far."""
        return os.pread(self.log.fileno(), 1 << 20, 0).decode(errors="replace")

    def show_log(self):
        """Print the end of its log."""
        for line in self.log_text().splitlines()[-25:]:
            print(f"        | {line}", flush=True)


def free_port():
    """A TCP port of the loopback interface that nobody listens on at this moment."""
    with socket.socket() as listener:
        listener.bind((HOST, 0))
        return listener.getsockname()[1]


if __name__ == "__main__":
    print(free_port())
