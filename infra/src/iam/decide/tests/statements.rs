//! Statements by themselves: actions, resources, denials, boundaries.

use super::*;

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
