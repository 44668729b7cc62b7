//! The small part of the registry protocol that pushing and pulling one image needs
//! (<https://github.com/opencontainers/distribution-spec/blob/main/spec.md>, `docs/decisions/0021`).

use reqwest::header::{ACCEPT, CONTENT_TYPE, LOCATION};
use reqwest::{Method, RequestBuilder, Response, StatusCode, Url};

use super::reference::{Repository, Version};
use super::{Digest, Image, MANIFEST};

/// Manifests that are asked for: ours, and the others so that a registry says what it has.
const MANIFESTS: &str = "application/vnd.docker.distribution.manifest.v2+json, \
    application/vnd.oci.image.manifest.v1+json, application/vnd.oci.image.index.v1+json, \
    application/vnd.docker.distribution.manifest.list.v2+json";

/// Bytes of an answer that is no part of an image.
const ANSWER_BYTES_MAX: usize = 4 << 20;

/// Who asks.
#[derive(Clone)]
pub enum Credentials {
    /// Nobody in particular.
    Anonymous,
    /// A user, by a password that is never printed.
    Basic {
        /// The user.
        user: String,
        /// The password.
        password: String,
    },
}

/// Why a registry was of no help.
#[derive(Debug, thiserror::Error)]
pub enum RegistryError {
    /// Nobody answered.
    #[error("the registry {registry} does not answer")]
    Unreachable {
        /// Its host.
        registry: String,
        /// Why.
        #[source]
        source: reqwest::Error,
    },
    /// It said no.
    #[error("the registry {registry} refused {what}: {status} {detail}")]
    Refused {
        /// Its host.
        registry: String,
        /// What was asked.
        what: String,
        /// HTTP status.
        status: u16,
        /// Its words.
        detail: String,
    },
    /// The tag is another image's, and tags name one image for ever.
    #[error("{repository}:{tag} is the image {found}, not {pushed}: choose another tag")]
    TagTaken {
        /// Where.
        repository: String,
        /// The tag.
        tag: String,
        /// What it names.
        found: Digest,
        /// What it should name.
        pushed: Digest,
    },
}

/// A repository that is spoken to.
pub struct Registry {
    http: reqwest::Client,
    repository: Repository,
    credentials: Credentials,
}

/// What pushing did.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Pushed {
    /// The image is there now.
    New,
    /// It was there.
    Known,
}

impl Registry {
    /// The repository, with these credentials.
    pub fn new(http: reqwest::Client, repository: Repository, credentials: Credentials) -> Self {
        Self {
            http,
            repository,
            credentials,
        }
    }

    /// Sends what the registry lacks of the image, then names it.
    ///
    /// # Errors
    /// [`RegistryError`].
    pub async fn push(&self, image: &Image, tag: &str) -> Result<Pushed, RegistryError> {
        let digest = image.digest();
        let tagged = Version::Tag(tag.to_owned());
        if let Some((_, manifest)) = self.manifest(&tagged).await? {
            let found = Digest::of(&manifest);
            return if found == digest {
                Ok(Pushed::Known)
            } else {
                Err(RegistryError::TagTaken {
                    repository: self.repository.to_string(),
                    tag: tag.to_owned(),
                    found,
                    pushed: digest,
                })
            };
        }
        for (descriptor, bytes) in &image.blobs {
            if !self.has_blob(&descriptor.digest).await? {
                self.upload(&descriptor.digest, bytes.clone()).await?;
            }
        }
        let request = self
            .request(Method::PUT, &format!("manifests/{tag}"))
            .header(CONTENT_TYPE, MANIFEST)
            .body(image.manifest.clone());
        self.expect(request, "the manifest", &[StatusCode::CREATED])
            .await?;
        Ok(Pushed::New)
    }

    /// The media type and the bytes of a manifest, if there is one.
    ///
    /// # Errors
    /// [`RegistryError`].
    pub async fn manifest(
        &self,
        version: &Version,
    ) -> Result<Option<(String, Vec<u8>)>, RegistryError> {
        let request = self
            .request(Method::GET, &format!("manifests/{version}"))
            .header(ACCEPT, MANIFESTS);
        let allowed = [StatusCode::OK, StatusCode::NOT_FOUND];
        let response = self.expect(request, "a manifest", &allowed).await?;
        if response.status() == StatusCode::NOT_FOUND {
            return Ok(None);
        }
        let media_type = response
            .headers()
            .get(CONTENT_TYPE)
            .and_then(|value| value.to_str().ok())
            .unwrap_or_default()
            .to_owned();
        let bytes = self
            .body(response, ANSWER_BYTES_MAX, "the manifest")
            .await?;
        Ok(Some((media_type, bytes)))
    }

    async fn has_blob(&self, digest: &Digest) -> Result<bool, RegistryError> {
        let request = self.request(Method::HEAD, &format!("blobs/{digest}"));
        let allowed = [StatusCode::OK, StatusCode::NOT_FOUND];
        let response = self.expect(request, "a look at a part", &allowed).await?;
        Ok(response.status() == StatusCode::OK)
    }

    /// Begins, sends and closes an upload: the three steps that every registry takes, ECR among them.
    async fn upload(&self, digest: &Digest, bytes: Vec<u8>) -> Result<(), RegistryError> {
        let begin = self.request(Method::POST, "blobs/uploads/");
        let begun = self
            .expect(begin, "an upload", &[StatusCode::ACCEPTED])
            .await?;
        let location = self.location(&begun)?;
        let send = self
            .authorized(self.http.request(Method::PATCH, location))
            .header(CONTENT_TYPE, "application/octet-stream")
            .body(bytes);
        let sent = self
            .expect(send, "a part", &[StatusCode::ACCEPTED, StatusCode::CREATED])
            .await?;
        let mut location = self.location(&sent)?;
        location
            .query_pairs_mut()
            .append_pair("digest", digest.as_str());
        let close = self.authorized(self.http.request(Method::PUT, location));
        self.expect(close, "the end of an upload", &[StatusCode::CREATED])
            .await?;
        Ok(())
    }

    fn url(&self, path: &str) -> String {
        format!(
            "{}/v2/{}/{path}",
            self.repository.base_url(),
            self.repository.name
        )
    }

    fn request(&self, method: Method, path: &str) -> RequestBuilder {
        self.authorized(self.http.request(method, self.url(path)))
    }

    fn authorized(&self, request: RequestBuilder) -> RequestBuilder {
        match &self.credentials {
            Credentials::Anonymous => request,
            Credentials::Basic { user, password } => request.basic_auth(user, Some(password)),
        }
    }

    /// Where the next step of an upload goes; within this registry, since it gets the credentials.
    fn location(&self, response: &Response) -> Result<Url, RegistryError> {
        let base = Url::parse(&self.repository.base_url());
        let location = response
            .headers()
            .get(LOCATION)
            .and_then(|value| value.to_str().ok());
        let url = base
            .ok()
            .zip(location)
            .and_then(|(base, location)| Some((base.join(location).ok()?, base)));
        match url {
            Some((url, base)) if url.origin() == base.origin() => Ok(url),
            _ => Err(self.refused(
                "an upload",
                response.status(),
                "it names no place of its own",
            )),
        }
    }

    async fn expect(
        &self,
        request: RequestBuilder,
        what: &str,
        allowed: &[StatusCode],
    ) -> Result<Response, RegistryError> {
        let response = request
            .send()
            .await
            .map_err(|error| self.unreachable(error))?;
        let status = response.status();
        if allowed.contains(&status) {
            return Ok(response);
        }
        let body = self.body(response, ANSWER_BYTES_MAX, what).await?;
        let detail: String = String::from_utf8_lossy(&body).chars().take(300).collect();
        Err(self.refused(what, status, detail.trim()))
    }

    async fn body(
        &self,
        mut response: Response,
        bytes_max: usize,
        what: &str,
    ) -> Result<Vec<u8>, RegistryError> {
        let status = response.status();
        let mut body = Vec::new();
        while let Some(chunk) = response
            .chunk()
            .await
            .map_err(|error| self.unreachable(error))?
        {
            if body.len() + chunk.len() > bytes_max {
                return Err(self.refused(what, status, "the answer is too large"));
            }
            body.extend_from_slice(&chunk);
        }
        Ok(body)
    }

    fn refused(&self, what: &str, status: StatusCode, detail: &str) -> RegistryError {
        RegistryError::Refused {
            registry: self.repository.registry.clone(),
            what: what.to_owned(),
            status: status.as_u16(),
            detail: detail.to_owned(),
        }
    }

    fn unreachable(&self, source: reqwest::Error) -> RegistryError {
        RegistryError::Unreachable {
            registry: self.repository.registry.clone(),
            source: source.without_url(),
        }
    }
}
