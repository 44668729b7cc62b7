//! The object that a batch writes into one partition, while it grows.

use std::io::Write as _;

use aiops_domain::segment::{Partition, SegmentName, key_safe};
use flate2::write::GzEncoder;
use flate2::{Compression, GzBuilder};

/// Segments are read back once or twice and kept for days: speed counts more than the last tenth.
const LEVEL: Compression = Compression::fast();

/// Lines are compressed in pieces of this size: a partition that stays smaller (one line of an old
/// file per hour) needs no compressor while the batch is read.
const PIECE_BYTES: usize = 256 << 10;

/// The records, by position in the batch, whose events are in an object.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Contributors {
    /// The first, which names the object.
    pub first: usize,
    /// The last.
    pub last: usize,
}

/// An object to be written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SegmentObject {
    /// Its name.
    pub name: SegmentName,
    /// Gzip of NDJSON: the same lines give the same bytes.
    pub body: Vec<u8>,
    /// How many lines.
    pub lines: u64,
    /// Whose events they are.
    pub contributors: Contributors,
}

/// A partition's lines so far.
#[derive(Default)]
pub(super) struct SegmentLines {
    contributors: Option<Contributors>,
    lines: u64,
    plain: Vec<u8>,
    gzip: Option<GzEncoder<Vec<u8>>>,
}

impl SegmentLines {
    /// Adds an event of the record at `position`; `write` appends its line.
    pub(super) fn add_line(&mut self, position: usize, write: impl FnOnce(&mut Vec<u8>)) {
        let first = self.contributors.map_or(position, |known| known.first);
        self.contributors = Some(Contributors {
            first,
            last: position,
        });
        self.lines += 1;
        write(&mut self.plain);
        if self.plain.len() >= PIECE_BYTES {
            self.compress_piece();
        }
    }

    fn compress_piece(&mut self) {
        // No time and no name in the header, so that the same lines give the same bytes.
        let gzip = self
            .gzip
            .get_or_insert_with(|| GzBuilder::new().mtime(0).write(Vec::new(), LEVEL));
        // Writing into a Vec cannot fail.
        let _infallible = gzip.write_all(&self.plain);
        self.plain.clear();
    }

    /// The object; `None` if nothing was added. `record` gives the shard and the sequence number of a
    /// position in the batch.
    pub(super) fn finish<'a>(
        mut self,
        partition: Partition,
        record: impl FnOnce(usize) -> Option<(&'a str, &'a str)>,
    ) -> Option<SegmentObject> {
        let contributors = self.contributors?;
        let (shard, sequence) = record(contributors.first)?;
        self.compress_piece();
        let body = self.gzip?.finish().ok()?;
        Some(SegmentObject {
            name: SegmentName {
                partition,
                shard: key_safe(shard),
                sequence: key_safe(sequence),
            },
            body,
            lines: self.lines,
            contributors,
        })
    }
}
