//! What a flow says, in one word: its numbers are values that a mask would hide, so their magnitude
//! is spelled. A window's count vector then holds how many flows of which size went where, and a
//! transfer of a size never seen is a template never seen.

use aiops_domain::shape::flow::{FlowAction, FlowFormat, FlowRecord};

use crate::rules::{is_answer, is_internal};

/// The word of a flow log line: `flow-accept-egress-opened-megabytes`. One token, so that mining
/// never joins two of them.
pub(super) fn text(line: &str, format: &FlowFormat) -> String {
    let Ok(flow) = FlowRecord::parse(line, format.fitting(line)) else {
        return of_words(line);
    };
    if !flow.has_data() {
        return of_words(line);
    }
    let action = match flow.action {
        Some(FlowAction::Accept) => "accept",
        Some(FlowAction::Reject) => "reject",
        None => "unknown",
    };
    let inside = |address: Option<std::net::IpAddr>| address.is_some_and(is_internal);
    let direction = match (inside(flow.source()), inside(flow.destination())) {
        (true, true) => "inside",
        (true, false) => "egress",
        (false, true) => "ingress",
        (false, false) => "outside",
    };
    let side = if is_answer(&flow) {
        "answered"
    } else {
        "opened"
    };
    let size = magnitude(flow.bytes.unwrap_or(0));
    format!("flow-{action}-{direction}-{side}-{size}")
}

/// A line of another format, or without data, by its outcome alone.
fn of_words(line: &str) -> String {
    let outcome = line
        .split_ascii_whitespace()
        .find_map(|word| match word {
            "ACCEPT" => Some("accept"),
            "REJECT" => Some("reject"),
            "NODATA" => Some("nodata"),
            "SKIPDATA" => Some("skipdata"),
            _ => None,
        })
        .unwrap_or("unknown");
    format!("flow-{outcome}")
}

/// Coarse where flows are small and many, by powers of ten where a transfer is an event.
fn magnitude(bytes: u64) -> &'static str {
    match bytes {
        0..1_000 => "tiny",
        1_000..100_000 => "small",
        100_000..1_000_000 => "medium",
        1_000_000..10_000_000 => "megabytes",
        10_000_000..100_000_000 => "tens-of-megabytes",
        100_000_000..1_000_000_000 => "hundreds-of-megabytes",
        _ => "gigabytes",
    }
}
