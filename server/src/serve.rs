//! The server around the engine: sockets, process, and the engine's platform.

use crate::allocator;
use crate::banner;
use crate::crash;
use crate::process::{self, PidFile, Supervisor};
use crate::startup::Startup;
use crate::tls::{self, ServerPlatform, TlsNet};
use rotom_core::engine::{
    Engine, Exit, Facts, Listener, Parts, Place, RESERVED_FILES, open_listeners, tls_options,
};
use rotom_core::platform::{Allocator, Host, Net};
use rotom_core::settings::Settings;
use rotom_platform_linux::{LinuxClock, LinuxHost, LinuxPoller, LinuxStorage, listen_unix};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

/// Why the server ended before it served.
type Failure = Box<dyn std::error::Error>;

/// Serves until told to end.
pub fn run(program: &str, configured: bool, startup: Startup) -> Result<ExitCode, Failure> {
    let Startup {
        mut settings,
        rewritable,
    } = startup;
    if process::is_background(&settings) {
        rotom_platform_linux::process::daemonize()?;
    }
    crash::report_to(&settings.logfile);
    banner::starting(program, configured);
    let _pid_file = PidFile::write(&settings);
    limit_clients(&mut settings);
    let (mut net, poller) = tls::sockets(LinuxPoller::new()?);
    let sockets = open_sockets(&mut net, &settings)?;
    banner::running(&settings);
    let supervisor = Supervisor::find(&settings);
    if let Some(Err(error)) = supervisor.as_ref().map(Supervisor::notify_loading) {
        log::warn!("The supervisor cannot be told that the server is loading: {error}");
    }
    let mut host = LinuxHost::new(allocator::allocated, rewritable.clone())?;
    host.give_back_with(allocator::give_back_slice);
    host.measure_with(held);
    host.catch_signals()?;
    let mut random = [0u8; 28];
    host.fill_random(&mut random);
    let parts: Parts<ServerPlatform> = Parts {
        clock: LinuxClock::new(),
        poller,
        net,
        storage: LinuxStorage::open(Path::new(&settings.dir), host.wake())?,
        host,
    };
    let facts = facts(rewritable, &random[..20]);
    let seed = random[20..]
        .iter()
        .fold(0, |seed, &byte| seed << 8 | u64::from(byte));
    let listeners = sockets.listeners.clone();
    let mut engine = Engine::new(parts, settings, listeners, facts, seed)
        .map_err(|error| format!("The event loop cannot start: {error}"))?;
    crash::watch(&mut engine);
    engine.begin_load().map_err(|error| error.to_string())?;
    // Clients are served while the data are loaded, and told so.
    let mut exit = None;
    while engine.is_loading() && exit.is_none() {
        exit = engine.turn();
    }
    if let Some(error) = engine.load_error() {
        return Err(error.to_string().into());
    }
    if exit.is_none() {
        announce(&sockets, supervisor.as_ref());
    }
    let exit = engine.run();
    // The system takes the memory back at once; freeing key by key would keep the process, and its ports, for seconds.
    std::mem::forget(engine);
    if let Some(supervisor) = &supervisor {
        supervisor.notify_stopping().ok();
    }
    if let Some(path) = &sockets.unix_path {
        std::fs::remove_file(path).ok();
    }
    Ok(match exit {
        Exit::Clean => ExitCode::SUCCESS,
        Exit::LogNotSynced | Exit::LoadFailed => ExitCode::FAILURE,
    })
}

fn announce(sockets: &Sockets, supervisor: Option<&Supervisor>) {
    banner::initialized();
    let is_tcp = |listener: &Listener, encrypted: bool| matches!(&listener.place, Place::Tcp { secure, .. } if *secure == encrypted);
    let has = |is: &dyn Fn(&Listener) -> bool| sockets.listeners.iter().any(is);
    for (kind, is_there) in [
        ("tcp", has(&|listener| is_tcp(listener, false))),
        ("unix", sockets.unix_path.is_some()),
        ("tls", has(&|listener| is_tcp(listener, true))),
    ] {
        if is_there {
            banner::ready(kind);
        }
    }
    if let Some(supervisor) = supervisor
        && let Err(error) = supervisor.notify_ready()
    {
        log::warn!("The supervisor cannot be told that the server is ready: {error}");
    }
}

/// Lowers `maxclients` to what the system's limit of open files allows.
fn limit_clients(settings: &mut Settings) {
    let wanted = u64::from(settings.maxclients) + RESERVED_FILES;
    let got = rotom_platform_linux::process::raise_open_files(wanted);
    if got < wanted {
        let clients = got.saturating_sub(RESERVED_FILES).max(1);
        log::warn!(
            "You requested maxclients of {} requiring at least {wanted} max file descriptors. Current maximum open \
             files is {got}. maxclients has been reduced to {clients} to compensate for low ulimit.",
            settings.maxclients
        );
        settings.maxclients = u32::try_from(clients).unwrap_or(settings.maxclients);
    }
    rotom_platform_linux::process::make_descriptors_ready(got.min(wanted));
}

/// What clients connect to.
struct Sockets {
    listeners: Vec<Listener>,
    unix_path: Option<PathBuf>,
}

fn open_sockets(net: &mut TlsNet, settings: &Settings) -> Result<Sockets, Failure> {
    if settings.tls_port != 0
        && let Err(error) = net.set_tls(&tls_options(settings))
    {
        log::warn!("{error}");
        return Err("Failed to configure TLS. Check logs for more info.".into());
    }
    let mut listeners = open_listeners(net, settings).map_err(|error| error.to_string())?;
    let mut unix_path = None;
    if !settings.unixsocket.is_empty() {
        let path = PathBuf::from(&settings.unixsocket);
        let fd = listen_unix(&path, settings.unixsocketperm, settings.tcp_backlog)
            .map_err(|error| format!("Failed opening Unix socket: bind: {error}"))?;
        listeners.push(Listener {
            fd,
            place: Place::Unix,
        });
        unix_path = Some(path);
    }
    if listeners.is_empty() {
        return Err("Configured to not listen anywhere, exiting.".into());
    }
    Ok(Sockets {
        listeners,
        unix_path,
    })
}

/// What the allocator holds, in the engine's words.
fn held() -> Allocator {
    let held = allocator::held();
    Allocator {
        active_bytes: held.active,
        resident_bytes: held.resident,
    }
}

fn facts(config_file: Option<PathBuf>, random: &[u8]) -> Facts {
    let read = |path: &str| {
        std::fs::read_to_string(path)
            .unwrap_or_default()
            .trim()
            .to_string()
    };
    let os = format!(
        "Linux {} {}",
        read("/proc/sys/kernel/osrelease"),
        std::env::consts::ARCH
    );
    Facts {
        process_id: std::process::id(),
        os,
        executable: std::env::current_exe()
            .unwrap_or_default()
            .display()
            .to_string(),
        config_file: config_file.unwrap_or_default().display().to_string(),
        version: env!("CARGO_PKG_VERSION").into(),
        allocator: "rotom".into(),
        run_id: random.iter().map(|byte| format!("{byte:02x}")).collect(),
    }
}
