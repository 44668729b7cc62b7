//! The key of approvals is rotated without refusing what was signed a moment before.

#![expect(clippy::unwrap_used, reason = "a failing helper is a failing test")]

use aiops_domain::Time;
use aiops_domain::config::RotationConfig;
use aiops_functions::fakes::FakeRotatedSecrets;
use aiops_functions::ports::PortError;
use aiops_functions::rotation::{Event, Rotation, Step};
use aiops_functions::token::{Claims, Keys, Purpose, TokenRefused};

const ARN: &str = "arn:aws:secretsmanager:eu-central-1:111122223333:secret:key-AbCdEf";
const STEPS: [Step; 4] = [
    Step::CreateSecret,
    Step::SetSecret,
    Step::TestSecret,
    Step::FinishSecret,
];

fn rotation(secrets: &FakeRotatedSecrets) -> Rotation<FakeRotatedSecrets> {
    Rotation {
        secrets: secrets.clone(),
        config: RotationConfig::new(vec![ARN.to_owned()]),
    }
}

fn event(step: Step, version: &str) -> Event {
    Event {
        step,
        secret_id: ARN.to_owned(),
        client_request_token: version.to_owned(),
    }
}

async fn rotate(secrets: &FakeRotatedSecrets, version: &str) {
    secrets.begin(version);
    for step in STEPS {
        // Lambda delivers an event at least once.
        for _ in 0..2 {
            rotation(secrets)
                .handle(&event(step, version))
                .await
                .unwrap();
        }
    }
}

fn keys(secrets: &FakeRotatedSecrets) -> Keys {
    let current = secrets.text("AWSCURRENT").unwrap();
    Keys::new(&current, secrets.text("AWSPREVIOUS").as_deref()).unwrap()
}

#[tokio::test]
async fn a_token_outlives_one_rotation_and_not_two() {
    let secrets = FakeRotatedSecrets::empty();
    rotate(&secrets, "v1").await;
    let token = keys(&secrets).sign(&Claims {
        purpose: Purpose::Decide,
        incident_id: "inc-1".into(),
        action_id: "act-1".into(),
        plan_digest: "d".repeat(64),
        expires: 1_000,
    });
    let verify = || keys(&secrets).verify(&token, Purpose::Decide, Time::from_millis(0));
    assert!(verify().is_ok());
    rotate(&secrets, "v2").await;
    assert_ne!(secrets.text("AWSCURRENT"), secrets.text("AWSPREVIOUS"));
    assert!(verify().is_ok());
    rotate(&secrets, "v3").await;
    assert_eq!(verify().unwrap_err(), TokenRefused::Forged);
}

#[tokio::test]
async fn only_a_pending_version_of_a_known_rotating_secret_is_touched() {
    let secrets = FakeRotatedSecrets::empty();
    secrets.begin("v1");
    let refused = |secrets: &FakeRotatedSecrets, event: Event| {
        let rotation = rotation(secrets);
        async move {
            match rotation.handle(&event).await {
                Err(PortError::Permanent { detail, .. }) => detail,
                other => panic!("{other:?}"),
            }
        }
    };
    let stranger = Event {
        secret_id: format!("{ARN}-other"),
        ..event(Step::CreateSecret, "v1")
    };
    assert!(refused(&secrets, stranger).await.contains("configuration"));
    let unknown = event(Step::CreateSecret, "v9");
    assert!(refused(&secrets, unknown).await.contains("no such version"));
    // Nothing was created yet: there is nothing to test.
    let early = event(Step::TestSecret, "v1");
    assert!(refused(&secrets, early).await.contains("no value"));
    secrets.set_rotates(false);
    let off = event(Step::CreateSecret, "v1");
    assert!(refused(&secrets, off).await.contains("not rotated"));
    assert_eq!(secrets.text("AWSPENDING"), None);
}

#[test]
fn the_event_is_secrets_managers() {
    let json = format!(
        r#"{{"Step":"finishSecret","SecretId":"{ARN}","ClientRequestToken":"v1","RotationToken":"t"}}"#
    );
    let read: Event = serde_json::from_str(&json).unwrap();
    assert_eq!(read, event(Step::FinishSecret, "v1"));
}
