//! Roles: one per principal, with one inline policy of its own.

use super::context::Context;
use crate::aws::iam;
use crate::graph::{Expr, Options, Scope};
use crate::iam::action::sts;
use crate::iam::{Condition, IdentityPolicy, Principal, Statement, trust};

/// A role and its policy. What uses the role waits for both: a role without its permissions fails
/// in ways that look like something else.
#[derive(Debug, Clone)]
pub struct Role {
    /// The role.
    pub role: iam::Role,
    /// Its inline policy.
    pub policy: Option<iam::RolePolicy>,
}

impl Role {
    /// Its ARN.
    pub fn arn(&self) -> Expr<String> {
        self.role.arn()
    }

    /// Options of what must not exist before the role has its permissions.
    pub fn before(&self, options: Options, reason: &str) -> Options {
        match &self.policy {
            Some(policy) => options.after(policy, reason),
            None => options,
        }
    }
}

/// Lets an AWS service take the role, for this account's resources only.
pub fn service(context: &Context<'_>, host: &str) -> Expr<String> {
    trust(
        Principal::service(host),
        [sts::ASSUME_ROLE],
        [Condition::source_account(&context.account)],
    )
}

/// Lets an AWS service take the role that is attached to one resource of this account: EC2, EKS
/// and Lambda send no account to compare with.
pub fn attached(host: &str) -> Expr<String> {
    trust(Principal::service(host), [sts::ASSUME_ROLE], [])
}

/// Declares the role `<prefix>-<name>` with `statements`.
pub fn role(
    scope: &Scope<'_>,
    context: &Context<'_>,
    name: &str,
    trust: Expr<String>,
    statements: impl IntoIterator<Item = Statement>,
) -> Role {
    let role = scope.declare(
        name,
        iam::RoleArgs::new(trust)
            .name(context.name(name))
            // What somebody attached by hand does not keep the role from going.
            .force_detach_policies(true),
    );
    let policy = IdentityPolicy::new(statements);
    let policy = (!policy.statements().is_empty()).then(|| {
        scope.declare(
            name,
            iam::RolePolicyArgs::new(iam::RolePolicyRequired {
                policy: policy.document(),
                role: role.name(),
            })
            .name(name),
        )
    });
    Role { role, policy }
}

/// Attaches a managed policy of AWS, where AWS itself keeps the list of what its software needs.
pub fn attach(
    scope: &Scope<'_>,
    context: &Context<'_>,
    role: &Role,
    name: &str,
    policy: &str,
) -> iam::RolePolicyAttachment {
    scope.declare(
        name,
        iam::RolePolicyAttachmentArgs::new(iam::RolePolicyAttachmentRequired {
            policy_arn: context.managed_policy(policy).into(),
            role: role.role.name(),
        }),
    )
}
