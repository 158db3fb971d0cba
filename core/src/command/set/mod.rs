//! Sets.

use super::spec::CommandSpec;

/// The family's rows.
pub(super) static SPECS: &[CommandSpec] = &[];
