//! Who may decide on a remediation, and the API where they do.
//!
//! Coming from HCL: nothing; the Terraform program remediated without asking.

use std::collections::BTreeMap;

use aiops_domain::config::ApprovalsConfig;
use aiops_domain::policy::team::{Approvers, UNOWNED};

use super::context::Context;
use super::functions::{Function, Shared, Spec, function};
use super::keys::Keys;
use super::logs;
use super::notify::Secrets;
use super::secrets;
use super::tables::{self, Tables};
use super::topics::Topics;
use crate::aws::{apigatewayv2, lambda};
use crate::graph::{Document, Scope, json};
use crate::iam::Statement;
use crate::iam::action::{sns, states};
use crate::{object, text};

/// The API and what answers it.
#[derive(Debug, Clone)]
pub struct Access {
    /// The HTTP API.
    pub api: apigatewayv2::Api,
    /// The function.
    pub approvals: Function,
}

/// A route, and who API Gateway lets through to it.
struct Route {
    name: &'static str,
    key: &'static str,
    authorization: &'static str,
}

/// Two routes are open, because the function itself proves who asks: a plan is shown to whoever
/// holds its token and cannot be acted on there; an interaction carries Slack's signature. What
/// decides by IAM is closed here already.
const ROUTES: [Route; 3] = [
    Route {
        name: "plan",
        key: "GET /plan",
        authorization: "NONE",
    },
    Route {
        name: "slack",
        key: "POST /slack/interactions",
        authorization: "NONE",
    },
    Route {
        name: "decision",
        key: "POST /decision",
        authorization: "AWS_IAM",
    },
];

/// Declares the API and its function.
pub fn declare(
    shared: &Shared<'_>,
    context: &Context<'_>,
    keys: Option<&Keys>,
    tables: &Tables,
    topics: &Topics,
    secrets: &Secrets,
) -> Access {
    let mut document = Document::default();
    let configuration = ApprovalsConfig {
        incidents_table: document.hole(tables.incidents.name()),
        topic_arn: document.hole(topics.incidents.arn()),
        token_key_arn: document.hole(&secrets.token_key.arn),
        slack_signing_secret_arn: secrets
            .slack_signing
            .as_ref()
            .map(|s| document.hole(&s.arn)),
        approvers: approvers(context),
    };
    let readable = [Some(&secrets.token_key), secrets.slack_signing.as_ref()];
    let mut statements = vec![
        tables::items("Incidents", &tables.incidents),
        Statement::allow("Notify", [sns::PUBLISH], [topics.incidents.arn()]),
        Statement::allow_any(
            "Decide",
            [states::SEND_TASK_SUCCESS, states::SEND_TASK_FAILURE],
            "a task token belongs to no resource; whoever holds it was given it",
        ),
    ];
    statements.extend(secrets::read(readable.into_iter().flatten()));
    let approvals = function(
        shared,
        context,
        keys,
        Spec {
            name: "approvals",
            description: "Shows plans and takes decisions",
            settings: &context.config.functions.approvals,
            configuration: document.finish(&configuration),
            statements,
        },
    );
    let api = api(&shared.scope, context, keys, &approvals);
    Access { api, approvals }
}

fn api(
    scope: &Scope<'_>,
    context: &Context<'_>,
    keys: Option<&Keys>,
    approvals: &Function,
) -> apigatewayv2::Api {
    let scope = scope.component("Approvals", "approvals");
    let name = context.name("approvals");
    let api = scope.declare(
        "approvals",
        apigatewayv2::ApiArgs::new("HTTP")
            .name(name.as_str())
            .description("Approvals of remediations"),
    );
    let integration = scope.declare(
        "approvals",
        apigatewayv2::IntegrationArgs::new(apigatewayv2::IntegrationRequired {
            api_id: api.id(),
            integration_type: "AWS_PROXY".into(),
        })
        .integration_uri(approvals.function.invoke_arn())
        .payload_format_version("2.0"),
    );
    for Route {
        name,
        key,
        authorization,
    } in ROUTES
    {
        scope.declare(
            name,
            apigatewayv2::RouteArgs::new(apigatewayv2::RouteRequired {
                api_id: api.id(),
                route_key: key.into(),
            })
            .authorization_type(authorization)
            .target(text!("integrations/", integration.id())),
        );
    }
    scope.declare(
        "approvals-api",
        lambda::PermissionArgs::new(lambda::PermissionRequired {
            action: "lambda:InvokeFunction".into(),
            function: approvals.function.name(),
            principal: "apigateway.amazonaws.com".into(),
        })
        .source_arn(text!(api.execution_arn(), "/*/*")),
    );
    stage(&scope, context, keys, &api, &name);
    api
}

fn stage(
    scope: &Scope<'_>,
    context: &Context<'_>,
    keys: Option<&Keys>,
    api: &apigatewayv2::Api,
    name: &str,
) {
    let group = logs::group(
        scope,
        keys,
        "approvals-access",
        format!("/aws/vendedlogs/apis/{name}"),
        context.config.logs.retention_days,
    );
    // Neither the query, which holds the token, nor any header.
    let line = object! {
        "time" => "$context.requestTimeEpoch",
        "id" => "$context.requestId",
        "source" => "$context.identity.sourceIp",
        "caller" => "$context.identity.userArn",
        "route" => "$context.routeKey",
        "status" => "$context.status",
        "error" => "$context.error.message",
        "milliseconds" => "$context.responseLatency",
    };
    scope.declare(
        "approvals",
        apigatewayv2::StageArgs::new(api.id())
            .name("$default")
            .auto_deploy(true)
            .access_log_settings(apigatewayv2::StageAccessLogSettings::new(
                apigatewayv2::StageAccessLogSettingsRequired {
                    destination_arn: group.arn(),
                    format: json(line),
                },
            ))
            .default_route_settings(
                apigatewayv2::StageDefaultRouteSettings::new()
                    .throttling_burst_limit(20)
                    .throttling_rate_limit(10.0),
            ),
    );
}

/// Who may approve, by team; those of the stack decide on what no team owns, and stand in for a
/// team that names nobody.
fn approvers(context: &Context<'_>) -> BTreeMap<String, Approvers> {
    let config = context.config;
    let everybody = sorted(&config.remediation.approvers);
    let mut approvers: BTreeMap<String, Approvers> = config
        .teams
        .iter()
        .map(|(team, settings)| {
            let own = &settings.approvers;
            let of_team = if own.is_empty() {
                everybody.clone()
            } else {
                sorted(own)
            };
            (team.to_string(), of_team)
        })
        .collect();
    approvers.insert(UNOWNED.to_owned(), everybody);
    approvers
}

fn sorted(names: &[String]) -> Approvers {
    let (arns, users) = names
        .iter()
        .cloned()
        .partition(|name| name.starts_with("arn:"));
    Approvers {
        slack_user_ids: users,
        iam_arns: arns,
    }
}
