//! Saved Logs Insights queries.

use crate::aws::cloudwatch;
use crate::graph::Scope;
use crate::platform::context::Context;
use crate::platform::logs::Subscribed;

const QUERIES: [(&str, &str); 4] = [
    (
        "newest lines",
        "fields @timestamp, @logStream, @message\n| sort @timestamp desc\n| limit 200",
    ),
    (
        "errors by stream",
        "filter @message like /(?i)(error|fatal|panic|exception)/\n| stats count(*) as lines by @logStream\n| sort lines desc",
    ),
    (
        "patterns",
        "pattern @message\n| sort @sampleCount desc\n| limit 50",
    ),
    (
        "lines by five minutes",
        "stats count(*) as lines by bin(5m)",
    ),
];

/// Declares the queries over the analysed groups.
pub(super) fn declare(scope: &Scope<'_>, context: &Context<'_>, groups: &[Subscribed]) {
    for (name, query) in QUERIES {
        scope.declare(
            name.replace(' ', "-"),
            cloudwatch::QueryDefinitionArgs::new(query)
                .name(format!("{}/{name}", context.config.prefix()))
                .log_group_names(groups.iter().map(|g| g.group.clone()).collect::<Vec<_>>()),
        );
    }
}
