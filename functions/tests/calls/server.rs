//! A server in AWS's place that answers nothing of use and writes down what it was asked: which action
//! of which service, on what, as IAM sees it.

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex};

use serde_json::Value;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};

/// An action and what it is on: `table:state`, `bucket:segments/segments/…`, or `*`.
pub(crate) type Call = (String, String);

/// The server; it listens until it is dropped with its runtime.
pub(crate) struct Server {
    pub(crate) endpoint: String,
    calls: Arc<Mutex<BTreeSet<Call>>>,
}

impl Server {
    pub(crate) async fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let endpoint = format!("http://{}", listener.local_addr().unwrap());
        let calls = Arc::new(Mutex::new(BTreeSet::new()));
        let seen = Arc::clone(&calls);
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let seen = Arc::clone(&seen);
                tokio::spawn(async move { serve(stream, &seen).await });
            }
        });
        Self { endpoint, calls }
    }

    /// What was asked since the last time.
    pub(crate) fn take(&self) -> BTreeSet<Call> {
        std::mem::take(&mut self.calls.lock().unwrap())
    }
}

struct Asked {
    method: String,
    path: String,
    headers: Vec<(String, String)>,
    body: String,
}

impl Asked {
    fn header(&self, name: &str) -> &str {
        self.headers
            .iter()
            .find(|(key, _)| key == name)
            .map_or("", |(_, value)| value)
    }

    /// The service that the signature is for.
    fn service(&self) -> &str {
        let scope = self.header("authorization").split("Credential=").nth(1);
        scope
            .and_then(|scope| scope.split('/').nth(3))
            .unwrap_or("")
    }
}

async fn serve(mut stream: TcpStream, calls: &Mutex<BTreeSet<Call>>) {
    while let Some(asked) = read(&mut stream).await {
        calls.lock().unwrap().extend(as_iam_sees(&asked));
        let (kind, body) = match asked.service() {
            "s3" => ("application/xml", "<ListBucketResult></ListBucketResult>"),
            "sns" | "ec2" | "iam" | "autoscaling" => ("text/xml", "<r></r>"),
            _ => ("application/x-amz-json-1.0", "{}"),
        };
        let answer = format!(
            "HTTP/1.1 200 OK\r\ncontent-type: {kind}\r\netag: \"e\"\r\ncontent-length: {}\r\n\r\n{body}",
            body.len()
        );
        if stream.write_all(answer.as_bytes()).await.is_err() {
            return;
        }
    }
}

async fn read(stream: &mut TcpStream) -> Option<Asked> {
    let mut bytes = Vec::new();
    let mut chunk = [0; 8192];
    let head = loop {
        let text = String::from_utf8_lossy(&bytes).into_owned();
        if let Some((head, _)) = text.split_once("\r\n\r\n") {
            break head.to_owned();
        }
        let count = stream.read(&mut chunk).await.ok()?;
        if count == 0 {
            return None;
        }
        bytes.extend_from_slice(chunk.get(..count)?);
    };
    let mut lines = head.lines();
    let mut first = lines.next()?.split(' ');
    let (method, path) = (first.next()?.to_owned(), first.next()?.to_owned());
    let headers: Vec<(String, String)> = lines
        .filter_map(|line| line.split_once(':'))
        .map(|(key, value)| (key.to_lowercase(), value.trim().to_owned()))
        .collect();
    let length = headers
        .iter()
        .find(|(key, _)| key == "content-length")
        .and_then(|(_, value)| value.parse::<usize>().ok())
        .unwrap_or(0);
    let whole = head.len() + 4 + length;
    while bytes.len() < whole {
        let count = stream.read(&mut chunk).await.ok()?;
        if count == 0 {
            return None;
        }
        bytes.extend_from_slice(chunk.get(..count)?);
    }
    let body = bytes.get(head.len() + 4..whole)?;
    Some(Asked {
        method,
        path,
        headers,
        body: String::from_utf8_lossy(body).into_owned(),
    })
}

fn as_iam_sees(asked: &Asked) -> Vec<Call> {
    let json: Value = serde_json::from_str(&asked.body).unwrap_or_default();
    let text = |key: &str| json[key].as_str().unwrap_or_default().to_owned();
    let operation = asked
        .header("x-amz-target")
        .rsplit('.')
        .next()
        .unwrap_or("");
    let one = |action: String, resource: String| vec![(action, resource)];
    match asked.service() {
        "s3" => one_of_s3(asked),
        "dynamodb" => of_dynamodb(operation, &json),
        "sqs" => one(
            format!("sqs:{operation}"),
            format!("queue:{}", last(&text("QueueUrl"))),
        ),
        "states" => match operation {
            "StartExecution" => {
                let machine = text("stateMachineArn");
                one("states:StartExecution".into(), format!("machine:{machine}"))
            }
            other => one(format!("states:{other}"), "*".into()),
        },
        "secretsmanager" => match operation {
            "GetRandomPassword" => one("secretsmanager:GetRandomPassword".into(), "*".into()),
            other => one(
                format!("secretsmanager:{other}"),
                format!("secret:{}", text("SecretId")),
            ),
        },
        "ssm" => one(
            format!("ssm:{operation}"),
            format!("parameter:{}", text("Name")),
        ),
        "sagemaker" if asked.path.starts_with("/endpoints/") => {
            let name = asked.path.split('/').nth(2).unwrap_or_default();
            one(
                "sagemaker:InvokeEndpoint".into(),
                format!("endpoint:{name}"),
            )
        }
        "sagemaker" => vec![
            (
                format!("sagemaker:{operation}"),
                format!("job:{}", text("TrainingJobName")),
            ),
            (
                "sagemaker:AddTags".into(),
                format!("job:{}", text("TrainingJobName")),
            ),
            ("iam:PassRole".into(), format!("role:{}", text("RoleArn"))),
        ],
        "sns" => {
            let value = |key: &str| {
                let pairs = asked
                    .body
                    .split('&')
                    .filter_map(|pair| pair.split_once('='));
                let found = pairs.into_iter().find(|(name, _)| *name == key);
                found.map_or_else(String::new, |(_, value)| value.replace("%3A", ":"))
            };
            one(
                format!("sns:{}", value("Action")),
                format!("topic:{}", value("TopicArn")),
            )
        }
        other => panic!(
            "a call of `{other}`: how does IAM see {} {}?",
            asked.method, asked.path
        ),
    }
}

fn last(path: &str) -> &str {
    path.rsplit('/').next().unwrap_or(path)
}

fn one_of_s3(asked: &Asked) -> Vec<Call> {
    let (path, query) = asked.path.split_once('?').unwrap_or((&asked.path, ""));
    let resource = format!(
        "bucket:{}",
        path.trim_start_matches('/').trim_end_matches('/')
    );
    let action = match asked.method.as_str() {
        "GET" if query.contains("list-type") => "s3:ListBucket",
        "GET" | "HEAD" => "s3:GetObject",
        "PUT" => "s3:PutObject",
        other => panic!("what is {other} of S3 to IAM?"),
    };
    vec![(action.to_owned(), resource)]
}

/// A transaction is judged by each of its parts.
fn of_dynamodb(operation: &str, json: &Value) -> Vec<Call> {
    let table = |value: &Value| {
        let name = value["TableName"].as_str().unwrap_or_default();
        match value["IndexName"].as_str() {
            Some(index) => format!("table:{name}/index/{index}"),
            None => format!("table:{name}"),
        }
    };
    if operation != "TransactWriteItems" {
        return vec![(format!("dynamodb:{operation}"), table(json))];
    }
    let parts = json["TransactItems"].as_array().into_iter().flatten();
    parts
        .flat_map(|part| part.as_object().into_iter().flatten())
        .map(|(kind, part)| {
            let action = match kind.as_str() {
                "ConditionCheck" => "ConditionCheckItem".to_owned(),
                other => format!("{other}Item"),
            };
            (format!("dynamodb:{action}"), table(part))
        })
        .collect()
}
