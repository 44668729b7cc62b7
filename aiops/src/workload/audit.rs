//! The audit log of the cluster's API server, `audit.k8s.io/v1` at level Metadata.

use aiops_domain::Time;
use serde_json::json;

use super::random::Random;
use super::topology::stamp;
use super::{Lines, Period};

/// Who asks for what, how often in the whole.
const CALLS: [(&str, &str, &str, &str, &str); 8] = [
    ("system:node:{node}", "kubelet/v1.33.4", "get", "nodes", ""),
    (
        "system:node:{node}",
        "kubelet/v1.33.4",
        "patch",
        "nodes",
        "status",
    ),
    (
        "system:node:{node}",
        "kubelet/v1.33.4",
        "update",
        "leases",
        "",
    ),
    (
        "system:kube-controller-manager",
        "kube-controller-manager/v1.33.4",
        "update",
        "leases",
        "",
    ),
    (
        "system:kube-scheduler",
        "kube-scheduler/v1.33.4",
        "update",
        "leases",
        "",
    ),
    (
        "system:serviceaccount:kube-system:coredns",
        "coredns/1.11",
        "watch",
        "endpointslices",
        "",
    ),
    (
        "system:serviceaccount:amazon-cloudwatch:cloudwatch-agent",
        "cloudwatch-agent/1.3",
        "list",
        "pods",
        "",
    ),
    (
        "system:serviceaccount:kube-system:aws-node",
        "aws-node/1.20",
        "get",
        "configmaps",
        "",
    ),
];

/// An audit event.
#[expect(clippy::too_many_arguments, reason = "each is one field of the event")]
fn event(
    random: &mut Random,
    time: Time,
    user: &str,
    agent: &str,
    verb: &str,
    resource: &str,
    subresource: &str,
    source: &str,
) -> String {
    let received = time.plus_millis(-i64::try_from(random.range(1, 12)).unwrap_or(1));
    let namespace = match resource {
        "leases" => "kube-node-lease",
        "nodes" => "",
        _ => "kube-system",
    };
    let name = user.rsplit(':').next().unwrap_or_default();
    let path = if namespace.is_empty() {
        format!("/api/v1/{resource}/{name}")
    } else {
        format!("/api/v1/namespaces/{namespace}/{resource}/{name}")
    };
    let mut object = json!({"resource": resource, "name": name, "apiVersion": "v1"});
    if !namespace.is_empty() {
        object["namespace"] = namespace.into();
    }
    if !subresource.is_empty() {
        object["subresource"] = subresource.into();
    }
    json!({
        "kind": "Event",
        "apiVersion": "audit.k8s.io/v1",
        "level": "Metadata",
        "auditID": random.uuid(),
        "stage": "ResponseComplete",
        "requestURI": format!("{path}?timeout=10s"),
        "verb": verb,
        "user": {"username": user, "groups": ["system:authenticated"]},
        "sourceIPs": [source],
        "userAgent": format!("{agent} (linux/amd64) kubernetes/11cfb97"),
        "objectRef": object,
        "responseStatus": {"metadata": {}, "code": 200},
        "requestReceivedTimestamp": stamp(received, "%Y-%m-%dT%H:%M:%S.%6fZ"),
        "stageTimestamp": stamp(time, "%Y-%m-%dT%H:%M:%S.%6fZ"),
        "annotations": {"authorization.k8s.io/decision": "allow", "authorization.k8s.io/reason": ""},
    })
    .to_string()
}

/// What the API server writes on a quiet day.
pub(super) fn noise(period: &Period<'_>, lines: &mut Lines) {
    let Period {
        topology,
        groups,
        from,
        to,
        ..
    } = *period;
    let mut random = period.random("audit");
    for time in random.arrivals(40.0, from, to) {
        let (user, agent, verb, resource, subresource) = *random.pick(&CALLS);
        let node = random.pick(&topology.nodes);
        let user = user.replace("{node}", &node.name);
        let source = format!("10.0.2.{}", random.range(4, 250));
        let line = event(
            &mut random,
            time,
            &user,
            agent,
            verb,
            resource,
            subresource,
            &source,
        );
        lines.push(&groups.control_plane, &topology.audit_stream, time, line);
    }
    // People look around with kubectl.
    for time in random.arrivals(1.2, from, to) {
        let verb = *random.pick(&["get", "list"]);
        let resource = *random.pick(&["pods", "services", "events"]);
        let line = event(
            &mut random,
            time,
            "arn:aws:sts::000000000000:assumed-role/operator/session",
            "kubectl/v1.33.4",
            verb,
            resource,
            "",
            "10.0.9.12",
        );
        lines.push(&groups.control_plane, &topology.audit_stream, time, line);
    }
}
