//! Default rules on real names, and that any line has a place.

use super::*;
use proptest::prelude::*;

fn categoriser() -> Categoriser {
    Categoriser::new(default_rules(), TimeAssumptions::default())
}

const NOW: Time = Time::from_millis(1_785_585_600_000);

#[test]
fn default_rules_know_the_agents_names() {
    let flow =
        "2 123456789010 eni-0fed 10.0.0.1 10.0.0.2 1 22 6 20 4249 1785585540 1785585600 ACCEPT OK";
    let pod_line = r#"{"time":"2026-08-01T11:59:59Z","log":"x","kubernetes":{"pod_name":"web-1","namespace_name":"shop"}}"#;
    let cases = [
        (
            "/aws/eks/prod/cluster",
            "kube-apiserver-audit-1f",
            "{}",
            Source::Eks,
            Shape::EksAudit,
            "kube-apiserver-audit-1f",
        ),
        (
            "/aws/eks/prod/cluster",
            "authenticator-1f",
            "time=x",
            Source::Eks,
            Shape::Text,
            "authenticator-1f",
        ),
        (
            "/aws/containerinsights/prod/application",
            "n-application.var.log.containers.a",
            pod_line,
            Source::Eks,
            Shape::Json,
            "shop/web-1",
        ),
        (
            "/aws/containerinsights/prod/application",
            "ip-10-0-0-1-application.var.log.containers.web-1_shop_web-0123.log",
            "not json",
            Source::Eks,
            Shape::Text,
            "shop/web-1",
        ),
        (
            "/aws/containerinsights/prod/performance",
            "ip-10-0-0-1",
            r#"{"Type":"Node","InstanceId":"i-0abc"}"#,
            Source::Eks,
            Shape::Json,
            "i-0abc",
        ),
        (
            "/aws/containerinsights/prod/host",
            "s",
            r#"{"host":"ip-10-0-0-1"}"#,
            Source::Eks,
            Shape::Json,
            "ip-10-0-0-1",
        ),
        (
            "/aws/containerinsights/prod/dataplane",
            "s",
            "kubelet",
            Source::Eks,
            Shape::Text,
            "s",
        ),
        (
            "/my/network",
            "eni-0123456789abcdef0-all",
            flow,
            Source::VpcFlow,
            Shape::Flow,
            "eni-0123456789abcdef0",
        ),
        (
            "prod-vpc-flow-logs",
            "central",
            flow,
            Source::VpcFlow,
            Shape::Flow,
            "eni-0fed",
        ),
        (
            "/aws/ec2/app",
            "i-0123456789abcdef0/var/log/messages",
            "x",
            Source::Ec2,
            Shape::Text,
            "i-0123456789abcdef0",
        ),
        (
            "messages",
            "i-01234567",
            "Jun 14 15:16:01 h sshd[1]: x",
            Source::Ec2,
            Shape::Syslog,
            "i-01234567",
        ),
        ("/aws/ec2/app", "web", "x", Source::Ec2, Shape::Text, "web"),
        (
            "/aws/lambda/f",
            "2026/08/01/[$LATEST]0",
            "x",
            Source::Other,
            Shape::Text,
            "2026/08/01/[$LATEST]0",
        ),
    ];
    let categoriser = categoriser();
    for (group, stream, line, source, shape, entity) in cases {
        let category = categoriser.category(group, stream);
        let placement = category.place(line, NOW);
        assert_eq!(category.source, source, "{group} {stream}");
        assert_eq!(placement.shape, shape, "{group} {stream}");
        assert_eq!(placement.entity, entity, "{group} {stream}");
    }
}

#[test]
fn the_first_rule_that_matches_counts_and_carries_its_format() {
    let rules: Vec<CategoryRule> = serde_json::from_str(
        r#"[{"group":"net","source":"vpc-flow","shape":"flow","entity":"interface","flow_format":"start interface-id srcaddr"},
            {"source":"ec2","entity":"stream"}]"#,
    )
    .unwrap();
    let categoriser = Categoriser::new(rules, TimeAssumptions::default());
    let placement = categoriser
        .category("net", "all")
        .place("1785585540 eni-1 10.0.0.1", NOW);
    assert_eq!(placement.entity, "eni-1");
    assert_eq!(placement.time, Time::from_millis(1_785_585_540_000));
    assert_eq!(categoriser.category("x", "y").source, Source::Ec2);
}

proptest! {
    #![proptest_config(ProptestConfig { rng_seed: proptest::test_runner::RngSeed::Fixed(34), ..ProptestConfig::default() })]

    #[test]
    fn any_line_of_any_stream_has_a_place(group in any::<String>(), stream in any::<String>(), line in any::<String>(), millis in any::<i64>()) {
        let categoriser = categoriser();
        let placement = categoriser.category(&group, &stream).place(&line, Time::from_millis(millis));
        prop_assert!(placement.entity.len() <= line.len().max(stream.len()));
    }
}
