"""walrus: containers, models with indexes, a cache, a rate limit, completion, consumer groups.

Not tested, as they are Lua scripts: its lock, `cas`, arrays, and queries of models by inequality.
"""

import datetime
import time
from importlib.metadata import version

import walrus
from harness import HOST, Suite, arguments, equal, eventually, raises

options = arguments()
suite = Suite(f"walrus {version('walrus')}")
database = walrus.Database(HOST, options.port, script_dir=None)
check = suite.fresh_check(database)


@check("containers")
def containers():
    table = database.Hash("h")
    table.update(name="Ada", born="1815")
    table["field"] = "value"
    del table["field"]
    equal((table["name"], len(table), "born" in table), (b"Ada", 2, True))
    items = database.List("l")
    items.extend(["a", "b", "c"])
    items.prepend("z")
    equal((list(items), items[1:3], items.pop()), ([b"z", b"a", b"b", b"c"], [b"a", b"b"], b"c"))
    one, two = database.Set("s1"), database.Set("s2")
    one.add(1, 2, 3)
    two.add(3, 4)
    equal((one & two, one | two, one - two),
          ({b"3"}, {b"1", b"2", b"3", b"4"}, {b"1", b"2"}))
    scores = database.ZSet("z")
    scores.add({"charlie": 31, "huey": 3, "mickey": 6})
    equal([key for key, _ in scores], [b"huey", b"mickey", b"charlie"])
    equal((scores.score("mickey"), scores.rank("charlie")), (6.0, 2))
    equal(list(scores.range_by_score(4, 40)), [b"mickey", b"charlie"])
    counter = database.counter("c")
    equal((counter.incr(5), counter.decr(), counter.value()), (5, 4, 4))
    log = database.HyperLogLog("hll")
    log.add(*range(100))
    assert 97 <= len(log) <= 103
    bloom = database.bloom_filter("bloom")
    bloom.add("here")
    equal(("here" in bloom, "there" in bloom), (True, False))


@check("models with indexes")
def models():
    class Person(walrus.Model):
        __database__ = database
        __namespace__ = "tests"
        name = walrus.TextField(primary_key=True)
        biography = walrus.TextField(fts=True)
        city = walrus.TextField(index=True)
        born = walrus.DateField(index=True)

    for name, city, year in (("Ada", "London", 1815), ("Alan", "London", 1912),
                             ("Grace", "New York", 1906)):
        Person.create(name=name, city=city, born=datetime.date(year, 1, 1),
                      biography=f"{name} of {city} wrote programs")
    equal(Person.load("Ada").born, datetime.date(1815, 1, 1))
    equal(sorted(one.name for one in Person.query(Person.city == "London")), ["Ada", "Alan"])
    equal([one.name for one in Person.query(order_by=Person.name)], ["Ada", "Alan", "Grace"])
    equal([one.name for one in Person.query(Person.biography.search("york & programs"))], ["Grace"])
    both = (Person.city == "London") & Person.biography.search("alan")
    equal([one.name for one in Person.query(both)], ["Alan"])
    Person.load("Alan").delete()
    equal(Person.count(), 2)


@check("cache and rate limit")
def cache_and_limit():
    cache = database.cache("c")
    calls = []

    @cache.cached(timeout=1)
    def slow(number):
        calls.append(number)
        return number * 2

    equal((slow(2), slow(2), slow(3)), (4, 4, 6))
    equal(calls, [2, 3])
    eventually(lambda: slow(2) and calls == [2, 3, 2], 3)
    cache.set_many({"a": 1, "b": 2}, timeout=10)
    equal(cache.get_many(["a", "b"]), {"a": 1, "b": 2})
    cache.flush()
    equal(cache.get("a"), None)
    limit = database.rate_limit("r", limit=3, per=60)
    equal([limit.limit("me") for _ in range(5)], [False, False, False, True, True])


@check("completion")
def completion():
    titles = database.autocomplete()
    for number, title in enumerate(["Learning Swift", "Swift by example", "Redis in action"]):
        titles.store(number, title, {"title": title})
    equal({entry["title"] for entry in titles.search("swi")},
          {"Learning Swift", "Swift by example"})
    equal([entry["title"] for entry in titles.search("red act")], ["Redis in action"])
    titles.remove(0)
    equal(titles.exists(0), False)
    titles.flush()
    equal(len(database.keys("walrus*")), 0)


@check("graph")
def graph():
    people = database.graph("people")
    people.store_many([("ada", "knows", "charles"), ("ada", "knows", "mary"),
                       ("mary", "lives", "london"), ("charles", "lives", "bath")])
    equal(sorted(edge["o"] for edge in people.query(s="ada", p="knows")), ["charles", "mary"])
    who = people.v.who
    equal(people.search({"s": "ada", "p": "knows", "o": who},
                        {"s": who, "p": "lives", "o": "london"}), {"who": {"mary"}})


@check("streams and consumer groups")
def streams():
    for name in ("orders", "payments"):
        database.Stream(name).add({"number": name})
    group = database.consumer_group("billing", ["orders", "payments"], consumer="one")
    group.create()
    group.set_id("0")
    read = group.read()
    equal(sorted(name for name, _ in read), [b"orders", b"payments"])
    equal(group.orders.pending()[0]["consumer"], b"one")
    equal(group.orders.ack(dict(read)[b"orders"][0][0]), 1)
    equal(group.orders.pending(), [])
    equal(group.read(block=30), [])
    stream = database.Stream("orders")
    stream.add({"number": "2"})
    equal((len(stream), stream[:][1][1]), (2, {b"number": b"2"}))
    series = database.time_series("series", ["temperature"])
    series.create()
    moment = datetime.datetime(2024, 5, 6, 7, 8, 9)
    series.temperature.add({"value": "21"}, id=moment)
    equal(series.temperature[moment].timestamp, moment)


@check("transactions of a thread")
def transactions():
    with database.atomic() as outer:
        database.get_transaction()
        outer.pipe.set("a", 1)
        equal(walrus.Database(HOST, options.port).get("a"), None)
    equal(database.get("a"), b"1")
    with raises(RuntimeError):
        with database.atomic() as unit:
            unit.pipe.set("a", 2)
            unit.clear()
            raise RuntimeError("no")
    equal(database.get("a"), b"1")


suite.run(options)
suite.exit()
