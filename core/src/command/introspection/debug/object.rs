//! DEBUG OBJECT: how a value is kept.

use crate::codec::rdb::{Progress, ValueWriter, View};
use crate::command::{Args, CommandError, CommandResult, Cx, DONE};
use crate::structure::quicklist::NodeRef;
use crate::value::List;
use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;

/// Bytes of a value that are written at once, to be counted.
const WRITTEN_AT_ONCE: usize = 64 * 1024;

/// `DEBUG OBJECT key`. The address would differ from run to run, so none is told.
pub(super) fn object(cx: &mut Cx<'_>, args: &Args<'_>) -> CommandResult {
    let access = cx.keys.access;
    let compress = cx.settings.rdbcompression;
    let most = cx.settings.list_max_listpack_size;
    let Some(entry) = cx.keys.peek_quietly(&args.key(2)) else {
        return Err(CommandError::NO_SUCH_KEY);
    };
    let encoding = entry.encoding_name();
    let serialized = entry.with_view(|view| serialized_len(view, compress));
    let nodes = match entry.value::<List>() {
        Some(list) if encoding == "quicklist" => describe_nodes(&list, most),
        _ => String::new(),
    };
    let line = format!(
        "Value at:0x0 refcount:1 encoding:{encoding} serializedlength:{} lru:{} lru_seconds_idle:{}{nodes}",
        serialized.unwrap_or_default(),
        access.last_use_seconds(entry.clock()),
        access.idle_seconds(entry.clock()),
    );
    cx.reply.simple(&line);
    DONE
}

/// How many bytes the value takes in an RDB file, its kind not counted. Room is taken for a slice of them.
fn serialized_len(view: &View<'_>, compress: bool) -> usize {
    let mut writer = ValueWriter::new(compress);
    let mut progress = Progress::default();
    let (mut slice, mut len) = (Vec::new(), 0);
    loop {
        let is_done = writer.push_some(&mut slice, view, &mut progress, WRITTEN_AT_ONCE);
        len += slice.len();
        slice.clear();
        if is_done {
            return len;
        }
    }
}

/// What Redis tells of a list of several nodes, none of which Rotom compresses.
fn describe_nodes(list: &List, most: i32) -> String {
    let count = list.node_count();
    let mean = list.len() as f64 / count.max(1) as f64;
    let bytes = list.nodes().map(|node| match node {
        NodeRef::Packed(pack) => pack.as_bytes().len(),
        NodeRef::Plain(text) => text.len(),
    });
    let bytes: usize = bytes.sum();
    format!(
        " ql_nodes:{count} ql_avg_node:{mean:.2} ql_listpack_max:{most} ql_compressed:0 ql_uncompressed_size:{bytes}"
    )
}
