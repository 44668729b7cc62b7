//! Terraform's names for the provider's types and properties.

use crate::schema::Shape;

/// `aws:s3/bucket:Bucket` → `aws_s3_bucket`.
pub(super) fn resource_type(token: &str) -> String {
    let exceptions = [
        ("aws:s3/bucketObjectv2:BucketObjectv2", "aws_s3_object"),
        (
            "aws:iam/openIdConnectProvider:OpenIdConnectProvider",
            "aws_iam_openid_connect_provider",
        ),
    ];
    if let Some((_, name)) = exceptions.iter().find(|(other, _)| *other == token) {
        return (*name).to_owned();
    }
    let mut parts = token.split(':');
    let (package, path, name) = (parts.next(), parts.next(), parts.next());
    let (Some(package), Some(path), Some(name)) = (package, path, name) else {
        return label(token);
    };
    let module = path.split('/').next().unwrap_or_default();
    match (package, module) {
        // EC2's own things have no prefix.
        ("aws", "ec2") => format!("aws_{}", snake(name)),
        ("aws", _) => format!("aws_{module}_{}", snake(name)),
        _ => format!("{package}_{}", snake(name)),
    }
}

/// A name that Terraform takes: letters, digits, `_` and `-`.
pub(super) fn label(name: &str) -> String {
    name.chars()
        .map(|c| {
            if c.is_ascii_alphanumeric() || c == '-' {
                c
            } else {
                '_'
            }
        })
        .collect()
}

/// Properties that are called otherwise, by type (resource or nested).
const RENAMED: [(&str, &str, &str); 10] = [
    ("aws:lambda/function:Function", "name", "function_name"),
    ("aws:lambda/function:Function", "code", "filename"),
    (
        "aws:lambda/permission:Permission",
        "function",
        "function_name",
    ),
    (
        "aws:cloudwatch/metricAlarm:MetricAlarm",
        "name",
        "alarm_name",
    ),
    (
        "aws:cloudwatch/logSubscriptionFilter:LogSubscriptionFilter",
        "logGroup",
        "log_group_name",
    ),
    (
        "aws:sns/topicSubscription:TopicSubscription",
        "topic",
        "topic_arn",
    ),
    (
        "aws:ecr/repository:Repository",
        "encryptionConfigurations",
        "encryption_configuration",
    ),
    (
        "aws:cloudwatch/metricAlarm:MetricAlarm",
        "metricQueries",
        "metric_query",
    ),
    (
        "aws:dynamodb/table:Table",
        "globalSecondaryIndexes",
        "global_secondary_index",
    ),
    (
        "aws:eks/addon:Addon",
        "podIdentityAssociations",
        "pod_identity_association",
    ),
];

/// Lists of blocks that Terraform, too, names in the plural.
const PLURAL: [&str; 7] = [
    "blockDeviceMappings",
    "columns",
    "partitionKeys",
    "productionVariants",
    "tagSpecifications",
    "targets",
    "sortColumns",
];

/// The name of the property `name` of the type `token`. The schema's lists of objects are plural
/// where Terraform repeats a block of a singular name.
pub(super) fn property(token: &str, name: &str, shape: Option<Shape<'_>>) -> String {
    if let Some((_, _, renamed)) = RENAMED.iter().find(|(t, n, _)| *t == token && *n == name) {
        return (*renamed).to_owned();
    }
    let blocks = match shape {
        Some(Shape::List(of)) => matches!(of.shape(), Shape::Object(_)),
        _ => false,
    };
    let snake = snake(name);
    if !blocks || PLURAL.contains(&name) {
        return snake;
    }
    singular(&snake)
}

fn singular(name: &str) -> String {
    if name.ends_with("gress") {
        return name.to_owned();
    }
    if let Some(stem) = name.strip_suffix("ies") {
        return format!("{stem}y");
    }
    name.strip_suffix('s').unwrap_or(name).to_owned()
}

/// camelCase → snake_case.
pub(super) fn snake(name: &str) -> String {
    let mut snake = String::with_capacity(name.len() + 8);
    let mut previous_lower = false;
    for c in name.chars() {
        if c.is_ascii_uppercase() && previous_lower {
            snake.push('_');
        }
        previous_lower = c.is_ascii_lowercase() || c.is_ascii_digit();
        snake.push(c.to_ascii_lowercase());
    }
    snake
}
