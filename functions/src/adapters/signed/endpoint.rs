//! The services that the signed client speaks to: names, addresses, versions.

/// A service of AWS.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[expect(missing_docs, reason = "the words are AWS's own")]
pub enum Service {
    ApiGateway,
    Autoscaling,
    Ec2,
    Ecr,
    Eks,
    Iam,
    Kinesis,
    Lambda,
    Logs,
    SageMaker,
    SageMakerRuntime,
    Sns,
    Ssm,
    Sts,
}

impl Service {
    /// The name that signatures use.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::ApiGateway => "execute-api",
            Self::Autoscaling => "autoscaling",
            Self::Ec2 => "ec2",
            Self::Ecr => "ecr",
            Self::Eks => "eks",
            Self::Iam => "iam",
            Self::Kinesis => "kinesis",
            Self::Lambda => "lambda",
            Self::Logs => "logs",
            Self::SageMaker | Self::SageMakerRuntime => "sagemaker",
            Self::Sns => "sns",
            Self::Ssm => "ssm",
            Self::Sts => "sts",
        }
    }

    /// The environment variable that moves this service's endpoint alone, by the SDKs' convention
    /// (<https://docs.aws.amazon.com/sdkref/latest/guide/feature-ss-endpoints.html>), for the services
    /// that the local cloud has elsewhere than the rest.
    pub(super) const fn endpoint_variable(self) -> Option<&'static str> {
        match self {
            Self::SageMaker => Some("AWS_ENDPOINT_URL_SAGEMAKER"),
            Self::SageMakerRuntime => Some("AWS_ENDPOINT_URL_SAGEMAKER_RUNTIME"),
            _ => None,
        }
    }

    /// The version of a Query API; empty for the others.
    pub(super) const fn query_version(self) -> &'static str {
        match self {
            Self::Autoscaling => "2011-01-01",
            Self::Ec2 => "2016-11-15",
            Self::Iam => "2010-05-08",
            Self::Sns => "2010-03-31",
            Self::Sts => "2011-06-15",
            Self::ApiGateway
            | Self::Ecr
            | Self::Eks
            | Self::Kinesis
            | Self::Lambda
            | Self::Logs
            | Self::SageMaker
            | Self::SageMakerRuntime
            | Self::Ssm => "",
        }
    }

    /// The prefix of `X-Amz-Target` of a JSON API; empty for the others.
    pub(super) const fn target_prefix(self) -> &'static str {
        match self {
            Self::Ecr => "AmazonEC2ContainerRegistry_V20150921",
            Self::Kinesis => "Kinesis_20131202",
            Self::Logs => "Logs_20140328",
            Self::Ssm => "AmazonSSM",
            Self::SageMaker => "SageMaker",
            Self::ApiGateway
            | Self::Autoscaling
            | Self::Ec2
            | Self::Eks
            | Self::Iam
            | Self::Lambda
            | Self::SageMakerRuntime
            | Self::Sns
            | Self::Sts => "",
        }
    }
}

/// The regional endpoint, `https://…` without a slash at its end. IAM has one per partition.
pub fn url(service: Service, region: &str) -> String {
    let domain = if region.starts_with("cn-") {
        "amazonaws.com.cn"
    } else {
        "amazonaws.com"
    };
    match service {
        Service::Iam => match partition(region) {
            Partition::Aws => "https://iam.amazonaws.com".to_owned(),
            Partition::China => "https://iam.cn-north-1.amazonaws.com.cn".to_owned(),
            Partition::UsGov => "https://iam.us-gov.amazonaws.com".to_owned(),
        },
        Service::Ecr => format!("https://api.ecr.{region}.{domain}"),
        Service::SageMaker => format!("https://api.sagemaker.{region}.{domain}"),
        Service::SageMakerRuntime => format!("https://runtime.sagemaker.{region}.{domain}"),
        _ => format!("https://{}.{region}.{domain}", service.as_str()),
    }
}

/// The region in the signature's scope: IAM's is the partition's first.
pub(super) fn signing_region(service: Service, region: &str) -> &str {
    match (service, partition(region)) {
        (Service::Iam, Partition::Aws) => "us-east-1",
        (Service::Iam, Partition::China) => "cn-north-1",
        (Service::Iam, Partition::UsGov) => "us-gov-west-1",
        _ => region,
    }
}

enum Partition {
    Aws,
    China,
    UsGov,
}

fn partition(region: &str) -> Partition {
    if region.starts_with("cn-") {
        Partition::China
    } else if region.starts_with("us-gov-") {
        Partition::UsGov
    } else {
        Partition::Aws
    }
}

/// Whether AWS's error code asks to come again later.
pub(super) fn is_throttling(code: &str) -> bool {
    matches!(
        code,
        "Throttling"
            | "ThrottlingException"
            | "ThrottledException"
            | "RequestThrottled"
            | "RequestThrottledException"
            | "TooManyRequestsException"
            | "RequestLimitExceeded"
            | "ProvisionedThroughputExceededException"
            | "LimitExceededException"
            | "RequestTimeout"
            | "ServiceUnavailable"
            | "InternalError"
            | "InternalFailure"
    )
}

/// One segment of a path, percent-encoded but for RFC 3986's unreserved characters.
pub fn path_segment(text: &str) -> String {
    use std::fmt::Write as _;
    text.bytes().fold(String::new(), |mut path, byte| {
        if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) {
            path.push(char::from(byte));
        } else {
            // Writing into a String cannot fail.
            let _infallible = write!(path, "%{byte:02X}");
        }
        path
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn endpoints_follow_the_partition() {
        assert_eq!(
            url(Service::Ec2, "eu-west-1"),
            "https://ec2.eu-west-1.amazonaws.com"
        );
        assert_eq!(
            url(Service::Ssm, "cn-north-1"),
            "https://ssm.cn-north-1.amazonaws.com.cn"
        );
        assert_eq!(
            url(Service::SageMaker, "eu-west-1"),
            "https://api.sagemaker.eu-west-1.amazonaws.com"
        );
        assert_eq!(url(Service::Iam, "eu-west-1"), "https://iam.amazonaws.com");
        assert_eq!(signing_region(Service::Iam, "eu-west-1"), "us-east-1");
        assert_eq!(signing_region(Service::Ec2, "eu-west-1"), "eu-west-1");
    }

    #[test]
    fn a_segment_cannot_leave_its_place() {
        assert_eq!(path_segment("a/../b?c"), "a%2F..%2Fb%3Fc");
    }
}
