//! "May this principal do this action on this resource?": the rules of policy evaluation within an
//! account and across accounts (IAM user guide, "Policy evaluation logic").

use super::compare::{Context, UnknownOperator, holds, substitute};
use super::document::{Document, Names, Principals, Rule};
use super::pattern::{matches, matches_arn};

/// Who asks.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Caller {
    /// A role or user, by its ARN.
    Identity(String),
    /// An AWS service for itself, for instance `logs.amazonaws.com`.
    Service(String),
    /// Somebody an identity provider vouches for, by the provider's ARN.
    Federated(String),
}

/// One call.
#[derive(Debug, Clone, PartialEq)]
pub struct Request<'a> {
    /// Who.
    pub caller: &'a Caller,
    /// What: `service:Name`.
    pub action: &'a str,
    /// On what: an ARN, or `*` for calls that name nothing.
    pub resource: &'a str,
    /// The account that owns the resource.
    pub resource_account: &'a str,
    /// Condition keys, lower-cased.
    pub context: &'a Context,
}

/// The policies that have a say.
#[derive(Debug, Clone, Copy, Default)]
pub struct Policies<'a> {
    /// The caller's own.
    pub identity: &'a [Document],
    /// The resource's: a bucket, queue, topic or key policy; a role's trust.
    pub resource: Option<&'a Document>,
    /// Whether nothing is allowed that the resource's policy does not allow, even within the account: so
    /// with keys and roles.
    pub resource_decides: bool,
    /// What the caller may do at most.
    pub boundary: Option<&'a Document>,
}

/// The answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Decision {
    /// Yes.
    Allowed,
    /// A statement denies it, whatever allows.
    ExplicitlyDenied {
        /// The statement's name.
        sid: String,
    },
    /// Nothing allows it.
    ImplicitlyDenied,
}

impl Decision {
    /// Whether it is a yes.
    pub fn is_allowed(&self) -> bool {
        *self == Self::Allowed
    }
}

/// How a resource's policy allows.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Grant {
    None,
    /// To the account: the caller's own policies decide.
    Account,
    /// To the caller.
    Direct,
}

/// Decides a request.
///
/// # Errors
/// When a policy uses a condition operator that does not exist.
pub fn decide(request: &Request<'_>, policies: &Policies<'_>) -> Result<Decision, UnknownOperator> {
    let own = policies.identity.iter().chain(policies.boundary);
    for rule in own.flat_map(|document| &document.statements) {
        if !rule.allows && applies(rule, request)? {
            return Ok(denied(rule));
        }
    }
    let mut grant = Grant::None;
    for rule in policies
        .resource
        .into_iter()
        .flat_map(|document| &document.statements)
    {
        let named = named(rule.principals.as_ref(), request.caller);
        if named == Grant::None || !applies(rule, request)? {
            continue;
        }
        if !rule.allows {
            return Ok(denied(rule));
        }
        grant = grant.max(named);
    }
    let mut identity = false;
    for rule in policies
        .identity
        .iter()
        .flat_map(|document| &document.statements)
    {
        identity |= rule.allows && applies(rule, request)?;
    }
    let mut within_boundary = policies.boundary.is_none();
    for rule in policies
        .boundary
        .into_iter()
        .flat_map(|document| &document.statements)
    {
        within_boundary |= rule.allows && applies(rule, request)?;
    }
    let account = match request.caller {
        Caller::Identity(arn) => arn.split(':').nth(4),
        Caller::Service(_) | Caller::Federated(_) => None,
    };
    let allowed = match account {
        // Services and federated callers have no policies of their own.
        None => grant == Grant::Direct,
        Some(account) if account != request.resource_account => {
            identity && grant != Grant::None && within_boundary
        }
        Some(_) if policies.resource_decides => match grant {
            Grant::Direct => true,
            Grant::Account => identity && within_boundary,
            Grant::None => false,
        },
        Some(_) => grant == Grant::Direct || (identity && within_boundary),
    };
    Ok(if allowed {
        Decision::Allowed
    } else {
        Decision::ImplicitlyDenied
    })
}

fn denied(rule: &Rule) -> Decision {
    Decision::ExplicitlyDenied {
        sid: rule.sid.clone(),
    }
}

/// Whether a statement speaks of this action, resource and context.
fn applies(rule: &Rule, request: &Request<'_>) -> Result<bool, UnknownOperator> {
    let action = names(&rule.actions, |pattern| {
        matches(&pattern.to_lowercase(), &request.action.to_lowercase())
    });
    let resource = rule.resources.as_ref().is_none_or(|resources| {
        names(resources, |pattern| {
            substitute(pattern, request.context)
                .is_some_and(|pattern| matches_arn(&pattern, request.resource))
        })
    });
    if !action || !resource {
        return Ok(false);
    }
    for (operator, key, values) in &rule.conditions {
        if !holds(operator, key, values, request.context)? {
            return Ok(false);
        }
    }
    Ok(true)
}

fn names(names: &Names, test: impl Fn(&str) -> bool) -> bool {
    names.patterns.iter().any(|pattern| test(pattern)) != names.inverted
}

/// How a statement of a resource's policy names the caller.
fn named(principals: Option<&Principals>, caller: &Caller) -> Grant {
    let Some(principals) = principals else {
        return Grant::None;
    };
    let best = principals
        .names
        .iter()
        .map(|(kind, name)| match (kind.as_str(), caller) {
            ("*", _) => Grant::Direct,
            ("AWS", Caller::Identity(_)) if name == "*" => Grant::Direct,
            ("AWS", Caller::Identity(arn)) if name == arn => Grant::Direct,
            ("AWS", Caller::Identity(arn)) => {
                let account = arn.split(':').nth(4).unwrap_or_default();
                let root = name == account
                    || (name.ends_with(":root") && name.split(':').nth(4) == Some(account));
                if root { Grant::Account } else { Grant::None }
            }
            ("Service", Caller::Service(host)) if name == host => Grant::Direct,
            ("Federated", Caller::Federated(arn)) if name == arn => Grant::Direct,
            _ => Grant::None,
        })
        .max()
        .unwrap_or(Grant::None);
    match (principals.inverted, best) {
        (false, best) => best,
        (true, Grant::None) => Grant::Direct,
        (true, _) => Grant::None,
    }
}

#[cfg(test)]
mod tests;
