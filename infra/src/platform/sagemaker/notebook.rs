//! The notebook instance: in a private subnet, without root, with a disk that is encrypted.

use crate::aws::sagemaker;
use crate::graph::{Options, Scope};
use crate::platform::context::Context;
use crate::platform::keys::Keys;
use crate::platform::network::Network;
use crate::platform::roles::Role;

/// Stops the notebook after an hour without a running kernel: an idle one costs as a busy one.
/// The text is base64 of the script beside this file.
const ON_START: &str = include_str!("on_start.b64");

/// Declares the notebook.
pub(super) fn declare(
    scope: &Scope<'_>,
    context: &Context<'_>,
    keys: Option<&Keys>,
    network: &Network,
    role: &Role,
) {
    let lifecycle = scope.declare(
        "notebook",
        sagemaker::NotebookInstanceLifecycleConfigurationArgs::new()
            .name(context.name("notebook"))
            .on_start(ON_START.trim()),
    );
    let mut args = sagemaker::NotebookInstanceArgs::new(sagemaker::NotebookInstanceRequired {
        instance_type: context
            .config
            .sagemaker
            .notebook_instance_type
            .as_str()
            .into(),
        role_arn: role.arn(),
    })
    .name(context.name("notebook"))
    .platform_identifier("notebook-al2023-v1")
    .lifecycle_config_name(lifecycle.name())
    .direct_internet_access("Disabled")
    .root_access("Disabled")
    .security_groups([network.groups.workload.id()])
    .instance_metadata_service_configuration(
        sagemaker::NotebookInstanceInstanceMetadataServiceConfiguration::new()
            .minimum_instance_metadata_service_version("2"),
    )
    .volume_size(20);
    if let Some(subnet) = network.private.first() {
        args = args.subnet_id(subnet.id());
    }
    if let Some(keys) = keys {
        args = args.kms_key_id(keys.data.arn());
    }
    let options = role.before(
        Options::new(),
        "placing it in a subnet needs the role's permissions",
    );
    scope.declare_with("notebook", args, options);
}
