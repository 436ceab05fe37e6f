"""RQ: queues filled here, emptied by `rq worker` processes.

--scheduler yes: the worker's scheduler too, in versions whose scheduler locks without Lua.
Not tested, as they are Lua scripts: `Queue.empty`, unique jobs, rate limits.
"""

import datetime
import os
import sys
import time
from importlib.metadata import version

import redis
import rq_jobs
from harness import HOST, HERE, Program, Suite, arguments, equal, eventually, raises
from rq import Callback, Queue, Retry, Worker
from rq.command import send_shutdown_command, send_stop_job_command
from rq.exceptions import NoSuchJobError
from rq.group import Group
from rq.job import Dependency, Job
from rq.registry import (
    CanceledJobRegistry, DeferredJobRegistry, FailedJobRegistry, FinishedJobRegistry,
    ScheduledJobRegistry, StartedJobRegistry)
from rq.results import Result

options = arguments(scheduler="no")
suite = Suite(f"RQ {version('rq')}")
client = redis.Redis(HOST, options.port)
check = suite.fresh_check(client)
queue = Queue("jobs", connection=client)
BURST_SECONDS = 25


def worker(*words):
    """A worker process."""
    return Program([os.path.join(os.path.dirname(sys.executable), "rq"), "worker", "--url",
                    f"redis://{HOST}:{options.port}/0", "--path", HERE, *words],
                   PYTHONDONTWRITEBYTECODE="1")


def burst(*words, queues=("jobs",)):
    """Let a worker do what there is to do."""
    with worker("--burst", *words, *queues) as program:
        equal(program.wait(BURST_SECONDS), 0)


def status(job):
    """A job's status as text."""
    return str(getattr(job.get_status(), "value", job.get_status()))


@check("jobs, their results and registries")
def jobs():
    good, bad = queue.enqueue(rq_jobs.add, 2, 3), queue.enqueue(rq_jobs.fail)
    short = queue.enqueue(rq_jobs.add, 1, 1, result_ttl=0)
    first = queue.enqueue(rq_jobs.add, "a", "b", at_front=True, description="first")
    equal(queue.job_ids, [first.id, good.id, bad.id, short.id])
    equal((len(queue), queue.get_job_position(good.id)), (4, 1))
    burst()
    equal((good.return_value(), status(good)), (5, "finished"))
    equal((first.return_value(), Job.fetch(first.id, client).description), ("ab", "first"))
    equal(status(bad), "failed")
    equal(bad.latest_result().type, Result.Type.FAILED)
    assert "as asked" in bad.latest_result().exc_string
    equal(Job.exists(short.id, client), False)
    equal(set(FinishedJobRegistry(queue=queue).get_job_ids()), {good.id, first.id})
    equal(FailedJobRegistry(queue=queue).get_job_ids(), [bad.id])
    equal(len(queue), 0)


@check("requeue, cancel, delete")
def requeue():
    bad = queue.enqueue(rq_jobs.fail)
    cancelled = queue.enqueue(rq_jobs.add, 1, 2)
    cancelled.cancel()
    equal(CanceledJobRegistry(queue=queue).get_job_ids(), [cancelled.id])
    burst()
    bad.requeue()
    equal(queue.job_ids, [bad.id])
    burst()
    equal(len(bad.results()), 2)
    bad.delete()
    with raises(NoSuchJobError):
        Job.fetch(bad.id, client)


@check("retries, callbacks, progress")
def retries():
    stubborn = queue.enqueue(rq_jobs.fail, retry=Retry(max=2))
    good = queue.enqueue(rq_jobs.add, 2, 2, on_success=Callback(rq_jobs.on_success))
    bad = queue.enqueue(rq_jobs.fail, on_failure=Callback(rq_jobs.on_failure))
    meta = queue.enqueue(rq_jobs.tell_progress)
    burst()
    stubborn.refresh()
    equal((status(stubborn), stubborn.retries_left), ("failed", 0))
    equal((client.get(f"success:{good.id}"), client.get(f"failure:{bad.id}")), (b"4", b"as asked"))
    equal((meta.return_value(), Job.fetch(meta.id, client).meta), (meta.id, {"done": 50}))


@check("dependencies")
def dependencies():
    parents = [queue.enqueue(rq_jobs.add, number, number) for number in range(3)]
    child = queue.enqueue(rq_jobs.add, 9, 9, depends_on=parents)
    bad = queue.enqueue(rq_jobs.fail)
    anyway = queue.enqueue(rq_jobs.add, 1, 1,
                           depends_on=Dependency(jobs=bad, allow_failure=True))
    never = queue.enqueue(rq_jobs.add, 1, 1, depends_on=bad)
    equal(set(DeferredJobRegistry(queue=queue).get_job_ids()), {child.id, anyway.id, never.id})
    burst()
    equal((child.return_value(), anyway.return_value()), (18, 2))
    equal(status(never), "deferred")


@check("many jobs, several queues, groups")
def many():
    high, low = Queue("high", connection=client), Queue("low", connection=client)
    datas = [Queue.prepare_data(rq_jobs.add, (number, 1)) for number in range(20)]
    jobs = low.enqueue_many(datas)
    urgent = high.enqueue(rq_jobs.add, 5, 5)
    group = Group.create(connection=client, name="batch")
    grouped = group.enqueue_many(low, datas[:3])
    equal(sorted(each.name for each in Queue.all(connection=client)), ["high", "low"])
    burst(queues=("high", "low"))
    equal([job.return_value() for job in jobs], list(range(1, 21)))
    urgent.refresh()
    jobs[0].refresh()
    assert urgent.ended_at < jobs[0].started_at
    equal({job.id for job in group.get_jobs()}, {job.id for job in grouped})


@check("a job that takes too long")
def too_long():
    job = queue.enqueue(rq_jobs.rest, 30, job_timeout=1)
    burst()
    equal(status(job), "failed")
    assert "JobTimeout" in job.latest_result().exc_string


@check("a waiting worker: heartbeat, commands, shutdown")
def waiting():
    with worker("--name", "w1", "jobs") as program:
        eventually(lambda: Worker.count(connection=client) == 1, 15)
        job = queue.enqueue(rq_jobs.rest, 60)
        eventually(lambda: status(job) == "started")
        equal(len(StartedJobRegistry(queue=queue)), 1)
        (found,) = Worker.all(connection=client)
        equal((found.name, found.get_current_job_id()), ("w1", job.id))
        send_stop_job_command(client, job.id)
        eventually(lambda: status(job) == "stopped")
        after = queue.enqueue(rq_jobs.add, 3, 4)
        eventually(lambda: after.return_value() == 7)
        send_shutdown_command(client, "w1")
        equal(program.wait(10), 0)
    equal(Worker.count(connection=client), 0)


@check("scheduled jobs wait in their registry")
def scheduled():
    moment = datetime.datetime.now(datetime.timezone.utc) + datetime.timedelta(hours=1)
    job = queue.enqueue_at(moment, rq_jobs.add, 1, 1)
    soon = queue.enqueue_in(datetime.timedelta(seconds=60), rq_jobs.add, 2, 2)
    registry = ScheduledJobRegistry(queue=queue)
    equal(registry.get_job_ids(), [soon.id, job.id])
    assert abs((registry.get_scheduled_time(job) - moment).total_seconds()) < 2
    burst()
    equal((len(registry), status(job)), (2, "scheduled"))
    registry.remove(soon)
    equal(len(registry), 1)


def with_scheduler():
    soon = queue.enqueue_in(datetime.timedelta(seconds=1), rq_jobs.add, 2, 2)
    hour = queue.enqueue_in(datetime.timedelta(hours=1), rq_jobs.add, 2, 2)
    stubborn = queue.enqueue(rq_jobs.fail, retry=Retry(max=1, interval=1))
    burst()
    equal((status(stubborn), status(soon)), ("scheduled", "scheduled"))
    time.sleep(2.1)
    burst("--with-scheduler")
    burst()
    equal((soon.return_value(), status(hour)), (4, "scheduled"))
    stubborn.refresh()
    equal((status(stubborn), stubborn.retries_left), ("failed", 0))


if options.scheduler == "yes":
    check("scheduled jobs by a worker with a scheduler")(with_scheduler)

suite.run(options)
suite.exit()
