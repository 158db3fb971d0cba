"""redis-py with hiredis's parser, and its asyncio client: pipelines, transactions, pub/sub, the client-side cache.
   with_hiredis.py PORT"""

import asyncio
import sys

import redis
import redis.asyncio
from redis.cache import CacheConfig

PORT = int(sys.argv[1])


def parser():
    assert redis.utils.HIREDIS_AVAILABLE, "hiredis is not installed"
    for protocol in (2, 3):
        client = redis.Redis(port=PORT, protocol=protocol)
        client.flushall()
        pipeline = client.pipeline(transaction=False)
        for number in range(3000):
            pipeline.rpush("list", b"x" * number)
        pipeline.hset("hash", mapping={str(number): number for number in range(1000)})
        pipeline.execute()
        assert [len(item) for item in client.lrange("list", 0, -1)] == list(range(3000))
        assert len(client.hgetall("hash")) == 1000
        try:
            client.incr("list")
        except redis.ResponseError as error:
            assert "WRONGTYPE" in str(error)
        client.close()


def client_side_cache():
    client = redis.Redis(port=PORT, protocol=3, cache_config=CacheConfig())
    other = redis.Redis(port=PORT)
    client.set("cached", 1)
    assert client.get("cached") == b"1"
    other.set("cached", 2)
    assert client.get("cached") == b"2", "the change was not told"
    client.close()


async def asynchronous(protocol):
    client = redis.asyncio.Redis(port=PORT, protocol=protocol)
    await asyncio.gather(*(client.incr("counter") for _ in range(80)))
    assert await client.get("counter") == b"80"
    async with client.pipeline(transaction=True) as pipeline:
        replies = await pipeline.set("a", 1).incr("a").get("a").execute()
    assert replies == [True, 2, b"2"], replies

    async def count_up(pipeline):
        now = int(await pipeline.get("watched") or 0)
        pipeline.multi()
        pipeline.set("watched", now + 1)

    await asyncio.gather(*(client.transaction(count_up, "watched") for _ in range(20)))
    assert await client.get("watched") == b"20"
    pubsub = client.pubsub()
    await pubsub.subscribe("news")
    await pubsub.psubscribe("n*")
    seen = []

    async def listen():
        async for message in pubsub.listen():
            if message["type"].endswith("message"):
                seen.append((message["type"], message["data"]))
            elif message["type"] == "psubscribe":
                await client.publish("news", "hello")
            if len(seen) == 2:
                return

    await asyncio.wait_for(listen(), 10)
    assert sorted(seen) == [("message", b"hello"), ("pmessage", b"hello")], seen
    waiting = asyncio.create_task(client.blpop("queue", timeout=5))
    await asyncio.sleep(0.05)
    await client.rpush("queue", "job")
    # RESP3 and newer clients give a list, others a tuple.
    assert list(await waiting) == [b"queue", b"job"]
    await pubsub.aclose()
    await client.flushall()
    await client.aclose()


parser()
try:
    redis.Redis(port=PORT).execute_command("CLIENT", "TRACKING", "OFF")
except redis.ResponseError:
    print("the server has no CLIENT TRACKING yet: the client-side cache is not tried")
else:
    client_side_cache()
for version in (2, 3):
    asyncio.run(asynchronous(version))
print("hiredis and asyncio work")
