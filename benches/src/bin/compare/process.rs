#![allow(
    unsafe_code,
    reason = "affinity and the death signal are asked for through libc"
)]
//! Processes: on a core of their own, ended with this one; and what they have used, from `/proc`.

use std::fs;
use std::io::{self, Read};
use std::os::unix::process::CommandExt;
use std::process::{Child, Command, ExitStatus};
use std::thread::sleep;
use std::time::{Duration, Instant};

/// Which cores are whose; `None`: wherever the system puts it.
pub struct Cores {
    pub server: Option<usize>,
    pub load: Option<usize>,
}

/// The first two cores that this process may use; with only one, nothing is pinned.
pub fn cores() -> Cores {
    let allowed = allowed_cores();
    match allowed[..] {
        [server, load, ..] => Cores {
            server: Some(server),
            load: Some(load),
        },
        _ => Cores {
            server: None,
            load: None,
        },
    }
}

fn allowed_cores() -> Vec<usize> {
    // SAFETY: an all-zero cpu_set_t is an empty set.
    let mut set: libc::cpu_set_t = unsafe { std::mem::zeroed() };
    // SAFETY: the pointer is to a whole cpu_set_t, whose size is given; 0 is this thread.
    let result = unsafe { libc::sched_getaffinity(0, size_of::<libc::cpu_set_t>(), &mut set) };
    if result != 0 {
        return Vec::new();
    }
    let is_allowed = |core: &usize| {
        // SAFETY: the core's number is below CPU_SETSIZE.
        unsafe { libc::CPU_ISSET(*core, &set) }
    };
    (0..libc::CPU_SETSIZE as usize).filter(is_allowed).collect()
}

/// A child process that does not outlive its owner.
pub struct Owned {
    child: Child,
}

impl Owned {
    /// Starts `command`, pinned to `core`. Should this process die in any way, the kernel ends the child.
    pub fn spawn(command: &mut Command, core: Option<usize>) -> io::Result<Owned> {
        // SAFETY: between fork and exec only async-signal-safe calls are made (prctl and sched_setaffinity are plain
        // system calls), on a set that lives on the stack.
        unsafe {
            command.pre_exec(move || {
                libc::prctl(libc::PR_SET_PDEATHSIG, libc::SIGKILL);
                if let Some(core) = core {
                    let mut set: libc::cpu_set_t = std::mem::zeroed();
                    libc::CPU_SET(core, &mut set);
                    libc::sched_setaffinity(0, size_of::<libc::cpu_set_t>(), &set);
                }
                Ok(())
            })
        };
        let child = command.spawn()?;
        Ok(Owned { child })
    }

    /// Whether it still runs.
    pub fn is_running(&mut self) -> bool {
        matches!(self.child.try_wait(), Ok(None))
    }

    /// Waits for its end, or ends it after `limit`.
    pub fn wait_at_most(&mut self, limit: Duration) -> Result<ExitStatus, String> {
        let deadline = Instant::now() + limit;
        loop {
            match self.child.try_wait() {
                Ok(Some(status)) => return Ok(status),
                Ok(None) if Instant::now() < deadline => sleep(Duration::from_millis(5)),
                Ok(None) => return Err(format!("not done after {} seconds", limit.as_secs())),
                Err(error) => return Err(error.to_string()),
            }
        }
    }

    /// What it has written to its piped output; few enough bytes to fit the pipe.
    pub fn read_output(&mut self, text: &mut String) -> io::Result<()> {
        if let Some(output) = &mut self.child.stdout {
            output.read_to_string(text)?;
        }
        Ok(())
    }

    /// Processor time that all its threads have used, microseconds.
    pub fn cpu_us(&self) -> Result<f64, String> {
        cpu_us(self.child.id()).map_err(|error| format!("no processor time in /proc: {error}"))
    }

    /// Resident bytes.
    pub fn resident_bytes(&self) -> Result<f64, String> {
        let path = format!("/proc/{}/status", self.child.id());
        let text = fs::read_to_string(path).map_err(|error| error.to_string())?;
        let kilobytes = text.lines().find_map(|line| {
            let rest = line.strip_prefix("VmRSS:")?;
            rest.trim().strip_suffix(" kB")?.parse::<f64>().ok()
        });
        kilobytes
            .map(|kb| kb * 1024.0)
            .ok_or("no VmRSS in /proc".into())
    }
}

impl Drop for Owned {
    fn drop(&mut self) {
        // It may have ended by itself; then both calls say so, and there is nothing to do.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// From the scheduler's own account in nanoseconds, which is what `utime + stime` in `/proc/PID/stat` is made of, where
/// the kernel shows it; else from there, in ticks.
fn cpu_us(pid: u32) -> io::Result<f64> {
    let mut nanoseconds = 0.0;
    for task in fs::read_dir(format!("/proc/{pid}/task"))? {
        let Ok(text) = fs::read_to_string(task?.path().join("schedstat")) else {
            return cpu_us_of_ticks(pid);
        };
        let on_cpu = text.split_whitespace().next();
        nanoseconds += on_cpu
            .and_then(|word| word.parse::<f64>().ok())
            .unwrap_or(0.0);
    }
    Ok(nanoseconds / 1000.0)
}

fn cpu_us_of_ticks(pid: u32) -> io::Result<f64> {
    let text = fs::read_to_string(format!("/proc/{pid}/stat"))?;
    // The program's name, in parentheses, may hold anything; the fields after it are numbers, utime and stime
    // the twelfth and thirteenth of them.
    let fields = text
        .rsplit(')')
        .next()
        .unwrap_or_default()
        .split_whitespace();
    let ticks: f64 = fields
        .skip(11)
        .take(2)
        .filter_map(|word| word.parse::<f64>().ok())
        .sum();
    // SAFETY: sysconf takes any name and reads nothing of ours.
    let per_second = unsafe { libc::sysconf(libc::_SC_CLK_TCK) };
    Ok(ticks / per_second as f64 * 1e6)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_accounts_of_processor_time_agree() {
        // Both go on while they are read, on this thread and on those of other tests: the coarse one lies between two
        // readings of the fine one, but for a tick on either side.
        const TICK_US: f64 = 20_000.0;
        let pid = std::process::id();
        let mut before = 0.0;
        while before < 100_000.0 {
            before = cpu_us(pid).unwrap();
        }
        let coarse = cpu_us_of_ticks(pid).unwrap();
        let after = cpu_us(pid).unwrap();
        assert!(
            coarse >= before - TICK_US && coarse <= after + TICK_US,
            "{before} {coarse} {after}"
        );
    }

    #[test]
    fn a_dropped_child_is_gone() {
        let owned = Owned::spawn(Command::new("sleep").arg("100"), None).unwrap();
        let path = format!("/proc/{}/stat", owned.child.id());
        assert!(fs::exists(&path).unwrap());
        assert!(owned.resident_bytes().unwrap() > 0.0);
        drop(owned);
        assert!(!fs::exists(&path).unwrap());
    }

    #[test]
    fn waiting_has_an_end() {
        let mut owned = Owned::spawn(Command::new("sleep").arg("100"), None).unwrap();
        assert!(owned.wait_at_most(Duration::from_millis(20)).is_err());
    }
}
