//! The connection: PING, HELLO, CLIENT and their kin.

use super::spec::CommandSpec;

/// The family's rows.
pub(super) static SPECS: &[CommandSpec] = &[];
