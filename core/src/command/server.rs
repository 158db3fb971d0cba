//! The server: CONFIG, INFO, COMMAND and their kin.

use super::spec::CommandSpec;

/// The family's rows.
pub(super) static SPECS: &[CommandSpec] = &[];
