//! Which glibc an executable needs: what is built on a newer system does not start in Lambda, and
//! says so only at the first invocation.

use std::fmt;

use object::elf::FileHeader64;
use object::read::elf::ElfFile;
use object::{Endianness, Object as _, ObjectSymbol as _};

/// A version of glibc.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Version {
    /// 2, for ever.
    pub major: u32,
    /// The number that grows.
    pub minor: u32,
}

impl fmt::Display for Version {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{}.{}", self.major, self.minor)
    }
}

/// A symbol and the version that it needs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Need {
    /// The symbol's name.
    pub symbol: String,
    /// Since when glibc has it in this form.
    pub version: Version,
}

/// Something that is no executable for 64-bit Linux.
#[derive(Debug, thiserror::Error)]
#[error("it is not a 64-bit ELF executable: {0}")]
pub struct NotElf(#[from] object::read::Error);

/// Whether an executable starts without a dynamic linker.
pub fn is_static(executable: &[u8]) -> Result<bool, NotElf> {
    use object::read::elf::ProgramHeader as _;
    let file = ElfFile::<FileHeader64<Endianness>>::parse(executable)?;
    let endian = file.endian();
    let interpreted = |header: &object::elf::ProgramHeader64<Endianness>| {
        header.p_type(endian) == object::elf::PT_INTERP
    };
    Ok(!file.elf_program_headers().iter().any(interpreted))
}

/// The newest version that `executable` needs, with a symbol that needs it (the first by name);
/// `None` when it needs no glibc.
pub fn newest_need(executable: &[u8]) -> Result<Option<Need>, NotElf> {
    let file = ElfFile::<FileHeader64<Endianness>>::parse(executable)?;
    let endian = file.endian();
    let Some(versions) = file.elf_section_table().versions(endian, executable)? else {
        return Ok(None);
    };
    let mut newest: Option<Need> = None;
    for symbol in file
        .dynamic_symbols()
        .filter(|symbol| symbol.is_undefined())
    {
        let index = versions.version_index(endian, symbol.index()).index();
        let Some(version) = versions
            .version(index)?
            .and_then(|version| parse(version.name()))
        else {
            continue;
        };
        let name = symbol.name()?;
        let newer = newest.as_ref().is_none_or(|newest| {
            version > newest.version || (version == newest.version && name < newest.symbol.as_str())
        });
        if newer {
            newest = Some(Need {
                symbol: name.to_owned(),
                version,
            });
        }
    }
    Ok(newest)
}

fn parse(name: &[u8]) -> Option<Version> {
    let text = std::str::from_utf8(name).ok()?.strip_prefix("GLIBC_")?;
    let mut parts = text.split('.');
    Some(Version {
        major: parts.next()?.parse().ok()?,
        minor: parts.next()?.parse().ok()?,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_are_ordered_as_numbers() {
        assert!(parse(b"GLIBC_2.34") > parse(b"GLIBC_2.9"));
        assert_eq!(parse(b"GLIBC_2.2.5").unwrap().to_string(), "2.2");
        assert_eq!(parse(b"GLIBC_PRIVATE"), None);
        assert_eq!(parse(b"GCC_3.0"), None);
    }

    #[test]
    fn this_very_test_needs_a_glibc_and_a_text_is_no_executable() {
        let own = std::fs::read(std::env::current_exe().unwrap()).unwrap();
        let need = newest_need(&own).unwrap().unwrap();
        assert!(need.version >= Version { major: 2, minor: 2 });
        assert!(!need.symbol.is_empty());
        assert!(newest_need(b"#!/bin/sh\n").is_err());
    }
}
