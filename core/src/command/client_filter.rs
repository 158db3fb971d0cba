//! Which clients CLIENT LIST shows and CLIENT KILL ends.

use alloc::string::String;
use alloc::vec::Vec;

/// What a client can be asked for; a field that is `None` is not asked.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ClientTraits {
    /// `ID`: one of these; empty: any.
    pub ids: Vec<u64>,
    /// `ADDR`.
    pub address: Option<String>,
    /// `LADDR`.
    pub local_address: Option<String>,
    /// `IP`: the address without the port.
    pub ip: Option<String>,
    /// `TYPE`: `normal`, `master`, `replica`, `pubsub`.
    pub kind: Option<String>,
    /// `USER`.
    pub user: Option<String>,
    /// `NAME`.
    pub name: Option<String>,
    /// `LIB-NAME`.
    pub lib_name: Option<String>,
    /// `LIB-VER`.
    pub lib_ver: Option<String>,
    /// `FLAGS`: all of these letters.
    pub flags: Option<String>,
    /// `CAPA`: all of these letters.
    pub capabilities: Option<String>,
    /// `DB`.
    pub db: Option<usize>,
}

/// A filter of clients.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ClientFilter {
    /// What a client must have, all of it.
    pub is: ClientTraits,
    /// What it must not have, none of it (`NOT-ADDR` and so on).
    pub is_not: ClientTraits,
    /// `MAXAGE`: at least so many seconds old.
    pub min_age_seconds: Option<u64>,
    /// `IDLE`: at least so many seconds without a request or reply.
    pub min_idle_seconds: Option<u64>,
    /// `SKIPME yes`: leave out the client that asks.
    pub skip_me: bool,
}
