//! Both servers: what is sent to one is sent to the other, and the replies are compared.

use super::compare::{Mode, agree, with_plain_numbers};
use super::draw::Request;
use super::known;
use super::link::Link;
use super::reply::Reply;
use super::server::{Identity, Server};
use std::io;

/// A request, and what is free in its reply.
#[derive(Clone, Debug)]
pub struct Step {
    pub request: Request,
    pub mode: Mode,
}

impl Step {
    /// A step of words and the key among them.
    pub fn new(words: &[&[u8]], key: Option<usize>, mode: Mode) -> Step {
        let request = Request {
            words: words.iter().map(|word| word.to_vec()).collect(),
            keys: key.into_iter().collect(),
        };
        Step { request, mode }
    }
}

/// Where the two servers part.
#[derive(Clone, Debug)]
pub struct Difference {
    /// The number of the step among those sent together.
    pub at: usize,
    /// The replies, or what happened in their place.
    pub rotom: String,
    pub reference: String,
}

/// Connections to both servers.
pub struct Pair {
    pub rotom: Link,
    pub reference: Link,
    pub identity: Identity,
}

impl Pair {
    /// Connects to both.
    pub fn connect(rotom: &Server, reference: &Server) -> Result<Pair, String> {
        let connect = |server: &Server| server.connect().map_err(|error| error.to_string());
        let mut reference = connect(reference)?;
        Ok(Pair {
            rotom: connect(rotom)?,
            identity: Identity::of(&mut reference)?,
            reference,
        })
    }

    /// Sends steps to both servers and returns the replies; the first difference ends it. All replies are read.
    pub fn run(&mut self, steps: &[Step]) -> Result<Vec<Reply>, Difference> {
        for link in [&mut self.rotom, &mut self.reference] {
            steps.iter().for_each(|step| link.add(&step.request.words));
        }
        let sent = (self.rotom.send(), self.reference.send());
        let mut found = None;
        let mut replies = Vec::new();
        for (at, step) in steps.iter().enumerate() {
            // A server that could not be sent everything has ended; its replies so far are still there.
            let (rotom, reference) = (self.rotom.read(), self.reference.read());
            match (rotom, reference) {
                (Ok(rotom), Ok(reference)) => {
                    let agree = self.agree(step, &rotom, &reference);
                    if !agree
                        && known::explains(self.identity, &step.request.words, &rotom, &reference)
                            .is_none()
                    {
                        let (rotom, reference) = (rotom.to_string(), reference.to_string());
                        found.get_or_insert(Difference {
                            at,
                            rotom,
                            reference,
                        });
                    }
                    replies.push(rotom);
                }
                (rotom, reference) => {
                    let (rotom, reference) = (outcome(rotom), outcome(reference));
                    return Err(found.unwrap_or(Difference {
                        at,
                        rotom,
                        reference,
                    }));
                }
            }
        }
        debug_assert!(sent.0.is_ok() && sent.1.is_ok());
        found.map_or(Ok(replies), Err)
    }

    fn agree(&self, step: &Step, rotom: &Reply, reference: &Reply) -> bool {
        let mode = step.mode;
        agree(mode, rotom, reference)
            || known::writes_other_digits(self.identity)
                && agree(
                    mode,
                    &with_plain_numbers(rotom),
                    &with_plain_numbers(reference),
                )
    }

    /// Sends lines to both for their effect alone.
    pub fn set_up(&mut self, lines: &[String]) -> io::Result<()> {
        for line in lines {
            self.reference.line(line)?;
            self.rotom.line(line)?;
        }
        Ok(())
    }
}

fn outcome(reply: io::Result<Reply>) -> String {
    match reply {
        Ok(reply) => reply.to_string(),
        Err(error) => format!("no reply: {error}"),
    }
}
