//! Outputs as AWS would name them, so that whole documents can be read: configurations, policies.

#![allow(dead_code, reason = "each test uses a part")]

use aiops_infra::graph::{
    EvaluateError, Evaluated, Graph, Invoke, Key, Outputs, Path, Resource, Value, evaluate,
};
use serde_json::{Value as Json, json};

/// The account of every stack.
pub(crate) const ACCOUNT: &str = "111122223333";

/// A graph whose outputs are made up: names from the inputs, ids and ARNs from the names.
pub(crate) struct Resolved<'g> {
    pub(crate) graph: &'g Graph,
    region: &'g str,
}

impl<'g> Resolved<'g> {
    /// `graph` in this region.
    pub(crate) fn new(graph: &'g Graph, region: &'g str) -> Self {
        Self { graph, region }
    }

    /// The JSON of a value; texts of documents stay texts.
    pub(crate) fn json(&self, value: &Value) -> Json {
        let value = evaluate(value, self).unwrap();
        value.to_json().unwrap().unwrap()
    }

    /// The document of an input that is one.
    pub(crate) fn document(&self, resource: &Resource, input: &str) -> Json {
        let text = self.json(&resource.inputs[input]);
        serde_json::from_str(text.as_str().unwrap()).unwrap()
    }

    /// The ARN of a resource.
    pub(crate) fn arn(&self, resource: &Resource) -> String {
        let (region, name) = (self.region, self.physical(resource));
        let service = resource.kind.split([':', '/']).nth(1).unwrap();
        let here =
            |service: &str, what: String| format!("arn:aws:{service}:{region}:{ACCOUNT}:{what}");
        match resource.kind.rsplit(':').next().unwrap() {
            "Bucket" => format!("arn:aws:s3:::{name}"),
            "Stream" => here("kinesis", format!("stream/{name}")),
            "FirehoseDeliveryStream" => here("firehose", format!("deliverystream/{name}")),
            "Table" => here("dynamodb", format!("table/{name}")),
            "Queue" => here("sqs", name),
            "Topic" => here("sns", name),
            "Function" => here("lambda", format!("function:{name}")),
            "StateMachine" => here("states", format!("stateMachine:{name}")),
            "LogGroup" => here("logs", format!("log-group:{name}")),
            "Key" => here("kms", format!("key/{}", uuid(&resource.name))),
            "Secret" => here("secretsmanager", format!("secret:{name}-AbCdEf")),
            "Parameter" => here("ssm", format!("parameter{name}")),
            "Role" => format!("arn:aws:iam::{ACCOUNT}:role/{name}"),
            "InstanceProfile" => format!("arn:aws:iam::{ACCOUNT}:instance-profile/{name}"),
            "OpenIdConnectProvider" => format!("arn:aws:iam::{ACCOUNT}:oidc-provider/{name}"),
            "Repository" => here("ecr", format!("repository/{name}")),
            "Cluster" => here("eks", format!("cluster/{name}")),
            "Endpoint" => here("sagemaker", format!("endpoint/{name}")),
            "Workgroup" => here("athena", format!("workgroup/{name}")),
            kind => here(
                service,
                format!("{}/{}", kebab(kind), id(kind, &resource.name)),
            ),
        }
    }

    /// The name that a resource has in AWS.
    pub(crate) fn physical(&self, resource: &Resource) -> String {
        let given = ["bucket", "name", "modelPackageGroupName", "dashboardName"]
            .into_iter()
            .find_map(|input| resource.inputs.get(input));
        match given {
            Some(value) => self.json(value).as_str().unwrap().to_owned(),
            None => resource.name.clone(),
        }
    }

    fn made_up(&self, resource: &Resource, property: &str) -> Json {
        let (region, name) = (self.region, self.physical(resource));
        let kind = resource.kind.rsplit(':').next().unwrap();
        match (property, kind) {
            ("arn", _) => json!(self.arn(resource)),
            ("id" | "url", "Queue") => {
                json!(format!(
                    "https://sqs.{region}.amazonaws.com/{ACCOUNT}/{name}"
                ))
            }
            ("id", "Vpc" | "Subnet" | "SecurityGroup" | "NetworkAcl" | "RouteTable") => {
                json!(id(kind, &resource.name))
            }
            ("id" | "name" | "bucket", _) => json!(name),
            ("keyId", _) => json!(uuid(&resource.name)),
            ("invokeArn", _) => json!(format!(
                "arn:aws:apigateway:{region}:lambda:path/2015-03-31/functions/{}/invocations",
                self.arn(resource)
            )),
            ("executionArn", _) => {
                json!(format!("arn:aws:execute-api:{region}:{ACCOUNT}:a1b2c3d4e5"))
            }
            ("apiEndpoint", _) => {
                json!(format!(
                    "https://a1b2c3d4e5.execute-api.{region}.amazonaws.com"
                ))
            }
            ("repositoryUrl", _) => {
                json!(format!("{ACCOUNT}.dkr.ecr.{region}.amazonaws.com/{name}"))
            }
            ("identities", _) => json!([{"oidcs": [{
                "issuer": format!("https://oidc.eks.{region}.amazonaws.com/id/0123456789ABCDEF")
            }]}]),
            ("certificateAuthority", _) => json!({"data": "Y2VydGlmaWNhdGU="}),
            ("outputs", _) => {
                json!({"alarmsTopicArn": format!("arn:aws:sns:{region}:{ACCOUNT}:alarms")})
            }
            _ => json!(format!("{}-{property}", resource.name)),
        }
    }
}

impl Outputs for Resolved<'_> {
    fn output(&self, key: &Key, path: &Path) -> Result<Evaluated, EvaluateError> {
        // A fault may have taken it away; that no stack refers to what it lacks is checked elsewhere.
        let Some(resource) = self.graph.get(key) else {
            return Ok(Evaluated::String("removed".to_owned()));
        };
        let root = path.root().unwrap_or_default();
        let whole = match resource.inputs.get(root) {
            Some(value) => evaluate(value, self)?,
            None => Evaluated::from(self.made_up(resource, root)),
        };
        let rest = Path(path.0.iter().skip(1).cloned().collect());
        whole.at(&rest).ok_or_else(|| EvaluateError::NoProperty {
            resource: key.to_string(),
            path: path.clone(),
        })
    }

    fn invoke(&self, invoke: &Invoke, _: &Evaluated) -> Result<Evaluated, EvaluateError> {
        let region = self.region;
        let result = match invoke.token.rsplit(':').next().unwrap() {
            "getCallerIdentity" => json!({"accountId": ACCOUNT}),
            "getAvailabilityZones" => {
                let zones = ["a", "b", "c"].map(|zone| format!("{region}{zone}"));
                json!({"names": zones})
            }
            "getParameter" => json!({"value": "ami-0123456789abcdef0"}),
            other => panic!("what does {other} answer?"),
        };
        Ok(Evaluated::from(result))
    }

    fn config(&self, key: &str) -> Result<Evaluated, EvaluateError> {
        Err(EvaluateError::NoConfig(key.to_owned()))
    }
}

/// A number that follows from a name (FNV-1a).
fn number(name: &str) -> u64 {
    name.bytes().fold(0xcbf2_9ce4_8422_2325, |hash, byte| {
        (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3)
    })
}

fn uuid(name: &str) -> String {
    let number = number(name);
    format!(
        "{:08x}-{:04x}-4000-8000-{:012x}",
        number >> 32,
        (number >> 16) & 0xffff,
        number & 0xffff_ffff_ffff
    )
}

/// An id as EC2 gives them.
fn id(kind: &str, name: &str) -> String {
    let prefix = match kind {
        "Vpc" => "vpc",
        "Subnet" => "subnet",
        "SecurityGroup" => "sg",
        "NetworkAcl" => "acl",
        "RouteTable" => "rtb",
        _ => return name.to_owned(),
    };
    format!("{prefix}-0{:016x}", number(name))
}

/// `SecurityGroup` → `security-group`.
fn kebab(kind: &str) -> String {
    let mut text = String::new();
    for letter in kind.chars() {
        if letter.is_ascii_uppercase() && !text.is_empty() {
            text.push('-');
        }
        text.push(letter.to_ascii_lowercase());
    }
    text
}
