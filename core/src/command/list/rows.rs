//! The rows of the list commands.

use super::super::spec::{CommandSpec, Flags, Group, KeyRange, KeyUse, key, keys};
use super::{edit, pop, push, read, shift};

/// What pushing costs.
const PER_ELEMENT: &str = "O(1) for each element added, so O(N) to add N elements when the command is called with multiple arguments.";

/// The source and the destination of a move.
const MOVE_KEYS: &[KeyRange] = &[
    keys(1, 1, 1, KeyUse::ReadDelete),
    keys(2, 2, 1, KeyUse::Insert),
];

/// The family's rows.
pub(in crate::command) static SPECS: &[CommandSpec] = &[
    CommandSpec::new("lpush", -3, push::lpush)
        .flags(Flags::WRITE.and(Flags::DENY_OOM).and(Flags::FAST))
        .keys(&[key(KeyUse::Insert)])
        .docs(Group::List, "1.0.0", "Puts elements before the first one of a list; a missing list is created.", PER_ELEMENT),
    CommandSpec::new("rpush", -3, push::rpush)
        .flags(Flags::WRITE.and(Flags::DENY_OOM).and(Flags::FAST))
        .keys(&[key(KeyUse::Insert)])
        .docs(Group::List, "1.0.0", "Puts elements after the last one of a list; a missing list is created.", PER_ELEMENT),
    CommandSpec::new("lpushx", -3, push::lpushx)
        .flags(Flags::WRITE.and(Flags::DENY_OOM).and(Flags::FAST))
        .keys(&[key(KeyUse::Insert)])
        .docs(Group::List, "2.2.0", "Puts elements before the first one of a list that exists.", PER_ELEMENT),
    CommandSpec::new("rpushx", -3, push::rpushx)
        .flags(Flags::WRITE.and(Flags::DENY_OOM).and(Flags::FAST))
        .keys(&[key(KeyUse::Insert)])
        .docs(Group::List, "2.2.0", "Puts elements after the last one of a list that exists.", PER_ELEMENT),
    CommandSpec::new("linsert", 5, push::linsert)
        .flags(Flags::WRITE.and(Flags::DENY_OOM))
        .keys(&[key(KeyUse::Insert)])
        .docs(Group::List, "2.2.0", "Puts an element before or after the first one that equals a pivot.", "O(N) where N is the number of elements to traverse before seeing the value pivot. This means that inserting somewhere on the left end on the list (head) can be considered O(1) and inserting somewhere on the right end (tail) is O(N)."),
    CommandSpec::new("lpop", -2, pop::lpop)
        .flags(Flags::WRITE.and(Flags::FAST))
        .keys(&[key(KeyUse::ReadDelete)])
        .docs(Group::List, "1.0.0", "Takes the first elements out of a list and returns them.", "O(N) where N is the number of elements returned"),
    CommandSpec::new("rpop", -2, pop::rpop)
        .flags(Flags::WRITE.and(Flags::FAST))
        .keys(&[key(KeyUse::ReadDelete)])
        .docs(Group::List, "1.0.0", "Takes the last elements out of a list and returns them.", "O(N) where N is the number of elements returned"),
    CommandSpec::new("lmpop", -4, pop::lmpop)
        .flags(Flags::WRITE)
        .find_keys(pop::lmpop_keys)
        .docs(Group::List, "7.0.0", "Takes elements out of the first of several lists that has any, and returns them.", "O(N+M) where N is the number of provided keys and M is the number of elements returned."),
    CommandSpec::new("llen", 2, read::llen)
        .flags(Flags::READONLY.and(Flags::FAST))
        .keys(&[key(KeyUse::Look)])
        .docs(Group::List, "1.0.0", "Returns the number of elements of a list.", "O(1)"),
    CommandSpec::new("lindex", 3, read::lindex)
        .flags(Flags::READONLY)
        .keys(&[key(KeyUse::Read)])
        .docs(Group::List, "1.0.0", "Returns an element of a list by its index.", "O(N) where N is the number of elements to traverse to get to the element at index. This makes asking for the first or the last element of the list O(1)."),
    CommandSpec::new("lrange", 4, read::lrange)
        .flags(Flags::READONLY)
        .keys(&[key(KeyUse::Read)])
        .docs(Group::List, "1.0.0", "Returns the elements of a list between two indices.", "O(S+N) where S is the distance of start offset from HEAD for small lists, from nearest end (HEAD or TAIL) for large lists; and N is the number of elements in the specified range."),
    CommandSpec::new("lpos", -3, read::lpos)
        .flags(Flags::READONLY)
        .keys(&[key(KeyUse::Read)])
        .docs(Group::List, "6.0.6", "Returns the indices of the elements that equal a value.", "O(N) where N is the number of elements in the list, for the average case. When searching for elements near the head or the tail of the list, or when the MAXLEN option is provided, the command may run in constant time."),
    CommandSpec::new("lset", 4, edit::lset)
        .flags(Flags::WRITE.and(Flags::DENY_OOM))
        .keys(&[key(KeyUse::Update)])
        .docs(Group::List, "1.0.0", "Overwrites an element of a list.", "O(N) where N is the length of the list. Setting either the first or the last element of the list is O(1)."),
    CommandSpec::new("ltrim", 4, edit::ltrim)
        .flags(Flags::WRITE)
        .keys(&[key(KeyUse::Delete)])
        .docs(Group::List, "1.0.0", "Removes all elements but those between two indices.", "O(N) where N is the number of elements to be removed by the operation."),
    CommandSpec::new("lrem", 4, edit::lrem)
        .flags(Flags::WRITE)
        .keys(&[key(KeyUse::Delete)])
        .docs(Group::List, "1.0.0", "Removes elements that equal a value.", "O(N+M) where N is the length of the list and M is the number of elements removed."),
    CommandSpec::new("lmove", 5, shift::lmove)
        .flags(Flags::WRITE.and(Flags::DENY_OOM))
        .keys(MOVE_KEYS)
        .docs(Group::List, "6.2.0", "Moves an element from an end of one list to an end of another, and returns it.", "O(1)"),
    CommandSpec::new("rpoplpush", 3, shift::rpoplpush)
        .flags(Flags::WRITE.and(Flags::DENY_OOM))
        .keys(MOVE_KEYS)
        .docs(Group::List, "1.2.0", "Moves the last element of one list to the front of another, and returns it.", "O(1)"),
];
