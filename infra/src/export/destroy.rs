//! What must be done before a stack can be destroyed.

use serde::Serialize;

use super::is_data_bearing;
use crate::graph::{Graph, Value};

/// The schema name of the wire form.
pub const SCHEMA: &str = "aiops.destroy-plan/1";

/// What must be done before `pulumi destroy`, in order.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct DestroyPlan {
    /// [`SCHEMA`].
    pub schema: &'static str,
    /// The stack.
    pub stack: String,
    /// Resources in the way, in the order of declaration.
    pub steps: Vec<Step>,
}

/// A resource that does not simply go.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Step {
    /// The resource, as `type::name`.
    pub resource: String,
    /// Whether data goes with it.
    pub data_bearing: bool,
    /// What to do, or to know, each one sentence.
    pub actions: Vec<String>,
}

/// Says what is in the way of destroying `graph`.
pub fn plan(graph: &Graph) -> DestroyPlan {
    let steps = graph
        .resources
        .iter()
        .filter_map(|resource| {
            let mut actions = Vec::new();
            if resource.options.protect {
                actions.push(format!(
                    "unprotect it: pulumi state unprotect <urn of {}>, or set aiops:protect to false and deploy",
                    resource.name
                ));
            }
            let flag = |name: &str| resource.inputs.get(name) == Some(&Value::Bool(true));
            match resource.kind.as_str() {
                "aws:s3/bucket:Bucket" if !flag("forceDestroy") => actions.push(
                    "empty it, all versions and delete markers included: a versioned bucket does not go while it holds any".to_owned(),
                ),
                "aws:ecr/repository:Repository" if !flag("forceDelete") => {
                    actions.push("delete its images".to_owned());
                }
                "aws:athena/workgroup:Workgroup" if !flag("forceDestroy") => {
                    actions.push("delete its query history and saved queries".to_owned());
                }
                "aws:dynamodb/table:Table" if flag("deletionProtectionEnabled") => {
                    actions.push("turn its deletion protection off: set aiops:protect to false and deploy".to_owned());
                }
                "aws:eks/cluster:Cluster" if flag("deletionProtection") => {
                    actions.push("turn its deletion protection off: set aiops:protect to false and deploy".to_owned());
                }
                "aws:secretsmanager/secret:Secret" => actions.push(
                    "its name stays taken for its recovery window; aws secretsmanager delete-secret --force-delete-without-recovery frees it at once".to_owned(),
                ),
                "aws:kms/key:Key" => actions.push(
                    "it is deleted after its waiting period; what is encrypted with it cannot be read afterwards".to_owned(),
                ),
                "aws:sagemaker/modelPackageGroup:ModelPackageGroup" => {
                    actions.push("delete its model packages".to_owned());
                }
                _ => {}
            }
            (!actions.is_empty()).then(|| Step {
                resource: resource.key().text(),
                data_bearing: is_data_bearing(&resource.kind),
                actions,
            })
        })
        .collect();
    DestroyPlan {
        schema: SCHEMA,
        stack: graph.stack.clone(),
        steps,
    }
}
