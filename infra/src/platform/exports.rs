//! What a stack tells its users and the command line.

use super::archive::{Buckets, Firehoses};
use super::context::Context;
use super::detection::Detection;
use super::eks::Eks;
use super::functions::Function;
use super::keys::Keys;
use super::lake::Lake;
use super::network::Network;
use super::sagemaker::Sagemaker;
use super::tables::Tables;
use super::topics::Topics;
use super::training;
use crate::aws::{apigatewayv2, cloudwatch, kinesis, sfn};
use crate::graph::{Expr, Scope};

/// What every stack has.
#[derive(Debug, Clone)]
pub struct Exported<'a> {
    /// The network.
    pub network: &'a Network,
    /// The stream.
    pub stream: &'a kinesis::Stream,
    /// The buckets.
    pub buckets: &'a Buckets,
    /// The delivery streams.
    pub firehoses: &'a Firehoses,
    /// The tables.
    pub tables: &'a Tables,
    /// The topics.
    pub topics: &'a Topics,
    /// Detection.
    pub detection: &'a Detection,
    /// The workflow.
    pub workflow: &'a sfn::StateMachine,
    /// Every function, by name.
    pub functions: &'a [(&'static str, &'a Function)],
    /// Where plans are decided on.
    pub approvals: &'a apigatewayv2::Api,
}

/// Exports what every stack has.
pub fn declare(scope: &Scope<'_>, exported: &Exported<'_>) {
    let buckets = exported.buckets;
    let texts: [(&str, Expr<String>); 20] = [
        ("vpcId", exported.network.vpc.id()),
        ("publicNetworkAclId", exported.network.public_acl.id()),
        ("privateNetworkAclId", exported.network.private_acl.id()),
        ("workloadGroupId", exported.network.groups.workload.id()),
        ("quarantineGroupId", exported.network.groups.quarantine.id()),
        ("streamName", exported.stream.name()),
        ("rawBucket", buckets.raw.name()),
        ("segmentsBucket", buckets.segments.name()),
        ("modelsBucket", buckets.models.name()),
        ("accessLogsBucket", buckets.access_logs.name()),
        ("archiveName", exported.firehoses.raw.name()),
        ("stateTable", exported.tables.state.name()),
        ("incidentsTable", exported.tables.incidents.name()),
        ("incidentsTopicArn", exported.topics.incidents.arn()),
        ("alarmsTopicArn", exported.topics.alarms.arn()),
        ("detectorQueueUrl", exported.detection.queue.queue.url()),
        ("detectorDeadLetterUrl", exported.detection.queue.dead.url()),
        ("modelParameter", exported.detection.pointer.name()),
        ("approvalsUrl", exported.approvals.api_endpoint()),
        ("stateMachineArn", exported.workflow.arn()),
    ];
    for (name, value) in texts {
        scope.export(name, value);
    }
    let subnets = |subnets: &[crate::aws::ec2::Subnet]| -> Expr<Vec<String>> {
        subnets.iter().map(crate::aws::ec2::Subnet::id).collect()
    };
    scope.export("publicSubnetIds", subnets(&exported.network.public));
    scope.export("privateSubnetIds", subnets(&exported.network.private));
    let functions: std::collections::BTreeMap<String, Expr<String>> = exported
        .functions
        .iter()
        .map(|(name, function)| ((*name).to_owned(), function.function.name()))
        .collect();
    scope.export("functions", functions);
}

/// Exports what only some stacks have.
pub fn optional(
    scope: &Scope<'_>,
    context: &Context<'_>,
    keys: Option<&Keys>,
    eks: Option<&Eks>,
    lake: Option<&Lake>,
    sagemaker: Option<&Sagemaker>,
    dashboard: Option<&cloudwatch::Dashboard>,
) {
    if let Some(key) = Keys::data_arn(keys) {
        scope.export("dataKeyArn", key);
    }
    if let Some(eks) = eks {
        scope.export("clusterName", eks.cluster.name());
        scope.export("clusterOidcProviderArn", eks.oidc.arn());
    }
    if let Some(lake) = lake {
        scope.export("lakeDatabase", lake.database.name());
        scope.export("athenaWorkgroup", lake.workgroup.name());
    }
    if let Some(sagemaker) = sagemaker {
        scope.export("modelRepositoryUrl", sagemaker.repository.repository_url());
        scope.export("sagemakerRoleArn", sagemaker.role.arn());
        scope.export(
            "trainingHyperparameters",
            training::hyperparameters(context),
        );
        scope.export(
            "modelPackageGroup",
            sagemaker.packages.model_package_group_name(),
        );
        if let Some(endpoint) = &sagemaker.endpoint {
            scope.export("modelEndpoint", endpoint.name());
        }
    }
    if let Some(dashboard) = dashboard {
        scope.export("dashboard", dashboard.dashboard_name());
    }
}
