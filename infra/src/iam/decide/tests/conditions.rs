//! Conditions: operators, keys that are missing, several values, variables.

use super::*;

#[test]
fn several_values_are_alternatives_and_several_keys_are_not() {
    let statement = when(
        allow("s3:PutObject", SEGMENTS),
        json!({"StringEquals": {"aws:PrincipalTag/team": ["a", "b"], "aws:RequestedRegion": "eu-central-1"}}),
    );
    let ask = || case([statement.clone()]);
    ask()
        .with("aws:PrincipalTag/team", "b")
        .with("aws:RequestedRegion", "eu-central-1")
        .allowed();
    ask()
        .with("aws:PrincipalTag/team", "c")
        .with("aws:RequestedRegion", "eu-central-1")
        .not_allowed();
    ask().with("aws:PrincipalTag/team", "a").not_allowed();
}

#[test]
fn a_missing_key_fails_a_positive_operator_and_passes_a_negated_one() {
    let on = |operator: &str| {
        when(
            allow("s3:PutObject", SEGMENTS),
            json!({operator: {"s3:prefix": "x"}}),
        )
    };
    case([on("StringEquals")]).not_allowed();
    case([on("StringEqualsIfExists")]).allowed();
    case([on("StringNotEquals")]).allowed();
    case([on("StringNotEquals")])
        .with("s3:prefix", "x")
        .not_allowed();
    case([on("StringNotLike")]).with("s3:prefix", "y").allowed();
}

#[test]
fn null_asks_whether_a_key_is_there() {
    let on = |absent: &str| {
        when(
            allow("s3:PutObject", SEGMENTS),
            json!({"Null": {"aws:TokenIssueTime": absent}}),
        )
    };
    case([on("true")]).allowed();
    case([on("true")])
        .with("aws:TokenIssueTime", "2026-08-01T00:00:00Z")
        .not_allowed();
    case([on("false")])
        .with("aws:TokenIssueTime", "2026-08-01T00:00:00Z")
        .allowed();
    case([on("false")]).not_allowed();
}

#[test]
fn addresses_are_in_ranges() {
    let on = |operator: &str| {
        when(
            allow("s3:PutObject", SEGMENTS),
            json!({operator: {"aws:SourceIp": ["10.0.0.0/8", "2001:db8::/32"]}}),
        )
    };
    case([on("IpAddress")])
        .with("aws:SourceIp", "10.20.30.40")
        .allowed();
    case([on("IpAddress")])
        .with("aws:SourceIp", "11.0.0.1")
        .not_allowed();
    case([on("IpAddress")])
        .with("aws:SourceIp", "2001:db8::1")
        .allowed();
    case([on("NotIpAddress")])
        .with("aws:SourceIp", "10.1.1.1")
        .not_allowed();
}

#[test]
fn for_any_value_and_for_all_values() {
    let on = |operator: &str| {
        when(
            allow("s3:PutObject", SEGMENTS),
            json!({operator: {"aws:TagKeys": ["team", "cost"]}}),
        )
    };
    let both = |operator: &str| {
        case([on(operator)])
            .with("aws:TagKeys", "team")
            .with("aws:TagKeys", "owner")
    };
    both("ForAnyValue:StringEquals").allowed();
    both("ForAllValues:StringEquals").not_allowed();
    case([on("ForAllValues:StringEquals")])
        .with("aws:TagKeys", "team")
        .with("aws:TagKeys", "cost")
        .allowed();
    case([on("ForAllValues:StringEquals")]).allowed();
    case([on("ForAnyValue:StringEquals")]).not_allowed();
}

#[test]
fn numbers_and_times_compare_as_such() {
    let size = |operator: &str| {
        when(
            allow("s3:PutObject", SEGMENTS),
            json!({operator: {"s3:max-keys": "10"}}),
        )
    };
    case([size("NumericLessThan")])
        .with("s3:max-keys", "9")
        .allowed();
    case([size("NumericLessThan")])
        .with("s3:max-keys", "10")
        .not_allowed();
    case([size("NumericGreaterThanEquals")])
        .with("s3:max-keys", "100")
        .allowed();
    let until = when(
        allow("s3:PutObject", SEGMENTS),
        json!({"DateLessThan": {"aws:CurrentTime": "2026-09-01T00:00:00Z"}}),
    );
    case([until.clone()])
        .with("aws:CurrentTime", "2026-08-31T23:59:59Z")
        .allowed();
    case([until])
        .with("aws:CurrentTime", "2026-09-01T00:00:01Z")
        .not_allowed();
}

#[test]
fn variables_stand_for_the_callers_own_values() {
    let statement = allow(
        "s3:PutObject",
        "arn:aws:s3:::segments/source=${aws:PrincipalTag/source}/*",
    );
    case([statement.clone()])
        .with("aws:PrincipalTag/source", "ec2")
        .allowed();
    case([statement.clone()])
        .with("aws:PrincipalTag/source", "eks")
        .not_allowed();
    case([statement]).not_allowed();
    let fallback = allow(
        "s3:PutObject",
        "arn:aws:s3:::segments/source=${aws:PrincipalTag/source, 'ec2'}/*",
    );
    case([fallback]).allowed();
}
