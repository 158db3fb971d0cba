//! Carrying out what commands ask for.

use super::{Engine, start_cron};
use crate::command::{Ask, ClientFilter, ClientState, ReplyMode, Shutdown};
use crate::platform::{Host, IoError, Platform};
use crate::resp::Reply;
use crate::settings::{Changes, ConfigSetError, rewrite_users};

impl<P: Platform> Engine<P> {
    /// Carries out what the client at `slot` asked for, and replies.
    pub(super) fn carry_out(&mut self, slot: u32, ask: Ask) {
        self.carry_out_one(slot, ask);
        self.end_skipping(slot);
    }

    /// Carries out what a request asked for that may be one of several which EXEC runs.
    pub(super) fn carry_out_one(&mut self, slot: u32, ask: Ask) {
        match ask {
            Ask::Close => {
                if let Some(connection) = self.connections.get_mut(slot) {
                    connection.closing = true;
                }
            }
            Ask::ClientList(filter) => {
                self.client_list(slot, filter);
                self.make_lists();
            }
            Ask::ClientPause {
                timeout_ms,
                is_for_all,
            } => {
                self.begin_pause(timeout_ms, is_for_all);
                self.reply(slot, |reply| reply.ok());
            }
            Ask::ClientUnpause => {
                self.end_pause();
                self.reply(slot, |reply| reply.ok());
            }
            // Begun where the request was to be run.
            Ask::WaitForPause => {}
            Ask::Monitor => self.begin_monitor(slot),
            Ask::UsersChanged => self.users_changed(slot),
            Ask::LoadUsers => self.load_users_again(slot),
            Ask::SaveUsers => self.save_users(slot),
            Ask::DescribeClient => self.describe_refused(slot),
            Ask::ClientInfo => {
                let line = self.connections.get(slot).map(|c| self.client_line(c));
                let line = line.unwrap_or_default() + "\n";
                self.reply(slot, |reply| reply.verbatim("txt", line.as_bytes()));
            }
            Ask::ClientKill { filter, old_form } => self.client_kill(slot, &filter, old_form),
            Ask::ClientUnblock { id, with_error } => self.client_unblock(slot, id, with_error),
            // Begun where the request was run.
            Ask::Wait(_) => {}
            Ask::Info(sections) => {
                let text = self.info(&sections);
                self.reply(slot, |reply| reply.verbatim("txt", text.as_bytes()));
            }
            Ask::SettingsChanged(changes) => self.settings_changed(slot, changes),
            Ask::ConfigRewrite => self.config_rewrite(slot),
            Ask::ResetStatistics => {
                self.shared.statistics.reset();
                self.shared.keys.counters = crate::keyspace::Counters::default();
                self.turns = super::Turns::default();
                self.expire_cycles = super::cron::ExpireCycles::default();
                self.peak_memory = self.host.allocated_bytes();
                self.reply(slot, |reply| reply.ok());
            }
            Ask::Memory(ask) => self.memory_command(slot, ask),
            Ask::Shutdown(options) => self.shutdown_command(slot, options),
            Ask::Sleep { microseconds } => {
                self.host.sleep(microseconds);
                self.reply(slot, |reply| reply.ok());
            }
            Ask::Crash(how) => {
                self.host.crash(how);
                let text = "ERR this platform has no such crash";
                self.reply(slot, |reply| reply.error(text));
            }
            Ask::LastSave => {
                let seconds = self.snapshots.status.last_save_seconds;
                self.reply(slot, |reply| reply.int(seconds.cast_signed()));
            }
            Ask::Save => self.save_command(slot),
            Ask::BackgroundSave { may_wait } => self.bgsave_command(slot, may_wait),
            Ask::RewriteLog => self.rewrite_command(slot),
            Ask::Reload { save } => self.reload_command(slot, save),
            Ask::WaitForLog { is_wanted } => self.wait_for_log(slot, is_wanted),
            Ask::Track(options) => self.track(slot, options),
            Ask::Exec(queue) => self.exec(slot, queue),
            Ask::Reset => self.reset(slot),
        }
    }

    /// A request whose reply is not wanted (CLIENT REPLY SKIP) is answered.
    pub(super) fn end_skipping(&mut self, slot: u32) {
        if let Some(connection) = self.connections.get_mut(slot)
            && connection.client.reply_mode == ReplyMode::Skip
        {
            connection.client.reply_mode = ReplyMode::On;
        }
    }

    /// Writes a reply to a client, if it wants replies.
    pub(super) fn reply(&mut self, slot: u32, write: impl FnOnce(&mut Reply<'_>)) {
        let Some(connection) = self.connections.get_mut(slot) else {
            return;
        };
        let protocol = connection.client.protocol;
        if connection.client.reply_mode == ReplyMode::On {
            write(&mut Reply::new(
                connection.output.writer(&mut self.pool),
                protocol,
            ));
        }
        self.queue_flush(slot);
    }

    fn client_kill(&mut self, slot: u32, filter: &ClientFilter, old_form: bool) {
        let found = self.matching_clients(filter, slot);
        let count = found.len();
        for victim in found {
            if victim == slot {
                // Its own reply still goes out.
                if let Some(connection) = self.connections.get_mut(slot) {
                    connection.closing = true;
                }
            } else {
                self.close(victim);
            }
        }
        self.reply(slot, |reply| match (old_form, count) {
            (true, 0) => reply.error("ERR No such client"),
            (true, _) => reply.ok(),
            (false, count) => reply.count(count),
        });
    }

    fn settings_changed(&mut self, slot: u32, changes: Changes) {
        match self.apply(&changes) {
            Ok(()) => self.reply(slot, |reply| reply.ok()),
            Err(error) => {
                self.shared.settings = changes.into_previous();
                self.shared.apply_settings();
                let text = alloc::format!("{error}");
                self.reply(slot, |reply| reply.error(&text));
            }
        }
    }

    /// Makes changed settings take effect; those read where they are used need nothing.
    fn apply(&mut self, changes: &Changes) -> Result<(), ConfigSetError> {
        self.apply_network(changes)?;
        if changes.contains("appendonly") {
            self.switch_log()?;
        }
        self.shared.apply_changes(changes);
        if self.aof.is_open() {
            let annotated = self.shared.settings.aof_checksum_enabled;
            self.shared.keys.effects.set_annotated(annotated);
        }
        self.timing.learn(&self.shared.settings);
        if changes.contains("hz") {
            self.ae.cancel(self.cron_timer);
            self.cron_timer = start_cron(&mut self.ae, self.now_us, self.shared.settings.hz);
        }
        if changes.contains("loglevel") {
            log::set_max_level(self.shared.settings.loglevel.filter());
        }
        Ok(())
    }

    fn config_rewrite(&mut self, slot: u32) {
        let settings = &self.shared.settings;
        let users = self.user_lines();
        let done = self
            .host
            .rewrite_config(&mut |old| rewrite_users(&settings.rewrite(old), &users));
        match done {
            Ok(()) => {
                log::info!("CONFIG REWRITE executed with success.");
                self.reply(slot, |reply| reply.ok());
            }
            Err(IoError::NOT_FOUND) => {
                self.reply(slot, |reply| {
                    reply.error("ERR The server is running without a config file")
                });
            }
            Err(error) => {
                log::warn!("CONFIG REWRITE failed: {error}");
                let text = alloc::format!("ERR Rewriting config file: {error}");
                self.reply(slot, |reply| reply.error(&text));
            }
        }
    }

    fn shutdown_command(&mut self, slot: u32, options: Shutdown) {
        if options.abort {
            return self.reply(slot, |reply| reply.error("ERR No shutdown in progress."));
        }
        if !self.shut_down(options) {
            let text = "ERR Errors trying to SHUTDOWN. Check logs.";
            self.reply(slot, |reply| reply.error(text));
        }
    }

    /// Answers how many logs are durable up to now, of the own one and the replicas'. If it is wanted, the reply is
    /// written now and held until it is true.
    fn wait_for_log(&mut self, slot: u32, is_wanted: bool) {
        let is_durable = self.is_log_durable();
        if is_wanted && !is_durable {
            self.hold_from_here(slot);
        }
        self.reply(slot, |reply| {
            reply.array(2);
            reply.int(i64::from(is_durable || is_wanted));
            reply.int(0);
        });
    }

    fn reset(&mut self, slot: u32) {
        let Some(connection) = self.connections.get_mut(slot) else {
            return;
        };
        let old = &mut connection.client;
        old.end_multi(&mut self.shared.keys);
        let events = &mut self.shared.keys.events;
        old.end_tracking(&mut self.shared.tracking, events);
        if let Some(subscriber) = old.subscriber.take() {
            self.shared.pubsub.leave(subscriber);
        }
        let was_monitor = old.is_monitor();
        let mut fresh = ClientState::new(old.id, old.connected_at_ms);
        self.shared.users.greet(&mut fresh);
        fresh.local = old.local;
        fresh.slot = old.slot;
        fresh.active_at_ms = old.active_at_ms;
        fresh.commands = old.commands;
        fresh.last_command = old.last_command;
        fresh.loans = core::mem::take(&mut old.loans);
        fresh.lib_name = core::mem::take(&mut old.lib_name);
        fresh.lib_ver = core::mem::take(&mut old.lib_ver);
        *old = fresh;
        if was_monitor {
            self.end_monitor(slot);
        }
        self.reply(slot, |reply| reply.simple("RESET"));
    }
}
