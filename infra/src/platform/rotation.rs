//! Rotation of the key that signs approval tokens.
//!
//! Coming from HCL: nothing; a secret kept its first value for ever.

use aiops_domain::config::RotationConfig;

use super::context::Context;
use super::functions::{Function, Shared, Spec, function};
use super::keys::Keys;
use super::secrets::Secret;
use crate::aws::{lambda, secretsmanager};
use crate::graph::{Document, Options};
use crate::iam::Statement;
use crate::iam::action::secretsmanager as act;

/// Declares the function and the schedule. The first rotation, which the schedule begins at once,
/// makes the first key. Nothing on the laptop, whose emulator rotates nothing.
pub fn declare(
    shared: &Shared<'_>,
    context: &Context<'_>,
    keys: Option<&Keys>,
    key: &Secret,
) -> Option<Function> {
    if context.is_local() {
        return None;
    }
    let mut document = Document::default();
    let configuration = RotationConfig::new(vec![document.hole(&key.arn)]);
    let rotation = function(
        shared,
        context,
        keys,
        Spec {
            name: "secret-rotation",
            description: "Replaces the key that signs approval tokens",
            settings: &context.config.functions.secret_rotation,
            configuration: document.finish(&configuration),
            statements: vec![
                Statement::allow(
                    "Rotate",
                    [
                        act::DESCRIBE_SECRET,
                        act::GET_SECRET_VALUE,
                        act::PUT_SECRET_VALUE,
                        act::UPDATE_SECRET_VERSION_STAGE,
                    ],
                    [&key.arn],
                ),
                Statement::allow_any(
                    "Random",
                    [act::GET_RANDOM_PASSWORD],
                    "random characters belong to no resource",
                ),
            ],
        },
    );
    let permission = shared.scope.declare(
        "secret-rotation",
        lambda::PermissionArgs::new(lambda::PermissionRequired {
            action: "lambda:InvokeFunction".into(),
            function: rotation.function.name(),
            principal: "secretsmanager.amazonaws.com".into(),
        })
        .source_account(&context.account)
        .source_arn(&key.arn),
    );
    let options = Options::new().after(
        &permission,
        "turning rotation on begins the first one: Secrets Manager must be allowed to invoke",
    );
    let options = rotation.role.before(
        options,
        "the first rotation needs the function's permissions",
    );
    shared.scope.declare_with(
        "approval-token-key",
        secretsmanager::SecretRotationArgs::new(&key.arn)
            .rotation_lambda_arn(rotation.function.arn())
            .rotate_immediately(true)
            .rotation_rules(
                secretsmanager::SecretRotationRotationRules::new()
                    .automatically_after_days(context.config.remediation.token_key_days),
            ),
        options,
    );
    Some(rotation)
}
