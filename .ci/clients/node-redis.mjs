// node-redis does real work with its default connection, and with RESP2 and RESP3 by name.
//   node node-redis.mjs PORT

import assert from "node:assert/strict";
import { createClient } from "redis";

const url = `redis://127.0.0.1:${process.argv[2]}`;

async function session(options) {
  const client = createClient({ url, ...options });
  client.on("error", (error) => {
    throw error;
  });
  await client.connect();

  assert.equal(await client.flushAll(), "OK");
  assert.equal(await client.set("greeting", "hello", { expiration: { type: "EX", value: 100 } }), "OK");
  assert.equal(await client.get("greeting"), "hello");
  assert.equal(await client.set("greeting", "x", { condition: "NX" }), null);
  assert.ok((await client.pTTL("greeting")) > 0);
  assert.equal(await client.incrByFloat("pi", 3.5), "3.5");

  assert.equal(await client.hSet("hash", { name: "rotom", level: "7" }), 2);
  assert.deepEqual({ ...(await client.hGetAll("hash")) }, { name: "rotom", level: "7" });
  assert.deepEqual(await client.hmGet("hash", ["name", "none"]), ["rotom", null]);

  assert.equal(await client.rPush("list", ["a", "b", "c"]), 3);
  assert.deepEqual(await client.lRange("list", 0, -1), ["a", "b", "c"]);
  assert.equal(await client.lMove("list", "other", "LEFT", "RIGHT"), "a");

  assert.equal(await client.sAdd("set", ["1", "2", "3"]), 3);
  assert.deepEqual([...(await client.sMembers("set"))].sort(), ["1", "2", "3"]);

  assert.equal(await client.zAdd("board", [{ score: 1.5, value: "ann" }, { score: 2, value: "bob" }]), 2);
  assert.equal(await client.zScore("board", "ann"), 1.5);
  assert.deepEqual(await client.zRangeWithScores("board", 0, -1), [
    { value: "ann", score: 1.5 },
    { value: "bob", score: 2 },
  ]);
  assert.deepEqual({ ...(await client.zPopMin("board")) }, { value: "ann", score: 1.5 });

  await assert.rejects(client.incr("list"), /WRONGTYPE Operation/);
  assert.deepEqual({ ...(await client.configGet("maxclients")) }, { maxclients: "10000" });

  // What is sent at once goes out as one pipeline.
  const sets = Array.from({ length: 5000 }, (_, i) => client.set(`scan:${i}`, String(i)));
  assert.ok((await Promise.all(sets)).every((reply) => reply === "OK"));
  const found = new Set();
  for await (const keys of client.scanIterator({ MATCH: "scan:*", COUNT: 500 })) {
    for (const key of [keys].flat()) found.add(key);
  }
  assert.equal(found.size, 5000);

  const info = await client.clientInfo();
  console.log(`node-redis ${JSON.stringify(options)}: RESP${info.resp}`);
  await client.close();
}

await session({});
await session({ RESP: 2 });
await session({ RESP: 3 });
