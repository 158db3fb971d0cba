//! Makes the way to a difference short: first only what touched the keys concerned, then ever less of it.

use super::pair::{Pair, Step};
use std::collections::BTreeSet;
use std::time::{Duration, Instant};

/// How long it may take.
const LIMIT: Duration = Duration::from_secs(20);

/// Steps that are sent together.
const BATCH: usize = 64;

/// The shortest way found to a difference at the last of `steps`, which begin with empty databases; `None` when it does
/// not come again.
pub fn shrink(pair: &mut Pair, set_up: &[String], steps: &[Step]) -> Option<Vec<Step>> {
    let deadline = Instant::now() + LIMIT;
    let mut shows = |steps: &[Step]| shows_difference(pair, set_up, steps);
    let mut kept = related(steps);
    if !shows(&kept) {
        kept = steps.to_vec();
        if !shows(&kept) {
            return None;
        }
    }
    let mut len = (kept.len() / 2).max(1);
    loop {
        let mut at = 0;
        let mut changed = false;
        // The last step stays: it shows the difference.
        while at + 1 < kept.len() {
            if Instant::now() > deadline {
                return Some(kept);
            }
            let end = (at + len).min(kept.len() - 1);
            let fewer = [&kept[..at], &kept[end..]].concat();
            if shows(&fewer) {
                kept = fewer;
                changed = true;
            } else {
                at = end;
            }
        }
        if len == 1 && !changed {
            return Some(kept);
        }
        len = (len / 2).max(1);
    }
}

/// The steps that touch the last one's keys, or keys that such a step touched too, and those without keys.
fn related(steps: &[Step]) -> Vec<Step> {
    let mut keys = BTreeSet::new();
    let mut kept = Vec::new();
    for step in steps.iter().rev() {
        let words = &step.request.words;
        let own = step.request.keys.iter().filter_map(|&at| words.get(at));
        let own: Vec<&Vec<u8>> = own.collect();
        if kept.is_empty() || own.is_empty() || own.iter().any(|key| keys.contains(*key)) {
            keys.extend(own.into_iter().cloned());
            kept.push(step.clone());
        }
    }
    kept.reverse();
    kept
}

fn shows_difference(pair: &mut Pair, set_up: &[String], steps: &[Step]) -> bool {
    if pair.set_up(set_up).is_err() {
        return false;
    }
    let Some((last, before)) = steps.split_last() else {
        return false;
    };
    for part in before.chunks(BATCH) {
        // Other differences on the way are not the one that is looked for.
        let _ = pair.run(part);
    }
    pair.run(std::slice::from_ref(last)).is_err()
}
