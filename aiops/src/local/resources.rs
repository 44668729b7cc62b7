//! How each resource type of the graph becomes real on the local cloud.
//!
//! A handler creates its resource, or brings the one that is there to the inputs, and answers its
//! outputs: what references in other inputs resolve to. It is called again only when the inputs
//! changed, and finds what it answered last in [`Call::before`].

mod api;
mod dynamodb;
mod ec2;
mod ec2_network;
mod events;
mod firehose;
mod iam;
mod inputs;
mod kinesis;
mod kms;
pub(super) mod lambda;
mod logs;
mod parameters;
mod s3;
mod s3_configuration;
mod sns;
mod sqs;
mod states;

use std::path::Path;

use aiops_infra::graph::Key;
use serde_json::{Value, json};

use super::aws::{Aws, AwsError};
pub(in crate::local) use inputs::{ArchiveError, content_digest};

/// One resource to be made.
pub(super) struct Call<'a> {
    pub(super) aws: &'a Aws,
    pub(super) key: &'a Key,
    /// Evaluated inputs, an object; an archive is `{"$archive": path}`.
    pub(super) inputs: &'a Value,
    /// The outputs of the last time, if it was made before.
    pub(super) before: Option<&'a Value>,
    /// Directory with the zips of the functions.
    pub(super) archives: &'a Path,
    /// ARN of the function that stands in for deliveries to Kinesis.
    pub(super) relay: &'a str,
}

/// Why a resource could not be made.
#[derive(Debug, thiserror::Error)]
pub(in crate::local) enum ResourceError {
    /// The emulator refused or did not answer.
    #[error(transparent)]
    Aws(#[from] AwsError),
    /// An input that the type needs.
    #[error("the input `{0}` is missing or has another type")]
    Input(String),
    /// An archive that cannot be read.
    #[error(transparent)]
    Archive(#[from] ArchiveError),
    /// A change that the driver cannot make in place.
    #[error(
        "{0} cannot change in place: stop the local cloud (aiops local stop) and start it anew"
    )]
    CannotChange(&'static str),
}

/// What became of a resource.
pub(super) enum Made {
    /// It is there, with these outputs.
    Real(Value),
    /// It is there, with these outputs, but for this part of it.
    Partial(Value, String),
    /// The emulator has nothing like it: outputs that references can resolve to.
    NotEmulated(Value),
}

pub(super) async fn make(call: &Call<'_>) -> Result<Made, ResourceError> {
    let outputs = match call.key.kind.as_str() {
        "aws:ec2/networkAcl:NetworkAcl" => {
            let (outputs, missing) = ec2_network::network_acl(call).await?;
            let outputs = call.with_inputs(outputs);
            return Ok(match missing {
                Some(part) => Made::Partial(outputs, part),
                None => Made::Real(outputs),
            });
        }
        "aws:apigatewayv2/api:Api" => api::api(call).await,
        "aws:apigatewayv2/authorizer:Authorizer" => api::authorizer(call).await,
        "aws:apigatewayv2/integration:Integration" => api::integration(call).await,
        "aws:apigatewayv2/route:Route" => api::route(call).await,
        "aws:apigatewayv2/stage:Stage" => api::stage(call).await,
        "aws:cloudwatch/eventRule:EventRule" => events::rule(call).await,
        "aws:cloudwatch/eventTarget:EventTarget" => events::target(call).await,
        "aws:cloudwatch/logGroup:LogGroup" => logs::group(call).await,
        "aws:cloudwatch/logSubscriptionFilter:LogSubscriptionFilter" => {
            logs::subscription_filter(call).await
        }
        "aws:dynamodb/table:Table" => dynamodb::table(call).await,
        "aws:ec2/instance:Instance" => ec2::instance(call).await,
        "aws:ec2/internetGateway:InternetGateway" => ec2_network::internet_gateway(call).await,
        "aws:ec2/networkAclRule:NetworkAclRule" => ec2_network::network_acl_rule(call).await,
        "aws:ec2/route:Route" => ec2_network::route(call).await,
        "aws:ec2/routeTable:RouteTable" => ec2_network::route_table(call).await,
        "aws:ec2/routeTableAssociation:RouteTableAssociation" => {
            ec2_network::route_table_association(call).await
        }
        "aws:ec2/securityGroup:SecurityGroup" => ec2::security_group(call).await,
        "aws:ec2/subnet:Subnet" => ec2_network::subnet(call).await,
        "aws:ec2/vpc:Vpc" => ec2_network::vpc(call).await,
        "aws:iam/instanceProfile:InstanceProfile" => iam::instance_profile(call).await,
        "aws:iam/policy:Policy" => iam::policy(call).await,
        "aws:iam/role:Role" => iam::role(call).await,
        "aws:iam/rolePolicy:RolePolicy" => iam::role_policy(call).await,
        "aws:iam/rolePolicyAttachment:RolePolicyAttachment" => {
            iam::role_policy_attachment(call).await
        }
        "aws:kinesis/firehoseDeliveryStream:FirehoseDeliveryStream" => firehose::stream(call).await,
        "aws:kinesis/stream:Stream" => kinesis::stream(call).await,
        "aws:kms/alias:Alias" => kms::alias(call).await,
        "aws:kms/key:Key" => kms::key(call).await,
        "aws:lambda/eventSourceMapping:EventSourceMapping" => lambda::mapping(call).await,
        "aws:lambda/function:Function" => lambda::function(call).await,
        "aws:lambda/permission:Permission" => lambda::permission(call).await,
        "aws:s3/bucket:Bucket" => s3::bucket(call).await,
        "aws:s3/bucketLifecycleConfiguration:BucketLifecycleConfiguration" => {
            s3_configuration::lifecycle(call).await
        }
        "aws:s3/bucketNotification:BucketNotification" => s3::notification(call).await,
        "aws:s3/bucketObjectv2:BucketObjectv2" => s3::object(call).await,
        "aws:s3/bucketOwnershipControls:BucketOwnershipControls" => {
            s3_configuration::ownership(call).await
        }
        "aws:s3/bucketPolicy:BucketPolicy" => s3::policy(call).await,
        "aws:s3/bucketPublicAccessBlock:BucketPublicAccessBlock" => {
            s3_configuration::public_access_block(call).await
        }
        "aws:s3/bucketServerSideEncryptionConfiguration:BucketServerSideEncryptionConfiguration" => {
            s3_configuration::encryption(call).await
        }
        "aws:s3/bucketVersioning:BucketVersioning" => s3_configuration::versioning(call).await,
        "aws:secretsmanager/secret:Secret" => parameters::secret(call).await,
        "aws:secretsmanager/secretVersion:SecretVersion" => parameters::secret_version(call).await,
        "aws:sfn/stateMachine:StateMachine" => states::machine(call).await,
        "aws:sns/topic:Topic" => sns::topic(call).await,
        "aws:sns/topicPolicy:TopicPolicy" => sns::topic_policy(call).await,
        "aws:sns/topicSubscription:TopicSubscription" => sns::subscription(call).await,
        "aws:sqs/queue:Queue" => sqs::queue(call).await,
        "aws:sqs/queuePolicy:QueuePolicy" => sqs::queue_policy(call).await,
        "aws:sqs/redrivePolicy:RedrivePolicy" => sqs::redrive_policy(call).await,
        "aws:ssm/parameter:Parameter" => parameters::parameter(call).await,
        _ => return Ok(Made::NotEmulated(call.stand_in())),
    }?;
    Ok(Made::Real(call.with_inputs(outputs)))
}

impl Call<'_> {
    /// Its physical name: the input `property`, else the logical name.
    pub(super) fn name(&self, property: &str) -> String {
        self.optional(property)
            .map_or_else(|| self.key.name.clone(), str::to_owned)
    }

    /// Outputs for a type that the emulator does not have.
    fn stand_in(&self) -> Value {
        let name = self.name("name");
        self.with_inputs(json!({
            "id": name,
            "name": name,
            "arn": format!("arn:aws:not-emulated:::{}/{name}", self.key.kind),
        }))
    }

    /// The inputs, with `outputs` over them.
    fn with_inputs(&self, outputs: Value) -> Value {
        let mut all = self.inputs.as_object().cloned().unwrap_or_default();
        if let Value::Object(outputs) = outputs {
            all.extend(outputs);
        }
        Value::Object(all)
    }
}
