// ioredis with its default connection does real work, automatic pipelines included.
//   node ioredis.mjs PORT

import assert from "node:assert/strict";
import { Redis } from "ioredis";

const port = Number(process.argv[2]);
const redis = new Redis(port);
redis.on("error", (error) => {
  throw error;
});

assert.equal(await redis.flushall(), "OK");
assert.equal(await redis.set("greeting", "hello", "EX", 100), "OK");
assert.equal(await redis.get("greeting"), "hello");
assert.ok((await redis.pttl("greeting")) > 0);
assert.equal(await redis.incrby("n", 5), 5);

assert.equal(await redis.hset("hash", { name: "rotom", level: 7 }), 2);
assert.deepEqual(await redis.hgetall("hash"), { name: "rotom", level: "7" });

assert.equal(await redis.rpush("list", "a", "b", "c"), 3);
assert.deepEqual(await redis.lrange("list", 0, -1), ["a", "b", "c"]);
assert.deepEqual(await redis.lpop("list", 2), ["a", "b"]);

assert.equal(await redis.sadd("set", 1, 2, 3), 3);
assert.deepEqual((await redis.smembers("set")).sort(), ["1", "2", "3"]);

assert.equal(await redis.zadd("board", 1.5, "ann", 2, "bob"), 2);
assert.deepEqual(await redis.zrange("board", 0, -1, "WITHSCORES"), ["ann", "1.5", "bob", "2"]);
assert.deepEqual(await redis.zpopmin("board"), ["ann", "1.5"]);

await assert.rejects(redis.incr("list"), /^ReplyError: WRONGTYPE Operation/);
await assert.rejects(redis.call("NOSUCH"), /unknown command 'NOSUCH'/);

// Bytes come back as they went.
const bytes = Buffer.from(Array.from({ length: 256 }, (_, byte) => byte));
await redis.set("bytes", bytes);
assert.deepEqual(await redis.getBuffer("bytes"), bytes);

const pipeline = redis.pipeline();
for (let i = 0; i < 5000; i++) pipeline.set(`scan:${i}`, i);
assert.ok((await pipeline.exec()).every(([error, reply]) => error === null && reply === "OK"));

const found = new Set();
let count = 0;
for await (const keys of redis.scanStream({ match: "scan:*", count: 500 })) {
  for (const key of keys) found.add(key);
  count += keys.length;
}
assert.equal(found.size, 5000);
assert.equal(count, 5000);

const automatic = new Redis(port, { enableAutoPipelining: true, db: 3 });
const replies = await Promise.all(Array.from({ length: 2000 }, () => automatic.incr("n")));
assert.deepEqual(replies, Array.from({ length: 2000 }, (_, i) => i + 1));
assert.equal(await automatic.quit(), "OK");

assert.equal(await redis.flushall(), "OK");
assert.equal(await redis.quit(), "OK");
console.log("ioredis: done");
