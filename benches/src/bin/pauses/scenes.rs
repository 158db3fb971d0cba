//! What the busy client does.

use super::client::Client;
use std::io::Result;
use std::thread::sleep;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

/// Something that may make a server pause.
pub struct Scene {
    pub name: &'static str,
    /// Makes ready for it; what it returns is handed to `run`.
    pub prepare: fn(&mut Client, usize) -> Result<u64>,
    /// Does it, and returns what there is to say about it.
    pub run: fn(&mut Client, usize, u64) -> Result<String>,
}

/// All of them.
pub const SCENES: &[Scene] = &[
    Scene {
        name: "grow",
        prepare: |_, _| Ok(0),
        run: |client, keys, _| fill(client, keys).map(|()| String::new()),
    },
    Scene {
        name: "shrink",
        prepare: |client, keys| fill(client, keys).map(|()| 0),
        run: |client, keys, _| {
            for number in 0..keys {
                client.load(&format!("DEL key:{number:012}"))?;
            }
            client.finish()?;
            Ok(String::new())
        },
    },
    Scene {
        name: "flushall",
        prepare: |client, keys| fill(client, keys).map(|()| 0),
        run: |client, _, _| ask_and_wait(client, "FLUSHALL"),
    },
    Scene {
        name: "zset",
        prepare: |client, keys| load_big(client, keys, |n| format!("ZADD big {n} member-{n:010}")),
        run: |client, _, _| ask_and_wait(client, "DEL big"),
    },
    Scene {
        name: "hash",
        prepare: |client, keys| {
            load_big(client, keys, |n| format!("HSET big field-{n:010} {VALUE}"))
        },
        run: |client, _, _| ask_and_wait(client, "DEL big"),
    },
    Scene {
        name: "list",
        prepare: |client, keys| load_big(client, keys, |n| format!("RPUSH big member-{n:010}")),
        run: |client, _, _| ask_and_wait(client, "DEL big"),
    },
    Scene {
        name: "string",
        prepare: |client, _| client.ask("SETRANGE big 400000000 x").map(|_| 0),
        run: |client, _, _| ask_and_wait(client, "DEL big"),
    },
    Scene {
        name: "replies",
        prepare: |client, _| client.ask("SETRANGE big 1000000 x").map(|_| 0),
        run: |client, _, _| client.ask_many("GET big", 200).map(|()| String::new()),
    },
    Scene {
        name: "burst",
        prepare: |client, keys| load_volatile(client, keys, |_| 0),
        run: burst,
    },
    Scene {
        name: "spread",
        prepare: |client, keys| {
            let keys = keys as u64;
            // Neighbours in time are far from each other in the order of their making.
            load_volatile(client, keys as usize, move |n| {
                n * 7919 % keys * SPREAD_MS / keys
            })
        },
        run: spread,
    },
];

const VALUE: &str = "vvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvv";
/// How long keys go on expiring.
const SPREAD_MS: u64 = 10_000;
/// How long the server may work on what it has put off.
const AFTERWARDS: Duration = Duration::from_secs(1);

fn fill(client: &mut Client, keys: usize) -> Result<()> {
    for number in 0..keys {
        client.load(&format!("SET key:{number:012} {VALUE}"))?;
    }
    client.finish()
}

fn load_big(client: &mut Client, count: usize, line: fn(usize) -> String) -> Result<u64> {
    for number in 0..count {
        client.load(&line(number))?;
    }
    client.finish()?;
    Ok(0)
}

fn ask_and_wait(client: &mut Client, line: &str) -> Result<String> {
    let asked = Instant::now();
    client.ask(line)?;
    let took_us = asked.elapsed().as_micros();
    sleep(AFTERWARDS);
    Ok(format!("answered after {took_us} us"))
}

/// Adds keys that expire `after_ms` after a moment that lies beyond their making, and returns that moment.
fn load_volatile(client: &mut Client, keys: usize, after_ms: impl Fn(u64) -> u64) -> Result<u64> {
    let from_ms = now_ms() + 2000 + keys as u64 / 50;
    for number in 0..keys as u64 {
        let at_ms = from_ms + after_ms(number);
        client.load(&format!("SET key:{number:012} {VALUE} PXAT {at_ms}"))?;
    }
    client.finish()?;
    if now_ms() >= from_ms {
        return Err(std::io::Error::other("making the keys took too long"));
    }
    sleep(Duration::from_millis(from_ms - now_ms()).saturating_sub(Duration::from_millis(50)));
    Ok(from_ms)
}

/// How long it takes until the last of the keys that expire together is gone.
fn burst(client: &mut Client, _: usize, from_ms: u64) -> Result<String> {
    let deadline_ms = from_ms + 30_000;
    while key_count(client)? > 0 && now_ms() < deadline_ms {
        sleep(Duration::from_millis(5));
    }
    let late_ms = now_ms().saturating_sub(from_ms);
    Ok(match key_count(client)? {
        0 => format!("all gone after {late_ms} ms"),
        left => format!("{left} left after {late_ms} ms"),
    })
}

/// How late keys are gone that expire one after the other.
fn spread(client: &mut Client, keys: usize, from_ms: u64) -> Result<String> {
    let keys = keys as u64;
    let mut lags_ms = Vec::new();
    while now_ms() < from_ms + SPREAD_MS {
        // All that were due when the question was asked should be gone in its answer.
        let passed_ms = now_ms().saturating_sub(from_ms);
        let should_be = keys - (passed_ms * keys / SPREAD_MS).min(keys);
        let over = key_count(client)?.saturating_sub(should_be);
        lags_ms.push(over * SPREAD_MS / keys);
        sleep(Duration::from_millis(5));
    }
    lags_ms.sort_unstable();
    let at = |part: usize| {
        lags_ms
            .get(lags_ms.len() * part / 100)
            .copied()
            .unwrap_or(0)
    };
    Ok(format!(
        "keys late by {} ms (median), {} ms (p99)",
        at(50),
        at(99)
    ))
}

fn key_count(client: &mut Client) -> Result<u64> {
    let reply = client.ask("DBSIZE")?;
    let count = reply.strip_prefix(':').and_then(|count| count.parse().ok());
    count.ok_or_else(|| std::io::Error::other(reply))
}

fn now_ms() -> u64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH);
    since.map_or(0, |since| since.as_millis() as u64)
}
