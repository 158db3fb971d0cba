//! Clients whose request waits for something: a key (BLPOP and its kin), until a deadline or for ever.
//!
//! ```text
//! the handler returns Ask::Wait  ->  begin_wait: the request is kept, what follows it stays in the input, unparsed
//! what it waits for has come     ->  run_again: the request runs once more, as if it had just come
//! its deadline, CLIENT UNBLOCK   ->  time_out, client_unblock: it is answered without being run
//! the connection is gone         ->  forget_wait
//! ```
//!
//! However it ends, [`Engine::end_wait`] takes the client out of all that knows of it, and its other requests go on.
//!
//! Nothing here looks through clients: keys know who waits for them ([`crate::keyspace::Waiters`]), deadlines are in
//! order and the first one bounds the sleep of the loop. As in Redis, those who can be served after a command are served
//! before any other command runs. When that takes longer than a turn may, the turn ends, and the next one goes on there.
//!
//! Something else to wait for is an arm in [`WaitOn`] and in [`On`], and whoever brings it about calls [`Engine::run_again`].

use super::connection::Waits;
use super::timing::Ran;
use super::{Engine, NEVER_US};
use crate::command::{Ask, OwnedRequest, Wait, WaitOn};
use crate::keyspace::waiters::{Next, Places};
use crate::platform::{Host, Platform};
use alloc::boxed::Box;
use alloc::collections::{BTreeMap, BTreeSet};

/// Clients answered in one turn because their time is up; each takes some microseconds, most of them for sending.
const TIMEOUTS_PER_TURN: usize = 64;
/// Clients served in one turn because their key has come, if others are left.
const SERVED_PER_TURN: usize = 64;
/// Steps towards the next client to be served between two looks at the clock.
const STEPS_PER_LOOK: usize = 16;

/// A request that waits.
pub(super) struct Waiting {
    request: OwnedRequest,
    /// The command's number.
    command: u16,
    /// When its time is up, microseconds on the monotonic clock.
    due_us: Option<u64>,
    on: On,
}

/// Where it is known that the request waits.
enum On {
    Keys(Places),
    /// Replicas; and up to where the log is told about, if it is.
    Replicas(Option<u64>),
}

impl Waiting {
    /// Bytes of memory that it takes.
    pub(super) fn memory_bytes(&self) -> usize {
        size_of::<Waiting>() + self.request.memory_bytes()
    }
}

/// All clients that wait.
#[derive(Default)]
pub(super) struct WaitingClients {
    /// Slots by the number of the client.
    slots: BTreeMap<u64, u32>,
    /// Deadlines, microseconds on the monotonic clock, with the slots of those who have one.
    deadlines: BTreeSet<(u64, u32)>,
    /// When the timer is due; `None`: it is not set.
    armed_us: Option<u64>,
    /// Clients served in this turn.
    served: usize,
}

impl WaitingClients {
    /// How many there are.
    pub(super) fn len(&self) -> usize {
        self.slots.len()
    }

    /// How many of them have a deadline.
    pub(super) fn timed_len(&self) -> usize {
        self.deadlines.len()
    }

    /// The timer has fired.
    pub(super) fn disarm(&mut self) {
        self.armed_us = None;
    }

    fn first_due_us(&self) -> Option<u64> {
        self.deadlines.first().map(|&(due_us, _)| due_us)
    }
}

impl<P: Platform> Engine<P> {
    /// Sets the timer to the first deadline; called at the start of each turn.
    #[inline]
    pub(super) fn arm_wait(&mut self) {
        self.waiting.served = 0;
        let next = self.waiting.first_due_us();
        if next != self.waiting.armed_us {
            self.waiting.armed_us = next;
            self.ae
                .move_timer(self.wait_timer, next.unwrap_or(NEVER_US));
        }
    }

    /// Carries out what the request at `at` in the batch has asked for.
    #[cold]
    pub(super) fn asked(&mut self, at: usize, ask: Ask) {
        let (slot, next) = self.batch.request_and_next(at);
        let parsed = self.connections.get(slot).map_or(0, |c| c.parsed);
        let next = next.unwrap_or(parsed);
        match ask {
            Ask::WaitForPause => {
                let offset = self.batch.offset_of(at);
                self.wait_for_pause(slot, offset);
            }
            Ask::ClientList(filter) if self.lists_in_slices() => {
                self.postpone(slot, next, Waits::ForAnswer);
                self.client_list(slot, filter);
            }
            Ask::Wait(wait) => {
                self.postpone(slot, next, Waits::ForAnswer);
                self.begin_wait(slot, wait, None);
            }
            ask => self.carry_out(slot, ask),
        }
    }

    /// Reads what a connection sends whose request waits. This is done before any request of the turn runs: should the
    /// peer be gone, nothing that comes in this turn is taken for it.
    #[cold]
    pub(super) fn read_meanwhile(&mut self, slot: u32) {
        let is_queued = self.connections.get(slot).is_some_and(|c| c.serve_queued);
        self.read_once(slot);
        if let Some(connection) = self.connections.get_mut(slot) {
            // It may be in the list from before it had to wait, and stays there.
            connection.serve_queued = is_queued;
            self.settle(slot);
        }
    }

    /// Has the client at `slot` wait. `due_us`: the deadline it has already, if it waited before.
    fn begin_wait(&mut self, slot: u32, wait: Wait, due_us: Option<Option<u64>>) {
        let Some(connection) = self.connections.get_mut(slot) else {
            return;
        };
        if connection.has_ended() {
            // That its peer is gone cannot be learned any more: it counts as gone.
            (connection.waits, connection.closing) = (Waits::No, true);
            return self.queue_flush(slot);
        }
        connection.waits = Waits::ForAnswer;
        let client = &mut connection.client;
        let command = client.last_command.unwrap_or_default();
        // It counts when it is answered.
        client.commands -= 1;
        self.shared.statistics.uncount_call(command);
        let timeout_us = wait.timeout_ms.map(|ms| ms.saturating_mul(1000));
        let due_us = due_us.unwrap_or(timeout_us.map(|us| self.now_us.saturating_add(us)));
        let on = match wait.on {
            WaitOn::Keys { keys, holding } => {
                let args = wait.request.args(self.shared.keys.hasher());
                let keys = keys.map(|index| args.key(index));
                let waiters = &mut self.shared.keys.waiters;
                On::Keys(waiters.add(slot, client.db, keys, holding))
            }
            WaitOn::Replicas { and_log } => {
                let pending = self.shared.keys.effects.pending_len() as u64;
                On::Replicas(and_log.then(|| self.aof.position() + pending))
            }
        };
        self.waiting.slots.insert(client.id, slot);
        if let Some(due_us) = due_us {
            self.waiting.deadlines.insert((due_us, slot));
        }
        connection.waiting = Some(Box::new(Waiting {
            request: wait.request,
            command,
            due_us,
            on,
        }));
    }

    /// Takes a client's request that waits from everywhere; the requests behind it go on.
    fn end_wait(&mut self, slot: u32) -> Option<Box<Waiting>> {
        let waiting = self.forget_wait(slot)?;
        let connection = self.connections.get_mut(slot)?;
        if connection.input.len() > connection.parsed {
            connection.waits = Waits::ForTurn;
            self.queue_serve(slot);
        } else {
            connection.waits = Waits::No;
        }
        Some(waiting)
    }

    /// Takes a client's request that waits from everywhere, if there is one: the connection is gone or goes.
    pub(super) fn forget_wait(&mut self, slot: u32) -> Option<Box<Waiting>> {
        let connection = self.connections.get_mut(slot)?;
        let waiting = connection.waiting.take()?;
        self.waiting.slots.remove(&connection.client.id);
        if let Some(due_us) = waiting.due_us {
            self.waiting.deadlines.remove(&(due_us, slot));
        }
        match &waiting.on {
            On::Keys(places) => self.shared.keys.waiters.remove(places),
            On::Replicas(_) => {}
        }
        Some(waiting)
    }

    /// Serves those whose key has come. If there are too many of them for one turn, no other request runs in it.
    #[cold]
    pub(super) fn serve_ready(&mut self) {
        self.begin_timing();
        for step in 1.. {
            match self.shared.keys.next_waiter() {
                Next::Nobody => return,
                Next::Later => {}
                Next::Serve(slot) => {
                    self.run_again(slot);
                    self.waiting.served += 1;
                }
            }
            let is_time_up = step % STEPS_PER_LOOK == 0 && self.is_turn_spent();
            if is_time_up || self.waiting.served >= SERVED_PER_TURN {
                self.turn_spent = true;
                return;
            }
        }
    }

    /// Runs a request that waits once more.
    fn run_again(&mut self, slot: u32) {
        let Some(waiting) = self.end_wait(slot) else {
            return;
        };
        self.begin_group(waiting.command);
        if let Some(command) = self.shared.registry.by_number(waiting.command)
            && self.shared.may_need_room(command)
        {
            // What cannot be freed now may be a little too much for a while.
            self.make_room();
        }
        let Some(connection) = self.connections.get_mut(slot) else {
            return;
        };
        let logged = self.shared.keys.effects.pending_len();
        let reply_from = connection.output.end();
        let args = waiting.request.args(self.shared.keys.hasher());
        let host = &mut self.host;
        connection.client.runs_again = true;
        let out = connection.output.writer(&mut self.pool);
        let written = out.len();
        let ask = self.shared.run(
            &mut connection.client,
            Some(waiting.command),
            &args,
            out,
            &mut |into| host.fill_random(into),
        );
        self.reply_bytes += out.len() - written;
        connection.client.runs_again = false;
        if !connection.client.loans.is_empty() {
            self.reply_bytes += connection.output.lend(&mut connection.client.loans);
        }
        let has_logged = self.shared.keys.effects.pending_len() != logged;
        let number = Some(waiting.command);
        if self
            .unsynced
            .must_wait(number, &args, &self.shared, has_logged)
        {
            connection.logged_from.get_or_insert(reply_from);
        }
        if let Some(long) = self.end_group() {
            let ran = Ran::new(slot, &args);
            self.took_long(long, Some(ran));
        }
        match ask.map(|ask| *ask) {
            None => {}
            Some(Ask::Wait(wait)) => self.begin_wait(slot, wait, Some(waiting.due_us)),
            Some(ask) => self.carry_out(slot, ask),
        }
        if !self.shared.keys.events.is_empty() {
            self.tell_events(Some(slot));
        }
        self.queue_flush(slot);
    }

    /// Answers some of those whose time is up; `true` when all are.
    pub(super) fn time_out_some(&mut self) -> bool {
        for _ in 0..TIMEOUTS_PER_TURN {
            let Some(&(due_us, slot)) = self.waiting.deadlines.first() else {
                return true;
            };
            if due_us > self.now_us {
                return true;
            }
            self.time_out(slot);
        }
        self.waiting
            .first_due_us()
            .is_none_or(|due_us| due_us > self.now_us)
    }

    /// Answers a client as its time is up.
    fn time_out(&mut self, slot: u32) {
        let Some(waiting) = self.end_wait(slot) else {
            return;
        };
        match waiting.on {
            On::Keys(_) => self.reply(slot, |reply| reply.null_array()),
            On::Replicas(None) => self.reply(slot, |reply| reply.int(0)),
            On::Replicas(Some(position)) => {
                let is_durable = self.aof.is_open() && self.aof.durable_position() >= position;
                self.reply(slot, |reply| {
                    reply.array(2);
                    reply.int(i64::from(is_durable));
                    reply.int(0);
                });
            }
        }
        self.answered(slot, waiting.command, false);
    }

    fn answered(&mut self, slot: u32, command: u16, failed: bool) {
        self.shared.statistics.count_answered(command, failed);
        if let Some(connection) = self.connections.get_mut(slot) {
            connection.client.commands += 1;
        }
        self.end_skipping(slot);
    }

    /// CLIENT UNBLOCK, asked for by the client at `slot`.
    pub(super) fn client_unblock(&mut self, slot: u32, id: i64, with_error: bool) {
        let id = u64::try_from(id).unwrap_or(0);
        let waiting = self.waiting.slots.get(&id).copied();
        match waiting {
            Some(waiting) if with_error => self.end_with_error(waiting),
            Some(waiting) => self.time_out(waiting),
            None => {}
        }
        self.reply(slot, |reply| reply.int(i64::from(waiting.is_some())));
    }

    fn end_with_error(&mut self, slot: u32) {
        let Some(waiting) = self.end_wait(slot) else {
            return;
        };
        self.shared.statistics.count_error("UNBLOCKED");
        self.reply(slot, |reply| {
            reply.error("UNBLOCKED client unblocked via CLIENT UNBLOCK");
        });
        self.answered(slot, waiting.command, true);
    }
}
