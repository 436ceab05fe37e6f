"""The Celery application of celery_queue.py, as its worker imports it.

CLIENTS_PORT is the server's; CLIENTS_VISIBILITY the seconds after which a task that nobody
acknowledged is taken back.
"""

import os
import time

import locks_without_lua
import redis
from celery import Celery

URL = f"redis://127.0.0.1:{os.environ['CLIENTS_PORT']}"
locks_without_lua.install_if_needed(redis.Redis.from_url(URL))
app = Celery("tests", broker=f"{URL}/0", backend=f"{URL}/1")
app.conf.update(
    worker_hijack_root_logger=False, task_track_started=True, worker_send_task_events=True,
    broker_connection_retry_on_startup=True, result_expires=600, timezone="UTC",
    task_acks_late=True, worker_prefetch_multiplier=2, result_extended=True,
    broker_transport_options={
        "visibility_timeout": float(os.environ.get("CLIENTS_VISIBILITY", 3600))},
    task_routes={"celery_tasks.aside": {"queue": "aside"}})


@app.task
def add(left, right):
    return left + right


@app.task
def total(numbers):
    return sum(numbers)


@app.task
def aside(text):
    return text.upper()


@app.task
def fail():
    raise ValueError("as asked")


@app.task
def now():
    return time.time()


@app.task
def rest(seconds):
    time.sleep(seconds)
    return seconds


@app.task(bind=True, max_retries=3)
def stubborn(self, failures):
    if self.request.retries < failures:
        raise self.retry(countdown=0.1)
    return self.request.retries


@app.task(bind=True)
def progress(self):
    self.update_state(state="PROGRESS", meta={"done": 50})
    time.sleep(0.6)
    return "done"


@app.task(ignore_result=True)
def silent():
    return "nobody sees this"


@app.task
def never_ends_the_first_time(key):
    if redis.Redis.from_url(URL).set(key, os.getpid(), nx=True):
        time.sleep(600)
    return "second time"
