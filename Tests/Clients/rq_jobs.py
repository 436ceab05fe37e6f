"""The jobs of rq_queue.py, as RQ's workers import them."""

import time

from rq import get_current_job


def add(left, right):
    return left + right


def fail():
    raise ValueError("as asked")


def rest(seconds):
    time.sleep(seconds)
    return seconds


def tell_progress():
    job = get_current_job()
    job.meta["done"] = 50
    job.save_meta()
    return job.id


def on_success(job, connection, result, *_):
    connection.set(f"success:{job.id}", result)


def on_failure(job, connection, kind, value, _):
    connection.set(f"failure:{job.id}", str(value))
