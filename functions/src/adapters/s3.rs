//! S3.

use aws_sdk_s3::Client;
use aws_sdk_s3::config::{RequestChecksumCalculation, ResponseChecksumValidation};
use aws_sdk_s3::primitives::ByteStream;

use super::error::classify;
use crate::ports::{Object, ObjectEntry, ObjectStore, PortError, PortResult};

/// Buckets of an account.
#[derive(Debug, Clone)]
pub struct S3 {
    client: Client,
}

impl S3 {
    /// The client of this configuration. The payload's SHA-256 is part of the signature, so no
    /// further checksum is asked for.
    pub fn new(config: &aws_config::SdkConfig) -> Self {
        let settings = aws_sdk_s3::config::Builder::from(config)
            // One address for all buckets; an endpoint of its own has no names for them.
            .force_path_style(config.endpoint_url().is_some())
            .request_checksum_calculation(RequestChecksumCalculation::WhenRequired)
            .response_checksum_validation(ResponseChecksumValidation::WhenRequired)
            .build();
        Self {
            client: Client::from_conf(settings),
        }
    }
}

fn bare(etag: Option<&str>) -> String {
    etag.unwrap_or_default().trim_matches('"').to_owned()
}

impl ObjectStore for S3 {
    async fn get(&self, bucket: &str, key: &str, max_bytes: u64) -> PortResult<Option<Object>> {
        let what = format!("s3://{bucket}/{key}");
        let too_large = || PortError::TooLarge {
            what: what.clone(),
            limit: max_bytes,
        };
        let answer = self
            .client
            .get_object()
            .bucket(bucket)
            .key(key)
            .send()
            .await;
        let mut answer = match answer {
            Ok(answer) => answer,
            Err(error)
                if error
                    .as_service_error()
                    .is_some_and(|error| error.is_no_such_key()) =>
            {
                return Ok(None);
            }
            Err(error) => return Err(classify(&what, &error)),
        };
        let length = answer.content_length().unwrap_or_default();
        if u64::try_from(length).unwrap_or_default() > max_bytes {
            return Err(too_large());
        }
        let etag = bare(answer.e_tag());
        let mut body = Vec::with_capacity(usize::try_from(length).unwrap_or_default());
        while let Some(chunk) = answer.body.next().await {
            let chunk = chunk.map_err(|error| PortError::Transient {
                what: what.clone(),
                detail: error.to_string(),
            })?;
            if (body.len() + chunk.len()) as u64 > max_bytes {
                return Err(too_large());
            }
            body.extend_from_slice(&chunk);
        }
        Ok(Some(Object { body, etag }))
    }

    async fn put(
        &self,
        bucket: &str,
        key: &str,
        body: Vec<u8>,
        content_type: &str,
    ) -> PortResult<String> {
        let answer = self
            .client
            .put_object()
            .bucket(bucket)
            .key(key)
            .content_type(content_type)
            .body(ByteStream::from(body))
            .send()
            .await
            .map_err(|error| classify(&format!("s3://{bucket}/{key}"), &error))?;
        Ok(bare(answer.e_tag()))
    }

    async fn put_over(
        &self,
        bucket: &str,
        key: &str,
        body: &[u8],
        content_type: &str,
        known: Option<&str>,
    ) -> PortResult<String> {
        let put = self
            .client
            .put_object()
            .bucket(bucket)
            .key(key)
            .content_type(content_type)
            .body(ByteStream::from(body.to_vec()));
        let put = match known {
            Some(etag) => put.if_match(format!("\"{etag}\"")),
            None => put.if_none_match("*"),
        };
        let answer = put
            .send()
            .await
            .map_err(|error| classify(&format!("s3://{bucket}/{key}"), &error))?;
        Ok(bare(answer.e_tag()))
    }

    async fn etag(&self, bucket: &str, key: &str) -> PortResult<Option<String>> {
        let answer = self
            .client
            .head_object()
            .bucket(bucket)
            .key(key)
            .send()
            .await;
        match answer {
            Ok(answer) => Ok(Some(bare(answer.e_tag()))),
            Err(error)
                if error
                    .as_service_error()
                    .is_some_and(|error| error.is_not_found()) =>
            {
                Ok(None)
            }
            Err(error) => Err(classify(&format!("s3://{bucket}/{key}"), &error)),
        }
    }

    async fn list(&self, bucket: &str, prefix: &str) -> PortResult<Vec<ObjectEntry>> {
        let mut pages = self
            .client
            .list_objects_v2()
            .bucket(bucket)
            .prefix(prefix)
            .into_paginator()
            .send();
        let mut entries = Vec::new();
        while let Some(page) = pages.next().await {
            let page =
                page.map_err(|error| classify(&format!("s3://{bucket}/{prefix}"), &error))?;
            entries.extend(page.contents().iter().map(|object| ObjectEntry {
                key: object.key().unwrap_or_default().to_owned(),
                etag: bare(object.e_tag()),
                size: u64::try_from(object.size().unwrap_or_default()).unwrap_or_default(),
            }));
        }
        Ok(entries)
    }
}
