"""Rotom and Redis load each other's append-only files, and find the same keys, values and expiry times in them.

    aof_exchange.py ROTOM REDIS FOLDER

1. Rotom writes a log of every family's commands, with an annotation before each batch; redis-check-aof, which lies beside
   REDIS, passes it, and Redis starts from a copy of it.
2. Redis goes on with that log, rewrites it (as an AOF base), goes on; Rotom starts from a copy of the result.
3. Rotom writes a log of over 300 MB, ends by SIGKILL, and starts from it whole; Redis starts from a copy.
"""

import random
import shutil
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

import redis

LOG_BYTES = 300 * 1024 * 1024


class Server:
    """A server of its own on a free port, in `folder`."""

    def __init__(self, program, folder, *options):
        folder.mkdir(parents=True, exist_ok=True)
        for _ in range(3):
            with socket.socket() as s:
                s.bind(("127.0.0.1", 0))
                self.port = s.getsockname()[1]
            settings = ["--port", str(self.port), "--dir", str(folder), "--save", "", "--appendonly", "yes"]
            settings += ["--aof-use-rdb-preamble", "no", *options]
            with open(folder / "log", "w") as log:
                self.process = subprocess.Popen([program, *settings], stdout=log, stderr=log)
            if self.answers():
                return
        raise SystemExit(f"{program} does not start:\n{(folder / 'log').read_text()}")

    def answers(self):
        """Waits until the data are loaded. False when the server has ended."""
        give_up = time.monotonic() + 120
        while time.monotonic() < give_up and self.process.poll() is None:
            try:
                return self.client().ping()
            except (redis.BusyLoadingError, redis.ConnectionError):
                time.sleep(0.05)
        return False

    def client(self, db=0, **options):
        return redis.Redis(port=self.port, db=db, **options)

    def stop(self, how=signal.SIGTERM):
        self.process.send_signal(how)
        code = self.process.wait(120)
        assert code == (0 if how == signal.SIGTERM else -how), code


def everything(server):
    """All keys of all databases with type, value and expiry time."""
    found = {}
    for db in range(16):
        r = server.client(db, protocol=2)
        keys = list(r.scan_iter(count=1000))
        for at in range(0, len(keys), 1000):
            some = keys[at : at + 1000]
            types = pipelined(r, [("TYPE", key) for key in some])
            values = pipelined(r, [read(kind, key) for kind, key in zip(types, some)])
            times = pipelined(r, [("PEXPIRETIME", key) for key in some])
            for key, kind, value, at_ms in zip(some, types, values, times):
                found[db, key] = (kind, plain(kind, value), at_ms)
        r.close()
    return found


def pipelined(r, commands, raise_on_error=True):
    with r.pipeline(transaction=False) as pipe:
        for words in commands:
            pipe.execute_command(*words)
        return pipe.execute(raise_on_error=raise_on_error)


def read(kind, key):
    return {
        b"string": ("GET", key),
        b"list": ("LRANGE", key, 0, -1),
        b"hash": ("HGETALL", key),
        b"set": ("SMEMBERS", key),
        b"zset": ("ZRANGE", key, 0, -1, "WITHSCORES"),
    }[kind]


def plain(kind, value):
    """Without the order that a table happens to have, and without the digits that Redis 7.0 writes of a score."""
    if kind == b"set":
        return set(value)
    if kind == b"zset":
        return list(zip(value[::2], map(float, value[1::2])))
    return value


def same(name, wanted, got):
    assert wanted, name
    for key in wanted.keys() | got.keys():
        if wanted.get(key) != got.get(key):
            raise SystemExit(f"{name}: {key} was {wanted.get(key)}, is {got.get(key)}")
    print(f"{name}: {len(wanted)} keys are the same")


def write_some(server, seed, count):
    """Random commands of every family, in a few databases."""
    rng = random.Random(seed)
    for db in (0, 1, 9):
        r = server.client(db)
        replies = pipelined(r, [command(rng) for _ in range(count)], raise_on_error=False)
        errors = {str(reply) for reply in replies if isinstance(reply, Exception)}
        assert errors <= {"source and destination objects are the same"}, errors
        r.close()


def command(rng):
    def name(kind):
        return f"{kind}:{rng.randrange(60)}"

    def word():
        shapes = [str(rng.randrange(10**6)), "", "\r\n*1\r\n", "é\0", "x" * rng.choice([1, 63, 64, 65, 5000])]
        return rng.choice(shapes) + str(rng.randrange(300))

    def score():
        return rng.choice([rng.randrange(100), rng.random(), -1e300, "inf", 0.1])

    later = int(time.time()) + 10**6
    choices = [
        ("SET", name("s"), word()),
        ("SET", name("s"), word(), "EX", 10**5),
        ("SET", name("s"), word(), "KEEPTTL"),
        ("SETEX", name("s"), 10**5, word()),
        ("SETRANGE", name("s"), rng.randrange(50), word()),
        ("APPEND", name("s"), word()),
        ("MSET", name("s"), word(), name("s"), word()),
        ("GETEX", name("s"), "PXAT", later * 1000 + rng.randrange(1000)),
        ("GETDEL", name("s")),
        ("INCRBY", name("n"), rng.randrange(1000)),
        ("INCRBYFLOAT", name("f"), rng.random()),
        ("RPUSH", name("l"), *[word() for _ in range(rng.randrange(1, 40))]),
        ("LPUSH", name("l"), word(), word()),
        ("LPOP", name("l"), rng.randrange(1, 4)),
        ("RPOP", name("l")),
        ("LMOVE", name("l"), name("l"), "LEFT", "RIGHT"),
        ("LTRIM", name("l"), 0, rng.randrange(50, 400)),
        ("LREM", name("l"), 1, word()),
        ("LINSERT", name("l"), "AFTER", word(), word()),
        ("HSET", name("h"), *[word() for _ in range(2 * rng.randrange(1, 30))]),
        ("HDEL", name("h"), word(), word()),
        ("HINCRBY", name("hn"), rng.randrange(5), rng.randrange(100)),
        ("HINCRBYFLOAT", name("hf"), rng.randrange(5), rng.random()),
        ("SADD", name("i"), *[rng.randrange(1000) for _ in range(rng.randrange(1, 40))]),
        ("SADD", name("t"), *[word() for _ in range(rng.randrange(1, 20))]),
        ("SREM", name("t"), word()),
        ("SPOP", name("i"), rng.randrange(1, 4)),
        ("SPOP", name("t")),
        ("SMOVE", name("t"), name("t"), word()),
        ("ZADD", name("z"), *[x for _ in range(rng.randrange(1, 30)) for x in (score(), word())]),
        ("ZADD", name("z"), "GT", "CH", score(), word()),
        ("ZINCRBY", name("zn"), rng.random(), rng.randrange(5)),
        ("ZPOPMIN", name("z"), 2),
        ("ZPOPMAX", name("z")),
        ("ZREM", name("z"), word(), word()),
        ("EXPIRE", name(rng.choice("slhtz")), 10**5, rng.choice(["NX", "XX", "GT", "LT"])),
        ("PEXPIREAT", name(rng.choice("slhtz")), later * 1000),
        ("PERSIST", name(rng.choice("slhtz"))),
        ("DEL", name(rng.choice("slhtz"))),
        ("UNLINK", name(rng.choice("slhtz"))),
        ("COPY", name("s"), name("s"), "REPLACE"),
        ("COPY", name("z"), name("z"), "DB", 3, "REPLACE"),
        ("MOVE", name("t"), 4),
    ]
    return rng.choice(choices)


def check(program, folder):
    """Has a server's tool look at the log in `folder`."""
    logs = folder / "appendonlydir"
    manifest = next(logs.glob("*.manifest"))
    words = [program, "--check-aof", manifest] if "rotom" in Path(program).name else [program, manifest]
    ended = subprocess.run(words, capture_output=True, text=True, stdin=subprocess.DEVNULL)
    if ended.returncode != 0:
        raise SystemExit(f"{program} finds fault with {manifest}:\n{ended.stdout}{ended.stderr}")
    print(f"{Path(program).name} passes {manifest.parent.parent.name}: {ended.stdout.splitlines()[-1]}")


def check_tool(redis_server):
    """redis-check-aof, or the tool of a server with another name."""
    found = Path(shutil.which(redis_server) or redis_server)
    return str(found.with_name(found.name.replace("-server", "-check-aof")))


def exchange(rotom, redis_server, folder):
    ours = Server(rotom, folder / "ours")
    write_some(ours, seed=1, count=4000)
    wanted = everything(ours)
    ours.stop()
    increments = (folder / "ours" / "appendonlydir").glob("*.incr.aof")
    annotations = sum(part.read_bytes().count(b"\n#ROTOM:") for part in increments)
    assert annotations > 100, annotations
    check(rotom, folder / "ours")
    check(check_tool(redis_server), folder / "ours")

    shutil.copytree(folder / "ours", folder / "theirs")
    theirs = Server(redis_server, folder / "theirs")
    same("Redis reads Rotom's log", wanted, everything(theirs))

    write_some(theirs, seed=2, count=1000)
    theirs.client().bgrewriteaof()
    while theirs.client().info("persistence")["aof_rewrite_in_progress"]:
        time.sleep(0.05)
    write_some(theirs, seed=3, count=1000)
    # What Redis logs as one transaction.
    with theirs.client().pipeline(transaction=True) as pipe:
        pipe.set("one", 1).rpush("two", 2).execute()
    wanted = everything(theirs)
    theirs.stop()
    check(rotom, folder / "theirs")

    shutil.copytree(folder / "theirs", folder / "back")
    back = Server(rotom, folder / "back")
    same("Rotom reads Redis's log", wanted, everything(back))
    write_some(back, seed=4, count=500)
    wanted = everything(back)
    back.stop()
    back = Server(rotom, folder / "back")
    same("Rotom reads what it added to Redis's log", wanted, everything(back))
    back.stop()
    check(rotom, folder / "back")
    check(check_tool(redis_server), folder / "back")


def large(rotom, redis_server, folder):
    ours = Server(rotom, folder / "large", "--appendfsync", "no")
    r = ours.client()
    value = "v" * 1000
    number = 0
    while r.info("persistence")["aof_current_size"] < LOG_BYTES:
        pipelined(r, [("SET", f"key:{n}", f"{n}:{value}") for n in range(number, number + 10000)])
        number += 10000
    ours.stop(signal.SIGKILL)

    shutil.copytree(folder / "large", folder / "large-copy")
    for name, program, data in (("Rotom", rotom, "large"), ("Redis", redis_server, "large-copy")):
        begun = time.monotonic()
        server = Server(program, folder / data)
        took = time.monotonic() - begun
        r = server.client()
        assert r.dbsize() == number, (name, r.dbsize(), number)
        for at in range(0, number, 10000):
            values = pipelined(r, [("GET", f"key:{n}") for n in range(at, at + 10000)])
            assert values == [f"{n}:{value}".encode() for n in range(at, at + 10000)], (name, at)
        print(f"{name} reads the large log: {number} keys in {took:.1f} s")
        server.stop()


def main():
    rotom, redis_server, folder = sys.argv[1], sys.argv[2], Path(sys.argv[3])
    exchange(rotom, redis_server, folder)
    large(rotom, redis_server, folder)


main()
