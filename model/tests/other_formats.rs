//! Lines of formats and habits of speech that the masks were not written for: every statement is one
//! template, whatever its values, and no two statements share one. The lines are made.

use std::collections::{BTreeMap, BTreeSet};

use aiops_model::header::HeaderFormats;
use aiops_model::rng::Rng;
use aiops_model::{MinerConfig, TemplateMiner};

/// Statements of one system: the header, then messages. `{n}` is a number, `{s}` a small one, `{x}`
/// hex digits, `{w}` a word of many, `{ip}` an address, `{t}` a time of day.
struct System {
    name: &'static str,
    header: &'static str,
    messages: &'static [&'static str],
}

const SYSTEMS: &[System] = &[
    System {
        name: "phone",
        header: "03-17 16:13:{s2}.{n3}  1702  {n4} D PowerKeeper: ",
        messages: &[
            "acquire lock={n}, flags=0x{x}, tag=\"{w}Wake\", name=org.app.{w}, ws=null, uid={n}, pid={n}",
            "release lock={n}, flg=0x{x}, tag=\"{w}Wake\", total_time={n}ms",
            "ready=true,policy={s},wakefulness={s},summary=0x{x},uptime={n}",
            "HBM brightnessIn ={n} brightnessOut ={n}",
            "setVisible({s}) on Window{{x} u0 org.app.{w}/org.app.{w}.Main}",
            "visible is system.time.showampm and {n} left",
            "screen is turning off",
        ],
    },
    System {
        name: "servicing",
        header: "2016-09-28 04:30:{s2}, Info                  CBS    ",
        messages: &[
            "Loaded stack v6.1.{n}.{n} with core: C:\\servicing\\x86_{w}_{x}\\core.dll",
            "SQM: Requesting upload of all unsent reports. [HRESULT = 0x{x} - E_FAIL]",
            "{n}@2016/9/27:20:30:{s2}.{n3} CSI transaction @0x{x} initialised",
            "Session: {n}_{n} initialized by client {w}Agent.",
            "Read out cached applicability for package: Package_for_KB{n}~{x}~amd64~~6.1.{s}.{s}, state: {s}",
            "No startup processing required, trusted service was not set as autostart",
        ],
    },
    System {
        name: "proxy",
        header: "[10.30 16:49:{s2}] browser.exe - ",
        messages: &[
            "{w}.example.org:443 open through gate.example.net:5070 HTTPS",
            "{w}.example.org:443 close, {n} bytes sent, {n} bytes received, lifetime 00:{s2}",
            "{w}.example.org:{n} error : Could not connect through gate.example.net:5070 - connection attempt failed with error {n}",
            "could not resolve {w}.example.org",
        ],
    },
    System {
        name: "steps",
        header: "20171223-22:15:{s2}:{n3}|Steps_LSC|30002312|",
        messages: &[
            "onStandChanged {n}",
            "onExtend:{n} {s} 0 {s}",
            "getTodayTotal = {n}##{n}##{n}##{n}",
            "flush sensor data",
            "REPORT : {n} {n} {n} {n}",
            "setTodayTotal={n}",
            "calculateCaloriesWithCache total={n}",
            "screen status unknown, think screen on",
        ],
    },
    System {
        name: "desktop",
        header: "Jul  1 09:00:{s2} calvisitor-10-105-{n3} kernel[0]: ",
        messages: &[
            "en0: BSSID changed to {x2}:{x2}:{x2}:{x2}:{x2}:{x2}",
            "ARPT: {n}.{n}: wl0: setup_keepalive: interval {n}, retry {s}",
            "AirPort: Link Down on awdl0. Reason {s} (station leaving).",
            "IOThunderboltSwitch<0>(0x0)::listenerCallback - hot plug packet for switch {s} port {s}",
            "Previous sleep cause: {s}",
            "hibernate image path: /var/vm/sleepimage{s}",
        ],
    },
    System {
        name: "machine",
        header: "- {n} 2005.06.03 R02-M1-N{s}-C:J12-U{s} 2005-06-03-15.42.{s2}.{n} R02-M1-N{s}-C:J12-U{s} RAS KERNEL INFO ",
        messages: &[
            "instruction cache parity error corrected",
            "generating core.{n}",
            "CE sym {s}, at 0x{x}, mask 0x{x2}",
            "{n} double-hummer alignment exceptions",
            "ciod: failed to read message prefix on control stream (CioStream socket to {ip}:{n}",
            "iar {x} dear {x}",
        ],
    },
    System {
        name: "cluster",
        header: "{n} node-{n3} unix.hw state_change.unavailable 1077804742 1 ",
        messages: &[
            "Component State Change: Component \\042alt{s}\\042 is in the unavailable state (HWID={n})",
            "Temperature ({n3}C) exceeds warning threshold",
            "ambient={n3}",
            "Link error on broadcast tree Interconnect-0T0{s}:00:{s}:{s}",
            "PSU status ( on off )",
            "Targeting domains:node-D{s} and nodes:node-[{n3}-{n3}] child of command {n}",
        ],
    },
    System {
        name: "web gateway",
        header: "2026-08-01T12:00:{s2}.{n3}Z gateway-{x} ",
        messages: &[
            "{ip} - {w} \"GET /api/v1/items/{n}?page={s} HTTP/1.1\" 200 {n} 0.{n3}",
            "{ip} - {w} \"POST /api/v1/orders HTTP/1.1\" 201 {n} 0.{n3}",
            "upstream {w}-svc.default.svc.cluster.local:8080 timed out after {n}ms (attempt {s}/3)",
            "circuit breaker for upstream {w}-svc opened: {n} failures in {s}s",
            "config reloaded from /etc/gateway/config.yaml, generation={n}",
        ],
    },
];

const ROUNDS: usize = 60;

fn fill(pattern: &str, rng: &mut Rng) -> String {
    let mut text = String::new();
    let mut rest = pattern;
    while let Some(at) = rest.find('{') {
        let (before, from) = rest.split_at(at);
        text.push_str(before);
        let kinds = [
            ("{n}", rng.below(9_000_000).to_string()),
            ("{n3}", (100 + rng.below(900)).to_string()),
            ("{n4}", (1_000 + rng.below(9_000)).to_string()),
            ("{s}", rng.below(10).to_string()),
            ("{s2}", (10 + rng.below(50)).to_string()),
            ("{x}", format!("{:08x}", rng.below(1 << 31))),
            ("{x2}", format!("{:02x}", rng.below(256))),
            ("{w}", word(rng)),
            (
                "{ip}",
                format!("10.{}.{}.9", rng.below(250), rng.below(250)),
            ),
        ];
        match kinds
            .iter()
            .find_map(|(name, value)| Some((from.strip_prefix(name)?, value)))
        {
            Some((after, value)) => {
                text.push_str(value);
                rest = after;
            }
            None => {
                text.push('{');
                rest = from.strip_prefix('{').unwrap_or_default();
            }
        }
    }
    text + rest
}

/// One of some hundred made words.
fn word(rng: &mut Rng) -> String {
    const SYLLABLES: [&str; 10] = ["ka", "lo", "mi", "ru", "te", "sa", "no", "vi", "da", "pe"];
    (0..3)
        .filter_map(|_| SYLLABLES.get(rng.below(10)))
        .copied()
        .collect()
}

#[test]
fn statements_of_other_systems_are_one_template_each() {
    let mut wrong = Vec::new();
    for system in SYSTEMS {
        let mut rng = Rng::new(7);
        let lines: Vec<(usize, String)> = (0..ROUNDS)
            .flat_map(|_| 0..system.messages.len())
            .map(|statement| {
                let message = system.messages.get(statement).copied().unwrap_or_default();
                let line = fill(system.header, &mut rng) + &fill(message, &mut rng);
                (statement, line)
            })
            .collect();
        let formats = HeaderFormats::learn(lines.iter().map(|(_, line)| line.as_str()));
        let mut miner = TemplateMiner::new(MinerConfig::default()).expect("the defaults compile");
        for (_, line) in &lines {
            miner.learn(&formats.message(line));
        }
        let miner = miner.freeze();
        let mut templates: BTreeMap<usize, BTreeSet<String>> = BTreeMap::new();
        let mut statements: BTreeMap<String, BTreeSet<usize>> = BTreeMap::new();
        for (statement, line) in &lines {
            let text = miner.template_of(&formats.message(line)).text;
            templates
                .entry(*statement)
                .or_default()
                .insert(text.clone());
            statements.entry(text).or_default().insert(*statement);
        }
        for (statement, templates) in &templates {
            if templates.len() > 1 {
                let shown: Vec<&String> = templates.iter().take(3).collect();
                wrong.push(format!(
                    "{} {statement}: {} templates, such as {shown:#?}",
                    system.name,
                    templates.len()
                ));
            }
        }
        for (text, statements) in &statements {
            if statements.len() > 1 {
                wrong.push(format!("{}: {statements:?} share `{text}`", system.name));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}
