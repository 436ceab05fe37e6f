"""The worker of arq_queue.py, as `arq` imports it. CLIENTS_PORT is the server's."""

import asyncio
import os

from arq import Retry, cron
from arq.connections import RedisSettings


async def add(_, left, right):
    return left + right


async def fail(_):
    raise ValueError("as asked")


async def stubborn(context, failures):
    if context["job_try"] <= failures:
        raise Retry(defer=0.1)
    return context["job_try"]


async def rest(_, seconds):
    await asyncio.sleep(seconds)
    return seconds


async def tick(context):
    await context["redis"].incr("ticks")


class WorkerSettings:
    """What the worker does, and where."""

    functions = [add, fail, stubborn, rest]
    cron_jobs = [cron(tick, second=set(range(60)), keep_result=0)]
    redis_settings = RedisSettings(host="127.0.0.1", port=int(os.environ["CLIENTS_PORT"]))
    allow_abort_jobs = True
    poll_delay = 0.05
    health_check_interval = 1
    max_tries = 5
