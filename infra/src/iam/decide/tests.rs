//! Cases derived by hand from the documented rules: what is asked, which policies there are, what the
//! answer must be.

use serde_json::{Value, json};

use super::*;

const ACCOUNT: &str = "111122223333";
const ROLE: &str = "arn:aws:iam::111122223333:role/appender";
const OTHER_ROLE: &str = "arn:aws:iam::444455556666:role/reader";
const OBJECT: &str = "arn:aws:s3:::segments/source=ec2/a.gz";
const KEY: &str = "arn:aws:kms:eu-central-1:111122223333:key/k1";
const QUEUE: &str = "arn:aws:sqs:eu-central-1:111122223333:segments";

/// One case; absent policies allow nothing and deny nothing.
struct Case {
    identity: Vec<Value>,
    resource: Option<Value>,
    boundary: Option<Value>,
    resource_decides: bool,
    caller: Caller,
    action: &'static str,
    on: &'static str,
    context: Vec<(&'static str, &'static str)>,
}

fn case(identity: impl IntoIterator<Item = Value>) -> Case {
    Case {
        identity: identity.into_iter().collect(),
        resource: None,
        boundary: None,
        resource_decides: false,
        caller: Caller::Identity(ROLE.to_owned()),
        action: "s3:PutObject",
        on: OBJECT,
        context: Vec::new(),
    }
}

impl Case {
    fn asks(mut self, action: &'static str, on: &'static str) -> Self {
        (self.action, self.on) = (action, on);
        self
    }

    fn by(mut self, caller: Caller) -> Self {
        self.caller = caller;
        self
    }

    fn with(mut self, key: &'static str, value: &'static str) -> Self {
        self.context.push((key, value));
        self
    }

    fn resource(mut self, statement: Value) -> Self {
        self.resource = Some(document([statement]));
        self
    }

    fn key(mut self, statement: Value) -> Self {
        self.resource_decides = true;
        self.resource(statement)
    }

    fn boundary(mut self, statement: Value) -> Self {
        self.boundary = Some(document([statement]));
        self
    }

    fn decide(&self) -> Decision {
        let parse = |value: &Value| Document::parse(value).unwrap();
        let identity = if self.identity.is_empty() {
            Vec::new()
        } else {
            vec![parse(&document(self.identity.clone()))]
        };
        let resource = self.resource.as_ref().map(parse);
        let boundary = self.boundary.as_ref().map(parse);
        let mut context = Context::new();
        for (key, value) in &self.context {
            context
                .entry(key.to_lowercase())
                .or_default()
                .push((*value).to_owned());
        }
        let request = Request {
            caller: &self.caller,
            action: self.action,
            resource: self.on,
            resource_account: ACCOUNT,
            context: &context,
        };
        let policies = Policies {
            identity: &identity,
            resource: resource.as_ref(),
            resource_decides: self.resource_decides,
            boundary: boundary.as_ref(),
        };
        decide(&request, &policies).unwrap()
    }

    #[track_caller]
    fn allowed(self) {
        assert_eq!(self.decide(), Decision::Allowed);
    }

    #[track_caller]
    fn not_allowed(self) {
        assert_eq!(self.decide(), Decision::ImplicitlyDenied);
    }

    #[track_caller]
    fn denied(self) {
        assert!(matches!(self.decide(), Decision::ExplicitlyDenied { .. }));
    }
}

fn document(statements: impl IntoIterator<Item = Value>) -> Value {
    json!({"Version": "2012-10-17", "Statement": statements.into_iter().collect::<Vec<_>>()})
}

fn allow(action: &str, on: &str) -> Value {
    json!({"Effect": "Allow", "Action": action, "Resource": on})
}

fn deny(action: &str, on: &str) -> Value {
    json!({"Sid": "No", "Effect": "Deny", "Action": action, "Resource": on})
}

fn when(mut statement: Value, condition: Value) -> Value {
    statement["Condition"] = condition;
    statement
}

fn to(mut statement: Value, principal: Value) -> Value {
    statement["Principal"] = principal;
    statement
}

fn service(host: &str) -> Caller {
    Caller::Service(host.to_owned())
}

fn root() -> Value {
    json!({"AWS": "arn:aws:iam::111122223333:root"})
}

const SEGMENTS: &str = "arn:aws:s3:::segments/*";

#[test]
fn nothing_allows_by_default() {
    case([]).not_allowed();
}

#[test]
fn an_allow_allows_its_action_on_its_resource_only() {
    case([allow("s3:PutObject", SEGMENTS)]).allowed();
    case([allow("s3:PutObject", SEGMENTS)])
        .asks("s3:DeleteObject", OBJECT)
        .not_allowed();
    case([allow("s3:PutObject", SEGMENTS)])
        .asks("s3:PutObject", "arn:aws:s3:::segments-old/a")
        .not_allowed();
    case([allow("s3:PutObject", "arn:aws:s3:::segments/quarantine/*")]).not_allowed();
}

#[test]
fn a_bucket_is_not_its_objects() {
    case([allow("s3:ListBucket", SEGMENTS)])
        .asks("s3:ListBucket", "arn:aws:s3:::segments")
        .not_allowed();
}

#[test]
fn a_denial_wins_wherever_it_stands() {
    case([allow("s3:*", "*"), deny("s3:PutObject", SEGMENTS)]).denied();
    case([deny("s3:PutObject", SEGMENTS), allow("s3:*", "*")]).denied();
    case([allow("s3:*", "*")])
        .resource(to(deny("s3:*", SEGMENTS), json!("*")))
        .denied();
    case([allow("s3:*", "*")])
        .boundary(deny("s3:PutObject", "*"))
        .denied();
}

#[test]
fn actions_ignore_case_and_resources_do_not() {
    case([allow("S3:putobject", SEGMENTS)]).allowed();
    case([allow("s3:PutObject", "arn:aws:s3:::Segments/*")]).not_allowed();
}

#[test]
fn wildcards_in_actions() {
    case([allow("s3:Put*", SEGMENTS)]).allowed();
    case([allow("s3:?utObject", SEGMENTS)]).allowed();
    case([allow("s3:Put?", SEGMENTS)]).not_allowed();
}

#[test]
fn not_action_and_not_resource() {
    let statement = json!({"Effect": "Allow", "NotAction": "iam:*", "Resource": "*"});
    case([statement.clone()]).allowed();
    case([statement]).asks("iam:PassRole", ROLE).not_allowed();
    case([json!({"Effect": "Allow", "Action": "s3:*", "NotResource": SEGMENTS})]).not_allowed();
}

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

#[test]
fn a_boundary_limits_what_the_callers_policies_give() {
    case([allow("s3:*", "*")])
        .boundary(allow("s3:GetObject", "*"))
        .not_allowed();
    case([allow("s3:*", "*")])
        .boundary(allow("s3:Put*", SEGMENTS))
        .allowed();
    case([]).boundary(allow("s3:*", "*")).not_allowed();
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

#[test]
fn pass_role_is_limited_to_a_service() {
    let statement = when(
        allow("iam:PassRole", ROLE),
        json!({"StringEquals": {"iam:PassedToService": "sagemaker.amazonaws.com"}}),
    );
    let ask = |service| {
        case([statement.clone()])
            .asks("iam:PassRole", ROLE)
            .with("iam:PassedToService", service)
    };
    ask("sagemaker.amazonaws.com").allowed();
    ask("ec2.amazonaws.com").not_allowed();
}

#[test]
fn what_is_no_policy_is_refused() {
    for text in [
        "[]",
        "{}",
        r#"{"Statement": [{"Effect": "Maybe", "Action": "s3:*", "Resource": "*"}]}"#,
        r#"{"Statement": [{"Effect": "Allow", "Resource": "*"}]}"#,
        r#"{"Statement": [{"Effect": "Allow", "Action": "a", "NotAction": "b", "Resource": "*"}]}"#,
        r#"{"Statement": [{"Effect": "Allow", "Action": "a", "Ressource": "*"}]}"#,
    ] {
        assert!(Document::parse_text(text).is_err(), "{text}");
    }
    let odd = when(allow("s3:*", "*"), json!({"StringMatches": {"a": "b"}}));
    let identity = [Document::parse(&document([odd])).unwrap()];
    let request = Request {
        caller: &Caller::Identity(ROLE.into()),
        action: "s3:PutObject",
        resource: OBJECT,
        resource_account: ACCOUNT,
        context: &Context::new(),
    };
    let policies = Policies {
        identity: &identity,
        ..Policies::default()
    };
    assert!(decide(&request, &policies).is_err());
}

#[test]
fn typed_statements_mean_what_they_say() {
    use crate::graph::{
        EvaluateError, Evaluated, Invoke, Key, Outputs, Path, Value as GraphValue, evaluate,
    };
    use crate::iam::action::s3;
    use crate::iam::{Condition, IdentityPolicy, Statement};

    struct Nothing;
    impl Outputs for Nothing {
        fn output(&self, resource: &Key, _: &Path) -> Result<Evaluated, EvaluateError> {
            Err(EvaluateError::NoResource(resource.clone()))
        }
        fn invoke(&self, _: &Invoke, _: &Evaluated) -> Result<Evaluated, EvaluateError> {
            Ok(Evaluated::Unknown)
        }
        fn config(&self, key: &str) -> Result<Evaluated, EvaluateError> {
            Err(EvaluateError::NoConfig(key.to_owned()))
        }
    }
    let policy = IdentityPolicy::new([
        Statement::allow("Write", [s3::PUT_OBJECT], [SEGMENTS])
            .when(Condition::equals("aws:PrincipalTag/team", "a")),
        Statement::allow(
            "NotHere",
            [s3::PUT_OBJECT],
            ["arn:aws:s3:::segments/quarantine/*"],
        )
        .deny(),
    ]);
    let text = match evaluate(&GraphValue::from(policy.document()), &Nothing).unwrap() {
        Evaluated::String(text) => text,
        other => panic!("{other:?}"),
    };
    let identity = [Document::parse_text(&text).unwrap()];
    let ask = |resource: &str, team: &str| {
        let context = Context::from([("aws:principaltag/team".to_owned(), vec![team.to_owned()])]);
        let request = Request {
            caller: &Caller::Identity(ROLE.into()),
            action: "s3:PutObject",
            resource,
            resource_account: ACCOUNT,
            context: &context,
        };
        decide(
            &request,
            &Policies {
                identity: &identity,
                ..Policies::default()
            },
        )
        .unwrap()
    };
    assert_eq!(ask(OBJECT, "a"), Decision::Allowed);
    assert_eq!(ask(OBJECT, "b"), Decision::ImplicitlyDenied);
    assert_eq!(
        ask("arn:aws:s3:::segments/quarantine/x", "a"),
        Decision::ExplicitlyDenied {
            sid: "NotHere".into()
        }
    );
}
