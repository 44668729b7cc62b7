//! What the builders of other actions share: finding the resource that an incident is about, and
//! whether it may be touched at all.

use aiops_domain::config::remediator::ResourceRules;
use aiops_domain::plan::{
    ActionName, ApiCall, BlastRadius, PLAN_VERSION, Probe, RemediationPlan, Target, Undo,
};
use serde_json::{Value, json};

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

/// An identifier that only the configuration gives: nothing of an incident decides it.
pub(super) fn configured(
    context: &Context<'_>,
    name: &str,
    has_form: impl Fn(&str) -> bool,
) -> Result<String, BuildError> {
    context
        .response
        .resource
        .get(name)
        .filter(|found| has_form(found))
        .cloned()
        .ok_or_else(|| {
            BuildError::Refused(format!("no {name} is configured, or it has not its form"))
        })
}

/// The cluster of remediation.
pub(super) fn cluster(rules: &ResourceRules) -> Result<String, BuildError> {
    rules
        .cluster
        .clone()
        .ok_or_else(|| BuildError::Refused("no cluster is configured".to_owned()))
}

/// A name of Kubernetes: RFC 1123's labels, with dots between them.
pub(super) fn is_dns_name(text: &str) -> bool {
    (1..=253).contains(&text.len())
        && text.split('.').all(|label| {
            (1..=63).contains(&label.len())
                && label.chars().all(|letter| {
                    letter.is_ascii_lowercase() || letter.is_ascii_digit() || letter == '-'
                })
                && !label.starts_with('-')
                && !label.ends_with('-')
        })
}

/// [`check_tags`] of the labels of an object of Kubernetes.
pub(super) fn check_labels(
    rules: &ResourceRules,
    name: &str,
    object: &Value,
) -> Result<(), BuildError> {
    let labels = object
        .pointer("/metadata/labels")
        .and_then(Value::as_object);
    let tags: Vec<Value> = labels
        .into_iter()
        .flatten()
        .map(|(key, value)| json!({"key": key, "value": value}))
        .collect();
    check_tags(rules, name, &json!(tags))
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
