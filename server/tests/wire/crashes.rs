#![allow(unsafe_code, reason = "signals are sent through the C library")]
//! What a crash leaves behind.

use crate::support::{Folder, Server};
use std::os::unix::process::ExitStatusExt;

/// Ends a server by a signal; how it ended, and what its log says.
fn crash<T>(
    signal: libc::c_int,
    flags: &[&str],
    before: impl FnOnce(&Server) -> T,
) -> (Option<i32>, String) {
    let folder = Folder::new();
    let mut server = Server::start(&folder, flags);
    let _still_there = before(&server);
    server.send_signal(signal);
    let status = server.wait();
    (status.signal(), server.log())
}

#[test]
fn every_fatal_signal_is_reported_and_keeps_its_effect() {
    for (signal, name) in [
        (libc::SIGSEGV, "SIGSEGV"),
        (libc::SIGBUS, "SIGBUS"),
        (libc::SIGFPE, "SIGFPE"),
        (libc::SIGILL, "SIGILL"),
        (libc::SIGABRT, "SIGABRT"),
    ] {
        let (ended, log) = crash(signal, &[], |server| {
            let mut client = server.client();
            assert_eq!(client.ask("SET secretkey secretvalue"), "+OK");
            assert_eq!(client.ask("GET secretkey"), "secretvalue");
            client
        });
        assert_eq!(ended, Some(signal), "{name}\n{log}");
        let first = format!("crashed by signal: {signal} ({name})");
        for part in [
            "=== ROTOM BUG REPORT START",
            &first,
            &format!("Sent by process {}", std::process::id()),
            "------ STACK TRACE ------",
            // How much of a function's name is known depends on the profile; where it stands is known in all.
            "server/src/serve.rs",
            "------ STATE OF THE LOOP ------",
            "connected_clients:1",
            "db0:keys=1,expires=0",
            "commands_of_the_batch: get",
            "=== ROTOM BUG REPORT END",
        ] {
            assert!(log.contains(part), "{name}: no '{part}' in\n{log}");
        }
        assert!(!log.contains("secret"), "{log}");
        assert_eq!(log.matches("BUG REPORT START").count(), 1, "{log}");
    }
}

#[test]
fn a_crash_may_be_asked_for() {
    let wanted = [
        ("SEGFAULT", libc::SIGSEGV, "crashed by signal: 11 (SIGSEGV)"),
        ("PANIC", libc::SIGABRT, "asked for by DEBUG PANIC"),
    ];
    for (how, signal, text) in wanted {
        let folder = Folder::new();
        let mut server = Server::start(&folder, &["--enable-debug-command", "yes"]);
        let mut client = server.client();
        client.send(format!("DEBUG {how}\r\n").as_bytes());
        client.expect_end();
        let status = server.wait();
        let log = server.log();
        assert_eq!(status.signal(), Some(signal), "{how}: {status}\n{log}");
        for part in [
            text,
            "BUG REPORT START",
            "commands_of_the_batch: debug",
            "BUG REPORT END",
        ] {
            assert!(log.contains(part), "{how}: no '{part}' in\n{log}");
        }
    }
}

#[test]
fn a_report_goes_to_the_log_file_or_nowhere() {
    let folder = Folder::new();
    let path = folder.file("log");
    let (ended, output) = crash(libc::SIGSEGV, &["--crash-log-enabled", "no"], |_| {});
    assert_eq!(ended, Some(libc::SIGSEGV));
    assert!(!output.contains("BUG REPORT"), "{output}");
    let dir = folder.path().to_str().unwrap();
    let unix = folder.file("socket");
    let mut server = Server::launch_quietly(
        &[
            "--port",
            "0",
            "--unixsocket",
            &unix,
            "--dir",
            dir,
            "--logfile",
            &path,
        ],
        &[],
    );
    crate::support::until("it is ready", || {
        std::fs::read_to_string(&path).is_ok_and(|log| log.contains("Ready to accept"))
    });
    server.send_signal(libc::SIGBUS);
    assert_eq!(server.wait().signal(), Some(libc::SIGBUS));
    let log = folder.read("log");
    assert!(
        log.contains("crashed by signal: 7 (SIGBUS)") && log.contains("BUG REPORT END"),
        "{log}"
    );
}
