//! How the stack's lines are read: which log group is which source and shape, the format of its flow
//! logs, what to assume of their times. One answer for the function that reads them and for whoever
//! trains on the same lines.

use aiops_domain::categorise::{Categoriser, CategoryRule, EntityRule, default_rules};
use aiops_domain::event_time::TimeAssumptions;
use aiops_domain::shape::flow::FlowFormat;
use aiops_domain::{Shape, Source};

use crate::config::StackConfig;

/// The streams of a control plane's group that hold audit events; others hold text.
const AUDIT_STREAMS: &str = "kube-apiserver-audit-*";

/// The group of the VPC's flow log.
pub fn flow_group(config: &StackConfig) -> String {
    format!("/{}/vpc-flow", config.prefix())
}

/// The rules of the stack: its own groups as the configuration describes them, then what AWS's
/// agents write by default.
pub fn rules(config: &StackConfig) -> Vec<CategoryRule> {
    let mut rules = vec![CategoryRule {
        group: flow_group(config).as_str().into(),
        stream: "*".into(),
        source: Source::VpcFlow,
        shape: Some(Shape::Flow),
        entity: EntityRule::Interface,
        flow_format: Some(FlowFormat::platform()),
    }];
    let agents = Categoriser::new(default_rules(), TimeAssumptions::default());
    for (key, group) in &config.logs.groups {
        let name = config.log_group_name(key, group);
        let known = agents.category(&name, "");
        let entity = if known.source == group.source {
            known.entity
        } else {
            entity(group.source, group.shape)
        };
        let rule = |stream: &str, shape| CategoryRule {
            group: name.as_str().into(),
            stream: stream.into(),
            source: group.source,
            shape,
            entity,
            flow_format: None,
        };
        match group.shape {
            Shape::EksAudit => {
                rules.push(rule(AUDIT_STREAMS, Some(Shape::EksAudit)));
                rules.push(rule("*", None));
            }
            // A file of text may hold lines of JSON or syslog too: each line shows it.
            Shape::Text => rules.push(rule("*", None)),
            shape => rules.push(rule("*", Some(shape))),
        }
    }
    rules.extend(default_rules());
    rules
}

/// What to assume of times that are written without a year.
pub fn time(config: &StackConfig) -> TimeAssumptions {
    TimeAssumptions {
        year: config
            .logs
            .assumed_year
            .and_then(|year| i16::try_from(year).ok()),
        ..TimeAssumptions::default()
    }
}

/// What the lines of a source are about, where the group's name is none of those that AWS's agents use.
const fn entity(source: Source, shape: Shape) -> EntityRule {
    match (source, shape) {
        (Source::Ec2, _) => EntityRule::Instance,
        (Source::Eks, Shape::EksAudit) => EntityRule::Stream,
        (Source::Eks, _) => EntityRule::Pod,
        (Source::VpcFlow, _) => EntityRule::Interface,
        (Source::Metrics | Source::Other, _) => EntityRule::Stream,
    }
}

#[cfg(test)]
mod tests {
    use aiops_domain::Time;

    use super::*;
    use crate::config::Environment;

    #[test]
    fn the_stacks_groups_are_read_as_its_configuration_says() {
        let config = StackConfig::of(Environment::Dev);
        let categoriser = Categoriser::new(rules(&config), time(&config));
        let read = |group: &str, stream: &str| {
            let category = categoriser.category(group, stream);
            (category.source, category.shape, category.entity)
        };
        let prefix = config.prefix();
        assert_eq!(
            read(&format!("/{prefix}/system"), "host-a"),
            (Source::Ec2, Some(Shape::Syslog), EntityRule::Instance)
        );
        assert_eq!(
            read(&format!("/{prefix}/application"), "i-0123456789abcdef0"),
            (Source::Ec2, None, EntityRule::Instance)
        );
        assert_eq!(
            read("/aws/eks/x/cluster", "authenticator-1"),
            (Source::Eks, None, EntityRule::Stream)
        );
        let mut nodes = config.clone();
        let group = crate::config::LogGroup {
            name: Some("/aws/containerinsights/x/host".to_owned()),
            source: Source::Eks,
            shape: Shape::Json,
            retention_days: None,
            managed: true,
            filter_pattern: String::new(),
        };
        nodes
            .logs
            .groups
            .insert(crate::config::Slug::new("nodes").unwrap(), group);
        let categoriser = Categoriser::new(rules(&nodes), time(&nodes));
        let category = categoriser.category("/aws/containerinsights/x/host", "node-1");
        assert_eq!(category.entity, EntityRule::Node);
        assert_eq!(
            read("elsewhere", "app.log"),
            (Source::Other, None, EntityRule::Stream)
        );
    }

    #[test]
    fn a_line_of_the_flow_log_is_read_by_its_own_format() {
        let config = StackConfig::of(Environment::Dev);
        let categoriser = Categoriser::new(rules(&config), time(&config));
        let line = "2 123456789010 eni-0a 10.0.0.1 10.0.0.2 40000 443 6 1 40 1785585600 1785585660 ACCEPT OK \
                    vpc-0a subnet-0a i-0a 2 IPv4 10.0.0.1 10.0.0.2 use1-az1 egress 1";
        let group = flow_group(&config);
        let category = categoriser.category(&group, "some-stream");
        let placed = category.place(line, Time::from_millis(1_785_586_000_000));
        assert_eq!(placed.time, Time::from_millis(1_785_585_600_000));
        assert_eq!((placed.shape, &*placed.entity), (Shape::Flow, "eni-0a"));
    }

    #[test]
    fn a_year_reaches_the_times_of_lines() {
        let mut config = StackConfig::of(Environment::Dev);
        assert_eq!(time(&config).year, None);
        config.logs.assumed_year = Some(2005);
        assert_eq!(time(&config).year, Some(2005));
    }
}
