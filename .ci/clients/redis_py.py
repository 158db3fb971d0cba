"""redis-py with its default connection does real work: every family, pipelines, scans, many threads.

    redis_py.py PORT
"""

import sys
import threading
import time

import redis


def strings(r):
    assert r.set("greeting", "hello") is True
    assert r.get("greeting") == "hello"
    assert r.set("greeting", "x", nx=True) is None
    assert r.set("greeting", "world", get=True) == "hello"
    assert r.getex("greeting", ex=100) == "world"
    assert 0 < r.ttl("greeting") <= 100
    assert r.append("greeting", "!") == 6 and r.getrange("greeting", 1, 3) == "orl"
    assert r.mset({"a": 1, "b": "2"}) is True and r.mget("a", "b", "none") == ["1", "2", None]
    assert r.incr("a", 41) == 42 and r.decr("a") == 41
    assert abs(r.incrbyfloat("pi", 3.5) - 3.5) < 1e-9
    assert r.getdel("greeting") == "world!" and r.get("greeting") is None


def hashes(r):
    assert r.hset("hash", mapping={"name": "rotom", "kind": "ghost", "level": 7}) == 3
    assert r.hgetall("hash") == {"name": "rotom", "kind": "ghost", "level": "7"}
    assert r.hincrby("hash", "level", 3) == 10 and r.hget("hash", "level") == "10"
    assert r.hmget("hash", "name", "none") == ["rotom", None]
    assert dict(r.hscan_iter("hash"))["kind"] == "ghost"
    assert r.hdel("hash", "kind", "none") == 1 and r.hlen("hash") == 2
    assert set(r.hrandfield("hash", 5)) == {"name", "level"}


def lists(r):
    assert r.rpush("list", *range(10)) == 10
    assert r.lrange("list", 0, 2) == ["0", "1", "2"] and r.lindex("list", -1) == "9"
    assert r.lpop("list", 2) == ["0", "1"] and r.rpop("list") == "9"
    assert r.linsert("list", "before", "5", "x") == 8 and r.lpos("list", "x") == 3
    assert r.lmove("list", "other", "LEFT", "RIGHT") == "2"
    assert r.ltrim("list", 0, 1) is True and r.llen("list") == 2


def sets(r):
    assert r.sadd("set", *range(100)) == 100 and r.scard("set") == 100
    assert r.smembers("set") == {str(n) for n in range(100)}
    assert r.sismember("set", 5) and r.smismember("set", [5, 500]) == [1, 0]
    assert len(r.spop("set", 10)) == 10 and r.scard("set") == 90
    assert {*r.sscan_iter("set")} == r.smembers("set")
    assert r.srem("set", *range(100)) == 90 and not r.exists("set")


def sorted_sets(r):
    scores = {f"player:{n}": n * 1.5 for n in range(300)}
    assert r.zadd("board", scores) == 300
    assert r.zscore("board", "player:3") == 4.5 and r.zrank("board", "player:3") == 3
    assert r.zrange("board", 0, 1, withscores=True) == [["player:0", 0.0], ["player:1", 1.5]] or r.zrange(
        "board", 0, 1, withscores=True
    ) == [("player:0", 0.0), ("player:1", 1.5)]
    assert r.zrange("board", 3, 6, byscore=True) == ["player:2", "player:3", "player:4"]
    assert r.zincrby("board", 1000, "player:7") == 1010.5
    assert r.zrange("board", 0, 0, desc=True) == ["player:7"]
    assert r.zcount("board", "-inf", "(3") == 2
    assert {member: score for member, score in r.zscan_iter("board")} == scores | {"player:7": 1010.5}
    assert [member for member, _ in r.zpopmin("board", 2)] == ["player:0", "player:1"]


def blocking(r):
    other = redis.Redis(connection_pool=r.connection_pool)
    assert r.rpush("jobs", "a", "b", "c") == 3
    assert pair(r.blpop("jobs")) == ("jobs", "a") and pair(r.brpop(["none", "jobs"], 1)) == ("jobs", "c")
    assert r.blmove("jobs", "done", 0) == "b" and r.brpoplpush("done", "jobs", 1) == "b"
    assert r.blmpop(1, 2, "none", "jobs", direction="LEFT", count=5) == ["jobs", ["b"]]
    started = time.monotonic()
    assert r.blpop("jobs", 0.1) is None and r.bzpopmin("board2", 0.1) is None
    assert time.monotonic() - started >= 0.2
    # One that waits is woken by another.
    for wait, push, expected in (
        (lambda: pair(r.blpop(["x", "jobs"], 0)), lambda: other.rpush("jobs", "1"), ("jobs", "1")),
        (lambda: r.blmove("jobs", "done", 0), lambda: other.rpush("jobs", "2"), "2"),
        (lambda: tuple(r.bzpopmax("board2", 0)), lambda: other.zadd("board2", {"m": 2.5}), ("board2", "m", 2.5)),
        (lambda: r.bzmpop(0, 1, ["board2"], min=True)[0], lambda: other.zadd("board2", {"m": 2.5}), "board2"),
        (lambda: pair(r.brpop("jobs", 0)), lambda: other.rename("done", "jobs"), ("jobs", "2")),
    ):
        pusher = threading.Thread(target=lambda: (until_blocked(other, 1), push()))
        pusher.start()
        assert wait() == expected
        pusher.join()
    # Many workers take each job once.
    taken = []
    jobs, workers = 2000, 20
    threads = [threading.Thread(target=work, args=(r, taken)) for _ in range(workers)]
    for thread in threads:
        thread.start()
    until_blocked(other, workers)
    for number in range(0, jobs, 10):
        other.rpush("jobs", *range(number, number + 10))
    other.rpush("jobs", *["stop"] * workers)
    for thread in threads:
        thread.join()
    assert sorted(taken) == list(range(jobs)) and not other.exists("jobs")
    # A wait is ended by hand.
    victim = redis.Redis(connection_pool=r.connection_pool, single_connection_client=True)
    number = victim.client_id()
    ender = threading.Thread(target=lambda: (until_blocked(other, 1), other.client_unblock(number, error=True)))
    ender.start()
    try:
        victim.blpop("jobs", 0)
    except redis.ResponseError as error:
        assert str(error) == "UNBLOCKED client unblocked via CLIENT UNBLOCK", error
    else:
        raise AssertionError("the wait went on")
    ender.join()
    victim.close()


def pair(reply):
    return reply if reply is None else tuple(reply)


def until_blocked(r, count):
    while r.info("clients")["blocked_clients"] < count:
        time.sleep(0.01)


def work(r, taken):
    while (job := r.blpop("jobs", 0)[1]) != "stop":
        taken.append(int(job))


def keys(r):
    assert r.type("board") == "zset" and r.object("encoding", "board") == "skiplist"
    assert r.rename("board", "league") is True and r.copy("league", "board") is True
    assert r.pexpire("board", 60_000) and r.persist("board") and r.ttl("board") == -1
    with r.pipeline(transaction=False) as pipe:
        for number in range(5000):
            pipe.set(f"scan:{number}", number)
        assert all(pipe.execute())
    found = list(r.scan_iter("scan:*", count=500))
    assert len(found) == 5000 and len(set(found)) == 5000
    assert r.unlink(*found) == 5000


def server(r):
    assert r.ping() and r.echo("hi") == "hi"
    assert "redis_version" in r.info() and r.info("keyspace")["db0"]["keys"] == r.dbsize()
    assert r.config_get("maxclients") == {"maxclients": "10000"}
    assert r.config_set("timeout", 300) is True
    r.client_setname("ci")
    assert r.client_getname() == "ci" and any(c["name"] == "ci" for c in r.client_list())
    assert r.command_count() > 100
    try:
        r.hset("a", "field", 1)
    except redis.ResponseError as error:
        assert str(error).startswith("WRONGTYPE Operation"), error
    else:
        raise AssertionError("a hash command on a string")


def many_clients(port):
    pool = redis.ConnectionPool(host="127.0.0.1", port=port)
    clients = [threading.Thread(target=lambda: count(redis.Redis(connection_pool=pool))) for _ in range(20)]
    for client in clients:
        client.start()
    for client in clients:
        client.join()
    assert redis.Redis(port=port).get("count") == b"10000"


def count(r):
    for _ in range(500):
        r.incr("count")


def main():
    port = int(sys.argv[1])
    for options in ({}, {"protocol": 2}, {"protocol": 3}):
        r = redis.Redis(port=port, decode_responses=True, **options)
        r.flushall()
        for family in (strings, hashes, lists, sets, sorted_sets, blocking, keys, server):
            family(r)
        protocol = [c["resp"] for c in r.client_list() if c["id"] == str(r.client_id())]
        print(f"redis-py {redis.__version__} {options or 'default'}: RESP{protocol[0]}")
        r.close()
    redis.Redis(port=port).flushall()
    many_clients(port)


main()
