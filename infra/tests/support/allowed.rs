//! "May this function do this?", answered by the evaluator from its role's policy and the policy of what
//! it acts on.

use aiops_infra::iam::{Caller, Context, Document, Policies, Request, decide};
use serde_json::Value as Json;

use crate::resolved::{ACCOUNT, Resolved};

/// Types whose policies have a say, and the input that says what they are attached to.
const RESOURCE_POLICIES: [(&str, &str); 3] = [
    ("aws:s3/bucketPolicy:BucketPolicy", "bucket"),
    ("aws:sqs/queuePolicy:QueuePolicy", "queueUrl"),
    ("aws:sns/topicPolicy:TopicPolicy", "arn"),
];

/// Whether the function `name` may do `action` on `resource` in this context.
pub(crate) fn allowed(
    resolved: &Resolved<'_>,
    name: &str,
    action: &str,
    resource: &str,
    context: &[(&str, &str)],
) -> bool {
    let graph = resolved.graph;
    let role = graph
        .of_kind("aws:iam/role:Role")
        .find(|role| role.name == name)
        .unwrap();
    let policy = graph
        .of_kind("aws:iam/rolePolicy:RolePolicy")
        .find(|policy| policy.name == name)
        .unwrap();
    let parse = |document: &Json| Document::parse(document).unwrap();
    let identity = [parse(&resolved.document(policy, "policy"))];
    let of_resource = RESOURCE_POLICIES.iter().find_map(|(kind, input)| {
        let mut policies = graph.of_kind(kind);
        let attached = policies.find(|policy| {
            let to = resolved.json(&policy.inputs[*input]);
            let to = to
                .as_str()
                .unwrap()
                .rsplit(['/', ':'])
                .next()
                .unwrap()
                .to_owned();
            let of = resource.rsplit(":::").next().unwrap();
            let of = of.split('/').next().unwrap().rsplit(':').next().unwrap();
            to == of
        })?;
        Some(parse(&resolved.document(attached, "policy")))
    });
    // Every SDK speaks TLS.
    let mut keys = Context::from([("aws:securetransport".to_owned(), vec!["true".to_owned()])]);
    for (key, value) in context {
        keys.insert(key.to_lowercase(), vec![(*value).to_owned()]);
    }
    let caller = Caller::Identity(resolved.arn(role));
    let request = Request {
        caller: &caller,
        action,
        resource,
        resource_account: ACCOUNT,
        context: &keys,
    };
    let policies = Policies {
        identity: &identity,
        resource: of_resource.as_ref(),
        ..Policies::default()
    };
    decide(&request, &policies).unwrap().is_allowed()
}
