#!/usr/bin/env python3
"""The digest of Sources/Digest/FORMAT.md, written from that page alone, with nothing but the standard library.

usage: digest.py FILE.json       prints the digests of the datasets in FILE, as JSON
       digest.py --update FILE   writes them into FILE

FILE holds {"cases": [{"name": ..., "frozenAt": ms, "keys": [...]}]}. A key: {"db", "key", "deadline" (null: none),
"type", "value"}. Bytes are hexadecimal; a score is the 16 digits of its bits; an id is [ms, seq].
"""
import hashlib
import json
import sys

TYPES = {"string": 0, "list": 1, "set": 2, "zset": 3, "hash": 4, "stream": 6}
NAN = "7ff8000000000000"


def sha(*parts):
    return hashlib.sha256(b"".join(parts)).digest()


def u64(number):
    return (number % 2**64).to_bytes(8, "little")


def run(text):
    data = bytes.fromhex(text)
    return u64(len(data)) + data


def moment(deadline):
    return b"\0" if deadline is None else b"\1" + u64(deadline)


def ident(pair):
    return u64(pair[0]) + u64(pair[1])


def total(digests):
    """The sum of digests modulo 2^256, as bytes."""
    return (sum(int.from_bytes(each, "little") for each in digests) % 2**256).to_bytes(32, "little")


def is_nan(bits):
    number = int(bits, 16)
    return number >> 52 & 0x7FF == 0x7FF and number & (1 << 52) - 1 != 0


def is_past(deadline, now):
    return deadline is not None and deadline < now


def group_digest(group):
    consumers = [sha(b"C", run(name)) for name in group["consumers"]]
    pending = [
        sha(b"P", ident(each["id"]), run(each["consumer"]), u64(each["time"]), u64(each["count"]))
        for each in group["pending"]
    ]
    return sha(
        b"G", run(group["name"]), ident(group["last"]), u64(group["entriesRead"]),
        u64(len(consumers)), total(consumers), u64(len(pending)), total(pending))


def encode(kind, value, now):
    """The bytes of a value; None where nothing of it is left."""
    if kind == "string":
        return run(value)
    if kind == "list":
        return b"".join(run(each) for each in value) + u64(len(value)) if value else None
    if kind == "stream":
        parts = []
        for entry in value["entries"]:
            parts += [ident(entry["id"]), u64(len(entry["fields"]))]
            parts += [run(each) for each in entry["fields"]]
        groups = [group_digest(each) for each in value["groups"]]
        parts += [
            u64(len(value["entries"])), ident(value["last"]), ident(value["maximumDeleted"]),
            u64(value["entriesAdded"]), u64(len(groups)), total(groups)]
        return b"".join(parts)
    if kind == "set":
        items = [sha(b"M", run(each)) for each in value]
    elif kind == "zset":
        items = [
            sha(b"Z", run(member), u64(int(NAN if is_nan(bits) else bits, 16)))
            for member, bits in value]
    else:
        items = [
            sha(b"F", run(field), run(text), moment(deadline))
            for field, text, deadline in value if not is_past(deadline, now)]
    return total(items) + u64(len(items)) if items else None


def digest(case):
    now = case["frozenAt"]
    finest = {}
    for each in case["keys"]:
        if is_past(each["deadline"], now):
            continue
        value = encode(each["type"], each["value"], now)
        if value is None:
            continue
        name = u64(each["db"]) + run(each["key"])
        bucket = int.from_bytes(sha(b"K", name)[:2], "big")
        kind = bytes([TYPES[each["type"]]])
        finest.setdefault(bucket, []).append(
            sha(b"E", name, moment(each["deadline"]), kind, value))
    level2 = [[] for _ in range(256)]
    for bucket, digests in finest.items():
        level2[bucket >> 8] += digests
    root = sha(b"holdfast-digest-1\n", *[u64(len(each)) + total(each) for each in level2])
    return {
        "root": root.hex(),
        "keys": sum(len(each) for each in finest.values()),
        "level4": [[key, len(each), total(each).hex()] for key, each in sorted(finest.items())],
    }


def main():
    update = sys.argv[1:2] == ["--update"]
    path = sys.argv[-1]
    with open(path, encoding="utf-8") as file:
        content = json.load(file)
    results = [digest(case) for case in content["cases"]]
    if not update:
        json.dump(results, sys.stdout)
        return
    for case, result in zip(content["cases"], results):
        case["expected"] = result
    with open(path, "w", encoding="utf-8") as file:
        file.write('{"cases": [\n')
        for index, case in enumerate(content["cases"]):
            file.write((",\n" if index else "") + json.dumps(case))
        file.write("\n]}\n")


if __name__ == "__main__":
    main()
