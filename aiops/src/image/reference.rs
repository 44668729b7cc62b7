//! Names of images: `registry/repository:tag` or `registry/repository@sha256:…`.

use std::fmt;
use std::str::FromStr;

use super::Digest;

/// Which image of a repository.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Version {
    /// By a name.
    Tag(String),
    /// By its content.
    Digest(Digest),
}

impl fmt::Display for Version {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Tag(tag) => formatter.pad(tag),
            Self::Digest(digest) => digest.fmt(formatter),
        }
    }
}

/// A repository of a registry.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Repository {
    /// Host, and port if it has one.
    pub registry: String,
    /// The path of the repository.
    pub name: String,
}

/// An image of a repository.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reference {
    /// Where.
    pub repository: Repository,
    /// Which.
    pub version: Version,
}

/// A text that names no image.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
#[error("`{text}` is not {expected}")]
pub struct NoReference {
    text: String,
    expected: &'static str,
}

impl Repository {
    /// The registry's address: HTTPS, but for this machine's own.
    pub fn base_url(&self) -> String {
        let scheme = if is_loopback(&self.registry) {
            "http"
        } else {
            "https"
        };
        format!("{scheme}://{}", self.registry)
    }

    /// The region, if this is ECR.
    pub fn ecr_region(&self) -> Option<&str> {
        let (account, rest) = self.registry.split_once(".dkr.ecr.")?;
        let rest = rest.strip_suffix(".cn").unwrap_or(rest);
        let region = rest.strip_suffix(".amazonaws.com")?;
        account
            .bytes()
            .all(|byte| byte.is_ascii_digit())
            .then_some(region)
    }
}

/// Whether a host (with or without a port) is this machine itself.
pub fn is_loopback(host: &str) -> bool {
    let name = host.rsplit_once(':').map_or(host, |(name, _)| name);
    name == "localhost" || name == "127.0.0.1" || name == "[::1]"
}

impl FromStr for Repository {
    type Err = NoReference;

    fn from_str(text: &str) -> Result<Self, NoReference> {
        let no = || NoReference {
            text: text.chars().take(200).collect(),
            expected: "registry/repository",
        };
        let (registry, name) = text.split_once('/').ok_or_else(no)?;
        let host = |c: char| c.is_ascii_alphanumeric() || ".-:[]".contains(c);
        let word = |part: &str| {
            let inner = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || "._-".contains(c);
            let edge = |c: Option<char>| c.is_some_and(|c| c.is_ascii_alphanumeric());
            part.chars().all(inner) && edge(part.chars().next()) && edge(part.chars().last())
        };
        if registry.is_empty()
            || !registry.chars().all(host)
            || name.len() > 255
            || !name.split('/').all(word)
        {
            return Err(no());
        }
        Ok(Self {
            registry: registry.to_owned(),
            name: name.to_owned(),
        })
    }
}

impl fmt::Display for Repository {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{}/{}", self.registry, self.name)
    }
}

impl FromStr for Reference {
    type Err = NoReference;

    fn from_str(text: &str) -> Result<Self, NoReference> {
        let no = || NoReference {
            text: text.chars().take(200).collect(),
            expected: "registry/repository:tag or registry/repository@sha256:…",
        };
        if let Some((repository, digest)) = text.split_once('@') {
            let digest = Digest::try_from(digest.to_owned()).map_err(|_| no())?;
            return Ok(Self {
                repository: repository.parse().map_err(|_| no())?,
                version: Version::Digest(digest),
            });
        }
        let (repository, tag) = text.rsplit_once(':').ok_or_else(no)?;
        if !is_tag(tag) {
            return Err(no());
        }
        Ok(Self {
            repository: repository.parse().map_err(|_| no())?,
            version: Version::Tag(tag.to_owned()),
        })
    }
}

/// Whether this can be a tag.
pub fn is_tag(text: &str) -> bool {
    let mut characters = text.chars();
    let first = |c: char| c.is_ascii_alphanumeric() || c == '_';
    characters.next().is_some_and(first)
        && text.len() <= 128
        && characters.all(|c| first(c) || c == '.' || c == '-')
}

impl fmt::Display for Reference {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.version {
            Version::Tag(tag) => write!(formatter, "{}:{tag}", self.repository),
            Version::Digest(digest) => write!(formatter, "{}@{digest}", self.repository),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_read_and_written() {
        let digest = format!("sha256:{}", "0".repeat(64));
        for text in [
            "111122223333.dkr.ecr.eu-west-1.amazonaws.com/aiops-dev/model:1.0_a",
            "127.0.0.1:5000/model:latest",
            &format!("localhost:5000/a/b@{digest}"),
        ] {
            let reference: Reference = text.parse().unwrap();
            assert_eq!(reference.to_string(), text);
        }
        for text in [
            "model",
            "model:1",
            "h/m",
            "h/m:",
            "h/M:1",
            "h/../m:1",
            "h//m:1",
            "h/m@sha256:1",
            "h x/m:1",
            "h/m:-",
        ] {
            assert!(text.parse::<Reference>().is_err(), "{text}");
        }
    }

    #[test]
    fn only_this_machine_is_spoken_to_in_the_clear() {
        let of = |text: &str| text.parse::<Repository>().unwrap();
        assert_eq!(of("127.0.0.1:5000/m").base_url(), "http://127.0.0.1:5000");
        assert_eq!(
            of("registry.example/m").base_url(),
            "https://registry.example"
        );
        let ecr = of("111122223333.dkr.ecr.cn-north-1.amazonaws.com.cn/m");
        assert_eq!(ecr.ecr_region(), Some("cn-north-1"));
        assert_eq!(of("x.dkr.ecr.eu-west-1.amazonaws.com/m").ecr_region(), None);
        assert_eq!(of("127.0.0.1:5000/m").ecr_region(), None);
    }
}
