//! The rules that hold unless the configuration says otherwise: the names that AWS's own agents use.

use super::{CategoryRule, EntityRule};
use crate::source::{Shape, Source};

/// Log groups as the CloudWatch agent, EKS, Container Insights and flow logs name them.
pub fn default_rules() -> Vec<CategoryRule> {
    let mut rules = vec![
        rule(
            "/aws/eks/*/cluster",
            "kube-apiserver-audit-*",
            Source::Eks,
            EntityRule::Stream,
        )
        .shaped(Shape::EksAudit),
        rule("/aws/eks/*/cluster", "*", Source::Eks, EntityRule::Stream),
        rule(
            "/aws/containerinsights/*/application",
            "*",
            Source::Eks,
            EntityRule::Pod,
        ),
        rule(
            "/aws/containerinsights/*/performance",
            "*",
            Source::Eks,
            EntityRule::Pod,
        ),
        rule(
            "/aws/containerinsights/*/host",
            "*",
            Source::Eks,
            EntityRule::Node,
        ),
        rule(
            "/aws/containerinsights/*/dataplane",
            "*",
            Source::Eks,
            EntityRule::Pod,
        ),
    ];
    // Flow logs deliver to whatever group their owner names, but always to streams of this form.
    for stream in ["eni-*-all", "eni-*-accept", "eni-*-reject"] {
        rules.push(rule("*", stream, Source::VpcFlow, EntityRule::Interface).shaped(Shape::Flow));
    }
    for group in ["/aws/vpc/*", "*vpc-flow*", "*flow-log*", "*flowlog*"] {
        rules.push(rule(group, "*", Source::VpcFlow, EntityRule::Interface).shaped(Shape::Flow));
    }
    // The CloudWatch agent: groups are the operator's choice (by default the file's name), streams
    // are the instance id.
    for group in ["/aws/ec2/*", "/ec2/*", "*/ec2/*", "/var/log/*"] {
        rules.push(rule(group, "*", Source::Ec2, EntityRule::Instance));
    }
    rules.push(rule("*", "i-*", Source::Ec2, EntityRule::Instance));
    rules
}

fn rule(group: &str, stream: &str, source: Source, entity: EntityRule) -> CategoryRule {
    CategoryRule {
        group: group.into(),
        stream: stream.into(),
        source,
        shape: None,
        entity,
        flow_format: None,
    }
}

impl CategoryRule {
    fn shaped(mut self, shape: Shape) -> Self {
        self.shape = Some(shape);
        self
    }
}
