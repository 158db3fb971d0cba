//! Memory: how much a server's resident set grows by an item, for data of several shapes.

use super::client::Client;
use super::options::Options;
use super::process::Cores;
use super::report::progress;
use super::servers::Program;
use std::io;
use std::thread::sleep;
use std::time::Duration;

/// Time for a server to finish what it does after loading, such as growing its table.
const SETTLE: Duration = Duration::from_secs(1);

/// Loads so many items.
type Load = fn(&mut Client, u32) -> io::Result<()>;

/// Shapes, the share of [`ITEMS`] that is loaded of each, and how.
const SHAPES: [(&str, u32, Load); 9] = [
    ("string 16+32", 1, strings),
    ("integer", 1, integers),
    ("string with TTL", 1, expiring),
    ("small hash (8 fields)", 10, small_hashes),
    ("list element (16)", 1, list_elements),
    ("intset number", 1, set_numbers),
    ("set member (16)", 1, set_members),
    ("hash field (16+16)", 1, hash_fields),
    ("zset member (16)", 1, sorted_members),
];
const ITEMS: u32 = 1_000_000;
/// Items that are sent in one command, where a command takes several.
const AT_ONCE: u32 = 10;

/// A shape with the bytes an item on every server, in their order.
pub struct Measured {
    pub name: &'static str,
    pub bytes: Vec<f64>,
}

/// Loads every shape into fresh servers.
pub fn measure(
    programs: &[Program],
    cores: &Cores,
    options: &Options,
) -> Result<Vec<Measured>, String> {
    let items = if options.quick { ITEMS / 5 } else { ITEMS };
    let mut measured = Vec::new();
    for (name, divisor, load) in SHAPES {
        progress(name);
        let mut bytes = Vec::new();
        for program in programs {
            let server = program.start(cores.server)?;
            let before = server.process.resident_bytes()?;
            let loaded = load(&mut server.client()?, items / divisor);
            loaded.map_err(|error| format!("{}, {name}: {error}", program.name))?;
            sleep(SETTLE);
            let grown = server.process.resident_bytes()? - before;
            bytes.push(grown / f64::from(items / divisor));
        }
        measured.push(Measured { name, bytes });
    }
    progress("");
    Ok(measured)
}

/// Sends the commands that `line` makes of the first item's number, in steps of `step`.
fn send(
    client: &mut Client,
    items: u32,
    step: u32,
    line: impl Fn(u32) -> String,
) -> io::Result<()> {
    let mut firsts = (0..items).step_by(step as usize);
    firsts.try_for_each(|first| client.load(&line(first)))?;
    client.finish()
}

/// Sends ten items a command: the command's beginning, then what `item` makes of each number.
fn send_tens(
    client: &mut Client,
    items: u32,
    start: impl Fn(u32) -> String,
    item: impl Fn(u32) -> String,
) -> io::Result<()> {
    send(client, items, AT_ONCE, |first| {
        let all: String = (first..first + AT_ONCE).map(&item).collect();
        start(first) + &all
    })
}

fn strings(client: &mut Client, items: u32) -> io::Result<()> {
    send(client, items, 1, |i| {
        format!("SET key:{i:012} value:{i:026}")
    })
}

fn integers(client: &mut Client, items: u32) -> io::Result<()> {
    send(client, items, 1, |i| format!("SET key:{i:012} {i}"))
}

fn expiring(client: &mut Client, items: u32) -> io::Result<()> {
    send(client, items, 1, |i| {
        format!("SET key:{i:012} value:{i:026} EX 100000")
    })
}

fn small_hashes(client: &mut Client, items: u32) -> io::Result<()> {
    send(client, items, 1, |i| {
        let pairs: String = (0..8)
            .map(|j| format!(" field{j} value{:03}", i % 1000))
            .collect();
        format!("HSET user:{i:011}{pairs}")
    })
}

fn list_elements(client: &mut Client, items: u32) -> io::Result<()> {
    let list = |first| format!("RPUSH list:{}", first / AT_ONCE % 1000);
    send_tens(client, items, list, |i| format!(" element:{i:08}"))
}

fn set_numbers(client: &mut Client, items: u32) -> io::Result<()> {
    let set = |first| format!("SADD set:{}", first / AT_ONCE % 10_000);
    send_tens(client, items, set, |i| format!(" {i}"))
}

fn set_members(client: &mut Client, items: u32) -> io::Result<()> {
    send_tens(
        client,
        items,
        |_| "SADD set".into(),
        |i| format!(" member:{i:09}"),
    )
}

fn hash_fields(client: &mut Client, items: u32) -> io::Result<()> {
    let pair = |i| format!(" field-:{i:09} value-:{i:09}");
    send_tens(client, items, |_| "HSET hash".into(), pair)
}

fn sorted_members(client: &mut Client, items: u32) -> io::Result<()> {
    // Scores are spread without repeating: factor and modulus have no divisor in common.
    let score = |i: u32| u64::from(i) * 7919 % 1_000_003;
    let pair = |i| format!(" {} member:{i:09}", score(i));
    send_tens(client, items, |_| "ZADD zset".into(), pair)
}
