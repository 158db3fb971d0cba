//! The rows of the bitmap commands.

use super::{bit, count, field, operation};
use crate::command::spec::{CommandSpec, Flags, Group, KeyRange, KeyUse, key, keys, row};

const READ: Flags = Flags::READONLY;
const READ_FAST: Flags = Flags::READONLY.and(Flags::FAST);
const GROW: Flags = Flags::WRITE.and(Flags::DENY_OOM);

const READS: &[KeyRange] = &[key(KeyUse::Read)];
const READS_AND_UPDATES: &[KeyRange] = &[key(KeyUse::ReadUpdate)];
const COMBINES: &[KeyRange] = &[
    keys(2, 2, 1, KeyUse::Overwrite),
    keys(3, -1, 1, KeyUse::Read),
];

const EACH_BYTE: &str = "O(N) where N is the length of the string.";
const EACH_OPERATION: &str = "O(1) for each operation.";

/// The family's rows.
#[rustfmt::skip]
pub(in crate::command) static SPECS: &[CommandSpec] = &[
    row(Group::Bitmap, "setbit", 4, bit::setbit, GROW, READS_AND_UPDATES,
        ("2.2.0", "Sets or clears a bit of a string, which grows as needed, and returns the one before.", "O(1)")),
    row(Group::Bitmap, "getbit", 3, bit::getbit, READ_FAST, READS,
        ("2.2.0", "Returns a bit of a string.", "O(1)")),
    row(Group::Bitmap, "bitcount", -2, count::bitcount, READ, READS,
        ("2.6.0", "Counts the set bits of a string or of a part of it.", EACH_BYTE)),
    row(Group::Bitmap, "bitpos", -3, count::bitpos, READ, READS,
        ("2.8.7", "Finds the first set or clear bit of a string or of a part of it.", EACH_BYTE)),
    row(Group::Bitmap, "bitop", -4, operation::bitop, GROW, COMBINES,
        ("2.6.0", "Combines strings bit by bit and stores the result.",
         "O(N) where N is the length of all strings together.")),
    row(Group::Bitmap, "bitfield", -2, field::bitfield, GROW, READS_AND_UPDATES,
        ("3.2.0", "Reads and changes integers of any width inside a string.", EACH_OPERATION))
        .first_key_use(field::key_use).key_notes("Changes nothing where all operations are GET."),
    row(Group::Bitmap, "bitfield_ro", -2, field::bitfield_ro, READ_FAST, READS,
        ("6.0.0", "Reads integers of any width inside a string.", EACH_OPERATION)),
];
