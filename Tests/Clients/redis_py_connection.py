"""redis-py's connections: names, MONITOR, users and passwords, client-side caching."""

import time

import redis
from harness import HOST, equal, eventually, raises
from redis.exceptions import AuthenticationError, NoPermissionError


def declare(suite, connect, protocol):
    """Add the checks to the suite; `connect` makes a client."""
    client = connect()
    check = suite.fresh_check(client)
    declare_connection(check, client, connect, protocol)
    declare_users(check, client, connect)
    if protocol == 3:
        declare_caching(check, client, connect)


def declare_connection(check, client, connect, protocol):
    """What a connection is and may."""

    @check("connections: names, lists, kills, time, INFO")
    def connection():
        named = connect(client_name="worker-1")
        equal(named.client_getname(), "worker-1")
        entry = next(one for one in client.client_list() if one["name"] == "worker-1")
        equal(int(entry["resp"]), protocol)
        equal(entry.get("lib-name", "redis-py").split("(")[0], "redis-py")
        equal(client.client_kill_filter(_id=entry["id"]), 1)
        equal(named.ping(), True)
        assert client.client_id() > 0
        equal(client.echo("hi"), "hi")
        assert abs(client.time()[0] - time.time()) < 5
        assert client.info()["redis_version"] >= "7.0"
        assert client.command_count() > 100
        assert "get" in client.command()
        equal(client.config_get("maxmemory")["maxmemory"], "0")
        equal(client.memory_usage("none"), None)
        assert client.lastsave()
        equal(client.slowlog_reset(), True)

    @check("MONITOR")
    def monitor():
        with connect().monitor() as feed:
            connect().set("seen", "x y")
            lines = feed.listen()
            eventually(lambda: next(lines)["command"] == "SET seen x y")

    @check("a client with nothing but defaults")
    def defaults():
        plain = redis.Redis.from_url(
            f"redis://{HOST}:{client.connection_pool.connection_kwargs['port']}/2")
        plain.zadd("z", {"a": 1})
        equal(plain.zrange("z", 0, -1, withscores=True), [(b"a", 1.0)])
        equal(plain.set("k", "v", ex=10), True)
        equal(plain.lpush("l", "x"), 1)
        equal(dict(plain.info("keyspace")["db2"])["keys"], 3)


def declare_users(check, client, connect):
    """Who may do what."""

    @check("ACL users")
    def users():
        equal(client.acl_whoami(), "default")
        try:
            equal(client.acl_setuser("reader", enabled=True, passwords=["+secret"], keys=["app:*"],
                                     commands=["+get", "+ping"], reset=True), True)
            client.mset({"app:a": "1", "other": "2"})
            reader = connect(username="reader", password="secret")
            equal(reader.get("app:a"), "1")
            with raises(NoPermissionError):
                reader.get("other")
            with raises(NoPermissionError):
                reader.set("app:a", "2")
            with raises(AuthenticationError):
                connect(username="reader", password="wrong").ping()
            user = client.acl_getuser("reader")
            assert "on" in user["flags"], user
            assert "reader" in client.acl_users()
            assert any(line.startswith("user reader on") for line in client.acl_list())
            assert any(entry["username"] == "reader" for entry in client.acl_log())
            assert "string" in client.acl_cat()
        finally:
            equal(client.acl_deluser("reader"), 1)
        with raises(redis.ConnectionError):
            reader.get("app:a")
            reader.get("app:a")

    @check("a password")
    def password():
        client.config_set("requirepass", "open sesame")
        try:
            with raises(AuthenticationError):
                connect().ping()
            equal(connect(password="open sesame").ping(), True)
            equal(connect(username="default", password="open sesame").ping(), True)
        finally:
            connect(password="open sesame").config_set("requirepass", "")
        equal(connect().ping(), True)


def declare_caching(check, client, connect):
    """Client-side caching: the server tells which keys changed."""

    @check("client-side caching")
    def caching():
        from redis.cache import CacheConfig
        from redis.connection import CacheProxyConnection

        # The library asks for 7.4, though what it uses is there since 6.0.
        CacheProxyConnection.MIN_ALLOWED_VERSION = "7.0.0"
        cached = connect(cache_config=CacheConfig())
        cache = cached.get_cache()
        client.set("a", "1")
        equal(cached.get("a"), "1")
        equal(cache.size, 1)
        reads = client.info("stats")["keyspace_hits"]
        equal([cached.get("a") for _ in range(20)], ["1"] * 20)
        equal(client.info("stats")["keyspace_hits"], reads)
        client.set("a", "2")
        eventually(lambda: cached.get("a") == "2", 3)
        client.hset("h", "f", "v")
        equal(cached.hget("h", "f"), "v")
        client.flushall()
        eventually(lambda: cached.hget("h", "f") is None, 3)
        client.set("b", "1", px=60)
        equal(cached.get("b"), "1")
        eventually(lambda: cached.get("b") is None, 3)
