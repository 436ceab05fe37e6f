#!/usr/bin/env python3
"""Makes defects.v1.json: small logs with one defect each, and what a real redis-server does with them.

usage: make.py [--redis redis-server]       writes defects.v1.json beside itself

Each case is a data directory: its files (base64), how the server is started, and the verdict of a start of the
real server on a copy: whether it answers, what its log says, how many keys it has, how many bytes it cut.
The logs of Holdfast are written here from Sources/Backends/AppendOnlyFile/FORMAT.md alone.
"""
import argparse
import base64
import json
import os
import shutil
import socket
import subprocess
import tempfile
import time

HERE = os.path.dirname(os.path.abspath(__file__))
NAME = "appendonly.aof"
FOLDER = "appendonlydir"


# Bytes of logs

def record(*words):
    words = [w if isinstance(w, bytes) else str(w).encode() for w in words]
    return b"*%d\r\n" % len(words) + b"".join(b"$%d\r\n%s\r\n" % (len(w), w) for w in words)


def sets(first, last):
    return b"".join(record("SET", f"key{n}", f"value{n}") for n in range(first, last + 1))


SELECT = record("SELECT", 0)


def crc32c(data, seed=0):
    crc = seed ^ 0xFFFFFFFF
    for byte in data:
        crc ^= byte
        for _ in range(8):
            crc = crc >> 1 ^ (0x82F63B78 if crc & 1 else 0)
    return crc ^ 0xFFFFFFFF


def crc64(data):
    crc = 0
    for byte in data:
        crc ^= byte
        for _ in range(8):
            crc = crc >> 1 ^ (0x95AC9329AC4BC9B5 if crc & 1 else 0)
    return crc


SALT = 0x0000000200000001


def line(kind, *fields, salt=SALT):
    text = b"#HF1 " + kind.encode() + b" " + b"".join(b"%x " % f for f in fields)
    return text + b"%x\r\n" % crc32c(text, salt & 0xFFFFFFFF)


def group(sequence, count, payload, durable=0, time_=1717245296000, salt=SALT):
    total = crc32c(payload, salt >> 32)
    return line("g", sequence, count, len(payload), time_, durable, total, salt=salt) + payload


def ours(groups=5, durable=None, closed=False):
    """An increment: its first group selects database 0; each has two commands."""
    out = [line("f", SALT, 1, 0)]
    for n in range(groups):
        first = n * 2 + 1
        payload = (SELECT if n == 0 else b"") + sets(first, first + 1)
        out.append(group(first, 2, payload, durable=first - 1 if durable is None else durable))
    if closed:
        out.append(line("c", groups * 2, 1717245297000))
    return out


def manifest(*entries, head=True):
    body = b"".join(e.encode() + b"\n" for e in entries)
    return (b"#HF1 manifest crc=%x\n" % crc32c(body) if head else b"") + body


INCREMENT = f"file {NAME}.1.incr.aof seq 1 type i"
OURS = INCREMENT + f" salt {SALT:x}"


def rdb(count=3, summed=True):
    body = b"REDIS0010" + b"\xfa\x09redis-ver\x067.0.15" + b"\xfe\x00"
    for n in range(count):
        key, value = f"base{n}".encode(), f"thing{n}".encode()
        body += b"\x00" + bytes([len(key)]) + key + bytes([len(value)]) + value
    body += b"\xff"
    return body + (crc64(body).to_bytes(8, "little") if summed else bytes(8))


def multi(increment, base=None, second=None, named=None):
    """A directory of Redis 7: base (a snapshot), one or two increments, a manifest."""
    files = {f"{FOLDER}/{NAME}.1.base.rdb": rdb() if base is None else base,
             f"{FOLDER}/{NAME}.1.incr.aof": increment}
    entries = [f"file {NAME}.1.base.rdb seq 1 type b", INCREMENT]
    if second is not None:
        files[f"{FOLDER}/{NAME}.2.incr.aof"] = second
        entries.append(f"file {NAME}.2.incr.aof seq 2 type i")
    files[f"{FOLDER}/{NAME}.manifest"] = named if named is not None else manifest(*entries, head=False)
    return files


def single(content):
    return {NAME: content}


def holdfast(parts, entries=(OURS,), head=True):
    return {f"{FOLDER}/{NAME}.1.incr.aof": b"".join(parts),
            f"{FOLDER}/{NAME}.manifest": manifest(*entries, head=head)}


def flipped(data, place, bit=1):
    return data[:place] + bytes([data[place] ^ bit]) + data[place + 1:]


def replaced(data, old, new):
    assert data.count(old) == 1, old
    return data.replace(old, new)


def cases():
    good = SELECT + sets(1, 20)
    middle = good.index(record("SET", "key10", "value10"))
    yield "whole", "a base, an increment: nothing is wrong", multi(good)
    yield "single", "the single file of Redis before 7", single(good)
    yield "preamble", "a single file: a snapshot, then commands", single(rdb() + good)
    yield "value-bit", "a bit of a value is flipped", multi(replaced(good, b"value10", b"value30"))
    yield "count-zero", "a record with *0", multi(good[:middle] + b"*0\r\n" + good[middle:])
    yield "count-negative", "a record with *-1", multi(good[:middle] + b"*-1\r\n" + good[middle:])
    yield "count-low", "*3 has become *2", multi(flipped(good, middle + 1, 1))
    yield "count-high", "*3 has become *7", multi(flipped(good, middle + 1, 4))
    yield "unknown-command", "a command that nobody knows", multi(good[:middle] + record("FROBNICATE", "x") + good[middle:])
    yield "arity-high", "STRLEN with two arguments more", multi(good[:middle] + record("STRLEN", "key1", "x", "y") + good[middle:])
    yield "wrong-type", "RPUSH on a string", multi(good + record("RPUSH", "key1", "x"))
    yield "exec-alone", "EXEC without MULTI", multi(good[:middle] + record("EXEC") + good[middle:])
    yield "multi-nested", "MULTI within MULTI", multi(good + record("MULTI") + record("SET", "a", 1) + record("MULTI") + record("SET", "b", 1) + record("EXEC"))
    yield "length-junk", "letters behind a length", multi(replaced(good, b"$7\r\nvalue10", b"$7x\r\nvalue10"))
    yield "line-end", "the CR LF behind a value is XX", multi(replaced(good, b"value10\r\n", b"value10XX"))
    yield "length-short", "a length digit too low in the middle", multi(replaced(good, b"$7\r\nvalue10", b"$3\r\nvalue10"))
    yield "length-long", "a length digit too high in the middle", multi(replaced(good, b"$7\r\nvalue10", b"$9\r\nvalue10"))
    yield "zeroes-middle", "64 zero bytes in the middle", multi(good[:middle] + bytes(64) + good[middle + 64:])
    yield "zeroes-tail", "64 zero bytes at the end", multi(good + bytes(64))
    yield "length-huge", "a length of 1 GB early", multi(replaced(good, b"$6\r\nvalue2\r\n", b"$1073741824\r\nvalue2\r\n"))
    yield "length-enormous", "a length of nearly 2^63", multi(replaced(good, b"$6\r\nvalue2\r\n", b"$9223372036854775000\r\nvalue2\r\n"))
    yield "length-negative", "a negative length", multi(replaced(good, b"$7\r\nvalue10", b"$-7\r\nvalue10"))
    yield "inline", "a command as a line of words", multi(good[:middle] + b"SET inline 1\r\n" + good[middle:])
    yield "manifest-empty", "the manifest has no bytes", multi(good, named=b"")
    yield "manifest-unknown-word", "the manifest has a word that Redis 8 writes", multi(good, named=manifest(f"file {NAME}.1.base.rdb seq 1 type b", INCREMENT + " startoffset 0", head=False))
    yield "manifest-two-bases", "the manifest names two bases", multi(good, named=manifest(f"file {NAME}.1.base.rdb seq 1 type b", f"file {NAME}.1.base.rdb seq 2 type b", INCREMENT, head=False))
    yield "manifest-order", "increments in a falling order", multi(good, second=sets(21, 25), named=manifest(f"file {NAME}.2.incr.aof seq 2 type i", INCREMENT, head=False))
    yield "manifest-no-newline", "the manifest's last line doesn't end", multi(good, named=manifest(f"file {NAME}.1.base.rdb seq 1 type b", INCREMENT, head=False)[:-1])
    yield "increment-unnamed", "an increment that the manifest doesn't name", multi(good, second=SELECT + sets(21, 25), named=manifest(f"file {NAME}.1.base.rdb seq 1 type b", INCREMENT, head=False))
    missing = multi(good, second=SELECT + sets(21, 25))
    del missing[f"{FOLDER}/{NAME}.1.incr.aof"]
    yield "increment-missing", "the manifest names an increment that isn't there", missing
    yield "increment-empty", "an increment without a byte", multi(b"")
    yield "torn-first", "a torn tail in the first of two increments", multi(good[:-3], second=SELECT + sets(21, 25))
    yield "torn-last", "a torn tail in the last increment", multi(good[:-3])
    yield "torn-count", "the last increment ends within *3", multi(good + b"*3")
    yield "torn-transaction", "the log ends within a transaction", multi(good + record("MULTI") + record("SET", "a", 1))
    yield "torn-transaction-record", "the log ends within a record of a transaction", multi(good + record("MULTI") + record("SET", "a", 1) + record("SET", "b", 2)[:-4])
    yield "annotations", "#TS lines", multi(b"#TS:1717245296\r\n" + SELECT + sets(1, 5) + b"#TS:1717245297\r\n" + sets(6, 9))
    yield "comment-long", "a comment of 1,200 bytes", multi(good[:middle] + b"#" + b"x" * 1200 + b"\r\n" + good[middle:])
    yield "read-only", "files that may only be read", multi(good)
    yield "snapshot-alone", "a directory with only dump.rdb", {"dump.rdb": rdb()}
    yield "base-bit", "a bit of a value in the base is flipped", multi(good, base=replaced(rdb(), b"thing1", b"thinG1"))
    yield "base-bit-unsummed", "the same in a base without a checksum", multi(good, base=replaced(rdb(summed=False), b"thing1", b"thinG1"))
    yield "base-garbage", "garbage behind the base's checksum", multi(good, base=rdb() + b"garbage")
    yield "base-torn", "the base ends early", multi(good, base=rdb()[:-20])
    yield "base-newer", "the base is of a version to come", multi(good, base=replaced(rdb(), b"REDIS0010", b"REDIS0099"))
    yield "preamble-bit", "a bit of a value in a single file's snapshot is flipped", single(replaced(rdb(), b"thing1", b"thinG1") + good)
    yield "empty-file", "a single file without a byte", single(b"")
    yield "noise", "a single file of noise", single(bytes((n * 7919 >> 3) % 251 for n in range(3000)))
    parts = ours()
    yield "ours", "a log of ours, closed", holdfast(ours(closed=True))
    yield "ours-value-bit", "a bit in a group that was durable", holdfast([parts[0], parts[1], replaced(parts[2], b"value3", b"value1")] + parts[3:])
    yield "ours-line-bit", "a bit in the line of a group that was durable", holdfast([parts[0], parts[1], flipped(parts[2], 7, 1)] + parts[3:])
    yield "ours-tail-bit", "a bit in the last group, of which no sync is known", holdfast(parts[:5] + [replaced(parts[5], b"value9", b"value8")])
    yield "ours-torn", "the last group ends early", holdfast(parts[:5] + [parts[5][:-5]])
    yield "ours-torn-line", "the last group's line ends early", holdfast(parts[:5] + [parts[5][:20]])
    yield "ours-zeroes-tail", "zero bytes at the end", holdfast(parts + [bytes(512)])
    yield "ours-group-lost", "a group is missing in the middle", holdfast(parts[:2] + parts[3:])
    yield "ours-head-bit", "a bit in the head of the file", holdfast([flipped(parts[0], 8, 1)] + parts[1:])
    yield "ours-appended", "a plain Redis has written behind our groups", holdfast(parts + [SELECT + sets(11, 14)])
    yield "ours-appended-torn", "the same, torn", holdfast(parts + [SELECT + sets(11, 14)[:-6]])
    bad = holdfast(parts)
    bad[f"{FOLDER}/{NAME}.manifest"] = bad[f"{FOLDER}/{NAME}.manifest"].replace(b"seq 1", b"seq 2")
    yield "ours-manifest", "the manifest's checksum is wrong", bad
    yield "ours-manifest-bare", "the manifest lost its first line", holdfast(parts, head=False)
    base = line("b", SALT + 7, 4, 1717245296000, salt=SALT + 7) + group(1, 2, SELECT + sets(1, 2), salt=SALT + 7)
    closing = line("c", 2, 1717245296000, salt=SALT + 7)
    later = line("f", SALT, 5, 4) + group(5, 2, SELECT + sets(5, 6), durable=4)
    for name, about, content in (("ours-base", "a base of ours and an increment", base + closing), ("ours-base-open", "a base without its closing mark", base)):
        yield name, about, {
            f"{FOLDER}/{NAME}.1.base.aof": content, f"{FOLDER}/{NAME}.1.incr.aof": later,
            f"{FOLDER}/{NAME}.manifest": manifest(f"file {NAME}.1.base.aof seq 1 type b salt {SALT + 7:x}", OURS)}


# What Redis does

def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def ask(port, text):
    with socket.create_connection(("127.0.0.1", port), timeout=5) as link:
        link.sendall(text + b"\r\n")
        return link.recv(4096)


def size_of_log(folder):
    total = 0
    for parent, _, names in os.walk(folder):
        total += sum(os.path.getsize(os.path.join(parent, n)) for n in names if n.endswith((".aof", ".rdb")))
    return total


def start(redis, files, read_only):
    folder = tempfile.mkdtemp(prefix="aof-fixture-")
    try:
        for path, content in files.items():
            path = os.path.join(folder, path)
            os.makedirs(os.path.dirname(path), exist_ok=True)
            with open(path, "wb") as file:
                file.write(content)
            if read_only:
                os.chmod(path, 0o444)
        before = size_of_log(folder)
        port = free_port()
        log = os.path.join(folder, "redis.log")
        with open(log, "wb") as out:
            server = subprocess.Popen(
                [redis, "--port", str(port), "--bind", "127.0.0.1", "--dir", folder, "--appendonly", "yes",
                 "--save", "", "--crash-log-enabled", "no"], stdout=out, stderr=out)
        verdict = {"outcome": "refuses", "keys": None, "cutBytes": 0}
        until = time.time() + 20
        while time.time() < until and server.poll() is None:
            try:
                if ask(port, b"PING").startswith(b"+PONG"):
                    verdict["keys"] = int(ask(port, b"DBSIZE")[1:-2])
                    cut = before - size_of_log(folder)
                    verdict["cutBytes"] = max(0, cut)
                    verdict["outcome"] = "cuts" if cut > 0 else "starts"
                    break
            except (OSError, ValueError):
                pass
            time.sleep(0.02)
        if server.poll() is None:
            server.kill()
        code = server.wait()
        if verdict["outcome"] == "refuses" and code != 1:
            verdict["outcome"] = "crashes"
        with open(log, errors="replace") as text:
            lines = [l.split(" # ", 1)[1].strip() for l in text if " # " in l]
        skipped = ("oO0Oo", "WARNING", "Redis version", "Configuration", "Server initialized", "Redis is now ready", "Can't chdir")
        verdict["log"] = [l.replace(folder, "DIR") for l in lines if not l.startswith(skipped)][:4]
        return verdict
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--redis", default="redis-server")
    options = parser.parse_args()
    version = subprocess.run([options.redis, "--version"], capture_output=True, text=True, check=True).stdout
    document = {"redis": version.split(" ")[2][2:], "cases": []}
    for name, about, files in cases():
        verdict = start(options.redis, files, name == "read-only")
        print(f"{name:26} {verdict['outcome']:8} {verdict['keys']} {verdict['cutBytes']} {verdict['log'][:1]}")
        document["cases"].append({
            "name": name, "about": about, "readOnly": name == "read-only",
            "files": {path: base64.b64encode(content).decode() for path, content in files.items()},
            "redis": verdict})
    with open(os.path.join(HERE, "defects.v1.json"), "w") as file:
        json.dump(document, file, indent=1)
        file.write("\n")


if __name__ == "__main__":
    main()
