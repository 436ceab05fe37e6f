"""arq: jobs as coroutines, a worker process; sorted sets, WATCH and blocking on nothing.

No part of arq is a Lua script, so all of it is tested.
"""

import asyncio
import datetime
import os
import sys
import time
from importlib.metadata import version

from arq import create_pool
from arq.connections import RedisSettings
from arq.jobs import Job, JobStatus
from harness import HOST, Program, Suite, arguments, equal, raises

options = arguments()
suite = Suite(f"arq {version('arq')}")
settings = RedisSettings(host=HOST, port=options.port)
PATIENCE = 15


def check(what):
    """Declare a coroutine that gets a pool as a check."""
    def wrap(coroutine):
        async def open_pool():
            pool = await create_pool(settings)
            try:
                await coroutine(pool)
            finally:
                await pool.aclose()
        suite.check(what)(lambda: asyncio.run(open_pool()))
        return coroutine
    return wrap


async def until(question, seconds=10.0):
    """Ask until the answer is true; return it."""
    deadline = time.monotonic() + seconds
    while not (answer := await question()):
        assert time.monotonic() < deadline, f"last answer: {answer!r}"
        await asyncio.sleep(0.02)
    return answer


async def clear():
    pool = await create_pool(settings)
    await pool.flushall()
    await pool.aclose()


@check("jobs and results")
async def results(pool):
    job = await pool.enqueue_job("add", 2, 3)
    equal(await job.result(PATIENCE), 5)
    equal(await job.status(), JobStatus.complete)
    info = await job.result_info()
    equal((info.function, info.args, info.success), ("add", (2, 3), True))
    assert any(one.job_id == job.job_id for one in await pool.all_job_results())
    bad = await pool.enqueue_job("fail")
    with raises(ValueError, "as asked"):
        await bad.result(PATIENCE)


@check("a hundred jobs at once")
async def hundred(pool):
    jobs = await asyncio.gather(*(pool.enqueue_job("add", number, 1) for number in range(100)))
    equal(await asyncio.gather(*(job.result(PATIENCE) for job in jobs)), list(range(1, 101)))


@check("one job for one identifier")
async def unique(pool):
    first, second = await asyncio.gather(
        *(pool.enqueue_job("add", 1, 1, _job_id="only", _defer_by=0.3) for _ in range(2)))
    equal([first, second].count(None), 1)
    equal(await Job("only", pool).result(PATIENCE), 2)


@check("retries")
async def retries(pool):
    equal(await (await pool.enqueue_job("stubborn", 2)).result(PATIENCE), 3)
    with raises(Exception, "max 5 retries exceeded"):
        await (await pool.enqueue_job("stubborn", 9)).result(PATIENCE)


@check("deferred jobs")
async def deferred(pool):
    began = time.time()
    job = await pool.enqueue_job("add", 1, 1, _defer_by=0.8)
    far = await pool.enqueue_job(
        "add", 1, 1, _defer_until=datetime.datetime.now() + datetime.timedelta(hours=1))
    equal(await job.status(), JobStatus.deferred)
    assert far.job_id in {one.job_id for one in await pool.queued_jobs()}
    equal(await job.result(PATIENCE), 2)
    assert time.time() - began >= 0.75
    equal(await far.abort(timeout=PATIENCE), True)


@check("abort of a running job")
async def abort(pool):
    job = await pool.enqueue_job("rest", 60)

    async def running():
        return await job.status() == JobStatus.in_progress

    await until(running)
    equal(await job.abort(timeout=PATIENCE), True)


@check("cron jobs and the worker's health")
async def cron(pool):
    async def two_ticks():
        return int(await pool.get("ticks") or 0) >= 2

    await until(two_ticks)

    async def health():
        return b"j_complete=" in (await pool.get("arq:queue:health-check") or b"")

    await until(health)


asyncio.run(clear())
worker = Program([os.path.join(os.path.dirname(sys.executable), "arq"), "arq_jobs.WorkerSettings"],
                 CLIENTS_PORT=str(options.port), PYTHONPATH=os.path.dirname(__file__),
                 PYTHONDONTWRITEBYTECODE="1")


@suite.check("the worker stops when it is told to")
def stop():
    worker.process.terminate()
    worker.wait(10)
    assert "shutdown on SIGTERM" in worker.log_text()


with worker:
    suite.run(options, worker)
suite.exit()
