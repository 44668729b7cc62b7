//! The few Kubernetes objects that the platform declares, with their provider. Written by hand: the
//! provider's schema has hundreds of types, and these two are all that is needed.

use std::collections::BTreeMap;

use crate::graph::{Args, Expr, Handle, Inputs, Key, Value};
use crate::object;

/// An explicit provider that speaks to one cluster.
#[derive(Debug, Clone)]
pub struct ProviderArgs {
    /// The kubeconfig, as JSON.
    pub kubeconfig: Expr<String>,
}

/// A rule of a ClusterRole.
#[derive(Debug, Clone)]
pub struct Rule {
    /// API groups; the core group is the empty text.
    pub api_groups: &'static [&'static str],
    /// Resources.
    pub resources: &'static [&'static str],
    /// Verbs.
    pub verbs: &'static [&'static str],
}

/// Rights in the whole cluster.
#[derive(Debug, Clone)]
pub struct ClusterRoleArgs {
    /// Its name.
    pub name: &'static str,
    /// Its rules.
    pub rules: Vec<Rule>,
}

/// Gives a ClusterRole to a group.
#[derive(Debug, Clone)]
pub struct ClusterRoleBindingArgs {
    /// The role, which has to be declared.
    pub role: ClusterRole,
    /// The name of both.
    pub name: &'static str,
    /// The group that an access entry names.
    pub group: &'static str,
}

macro_rules! handle {
    ($(#[doc = $doc:literal] $name:ident $args:ident $token:literal),* $(,)?) => {$(
        #[doc = $doc]
        #[derive(Debug, Clone)]
        pub struct $name(Handle);

        impl From<Handle> for $name {
            fn from(handle: Handle) -> Self {
                Self(handle)
            }
        }

        impl AsRef<Key> for $name {
            fn as_ref(&self) -> &Key {
                self.0.as_ref()
            }
        }

        impl Args for $args {
            type Resource = $name;
            const TOKEN: &'static str = $token;
            const TAGGABLE: bool = false;

            fn into_inputs(self) -> Inputs {
                self.inputs()
            }
        }
    )*};
}

handle!(
    #[doc = "A declared provider."]
    Provider ProviderArgs "pulumi:providers:kubernetes",
    #[doc = "A declared ClusterRole."]
    ClusterRole ClusterRoleArgs "kubernetes:rbac.authorization.k8s.io/v1:ClusterRole",
    #[doc = "A declared ClusterRoleBinding."]
    ClusterRoleBinding ClusterRoleBindingArgs
        "kubernetes:rbac.authorization.k8s.io/v1:ClusterRoleBinding",
);

const API: &str = "rbac.authorization.k8s.io/v1";

fn inputs<const N: usize>(pairs: [(&str, Value); N]) -> Inputs {
    BTreeMap::from(pairs.map(|(key, value)| (key.to_owned(), value)))
}

impl ProviderArgs {
    fn inputs(self) -> Inputs {
        inputs([
            // It holds no secret, but the way to the cluster is nobody else's business.
            ("kubeconfig", self.kubeconfig.into_secret().into()),
            ("enableServerSideApply", true.into()),
        ])
    }
}

impl ClusterRoleArgs {
    fn inputs(self) -> Inputs {
        let texts = |list: &[&str]| Value::from(list.to_vec());
        let rules: Vec<Value> = self
            .rules
            .iter()
            .map(|rule| {
                object! {
                    "apiGroups" => texts(rule.api_groups),
                    "resources" => texts(rule.resources),
                    "verbs" => texts(rule.verbs),
                }
            })
            .collect();
        inputs([
            ("apiVersion", API.into()),
            ("kind", "ClusterRole".into()),
            ("metadata", object! { "name" => self.name }),
            ("rules", rules.into()),
        ])
    }
}

impl ClusterRoleBindingArgs {
    fn inputs(self) -> Inputs {
        let role: Expr<String> = self
            .role
            .0
            .output::<BTreeMap<String, String>>("metadata")
            .entry("name");
        let api_group = "rbac.authorization.k8s.io";
        inputs([
            ("apiVersion", API.into()),
            ("kind", "ClusterRoleBinding".into()),
            ("metadata", object! { "name" => self.name }),
            (
                "roleRef",
                object! { "apiGroup" => api_group, "kind" => "ClusterRole", "name" => role },
            ),
            (
                "subjects",
                vec![object! {
                    "apiGroup" => api_group,
                    "kind" => "Group",
                    "name" => self.group,
                }]
                .into(),
            ),
        ])
    }
}
