//! The types of the settings that are more than a number or a text.

use alloc::string::String;
use alloc::vec::Vec;

/// Declares an enum whose variants are the words of a setting, in Redis's order.
macro_rules! words {
    ($(#[$doc:meta])* $name:ident { $($(#[$variant_doc:meta])* $variant:ident = $word:literal,)* }) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub enum $name { $($(#[$variant_doc])* $variant,)* }

        impl $name {
            /// Every word, in the order of the variants.
            pub const WORDS: &'static [&'static str] = &[$($word,)*];
            const VARIANTS: &'static [$name] = &[$($name::$variant,)*];

            /// The variant at a position of [`Self::WORDS`].
            pub fn from_index(index: usize) -> Option<Self> {
                Self::VARIANTS.get(index).copied()
            }

            /// The word in the configuration.
            pub fn word(self) -> &'static str {
                Self::WORDS[self as usize]
            }
        }
    };
}

words! {
    /// When the append only file is made durable.
    AppendFsync {
        /// Once a second.
        Everysec = "everysec",
        /// Before the reply of each write.
        Always = "always",
        /// When the operating system likes.
        No = "no",
    }
}

words! {
    /// The least level that is logged.
    LogLevel {
        /// Everything.
        Debug = "debug",
        /// Rarely useful lines too.
        Verbose = "verbose",
        /// What one wants in production.
        Notice = "notice",
        /// Only what needs attention.
        Warning = "warning",
        /// Silence.
        Nothing = "nothing",
    }
}

words! {
    /// What is evicted at `maxmemory`.
    MaxmemoryPolicy {
        /// The least recently used key that has a time to live.
        VolatileLru = "volatile-lru",
        /// The least frequently used key that has a time to live.
        VolatileLfu = "volatile-lfu",
        /// Any key that has a time to live.
        VolatileRandom = "volatile-random",
        /// The key of a sample that expires soonest.
        VolatileTtl = "volatile-ttl",
        /// The least recently used key.
        AllkeysLru = "allkeys-lru",
        /// The least frequently used key.
        AllkeysLfu = "allkeys-lfu",
        /// Any key.
        AllkeysRandom = "allkeys-random",
        /// Nothing: writes are refused.
        Noeviction = "noeviction",
    }
}

words! {
    /// Which supervisor is told that the server is ready.
    Supervised {
        /// Upstart.
        Upstart = "upstart",
        /// systemd, through `NOTIFY_SOCKET`.
        Systemd = "systemd",
        /// Whichever the environment names.
        Auto = "auto",
        /// None.
        No = "no",
    }
}

words! {
    /// Whether clients of encrypted connections show certificates.
    TlsAuthClients {
        /// They are not asked.
        No = "no",
        /// They must.
        Yes = "yes",
        /// They may.
        Optional = "optional",
    }
}

words! {
    /// Who may use something dangerous.
    ProtectedAction {
        /// Nobody.
        No = "no",
        /// Everybody.
        Yes = "yes",
        /// Connections from this machine.
        Local = "local",
    }
}

words! {
    /// Which channels a new user may use.
    ChannelsDefault {
        /// None.
        None = "resetchannels",
        /// Every one.
        All = "allchannels",
    }
}

impl ChannelsDefault {
    /// Whether it is every one.
    pub fn is_all(self) -> bool {
        self == ChannelsDefault::All
    }
}

impl ProtectedAction {
    /// Whether a connection may use it; `local` says whether it comes from this machine.
    pub fn allows(self, local: bool) -> bool {
        self == ProtectedAction::Yes || (self == ProtectedAction::Local && local)
    }
}

/// One `save` point: snapshot after so many seconds if there were so many changes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SavePoint {
    /// Seconds since the last snapshot.
    pub seconds: u64,
    /// Changes since the last snapshot.
    pub changes: u64,
}

/// When a client that does not read its replies is disconnected.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub struct BufferLimit {
    /// At once above this many bytes; 0 is no limit.
    pub hard_bytes: u64,
    /// Above this many bytes for `soft_seconds`; 0 is no limit.
    pub soft_bytes: u64,
    /// How long the soft limit may be exceeded.
    pub soft_seconds: u64,
}

/// The three classes of `client-output-buffer-limit`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct OutputBufferLimits {
    /// Ordinary clients.
    pub normal: BufferLimit,
    /// Replicas.
    pub replica: BufferLimit,
    /// Clients with subscriptions.
    pub pubsub: BufferLimit,
}

impl Default for OutputBufferLimits {
    fn default() -> Self {
        const MB: u64 = 1024 * 1024;
        OutputBufferLimits {
            normal: BufferLimit::default(),
            replica: BufferLimit {
                hard_bytes: 256 * MB,
                soft_bytes: 64 * MB,
                soft_seconds: 60,
            },
            pubsub: BufferLimit {
                hard_bytes: 32 * MB,
                soft_bytes: 8 * MB,
                soft_seconds: 60,
            },
        }
    }
}

/// `maxmemory-clients`: how much memory all clients together may use.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ClientsMemory {
    /// So many bytes; 0 is no limit.
    Bytes(u64),
    /// So many hundredths of `maxmemory`.
    Percent(u8),
}

/// An address of `bind`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BindAddress<'a> {
    /// The host; `*` has become `0.0.0.0` and `::*` has become `::`.
    pub host: &'a str,
    /// Whether failing to bind it is fine (a leading `-`).
    pub optional: bool,
}

impl<'a> BindAddress<'a> {
    /// Reads one word of `bind`.
    pub fn parse(word: &'a str) -> Self {
        let (host, optional) = match word.strip_prefix('-') {
            Some(host) => (host, true),
            None => (word, false),
        };
        let host = match host {
            "*" => "0.0.0.0",
            "::*" => "::",
            other => other,
        };
        BindAddress { host, optional }
    }
}

/// `notify-keyspace-events`: which events are published.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub struct KeyspaceEvents(u16);

/// The letters in the order in which CONFIG GET gives them; those of [`KeyspaceEvents::ALL`] come first.
const EVENT_LETTERS: &[(u8, KeyspaceEvents)] = &[
    (b'g', KeyspaceEvents::GENERIC),
    (b'$', KeyspaceEvents::STRING),
    (b'l', KeyspaceEvents::LIST),
    (b's', KeyspaceEvents::SET),
    (b'h', KeyspaceEvents::HASH),
    (b'z', KeyspaceEvents::SORTED_SET),
    (b'x', KeyspaceEvents::EXPIRED),
    (b'e', KeyspaceEvents::EVICTED),
    (b't', KeyspaceEvents::STREAM),
    (b'd', KeyspaceEvents::MODULE),
    (b'n', KeyspaceEvents::NEW),
    (b'K', KeyspaceEvents::KEYSPACE),
    (b'E', KeyspaceEvents::KEYEVENT),
    (b'm', KeyspaceEvents::KEY_MISS),
];

impl KeyspaceEvents {
    /// No event.
    pub const NONE: Self = KeyspaceEvents(0);
    /// `K`: publish to `__keyspace@<db>__`.
    pub const KEYSPACE: Self = KeyspaceEvents(1 << 0);
    /// `E`: publish to `__keyevent@<db>__`.
    pub const KEYEVENT: Self = KeyspaceEvents(1 << 1);
    /// `g`: DEL, EXPIRE, RENAME and the like.
    pub const GENERIC: Self = KeyspaceEvents(1 << 2);
    /// `$`: string commands.
    pub const STRING: Self = KeyspaceEvents(1 << 3);
    /// `l`: list commands.
    pub const LIST: Self = KeyspaceEvents(1 << 4);
    /// `s`: set commands.
    pub const SET: Self = KeyspaceEvents(1 << 5);
    /// `h`: hash commands.
    pub const HASH: Self = KeyspaceEvents(1 << 6);
    /// `z`: sorted set commands.
    pub const SORTED_SET: Self = KeyspaceEvents(1 << 7);
    /// `x`: a key expired.
    pub const EXPIRED: Self = KeyspaceEvents(1 << 8);
    /// `e`: a key was evicted.
    pub const EVICTED: Self = KeyspaceEvents(1 << 9);
    /// `t`: stream commands.
    pub const STREAM: Self = KeyspaceEvents(1 << 10);
    /// `m`: a key was looked for and not found.
    pub const KEY_MISS: Self = KeyspaceEvents(1 << 11);
    /// `d`: module types.
    pub const MODULE: Self = KeyspaceEvents(1 << 12);
    /// `n`: a key was created.
    pub const NEW: Self = KeyspaceEvents(1 << 13);
    /// `A`: every class but `m` and `n`.
    pub const ALL: Self = KeyspaceEvents(
        Self::GENERIC.0
            | Self::STRING.0
            | Self::LIST.0
            | Self::SET.0
            | Self::HASH.0
            | Self::SORTED_SET.0
            | Self::EXPIRED.0
            | Self::EVICTED.0
            | Self::STREAM.0
            | Self::MODULE.0,
    );

    /// Whether every event of `other` is on.
    pub fn contains(self, other: Self) -> bool {
        self.0 & other.0 == other.0
    }

    /// Whether an event of this class is published anywhere.
    pub fn publishes(self, class: Self) -> bool {
        self.0 & class.0 != 0 && self.0 & (Self::KEYSPACE.0 | Self::KEYEVENT.0) != 0
    }

    /// Whether events of some class are published somewhere.
    pub fn publishes_any(self) -> bool {
        let places = Self::KEYSPACE.0 | Self::KEYEVENT.0;
        self.0 & places != 0 && self.0 & !places != 0
    }

    /// Reads the letters; `None` when one is unknown.
    pub fn parse(letters: &[u8]) -> Option<Self> {
        let mut events = KeyspaceEvents::NONE;
        for &letter in letters {
            events.0 |= match letter {
                b'A' => Self::ALL.0,
                _ => EVENT_LETTERS.iter().find(|row| row.0 == letter)?.1.0,
            };
        }
        Some(events)
    }

    /// The letters as CONFIG GET gives them.
    pub fn letters(self) -> String {
        let all = self.contains(Self::ALL);
        let mut out = String::from(if all { "A" } else { "" });
        for &(letter, event) in EVENT_LETTERS {
            let said = all && Self::ALL.contains(event);
            if self.contains(event) && !said {
                out.push(char::from(letter));
            }
        }
        out
    }
}

/// The addresses of `bind`, parsed.
pub(super) fn bind_addresses(words: &[String]) -> Vec<BindAddress<'_>> {
    words.iter().map(|word| BindAddress::parse(word)).collect()
}

impl LogLevel {
    /// The most verbose level of the `log` crate that this one lets through.
    pub fn filter(self) -> log::LevelFilter {
        match self {
            LogLevel::Debug => log::LevelFilter::Trace,
            LogLevel::Verbose => log::LevelFilter::Debug,
            LogLevel::Notice => log::LevelFilter::Info,
            LogLevel::Warning => log::LevelFilter::Warn,
            LogLevel::Nothing => log::LevelFilter::Off,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn events_read_and_write_as_redis_does() {
        let letters = |text: &[u8]| KeyspaceEvents::parse(text).map(KeyspaceEvents::letters);
        assert_eq!(letters(b"KEgA").as_deref(), Some("AKE"));
        assert_eq!(letters(b"KEg$lsh").as_deref(), Some("g$lshKE"));
        assert_eq!(letters(b"EmnA").as_deref(), Some("AnEm"));
        assert_eq!(letters(b"").as_deref(), Some(""));
        assert_eq!(letters(b"KEq"), None);
    }

    #[test]
    fn events_are_published_only_with_a_channel() {
        let events = |text: &[u8]| KeyspaceEvents::parse(text).unwrap();
        assert!(!events(b"A").publishes(KeyspaceEvents::LIST));
        assert!(events(b"AK").publishes(KeyspaceEvents::LIST));
        assert!(!events(b"AK").publishes(KeyspaceEvents::KEY_MISS));
    }

    #[test]
    fn bind_words_become_hosts() {
        let parse = BindAddress::parse;
        assert_eq!(
            parse("-::1"),
            BindAddress {
                host: "::1",
                optional: true
            }
        );
        assert_eq!(
            parse("*"),
            BindAddress {
                host: "0.0.0.0",
                optional: false
            }
        );
        assert_eq!(
            parse("-::*"),
            BindAddress {
                host: "::",
                optional: true
            }
        );
    }

    #[test]
    fn words_and_variants_agree() {
        assert_eq!(
            MaxmemoryPolicy::from_index(7),
            Some(MaxmemoryPolicy::Noeviction)
        );
        assert_eq!(MaxmemoryPolicy::VolatileTtl.word(), "volatile-ttl");
        assert_eq!(AppendFsync::from_index(3), None);
        assert!(ProtectedAction::Local.allows(true) && !ProtectedAction::Local.allows(false));
    }
}
