//! S3's REST calls.

use reqwest::Method;

use super::query::{Xml, escape};
use super::{Answer, Aws, AwsError};

/// An object in a listing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ListedObject {
    /// Its key.
    pub key: String,
    /// Bytes.
    pub size: u64,
    /// Entity tag: another content has another one.
    pub etag: String,
}

impl Aws {
    /// One S3 request: `path` is `/bucket`, `/bucket/key` (escaped) with its query string.
    pub async fn s3(
        &self,
        method: Method,
        path: &str,
        content_type: Option<&str>,
        body: Vec<u8>,
    ) -> Result<Answer, AwsError> {
        let call = || format!("s3:{method} {path}");
        let mut request = self
            .http
            .request(method.clone(), format!("{}{path}", self.endpoint))
            .body(body);
        if let Some(content_type) = content_type {
            request = request.header(reqwest::header::CONTENT_TYPE, content_type);
        }
        self.send("s3", &call, request).await
    }

    /// An object's bytes; `None` if there is none.
    pub async fn get_object(&self, bucket: &str, key: &str) -> Result<Option<Vec<u8>>, AwsError> {
        match self
            .s3(Method::GET, &object_path(bucket, key), None, Vec::new())
            .await
        {
            Ok(answer) => Ok(Some(answer.body)),
            Err(error) if error.is_not_found() => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// Writes an object.
    pub async fn put_object(
        &self,
        bucket: &str,
        key: &str,
        content_type: &str,
        body: Vec<u8>,
    ) -> Result<(), AwsError> {
        self.s3(
            Method::PUT,
            &object_path(bucket, key),
            Some(content_type),
            body,
        )
        .await
        .map(drop)
    }

    /// Every object under `prefix`, in key order.
    pub async fn list_objects(
        &self,
        bucket: &str,
        prefix: &str,
    ) -> Result<Vec<ListedObject>, AwsError> {
        let mut objects = Vec::new();
        let mut token = String::new();
        loop {
            let mut path = format!("/{bucket}?list-type=2&prefix={}", escape(prefix));
            if !token.is_empty() {
                path.push_str("&continuation-token=");
                path.push_str(&escape(&token));
            }
            let answer = self.s3(Method::GET, &path, None, Vec::new()).await?;
            let xml = Xml::parse(&answer.body).map_err(|detail| AwsError::Malformed {
                call: format!("s3:ListObjectsV2 {bucket}"),
                detail,
            })?;
            objects.extend(xml.all("Contents").into_iter().filter_map(|entry| {
                Some(ListedObject {
                    key: entry.text("Key")?,
                    size: entry.text("Size")?.parse().ok()?,
                    etag: entry.text("ETag").unwrap_or_default(),
                })
            }));
            match xml.text("NextContinuationToken") {
                Some(next) if !next.is_empty() && next != token => token = next,
                _ => return Ok(objects),
            }
        }
    }
}

/// `/bucket/key` with the key escaped but for its slashes.
pub fn object_path(bucket: &str, key: &str) -> String {
    let key: Vec<String> = key.split('/').map(escape).collect();
    format!("/{bucket}/{}", key.join("/"))
}
