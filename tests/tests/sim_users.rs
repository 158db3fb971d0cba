//! Users while the server runs: their files, and what a change means for clients that are there.

use rotom_core::persist::LoadError;
use rotom_core::platform::Host;
use rotom_tests::reply::{Value, line};
use rotom_tests::server::{Server, settings};
use rotom_tests::sim::{Sim, SimClient};

const FILE: &str = "users.acl";
const DEFAULT: &str = "user default on nopass ~* &* +@all\n";

fn ok() -> Value {
    Value::Simple("OK".into())
}

fn write_file(sim: &Sim, text: &str) {
    let written = sim.host().replace_file(FILE, text.as_bytes());
    assert!(written.is_ok());
}

fn read_file(sim: &Sim) -> String {
    let bytes = sim.host().read_file(FILE).expect("the file is there");
    String::from_utf8(bytes).expect("text")
}

/// Sends a request, and looks for a text in the reply.
fn expect(server: &mut Server, client: &SimClient, request: &str, wanted: &str) {
    let reply = format!("{:?}", server.call(client, request));
    assert!(reply.contains(wanted), "{request}: {reply}");
}

/// A client that has logged in with the password `pw`.
fn log_in(server: &mut Server, name: &str) -> SimClient {
    let client = server.connect();
    let reply = server.call(&client, &format!("AUTH {name} pw"));
    assert_eq!(reply, ok(), "{name}");
    client
}

/// A server with one user more, and that user's client.
fn with_user(rules: &str) -> (Server, SimClient, SimClient) {
    let mut server = Server::start(&Sim::new(1), &[]);
    let admin = server.connect();
    let set = format!("ACL SETUSER alice on >pw {rules}");
    assert_eq!(server.call(&admin, &set), ok());
    let alice = log_in(&mut server, "alice");
    (server, admin, alice)
}

fn expect_end(server: &mut Server, client: &SimClient) {
    server.until("the client to be closed", |_| client.is_closed_by_server());
}

#[test]
fn a_file_of_users_is_read_at_the_start_and_on_demand() {
    let sim = Sim::new(1);
    write_file(&sim, &format!("{DEFAULT}user alice on >pw ~a* +get\n"));
    let mut server = Server::start(&sim, &["aclfile users.acl"]);
    let admin = server.connect();
    let alice = log_in(&mut server, "alice");
    expect(&mut server, &alice, "GET b", "NOPERM");
    assert_eq!(server.call(&alice, "GET a"), Value::Bulk(None));
    // One with an error changes nothing.
    write_file(&sim, "user alice on nopass +nosuch\nnobody\n");
    let wrong = "users.acl:1: Error in applying operation '+nosuch': Unknown command or category name in ACL. \
                 users.acl:2 should start with user keyword followed by the username. \
                 WARNING: ACL errors detected, no change to the previously active ACL rules was performed";
    expect(&mut server, &admin, "ACL LOAD", wrong);
    assert_eq!(server.call(&alice, "GET a"), Value::Bulk(None));
    // Who is no more in it leaves.
    write_file(&sim, DEFAULT);
    assert_eq!(server.call(&admin, "ACL LOAD"), ok());
    expect_end(&mut server, &alice);
    expect(&mut server, &admin, "ACL WHOAMI", "default");
}

#[test]
fn users_are_saved_for_the_next_start() {
    let sim = Sim::new(1);
    write_file(&sim, DEFAULT);
    let mut server = Server::start(&sim, &["aclfile users.acl"]);
    let admin = server.connect();
    let set = "ACL SETUSER bob on >pw ~b* +@string (~x +del)";
    assert_eq!(server.call(&admin, set), ok());
    assert_eq!(read_file(&sim), DEFAULT);
    let list = server.call(&admin, "ACL LIST");
    assert_eq!(server.call(&admin, "ACL SAVE"), ok());
    assert!(
        read_file(&sim).contains("\nuser default on nopass"),
        "{}",
        read_file(&sim)
    );
    drop(server);
    let next = Sim::new(2);
    write_file(&next, &read_file(&sim));
    let mut server = Server::start(&next, &["aclfile users.acl"]);
    let admin = server.connect();
    assert_eq!(server.call(&admin, "ACL LIST"), list);
    let bob = log_in(&mut server, "bob");
    assert_eq!(server.call(&bob, "SET b 1"), ok());
    expect(&mut server, &bob, "SET x 1", "NOPERM");
    assert_eq!(server.call(&bob, "DEL x"), Value::Int(0));
}

#[test]
fn a_server_does_not_start_with_users_that_are_wrong() {
    let start = |lines: &[&str], file: Option<&str>| {
        let sim = Sim::new(1);
        if let Some(text) = file {
            write_file(&sim, text);
        }
        match Server::try_start(&sim, settings(lines)) {
            Err(LoadError::Users(text)) => text,
            _ => unreachable!("{lines:?} must be refused"),
        }
    };
    let text = start(&["aclfile users.acl"], Some("user a +nosuch\n"));
    assert!(
        text.contains("because of ACL errors: users.acl:1: Error"),
        "{text}"
    );
    let text = start(&["aclfile users.acl"], None);
    assert!(text.contains("opening file 'users.acl'"), "{text}");
    let text = start(&["aclfile users.acl", "user a on"], Some(DEFAULT));
    assert!(text.contains("but not both"), "{text}");
    let text = start(&["user a on +nosuch"], None);
    assert!(text.contains("Error loading ACL rule '+nosuch'"), "{text}");
}

#[test]
fn without_a_file_there_is_nothing_to_load_or_save() {
    let mut server = Server::start(&Sim::new(1), &[]);
    let admin = server.connect();
    for request in ["ACL LOAD", "ACL SAVE"] {
        let wanted = "This Redis instance is not configured to use an ACL file.";
        expect(&mut server, &admin, request, wanted);
    }
}

#[test]
fn clients_of_a_user_that_is_deleted_leave() {
    let (mut server, admin, alice) = with_user("~* &* +@all");
    let another = log_in(&mut server, "alice");
    let waiting = log_in(&mut server, "alice");
    waiting.send(&line("BLPOP list 0"));
    server.until("the request to be read", |_| waiting.unread_len() == 0);
    assert_eq!(
        server.call(&admin, "ACL DELUSER alice nobody"),
        Value::Int(1)
    );
    for client in [&alice, &another, &waiting] {
        expect_end(&mut server, client);
    }
    assert_eq!(server.call(&admin, "RPUSH list x"), Value::Int(1));
    assert_eq!(server.call(&admin, "LLEN list"), Value::Int(1));
    // Who deletes the own user still hears of it.
    server.call(&admin, "ACL SETUSER alice on >pw ~* &* +@all");
    let alice = log_in(&mut server, "alice");
    assert_eq!(server.call(&alice, "ACL DELUSER alice"), Value::Int(1));
    expect_end(&mut server, &alice);
}

#[test]
fn a_client_that_waits_is_refused_when_its_rights_are_gone() {
    let (mut server, admin, alice) = with_user("~list* +blpop");
    alice.send(&line("BLPOP list 0"));
    server.until("the request to be read", |_| alice.unread_len() == 0);
    assert_eq!(
        server.call(&admin, "ACL SETUSER alice resetkeys ~other"),
        ok()
    );
    assert_eq!(server.call(&admin, "RPUSH list x"), Value::Int(1));
    let refused = server.replies(&alice, 1);
    let refused = format!("{refused:?}");
    assert!(refused.contains("NOPERM"), "{refused}");
    // The element is still there for others.
    assert_eq!(server.call(&admin, "LLEN list"), Value::Int(1));
}

#[test]
fn subscribers_stay_within_their_channels() {
    let (mut server, admin, alice) =
        with_user("resetchannels &news.* +subscribe +psubscribe +ping");
    let refused = "NOPERM No permissions to access a channel";
    for request in ["SUBSCRIBE other", "SUBSCRIBE news.a other", "PSUBSCRIBE n*"] {
        expect(&mut server, &alice, request, refused);
    }
    expect(&mut server, &alice, "SUBSCRIBE news.a", "news.a");
    expect(&mut server, &alice, "PSUBSCRIBE news.*", "news.*");
    // More rights, and fewer that were not used, end nobody.
    assert_eq!(
        server.call(&admin, "ACL SETUSER alice &chat -psubscribe"),
        ok()
    );
    assert_eq!(server.call(&admin, "PUBLISH news.a hello"), Value::Int(2));
    assert_eq!(server.replies(&alice, 2).len(), 2);
    assert_eq!(
        server.call(&admin, "ACL SETUSER alice resetchannels &chat"),
        ok()
    );
    expect_end(&mut server, &alice);
    assert_eq!(server.call(&admin, "PUBLISH news.a hello"), Value::Int(0));
}

#[test]
fn the_log_tells_what_was_refused_in_a_transaction() {
    let (mut server, admin, alice) = with_user("~a* +get +set +multi +exec");
    expect(&mut server, &alice, "GET b", "NOPERM");
    expect(&mut server, &admin, "ACL LOG 1", "toplevel");
    assert_eq!(server.call(&alice, "MULTI"), ok());
    expect(&mut server, &alice, "GET b2", "NOPERM");
    expect(&mut server, &alice, "EXEC", "EXECABORT");
    expect(&mut server, &admin, "ACL LOG 1", "multi");
    expect(&mut server, &admin, "ACL LOG 1", "b2");
    // What was queued under rights that are gone since then is refused one by one.
    assert_eq!(server.call(&admin, "ACL LOG RESET"), ok());
    assert_eq!(server.call(&alice, "MULTI"), ok());
    expect(&mut server, &alice, "SET a 1", "QUEUED");
    expect(&mut server, &alice, "GET a", "QUEUED");
    assert_eq!(server.call(&admin, "ACL SETUSER alice -set"), ok());
    let reply = server.call(&alice, "EXEC");
    let Value::Array(Some(replies)) = &reply else {
        unreachable!("{reply:?}");
    };
    assert!(format!("{:?}", replies[0]).contains("NOPERM"), "{reply:?}");
    assert_eq!(replies[1], Value::Bulk(None));
    expect(&mut server, &admin, "ACL LOG 1", "multi");
    expect(&mut server, &admin, "ACL LOG 1", "username");
    expect(&mut server, &admin, "ACL LOG 1", "alice");
}

#[test]
fn declared_users_survive_a_rewritten_configuration() {
    let sim = Sim::new(1);
    let declared = "user alice on >pw ~a* resetchannels -@all +get";
    sim.set_config(Some(&format!("# mine\n{declared}\n")));
    let mut server = Server::start(&sim, &[declared]);
    let admin = server.connect();
    let set = "ACL SETUSER bob on >pw ~b* +@read (~x +del)";
    assert_eq!(server.call(&admin, set), ok());
    assert_eq!(server.call(&admin, "ACL SETUSER alice +set"), ok());
    let list = server.call(&admin, "ACL LIST");
    assert_eq!(server.call(&admin, "CONFIG REWRITE"), ok());
    let config = sim.config().expect("a configuration");
    assert!(config.starts_with("# mine\n"), "{config}");
    assert!(!config.contains(">pw"), "passwords are hashed: {config}");
    let users: Vec<&str> = config
        .lines()
        .filter(|line| line.starts_with("user "))
        .collect();
    let names = |name: &str| users.iter().filter(|line| line.starts_with(name)).count();
    assert_eq!(
        (names("user alice "), names("user bob ")),
        (1, 1),
        "{config}"
    );
    let mut server = Server::start(&Sim::new(2), &users);
    let admin = server.connect();
    assert_eq!(server.call(&admin, "ACL LIST"), list);
    let alice = log_in(&mut server, "alice");
    assert_eq!(server.call(&alice, "SET a 1"), ok());
}
