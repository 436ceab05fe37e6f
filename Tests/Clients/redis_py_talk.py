"""redis-py's ways to talk: pipelines, transactions, waiting, pub/sub, keyspace notifications."""

import threading

from harness import equal, eventually, raises
from locks_without_lua import TransactionLock
from redis.exceptions import LockNotOwnedError, ResponseError, WatchError
from redis.lock import Lock


def declare(suite, connect):
    """Add the checks to the suite; `connect` makes a client."""
    client = connect()
    check = suite.fresh_check(client)
    declare_groups_of_commands(check, client, connect)
    declare_blocking(check, client, connect)
    declare_messages(check, client, connect)


def soon(action, delay=0.15):
    """Call `action` on another thread a little later."""
    timer = threading.Timer(delay, action)
    timer.daemon = True
    timer.start()
    return timer


def next_message(pubsub, seconds=5.0):
    """The next message that is not the confirmation of a subscription."""
    return eventually(lambda: pubsub.get_message(ignore_subscribe_messages=True, timeout=0.2),
                      seconds, "no message")


def declare_groups_of_commands(check, client, connect):
    """Pipelines and transactions."""

    @check("pipelines")
    def pipelines():
        with client.pipeline(transaction=False) as pipe:
            for number in range(1000):
                pipe.set(f"k{number}", number).incr(f"k{number}")
            replies = pipe.execute()
        equal(len(replies), 2000)
        equal(replies[1::2], list(range(1, 1001)))
        with client.pipeline(transaction=False) as pipe:
            replies = pipe.set("s", "x").incr("s").get("s").execute(raise_on_error=False)
        assert isinstance(replies[1], ResponseError), replies
        equal(replies[2], "x")

    @check("transactions")
    def transactions():
        with client.pipeline() as pipe:
            pipe.set("a", 1).incr("a").hset("h", mapping={"f": "v"}).hgetall("h").mget("a", "b")
            equal(pipe.execute(), [True, 2, 1, {"f": "v"}, ["2", None]])
        with client.pipeline() as pipe:
            replies = pipe.incr("h").incr("a").execute(raise_on_error=False)
        assert isinstance(replies[0], ResponseError), replies
        equal(replies[1], 3)
        with client.pipeline() as pipe, raises(ResponseError, "wrong number of arguments"):
            pipe.incr("a").execute_command("GET")
            pipe.execute()
        equal(client.get("a"), "3")

    @check("transactions with WATCH")
    def watching():
        client.set("balance", 10)
        with client.pipeline() as pipe:
            pipe.watch("balance")
            now = int(pipe.get("balance"))
            pipe.multi()
            equal(pipe.set("balance", now + 1).execute(), [True])
            pipe.watch("balance")
            connect().set("balance", 99)
            pipe.multi()
            with raises(WatchError):
                pipe.set("balance", 0).execute()
        equal(client.get("balance"), "99")
        attempts = []

        def double(pipe):
            value = int(pipe.get("balance"))
            attempts.append(value)
            if len(attempts) < 3:
                connect().incr("balance")
            pipe.multi()
            pipe.set("balance", value * 2)

        equal(client.transaction(double, "balance"), [True])
        equal((attempts, client.get("balance")), ([99, 100, 101], "202"))

    def locking(kind):
        with client.lock("resource", timeout=10, lock_class=kind) as lock:
            other = connect().lock("resource", timeout=10, lock_class=kind)
            equal(other.acquire(blocking=False), False)
            equal(lock.extend(10), True)
            assert client.pttl("resource") > 15_000
            equal(lock.reacquire(), True)
            assert client.pttl("resource") <= 10_000
        equal(other.acquire(blocking=False), True)
        client.set("resource", "somebody else's")
        with raises(LockNotOwnedError):
            other.release()

    check("locks")(lambda: locking(Lock))
    check("locks without Lua")(lambda: locking(TransactionLock))

    @check("many threads, one pool")
    def threads():
        def work():
            for _ in range(100):
                client.incr("n")
        crew = [threading.Thread(target=work) for _ in range(8)]
        for thread in crew:
            thread.start()
        for thread in crew:
            thread.join(20)
        equal(client.get("n"), "800")


def declare_blocking(check, client, connect):
    """Commands that wait."""

    @check("blocking pops of lists")
    def lists():
        other = connect()
        equal(client.blpop(["l"], timeout=0.05), None)
        soon(lambda: other.rpush("l", "a"))
        equal(list(client.blpop(["x", "l"], timeout=5)), ["l", "a"])
        soon(lambda: other.rpush("l", "b", "c"))
        equal(list(client.brpop("l", timeout=5)), ["l", "c"])
        equal(client.blmove("l", "m", 1, "LEFT", "RIGHT"), "b")
        soon(lambda: other.lpush("l", "d"))
        equal(client.blmpop(5, 2, "x", "l", direction="LEFT"), ["l", ["d"]])
        soon(lambda: other.lpush("l", "e"))
        equal(client.brpoplpush("l", "m", 5), "e")

    @check("blocking pops of sorted sets")
    def sorted_sets():
        other = connect()
        equal(client.bzpopmin(["z"], timeout=0.05), None)
        soon(lambda: other.zadd("z", {"a": 1, "b": 2, "c": 3}))
        equal(list(client.bzpopmin(["z"], timeout=5)), ["z", "a", 1.0])
        equal(list(client.bzpopmax(["z"], timeout=5)), ["z", "c", 3.0])
        equal(client.bzmpop(1, 1, ["z"], min=True)[0], "z")

    @check("blocking reads of streams")
    def streams():
        other = connect()
        assert not client.xread({"s": "$"}, block=50)
        soon(lambda: other.xadd("s", {"a": "1"}))
        assert "s" in str(client.xread({"s": "$"}, block=5000))
        client.xgroup_create("s", "g", "$")
        soon(lambda: other.xadd("s", {"b": "2"}))
        assert "'b': '2'" in str(client.xreadgroup("g", "c", {"s": ">"}, block=5000))

    @check("the client that waits longest is served first")
    def fairness():
        order = []

        def wait(name):
            connect().blpop("q", timeout=5)
            order.append(name)

        crew = []
        for name in ("first", "second", "third"):
            crew.append(threading.Thread(target=wait, args=(name,), daemon=True))
            crew[-1].start()
            eventually(lambda: client.info("clients")["blocked_clients"] == len(crew), 3)
        for count in range(3):
            client.rpush("q", count)
            eventually(lambda: len(order) == count + 1, 3)
        equal(order, ["first", "second", "third"])


def declare_messages(check, client, connect):
    """Publish and subscribe, and the keyspace's own messages."""

    @check("pub/sub")
    def pubsub():
        with client.pubsub() as inbox:
            inbox.subscribe("news")
            inbox.psubscribe("weather.*")
            kinds = {eventually(lambda: inbox.get_message(timeout=0.2))["type"] for _ in range(2)}
            equal(kinds, {"subscribe", "psubscribe"})
            equal(client.publish("news", "hello"), 1)
            message = next_message(inbox)
            equal((message["type"], message["channel"], message["data"]),
                  ("message", "news", "hello"))
            equal(client.publish("weather.rome", "sun"), 1)
            message = next_message(inbox)
            equal((message["pattern"], message["channel"]), ("weather.*", "weather.rome"))
            equal(client.pubsub_channels(), ["news"])
            equal(client.pubsub_numpat(), 1)
            equal(dict(client.pubsub_numsub("news", "x")), {"news": 1, "x": 0})
            inbox.ping()
            inbox.unsubscribe("news")
            eventually(lambda: client.pubsub_channels() == [], 3)
            equal(client.publish("news", "nobody"), 0)

    @check("pub/sub with a listening thread")
    def listening():
        received = []
        inbox = client.pubsub(ignore_subscribe_messages=True)
        inbox.subscribe(orders=lambda message: received.append(message["data"]))
        thread = inbox.run_in_thread(sleep_time=0.01, daemon=True)
        try:
            eventually(lambda: client.publish("orders", "0") == 1, 3)
            for number in range(1, 200):
                client.publish("orders", number)
            eventually(lambda: len(received) == 200, 5)
            equal(received, [str(number) for number in range(200)])
        finally:
            thread.stop()
            thread.join(5)

    @check("sharded pub/sub")
    def sharded():
        with client.pubsub() as inbox:
            inbox.ssubscribe("orders")
            eventually(lambda: client.pubsub_shardchannels() == ["orders"], 3)
            equal(client.spublish("orders", "one"), 1)
            assert "one" in str(eventually(
                lambda: inbox.get_message(ignore_subscribe_messages=True, timeout=0.2), 3))

    @check("keyspace notifications")
    def notifications():
        before = client.config_get("notify-keyspace-events")["notify-keyspace-events"]
        client.config_set("notify-keyspace-events", "KEA")
        try:
            with client.pubsub() as inbox:
                inbox.psubscribe("__key*@0__:*")
                eventually(lambda: inbox.get_message(timeout=0.2))
                client.set("a", 1)
                client.lpush("l", 1)
                client.pexpire("a", 30)
                seen = [next_message(inbox) for _ in range(6)]
                equal([(message["channel"], message["data"]) for message in seen], [
                    ("__keyspace@0__:a", "set"), ("__keyevent@0__:set", "a"),
                    ("__keyspace@0__:l", "lpush"), ("__keyevent@0__:lpush", "l"),
                    ("__keyspace@0__:a", "expire"), ("__keyevent@0__:expire", "a")])
                equal(next_message(inbox)["data"], "expired")
        finally:
            client.config_set("notify-keyspace-events", before)
