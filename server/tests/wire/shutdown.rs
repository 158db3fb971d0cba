//! Ends that are asked for: everything acknowledged is in the log's file, and the exit code says so.

use crate::support::{Folder, PATIENCE, Server, Signal};
use std::os::unix::net::UnixDatagram;

fn write_then_end(end: impl FnOnce(&mut Server)) {
    let folder = Folder::new();
    let mut server = Server::start(&folder, &["--appendonly", "yes"]);
    let mut client = server.client();
    for number in 0..1000 {
        assert_eq!(client.ask(&format!("SET key:{number} {number}")), "+OK");
    }
    end(&mut server);
    let status = server.wait();
    assert_eq!(status.code(), Some(0), "{}", server.log());
    assert!(
        server.log().contains("ready to exit, bye bye"),
        "{}",
        server.log()
    );
    let file = folder.read("appendonlydir/appendonly.aof.1.incr.aof");
    assert!(file.ends_with("$7\r\nkey:999\r\n$3\r\n999\r\n"), "{file}");
    let server = Server::start(&folder, &["--appendonly", "yes"]);
    let mut client = server.client();
    assert_eq!(client.ask("DBSIZE"), ":1000");
    assert_eq!(client.ask("GET key:999"), "999");
}

#[test]
fn sigterm_ends_well() {
    write_then_end(|server| server.signal(Signal::Terminate));
}

#[test]
fn sigint_ends_well() {
    write_then_end(|server| server.signal(Signal::Interrupt));
}

#[test]
fn the_shutdown_command_ends_well() {
    write_then_end(|server| {
        let mut client = server.client();
        client.send(b"SHUTDOWN\r\n");
        client.expect_end();
    });
}

#[test]
fn there_is_no_shutdown_to_abort() {
    let folder = Folder::new();
    let server = Server::start(&folder, &[]);
    let mut client = server.client();
    assert_eq!(
        client.ask("SHUTDOWN ABORT"),
        "-ERR No shutdown in progress."
    );
    assert_eq!(client.ask("PING"), "+PONG");
}

/// A supervisor that reads the pid file finds the server, and no file once it has ended.
#[test]
fn the_pid_file_lives_as_long_as_the_server() {
    let folder = Folder::new();
    let path = folder.file("pid");
    let server = Server::start(&folder, &["--pidfile", &path]);
    let pid: u32 = folder.read("pid").trim().parse().unwrap();
    let info = server.client().call("INFO server").text();
    assert!(info.contains(&format!("process_id:{pid}\r\n")), "{info}");
    server.stop();
    assert!(!std::path::Path::new(&path).exists());
}

#[test]
fn systemd_hears_how_the_server_is() {
    let folder = Folder::new();
    let (notify, unix) = (folder.file("notify"), folder.file("socket"));
    let socket = UnixDatagram::bind(&notify).unwrap();
    socket.set_read_timeout(Some(PATIENCE)).unwrap();
    let hear = || {
        let mut text = [0; 200];
        let len = socket.recv(&mut text).unwrap();
        String::from_utf8_lossy(&text[..len]).into_owned()
    };
    let dir = folder.path().to_str().unwrap();
    let flags = ["--port", "0", "--unixsocket", &unix, "--dir", dir];
    // A supervised server stays, whatever else it was told.
    let supervised = ["--supervised", "systemd", "--daemonize", "yes"];
    let flags: Vec<&str> = flags.iter().chain(&supervised).copied().collect();
    let mut server = Server::launch_quietly(&flags, &[("NOTIFY_SOCKET", &notify)]);
    assert_eq!(hear(), "STATUS=Rotom is loading...\n");
    assert_eq!(hear(), "STATUS=Ready to accept connections\nREADY=1\n");
    // Redis takes no notice of a terminal that goes, and neither does Rotom.
    server.send_signal(libc::SIGHUP);
    server.signal(Signal::Terminate);
    assert_eq!(hear(), "STOPPING=1\n");
    assert!(server.wait().success());
}
