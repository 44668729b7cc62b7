//! Step Functions.

use aws_sdk_sfn::Client;

use super::error::classify;
use crate::ports::{PortResult, Workflow};

/// One state machine.
#[derive(Debug, Clone)]
pub struct StateMachine {
    client: Client,
    arn: String,
}

impl StateMachine {
    /// The state machine of this ARN. [`Workflow::succeed`] needs none: a token says whose it is.
    pub fn new(config: &aws_config::SdkConfig, arn: impl Into<String>) -> Self {
        Self {
            client: Client::new(config),
            arn: arn.into(),
        }
    }
}

impl Workflow for StateMachine {
    async fn start(&self, name: &str, input: String) -> PortResult<()> {
        let answer = self
            .client
            .start_execution()
            .state_machine_arn(&self.arn)
            .name(name)
            .input(input)
            .send()
            .await;
        match answer {
            Ok(_) => Ok(()),
            // It ran before, maybe to its end: a name is used once in 90 days.
            Err(error)
                if error
                    .as_service_error()
                    .is_some_and(|error| error.is_execution_already_exists()) =>
            {
                Ok(())
            }
            Err(error) => Err(classify(&format!("the execution {name}"), &error)),
        }
    }

    async fn succeed(&self, task_token: &str, output: String) -> PortResult<bool> {
        let answer = self
            .client
            .send_task_success()
            .task_token(task_token)
            .output(output)
            .send()
            .await;
        match answer {
            Ok(_) => Ok(true),
            Err(error)
                if error.as_service_error().is_some_and(|error| {
                    error.is_task_does_not_exist()
                        || error.is_task_timed_out()
                        || error.is_invalid_token()
                }) =>
            {
                Ok(false)
            }
            // The token is a secret: it does not go into the error.
            Err(error) => Err(classify("a task's answer", &error)),
        }
    }
}
