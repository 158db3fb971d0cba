//! `metrics-port`: the figures of INFO for Prometheus, over HTTP, from the same loop.
//!
//! ```text
//! http.rs   heads of requests and replies
//! text.rs   the page
//! ```
//!
//! Those who ask are no clients: they are not in CLIENT LIST, not counted, and need no place under `maxclients`. They are
//! few ([`MOST`]), may ask for one page at a time, and have [`PATIENCE_US`] for each step, so they cannot take memory. While
//! a log is loaded they are answered as well.

mod http;
mod text;

use super::{Engine, TOKEN_SCRAPER};
use crate::platform::{Accepted, Fd, Interest, Net, Platform, Token, Transfer};
use alloc::vec::Vec;
use http::Status;

/// Connections at the same time.
const MOST: usize = 16;
/// How long one may take to send a request or to take a reply, microseconds.
const PATIENCE_US: u64 = 10_000_000;
/// Bytes read at once.
const READ_BYTES: usize = 2048;

/// A connection of someone who reads the metrics.
struct Scraper {
    fd: Fd,
    input: Vec<u8>,
    output: Vec<u8>,
    /// Bytes of the output that are sent.
    sent: usize,
    /// Closed when the output is sent.
    closing: bool,
    /// When it has to have gone on, on the monotonic clock.
    due_us: u64,
}

/// All of them; a slot is used again.
#[derive(Default)]
pub(super) struct Scrapers {
    slots: [Option<Scraper>; MOST],
}

impl<P: Platform> Engine<P> {
    /// Takes a connection of someone who reads the metrics, if there is room and the server is open to them.
    pub(super) fn welcome_scraper(&mut self, accepted: &Accepted) {
        let is_closed = self.shared.settings.protected_mode
            && self.shared.users.has_no_password()
            && !accepted.local;
        if is_closed {
            return self.net.close(accepted.fd);
        }
        // Who has been silent for longest makes room: connections that say nothing must not keep the next reader out.
        let slots = self.scrapers.slots.iter().enumerate();
        let patience = |scraper: &Option<Scraper>| scraper.as_ref().map_or(0, |it| it.due_us);
        let Some((slot, _)) = slots.min_by_key(|(_, scraper)| patience(scraper)) else {
            return self.net.close(accepted.fd);
        };
        self.close_scraper(slot);
        let want = Interest {
            readable: true,
            writable: false,
        };
        let token = Token(TOKEN_SCRAPER + slot as u64);
        if let Err(error) = self.ae.watch(accepted.fd, token, want) {
            log::warn!("Watching a connection to the metrics failed: {error}");
            self.net.close(accepted.fd);
            return;
        }
        self.scrapers.slots[slot] = Some(Scraper {
            fd: accepted.fd,
            input: Vec::new(),
            output: Vec::new(),
            sent: 0,
            closing: false,
            due_us: self.now_us + PATIENCE_US,
        });
    }

    /// Goes on with a connection that is ready.
    pub(super) fn serve_scraper(&mut self, slot: usize) {
        let is_open = self.read_scraper(slot) && self.answer_scraper(slot);
        if !is_open {
            self.close_scraper(slot);
        }
    }

    /// Reads what has come, unless a reply is still to be taken; `false`: it is over.
    fn read_scraper(&mut self, slot: usize) -> bool {
        let Some(Some(scraper)) = self.scrapers.slots.get_mut(slot) else {
            return true;
        };
        if !scraper.output.is_empty() {
            return true;
        }
        let mut bytes = [0; READ_BYTES];
        match self.net.read(scraper.fd, &mut bytes) {
            Ok(Transfer::Bytes(count)) => {
                // What exceeds the limit needs not be kept.
                let room = http::MAX_HEAD.saturating_sub(scraper.input.len());
                scraper
                    .input
                    .extend_from_slice(&bytes[..count.get().min(room)]);
                true
            }
            Ok(Transfer::NotReady) => true,
            Ok(Transfer::Closed) | Err(_) => false,
        }
    }

    /// Answers requests that have come, one after the other as their replies are taken; `false`: it is over.
    fn answer_scraper(&mut self, slot: usize) -> bool {
        loop {
            let Some(Some(scraper)) = self.scrapers.slots.get_mut(slot) else {
                return true;
            };
            if scraper.output.is_empty() {
                let input = core::mem::take(&mut scraper.input);
                let mut out = Vec::new();
                let (used, keep_alive) = match http::parse(&input) {
                    Ok(None) => {
                        scraper.input = input;
                        return true;
                    }
                    Ok(Some((request, len))) => {
                        let (status, body) = self.page(request.path);
                        let body = body.as_bytes();
                        let (head_only, keep_alive) = (request.head_only, request.keep_alive);
                        http::respond(&mut out, status, body, head_only, keep_alive);
                        (len, keep_alive)
                    }
                    Err(status) => {
                        let body = alloc::format!("{}\n", status.line());
                        http::respond(&mut out, status, body.as_bytes(), false, false);
                        (0, false)
                    }
                };
                let due_us = self.now_us + PATIENCE_US;
                if let Some(scraper) = &mut self.scrapers.slots[slot] {
                    scraper.input = input[used..].to_vec();
                    (scraper.output, scraper.sent) = (out, 0);
                    (scraper.closing, scraper.due_us) = (!keep_alive, due_us);
                }
            }
            match self.send_to_scraper(slot) {
                Sent::All => {}
                Sent::Some => return true,
                Sent::Over => return false,
            }
        }
    }

    fn send_to_scraper(&mut self, slot: usize) -> Sent {
        let Some(Some(scraper)) = self.scrapers.slots.get_mut(slot) else {
            return Sent::Over;
        };
        while scraper.sent < scraper.output.len() {
            match self
                .net
                .write(scraper.fd, &[&scraper.output[scraper.sent..]])
            {
                Ok(Transfer::Bytes(count)) => scraper.sent += count.get(),
                Ok(Transfer::NotReady) => {
                    // Nothing more is read until the reply is taken.
                    let want = Interest {
                        readable: false,
                        writable: true,
                    };
                    let is_watched = self.ae.set_interest(scraper.fd, want).is_ok();
                    return if is_watched { Sent::Some } else { Sent::Over };
                }
                Ok(Transfer::Closed) | Err(_) => return Sent::Over,
            }
        }
        if scraper.closing {
            return Sent::Over;
        }
        (scraper.output, scraper.sent) = (Vec::new(), 0);
        let want = Interest {
            readable: true,
            writable: false,
        };
        match self.ae.set_interest(scraper.fd, want) {
            Ok(()) => Sent::All,
            Err(_) => Sent::Over,
        }
    }

    /// Status and text of a page.
    fn page(&mut self, path: &[u8]) -> (Status, alloc::string::String) {
        match path {
            b"/metrics" => (Status::Ok, self.metrics_text()),
            b"/healthz" if self.is_loading() => (Status::Unavailable, "loading\n".into()),
            b"/healthz" => (Status::Ok, "ok\n".into()),
            _ => (
                Status::NotFound,
                "Pages are /metrics and /healthz.\n".into(),
            ),
        }
    }

    /// Ends those who have taken too long; called by the cron.
    pub(super) fn time_out_scrapers(&mut self) {
        for slot in 0..MOST {
            let scraper = self.scrapers.slots[slot].as_ref();
            if scraper.is_some_and(|scraper| scraper.due_us <= self.now_us) {
                self.close_scraper(slot);
            }
        }
    }

    /// Closes all; the engine ends.
    pub(super) fn close_scrapers(&mut self) {
        (0..MOST).for_each(|slot| self.close_scraper(slot));
    }

    fn close_scraper(&mut self, slot: usize) {
        if let Some(scraper) = self.scrapers.slots.get_mut(slot).and_then(Option::take) {
            let _ = self.ae.unwatch(scraper.fd);
            self.net.close(scraper.fd);
        }
    }
}

/// How far sending has come.
enum Sent {
    All,
    Some,
    Over,
}
