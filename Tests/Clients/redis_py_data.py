"""redis-py's data commands, part one: strings, bits, HyperLogLog, geo and the collections."""

from harness import equal, raises
from redis.exceptions import ResponseError


def declare(suite, connect):
    """Add the checks to the suite; `connect` makes a client."""
    client = connect()
    check = suite.fresh_check(client)
    declare_plain(check, client, connect)
    declare_collections(check, client)


def declare_plain(check, client, connect):
    """Strings, bits, HyperLogLog, geo."""

    @check("strings")
    def strings():
        equal(client.set("a", "1"), True)
        equal(client.get("a"), "1")
        equal(client.get("none"), None)
        equal(client.set("a", "2", nx=True), None)
        equal(client.set("a", "2", xx=True, get=True), "1")
        equal(client.set("b", "x", px=50_000), True)
        assert 40_000 < client.pttl("b") <= 50_000
        equal(client.set("b", "y", keepttl=True), True)
        assert client.ttl("b") > 0
        equal(client.getex("b", persist=True), "y")
        equal(client.ttl("b"), -1)
        equal(client.getdel("b"), "y")
        equal(client.incr("n", 41) + client.incr("n"), 83)
        equal(client.decr("n", 2), 40)
        equal(client.incrbyfloat("f", 10.5), 10.5)
        equal(client.append("s", "Hello World"), 11)
        equal(client.getrange("s", 0, 4), "Hello")
        equal(client.setrange("s", 6, "Redis"), 11)
        equal(client.substr("s", -5, -1), "Redis")
        equal(client.strlen("s"), 11)
        equal(client.getset("s", "new"), "Hello Redis")
        equal(client.mset({"m1": "1", "m2": "2"}), True)
        equal(client.mget("m1", "none", "m2"), ["1", None, "2"])
        equal(bool(client.msetnx({"m1": "9", "m3": "9"})), False)
        equal(client.exists("m1", "m3", "m1"), 2)
        client.mset({"l1": "ohmytext", "l2": "mynewtext"})
        equal(client.lcs("l1", "l2"), "mytext")
        equal(client.lcs("l1", "l2", len=True), 6)
        with raises(ResponseError, "not an integer"):
            client.incr("s")

    @check("binary values of any bytes")
    def binary():
        raw = connect(decode_responses=False)
        every = bytes(range(256))
        key = b"\x00\r\n$5\r\n\xff"
        raw.set(key, every * 400)
        equal(raw.get(key), every * 400)
        raw.hset(b"h\x00", every, b"\r\n")
        equal(raw.hgetall(b"h\x00"), {every: b"\r\n"})
        equal(sorted(raw.keys()), sorted([key, b"h\x00"]))
        large = b"x" * (3 << 20)
        raw.set("large", large)
        assert raw.get("large") == large

    @check("bits and bitfields")
    def bits():
        equal(client.setbit("b", 7, 1), 0)
        equal(client.getbit("b", 7), 1)
        equal(client.bitcount("b"), 1)
        client.set("c", b"\xff\xf0\x00")
        equal(client.bitcount("c", 0, 11, "BIT"), 12)
        equal(client.bitpos("c", 0), 12)
        equal(client.bitpos("c", 1, 2), -1)
        equal(client.bitop("AND", "d", "b", "c"), 3)
        equal(client.bitop("NOT", "e", "b"), 1)
        field = client.bitfield("f").set("u8", "#0", 200).incrby("u8", "#0", 100).get("i5", 0)
        equal(field.execute(), [0, 44, 5])
        equal(client.bitfield("f", "FAIL").incrby("u8", 0, 250).execute(), [None])
        equal(client.bitfield("f", "SAT").incrby("u8", 0, 250).execute(), [255])
        equal(client.bitfield_ro("f", "u8", 0), [255])

    @check("HyperLogLog")
    def hyperloglog():
        equal(client.pfadd("h", *range(1000)), 1)
        assert 980 <= client.pfcount("h") <= 1020
        client.pfadd("i", *range(500, 1500))
        assert 1470 <= client.pfcount("h", "i") <= 1530
        equal(client.pfmerge("j", "h", "i"), True)
        equal(client.pfcount("j"), client.pfcount("h", "i"))
        client.set("s", "text")
        with raises(ResponseError):
            client.pfadd("s", 1)

    @check("geo")
    def geo():
        equal(client.geoadd("g", (13.361389, 38.115556, "Palermo",
                                  15.087269, 37.502669, "Catania")), 2)
        equal(round(float(client.geodist("g", "Palermo", "Catania", "km")), 3), 166.274)
        equal(client.geohash("g", "Palermo", "none")[0], "sqc8b49rny0")
        longitude, latitude = client.geopos("g", "Palermo")[0]
        assert abs(longitude - 13.361389) < 1e-5 and abs(latitude - 38.115556) < 1e-5
        equal(client.geosearch("g", longitude=15, latitude=37, radius=200, unit="km", sort="ASC"),
              ["Catania", "Palermo"])
        found = client.geosearch("g", member="Palermo", width=400, height=400, unit="km",
                                 withdist=True, withcoord=True, sort="DESC")
        equal([entry[0] for entry in found], ["Catania", "Palermo"])
        equal(client.geosearchstore("near", "g", longitude=15, latitude=37, radius=100,
                                    unit="km", storedist=True), 1)
        assert 56 < client.zscore("near", "Catania") < 57
        equal(client.georadiusbymember("g", "Catania", 10, "km"), ["Catania"])


def declare_collections(check, client):
    """Hashes, lists, sets, sorted sets."""

    @check("hashes")
    def hashes():
        equal(client.hset("h", mapping={"a": "1", "b": "2"}), 2)
        equal(client.hset("h", "c", "3"), 1)
        equal(client.hget("h", "a"), "1")
        equal(client.hgetall("h"), {"a": "1", "b": "2", "c": "3"})
        equal(client.hmget("h", "a", "none"), ["1", None])
        equal(client.hdel("h", "a", "none"), 1)
        equal(client.hexists("h", "a"), False)
        equal(client.hincrby("h", "b", 5), 7)
        equal(client.hincrbyfloat("h", "b", 0.5), 7.5)
        equal(bool(client.hsetnx("h", "b", "9")), False)
        equal((client.hlen("h"), client.hstrlen("h", "b")), (2, 3))
        equal((sorted(client.hkeys("h")), sorted(client.hvals("h"))), (["b", "c"], ["3", "7.5"]))
        assert client.hrandfield("h") in ("b", "c")
        equal(len(client.hrandfield("h", -5)), 5)
        client.hset("big", mapping={f"field{i}": "v" * 70 for i in range(2000)})
        equal(client.hlen("big"), 2000)
        with raises(ResponseError, "WRONGTYPE"):
            client.lpush("h", "x")

    @check("lists")
    def lists():
        equal(client.rpush("l", *"abcdef"), 6)
        equal(client.lpush("l", "z"), 7)
        equal(client.lrange("l", 0, -1), list("zabcdef"))
        equal((client.lindex("l", 1), client.lindex("l", 99)), ("a", None))
        equal(client.linsert("l", "BEFORE", "c", "x"), 8)
        equal(client.lset("l", 0, "y"), True)
        equal(client.lpos("l", "x"), 3)
        equal(client.lrem("l", 1, "x"), 1)
        equal((client.lpop("l"), client.rpop("l")), ("y", "f"))
        equal(client.lpop("l", 2), ["a", "b"])
        equal(client.ltrim("l", 0, 1), True)
        equal(client.lmove("l", "m", "RIGHT", "LEFT"), "d")
        equal(client.rpoplpush("l", "m"), "c")
        equal(client.exists("l"), 0)
        equal(client.lmpop(2, "l", "m", direction="LEFT", count=5), ["m", ["c", "d"]])
        equal(client.lpushx("l", "x"), 0)
        client.rpush("big", *range(5000))
        equal(client.llen("big"), 5000)
        equal(client.lindex("big", 2500), "2500")
        equal(client.lrange("big", -3, -1), ["4997", "4998", "4999"])

    @check("sets")
    def sets():
        equal(client.sadd("a", *range(1, 6)), 5)
        equal(client.sadd("b", *range(4, 9)), 5)
        equal(set(client.smembers("a")), set("12345"))
        equal(set(client.sinter("a", "b")), set("45"))
        equal(set(client.sunion("a", "b")), set("12345678"))
        equal(set(client.sdiff("a", "b")), set("123"))
        equal(client.sinterstore("i", "a", "b"), 2)
        equal(client.sintercard(2, ["a", "b"], limit=1), 1)
        equal((client.sdiffstore("d", "a", "b"), client.sunionstore("u", "a", "b")), (3, 8))
        equal(bool(client.sismember("a", 1)), True)
        equal([bool(found) for found in client.smismember("a", 1, 99)], [True, False])
        equal(bool(client.smove("a", "b", 1)), True)
        equal(client.srem("a", 2, 99), 1)
        equal(client.scard("a"), 3)
        assert client.spop("a") in "345"
        equal(len(client.srandmember("u", 4)), 4)
        client.sadd("text", "one", "two")
        equal(client.type("text"), "set")

    @check("sorted sets")
    def sorted_sets():
        equal(client.zadd("z", {"a": 1, "b": 2, "c": 3}), 3)
        equal(client.zadd("z", {"a": 5}, gt=True, ch=True), 1)
        equal(client.zincrby("z", 2.5, "b"), 4.5)
        equal(client.zrange("z", 0, -1), ["c", "b", "a"])
        pairs = client.zrange("z", 0, -1, withscores=True)
        equal([(member, score) for member, score in pairs], [("c", 3.0), ("b", 4.5), ("a", 5.0)])
        equal(client.zrange("z", 5, 4, desc=True, byscore=True), ["a", "b"])
        equal(client.zrangebyscore("z", "(3", "+inf", start=0, num=1), ["b"])
        equal((client.zrank("z", "a"), client.zrevrank("z", "a"), client.zrank("z", "x")),
              (2, 0, None))
        equal((client.zscore("z", "b"), client.zmscore("z", ["a", "x"])), (4.5, [5.0, None]))
        equal((client.zcard("z"), client.zcount("z", 4, 5)), (3, 2))
        client.zadd("y", {"a": 10, "d": 1})
        equal(client.zunionstore("u", {"z": 1, "y": 2}, aggregate="MAX"), 4)
        equal(client.zscore("u", "a"), 20)
        equal(client.zinter(["z", "y"]), ["a"])
        equal(client.zdiff(["z", "y"]), ["c", "b"])
        equal(client.zintercard(2, ["z", "y"]), 1)
        equal(client.zrangestore("r", "z", 0, 0), 1)
        client.zadd("lex", dict.fromkeys("abcde", 0))
        equal(client.zrangebylex("lex", "[b", "(d"), ["b", "c"])
        equal((client.zlexcount("lex", "-", "+"), client.zremrangebylex("lex", "-", "[b")), (5, 2))
        equal([list(pair) for pair in client.zpopmin("lex", 2)], [["c", 0.0], ["d", 0.0]])
        equal(client.zmpop(1, ["z"], max=True)[0], "z")
        equal((client.zremrangebyrank("z", 0, 0), client.zremrangebyscore("z", 4, 5)), (1, 1))
        equal(client.exists("z"), 0)
        client.zadd("big", {f"m{i}": i for i in range(3000)})
        equal(client.zrank("big", "m2000"), 2000)
        equal(client.zrevrange("big", 0, 1), ["m2999", "m2998"])
