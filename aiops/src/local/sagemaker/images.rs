//! The registry: images are pushed here as to ECR, which takes OCI manifests too; it is SageMaker that
//! refuses them.

use std::path::{Path, PathBuf};

use axum::body::Bytes;
use axum::http::header::{CONTENT_TYPE, LOCATION};
use axum::http::{HeaderMap, HeaderValue, Method, StatusCode};
use axum::response::{IntoResponse, Response};

use super::Shared;
use super::answer::Refusal;
use crate::image::reference::{Reference, Version, is_tag};
use crate::image::{Digest, MANIFEST, Manifest, layer};

/// A manifest as it was pushed.
#[derive(Debug, Clone)]
pub(crate) struct Stored {
    media_type: String,
    bytes: Vec<u8>,
}

/// One request of the registry protocol.
pub(super) async fn handle(
    shared: &Shared,
    method: &Method,
    path: &str,
    query: Option<&str>,
    headers: &HeaderMap,
    body: Bytes,
) -> Response {
    if let Some((name, version)) = path.rsplit_once("/manifests/") {
        return match *method {
            Method::PUT => put_manifest(shared, name, version, headers, &body),
            Method::GET | Method::HEAD => get_manifest(shared, name, version),
            _ => StatusCode::METHOD_NOT_ALLOWED.into_response(),
        };
    }
    let Some((name, rest)) = path.split_once("/blobs/") else {
        return StatusCode::NOT_FOUND.into_response();
    };
    let answer = if let Some(id) = rest.strip_prefix("uploads/") {
        upload(shared, method, name, id, query, &body)
    } else {
        blob(shared, method, rest)
    };
    answer.unwrap_or_else(|error| {
        (StatusCode::INTERNAL_SERVER_ERROR, error.to_string()).into_response()
    })
}

fn blob(shared: &Shared, method: &Method, digest: &str) -> std::io::Result<Response> {
    let Ok(digest) = Digest::try_from(digest.to_owned()) else {
        return Ok(StatusCode::BAD_REQUEST.into_response());
    };
    let path = blob_path(shared, &digest);
    if !path.is_file() {
        return Ok(StatusCode::NOT_FOUND.into_response());
    }
    Ok(match *method {
        Method::HEAD => StatusCode::OK.into_response(),
        Method::GET => std::fs::read(path)?.into_response(),
        _ => StatusCode::METHOD_NOT_ALLOWED.into_response(),
    })
}

fn upload(
    shared: &Shared,
    method: &Method,
    name: &str,
    id: &str,
    query: Option<&str>,
    body: &[u8],
) -> std::io::Result<Response> {
    let uploads = shared.directory.join("uploads");
    std::fs::create_dir_all(&uploads)?;
    let (number, is_new) = if id.is_empty() {
        let mut state = shared.state();
        state.uploads += 1;
        (state.uploads, true)
    } else {
        match id.parse() {
            Ok(number) => (number, false),
            Err(_) => return Ok(StatusCode::NOT_FOUND.into_response()),
        }
    };
    let path = uploads.join(number.to_string());
    match (method, is_new) {
        (&Method::POST, true) => std::fs::write(&path, b"")?,
        (&Method::PATCH, false) if path.is_file() => {
            use std::io::Write as _;
            std::fs::OpenOptions::new()
                .append(true)
                .open(&path)?
                .write_all(body)?;
        }
        (&Method::PUT, false) if path.is_file() => {
            let bytes = std::fs::read(&path)?;
            std::fs::remove_file(&path)?;
            let digest = Digest::of(&bytes);
            let wanted = query.unwrap_or_default().replace("%3A", ":");
            if !wanted
                .split('&')
                .any(|pair| pair == format!("digest={digest}"))
            {
                return Ok((StatusCode::BAD_REQUEST, "DIGEST_INVALID").into_response());
            }
            let blob = blob_path(shared, &digest);
            if let Some(parent) = blob.parent() {
                std::fs::create_dir_all(parent)?;
            }
            std::fs::write(blob, bytes)?;
            return Ok(StatusCode::CREATED.into_response());
        }
        _ => return Ok(StatusCode::NOT_FOUND.into_response()),
    }
    let mut response = StatusCode::ACCEPTED.into_response();
    if let Ok(location) = HeaderValue::from_str(&format!("/v2/{name}/blobs/uploads/{number}")) {
        response.headers_mut().insert(LOCATION, location);
    }
    Ok(response)
}

fn blob_path(shared: &Shared, digest: &Digest) -> PathBuf {
    shared.directory.join("blobs").join(digest.digits())
}

fn put_manifest(
    shared: &Shared,
    name: &str,
    tag: &str,
    headers: &HeaderMap,
    body: &[u8],
) -> Response {
    let media_type = headers
        .get(CONTENT_TYPE)
        .and_then(|value| value.to_str().ok())
        .unwrap_or_default()
        .to_owned();
    let Ok(manifest) = serde_json::from_slice::<Manifest>(body) else {
        return (StatusCode::BAD_REQUEST, "MANIFEST_INVALID").into_response();
    };
    let known = std::iter::once(&manifest.config)
        .chain(&manifest.layers)
        .all(|part| blob_path(shared, &part.digest).is_file());
    if !known {
        return (StatusCode::NOT_FOUND, "MANIFEST_BLOB_UNKNOWN").into_response();
    }
    let digest = Digest::of(body);
    let mut state = shared.state();
    if is_tag(tag) {
        let key = (name.to_owned(), tag.to_owned());
        if let Some(stored) = state.manifests.get(&key)
            && stored.bytes != body
        {
            return (
                StatusCode::BAD_REQUEST,
                "TAG_INVALID: the tag is immutable and names another image",
            )
                .into_response();
        }
    } else if tag != digest.as_str() {
        return (StatusCode::BAD_REQUEST, "DIGEST_INVALID").into_response();
    }
    let stored = Stored {
        media_type,
        bytes: body.to_vec(),
    };
    for version in [tag, digest.as_str()] {
        let key = (name.to_owned(), version.to_owned());
        state.manifests.insert(key, stored.clone());
    }
    StatusCode::CREATED.into_response()
}

fn get_manifest(shared: &Shared, name: &str, version: &str) -> Response {
    let key = (name.to_owned(), version.to_owned());
    let Some(stored) = shared.state().manifests.get(&key).cloned() else {
        return StatusCode::NOT_FOUND.into_response();
    };
    let mut response = stored.bytes.into_response();
    if let Ok(media_type) = HeaderValue::from_str(&stored.media_type) {
        response.headers_mut().insert(CONTENT_TYPE, media_type);
    }
    response
}

/// The manifest of an image, as far as SageMaker takes it.
pub(super) fn find(shared: &Shared, image: &str) -> Result<Manifest, Refusal> {
    let reference: Reference = image
        .parse()
        .map_err(|error| Refusal::validation(format!("Invalid image: {error}")))?;
    let missing = || Refusal::validation(format!("Requested image {reference} not found."));
    if reference.repository.registry != shared.host {
        return Err(missing());
    }
    let version = match &reference.version {
        Version::Tag(tag) => tag.clone(),
        Version::Digest(digest) => digest.to_string(),
    };
    let key = (reference.repository.name.clone(), version);
    let stored = shared
        .state()
        .manifests
        .get(&key)
        .cloned()
        .ok_or_else(missing)?;
    let manifest: Manifest = serde_json::from_slice(&stored.bytes)
        .map_err(|error| Refusal::validation(format!("Invalid manifest: {error}")))?;
    for media_type in [&stored.media_type, &manifest.media_type] {
        if media_type != MANIFEST {
            return Err(Refusal::validation(format!(
                "Unsupported manifest media type {media_type} for image {reference}. Ensure that valid manifest media type is used for specified image."
            )));
        }
    }
    Ok(manifest)
}

/// Unpacks an image below `root`.
pub(super) fn unpack(shared: &Shared, manifest: &Manifest, root: &Path) -> std::io::Result<()> {
    std::fs::create_dir_all(root)?;
    for part in &manifest.layers {
        let packed = std::fs::read(blob_path(shared, &part.digest))?;
        layer::unpack(&packed, root)?;
    }
    Ok(())
}
