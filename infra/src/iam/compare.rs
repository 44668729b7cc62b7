//! Whether a condition of a statement holds for a request (IAM user guide, "Condition operators").

use std::collections::BTreeMap;
use std::net::IpAddr;

use super::pattern::{matches, matches_arn};

/// The context of a request: keys, lower-cased, with their values.
pub type Context = BTreeMap<String, Vec<String>>;

/// An operator that IAM does not have.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is not a condition operator")]
pub struct UnknownOperator(pub String);

/// How many of a key's values must match.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Quantifier {
    Single,
    Any,
    All,
}

/// Whether the condition `operator` on `key` with `values` holds.
///
/// # Errors
/// When the operator does not exist.
pub fn holds(
    operator: &str,
    key: &str,
    values: &[String],
    context: &Context,
) -> Result<bool, UnknownOperator> {
    let (quantifier, rest) = match operator.split_once(':') {
        Some(("ForAnyValue", rest)) => (Quantifier::Any, rest),
        Some(("ForAllValues", rest)) => (Quantifier::All, rest),
        Some(_) => return Err(UnknownOperator(operator.to_owned())),
        None => (Quantifier::Single, operator),
    };
    let (name, if_exists) = match rest.strip_suffix("IfExists") {
        Some(name) => (name, true),
        None => (rest, false),
    };
    let present = context
        .get(&key.to_lowercase())
        .filter(|values| !values.is_empty());
    if name == "Null" {
        let wants_absent = values.iter().any(|value| value == "true");
        return Ok(wants_absent == present.is_none());
    }
    let (negated, test) = test(name).ok_or_else(|| UnknownOperator(operator.to_owned()))?;
    let Some(present) = present else {
        // A negated operator holds for a key that is not there, as does "all of none".
        return Ok(if_exists || negated || quantifier == Quantifier::All);
    };
    let wanted: Vec<String> = values
        .iter()
        .filter_map(|value| substitute(value, context))
        .collect();
    let one = |actual: &String| {
        let any = wanted.iter().any(|wanted| test(wanted, actual));
        any != negated
    };
    Ok(match quantifier {
        Quantifier::All => present.iter().all(one),
        // For a key with one value both mean the same.
        Quantifier::Any | Quantifier::Single => present.iter().any(one),
    })
}

type Test = fn(&str, &str) -> bool;

/// Whether the operator is negated, and its positive form on (wanted, actual).
fn test(name: &str) -> Option<(bool, Test)> {
    Some(match name {
        "StringEquals" => (false, equal),
        "StringNotEquals" => (true, equal),
        "StringEqualsIgnoreCase" => (false, equal_ignoring_case),
        "StringNotEqualsIgnoreCase" => (true, equal_ignoring_case),
        "StringLike" => (false, matches),
        "StringNotLike" => (true, matches),
        // Equals and Like are the same for ARNs.
        "ArnEquals" | "ArnLike" => (false, matches_arn),
        "ArnNotEquals" | "ArnNotLike" => (true, matches_arn),
        "NumericEquals" => (false, |wanted, actual| {
            number(wanted, actual, |w, a| a == w)
        }),
        "NumericNotEquals" => (true, |wanted, actual| number(wanted, actual, |w, a| a == w)),
        "NumericLessThan" => (false, |wanted, actual| number(wanted, actual, |w, a| a < w)),
        "NumericLessThanEquals" => (false, |wanted, actual| {
            number(wanted, actual, |w, a| a <= w)
        }),
        "NumericGreaterThan" => (false, |wanted, actual| number(wanted, actual, |w, a| a > w)),
        "NumericGreaterThanEquals" => (false, |wanted, actual| {
            number(wanted, actual, |w, a| a >= w)
        }),
        // Times in ISO 8601 with one zone sort as texts.
        "DateEquals" => (false, equal),
        "DateNotEquals" => (true, equal),
        "DateLessThan" => (false, |wanted, actual| actual < wanted),
        "DateLessThanEquals" => (false, |wanted, actual| actual <= wanted),
        "DateGreaterThan" => (false, |wanted, actual| actual > wanted),
        "DateGreaterThanEquals" => (false, |wanted, actual| actual >= wanted),
        "Bool" => (false, equal_ignoring_case),
        "IpAddress" => (false, in_range),
        "NotIpAddress" => (true, in_range),
        _ => return None,
    })
}

fn equal(wanted: &str, actual: &str) -> bool {
    wanted == actual
}

fn equal_ignoring_case(wanted: &str, actual: &str) -> bool {
    wanted.to_lowercase() == actual.to_lowercase()
}

fn number(wanted: &str, actual: &str, compare: fn(f64, f64) -> bool) -> bool {
    match (wanted.parse(), actual.parse()) {
        (Ok(wanted), Ok(actual)) => compare(wanted, actual),
        _ => false,
    }
}

/// Whether an address is in a range; a range without a prefix is one address.
fn in_range(range: &str, address: &str) -> bool {
    let (base, prefix) = match range.split_once('/') {
        Some((base, prefix)) => (base, prefix.parse::<u32>().ok()),
        None => (range, Some(128)),
    };
    match (base.parse(), address.parse(), prefix) {
        (Ok(IpAddr::V4(base)), Ok(IpAddr::V4(address)), Some(prefix)) => {
            let shift = 32_u32.saturating_sub(prefix);
            let top = |bits: u32| bits.checked_shr(shift).unwrap_or(0);
            top(base.to_bits()) == top(address.to_bits())
        }
        (Ok(IpAddr::V6(base)), Ok(IpAddr::V6(address)), Some(prefix)) => {
            let shift = 128_u32.saturating_sub(prefix);
            let top = |bits: u128| bits.checked_shr(shift).unwrap_or(0);
            top(base.to_bits()) == top(address.to_bits())
        }
        _ => false,
    }
}

/// Replaces policy variables (`${aws:PrincipalTag/team}`, `${key, 'default'}`, `${*}`); none when one has
/// no value: the text then matches nothing.
pub(super) fn substitute(text: &str, context: &Context) -> Option<String> {
    let mut result = String::with_capacity(text.len());
    let mut rest = text;
    while let Some((before, after)) = rest.split_once("${") {
        result.push_str(before);
        let (variable, after) = after.split_once('}')?;
        match variable {
            // The escapes stand for the characters; a pattern cannot say a literal star, so they
            // match more than they should only where nobody writes them.
            "*" | "?" | "$" => result.push_str(variable),
            _ => {
                let (key, default) = match variable.split_once(',') {
                    Some((key, default)) => (key, Some(default.trim().trim_matches('\''))),
                    None => (variable, None),
                };
                let value = context
                    .get(&key.trim().to_lowercase())
                    .and_then(|values| values.first())
                    .map(String::as_str)
                    .or(default)?;
                result.push_str(value);
            }
        }
        rest = after;
    }
    result.push_str(rest);
    Some(result)
}
