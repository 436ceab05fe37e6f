"""Celery: a worker process of two children, the server as broker and as result backend.

kombu's lock is a Lua script; for a server without Lua the application replaces it, see
locks_without_lua.py.
"""

import datetime
import gc
import os
import sys
import time

from harness import HOST, Program, Suite, arguments, equal, eventually, raises

options = arguments()
os.environ["CLIENTS_PORT"] = str(options.port)

import celery  # noqa: E402
import kombu  # noqa: E402
import redis  # noqa: E402
from celery import chain, chord, group  # noqa: E402
from celery.exceptions import TaskRevokedError  # noqa: E402
from celery_tasks import (  # noqa: E402
    add, app, aside, fail, never_ends_the_first_time, now, progress, rest, silent, stubborn,
    total)

# BECAUSE: the destructor of a result takes a lock of redis-py's, which is not reentrant: when the
# collector happens to call it while that lock is held, the script waits for itself.
gc.disable()
PATIENCE = 15
suite = Suite(f"Celery {celery.__version__}, kombu {kombu.__version__}")
client = redis.Redis(HOST, options.port)
client.flushall()


def start_worker(name, **environment):
    """A worker process with two children."""
    return Program([
        sys.executable, "-B", "-m", "celery", "-A", "celery_tasks", "worker", "--concurrency", "2",
        "--queues", "celery,aside", "--loglevel", "INFO", "--hostname", f"{name}@clients"],
        **environment)


worker = start_worker("worker")


@suite.check("a worker starts and answers a ping", seconds=45)
def ping():
    eventually(lambda: app.control.inspect(timeout=0.5).ping(), 40, "no answer from a worker")


@suite.check("a task and its result")
def result():
    outcome = add.delay(2, 3)
    equal(outcome.get(PATIENCE), 5)
    equal((outcome.state, outcome.name), ("SUCCESS", "celery_tasks.add"))
    equal(app.AsyncResult(outcome.id).get(PATIENCE), 5)
    outcome.forget()
    equal(outcome.state, "PENDING")


@suite.check("a hundred tasks")
def hundred():
    outcomes = [add.delay(number, number) for number in range(100)]
    equal([outcome.get(PATIENCE) for outcome in outcomes], [2 * i for i in range(100)])


@suite.check("a failing task")
def failing():
    outcome = fail.delay()
    with raises(ValueError, "as asked"):
        outcome.get(PATIENCE)
    equal(outcome.state, "FAILURE")
    assert "ValueError" in outcome.traceback


@suite.check("retries")
def retries():
    equal(stubborn.delay(2).get(PATIENCE), 2)
    with raises(celery.exceptions.MaxRetriesExceededError):
        stubborn.delay(9).get(PATIENCE)


@suite.check("countdown and ETA")
def later():
    began = time.time()
    soon = now.apply_async(countdown=1)
    eta = datetime.datetime.now(datetime.timezone.utc) + datetime.timedelta(seconds=1.5)
    at_time = now.apply_async(eta=eta)
    assert soon.get(PATIENCE) - began >= 0.95
    assert at_time.get(PATIENCE) - began >= 1.45


@suite.check("a group")
def groups():
    outcome = group(add.s(number, 1) for number in range(20)).apply_async()
    equal(outcome.get(PATIENCE), list(range(1, 21)))
    outcome.save()
    equal(app.GroupResult.restore(outcome.id).get(PATIENCE), list(range(1, 21)))


@suite.check("a chain")
def chains():
    equal(chain(add.s(1, 2), add.s(3), add.s(4)).apply_async().get(PATIENCE), 10)


@suite.check("a chord")
def chords():
    equal(chord((add.s(number, number) for number in range(10)), total.s())().get(PATIENCE), 90)
    nested = chord([group(add.s(1, 1), add.s(2, 2)), add.s(3, 3)], total.s())
    equal(nested.apply_async().get(PATIENCE), 12)
    failing_body = chord([fail.si(), add.s(1, 1)], total.s())()
    eventually(lambda: failing_body.state == "FAILURE")
    assert isinstance(failing_body.result, celery.exceptions.ChordError), failing_body.result


@suite.check("states on the way to a result")
def states():
    outcome = progress.delay()
    eventually(lambda: outcome.state == "PROGRESS" and outcome.info == {"done": 50})
    equal(outcome.get(PATIENCE), "done")


@suite.check("another queue, priorities, no result")
def queues():
    equal(aside.delay("text").get(PATIENCE), "TEXT")
    equal(add.apply_async((1, 1), priority=9).get(PATIENCE), 2)
    outcome = silent.delay()
    time.sleep(0.3)
    equal(outcome.state, "PENDING")


@suite.check("expiry and revocation")
def revoked():
    past = add.apply_async((1, 1), expires=-1)
    with raises(TaskRevokedError):
        past.get(PATIENCE)
    outcome = add.apply_async((1, 1), countdown=60)
    app.control.revoke(outcome.id)
    eventually(lambda: outcome.id in str(app.control.inspect(timeout=0.5).revoked()))
    running = rest.delay(60)
    eventually(lambda: running.state == "STARTED")
    running.revoke(terminate=True)
    with raises(TaskRevokedError):
        running.get(PATIENCE)


@suite.check("remote control: queues, statistics, a new queue")
def control():
    inspect = app.control.inspect(timeout=1.0)
    equal({queue["name"] for queue in inspect.active_queues()["worker@clients"]},
          {"celery", "aside"})
    assert inspect.stats()["worker@clients"]["total"]["celery_tasks.add"] > 100
    app.control.add_consumer("fresh", reply=True)
    equal(add.apply_async((3, 4), queue="fresh").get(PATIENCE), 7)


@suite.check("events")
def events():
    seen = []
    with app.connection_for_read() as connection:
        receiver = app.events.Receiver(connection, handlers={
            "task-succeeded": lambda event: seen.append(event["uuid"])})
        with receiver.consumer_context() as (connection, _, _):
            outcome = add.delay(1, 1)

            def drained():
                try:
                    connection.drain_events(timeout=0.2)
                except OSError:
                    pass
                return outcome.id in seen

            eventually(drained)


@suite.check("purge")
def purge():
    for _ in range(10):
        add.apply_async((1, 1), queue="unread")
    with app.connection_for_write() as connection, connection.channel() as channel:
        equal(channel.queue_purge("unread"), 10)


@suite.check("a worker told to stop finishes its task and gives back what it holds")
def stop():
    held = add.apply_async((1, 1), countdown=300)
    eventually(lambda: held.id in str(app.control.inspect(timeout=0.5).scheduled()))
    outcome = rest.delay(1.0)
    eventually(lambda: outcome.state == "STARTED")
    worker.process.terminate()
    equal(worker.wait(20), 0)
    equal(outcome.get(PATIENCE), 1.0)
    equal((client.hlen("unacked"), client.zcard("unacked_index")), (0, 0))
    assert any(held.id.encode() in message for message in client.lrange("celery", 0, -1))


@suite.check("the task of a killed worker is taken back by the next one", seconds=45)
def killed():
    client.flushall()
    outcome = never_ends_the_first_time.delay("killed")
    with start_worker("first") as first:
        eventually(lambda: client.get("killed"), 20)
        first.kill()
    equal((client.hlen("unacked"), client.llen("celery")), (1, 0))
    time.sleep(1.1)
    with start_worker("second", CLIENTS_VISIBILITY="1"):
        equal(outcome.get(PATIENCE), "second time")


with worker:
    suite.run(options, worker)
suite.exit()
