//! Budgets: the stack's, and each team's.

use crate::aws::budgets;
use crate::graph::{Expr, Options, Scope};
use crate::platform::context::Context;
use crate::platform::topics::Topics;

/// Declares the budgets.
pub(super) fn declare(scope: &Scope<'_>, context: &Context<'_>, topics: &Topics) {
    let config = context.config;
    if let Some(limit) = config.monthly_usd {
        // The tag that every resource of the stack carries.
        budget(
            scope,
            context,
            topics,
            "stack",
            limit,
            format!("user:stack${}", config.stack),
            None,
        );
    }
    for (name, team) in &config.teams {
        budget(
            scope,
            context,
            topics,
            &format!("team-{name}"),
            team.monthly_usd,
            format!("user:team${name}"),
            topics.of_team(name),
        );
    }
}

fn budget(
    scope: &Scope<'_>,
    context: &Context<'_>,
    topics: &Topics,
    name: &str,
    limit_usd: f64,
    tag: String,
    team: Option<Expr<String>>,
) {
    let at = |kind: &str, percent: f64| {
        budgets::BudgetNotification::new(budgets::BudgetNotificationRequired {
            comparison_operator: "GREATER_THAN".into(),
            notification_type: kind.into(),
            threshold: percent.into(),
            threshold_type: "PERCENTAGE".into(),
        })
        .subscriber_sns_topic_arns(
            [topics.alarms.arn()]
                .into_iter()
                .chain(team.clone())
                .collect::<Vec<_>>(),
        )
    };
    scope.declare_with(
        name,
        budgets::BudgetArgs::new(budgets::BudgetRequired {
            budget_type: "COST".into(),
            time_unit: "MONTHLY".into(),
        })
        .name(context.name(&format!("budget-{name}")))
        .limit_amount(format!("{limit_usd:.2}"))
        .limit_unit("USD")
        .cost_filters([budgets::BudgetCostFilter::new(
            budgets::BudgetCostFilterRequired {
                name: "TagKeyValue".into(),
                values: [tag].into(),
            },
        )])
        .notifications([at("ACTUAL", 80.0), at("FORECASTED", 100.0)]),
        Options::new().after(
            &topics.alarms_policy,
            "the budget tries to reach the topic when it is made",
        ),
    );
}
