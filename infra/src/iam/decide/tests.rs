//! Cases derived by hand from the documented rules: what is asked, which policies there are, what the
//! answer must be.

mod conditions;
mod resources;
mod statements;

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
