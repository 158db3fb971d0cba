//! Inline requests with quotes, as they came. Parsing takes the quotes away in place, so a request that has to wait and is
//! parsed anew later needs them back.

/// Such requests of a batch.
#[derive(Default)]
pub(super) struct QuotedLines {
    lines: alloc::vec::Vec<Line>,
}

/// Whose request, from which offset into the unread input, and its bytes.
struct Line {
    slot: u32,
    offset: usize,
    bytes: alloc::boxed::Box<[u8]>,
}

impl QuotedLines {
    pub(super) fn clear(&mut self) {
        self.lines.clear();
    }

    /// Notes the line at the start of `input` if it is an inline request with quotes.
    pub(super) fn note(&mut self, slot: u32, offset: usize, input: &[u8]) {
        if input.first() == Some(&b'*') {
            return;
        }
        let line = input.split(|&byte| byte == b'\n').next().unwrap_or(input);
        if line.iter().any(|byte| matches!(byte, b'"' | b'\'')) {
            let bytes = line.into();
            self.lines.push(Line {
                slot,
                offset,
                bytes,
            });
        }
    }

    /// Gives back to a connection's unread input, from an offset on, what parsing has taken.
    pub(super) fn restore(&self, slot: u32, offset: usize, unread: &mut [u8]) {
        let lines = self.lines.iter();
        for line in lines.filter(|line| line.slot == slot && line.offset >= offset) {
            unread[line.offset..line.offset + line.bytes.len()].copy_from_slice(&line.bytes);
        }
    }
}
