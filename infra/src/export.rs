//! The graph for people and for scanners: JSON, a diagram, a Terraform plan, a difference, what a
//! destruction needs.

pub mod destroy;
pub mod diff;
pub mod mermaid;
pub mod terraform;

/// Resource types that hold what cannot be made again: losing one loses data.
const DATA_BEARING: [&str; 12] = [
    "aws:cloudwatch/logGroup:LogGroup",
    "aws:dynamodb/table:Table",
    "aws:ec2/instance:Instance",
    "aws:ecr/repository:Repository",
    "aws:glue/catalogDatabase:CatalogDatabase",
    "aws:kinesis/stream:Stream",
    "aws:kms/key:Key",
    "aws:s3/bucket:Bucket",
    "aws:sagemaker/modelPackageGroup:ModelPackageGroup",
    "aws:secretsmanager/secret:Secret",
    "aws:sqs/queue:Queue",
    "aws:ssm/parameter:Parameter",
];

/// Whether resources of this type hold what cannot be made again.
pub fn is_data_bearing(kind: &str) -> bool {
    DATA_BEARING.contains(&kind)
}
