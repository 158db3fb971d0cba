//! What a program writes to a pipe, collected line by line.

use super::PATIENCE;
use std::io::{BufRead, BufReader, Read};
use std::sync::{Arc, Condvar, Mutex};
use std::time::Instant;

/// The lines so far; a thread adds to them until the pipe ends.
#[derive(Clone)]
pub struct Log(Arc<(Mutex<State>, Condvar)>);

#[derive(Default)]
struct State {
    lines: Vec<String>,
    ended: bool,
}

impl Log {
    /// Begins to collect.
    pub fn of(pipe: impl Read + Send + 'static) -> Self {
        let log = Log(Arc::default());
        let filled = log.clone();
        std::thread::spawn(move || filled.fill(pipe));
        log
    }

    fn fill(&self, pipe: impl Read) {
        let (state, changed) = &*self.0;
        for line in BufReader::new(pipe).split(b'\n') {
            let Ok(line) = line else {
                break;
            };
            let line = String::from_utf8_lossy(&line).into_owned();
            state.lock().unwrap().lines.push(line);
            changed.notify_all();
        }
        state.lock().unwrap().ended = true;
        changed.notify_all();
    }

    /// Waits for a line that contains `text`; false when the pipe ends without one.
    pub fn wait_for(&self, text: &str) -> bool {
        self.wait(text, |state| {
            if state.lines.iter().any(|line| line.contains(text)) {
                Some(true)
            } else {
                state.ended.then_some(false)
            }
        })
    }

    /// Waits until the program has closed the pipe, which its end does.
    pub fn wait_for_end(&self) {
        self.wait("the end of the program", |state| state.ended.then_some(()));
    }

    /// Everything so far.
    pub fn text(&self) -> String {
        self.0.0.lock().unwrap().lines.join("\n")
    }

    fn wait<T>(&self, what: &str, answer: impl Fn(&State) -> Option<T>) -> T {
        let (state, changed) = &*self.0;
        let give_up = Instant::now() + PATIENCE;
        let mut state = state.lock().unwrap();
        loop {
            if let Some(answer) = answer(&state) {
                return answer;
            }
            let left = give_up.saturating_duration_since(Instant::now());
            assert!(!left.is_zero(), "never: {what}\n{}", state.lines.join("\n"));
            state = changed.wait_timeout(state, left).unwrap().0;
        }
    }
}
