//! The rows of the HyperLogLog commands.

use super::{add, count, debug};
use crate::command::spec::{CommandSpec, Flags, Group, KeyUse, key, keys, row};

const GROW: Flags = Flags::WRITE.and(Flags::DENY_OOM);

/// The family's rows.
#[rustfmt::skip]
pub(in crate::command) static SPECS: &[CommandSpec] = &[
    row(Group::HyperLogLog, "pfadd", -2, add::pfadd, GROW.and(Flags::FAST), &[key(KeyUse::Insert)],
        ("2.8.9", "Adds elements to a HyperLogLog, which is created when it is missing.", "O(1) for each element.")),
    row(Group::HyperLogLog, "pfcount", -2, count::pfcount, Flags::READONLY, &[keys(1, -1, 1, KeyUse::ReadRecode)],
        ("2.8.9", "Returns about how many different elements were added to HyperLogLogs.",
         "O(1) with one key whose count is known, else O(N) where N is the number of keys."))
        .key_notes("The count is kept in the value, so that it need not be computed again."),
    row(Group::HyperLogLog, "pfmerge", -2, add::pfmerge, GROW, &[key(KeyUse::ReadInsert), keys(2, -1, 1, KeyUse::Read)],
        ("2.8.9", "Adds HyperLogLogs to another one.", "O(N) where N is the number of keys.")),
    row(Group::HyperLogLog, "pfdebug", 3, debug::pfdebug, GROW.and(Flags::ADMIN).and(Flags::SYSTEM), &[keys(2, 2, 1, KeyUse::ReadRecode)],
        ("2.8.9", "Shows and changes how a HyperLogLog is kept.", "O(1)")),
    row(Group::HyperLogLog, "pfselftest", 1, debug::pfselftest, Flags::ADMIN.and(Flags::SYSTEM), &[],
        ("2.8.9", "Tests HyperLogLogs.", "O(1)")),
];
