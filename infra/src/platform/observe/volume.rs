//! Volume alarms: a team hears when it sends more lines a day than it said it would.

use super::alarms::described;
use crate::aws::cloudwatch;
use crate::config::{Slug, Team};
use crate::graph::{Options, Scope};
use crate::platform::context::Context;
use crate::platform::logs::Subscribed;
use crate::platform::topics::Topics;

const DAY_SECONDS: u32 = 24 * 3600;

/// Bytes of a GiB.
const GIB: f64 = 1_073_741_824.0;

/// Declares an alarm for every team.
pub(super) fn declare(
    scope: &Scope<'_>,
    context: &Context<'_>,
    topics: &Topics,
    groups: &[Subscribed],
) -> Vec<cloudwatch::MetricAlarm> {
    context
        .config
        .teams
        .iter()
        .map(|(name, team)| alarm(scope, context, topics, groups, name, team))
        .collect()
}

fn alarm(
    scope: &Scope<'_>,
    context: &Context<'_>,
    topics: &Topics,
    groups: &[Subscribed],
    name: &Slug,
    team: &Team,
) -> cloudwatch::MetricAlarm {
    let owned = groups
        .iter()
        .filter(|group| group.team.as_ref() == Some(name));
    let mut queries: Vec<_> = owned
        .zip(1_u32..)
        .map(|(group, number)| {
            cloudwatch::MetricAlarmMetricQuery::new(format!("m{number}"))
                .metric(
                    cloudwatch::MetricAlarmMetricQueryMetric::new(
                        cloudwatch::MetricAlarmMetricQueryMetricRequired {
                            metric_name: "IncomingBytes".into(),
                            period: DAY_SECONDS.into(),
                            stat: "Sum".into(),
                        },
                    )
                    .namespace("AWS/Logs")
                    .dimensions([("LogGroupName", group.group.clone())]),
                )
                .return_data(false)
        })
        .collect();
    queries.push(
        cloudwatch::MetricAlarmMetricQuery::new("volume")
            .expression("SUM(METRICS())")
            .label("Bytes a day")
            .return_data(true),
    );
    let actions = || {
        topics
            .alarm_actions()
            .into_iter()
            .chain(topics.of_team(name))
    };
    scope.declare_with(
        format!("team-{name}-volume"),
        cloudwatch::MetricAlarmArgs::new()
            .comparison_operator("GreaterThanThreshold")
            .evaluation_periods(1)
            .name(context.name(&format!("team-{name}-volume")))
            .alarm_description(described(
                "A team sends more lines a day than its volume limit",
                "team-volume",
            ))
            .threshold(team.volume_gib_per_day * GIB)
            .metric_queries(queries)
            .treat_missing_data("notBreaching")
            .alarm_actions(actions().collect::<Vec<_>>())
            .ok_actions(actions().collect::<Vec<_>>())
            .tags([("team", name.as_str())]),
        Options::new().after(
            &topics.alarms_policy,
            "an alarm that rings before the topic's policy is heard by nobody",
        ),
    )
}
