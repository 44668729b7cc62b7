//! A token judged as a cluster does and STS behind it (aws-iam-authenticator's `pkg/token/token.go`): the
//! URL of a `GetCallerIdentity` at STS in base64, signed together with the cluster's name.

use base64::Engine as _;
use hmac::{Hmac, KeyInit as _, Mac as _};
use jiff::Timestamp;
use sha2::{Digest as _, Sha256};

use super::{REGION, SECRET_KEY};

/// STS takes the request for so long, whatever `X-Amz-Expires` says.
const LIFETIME_SECONDS: i64 = 15 * 60;

/// Whose token this is: the access key. A token that `cluster` would not take fails the test.
pub(crate) fn accepted(token: &str, cluster: &str) -> String {
    let encoded = token.strip_prefix("k8s-aws-v1.").unwrap();
    let engine = base64::engine::general_purpose::URL_SAFE_NO_PAD;
    let url = String::from_utf8(engine.decode(encoded).unwrap()).unwrap();
    let host = format!("sts.{REGION}.amazonaws.com");
    let query = url.strip_prefix(&format!("https://{host}/?")).unwrap();
    let mut pairs: Vec<(&str, &str)> = query
        .split('&')
        .map(|pair| pair.split_once('=').unwrap())
        .collect();
    pairs.sort_unstable();
    let value = |name: &str| pairs.iter().find(|(key, _)| *key == name).unwrap().1;
    assert_eq!(
        pairs.iter().map(|(key, _)| *key).collect::<Vec<_>>(),
        [
            "Action",
            "Version",
            "X-Amz-Algorithm",
            "X-Amz-Credential",
            "X-Amz-Date",
            "X-Amz-Expires",
            "X-Amz-Security-Token",
            "X-Amz-Signature",
            "X-Amz-SignedHeaders",
        ],
    );
    assert_eq!(value("Action"), "GetCallerIdentity");
    assert_eq!(value("X-Amz-SignedHeaders"), "host%3Bx-k8s-aws-id");
    // Not heeded, but authenticators up to 0.3.0 take no more.
    assert!((0..=60).contains(&value("X-Amz-Expires").parse::<u32>().unwrap()));
    let moment = value("X-Amz-Date");
    let age = Timestamp::now().duration_since(
        Timestamp::strptime("%Y%m%dT%H%M%S%z", moment.replace('Z', "+0000")).unwrap(),
    );
    assert!((0..LIFETIME_SECONDS).contains(&age.as_secs()), "{moment}");

    let credential = value("X-Amz-Credential").replace("%2F", "/");
    let (access_key, scope) = credential.split_once('/').unwrap();
    let day = moment.split('T').next().unwrap();
    assert_eq!(scope, format!("{day}/{REGION}/sts/aws4_request"));
    let query: Vec<String> = pairs
        .iter()
        .filter(|(key, _)| *key != "X-Amz-Signature")
        .map(|(key, value)| format!("{key}={value}"))
        .collect();
    let request = format!(
        "GET\n/\n{}\nhost:{host}\nx-k8s-aws-id:{cluster}\n\nhost;x-k8s-aws-id\n{}",
        query.join("&"),
        hex(&Sha256::digest(b"")),
    );
    let digest = hex(&Sha256::digest(&request));
    let to_be_signed = format!("AWS4-HMAC-SHA256\n{moment}\n{scope}\n{digest}");
    let key = scope
        .split('/')
        .fold(format!("AWS4{SECRET_KEY}").into_bytes(), |key, part| {
            authenticated(&key, part)
        });
    let signature = hex(&authenticated(&key, &to_be_signed));
    assert_eq!(value("X-Amz-Signature"), signature, "{request}");
    access_key.to_owned()
}

fn authenticated(key: &[u8], text: &str) -> Vec<u8> {
    let mut mac = Hmac::<Sha256>::new_from_slice(key).unwrap();
    mac.update(text.as_bytes());
    mac.finalize().into_bytes().to_vec()
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}
