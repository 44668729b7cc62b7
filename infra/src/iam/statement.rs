//! Statements, and the policies they make.

use std::collections::BTreeMap;

use super::action::Action;
use super::condition::Condition;
use crate::graph::{Expr, Value, json};

/// Whether a statement gives or takes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Effect {
    /// Gives.
    Allow,
    /// Takes, whatever else gives.
    Deny,
}

impl Effect {
    fn as_str(self) -> &'static str {
        match self {
            Self::Allow => "Allow",
            Self::Deny => "Deny",
        }
    }
}

/// What a statement is about.
#[derive(Debug, Clone, PartialEq)]
enum Resources {
    These(Vec<Value>),
    /// AWS allows nothing narrower, or the document's own resource is meant; the reason stands in code.
    Any(&'static str),
}

/// One statement: an effect, actions, resources, conditions.
#[derive(Debug, Clone, PartialEq)]
pub struct Statement {
    sid: &'static str,
    effect: Effect,
    actions: Vec<Action>,
    resources: Resources,
    conditions: Vec<Condition>,
}

impl Statement {
    /// Allows `actions` on `resources` (ARNs).
    pub fn allow<R: Into<Expr<String>>>(
        sid: &'static str,
        actions: impl IntoIterator<Item = Action>,
        resources: impl IntoIterator<Item = R>,
    ) -> Self {
        Self {
            sid,
            effect: Effect::Allow,
            actions: actions.into_iter().collect(),
            resources: Resources::These(
                resources
                    .into_iter()
                    .map(|resource| Value::from(resource.into()))
                    .collect(),
            ),
            conditions: Vec::new(),
        }
    }

    /// Allows `actions` on `*`: AWS allows nothing narrower. `reason` says so for the reviewer.
    pub fn allow_any(
        sid: &'static str,
        actions: impl IntoIterator<Item = Action>,
        reason: &'static str,
    ) -> Self {
        Self {
            sid,
            effect: Effect::Allow,
            actions: actions.into_iter().collect(),
            resources: Resources::Any(reason),
            conditions: Vec::new(),
        }
    }

    /// Denies everything of S3 on `resources`: a denial that listed actions would miss the next one.
    pub fn deny_s3<R: Into<Expr<String>>>(
        sid: &'static str,
        resources: impl IntoIterator<Item = R>,
    ) -> Self {
        Self::allow(sid, [Action::EVERY_S3], resources).deny()
    }

    /// Turns the statement into a denial.
    #[must_use]
    pub fn deny(mut self) -> Self {
        self.effect = Effect::Deny;
        self
    }

    /// Adds a condition; all must hold.
    #[must_use]
    pub fn when(mut self, condition: Condition) -> Self {
        self.conditions.push(condition);
        self
    }

    /// Why its resource is `*`, where it is.
    pub fn reason_for_any(&self) -> Option<&'static str> {
        match self.resources {
            Resources::Any(reason) => Some(reason),
            Resources::These(_) => None,
        }
    }

    /// Its actions.
    pub fn actions(&self) -> &[Action] {
        &self.actions
    }

    fn object(self) -> BTreeMap<String, Value> {
        let actions: Vec<&str> = self.actions.iter().map(|action| action.as_str()).collect();
        let resources = match self.resources {
            Resources::These(resources) => Value::List(resources),
            Resources::Any(_) => Value::from("*"),
        };
        let mut object = BTreeMap::from(
            [
                ("Sid", Value::from(self.sid)),
                ("Effect", self.effect.as_str().into()),
                ("Action", actions.into()),
                ("Resource", resources),
            ]
            .map(|(key, value)| (key.to_owned(), value)),
        );
        if !self.conditions.is_empty() {
            object.insert("Condition".to_owned(), Condition::block(self.conditions));
        }
        object
    }
}

/// Who acts, in a policy that is attached to a resource.
#[derive(Debug, Clone, PartialEq)]
pub enum Principal {
    /// An AWS service, for instance `logs.amazonaws.com`.
    Service(String),
    /// Everybody in the account, as far as their own policies allow.
    Account(Value),
    /// A role, by its ARN.
    Role(Value),
    /// An identity provider, by its ARN.
    Federated(Value),
    /// Anybody. Only a denial may name them.
    Anybody,
}

impl Principal {
    /// A service.
    pub fn service(host: impl Into<String>) -> Self {
        Self::Service(host.into())
    }

    /// The account whose root has this ARN (`arn:<partition>:iam::<id>:root`).
    pub fn account(root_arn: impl Into<Expr<String>>) -> Self {
        Self::Account(root_arn.into().into())
    }

    /// The role with this ARN.
    pub fn role(arn: impl Into<Expr<String>>) -> Self {
        Self::Role(arn.into().into())
    }

    fn value(self) -> Value {
        let (kind, value) = match self {
            Self::Service(host) => ("Service", Value::from(host)),
            Self::Account(arn) | Self::Role(arn) => ("AWS", arn),
            Self::Federated(arn) => ("Federated", arn),
            Self::Anybody => return Value::from("*"),
        };
        Value::Object(BTreeMap::from([(kind.to_owned(), value)]))
    }
}

/// What a role may do.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct IdentityPolicy {
    statements: Vec<Statement>,
}

impl IdentityPolicy {
    /// A policy of these statements.
    pub fn new(statements: impl IntoIterator<Item = Statement>) -> Self {
        Self {
            statements: statements.into_iter().collect(),
        }
    }

    /// Its statements.
    pub fn statements(&self) -> &[Statement] {
        &self.statements
    }

    /// The JSON text.
    pub fn document(self) -> Expr<String> {
        document(
            self.statements
                .into_iter()
                .map(|statement| Value::Object(statement.object())),
        )
    }
}

/// What others may do with a resource: a bucket, queue, topic or key policy.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct ResourcePolicy {
    statements: Vec<(Principal, Statement)>,
}

impl ResourcePolicy {
    /// A policy of these statements, each with who it is for.
    pub fn new(statements: impl IntoIterator<Item = (Principal, Statement)>) -> Self {
        Self {
            statements: statements.into_iter().collect(),
        }
    }

    /// The JSON text.
    pub fn document(self) -> Expr<String> {
        document(self.statements.into_iter().map(|(principal, statement)| {
            let mut object = statement.object();
            object.insert("Principal".to_owned(), principal.value());
            Value::Object(object)
        }))
    }
}

/// Who may take a role: a trust policy has principals and no resources.
pub fn trust(
    principal: Principal,
    actions: impl IntoIterator<Item = Action>,
    conditions: impl IntoIterator<Item = Condition>,
) -> Expr<String> {
    let mut statement = Statement::allow_any("Trust", actions, "the role itself");
    statement.conditions = conditions.into_iter().collect();
    let mut object = statement.object();
    object.remove("Resource");
    object.insert("Principal".to_owned(), principal.value());
    document([Value::Object(object)])
}

fn document(statements: impl IntoIterator<Item = Value>) -> Expr<String> {
    json(Value::Object(BTreeMap::from([
        ("Version".to_owned(), Value::from("2012-10-17")),
        (
            "Statement".to_owned(),
            Value::List(statements.into_iter().collect()),
        ),
    ])))
}
