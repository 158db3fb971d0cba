//! `maxmemory`: room is made before a command that may need memory, by freeing what is deleted already and evicting keys.
//!
//! Memory in use is what the allocator has handed out, so buffers of clients and of the log count as well as data. What
//! counts not is what evictions add to the log's buffer themselves ([`crate::keyspace::Effects::uncounted_bytes`]).
//! Whoever runs commands (the engine, [`super::Local`]) asks [`Shared::may_need_room`] and then [`Shared::make_room`]
//! before each of them. Above the limit there can be what one command adds, and what buffers have grown by since.

use super::Shared;
use crate::command::{Attention, ClientState, Command, Flags};

/// Elements freed between two looks at the memory in use.
const FREED_AT_ONCE: usize = 16;

/// What making room came to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Room {
    /// Memory in use is at most `maxmemory`.
    Enough,
    /// It is not yet, and there is more to be freed or evicted: go on later.
    Later,
    /// It is not, and nothing can be freed. Commands that may need memory are refused.
    NoneToBeHad,
}

impl Shared {
    /// Whether room must be made before this command.
    #[inline]
    pub fn may_need_room(&self, command: &Command) -> bool {
        self.settings.maxmemory != 0 && command.spec.flags.has(Flags::DENY_OOM)
    }

    /// The same for a request of this client, whose transaction may need memory: to queue a request, and to run what is
    /// queued.
    pub fn may_need_room_for(&self, client: &ClientState, command: &Command) -> bool {
        let is_in_multi = client.multi.as_deref().is_some_and(|multi| {
            let at_once = command.spec.flags.has(Flags::IN_MULTI_AT_ONCE);
            !at_once || command.is_exec() && multi.flags().has(Flags::DENY_OOM)
        });
        self.settings.maxmemory != 0 && (is_in_multi || self.may_need_room(command))
    }

    /// Frees and evicts until memory in use, as `allocated` tells it, is within `maxmemory`, or `is_time_up`, which is
    /// asked before each step; a step takes some ten microseconds at most.
    pub fn make_room(
        &mut self,
        allocated: impl Fn() -> usize,
        mut is_time_up: impl FnMut() -> bool,
    ) -> Room {
        let room = loop {
            if !self.is_over(allocated()) {
                break Room::Enough;
            }
            if is_time_up() {
                break Room::Later;
            }
            if !self.free_one_step() {
                break Room::NoneToBeHad;
            }
        };
        let is_full = room == Room::NoneToBeHad;
        self.attention.set(Attention::MEMORY_FULL, is_full);
        room
    }

    /// Whether so many allocated bytes are more than `maxmemory` allows.
    pub fn is_over(&self, allocated: usize) -> bool {
        let limit = self.settings.maxmemory;
        let counted = allocated.saturating_sub(self.keys.effects.uncounted_bytes());
        limit != 0 && counted as u64 > limit
    }

    /// Frees a part of what was deleted, if there is any; what waits there is no reason to evict a key. Otherwise evicts
    /// one.
    fn free_one_step(&mut self) -> bool {
        if self.keys.lazy_free_counts().0 > 0 {
            self.keys.free_some(FREED_AT_ONCE);
            return true;
        }
        let policy = self.settings.maxmemory_policy;
        self.keys
            .evict(policy, self.settings.maxmemory_samples as usize)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::session::Local;
    use crate::settings::MaxmemoryPolicy;
    use core::cell::Cell;
    use std::format;
    use std::rc::Rc;
    use std::vec::Vec;

    const OOM: &[u8] = b"-OOM command not allowed when used memory > 'maxmemory'.\r\n";

    /// A client whose memory gauge shows what the test wants.
    fn local(policy: MaxmemoryPolicy) -> (Local, Rc<Cell<usize>>) {
        let mut local = Local::new(1);
        local.set_time_ms(1_000_000);
        local.shared.settings.maxmemory = 1000;
        local.shared.settings.maxmemory_policy = policy;
        let allocated = Rc::new(Cell::new(0));
        let gauge = allocated.clone();
        local.set_gauge(move || gauge.get());
        (local, allocated)
    }

    #[test]
    fn writes_that_may_need_memory_are_refused_and_all_else_goes_on() {
        let (mut local, allocated) = local(MaxmemoryPolicy::Noeviction);
        assert_eq!(local.line("SET a 1"), b"+OK\r\n");
        allocated.set(1001);
        for line in ["SET a 2", "APPEND a 2", "LPUSH l 1", "INCR a", "ZADD z 1 m"] {
            assert_eq!(local.line(line), OOM, "{line}");
        }
        assert_eq!(
            local.line("SET"),
            b"-ERR wrong number of arguments for 'set' command\r\n"
        );
        assert_eq!(local.line("GET a"), b"$1\r\n1\r\n");
        assert_eq!(local.line("EXPIRE a 100"), b":1\r\n");
        assert_eq!(local.line("DEL a"), b":1\r\n");
        let rejected = local.line("CONFIG SET maxmemory 0");
        assert_eq!(rejected, b"+OK\r\n");
        assert_eq!(local.line("SET a 2"), b"+OK\r\n");
        assert_eq!(local.line("CONFIG SET maxmemory 1000"), b"+OK\r\n");
        assert_eq!(local.line("SET a 2"), OOM);
        allocated.set(1000);
        assert_eq!(local.line("SET a 2"), b"+OK\r\n");
        assert_eq!(
            local.shared.statistics.errors_by_code(),
            [("ERR", 1), ("OOM", 6)]
        );
    }

    #[test]
    fn a_volatile_policy_refuses_when_no_volatile_key_is_left() {
        let (mut local, allocated) = local(MaxmemoryPolicy::VolatileTtl);
        local.line("SET kept 1");
        local.line("SET a 1 EX 10");
        local.line("SET b 1 EX 20");
        allocated.set(1001);
        assert_eq!(local.line("SET c 1"), OOM);
        assert_eq!(local.line("DBSIZE"), b":1\r\n");
        assert_eq!(local.shared.keys.counters.evicted, 2);
    }

    #[test]
    fn keys_are_evicted_only_until_there_is_room() {
        let (mut local, _) = local(MaxmemoryPolicy::AllkeysLru);
        for i in 0..100 {
            local.line(&format!("SET key:{i} value"));
        }
        // Every look at the gauge finds a hundred bytes less.
        let shown = Cell::new(1650);
        local.set_gauge(move || {
            shown.set(shown.get() - 100);
            shown.get()
        });
        assert_eq!(local.line("SET another value"), b"+OK\r\n");
        assert_eq!(local.line("DBSIZE"), b":95\r\n");
        assert_eq!(local.shared.keys.counters.evicted, 6);
    }

    #[test]
    fn what_waits_to_be_freed_is_freed_before_a_key_is_evicted() {
        let (mut local, _) = local(MaxmemoryPolicy::AllkeysLru);
        let members: Vec<_> = (0..5000).map(|i| format!("member:{i}")).collect();
        local.line(&format!("SADD big {}", members.join(" ")));
        local.line("SET small 1");
        local.line("UNLINK big");
        assert_eq!(local.shared.keys.lazy_free_counts().0, 1);
        let mut steps = 0;
        let room = local.shared.make_room(
            || 1001,
            || {
                steps += 1;
                steps > 3
            },
        );
        assert_eq!(room, Room::Later);
        assert_eq!(local.line("EXISTS small"), b":1\r\n");
        // All garbage is freed, and then the key goes; after that there is nothing.
        assert_eq!(local.shared.make_room(|| 1001, || false), Room::NoneToBeHad);
        assert_eq!(local.line("DBSIZE"), b":0\r\n");
        assert_eq!(local.line("SET small 1"), b"+OK\r\n");
    }

    #[test]
    fn without_a_limit_the_gauge_is_not_asked() {
        let (mut local, _) = local(MaxmemoryPolicy::AllkeysLru);
        local.set_gauge(|| unreachable!("nobody wants to know"));
        local.shared.settings.maxmemory = 0;
        assert_eq!(local.line("SET a 1"), b"+OK\r\n");
        local.shared.settings.maxmemory = 1000;
        assert_eq!(local.line("GET a"), b"$1\r\n1\r\n");
    }
}
