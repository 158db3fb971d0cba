//! How much a node may hold: the meaning of `list-max-listpack-size`.

/// The most that fits a node; a single element may be larger.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NodeLimit {
    /// The bytes of the encoded node.
    Bytes(usize),
    /// The number of elements, which together stay under 8 KiB.
    Count(u32),
}

/// Redis's cap on nodes that are limited by count.
const COUNTED_BYTES_MAX: usize = 8192;

impl NodeLimit {
    /// What a value of the setting means: -1 to -5 are 4 to 64 KiB, positive values are counts.
    /// Beyond -5 is -5, and 0 is one element a node, as in Redis.
    pub fn from_setting(setting: i64) -> Self {
        match setting {
            0.. => NodeLimit::Count(u32::try_from(setting).unwrap_or(u32::MAX).max(1)),
            _ => NodeLimit::Bytes(4096 << (setting.max(-5).unsigned_abs() - 1)),
        }
    }

    /// Whether `count` elements in `bytes` are too much for a node.
    #[inline]
    pub fn exceeded(self, bytes: usize, count: usize) -> bool {
        match self {
            NodeLimit::Bytes(most) => bytes > most,
            NodeLimit::Count(most) => bytes > COUNTED_BYTES_MAX || count > most as usize,
        }
    }

    /// Whether a value of this length gets a plain node of its own.
    #[inline]
    pub fn is_large(self, value_len: usize) -> bool {
        value_len > self.bytes_max()
    }

    /// The size that a node of several elements does not exceed.
    pub fn bytes_max(self) -> usize {
        match self {
            NodeLimit::Bytes(most) => most,
            NodeLimit::Count(_) => COUNTED_BYTES_MAX,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn settings_mean_what_redis_says() {
        let sizes = [
            (-1, 4096),
            (-2, 8192),
            (-3, 16_384),
            (-4, 32_768),
            (-5, 65_536),
        ];
        for (setting, bytes) in sizes.into_iter().chain([(-6, 65_536), (i64::MIN, 65_536)]) {
            assert_eq!(NodeLimit::from_setting(setting), NodeLimit::Bytes(bytes));
        }
        assert_eq!(NodeLimit::from_setting(0), NodeLimit::Count(1));
        assert_eq!(NodeLimit::from_setting(128), NodeLimit::Count(128));
        assert_eq!(
            NodeLimit::from_setting(i64::MAX),
            NodeLimit::Count(u32::MAX)
        );
    }

    #[test]
    fn counted_nodes_have_a_byte_limit_too() {
        let counted = NodeLimit::Count(3);
        assert!(!counted.exceeded(8192, 3));
        assert!(counted.exceeded(100, 4) && counted.exceeded(8193, 1));
        assert!(counted.is_large(8193) && !counted.is_large(8192));
        let sized = NodeLimit::Bytes(4096);
        assert!(!sized.exceeded(4096, usize::MAX) && sized.exceeded(4097, 1));
        assert!(sized.is_large(4097) && !sized.is_large(4096));
    }
}
