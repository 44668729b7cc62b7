//! `approvals`: decides on plans behind API Gateway's HTTP API (payload 2.0). Who decides is always
//! proved: by Slack's signature over an interaction, or by IAM. A link shows a plan and cannot act; GET
//! never acts; a route whose authorizer left no context is refused, because it is then open by mistake.

use aiops_domain::Time;
use aiops_domain::config::ApprovalsConfig;
use aiops_domain::incident::event::Who;
use serde_json::{Value, json};

use crate::incidents::{IncidentError, Incidents};
use crate::ports::cloud::Secrets;
use crate::ports::{Clock, PortError, Table, Workflow};
use crate::token::{Keys, Purpose, TokenRefused};

mod decide;
mod page;
pub mod request;
mod slack;

pub use decide::{Choice, Decided, Decision};
pub use request::{Request, Response};

/// Why a request is refused. The reason is logged and, as far as it helps nobody to guess, answered.
#[derive(Debug, thiserror::Error)]
pub enum Refused {
    /// There is nothing there.
    #[error("there is no route {0}")]
    Route(String),
    /// Only POST acts.
    #[error("{0} does not act")]
    Method(String),
    /// It cannot be read.
    #[error("the request is malformed: {0}")]
    Malformed(&'static str),
    /// The authorizer of the route left no context.
    #[error("the request carries no identity of its route's authorizer")]
    NoAuthorizer,
    /// Slack did not sign it.
    #[error("the signature is not Slack's")]
    SlackSignature,
    /// It was signed too long ago, or ahead.
    #[error("the interaction was signed at another time")]
    SlackTime,
    /// The token.
    #[error(transparent)]
    Token(#[from] TokenRefused),
    /// The token was used before.
    #[error("the token was used before")]
    Replayed,
    /// There is no such action.
    #[error("there is no such action")]
    NoAction,
    /// The plan is another one now.
    #[error("the plan is not the one that was shown")]
    PlanChanged,
    /// Not on the list of the incident's team.
    #[error("{who} is not an approver of team {team}")]
    NotAnApprover {
        /// Who asked.
        who: String,
        /// The incident's team.
        team: String,
    },
    /// Nobody waits for a decision.
    #[error("nothing waits for a decision: {0}")]
    NotWaiting(String),
    /// A seam failed.
    #[error(transparent)]
    Port(#[from] PortError),
    /// The incident cannot be read.
    #[error(transparent)]
    Incident(#[from] IncidentError),
}

impl Refused {
    /// The status of the answer.
    pub const fn status(&self) -> u16 {
        match self {
            Self::Route(_) | Self::NoAction => 404,
            Self::Method(_) => 405,
            Self::Malformed(_) => 400,
            Self::NoAuthorizer | Self::SlackSignature | Self::SlackTime | Self::Token(_) => 401,
            Self::NotAnApprover { .. } => 403,
            Self::Replayed | Self::PlanChanged | Self::NotWaiting(_) => 409,
            Self::Port(_) | Self::Incident(_) => 503,
        }
    }
}

/// The function over its seams.
#[derive(Debug)]
pub struct Approvals<T, W, S, K> {
    /// The incidents.
    pub incidents: Incidents<T>,
    /// The workflow that waits.
    pub workflow: W,
    /// The secrets.
    pub secrets: S,
    /// The present.
    pub clock: K,
    /// The configuration.
    pub config: ApprovalsConfig,
}

impl<T: Table, W: Workflow, S: Secrets, K: Clock> Approvals<T, W, S, K> {
    /// Answers a request; it never fails as an invocation.
    pub async fn handle(&self, request: Request) -> Response {
        let route = request.route();
        match Box::pin(self.answer(&request)).await {
            Ok(response) => response,
            Err(refused) => {
                tracing::warn!(%route, reason = %refused, source = %request.source_ip(), "request refused");
                let text = match &refused {
                    // What failed inside is nobody's business outside.
                    Refused::Port(_) | Refused::Incident(_) => "try again".to_owned(),
                    other => other.to_string(),
                };
                Response::json(refused.status(), &json!({"error": text}))
            }
        }
    }

    async fn answer(&self, request: &Request) -> Result<Response, Refused> {
        let now = self.clock.now();
        match request.route().as_str() {
            "GET /plan" => self.show_plan(request, now).await,
            "POST /slack/interactions" => self.slack(request, now).await,
            "POST /decision" => self.decision(request, now).await,
            route if route.starts_with("GET ") || route.starts_with("HEAD ") => {
                Err(Refused::Method(route.to_owned()))
            }
            route => Err(Refused::Route(route.to_owned())),
        }
    }

    async fn keys(&self) -> Result<Keys, Refused> {
        Ok(Keys::load(&self.secrets, &self.config.token_key_arn).await?)
    }

    /// Shows the plan of a view token. It reads, whatever the token would allow.
    async fn show_plan(&self, request: &Request, now: Time) -> Result<Response, Refused> {
        let token = request
            .query("token")
            .ok_or(Refused::Malformed("there is no token"))?;
        let claims = self.keys().await?.verify(token, Purpose::View, now)?;
        let record = self.record(&claims.incident_id, &claims.action_id).await?;
        if record.plan_digest != claims.plan_digest {
            return Err(Refused::PlanChanged);
        }
        Ok(page::plan(&record))
    }

    /// A decision of somebody whom IAM knows.
    async fn decision(&self, request: &Request, now: Time) -> Result<Response, Refused> {
        let arn = request.iam_arn().ok_or(Refused::NoAuthorizer)?;
        let body = request
            .body()
            .ok_or(Refused::Malformed("the body is too long or not text"))?;
        let decision: Decision = serde_json::from_str(&body)
            .map_err(|_| Refused::Malformed("the body is no decision"))?;
        let who = Who::Iam {
            arn: arn.to_owned(),
        };
        let decided = self.decide(&decision, &who, None, now).await?;
        Ok(Response::json(200, &json!(decided)))
    }

    /// A click in Slack.
    async fn slack(&self, request: &Request, now: Time) -> Result<Response, Refused> {
        let click = self.interaction(request, now).await?;
        let claims = self
            .keys()
            .await?
            .verify(&click.token, Purpose::Decide, now)?;
        let decision = Decision {
            incident_id: claims.incident_id,
            action_id: claims.action_id,
            plan_digest: claims.plan_digest,
            choice: click.choice,
            reason: None,
        };
        let who = Who::Slack {
            user_id: click.user_id,
        };
        self.decide(&decision, &who, Some(&click.token), now)
            .await?;
        // Slack shows nothing of it; the message changes when the workflow goes on.
        Ok(Response::json(200, &Value::Object(Default::default())))
    }
}
