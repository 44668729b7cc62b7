//! A bucket with everything that a bucket needs: versions, encryption, no public access, TLS only,
//! access logs, lifecycle.

use super::context::Context;
use super::keys::Keys;
use crate::aws::s3;
use crate::config::Tiers;
use crate::graph::{Expr, Options, Scope};
use crate::iam::{Condition, Operator, Principal, ResourcePolicy, Statement};
use crate::text;

/// What differs between buckets.
#[derive(Debug)]
pub struct Spec<'a> {
    /// Logical name, and part of the physical one.
    pub name: &'a str,
    /// The key of its objects; none: SSE-S3, the only kind that a bucket of access logs supports.
    pub keys: Option<&'a Keys>,
    /// How long the objects below each prefix stay.
    pub lifecycle: Vec<(&'a str, Tiers)>,
    /// Where its access is logged.
    pub access_logs: Option<&'a Bucket>,
    /// Further statements of its policy.
    pub statements: Vec<(Principal, Statement)>,
}

/// A bucket and what must exist before it is written to.
#[derive(Debug, Clone)]
pub struct Bucket {
    /// The bucket.
    pub bucket: s3::Bucket,
    /// Its policy.
    pub policy: s3::BucketPolicy,
}

impl Bucket {
    /// Its name.
    pub fn name(&self) -> Expr<String> {
        self.bucket.bucket()
    }

    /// The ARN of the objects below `prefix`.
    pub fn objects(&self, prefix: &str) -> Expr<String> {
        text!(self.bucket.arn(), "/", prefix, "*")
    }
}

/// Declares a bucket.
pub fn bucket(scope: &Scope<'_>, context: &Context<'_>, spec: Spec<'_>) -> Bucket {
    let Spec {
        name,
        keys,
        lifecycle,
        access_logs,
        statements,
    } = spec;
    let bucket = scope.declare(
        name,
        s3::BucketArgs::new()
            .bucket(context.global_name(name))
            // A stack whose data nobody protects may be destroyed with its objects.
            .force_destroy(!context.config.protect),
    );
    scope.declare(
        name,
        s3::BucketVersioningArgs::new(s3::BucketVersioningRequired {
            bucket: bucket.id(),
            versioning_configuration: s3::BucketVersioningVersioningConfiguration::new("Enabled")
                .into(),
        }),
    );
    encryption(scope, name, &bucket, keys);
    scope.declare(
        name,
        s3::BucketPublicAccessBlockArgs::new(bucket.id())
            .block_public_acls(true)
            .block_public_policy(true)
            .ignore_public_acls(true)
            .restrict_public_buckets(true),
    );
    scope.declare(
        name,
        s3::BucketOwnershipControlsArgs::new(s3::BucketOwnershipControlsRequired {
            bucket: bucket.id(),
            rule: s3::BucketOwnershipControlsRule::new("BucketOwnerEnforced").into(),
        }),
    );
    let noncurrent = context.config.lifecycle.noncurrent_days;
    scope.declare(
        name,
        s3::BucketLifecycleConfigurationArgs::new(bucket.id()).rules(
            [unfinished()]
                .into_iter()
                .chain(
                    lifecycle
                        .iter()
                        .map(|(prefix, tiers)| rule(prefix, tiers, noncurrent)),
                )
                .collect::<Vec<_>>(),
        ),
    );
    if let Some(target) = access_logs {
        scope.declare_with(
            name,
            s3::BucketLoggingArgs::new(s3::BucketLoggingRequired {
                bucket: bucket.id(),
                target_bucket: target.bucket.id(),
                target_prefix: format!("{name}/").into(),
            }),
            Options::new().after(
                &target.policy,
                "the target's policy lets the log service write",
            ),
        );
    }
    let tls_only =
        Statement::deny_s3("TlsOnly", [text!(bucket.arn()), text!(bucket.arn(), "/*")]).when(
            Condition::new(Operator::Bool, "aws:SecureTransport", ["false"]),
        );
    let policy = ResourcePolicy::new(
        [(Principal::Anybody, tls_only)]
            .into_iter()
            .chain(statements),
    );
    let policy = scope.declare(
        name,
        s3::BucketPolicyArgs::new(s3::BucketPolicyRequired {
            bucket: bucket.id(),
            policy: policy.document(),
        }),
    );
    Bucket { bucket, policy }
}

/// Default encryption. There is no policy that denies writes without an encryption header: it
/// would block every writer that relies on this default, Firehose among them.
fn encryption(scope: &Scope<'_>, name: &str, bucket: &s3::Bucket, keys: Option<&Keys>) {
    use s3::BucketServerSideEncryptionConfigurationRuleApplyServerSideEncryptionByDefault as Default;
    let default = match keys {
        Some(keys) => Default::new("aws:kms").kms_master_key_id(keys.data.arn()),
        None => Default::new("AES256"),
    };
    scope.declare(
        name,
        s3::BucketServerSideEncryptionConfigurationArgs::new(
            s3::BucketServerSideEncryptionConfigurationRequired {
                bucket: bucket.id(),
                rules: [s3::BucketServerSideEncryptionConfigurationRule::new()
                    .apply_server_side_encryption_by_default(default)
                    // One data key per bucket and while, in place of a call per object.
                    .bucket_key_enabled(keys.is_some())]
                .into(),
            },
        ),
    );
}

/// Parts of uploads that nobody finished, wherever in the bucket.
fn unfinished() -> s3::BucketLifecycleConfigurationRule {
    s3::BucketLifecycleConfigurationRule::new(s3::BucketLifecycleConfigurationRuleRequired {
        id: "unfinished-uploads".into(),
        status: "Enabled".into(),
    })
    .filter(s3::BucketLifecycleConfigurationRuleFilter::new().prefix(""))
    .abort_incomplete_multipart_upload(
        s3::BucketLifecycleConfigurationRuleAbortIncompleteMultipartUpload::new()
            .days_after_initiation(7),
    )
}

fn rule(prefix: &str, tiers: &Tiers, noncurrent: u32) -> s3::BucketLifecycleConfigurationRule {
    use s3::BucketLifecycleConfigurationRuleTransition as Transition;
    let id = match prefix.trim_end_matches('/') {
        "" => "all",
        prefix => prefix,
    };
    let mut rule =
        s3::BucketLifecycleConfigurationRule::new(s3::BucketLifecycleConfigurationRuleRequired {
            id: id.into(),
            status: "Enabled".into(),
        })
        .filter(s3::BucketLifecycleConfigurationRuleFilter::new().prefix(prefix))
        .noncurrent_version_expiration(
            s3::BucketLifecycleConfigurationRuleNoncurrentVersionExpiration::new(noncurrent),
        );
    let transitions: Vec<Transition> = [
        (tiers.infrequent_access_days, "STANDARD_IA"),
        (tiers.glacier_days, "GLACIER"),
    ]
    .into_iter()
    .filter_map(|(days, class)| Some(Transition::new(class).days(days?)))
    .collect();
    if !transitions.is_empty() {
        rule = rule.transitions(transitions);
    }
    if let Some(days) = tiers.expire_days {
        rule = rule.expiration(s3::BucketLifecycleConfigurationRuleExpiration::new().days(days));
    }
    rule
}
