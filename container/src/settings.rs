//! `inputdataconfig.json` and `resourceconfig.json`.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::Read as _;
use std::path::Path;

use serde::Deserialize;
use serde::de::DeserializeOwned;

use crate::exit::ContainerError;
use crate::root::Root;

/// Bytes of a configuration file; SageMaker's own limits are far below.
const CONFIG_BYTES_MAX: u64 = 1 << 20;

/// How SageMaker gives a channel to the container. Members that later versions add are ignored.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct ChannelConfig {
    /// `File`, `FastFile` or `Pipe`.
    #[serde(default)]
    pub training_input_mode: Option<String>,
    /// `FullyReplicated` or `ShardedByS3Key`.
    #[serde(default, rename = "S3DistributionType")]
    pub s3_distribution_type: Option<String>,
    /// `None` or `RecordIO`.
    #[serde(default)]
    pub record_wrapper_type: Option<String>,
}

/// On which of which machines the container runs.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct ResourceConfig {
    /// This one.
    pub current_host: String,
    /// All of them.
    pub hosts: Vec<String>,
}

/// The channels by name.
///
/// # Errors
/// When the file is missing or malformed, a channel is not made of files, or the job has several
/// machines.
pub fn channels(root: &Root) -> Result<BTreeMap<String, ChannelConfig>, ContainerError> {
    let resources_path = root.config("resourceconfig.json");
    let resources: ResourceConfig = read_json(&resources_path)?;
    if resources.hosts.len() > 1 {
        return Err(ContainerError::input(
            &resources_path,
            format_args!(
                "the job has {} instances, and a model is trained on one: set InstanceCount to 1",
                resources.hosts.len()
            ),
        ));
    }
    let path = root.config("inputdataconfig.json");
    let channels: BTreeMap<String, ChannelConfig> = read_json(&path)?;
    for (name, channel) in &channels {
        let mode = channel.training_input_mode.as_deref().unwrap_or("File");
        if mode != "File" && mode != "FastFile" {
            return Err(ContainerError::input(
                &path,
                format_args!("channel {name} has the input mode {mode}: use File"),
            ));
        }
        let wrapper = channel.record_wrapper_type.as_deref().unwrap_or("None");
        if wrapper != "None" {
            return Err(ContainerError::input(
                &path,
                format_args!("channel {name} has the record wrapper {wrapper}: use None"),
            ));
        }
    }
    Ok(channels)
}

/// A small JSON file.
pub(crate) fn read_json<T: DeserializeOwned>(path: &Path) -> Result<T, ContainerError> {
    read_json_within(path, CONFIG_BYTES_MAX)
}

/// A JSON file of at most so many bytes.
pub(crate) fn read_json_within<T: DeserializeOwned>(
    path: &Path,
    bytes_max: u64,
) -> Result<T, ContainerError> {
    let file = File::open(path).map_err(ContainerError::file(path))?;
    let mut text = Vec::new();
    file.take(bytes_max + 1)
        .read_to_end(&mut text)
        .map_err(ContainerError::file(path))?;
    if text.len() as u64 > bytes_max {
        return Err(ContainerError::input(
            path,
            format_args!("larger than {bytes_max} bytes"),
        ));
    }
    serde_json::from_slice(&text).map_err(|error| ContainerError::input(path, error))
}
