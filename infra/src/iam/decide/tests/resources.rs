//! Policies of resources: buckets, queues, keys, roles, and who they name.

use super::*;

#[test]
fn a_resource_policy_allows_within_the_account_by_itself() {
    case([])
        .resource(to(allow("s3:PutObject", SEGMENTS), json!({"AWS": ROLE})))
        .allowed();
    case([])
        .resource(to(
            allow("s3:PutObject", SEGMENTS),
            json!({"AWS": OTHER_ROLE}),
        ))
        .not_allowed();
}

#[test]
fn naming_the_account_leaves_it_to_the_callers_own_policies() {
    let policy = to(allow("s3:PutObject", SEGMENTS), root());
    case([]).resource(policy.clone()).not_allowed();
    case([allow("s3:PutObject", SEGMENTS)])
        .resource(policy)
        .allowed();
}

#[test]
fn across_accounts_both_sides_must_allow() {
    let other = || Caller::Identity(OTHER_ROLE.to_owned());
    let open = to(
        allow("s3:PutObject", SEGMENTS),
        json!({"AWS": "arn:aws:iam::444455556666:root"}),
    );
    case([allow("s3:PutObject", SEGMENTS)])
        .by(other())
        .not_allowed();
    case([]).by(other()).resource(open.clone()).not_allowed();
    case([allow("s3:PutObject", SEGMENTS)])
        .by(other())
        .resource(open)
        .allowed();
}

#[test]
fn a_key_allows_nothing_that_its_policy_does_not() {
    let own = [allow("kms:Decrypt", KEY)];
    let ask = |case: Case| case.asks("kms:Decrypt", KEY);
    let elsewhere = to(allow("kms:Decrypt", "*"), json!({"AWS": OTHER_ROLE}));
    ask(case(own.clone())).key(elsewhere).not_allowed();
    ask(case(own.clone()))
        .key(to(allow("kms:*", "*"), root()))
        .allowed();
    ask(case([]))
        .key(to(allow("kms:*", "*"), root()))
        .not_allowed();
    ask(case([]))
        .key(to(allow("kms:Decrypt", "*"), json!({"AWS": ROLE})))
        .allowed();
}

#[test]
fn a_service_needs_the_resource_policy() {
    let policy = to(
        allow("sqs:SendMessage", QUEUE),
        json!({"Service": "s3.amazonaws.com"}),
    );
    let ask = |host: &str| case([]).by(service(host)).asks("sqs:SendMessage", QUEUE);
    ask("s3.amazonaws.com").not_allowed();
    ask("s3.amazonaws.com").resource(policy.clone()).allowed();
    ask("sns.amazonaws.com").resource(policy).not_allowed();
}

#[test]
fn a_service_is_held_to_its_source() {
    let policy = when(
        to(
            allow("sqs:SendMessage", QUEUE),
            json!({"Service": "s3.amazonaws.com"}),
        ),
        json!({"ArnLike": {"aws:SourceArn": "arn:aws:s3:::segments"}, "StringEquals": {"aws:SourceAccount": ACCOUNT}}),
    );
    let ask = || {
        case([])
            .by(service("s3.amazonaws.com"))
            .asks("sqs:SendMessage", QUEUE)
            .resource(policy.clone())
    };
    ask()
        .with("aws:SourceArn", "arn:aws:s3:::segments")
        .with("aws:SourceAccount", ACCOUNT)
        .allowed();
    ask()
        .with("aws:SourceArn", "arn:aws:s3:::others")
        .with("aws:SourceAccount", ACCOUNT)
        .not_allowed();
    ask()
        .with("aws:SourceArn", "arn:aws:s3:::segments")
        .with("aws:SourceAccount", "444455556666")
        .not_allowed();
    ask()
        .with("aws:SourceArn", "arn:aws:s3:::segments")
        .not_allowed();
}

#[test]
fn the_logs_service_uses_a_key_for_its_log_group_only() {
    let pattern = "arn:aws:logs:eu-central-1:111122223333:log-group:/aiops-dev/*";
    let policy = when(
        to(
            allow("kms:Encrypt", "*"),
            json!({"Service": "logs.eu-central-1.amazonaws.com"}),
        ),
        json!({"ArnLike": {"kms:EncryptionContext:aws:logs:arn": pattern}}),
    );
    let ask = |group| {
        case([])
            .by(service("logs.eu-central-1.amazonaws.com"))
            .asks("kms:Encrypt", KEY)
            .key(policy.clone())
            .with("kms:EncryptionContext:aws:logs:arn", group)
    };
    ask("arn:aws:logs:eu-central-1:111122223333:log-group:/aiops-dev/system").allowed();
    ask("arn:aws:logs:eu-central-1:111122223333:log-group:/other").not_allowed();
}

#[test]
fn tls_only_denies_what_comes_in_clear() {
    let policy = when(
        to(deny("s3:*", SEGMENTS), json!("*")),
        json!({"Bool": {"aws:SecureTransport": "false"}}),
    );
    let ask = || case([allow("s3:PutObject", SEGMENTS)]).resource(policy.clone());
    ask().with("aws:SecureTransport", "true").allowed();
    ask().with("aws:SecureTransport", "false").denied();
}

#[test]
fn the_header_denial_that_blocks_default_encryption() {
    // Written to force encryption, it stops writers that send no header and rely on the bucket.
    let policy = when(
        to(deny("s3:PutObject", SEGMENTS), json!("*")),
        json!({"StringNotEquals": {"s3:x-amz-server-side-encryption": "aws:kms"}}),
    );
    case([allow("s3:PutObject", SEGMENTS)])
        .resource(policy.clone())
        .denied();
    case([allow("s3:PutObject", SEGMENTS)])
        .resource(policy)
        .with("s3:x-amz-server-side-encryption", "aws:kms")
        .allowed();
}

#[test]
fn a_role_is_taken_by_whom_it_trusts() {
    let trust = |host: &str| json!({"Effect": "Allow", "Action": "sts:AssumeRole", "Principal": {"Service": host}});
    let ask = || {
        case([])
            .by(service("lambda.amazonaws.com"))
            .asks("sts:AssumeRole", ROLE)
    };
    ask().key(trust("lambda.amazonaws.com")).allowed();
    ask().key(trust("ec2.amazonaws.com")).not_allowed();
}

#[test]
fn a_pod_takes_a_role_through_its_identity_provider() {
    let provider = "arn:aws:iam::111122223333:oidc-provider/oidc.example";
    let trust = json!({"Effect": "Allow", "Action": "sts:AssumeRoleWithWebIdentity", "Principal": {"Federated": provider},
        "Condition": {"StringEquals": {"oidc.example:sub": "system:serviceaccount:logging:agent"}}});
    let ask = |subject| {
        case([])
            .by(Caller::Federated(provider.to_owned()))
            .asks("sts:AssumeRoleWithWebIdentity", ROLE)
            .key(trust.clone())
            .with("oidc.example:sub", subject)
    };
    ask("system:serviceaccount:logging:agent").allowed();
    ask("system:serviceaccount:default:agent").not_allowed();
}

#[test]
fn not_principal_denies_everybody_else() {
    let policy = json!({"Sid": "Others", "Effect": "Deny", "NotPrincipal": {"AWS": ROLE}, "Action": "s3:*", "Resource": SEGMENTS});
    let own = [allow("s3:PutObject", SEGMENTS)];
    case(own.clone()).resource(policy.clone()).allowed();
    case(own)
        .by(Caller::Identity(
            "arn:aws:iam::111122223333:role/other".into(),
        ))
        .resource(policy)
        .denied();
}
