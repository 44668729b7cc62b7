//! The pages of `docs/platform`, a page per concern: written from the sources' own words and the
//! production graph, so that they cannot drift.
//!
//! After a change: `UPDATE_REFERENCE=1 cargo test -p aiops-infra --test pages`.

#![expect(clippy::unwrap_used, reason = "a failing helper is a failing test")]

#[path = "support/stacks.rs"]
mod stacks;

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::fs;

use aiops_infra::export::terraform;
use aiops_infra::graph::{Graph, Resource};
use aiops_infra::platform;

/// A page: its title, the sources whose first comment it shows, the components that it lists.
struct Page {
    file: &'static str,
    title: &'static str,
    sources: &'static [&'static str],
    components: &'static [&'static str],
}

const PAGES: [Page; 17] = [
    page(
        "network",
        "Network",
        &[
            "network",
            "network/acl",
            "network/groups",
            "network/endpoints",
            "network/flow",
        ],
        &["Network"],
    ),
    page(
        "eks",
        "Kubernetes",
        &[
            "eks",
            "eks/nodes",
            "eks/addons",
            "eks/access",
            "eks/remediation",
        ],
        &["Eks", "NodeRemediation"],
    ),
    page("compute", "Instances", &["compute", "agent"], &["Compute"]),
    page(
        "logs",
        "Log groups and subscriptions",
        &["logs"],
        &["LogGroups", "Subscriptions"],
    ),
    page("stream", "The stream", &["stream"], &["Stream"]),
    page(
        "archive",
        "Buckets and archive",
        &["archive", "buckets"],
        &["Buckets", "Archive"],
    ),
    page("lake", "The log lake", &["lake"], &["Lake"]),
    page("tables", "Tables", &["tables"], &["Tables"]),
    page(
        "functions",
        "Functions",
        &["functions", "rotation", "training"],
        &["Functions"],
    ),
    page(
        "detection",
        "Detection",
        &["detection", "detection/metrics"],
        &["Detection"],
    ),
    page(
        "workflow",
        "Workflow and remediation",
        &["workflow", "remediation"],
        &["Workflow"],
    ),
    page(
        "sagemaker",
        "SageMaker",
        &["sagemaker", "sagemaker/endpoint", "sagemaker/notebook"],
        &["Sagemaker"],
    ),
    page(
        "notify",
        "Notifications",
        &["notify", "topics"],
        &["Topics"],
    ),
    page("access", "Approvals", &["access"], &["Approvals"]),
    page("secrets", "Secrets", &["secrets"], &["Secrets"]),
    page("keys", "Keys", &["keys"], &["Keys"]),
    page(
        "observe",
        "Alarms, dashboards, budgets",
        &[
            "observe",
            "observe/alarms",
            "observe/volume",
            "observe/budget",
            "observe/dashboard",
            "observe/metrics",
        ],
        &["Observe"],
    ),
];

const fn page(
    file: &'static str,
    title: &'static str,
    sources: &'static [&'static str],
    components: &'static [&'static str],
) -> Page {
    Page {
        file,
        title,
        sources,
        components,
    }
}

/// The paragraphs of a source's first comment.
fn words(source: &str) -> Vec<String> {
    let path = stacks::root().join(format!("infra/src/platform/{source}.rs"));
    let text = fs::read_to_string(&path).unwrap_or_else(|error| panic!("{source}: {error}"));
    let comment: Vec<&str> = text
        .lines()
        .map_while(|line| line.strip_prefix("//!"))
        .map(str::trim)
        .collect();
    let paragraphs = comment.split(|line| line.is_empty());
    paragraphs.map(|lines| lines.join(" ")).collect()
}

const COUNTERPART: &str = "Coming from HCL: ";

/// The component that a resource belongs to, by its kind.
fn component(resource: &Resource) -> Option<&str> {
    resource
        .parent
        .as_ref()?
        .kind
        .strip_prefix("aiops:platform:")
}

fn short(resource: &Resource) -> String {
    let kind = resource.kind.rsplit(':').next().unwrap();
    format!("{kind} `{}`", resource.name)
}

/// The Terraform type, where Terraform has one.
fn counterpart(resource: &Resource) -> String {
    let address = terraform::address(&resource.key());
    format!("`{}`", address.split('.').next().unwrap())
}

fn text(page: &Page, graph: &Graph) -> String {
    let mut text = format!("# {}\n", page.title);
    let mut hcl = Vec::new();
    for source in page.sources {
        for paragraph in words(source) {
            match paragraph.strip_prefix(COUNTERPART) {
                Some(before) => hcl.push(before.to_owned()),
                None => write!(text, "\n{paragraph}\n").unwrap(),
            }
        }
    }
    if !hcl.is_empty() {
        text.push_str("\n## Coming from HCL\n\n");
        for paragraph in hcl {
            writeln!(text, "- {paragraph}").unwrap();
        }
    }
    let of_page: Vec<&Resource> = graph
        .resources
        .iter()
        .filter(|resource| component(resource).is_some_and(|c| page.components.contains(&c)))
        .collect();
    text.push_str("\n## In production\n\n| type | Terraform | names |\n| --- | --- | --- |\n");
    let mut types: BTreeMap<&str, (String, Vec<&str>)> = BTreeMap::new();
    for resource in of_page.iter().filter(|resource| !resource.is_component()) {
        let (_, names) = types
            .entry(&resource.kind)
            .or_insert_with(|| (counterpart(resource), Vec::new()));
        names.push(&resource.name);
    }
    for (kind, (terraform, names)) in types {
        writeln!(text, "| `{kind}` | {terraform} | {} |", names.join(", ")).unwrap();
    }
    order(&mut text, &of_page);
    text.push_str("\nConfiguration: [configuration.md](../reference/configuration.md). This page is written by `infra/tests/pages.rs`.\n");
    text
}

/// Dependencies that no reference shows, a line for each kind of them.
fn order(text: &mut String, resources: &[&Resource]) {
    let lines: BTreeSet<String> = resources
        .iter()
        .flat_map(|resource| {
            resource.options.depends_on.iter().map(|hidden| {
                let before = hidden.resource.kind.rsplit(':').next().unwrap();
                let kind = resource.kind.rsplit(':').next().unwrap();
                format!("| {kind} | {before} | {} |", hidden.reason)
            })
        })
        .collect();
    if lines.is_empty() {
        return;
    }
    text.push_str("\n## Order that no reference shows\n\n| a | waits for a | because |\n| --- | --- | --- |\n");
    for line in lines {
        writeln!(text, "{line}").unwrap();
    }
}

/// Who owns which field of what the program declares: the program ignores changes of these.
fn ownership(graph: &Graph, first: u32, last: u32) -> String {
    let mut text = String::from(
        "# Who owns which field\n\n\
         What the program declares, the next `pulumi up` restores. What somebody else changes on purpose has to be\n\
         theirs: the program ignores these fields, and remediation has objects of its own.\n\n\
         | resource | field | owner |\n| --- | --- | --- |\n",
    );
    for resource in &graph.resources {
        for field in &resource.options.ignore_changes {
            let owner = owner(resource, field);
            writeln!(text, "| {} | `{field}` | {owner} |", short(resource)).unwrap();
        }
    }
    write!(
        text,
        "\n## Objects of remediation alone\n\n\
         - Rules {first} to {last} of both network ACLs (`remediation.firstNetworkAclRule`, `.networkAclRules`): the\n  \
           program's own begin at 100.\n\
         - Snapshots of isolated instances, tagged by the remediation.\n\n\
         An isolated instance is in the group `quarantine` until the undo restores its own groups from the plan's prior\n\
         state; a deployment in between does not let it out.\n\n\
         This page is written by `infra/tests/pages.rs` from the graph.\n"
    )
    .unwrap();
    text
}

/// Whose a field is. A field without an owner here does not pass.
fn owner(resource: &Resource, field: &str) -> &'static str {
    match (resource.kind.rsplit(':').next().unwrap(), field) {
        ("NetworkAcl", "ingress" | "egress") => {
            "remediation (its rules), and the rules' own resources"
        }
        ("Parameter", "value") => "promotion and rollback of models",
        ("Instance", "vpcSecurityGroupIds") => "remediation, which isolates instances",
        ("Instance", "ami") => "the operator, who decides when an instance is replaced",
        ("Stream", "shardCount") => "remediation, where it may raise the stream's capacity",
        ("NodeGroup", "scalingConfig.desiredSize") => "remediation and autoscaling",
        (kind, field) => panic!("whose is {field} of a {kind}?"),
    }
}

#[test]
fn the_pages_say_what_the_graph_is() {
    let mut configs = stacks::configs();
    configs.retain(|config| config.stack == "prod");
    let config = configs.remove(0);
    let graph = platform::declare(&config);
    let first = config.remediation.first_network_acl_rule;
    let last = first + config.remediation.network_acl_rules - 1;
    let mut files = vec![("ownership".to_owned(), ownership(&graph, first, last))];
    let mut index = String::from("# The platform, a page per concern\n\n");
    for page in &PAGES {
        writeln!(index, "- [{}]({}.md)", page.title, page.file).unwrap();
        files.push((page.file.to_owned(), text(page, &graph)));
    }
    index.push_str("- [Who owns which field](ownership.md)\n");
    files.push(("README".to_owned(), index));
    let directory = stacks::root().join("docs/platform");
    let update = std::env::var_os("UPDATE_REFERENCE").is_some();
    fs::create_dir_all(&directory).unwrap();
    for (name, text) in files {
        let path = directory.join(format!("{name}.md"));
        if update {
            fs::write(&path, text).unwrap();
        } else {
            assert_eq!(
                fs::read_to_string(&path).unwrap_or_default(),
                text,
                "docs/platform/{name}.md is stale: UPDATE_REFERENCE=1 cargo test -p aiops-infra --test pages"
            );
        }
    }
}

#[test]
fn every_component_has_its_page() {
    let shown: BTreeSet<&str> = PAGES
        .iter()
        .flat_map(|page| page.components)
        .copied()
        .collect();
    for graph in stacks::graphs() {
        for resource in graph.resources.iter().filter(|r| r.is_component()) {
            let kind = resource.kind.strip_prefix("aiops:platform:").unwrap();
            assert!(shown.contains(kind), "{kind} is on no page");
        }
    }
}
