//! SPOP. With a count it has three ways, as in Redis: the whole set leaves with its key; a part is taken out member
//! by member; or nearly all leave, and then the few that stay are moved to a new set. So the work follows the
//! length of the reply. Chance is not repeatable, so what is logged is SREM of the members, or DEL of the key.

use super::super::collection::{bulk, changed, fork_prng};
use super::super::{Args, CommandError, CommandResult, Cx, DONE};
use crate::keyspace::{Entry, EventClass, Key};
use crate::structure::listpack::{Element, IntText};
use crate::value::Set;
use alloc::vec::Vec;

/// When this many times the remaining members are no more than those that leave, the remaining ones are moved.
const MOVE_REMAINDER_FACTOR: usize = 5;
/// Members in one logged SREM.
const BATCH: usize = 1024;
const POPPED: (EventClass, &str) = (EventClass::SET, "spop");

pub(super) fn spop(cx: &mut Cx<'_>, args: &Args<'_>) -> CommandResult {
    match args.len() {
        2 => pop_one(cx, args),
        3 => pop_many(cx, args),
        _ => Err(CommandError::SYNTAX),
    }
}

fn pop_one(cx: &mut Cx<'_>, args: &Args<'_>) -> CommandResult {
    let key = args.key(1);
    let mut gone = Gone::new(cx);
    let mut prng = fork_prng(cx.keys);
    let Some(mut set) = cx.keys.value_mut::<Set>(&key)? else {
        cx.reply.null();
        return DONE;
    };
    set.pop(1, &mut prng, |member| {
        bulk(&mut cx.reply, member);
        gone.push(member);
    });
    let emptied = set.is_empty();
    drop(set);
    gone.log(cx, &key);
    changed(cx.keys, &key, POPPED, 1, emptied);
    DONE
}

fn pop_many(cx: &mut Cx<'_>, args: &Args<'_>) -> CommandResult {
    // Redis has one answer for a negative count and for none at all.
    let count = args.count(2).map_err(|_| CommandError::NOT_POSITIVE)?;
    let key = args.key(1);
    let len = cx.keys.value_mut::<Set>(&key)?.map_or(0, |set| set.len());
    if count == 0 || len == 0 {
        cx.reply.set(0);
        return DONE;
    }
    cx.reply.set(count.min(len));
    if count >= len {
        pop_all(cx, &key);
    } else if (len - count).saturating_mul(MOVE_REMAINDER_FACTOR) > count {
        pop_some(cx, &key, count)?;
    } else {
        pop_most(cx, &key, len - count)?;
    }
    changed(cx.keys, &key, POPPED, count.min(len), count >= len);
    DONE
}

fn pop_all(cx: &mut Cx<'_>, key: &Key<'_>) {
    if let Some(entry) = cx.keys.take(key) {
        if let Some(set) = entry.value::<Set>() {
            set.iter().for_each(|member| bulk(&mut cx.reply, member));
        }
        cx.keys.discard(entry);
    }
    let db = cx.keys.current();
    cx.keys.effects.replace(db, &[b"DEL", key.bytes]);
}

fn pop_some(cx: &mut Cx<'_>, key: &Key<'_>, count: usize) -> Result<(), CommandError> {
    let mut gone = Gone::new(cx);
    let mut prng = fork_prng(cx.keys);
    let mut left = count;
    while left > 0 {
        let Some(mut set) = cx.keys.value_mut::<Set>(key)? else {
            break;
        };
        let batch = left.min(BATCH);
        set.pop(batch, &mut prng, |member| {
            bulk(&mut cx.reply, member);
            gone.push(member);
        });
        drop(set);
        gone.log(cx, key);
        left -= batch;
    }
    Ok(())
}

fn pop_most(cx: &mut Cx<'_>, key: &Key<'_>, remaining: usize) -> Result<(), CommandError> {
    let mut gone = Gone::new(cx);
    let mut prng = fork_prng(cx.keys);
    let limits = cx.keys.limits;
    let Some(mut set) = cx.keys.value_mut::<Set>(key)? else {
        return Ok(());
    };
    let stays = set.extract(remaining, &mut prng, &limits);
    let leaves = set.exchange(stays);
    drop(set);
    for member in leaves.iter() {
        bulk(&mut cx.reply, member);
        gone.push(member);
        if gone.len() == BATCH {
            gone.log(cx, key);
        }
    }
    gone.log(cx, key);
    cx.keys.discard(Entry::with_value(key.bytes, leaves, None));
    Ok(())
}

/// Members that have left, until they are logged. Keeps nothing when there is no log.
struct Gone {
    is_kept: bool,
    bytes: Vec<u8>,
    /// Where each member ends in `bytes`.
    ends: Vec<usize>,
}

impl Gone {
    fn new(cx: &Cx<'_>) -> Self {
        Gone {
            is_kept: cx.keys.effects.is_enabled(),
            bytes: Vec::new(),
            ends: Vec::new(),
        }
    }

    fn len(&self) -> usize {
        self.ends.len()
    }

    fn push(&mut self, member: Element<'_>) {
        if self.is_kept {
            let mut text: IntText = [0; 21];
            self.bytes.extend_from_slice(member.text(&mut text));
            self.ends.push(self.bytes.len());
        }
    }

    /// Logs the members as one SREM in the place of the command, and forgets them.
    fn log(&mut self, cx: &mut Cx<'_>, key: &Key<'_>) {
        cx.keys.effects.suppress();
        if self.ends.is_empty() {
            return;
        }
        let mut words: Vec<&[u8]> = Vec::with_capacity(2 + self.ends.len());
        words.extend([&b"SREM"[..], key.bytes]);
        let mut start = 0;
        for &end in &self.ends {
            words.push(&self.bytes[start..end]);
            start = end;
        }
        let db = cx.keys.current();
        cx.keys.effects.replace(db, &words);
        self.bytes.clear();
        self.ends.clear();
    }
}
