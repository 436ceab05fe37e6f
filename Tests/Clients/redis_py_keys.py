"""redis-py's data commands, part two: streams, expiry, scans, SORT, DUMP, several databases."""

import time

from harness import equal, eventually, raises
from redis.exceptions import ResponseError


def declare(suite, connect):
    """Add the checks to the suite; `connect` makes a client."""
    client = connect()
    check = suite.fresh_check(client)
    declare_streams(check, client)
    declare_keys(check, client, connect)


def declare_streams(check, client):
    """Streams, with and without groups."""

    def entries(reply, key):
        """The entries of XREAD's reply, which is a list or a map."""
        value = reply[key] if isinstance(reply, dict) else dict(map(tuple, reply))[key]
        nested = len(value) == 1 and isinstance(value[0], list)
        return [tuple(entry) for entry in (value[0] if nested else value)]

    @check("streams")
    def streams():
        first = client.xadd("s", {"a": "1"}, id="1-1")
        equal(first, "1-1")
        equal(client.xadd("s", {"b": "2"}, id="1-*"), "1-2")
        last = client.xadd("s", {"c": "3"})
        equal(client.xlen("s"), 3)
        equal(client.xrange("s")[0][1], {"a": "1"})
        equal([entry[0] for entry in client.xrange("s", "(1-1", "1-9")], ["1-2"])
        equal(client.xrevrange("s", count=1)[0][0], last)
        equal([entry[0] for entry in entries(client.xread({"s": "1-1"}, count=1), "s")], ["1-2"])
        equal(client.xdel("s", "1-2"), 1)
        equal(client.xtrim("s", maxlen=1, approximate=False), 1)
        equal(client.xinfo_stream("s")["length"], 1)
        for number in range(500):
            client.xadd("t", {"n": number}, maxlen=100, approximate=False)
        equal(client.xlen("t"), 100)
        equal(client.xadd("none", {"a": 1}, nomkstream=True), None)
        with raises(ResponseError, "equal or smaller"):
            client.xadd("s", {"a": 1}, id="1-1")

    @check("streams with groups")
    def groups():
        equal(client.xgroup_create("s", "g", id="0", mkstream=True), True)
        with raises(ResponseError, "BUSYGROUP"):
            client.xgroup_create("s", "g")
        ids = [client.xadd("s", {"n": number}) for number in range(5)]
        read = entries(client.xreadgroup("g", "one", {"s": ">"}, count=3), "s")
        equal([entry[0] for entry in read], ids[:3])
        equal(client.xack("s", "g", ids[0]), 1)
        equal(client.xpending("s", "g")["pending"], 2)
        pending = client.xpending_range("s", "g", "-", "+", 10)
        equal([(entry["message_id"], entry["consumer"]) for entry in pending],
              [(ids[1], "one"), (ids[2], "one")])
        equal([entry[0] for entry in client.xclaim("s", "g", "two", 0, [ids[1]])], [ids[1]])
        equal([entry[0] for entry in client.xautoclaim("s", "g", "two", 0)[1]], ids[1:3])
        equal([entry[0] for entry in entries(client.xreadgroup("g", "two", {"s": "0"}), "s")],
              ids[1:3])
        equal(client.xinfo_groups("s")[0]["consumers"], 2)
        equal({consumer["name"]: consumer["pending"]
               for consumer in client.xinfo_consumers("s", "g")}, {"one": 0, "two": 2})
        equal(client.xgroup_setid("s", "g", "0"), True)
        equal(client.xgroup_delconsumer("s", "g", "two"), 2)
        equal(client.xgroup_destroy("s", "g"), 1)
        with raises(ResponseError, "NOGROUP"):
            client.xreadgroup("g", "one", {"s": ">"})


def declare_keys(check, client, connect):
    """The keyspace: expiry, scans, SORT, DUMP, other databases."""

    @check("expiry")
    def expiry():
        client.mset({"a": 1, "b": 1, "c": 1})
        equal(client.pexpire("a", 80), True)
        equal(client.expireat("b", int(time.time()) + 100), True)
        assert 98 <= client.ttl("b") <= 100
        assert client.expiretime("b") > time.time()
        equal(client.expire("b", 50, gt=True), False)
        equal(client.expire("c", 50, nx=True), True)
        equal(client.persist("c"), True)
        equal((client.ttl("c"), client.ttl("none")), (-1, -2))
        eventually(lambda: client.get("a") is None, 3)
        equal(client.dbsize(), 2)
        client.setex("d", 1, "x")
        equal(client.expire("d", -1), True)
        equal(client.exists("d"), 0)

    @check("scan iterators")
    def scans():
        with client.pipeline(transaction=False) as pipe:
            for number in range(1500):
                pipe.set(f"key:{number}", number)
            pipe.execute()
        client.hset("h", mapping={f"f{i}": i for i in range(700)})
        client.sadd("s", *(f"m{i}" for i in range(700)))
        client.zadd("z", {f"m{i}": i for i in range(700)})
        equal(len(set(client.scan_iter("key:*", count=100))), 1500)
        equal(set(client.scan_iter(_type="zset")), {"z"})
        equal(len(dict(client.hscan_iter("h", count=50))), 700)
        equal(len(set(client.sscan_iter("s", match="m1*"))), 111)
        equal(dict(client.zscan_iter("z"))["m5"], 5.0)

    @check("sort")
    def sort():
        client.rpush("l", 3, 1, 2)
        equal(client.sort("l"), ["1", "2", "3"])
        equal(client.sort("l", desc=True, start=0, num=2), ["3", "2"])
        client.mset({"w1": 9, "w2": 5, "w3": 1, "n1": "a", "n2": "b", "n3": "c"})
        equal(client.sort("l", by="w*", get="n*"), ["c", "b", "a"])
        equal(client.sort("l", store="out"), 3)
        equal(client.lrange("out", 0, -1), ["1", "2", "3"])
        client.sadd("words", "pear", "apple")
        equal(client.sort("words", alpha=True), ["apple", "pear"])
        equal(client.sort_ro("l"), ["1", "2", "3"])

    @check("dump and restore of every type")
    def dump():
        raw = connect(decode_responses=False)
        raw.set("string", b"\x00text")
        raw.rpush("list", *range(300))
        raw.sadd("set", *range(20))
        raw.sadd("words", *(f"w{i}" for i in range(300)))
        raw.zadd("zset", {f"m{i}": i / 3 for i in range(300)})
        raw.hset("hash", mapping={f"f{i}": "v" * i for i in range(100)})
        raw.xadd("stream", {"a": "1"}, id="5-1")
        raw.xgroup_create("stream", "group", "0")
        raw.xreadgroup("group", "reader", {"stream": ">"})
        for key in ("string", "list", "set", "words", "zset", "hash", "stream"):
            equal(raw.restore(f"{key}2", 0, raw.dump(key)), b"OK")
            equal(raw.type(f"{key}2"), raw.type(key))
        equal(raw.get("string2"), b"\x00text")
        equal(raw.lrange("list2", 0, -1), raw.lrange("list", 0, -1))
        equal(set(raw.smembers("words2")), set(raw.smembers("words")))
        equal(raw.zrange("zset2", 0, -1, withscores=True),
              raw.zrange("zset", 0, -1, withscores=True))
        equal(raw.hgetall("hash2"), raw.hgetall("hash"))
        equal(raw.xrange("stream2"), raw.xrange("stream"))
        equal(raw.xpending("stream2", "group")["pending"], 1)
        with raises(ResponseError, "BUSYKEY"):
            raw.restore("list2", 0, raw.dump("list"))
        with raises(ResponseError, "checksum"):
            raw.restore("bad", 0, raw.dump("list")[:-1] + b"!")
        equal(raw.restore("list2", 60_000, raw.dump("string"), replace=True), b"OK")
        assert raw.pttl("list2") > 0

    @check("keys, databases, copies")
    def keys():
        client.mset({"a": "1", "b": "2"})
        equal(sorted(client.keys("[ab]")), ["a", "b"])
        equal(client.rename("a", "c"), True)
        equal(bool(client.renamenx("c", "b")), False)
        equal(client.copy("c", "d"), True)
        equal(client.touch("c", "d", "none"), 2)
        equal(client.unlink("d"), 1)
        equal(client.object("encoding", "c"), "int")
        assert client.randomkey() in ("b", "c")
        equal(bool(client.move("c", 3)), True)
        other = connect(db=3)
        equal(other.get("c"), "1")
        client.swapdb(0, 3)
        equal((client.get("c"), other.get("b")), ("1", "2"))
        equal(client.copy("c", "c", destination_db=5), True)
        equal(connect(db=5).get("c"), "1")
        equal(other.flushdb(), True)
        equal((other.dbsize(), client.dbsize()), (0, 1))
