//! Between S3 and a container's files.

use std::fs;
use std::io::{self, Write as _};
use std::path::{Component, Path};

use aiops_functions::ports::ObjectStore as _;
use aiops_functions::training::job::{Channel, TrainingJob};
use flate2::Compression;
use flate2::write::GzEncoder;
use serde_json::{Map, Value, json};

use super::Shared;
use super::check::location;

/// Bytes of an object that is fetched.
const OBJECT_BYTES_MAX: u64 = 1 << 30;

/// The configuration files of a job.
pub(super) fn configure(root: &Path, job: &TrainingJob) -> io::Result<()> {
    let channels: Map<String, Value> = job
        .input_data_config
        .iter()
        .map(|channel| {
            let source = &channel.data_source.s3_data_source;
            let value = json!({
                "TrainingInputMode": channel.input_mode,
                "S3DistributionType": source.s3_data_distribution_type,
                "RecordWrapperType": "None",
            });
            (channel.channel_name.clone(), value)
        })
        .collect();
    let hosts: Vec<String> = (1..=job.resource_config.instance_count)
        .map(|number| format!("algo-{number}"))
        .collect();
    for (file, value) in [
        ("hyperparameters.json", json!(job.hyper_parameters)),
        ("inputdataconfig.json", Value::Object(channels)),
        (
            "resourceconfig.json",
            json!({
                "current_host": "algo-1",
                "current_instance_type": job.resource_config.instance_type,
                "hosts": hosts,
                "network_interface_name": "eth0",
            }),
        ),
    ] {
        write(
            &root.join("opt/ml/input/config").join(file),
            value.to_string().as_bytes(),
        )?;
    }
    fs::create_dir_all(root.join("opt/ml/model"))
}

fn write(path: &Path, bytes: &[u8]) -> io::Result<()> {
    if let Some(parent) = path.parent() {
        fs::create_dir_all(parent)?;
    }
    fs::write(path, bytes)
}

/// Fetches a channel's objects. The error is SageMaker's reason of the failed job.
pub(super) async fn fetch(shared: &Shared, root: &Path, channel: &Channel) -> Result<(), String> {
    let source = &channel.data_source.s3_data_source;
    let uri = source.s3_uri.as_str();
    let (bucket, key) = location("S3Uri", uri).map_err(|refusal| refusal.message)?;
    let failed = |detail: String| format!("ClientError: Data download failed:{detail}");
    let nothing = || {
        failed(format!(
            "No S3 objects found under S3 URL \"{uri}\" given in input data source. Please ensure that the bucket exists in the selected region ({}), that objects exist under that S3 prefix, and that the role has \"s3:ListBucket\" permissions on the bucket.",
            shared.cloud.region()
        ))
    };
    let data = root.join("opt/ml/input/data");
    let name = &channel.channel_name;
    // Address in S3, and path within the channel.
    let mut objects: Vec<(String, String, String)> = Vec::new();
    if source.s3_data_type == "ManifestFile" {
        let manifest = object(shared, bucket, key)
            .await
            .map_err(failed)?
            .ok_or_else(nothing)?;
        let (prefix, keys) = manifest_of(&manifest)
            .ok_or_else(|| failed(format!("Unable to parse the manifest {uri}")))?;
        let (bucket, before) =
            location("prefix", &prefix).map_err(|refusal| failed(refusal.message))?;
        for key in keys {
            objects.push((bucket.to_owned(), format!("{before}{key}"), key));
        }
        write(&data.join(format!("{name}-manifest")), &manifest)
            .map_err(|error| failed(error.to_string()))?;
    } else {
        let entries = shared
            .objects
            .list(bucket, key)
            .await
            .map_err(|error| failed(error.to_string()))?;
        let directory = key.rsplit_once('/').map_or("", |(directory, _)| directory);
        for entry in entries {
            let within = entry.key.strip_prefix(directory).unwrap_or(&entry.key);
            let within = within.trim_start_matches('/').to_owned();
            objects.push((bucket.to_owned(), entry.key, within));
        }
    }
    if objects.is_empty() {
        return Err(nothing());
    }
    for (bucket, key, within) in objects {
        let inside = Path::new(&within)
            .components()
            .all(|part| matches!(part, Component::Normal(_)));
        if !inside {
            return Err(failed(format!("the key {key} is no path")));
        }
        let bytes = object(shared, &bucket, &key)
            .await
            .map_err(failed)?
            .ok_or_else(|| failed(format!("NoSuchKey (404): s3://{bucket}/{key}")))?;
        write(&data.join(name).join(within), &bytes).map_err(|error| failed(error.to_string()))?;
    }
    Ok(())
}

/// An object, or nothing.
pub(super) async fn object(
    shared: &Shared,
    bucket: &str,
    key: &str,
) -> Result<Option<Vec<u8>>, String> {
    let object = shared.objects.get(bucket, key, OBJECT_BYTES_MAX).await;
    match object {
        Ok(object) => Ok(object.map(|object| object.body)),
        Err(error) => Err(error.to_string()),
    }
}

fn manifest_of(bytes: &[u8]) -> Option<(String, Vec<String>)> {
    let entries: Vec<Value> = serde_json::from_slice(bytes).ok()?;
    let (first, rest) = entries.split_first()?;
    let prefix = first.get("prefix")?.as_str()?.to_owned();
    let keys: Option<Vec<String>> = rest
        .iter()
        .map(|key| key.as_str().map(str::to_owned))
        .collect();
    Some((prefix, keys?))
}

/// `model.tar.gz` of what is in the directory.
pub(super) fn pack(directory: &Path) -> io::Result<Vec<u8>> {
    let mut builder = tar::Builder::new(Vec::new());
    builder.append_dir_all(".", directory)?;
    let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
    encoder.write_all(&builder.into_inner()?)?;
    encoder.finish()
}
