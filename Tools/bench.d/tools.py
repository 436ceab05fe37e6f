"""What the sections on offline tools share: where the tools are, logs to feed them, how long a run takes."""

import os
import subprocess
import time

from servers import RunError

RELEASE = os.path.join(os.path.dirname(os.path.dirname(os.path.dirname(os.path.realpath(__file__)))),
                       ".build", "release")


def path(name):
    """The tool of this name, as it is built for release."""
    return os.path.join(RELEASE, name)


def write_log(file_path, keys, writes, value_bytes):
    """A plain log of SETs, `writes` a key, in an order that jumps about; answers its bytes."""
    value = b"x" * value_bytes
    with open(file_path, "wb", buffering=1 << 20) as file:
        file.write(b"*2\r\n$6\r\nSELECT\r\n$1\r\n0\r\n")
        for turn in range(keys * writes):
            file.write(b"*3\r\n$3\r\nSET\r\n$16\r\nkey:%012d\r\n$%d\r\n%s\r\n"
                       % (turn * 7919 % keys, value_bytes, value))
    return os.path.getsize(file_path)


def seconds(command):
    """The wall time of a command that must succeed."""
    began = time.monotonic()
    done = subprocess.run(command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, check=False)
    if done.returncode != 0:
        raise RunError(f"{command[0]} ended with {done.returncode}: {done.stderr[:200]!r}")
    return time.monotonic() - began


def by_turns(bench, section, works):
    """Seconds of each work a round, in an order that is turned round each time; `works` answer them."""
    rounds = []
    for turn in range(bench.options.rounds):
        names = list(works) if turn % 2 == 0 else list(works)[::-1]
        rounds.append({name: works[name]() for name in names})
        bench.report.progress(
            f"{section} round {turn + 1}: " + ", ".join(f"{n} {s:.2f} s" for n, s in rounds[-1].items()))
    return rounds
