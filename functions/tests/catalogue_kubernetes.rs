//! Draining nodes, restarting and rolling back Deployments: the plans against recorded answers. Their
//! calls over the wire are `kubernetes/main.rs`.

#![allow(clippy::unwrap_used, reason = "a failing helper is a failing test")]

#[path = "support/stage.rs"]
mod stage;
#[path = "support/world.rs"]
mod support;

use aiops_domain::ApiCall;
use aiops_domain::plan::{Operation, Undo};
use aiops_functions::adapters::kubernetes::http_call;
use aiops_functions::fakes::Exchange;
use serde_json::{Value, json};
use stage::Stage;

const NODE: &str = "ip-10-0-1-7.ec2.internal";

fn rules() -> Value {
    json!({"allowed_tags": [{"key": "aiops", "value": "allowed"}], "cluster": "main",
           "namespaces": ["shop"], "protected_ids": ["payments"]})
}

fn node(unschedulable: Option<bool>) -> Exchange {
    let mut spec = json!({"providerID": "aws:///i-1"});
    if let Some(unschedulable) = unschedulable {
        spec["unschedulable"] = json!(unschedulable);
    }
    Exchange::new(
        Operation::GetNode,
        json!({"cluster": "main", "name": NODE}),
        json!({"metadata": {"name": NODE, "labels": {"aiops": "allowed"}}, "spec": spec}),
    )
}

fn nodes(count: usize) -> Exchange {
    Exchange::new(
        Operation::ListNodes,
        json!({"cluster": "main"}),
        json!({"items": vec![json!({}); count]}),
    )
}

fn pod(name: &str, owner: Option<&str>) -> Value {
    let owners: Vec<Value> = owner
        .map(|kind| json!({"kind": kind, "uid": "owner"}))
        .into_iter()
        .collect();
    json!({"metadata": {"namespace": "shop", "name": name, "uid": format!("uid-{name}"),
                        "ownerReferences": owners}, "status": {"phase": "Running"}})
}

fn pods(pods: Value) -> Exchange {
    Exchange::new(
        Operation::ListPods,
        json!({"cluster": "main", "fieldSelector": format!("spec.nodeName={NODE}")}),
        json!({"items": pods}),
    )
}

fn cordon(value: Value) -> Exchange {
    Exchange::new(
        Operation::PatchNode,
        json!({"cluster": "main", "name": NODE, "patch": {"spec": {"unschedulable": value}}}),
        json!({}),
    )
}

fn drain() -> Value {
    json!({"action": "drain_node", "resource": {"node": NODE}})
}

#[tokio::test]
async fn a_node_is_drained_but_for_its_daemons_and_takes_pods_again_after_an_undo() {
    let daemon = || pod("proxy", Some("DaemonSet"));
    let before = || pods(json!([pod("cart", Some("ReplicaSet")), daemon()]));
    let after = || pods(json!([daemon()]));
    let exchanges = vec![
        node(None),
        nodes(3),
        before(),
        node(None),
        cordon(json!(true)),
        Exchange::new(
            Operation::EvictPod,
            json!({"cluster": "main", "namespace": "shop", "name": "cart", "uid": "uid-cart"}),
            json!({}),
        ),
        node(Some(true)),
        after(),
        node(Some(true)),
        cordon(Value::Null),
        node(None),
    ];
    Stage::new(drain(), rules(), exchanges)
        .await
        .there_and_back()
        .await;
}

#[tokio::test]
async fn a_node_that_cannot_be_drained_whole_is_left_alone() {
    let bare = vec![node(None), nodes(3), pods(json!([pod("cart", None)]))];
    Stage::new(drain(), rules(), bare)
        .await
        .refused("belongs to no controller")
        .await;
    Stage::new(drain(), rules(), vec![node(None), nodes(1)])
        .await
        .refused("the only node")
        .await;
    Stage::new(drain(), rules(), vec![node(Some(true))])
        .await
        .refused("cordoned already")
        .await;
}

fn deployment(revision: &str, image: &str, mark: Option<&str>, done: bool) -> Exchange {
    let mut template = json!({"metadata": {"labels": {"app": "cart"}}, "spec": {"image": image}});
    if let Some(mark) = mark {
        template["metadata"]["annotations"] = json!({"aiops/restarted-by": mark});
    }
    let ready = if done { 2 } else { 1 };
    Exchange::new(
        Operation::GetDeployment,
        json!({"cluster": "main", "namespace": "shop", "name": "cart"}),
        json!({
            "metadata": {"name": "cart", "uid": "uid-d", "generation": 4, "labels": {"aiops": "allowed"},
                         "annotations": {"deployment.kubernetes.io/revision": revision}},
            "spec": {"replicas": 2, "template": template},
            "status": {"observedGeneration": 5, "updatedReplicas": ready, "availableReplicas": ready},
        }),
    )
}

fn patched(kind: &str, patch: Value) -> Exchange {
    Exchange::new(
        Operation::PatchDeployment,
        json!({"cluster": "main", "namespace": "shop", "name": "cart", "kind": kind, "patch": patch}),
        json!({}),
    )
}

fn of_cart(action: &str) -> Value {
    json!({"action": action, "resource": {"namespace": "shop", "deployment": "cart"}})
}

#[tokio::test]
async fn a_deployment_restarts_once_and_the_plan_says_that_this_stays() {
    let response = of_cart("restart_deployment");
    let now = || deployment("3", "v3", None, true);
    let (action, plan) = Stage::new(response.clone(), rules(), vec![now()])
        .await
        .planned()
        .await;
    assert!(matches!(plan.undo, Undo::Irreversible { .. }));
    let after = || deployment("4", "v3", Some(&action), true);
    let mark = json!({"spec": {"template": {"metadata": {"annotations": {"aiops/restarted-by": action}}}}});
    let exchanges = vec![
        now(),
        now(),
        patched("merge", mark),
        after(),
        after(),
        after(),
        after(),
    ];
    Stage::new(response, rules(), exchanges)
        .await
        .there_for_good()
        .await;
}

#[tokio::test]
async fn a_deployment_is_rolled_back_by_its_own_last_template_and_forward_again() {
    let set = |revision: &str, image: &str, owner: &str| {
        json!({"metadata": {"annotations": {"deployment.kubernetes.io/revision": revision},
                            "ownerReferences": [{"uid": owner}]},
               "spec": {"template": {"metadata": {"labels": {"app": "cart", "pod-template-hash": "x"}},
                                     "spec": {"image": image}}}})
    };
    let sets = Exchange::new(
        Operation::ListReplicaSets,
        json!({"cluster": "main", "namespace": "shop"}),
        json!({"items": [set("1", "v1", "uid-d"), set("3", "v3", "uid-d"), set("2", "v2", "uid-d"),
                         set("2", "evil", "other")]}),
    );
    let template =
        |image: &str| json!({"metadata": {"labels": {"app": "cart"}}, "spec": {"image": image}});
    let replace = |image: &str| {
        patched(
            "json",
            json!([{"op": "replace", "path": "/spec/template", "value": template(image)}]),
        )
    };
    let now = || deployment("3", "v3", None, true);
    let after = || deployment("4", "v2", None, true);
    let exchanges = vec![
        now(),
        sets,
        now(),
        replace("v2"),
        after(),
        after(),
        after(),
        after(),
        after(),
        replace("v3"),
        now(),
    ];
    Stage::new(of_cart("roll_back_deployment"), rules(), exchanges)
        .await
        .there_and_back()
        .await;
}

#[tokio::test]
async fn what_is_not_the_configuration_s_own_is_refused() {
    for (resource, part) in [
        (
            json!({"namespace": "kube-system", "deployment": "cart"}),
            "not a namespace",
        ),
        (
            json!({"namespace": "shop", "deployment": "../nodes"}),
            "no deployment is configured",
        ),
        (json!({"namespace": "shop"}), "no deployment is configured"),
    ] {
        let response = json!({"action": "restart_deployment", "resource": resource});
        Stage::new(response, rules(), vec![])
            .await
            .refused(part)
            .await;
    }
}

#[test]
fn names_cannot_leave_their_place_in_a_path() {
    let call = ApiCall::new(
        Operation::EvictPod,
        json!({"cluster": "main", "namespace": "a/../b", "name": "x?y", "uid": "u"}),
    );
    let http = http_call(&call).unwrap();
    assert_eq!(
        http.path,
        "/api/v1/namespaces/a%2F..%2Fb/pods/x%3Fy/eviction"
    );
    assert_eq!(
        http.body.unwrap()["deleteOptions"]["preconditions"]["uid"],
        "u"
    );
}
