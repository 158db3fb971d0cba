"""Celery with a broker and a result backend: tasks, groups, retries, results, an expiry of results.
   with_celery.py PORT"""

import os
import subprocess
import sys
import time

import redis
from celery import Celery, group

PORT = os.environ.get("ROTOM_PORT") or sys.argv[1]
app = Celery(
    "with_celery",
    broker=f"redis://127.0.0.1:{PORT}/0",
    backend=f"redis://127.0.0.1:{PORT}/1",
)
# Acknowledgements that survive a worker take a script; until the server runs scripts they are left out.
try:
    redis.Redis(port=int(PORT)).evalsha("0" * 40, 0)
except redis.exceptions.NoScriptError:
    has_scripts = True
except redis.exceptions.ResponseError:
    has_scripts = False
app.conf.update(
    broker_transport_options={} if has_scripts else {"ack_emulation": False},
    broker_connection_retry_on_startup=True, result_expires=60, worker_hijack_root_logger=False)


@app.task
def add(a, b):
    return a + b


@app.task(bind=True, max_retries=2, default_retry_delay=0)
def flaky(self):
    if self.request.retries < 2:
        raise self.retry()
    return self.request.retries


@app.task
def fail():
    raise ValueError("as wished")


def check():
    assert add.delay(2, 3).get(timeout=10) == 5
    results = group(add.s(number, number) for number in range(50)).apply_async().get(timeout=10)
    assert results == [2 * number for number in range(50)]
    assert (add.s(1, 2) | add.s(10)).apply_async().get(timeout=10) == 13
    assert flaky.delay().get(timeout=10) == 2
    try:
        fail.delay().get(timeout=10)
    except ValueError as error:
        assert str(error) == "as wished"
    else:
        raise SystemExit("a failing task has not failed")
    late = add.apply_async((4, 4), countdown=1)
    assert late.get(timeout=10) == 8
    assert app.control.ping(timeout=2), "no worker answers a broadcast"


if __name__ == "__main__":
    folder = os.path.dirname(os.path.abspath(__file__))
    command = [sys.executable, "-B", "-m", "celery", "-A", "with_celery", "--quiet", "worker", "--pool", "solo", "-l", "critical"]
    environment = {**os.environ, "ROTOM_PORT": PORT, "PYTHONPATH": folder, "C_FORCE_ROOT": "1"}
    worker = subprocess.Popen([*command, "--without-mingle", "--without-gossip"], env=environment, cwd=folder)
    try:
        start = time.monotonic()
        check()
        print(f"Celery's tasks ran in {time.monotonic() - start:.1f} s")
    finally:
        worker.terminate()
        worker.wait(timeout=10)
