//! What a table tells about how it is filled: DEBUG HTSTATS.

use super::bucket::SLOTS;
use super::{Table, TableItem};

/// How a table is filled.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Figures {
    /// Buckets, those for neighbours and the stash included.
    pub buckets: usize,
    /// Items.
    pub items: usize,
    /// How many buckets hold no item, one item, and so on, if they were counted.
    pub by_load: Option<[usize; SLOTS + 1]>,
}

impl<T: TableItem> Table<T> {
    /// The table's figures. `count`: the buckets are looked at, every one of them.
    pub fn figures(&self, count: bool) -> Figures {
        Figures {
            buckets: self.buckets,
            items: self.len,
            by_load: count.then(|| self.count_loads()),
        }
    }

    fn count_loads(&self) -> [usize; SLOTS + 1] {
        let mut by_load = [0; SLOTS + 1];
        for bucket in self.segments.iter().flat_map(|segment| &segment.buckets) {
            by_load[bucket.occupied().count()] += 1;
        }
        by_load
    }
}

#[cfg(test)]
mod tests {
    use crate::bytes::hash::Hasher;
    use crate::keyspace::Entry;
    use crate::structure::table::Table;
    use std::format;

    #[test]
    fn every_bucket_and_item_is_counted() {
        let hasher = Hasher::new(1);
        let mut table = Table::<Entry>::new(hasher);
        assert_eq!(table.figures(true).by_load.unwrap(), [0; 10]);
        for number in 0..10_000 {
            let name = format!("member:{number}");
            let hash = hasher.hash(name.as_bytes());
            table.insert_new(hash, Entry::with_bytes(name.as_bytes(), b"", None));
        }
        let figures = table.figures(true);
        let by_load = figures.by_load.unwrap();
        assert_eq!(figures.items, 10_000);
        assert_eq!(by_load.iter().sum::<usize>(), figures.buckets);
        let items = by_load.iter().enumerate().map(|(load, count)| load * count);
        assert_eq!(items.sum::<usize>(), 10_000);
        assert_eq!(table.figures(false).by_load, None);
    }
}
