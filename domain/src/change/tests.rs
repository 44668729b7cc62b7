//! Lines of each form, and lines that are none.

use super::*;

fn of(message: &str) -> Option<Change> {
    let shape = if message.contains("auditID") {
        Shape::EksAudit
    } else {
        Shape::Json
    };
    of_lines(Source::Other, shape, message)
}

fn of_lines(source: Source, shape: Shape, message: &str) -> Option<Change> {
    let at: Time = "2026-08-01T12:00:05Z".parse().unwrap();
    Change::of(&LogRecord {
        v: 1,
        id: "1".into(),
        time: at,
        timestamp: at,
        ingested: at,
        source,
        group: "trail".into(),
        stream: "s".into(),
        entity: "s".into(),
        shape,
        message: message.into(),
    })
}

fn trail(change: impl FnOnce(&mut serde_json::Map<String, Value>)) -> String {
    let text = include_str!("fixtures/trail.json");
    let mut fields = serde_json::from_str(text).unwrap();
    change(&mut fields);
    Value::Object(fields).to_string()
}

fn audit(change: impl FnOnce(&mut Value)) -> String {
    let mut event: Value = serde_json::from_str(include_str!("fixtures/audit.json")).unwrap();
    change(&mut event);
    event.to_string()
}

fn event(detail_type: &str, detail: Value) -> String {
    serde_json::json!({"version": "0", "id": "6a", "detail-type": detail_type,
        "source": "aws.codedeploy", "account": "111122223333", "time": "2026-08-01T11:59:00Z",
        "region": "eu-west-1", "resources": ["arn:aws:codedeploy:eu-west-1:111122223333:application:shop"],
        "detail": detail})
    .to_string()
}

#[test]
fn a_call_that_cloudtrail_recorded_is_a_change() {
    let change = of(&trail(|_| {})).unwrap();
    assert_eq!(change.at.to_string(), "2026-08-01T11:58:12.000Z");
    assert_eq!(change.what, "ec2:AuthorizeSecurityGroupIngress");
    assert_eq!(
        change.by,
        "arn:aws:sts::111122223333:assumed-role/deployer/ci"
    );
    assert!(change.target.contains("sg-0123456789abcdef0"), "{change:?}");
    let wrapped = serde_json::from_str(&trail(|_| {})).unwrap();
    assert_eq!(
        of(&event("AWS API Call via CloudTrail", wrapped)),
        Some(change)
    );
}

#[test]
fn what_only_reads_failed_or_goes_on_by_itself_is_none() {
    let set = |name: &str, value: Value| trail(|fields| drop(fields.insert(name.into(), value)));
    for line in [
        set("readOnly", true.into()),
        set("errorCode", "AccessDenied".into()),
        set("managementEvent", false.into()),
        set("eventName", "CreateLogStream".into()),
        set(
            "userIdentity",
            serde_json::json!({"type": "AWSService", "invokedBy": "eks.amazonaws.com"}),
        ),
        trail(|fields| {
            fields.remove("readOnly");
            fields.insert("eventName".into(), "DescribeInstances".into());
        }),
    ] {
        assert_eq!(of(&line), None, "{line}");
    }
}

#[test]
fn an_event_of_a_deployment_is_a_change_and_other_events_are_none() {
    let detail = serde_json::json!({"application": "shop", "state": "SUCCESS"});
    let change = of(&event(
        "CodeDeploy Deployment State-change Notification",
        detail.clone(),
    ))
    .unwrap();
    assert_eq!(
        change.what,
        "CodeDeploy Deployment State-change Notification SUCCESS"
    );
    assert!(change.target.ends_with("application:shop"));
    assert_eq!(
        of(&event("EC2 Instance State-change Notification", detail)),
        None
    );
}

#[test]
fn a_rollout_in_the_audit_log_is_a_change_and_what_controllers_do_is_none() {
    let change = of(&audit(|_| {})).unwrap();
    assert_eq!(
        (
            change.by.as_str(),
            change.what.as_str(),
            change.target.as_str()
        ),
        ("ci", "patch deployments", "shop/checkout")
    );
    for line in [
        audit(|event| event["verb"] = "get".into()),
        audit(|event| event["stage"] = "RequestReceived".into()),
        audit(|event| event["responseStatus"]["code"] = 403.into()),
        audit(|event| event["objectRef"]["subresource"] = "status".into()),
        audit(|event| event["objectRef"]["resource"] = "leases".into()),
        audit(|event| event["user"]["username"] = "system:kube-controller-manager".into()),
    ] {
        assert_eq!(of(&line), None, "{line}");
    }
}

#[test]
fn lines_are_cut_and_other_lines_are_none() {
    let long =
        trail(|fields| drop(fields.insert("requestParameters".into(), "x".repeat(5_000).into())));
    assert_eq!(of(&long).unwrap().target.chars().count(), TEXT_CHARS_MAX);
    for line in [
        "",
        "{}",
        "{\"eventName\":1}",
        "eventName",
        "{\"auditID\":\"1\"",
        "{\"detail-type\":\"Deploy\"}",
    ] {
        assert_eq!(of(line), None, "{line}");
    }
}

#[test]
fn the_lines_of_an_application_tell_of_no_change() {
    for source in [Source::Ec2, Source::Eks] {
        for line in [trail(|_| {}), audit(|_| {})] {
            assert_eq!(of_lines(source, Shape::Json, &line), None, "{line}");
        }
    }
}
