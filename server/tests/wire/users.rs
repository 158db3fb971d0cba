//! Users on a real disk: their own file, and lines of redis.conf.

use crate::support::{Folder, Server, run_to_end};

const DEFAULT: &str = "user default on nopass ~* &* +@all\n";

#[test]
fn a_file_of_users_is_loaded_and_saved() {
    let folder = Folder::new();
    folder.write("users.acl", DEFAULT);
    let flags = ["--aclfile", "users.acl"];
    let server = Server::start(&folder, &flags);
    let mut admin = server.client();
    let set = "ACL SETUSER alice on >pw ~a* +get (~b* +set)";
    assert_eq!(admin.ask(set), "+OK");
    assert_eq!(folder.read("users.acl"), DEFAULT);
    assert_eq!(admin.ask("ACL SAVE"), "+OK");
    let saved = folder.read("users.acl");
    assert!(saved.starts_with("user alice on "), "{saved}");
    assert!(!saved.contains(">pw"), "{saved}");
    let list = admin.ask("ACL LIST");
    server.kill();
    let server = Server::start(&folder, &flags);
    let mut admin = server.client();
    assert_eq!(admin.ask("ACL LIST"), list);
    let mut alice = server.client();
    assert_eq!(alice.ask("AUTH alice pw"), "+OK");
    assert_eq!(alice.ask("SET b 1"), "+OK");
    assert!(alice.ask("SET a 1").starts_with("-NOPERM "));
    folder.write("users.acl", format!("{DEFAULT}user alice +nosuch\n"));
    let refused = admin.ask("ACL LOAD");
    assert!(
        refused.starts_with("-ERR users.acl:2: Error in applying operation '+nosuch'"),
        "{refused}"
    );
    assert_eq!(alice.ask("GET a"), "nil");
    folder.write("users.acl", DEFAULT);
    assert_eq!(admin.ask("ACL LOAD"), "+OK");
    alice.expect_end();
    let file = folder.write("users.acl", "user alice +nosuch\n");
    let (dir, socket) = (folder.path().to_str().unwrap(), folder.file("socket"));
    let flags = ["--port", "0", "--unixsocket", &socket, "--dir", dir];
    let ended = run_to_end(&[&flags[..], &["--aclfile", &file]].concat());
    assert_eq!(ended.code, Some(1));
    let said = ended.output + &ended.errors;
    assert!(
        said.contains("Aborting Rotom startup because of ACL errors"),
        "{said}"
    );
}

#[test]
fn lines_of_a_configuration_survive_a_rewrite() {
    let folder = Folder::new();
    let conf = folder.write(
        "redis.conf",
        "# mine\nuser alice on >pw ~a* +get\nuser bob off\n",
    );
    let start = || {
        Server::launch(|port| {
            let port = port.to_string();
            let dir = folder.path().to_str().unwrap();
            [&conf, "--port", &port, "--dir", dir, "--save", ""]
                .map(String::from)
                .into()
        })
    };
    let server = start();
    let mut admin = server.client();
    assert_eq!(admin.ask("ACL SETUSER alice +set"), "+OK");
    assert_eq!(admin.ask("ACL DELUSER bob"), ":1");
    let list = admin.ask("ACL LIST");
    assert_eq!(admin.ask("CONFIG REWRITE"), "+OK");
    server.kill();
    let rewritten = folder.read("redis.conf");
    assert!(rewritten.starts_with("# mine\n"), "{rewritten}");
    assert!(!rewritten.contains("user bob"), "{rewritten}");
    let server = start();
    assert_eq!(server.client().ask("ACL LIST"), list);
    let mut alice = server.client();
    assert_eq!(alice.ask("AUTH alice pw"), "+OK");
    assert_eq!(alice.ask("SET a 1"), "+OK");
}
