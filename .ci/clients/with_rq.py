"""RQ: jobs, their results, dependencies, failures and the registries.
   with_rq.py PORT"""

import operator
import sys

from redis import Redis
from rq import Queue, SimpleWorker
from rq.job import JobStatus



def result(job):
    """Old versions keep it in the job, new ones in a stream."""
    value = job.return_value
    return value() if callable(value) else value


connection = Redis(port=int(sys.argv[1]))
queue = Queue(connection=connection)
jobs = [queue.enqueue(operator.add, number, number) for number in range(20)]
after = queue.enqueue(operator.mul, 6, 7, depends_on=jobs[-1])
bad = queue.enqueue(operator.truediv, 1, 0)
assert queue.count == 21
assert after.get_status() == JobStatus.DEFERRED
SimpleWorker([queue], connection=connection).work(burst=True, logging_level="CRITICAL")
assert [result(job) for job in jobs] == [2 * number for number in range(20)]
assert result(after) == 42
assert bad.get_status(refresh=True) == JobStatus.FAILED
assert bad.id in queue.failed_job_registry
assert len(queue.finished_job_registry) == 21
assert queue.count == 0
bad.delete()
assert len(queue.failed_job_registry) == 0
print("RQ's jobs ran")
