//! Container logs of the cluster, in the form in which Container Insights' Fluent Bit ships them:
//! the container's line with the Kubernetes metadata of its pod.

use aiops_domain::Time;
use serde_json::json;

use super::random::Random;
use super::topology::{Pod, stamp};
use super::{Lines, Period};

/// The line of `pod` that says `log`.
pub(super) fn container_line(pod: &Pod, time: Time, stream: &str, log: &str) -> String {
    json!({
        "time": stamp(time, "%Y-%m-%dT%H:%M:%S.%9fZ"),
        "stream": stream,
        "_p": "F",
        "log": log,
        "kubernetes": {
            "pod_name": pod.name,
            "namespace_name": pod.namespace,
            "pod_id": pod.uid,
            "host": pod.node.name,
            "container_name": pod.container,
            "docker_id": pod.container_id,
            "container_hash": format!("registry.example.com/shop/{}@sha256:{}", pod.container, pod.container_id),
            "container_image": format!("registry.example.com/shop/{}:1.14.2", pod.container),
        },
    })
    .to_string()
}

/// A line of the container's own logger.
pub(super) fn logger_line(time: Time, level: &str, text: &str) -> String {
    format!(
        "{} {level:<5} {text}",
        stamp(time, "%Y-%m-%dT%H:%M:%S.%3fZ")
    )
}

fn request(random: &mut Random, container: &str) -> String {
    let trace = random.hex(32);
    let took = random.amount(14.0, 0.6);
    let path = match container {
        "checkout" => *random.pick(&[
            "/api/checkout",
            "/api/checkout/quote",
            "/api/checkout/confirm",
        ]),
        "catalog" => *random.pick(&["/api/items", "/api/items/search", "/api/categories"]),
        "cart" => *random.pick(&["/api/cart", "/api/cart/items"]),
        _ => *random.pick(&["/api/invoices", "/api/invoices/render"]),
    };
    let (method, status) = *random.pick(&[("GET", 200), ("GET", 200), ("GET", 304), ("POST", 201)]);
    format!(
        "request completed method={method} path={path} status={status} duration_ms={took} trace_id={trace}"
    )
}

fn background(random: &mut Random) -> (&'static str, String) {
    match random.range(0, 6) {
        0 => (
            "INFO",
            format!(
                "cache refreshed entries={} duration_ms={}",
                random.range(800, 1_200),
                random.amount(40.0, 0.4)
            ),
        ),
        1 => (
            "INFO",
            format!("flushed {} metrics to collector", random.range(40, 60)),
        ),
        2 => (
            "WARN",
            format!(
                "retrying call to inventory attempt={} reason=timeout",
                random.range(1, 3)
            ),
        ),
        3 => (
            "INFO",
            format!(
                "gc pause young generation {} ms heap {} MiB of 512 MiB",
                random.amount(6.0, 0.4),
                random.range(120, 300)
            ),
        ),
        4 => (
            "INFO",
            format!("token renewed expires_in={}", random.range(3_500, 3_600)),
        ),
        _ => (
            "WARN",
            format!(
                "request rejected status=404 path=/api/items/{}",
                random.range(1_000, 99_999)
            ),
        ),
    }
}

/// What pods write on a quiet day.
pub(super) fn noise(period: &Period<'_>, lines: &mut Lines) {
    let Period {
        topology,
        groups,
        from,
        to,
        ..
    } = *period;
    for pod in &topology.pods {
        let mut random = period.random(&format!("pod {}", pod.name));
        for time in random.arrivals(16.0, from, to) {
            let log = logger_line(time, "INFO", &request(&mut random, pod.container));
            lines.push(
                &groups.containers,
                &pod.stream,
                time,
                container_line(pod, time, "stdout", &log),
            );
        }
        for time in random.arrivals(2.5, from, to) {
            let (level, text) = background(&mut random);
            let log = logger_line(time, level, &text);
            lines.push(
                &groups.containers,
                &pod.stream,
                time,
                container_line(pod, time, "stdout", &log),
            );
        }
        // The kubelet probes every ten seconds; one probe in six is logged.
        for time in random.arrivals(1.0, from, to) {
            let log = logger_line(time, "DEBUG", "probe path=/healthz status=200");
            lines.push(
                &groups.containers,
                &pod.stream,
                time,
                container_line(pod, time, "stdout", &log),
            );
        }
    }
}
