//! Zip files that depend on nothing but their content.

use std::io::{Cursor, Write as _};

use zip::write::SimpleFileOptions;
use zip::{CompressionMethod, DateTime, System, ZipWriter};

/// How hard to compress.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Compression {
    /// Quickly: the archive stays on this machine.
    Fast,
    /// Well: the archive is uploaded.
    Small,
}

/// A zip of these entries, executable for everybody, sorted by name, at a fixed time.
pub fn zip(entries: &[(&str, &[u8])], compression: Compression) -> zip::result::ZipResult<Vec<u8>> {
    let mut sorted: Vec<_> = entries.iter().collect();
    sorted.sort_by_key(|(name, _)| *name);
    let options = SimpleFileOptions::default()
        .compression_method(CompressionMethod::Deflated)
        .compression_level(Some(match compression {
            Compression::Fast => 1,
            Compression::Small => 9,
        }))
        .last_modified_time(DateTime::default())
        .system(System::Unix)
        .unix_permissions(0o755);
    let mut writer = ZipWriter::new(Cursor::new(Vec::new()));
    for (name, content) in sorted {
        writer.start_file(*name, options)?;
        writer.write_all(content)?;
    }
    Ok(writer.finish()?.into_inner())
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::Read as _;

    #[test]
    fn an_archive_is_its_content_and_nothing_else() {
        let one = zip(&[("b", b"2"), ("a", b"1")], Compression::Fast).unwrap();
        let two = zip(&[("a", b"1"), ("b", b"2")], Compression::Fast).unwrap();
        assert_eq!(one, two);
        let mut archive = zip::ZipArchive::new(Cursor::new(one)).unwrap();
        let mut entry = archive.by_index(0).unwrap();
        assert_eq!(entry.name().unwrap(), "a");
        assert_eq!(entry.unix_mode().unwrap() & 0o777, 0o755);
        assert_eq!(entry.last_modified(), Some(DateTime::default()));
        let mut content = String::new();
        entry.read_to_string(&mut content).unwrap();
        assert_eq!(content, "1");
    }
}
