"""redis-py's asyncio client: the same server from one event loop.

--protocol 2 or 3; --parser hiredis or python, as in redis_py.py.
"""

import asyncio
import sys

from harness import HOST, Suite, arguments, equal, raises

options = arguments(protocol=3, parser="hiredis")
if options.parser == "python":
    sys.modules["hiredis"] = None

import redis  # noqa: E402
import redis.asyncio as aio  # noqa: E402

suite = Suite(f"redis-py {redis.__version__} asyncio RESP{options.protocol} {options.parser}")
LIMIT_SECONDS = 25.0


def connect(**more):
    """A client whose replies have the same shape in both protocols."""
    settings = {
        "host": HOST, "port": options.port, "protocol": options.protocol,
        "decode_responses": True, "legacy_responses": False,
    }
    return aio.Redis(**{**settings, **more})


def check(what):
    """Declare a coroutine that gets a client as a check."""
    def wrap(coroutine):
        async def fresh():
            async with connect() as client:
                await client.flushall()
                await asyncio.wait_for(coroutine(client), LIMIT_SECONDS)
        suite.check(what)(lambda: asyncio.run(fresh()))
        return coroutine
    return wrap


@check("data of every type")
async def data(client):
    equal(await client.set("a", "1", ex=100), True)
    equal(await client.incr("a"), 2)
    equal(await client.hset("h", mapping={"f": "1", "g": "2"}), 2)
    equal(await client.hgetall("h"), {"f": "1", "g": "2"})
    equal(await client.rpush("l", 1, 2, 3), 3)
    equal(await client.lrange("l", 0, -1), ["1", "2", "3"])
    equal(await client.sadd("s", 1, 2), 2)
    equal(set(await client.smembers("s")), {"1", "2"})
    equal(await client.zadd("z", {"a": 1.5}), 1)
    equal(await client.zscore("z", "a"), 1.5)
    await client.xadd("x", {"a": "1"}, id="1-1")
    equal([tuple(entry) for entry in await client.xrange("x")], [("1-1", {"a": "1"})])
    equal({key async for key in client.scan_iter()}, {"a", "h", "l", "s", "z", "x"})


@check("a thousand commands at once")
async def at_once(client):
    pool = aio.BlockingConnectionPool(
        host=HOST, port=options.port, protocol=options.protocol, max_connections=50, timeout=20)
    async with aio.Redis.from_pool(pool) as many:
        replies = await asyncio.gather(*(many.incr("n") for _ in range(1000)))
    equal(sorted(replies), list(range(1, 1001)))


@check("pipelines and transactions with WATCH")
async def transactions(client):
    async with client.pipeline(transaction=False) as pipe:
        for number in range(300):
            pipe.set(f"k{number}", number)
        equal(await pipe.execute(), [True] * 300)
    async with client.pipeline() as pipe:
        await pipe.watch("k1")
        pipe.multi()
        equal(await pipe.incr("k1").get("k1").execute(), [2, "2"])
        await pipe.watch("k1")
        await client.set("k1", "changed")
        pipe.multi()
        with raises(redis.WatchError):
            await pipe.set("k1", "lost").execute()
    equal(await client.get("k1"), "changed")


@check("blocking pops")
async def blocking(client):
    async with connect() as other:
        waiting = asyncio.create_task(other.blpop(["q"], timeout=5))
        await asyncio.sleep(0.1)
        await client.rpush("q", "job")
        equal(list(await waiting), ["q", "job"])
        equal(await other.blpop(["q"], timeout=0.05), None)


@check("pub/sub")
async def pubsub(client):
    async with client.pubsub() as inbox:
        await inbox.subscribe("news")
        await inbox.psubscribe("we*")
        for _ in range(2):
            assert await inbox.get_message(timeout=5)
        equal(await client.publish("news", "a"), 1)
        equal(await client.publish("weather", "b"), 1)
        first = await inbox.get_message(timeout=5)
        second = await inbox.get_message(timeout=5)
        equal((first["type"], first["data"]), ("message", "a"))
        equal((second["type"], second["data"]), ("pmessage", "b"))


@check("a reply that is no longer waited for does not disturb the next")
async def cancelled(client):
    async with connect(single_connection_client=True) as other:
        with raises(asyncio.TimeoutError):
            await asyncio.wait_for(other.blpop(["never"], timeout=20), 0.1)
        equal(await other.set("a", "1"), True)
        equal(await other.get("a"), "1")


suite.run(options)
suite.exit()
