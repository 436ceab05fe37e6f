"""Django's own Redis cache: the whole cache API, its asynchronous half, and sessions kept in it."""

import asyncio

import django
from django.conf import settings
from harness import HOST, Suite, arguments, equal, eventually, raises

options = arguments()
BACKEND = "django.core.cache.backends.redis.RedisCache"
URL = f"redis://{HOST}:{options.port}"
settings.configure(
    CACHES={
        "default": {"BACKEND": BACKEND, "LOCATION": f"{URL}/1"},
        "prefixed": {"BACKEND": BACKEND, "LOCATION": f"{URL}/1", "KEY_PREFIX": "site",
                     "VERSION": 2, "TIMEOUT": 60},
        "several": {"BACKEND": BACKEND, "LOCATION": [f"{URL}/1", f"{URL}/1"],
                    "OPTIONS": {"db": 1, "max_connections": 5}},
    },
    INSTALLED_APPS=["django.contrib.sessions"],
    SESSION_ENGINE="django.contrib.sessions.backends.cache",
    SECRET_KEY="a key for a test", USE_TZ=True)
django.setup()

from django.contrib.sessions.backends.cache import SessionStore  # noqa: E402
from django.core.cache import cache, caches  # noqa: E402
from django.core.cache.utils import make_template_fragment_key  # noqa: E402

suite = Suite(f"Django {django.get_version()} cache")
check = suite.fresh_check(cache._cache.get_client())


@check("set, get, add, delete, get_or_set")
def basics():
    cache.set("a", {"list": [1, 2], "none": None, "text": "ümlaut"})
    equal(cache.get("a"), {"list": [1, 2], "none": None, "text": "ümlaut"})
    equal(cache.get("x"), None)
    equal(cache.get("x", 7), 7)
    cache.set("nothing", None)
    equal(cache.get("nothing", 7), None)
    equal((cache.add("a", 1), cache.add("b", 1)), (False, True))
    equal((cache.delete("b"), cache.delete("b")), (True, False))
    equal((cache.has_key("a"), "b" in cache), (True, False))
    equal(cache.get_or_set("c", lambda: 5), 5)
    equal(cache.get_or_set("c", lambda: 6), 5)
    cache.set("large", b"\x00\xff" * 500_000)
    equal(len(cache.get("large")), 1_000_000)


@check("timeouts and touch")
def timeouts():
    client = cache._cache.get_client()
    cache.set("a", 1)
    assert 290 <= client.ttl(":1:a") <= 300
    equal(cache.touch("a", 1000), True)
    assert 990 <= client.ttl(":1:a") <= 1000
    equal(cache.touch("a", None), True)
    equal(client.ttl(":1:a"), -1)
    equal(cache.touch("x"), False)
    cache.set("b", 1, timeout=1)
    eventually(lambda: cache.get("b") is None, 3)
    cache.set("a", 2, timeout=0)
    equal(cache.get("a"), None)
    equal(cache.add("a", 2, timeout=0), True)
    equal(cache.get("a"), None)


@check("counters")
def counters():
    cache.set("n", 40)
    equal((cache.incr("n"), cache.incr("n", 5), cache.decr("n", 4)), (41, 46, 42))
    equal(cache.get("n"), 42)
    with raises(ValueError, "not found"):
        cache.incr("x")


@check("many keys at once")
def many():
    equal(cache.set_many({f"k{i}": i for i in range(500)}, timeout=100), [])
    equal(cache.get_many(["k1", "k2", "x"]), {"k1": 1, "k2": 2})
    assert cache._cache.get_client().ttl(":1:k499") > 90
    equal(cache.set_many({"forever": 1}, timeout=None), [])
    equal(cache._cache.get_client().ttl(":1:forever"), -1)
    cache.delete_many(["k1", "k2"])
    equal(cache.get_many(["k1", "k2", "k3"]), {"k3": 3})


@check("prefixes, versions, several locations, clear")
def versions():
    prefixed = caches["prefixed"]
    prefixed.set("a", 1)
    equal((cache.get("a"), prefixed.get("a")), (None, 1))
    equal(prefixed.get("a", version=3), None)
    equal(prefixed.incr_version("a"), 3)
    equal((prefixed.get("a"), prefixed.get("a", version=3)), (None, 1))
    equal(prefixed.decr_version("a", version=3), 2)
    caches["several"].set("a", "several")
    equal([caches["several"].get("a") for _ in range(5)], ["several"] * 5)
    equal(cache.clear(), True)
    equal((prefixed.get("a"), cache.get("a")), (None, None))


@check("the asynchronous interface")
def asynchronous():
    async def use():
        await cache.aset("a", 1)
        equal(await cache.aget("a"), 1)
        equal(await cache.aincr("a", 4), 5)
        equal(await cache.aadd("a", 1), False)
        await cache.aset_many({"b": 2, "c": 3})
        equal(await cache.aget_many(["a", "b", "c"]), {"a": 5, "b": 2, "c": 3})
        equal(await cache.aget_or_set("d", 9), 9)
        equal(await cache.atouch("d", 10), True)
        equal(await cache.adelete("d"), True)
        await cache.adelete_many(["a", "b"])
        equal(await cache.ahas_key("a"), False)
        await cache.aclear()
        equal(await cache.aget("c"), None)
    asyncio.run(use())


@check("sessions")
def sessions():
    session = SessionStore()
    session["user"] = 17
    session.save()
    again = SessionStore(session_key=session.session_key)
    equal(again["user"], 17)
    again.cycle_key()
    equal(SessionStore(session_key=session.session_key).get("user"), None)
    equal(SessionStore(session_key=again.session_key)["user"], 17)
    again.flush()
    equal(SessionStore(session_key=again.session_key).get("user"), None)
    cache.set(make_template_fragment_key("sidebar", ["ada"]), "<html>")
    equal(cache.get(make_template_fragment_key("sidebar", ["ada"])), "<html>")


suite.run(options)
suite.exit()
