//! What every concern of the platform needs: the configuration, the account, names and keys.

use crate::aws::index::{
    GetAvailabilityZonesArgs, GetCallerIdentityArgs, get_availability_zones, get_caller_identity,
};
use crate::config::{Environment, StackConfig};
use crate::graph::Expr;
use crate::text;

/// What every concern of the platform needs.
#[derive(Debug, Clone)]
pub struct Context<'a> {
    /// The stack's configuration.
    pub config: &'a StackConfig,
    /// Id of the account, known to the driver only.
    pub account: Expr<String>,
}

impl<'a> Context<'a> {
    /// The context of a stack.
    pub fn new(config: &'a StackConfig) -> Self {
        Self {
            config,
            account: get_caller_identity(GetCallerIdentityArgs::new()).account_id(),
        }
    }

    /// The physical name `<prefix>-<what>`.
    pub fn name(&self, what: &str) -> String {
        self.config.name(what)
    }

    /// A name that is unique in the whole world, as buckets need: `<prefix>-<what>-<account>`.
    pub fn global_name(&self, what: &str) -> Expr<String> {
        text!(self.name(what), "-", &self.account)
    }

    /// The region.
    pub fn region(&self) -> &'a str {
        &self.config.region
    }

    /// The partition that the region belongs to.
    pub fn partition(&self) -> &'static str {
        match self.config.region.split('-').next() {
            Some("cn") => "aws-cn",
            Some("us") if self.config.region.starts_with("us-gov-") => "aws-us-gov",
            _ => "aws",
        }
    }

    /// The ARN of `resource` of `service` in this account and region.
    pub fn arn(&self, service: &str, resource: impl Into<Expr<String>>) -> Expr<String> {
        let (partition, region) = (self.partition(), self.region());
        text!(
            "arn:",
            partition,
            ":",
            service,
            ":",
            region,
            ":",
            &self.account,
            ":",
            resource.into()
        )
    }

    /// The ARN of `resource` of IAM in this account.
    pub fn iam_arn(&self, resource: &str) -> Expr<String> {
        text!(
            "arn:",
            self.partition(),
            ":iam::",
            &self.account,
            ":",
            resource
        )
    }

    /// The ARN of a managed policy of AWS.
    pub fn managed_policy(&self, path: &str) -> String {
        format!("arn:{}:iam::aws:policy/{path}", self.partition())
    }

    /// The ARN of the bucket that has the global name of `what`, for policies that are written
    /// before the bucket.
    pub fn bucket_arn(&self, what: &str) -> Expr<String> {
        text!("arn:", self.partition(), ":s3:::", self.global_name(what))
    }

    /// The name of the availability zone at `index`.
    pub fn zone(&self, index: usize) -> Expr<String> {
        get_availability_zones(GetAvailabilityZonesArgs::new().state("available"))
            .names()
            .at(index)
    }

    /// Whether this is the laptop's stack: what only an operated account needs is left out there.
    pub fn is_local(&self) -> bool {
        self.config.environment == Environment::Local
    }
}
