//! Secrets: made empty, filled by people; their content never passes through the program.

use super::context::Context;
use super::keys::Keys;
use crate::aws::secretsmanager;
use crate::graph::{Expr, Scope};
use crate::iam::Statement;
use crate::iam::action::secretsmanager as act;
use crate::text;

/// A secret that a function reads.
#[derive(Debug, Clone)]
pub struct Secret {
    /// Its ARN, as far as it is known: one that exists already lacks AWS's six random characters.
    pub arn: Expr<String>,
    /// The ARN that a policy names.
    pattern: Expr<String>,
}

/// The secret `<prefix>/<name>`, or the one that exists already under the name `existing`.
pub fn secret(
    scope: &Scope<'_>,
    context: &Context<'_>,
    keys: Option<&Keys>,
    (name, description): (&str, &str),
    existing: Option<&str>,
) -> Secret {
    if let Some(existing) = existing {
        let arn = context.arn("secretsmanager", format!("secret:{existing}"));
        return Secret {
            pattern: text!(&arn, "-??????"),
            arn,
        };
    }
    let mut args = secretsmanager::SecretArgs::new()
        .name(format!("{}/{name}", context.config.prefix()))
        .description(description)
        // A name is free again after its recovery window; one that nobody protects at once.
        .recovery_window_in_days(if context.config.protect { 30 } else { 0 });
    if let Some(keys) = keys {
        args = args.kms_key_id(keys.data.arn());
    }
    let secret = scope.declare(name, args);
    Secret {
        arn: secret.arn(),
        pattern: secret.arn(),
    }
}

/// Lets a function read these secrets.
pub fn read<'a>(secrets: impl IntoIterator<Item = &'a Secret>) -> Option<Statement> {
    let arns: Vec<Expr<String>> = secrets
        .into_iter()
        .map(|secret| secret.pattern.clone())
        .collect();
    (!arns.is_empty()).then(|| {
        Statement::allow(
            "Secrets",
            [act::GET_SECRET_VALUE, act::DESCRIBE_SECRET],
            arns,
        )
    })
}
