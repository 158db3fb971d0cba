//! The numbers that an RDB file is made of.

/// The version whose files Redis 7.0 and everything newer reads; the one written.
pub const VERSION: u16 = 10;
/// The version that is written when some hash has fields that expire, which Redis 7.4 and newer reads.
pub const VERSION_FIELD_TTL: u16 = 12;
/// The newest of Redis's versions that is read.
pub const VERSION_MAX: u16 = 12;
/// Valkey's version, from 9.0 on.
pub const VERSION_VALKEY: u16 = 80;

/// What may come before a key, or between keys.
pub mod opcode {
    /// Valkey: the state of a slot that is being imported.
    pub const SLOT_IMPORT: u8 = 243;
    /// How many keys a slot of a cluster has.
    pub const SLOT_INFO: u8 = 244;
    /// A library of functions.
    pub const FUNCTION2: u8 = 245;
    /// The same, in Redis 7.0's release candidates.
    pub const FUNCTION: u8 = 246;
    /// What a module keeps outside of keys.
    pub const MODULE_AUX: u8 = 247;
    /// How long the next key was idle, seconds.
    pub const IDLE: u8 = 248;
    /// How often the next key was used, one byte.
    pub const FREQ: u8 = 249;
    /// A name and a value that say something about the file.
    pub const AUX: u8 = 250;
    /// How many keys and volatile keys the database has.
    pub const RESIZEDB: u8 = 251;
    /// When the next key expires, Unix milliseconds.
    pub const EXPIRETIME_MS: u8 = 252;
    /// When the next key expires, Unix seconds.
    pub const EXPIRETIME: u8 = 253;
    /// The database that follows.
    pub const SELECTDB: u8 = 254;
    /// The end; a checksum follows from version 5 on.
    pub const EOF: u8 = 255;
}

/// How a value is encoded.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub enum Kind {
    /// A string.
    String = 0,
    /// Strings.
    List = 1,
    /// Strings.
    Set = 2,
    /// Strings, each with its score as text.
    SortedSet = 3,
    /// Pairs of strings.
    Hash = 4,
    /// Strings, each with its score in eight bytes.
    SortedSet2 = 5,
    /// Pairs in a zipmap.
    HashZipmap = 9,
    /// A ziplist.
    ListZiplist = 10,
    /// An intset.
    SetIntset = 11,
    /// Pairs in a ziplist.
    SortedSetZiplist = 12,
    /// Pairs in a ziplist.
    HashZiplist = 13,
    /// Ziplists.
    ListQuicklist = 14,
    /// Pairs in a listpack.
    HashListpack = 16,
    /// Pairs in a listpack.
    SortedSetListpack = 17,
    /// Listpacks and plain strings.
    ListQuicklist2 = 18,
    /// A listpack.
    SetListpack = 20,
    /// Time, field and value, the time being absolute: Redis 7.4's release candidates.
    HashTimedEarly = 22,
    /// Field, value and time in a listpack: Redis 7.4's release candidates.
    HashListpackTimedEarly = 23,
    /// Time, field and value, the time being relative to the first one, which comes before.
    HashTimed = 24,
    /// Field, value and time in a listpack, after the first time.
    HashListpackTimed = 25,
    /// Valkey 9: field, value and time. Its number is that of [`Kind::HashTimedEarly`].
    HashTimedValkey = 128,
}

/// Why a value of some kind is not read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unread {
    /// A stream.
    Stream,
    /// A value of a module.
    Module,
    /// No known number.
    Unknown,
}

impl Kind {
    /// The number in the file.
    pub fn code(self) -> u8 {
        match self {
            Kind::HashTimedValkey => Kind::HashTimedEarly as u8,
            kind => kind as u8,
        }
    }

    /// The kind that a number means in a file of `version`.
    pub fn of(code: u8, version: u16) -> Result<Kind, Unread> {
        Ok(match code {
            0 => Kind::String,
            1 => Kind::List,
            2 => Kind::Set,
            3 => Kind::SortedSet,
            4 => Kind::Hash,
            5 => Kind::SortedSet2,
            6 | 7 => return Err(Unread::Module),
            9 => Kind::HashZipmap,
            10 => Kind::ListZiplist,
            11 => Kind::SetIntset,
            12 => Kind::SortedSetZiplist,
            13 => Kind::HashZiplist,
            14 => Kind::ListQuicklist,
            15 | 19 | 21 => return Err(Unread::Stream),
            16 => Kind::HashListpack,
            17 => Kind::SortedSetListpack,
            18 => Kind::ListQuicklist2,
            20 => Kind::SetListpack,
            22 if version >= VERSION_VALKEY => Kind::HashTimedValkey,
            22 => Kind::HashTimedEarly,
            23 => Kind::HashListpackTimedEarly,
            24 => Kind::HashTimed,
            25 => Kind::HashListpackTimed,
            26 if version < VERSION_VALKEY => return Err(Unread::Stream),
            _ => return Err(Unread::Unknown),
        })
    }

    /// Whether the number is that of a value rather than an opcode.
    pub fn is_value(code: u8) -> bool {
        code < opcode::SLOT_IMPORT
    }
}

/// Whether files of this version are read.
pub fn is_version_read(version: u16) -> bool {
    (1..=VERSION_MAX).contains(&version) || version == VERSION_VALKEY
}
