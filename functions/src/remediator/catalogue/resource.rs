//! What the builders of other actions share: finding the resource that an incident is about, and
//! whether it may be touched at all.

use aiops_domain::config::remediator::ResourceRules;
use aiops_domain::plan::{
    ActionName, ApiCall, BlastRadius, PLAN_VERSION, Probe, RemediationPlan, Target, Undo,
};
use serde_json::Value;

use super::{BuildError, Context};

/// What a builder found out.
pub(super) struct Draft {
    pub(super) target: Target,
    pub(super) preconditions: Vec<Probe>,
    pub(super) calls: Vec<ApiCall>,
    pub(super) blast_radius: BlastRadius,
    pub(super) prior_state: Value,
    pub(super) check: Vec<Probe>,
    pub(super) undo: Undo,
}

impl Draft {
    /// The plan of this draft.
    pub(super) fn plan(self, context: &Context<'_>, action_id: String) -> RemediationPlan {
        RemediationPlan {
            version: PLAN_VERSION,
            action_id,
            incident_id: context.meta.id.clone(),
            opening: context.opening,
            action: context.response.action,
            target: self.target,
            preconditions: self.preconditions,
            calls: self.calls,
            blast_radius: self.blast_radius,
            prior_state: self.prior_state,
            check: self.check,
            undo: self.undo,
        }
    }
}

/// The id of the context's action on `target`.
pub(super) fn action_id(context: &Context<'_>, target: &Target) -> String {
    let action: ActionName = context.response.action;
    RemediationPlan::action_id_for(&context.meta.id, context.opening, action, target)
}

/// A resource's identifier: from the configuration, else the incident's entity if it has that form.
pub(super) fn identifier(
    context: &Context<'_>,
    name: &str,
    has_form: impl Fn(&str) -> bool,
) -> Result<String, BuildError> {
    let configured = context.response.resource.get(name).map(String::as_str);
    let found = configured.unwrap_or(&context.meta.entity);
    if has_form(found) {
        Ok(found.to_owned())
    } else {
        Err(BuildError::Refused(format!(
            "the incident's entity is no {name}, and none is configured"
        )))
    }
}

/// `i-` and 8 or 17 hexadecimal digits.
pub(super) fn is_instance_id(text: &str) -> bool {
    text.strip_prefix("i-").is_some_and(|digits| {
        matches!(digits.len(), 8 | 17) && digits.chars().all(|digit| digit.is_ascii_hexdigit())
    })
}

/// A name of letters, digits and `_.-`, as AWS's resources have.
pub(super) fn is_name(text: &str) -> bool {
    (1..=128).contains(&text.len())
        && text
            .chars()
            .all(|character| character.is_ascii_alphanumeric() || "_.-".contains(character))
}

/// Whether tags (`key`, `value` as EC2 tells them) allow an action.
pub(super) fn check_tags(rules: &ResourceRules, id: &str, tags: &Value) -> Result<(), BuildError> {
    if rules.protected_ids.iter().any(|protected| protected == id) {
        return Err(BuildError::Refused(format!("{id} is protected")));
    }
    let has = |wanted: &aiops_domain::config::remediator::Tag| {
        tags.as_array().into_iter().flatten().any(|tag| {
            let text = |name: &str| tag.get(name).and_then(Value::as_str);
            text("key") == Some(&wanted.key) && text("value") == Some(&wanted.value)
        })
    };
    if let Some(tag) = rules.protected_tags.iter().find(|tag| has(tag)) {
        return Err(BuildError::Refused(format!(
            "{id} is protected by its tag {}",
            tag.key
        )));
    }
    if rules.allowed_tags.iter().any(has) {
        Ok(())
    } else {
        Err(BuildError::Refused(format!(
            "{id} has no tag that allows remediation"
        )))
    }
}

/// Reads a text or refuses.
pub(super) fn text(value: &Value, pointer: &str) -> Result<String, BuildError> {
    value
        .pointer(pointer)
        .and_then(Value::as_str)
        .map(str::to_owned)
        .ok_or_else(|| BuildError::Refused(format!("the answer has no {pointer}")))
}

/// Reads a number or refuses.
pub(super) fn number(value: &Value, pointer: &str) -> Result<u32, BuildError> {
    value
        .pointer(pointer)
        .and_then(Value::as_u64)
        .and_then(|number| u32::try_from(number).ok())
        .ok_or_else(|| BuildError::Refused(format!("the answer has no {pointer}")))
}
