//! A layer: an archive that depends on its files' names and contents alone, and its unpacking.

use std::collections::BTreeMap;
use std::io::{self, Read, Write as _};
use std::path::{Component, Path};

use flate2::Compression;
use flate2::read::GzDecoder;
use flate2::write::GzEncoder;
use tar::{Archive, Builder, EntryType, Header};

use super::Digest;

/// Bytes that a layer may have when it is unpacked: a gzip bomb has more.
const UNPACKED_BYTES_MAX: u64 = 1 << 30;

/// A layer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Layer {
    /// Gzip.
    pub packed: Vec<u8>,
    /// The digest of what is packed.
    pub contents: Digest,
}

/// The layer of these files (path below the root, content), executable for everybody, owned by root,
/// at the epoch, sorted; directories before what is in them.
///
/// # Errors
/// When a path cannot be in an archive.
pub fn layer(files: &[(&str, &[u8])]) -> io::Result<Layer> {
    let mut entries: BTreeMap<String, Option<&[u8]>> = BTreeMap::new();
    for (path, content) in files {
        let mut parent = Path::new(path).parent();
        while let Some(directory) = parent.filter(|directory| !directory.as_os_str().is_empty()) {
            entries.insert(format!("{}/", directory.display()), None);
            parent = directory.parent();
        }
        entries.insert((*path).to_owned(), Some(content));
    }
    let mut builder = Builder::new(Vec::new());
    for (path, content) in entries {
        let mut header = Header::new_ustar();
        header.set_mtime(0);
        header.set_uid(0);
        header.set_gid(0);
        header.set_mode(0o755);
        let content = content.unwrap_or_else(|| {
            header.set_entry_type(EntryType::Directory);
            &[]
        });
        header.set_size(content.len() as u64);
        builder.append_data(&mut header, &path, content)?;
    }
    let archive = builder.into_inner()?;
    let mut encoder = GzEncoder::new(Vec::new(), Compression::best());
    encoder.write_all(&archive)?;
    Ok(Layer {
        packed: encoder.finish()?,
        contents: Digest::of(&archive),
    })
}

/// Unpacks a layer below `root`. Entries that would leave it are refused; links are not followed out
/// of it, since only files and directories are taken.
///
/// # Errors
/// When it is malformed or too large, or cannot be written.
pub fn unpack(packed: &[u8], root: &Path) -> io::Result<()> {
    let limited = GzDecoder::new(packed).take(UNPACKED_BYTES_MAX);
    for entry in Archive::new(limited).entries()? {
        let mut entry = entry?;
        let path = entry.path()?.into_owned();
        let inside = path
            .components()
            .all(|part| matches!(part, Component::Normal(_) | Component::CurDir));
        let kind = entry.header().entry_type();
        if !inside || !(kind.is_file() || kind.is_dir()) {
            return Err(io::Error::new(
                io::ErrorKind::InvalidData,
                format!("the layer has `{}`, which is not taken", path.display()),
            ));
        }
        entry.unpack(root.join(path))?;
    }
    Ok(())
}

/// One file of a gzip archive (`model.tar.gz`), if it is there.
///
/// # Errors
/// When the archive is malformed, or the file larger than `bytes_max`.
pub fn file_of(packed: &[u8], name: &str, bytes_max: u64) -> io::Result<Option<Vec<u8>>> {
    let limited = GzDecoder::new(packed).take(UNPACKED_BYTES_MAX);
    for entry in Archive::new(limited).entries()? {
        let entry = entry?;
        let path = entry.path()?.into_owned();
        if path.strip_prefix("./").unwrap_or(&path) != Path::new(name) {
            continue;
        }
        let mut bytes = Vec::new();
        entry.take(bytes_max + 1).read_to_end(&mut bytes)?;
        if bytes.len() as u64 > bytes_max {
            return Err(io::Error::new(
                io::ErrorKind::InvalidData,
                format!("{name} has more than {bytes_max} bytes"),
            ));
        }
        return Ok(Some(bytes));
    }
    Ok(None)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::fs::PermissionsExt as _;

    #[test]
    fn what_is_packed_is_unpacked() {
        let layer = layer(&[("usr/local/bin/train", b"binary"), ("a", b"")]).unwrap();
        let root = tempfile::tempdir().unwrap();
        unpack(&layer.packed, root.path()).unwrap();
        let file = root.path().join("usr/local/bin/train");
        assert_eq!(std::fs::read(&file).unwrap(), b"binary");
        assert_eq!(file.metadata().unwrap().permissions().mode() & 0o777, 0o755);
        let found = file_of(&layer.packed, "usr/local/bin/train", 6).unwrap();
        assert_eq!(found.unwrap(), b"binary");
        assert!(file_of(&layer.packed, "usr/local/bin/train", 5).is_err());
        assert!(file_of(&layer.packed, "b", 5).unwrap().is_none());
    }

    #[test]
    fn nothing_leaves_the_root() {
        let root = tempfile::tempdir().unwrap();
        let inner = root.path().join("inner");
        std::fs::create_dir(&inner).unwrap();
        for (name, kind) in [
            ("../out", EntryType::Regular),
            ("/out", EntryType::Regular),
            ("out", EntryType::Symlink),
        ] {
            let mut header = Header::new_ustar();
            header.set_entry_type(kind);
            header.set_size(0);
            header.set_mode(0o644);
            // The builder itself refuses such names.
            let field = &mut header.as_mut_bytes()[..name.len()];
            field.copy_from_slice(name.as_bytes());
            header.set_cksum();
            let mut builder = Builder::new(Vec::new());
            builder.append(&header, &[][..]).unwrap();
            let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
            encoder.write_all(&builder.into_inner().unwrap()).unwrap();
            assert!(
                unpack(&encoder.finish().unwrap(), &inner).is_err(),
                "{name}"
            );
            assert!(!root.path().join("out").exists());
        }
        assert!(unpack(b"nonsense", &inner).is_err());
    }
}
