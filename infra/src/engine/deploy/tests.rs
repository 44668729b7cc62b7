//! Deployments against the recorder, in virtual time.

use std::time::Duration;

use super::*;
use crate::engine::recorder::{Behaviour, Record, Recorder};
use crate::graph::{Alias, AliasParent, HiddenDependency, Inputs, Key, Options, Path};

fn environment(parallel: Option<usize>, preview: bool) -> Environment {
    Environment {
        monitor: String::new(),
        engine: String::new(),
        project: "aiops".into(),
        stack: "dev".into(),
        preview,
        parallel,
        config: BTreeMap::from([("aiops:token".to_owned(), "hush".to_owned())]),
        secret_keys: Default::default(),
    }
}

fn resource<const N: usize>(name: &str, inputs: [(&str, Value); N]) -> Resource {
    Resource {
        name: name.into(),
        kind: "aws:x/y:Y".into(),
        parent: None,
        inputs: inputs
            .into_iter()
            .map(|(name, value)| (name.to_owned(), value))
            .collect(),
        options: Options::default(),
    }
}

fn key(name: &str) -> Key {
    Key::new("aws:x/y:Y", name)
}

fn arn(name: &str) -> Value {
    Value::Ref {
        resource: key(name),
        path: Path::property("arn"),
    }
}

fn component(name: &str, parent: Option<&str>) -> Resource {
    Resource {
        name: name.into(),
        kind: "aiops:platform:Part".into(),
        parent: parent.map(|name| Key::new("aiops:platform:Part", name)),
        inputs: Inputs::new(),
        options: Options::default(),
    }
}

fn within(mut resource: Resource, part: &str) -> Resource {
    resource.parent = Some(Key::new("aiops:platform:Part", part));
    resource
}

fn graph(resources: Vec<Resource>) -> Graph {
    Graph {
        stack: "dev".into(),
        resources,
        ..Graph::default()
    }
}

async fn run(
    graph: Graph,
    environment: Environment,
    behaviour: Behaviour,
) -> (Result<Deployed, DeployError>, Record) {
    let recorder = Arc::new(Recorder::new(behaviour));
    let result = deploy(
        Arc::new(graph),
        &environment,
        Arc::clone(&recorder) as Arc<dyn Monitor>,
        recorder.as_ref(),
    )
    .await;
    (result, recorder.record())
}

fn registration<'a>(record: &'a Record, name: &str) -> &'a Registration {
    &record
        .registrations
        .iter()
        .find(|(_, registration)| registration.name == name)
        .unwrap()
        .1
}

#[tokio::test(start_paused = true)]
async fn the_stack_comes_first_and_is_the_parent() {
    let (result, record) = run(
        graph(vec![resource("a", [])]),
        environment(None, false),
        Behaviour::default(),
    )
    .await;
    let deployed = result.unwrap();
    let (urn, stack) = &record.registrations[0];
    assert_eq!(
        (stack.kind.as_str(), stack.name.as_str()),
        (STACK_TYPE, "aiops-dev")
    );
    assert!(!stack.custom);
    assert_eq!(record.root.as_ref(), Some(urn));
    assert_eq!(&deployed.stack_urn, urn);
    assert_eq!(registration(&record, "a").parent.as_ref(), Some(urn));
    assert!(record.shut_down);
    assert_eq!(record.outputs.last().unwrap().0, *urn, "exports come last");
}

#[tokio::test(start_paused = true)]
async fn dependencies_follow_from_the_expressions_by_property() {
    let (result, record) = run(
        graph(vec![
            resource("a", []),
            resource("b", []),
            resource(
                "c",
                [
                    ("one", arn("a")),
                    ("two", Value::List(vec![arn("a"), arn("b")])),
                    ("three", "text".into()),
                ],
            ),
        ]),
        environment(None, false),
        Behaviour::default(),
    )
    .await;
    result.unwrap();
    let urn = |name: &str| format!("urn:aws:x/y:Y::{name}");
    let c = registration(&record, "c");
    assert_eq!(c.dependencies, BTreeSet::from([urn("a"), urn("b")]));
    assert_eq!(
        c.property_dependencies,
        BTreeMap::from([
            ("one".to_owned(), BTreeSet::from([urn("a")])),
            ("two".to_owned(), BTreeSet::from([urn("a"), urn("b")]))
        ])
    );
    assert_eq!(c.inputs["one"], Evaluated::String("arn:a".into()));
    assert_eq!(record.ended.last().unwrap(), "c");
}

#[tokio::test(start_paused = true)]
async fn a_hidden_dependency_on_a_component_is_one_on_everything_inside() {
    let mut late = resource("late", []);
    late.options.depends_on.push(HiddenDependency {
        resource: Key::new("aiops:platform:Part", "outer"),
        reason: "test".into(),
    });
    let (result, record) = run(
        graph(vec![
            component("outer", None),
            component("inner", Some("outer")),
            within(resource("a", []), "outer"),
            within(resource("b", []), "inner"),
            late,
        ]),
        environment(None, false),
        Behaviour {
            latency: Duration::from_millis(50),
            ..Behaviour::default()
        },
    )
    .await;
    result.unwrap();
    let late = registration(&record, "late");
    assert_eq!(
        late.dependencies,
        BTreeSet::from(["urn:aws:x/y:Y::a".to_owned(), "urn:aws:x/y:Y::b".to_owned()])
    );
    assert!(late.property_dependencies.is_empty());
    assert_eq!(record.ended.last().unwrap(), "late");
    let closed: Vec<&str> = record.outputs.iter().map(|(urn, _)| urn.as_str()).collect();
    assert!(closed.contains(&"urn:aiops:platform:Part::outer"));
    assert!(closed.contains(&"urn:aiops:platform:Part::inner"));
}

#[tokio::test(start_paused = true)]
async fn in_a_preview_what_is_not_known_is_never_sent_as_known() {
    let url = Value::concat(["https://".into(), arn("a"), "/x".into()]);
    let document = Value::Json(Box::new(Value::Object(BTreeMap::from([(
        "id".to_owned(),
        arn("a"),
    )]))));
    let id = Value::Ref {
        resource: key("a"),
        path: Path::property("id"),
    };
    let secret = Value::Secret(Box::new(arn("a")));
    let (result, record) = run(
        graph(vec![
            resource("a", [("known", "yes".into())]),
            resource(
                "b",
                [
                    ("url", url),
                    ("document", document),
                    ("id", id),
                    ("list", Value::List(vec!["x".into(), arn("a")])),
                    ("secret", secret),
                ],
            ),
        ]),
        environment(None, true),
        Behaviour {
            preview: true,
            ..Behaviour::default()
        },
    )
    .await;
    result.unwrap();
    let b = registration(&record, "b");
    for name in ["url", "document", "id"] {
        assert_eq!(b.inputs[name], Evaluated::Unknown, "{name}");
    }
    assert_eq!(
        b.inputs["list"],
        Evaluated::List(vec![Evaluated::String("x".into()), Evaluated::Unknown])
    );
    assert_eq!(b.inputs["secret"], Evaluated::Unknown.into_secret());
}

#[tokio::test(start_paused = true)]
async fn secrets_stay_secret_to_the_exports() {
    let token = Value::Secret(Box::new(Value::Config("aiops:token".into())));
    let mut graph = graph(vec![resource(
        "a",
        [("header", Value::concat(["Bearer ".into(), token.clone()]))],
    )]);
    graph.exports.insert(
        "token".into(),
        Value::Json(Box::new(Value::List(vec![token]))),
    );
    graph.exports.insert(
        "header".into(),
        Value::Ref {
            resource: key("a"),
            path: Path::property("header"),
        },
    );
    let (result, record) = run(graph, environment(None, false), Behaviour::default()).await;
    result.unwrap();
    let header = Evaluated::String("Bearer hush".into()).into_secret();
    assert_eq!(registration(&record, "a").inputs["header"], header);
    let exports = &record.outputs.last().unwrap().1;
    assert_eq!(
        exports["token"],
        Evaluated::String("[\"hush\"]".into()).into_secret()
    );
    assert_eq!(exports["header"], header);
}

fn account(of: Value) -> Value {
    Value::Invoke(Invoke {
        token: "aws:index/f:f".into(),
        args: BTreeMap::from([("of".to_owned(), of)]),
        path: Path::property("accountId"),
    })
}

fn with_account() -> Behaviour {
    let result = Evaluated::Object(BTreeMap::from([(
        "accountId".to_owned(),
        Evaluated::String("1".into()),
    )]));
    Behaviour {
        invokes: BTreeMap::from([("aws:index/f:f".to_owned(), result)]),
        ..Behaviour::default()
    }
}

#[tokio::test(start_paused = true)]
async fn a_data_source_is_called_once_and_never_with_unknown_arguments() {
    let resources = || {
        vec![
            resource("a", [("x", account("me".into()))]),
            resource("b", [("x", account("me".into()))]),
            resource("c", [("x", account(arn("a")))]),
        ]
    };
    let (result, record) = run(graph(resources()), environment(None, false), with_account()).await;
    result.unwrap();
    assert_eq!(record.invokes.len(), 2);
    assert_eq!(
        registration(&record, "c").inputs["x"],
        Evaluated::String("1".into())
    );
    assert!(
        registration(&record, "c")
            .dependencies
            .contains("urn:aws:x/y:Y::a")
    );
    let preview = Behaviour {
        preview: true,
        ..with_account()
    };
    let (result, record) = run(graph(resources()), environment(None, true), preview).await;
    result.unwrap();
    assert_eq!(
        record.invokes.len(),
        1,
        "the argument of the second is not known"
    );
    assert_eq!(registration(&record, "c").inputs["x"], Evaluated::Unknown);
}

#[tokio::test(start_paused = true)]
async fn options_reach_the_engine() {
    let mut provider = resource("cluster", []);
    provider.kind = "pulumi:providers:kubernetes".into();
    let mut all = resource("all", []);
    all.options = Options {
        protect: true,
        ignore_changes: vec!["desired".into()],
        delete_before_replace: true,
        replace_on_changes: vec!["name".into()],
        aliases: vec![Alias {
            name: Some("old".into()),
            parent: Some(AliasParent::Stack),
            ..Alias::default()
        }],
        import_id: Some("i-1".into()),
        retain_on_delete: true,
        additional_secret_outputs: vec!["password".into()],
        provider: Some(Key::new("pulumi:providers:kubernetes", "cluster")),
        ..Options::default()
    };
    let (result, record) = run(
        graph(vec![provider, all]),
        environment(None, false),
        Behaviour::default(),
    )
    .await;
    result.unwrap();
    let all = registration(&record, "all");
    assert!(all.protect && all.delete_before_replace && all.retain_on_delete && all.custom);
    assert_eq!(all.ignore_changes, ["desired"]);
    assert_eq!(all.replace_on_changes, ["name"]);
    assert_eq!(all.aliases, ["urn:pulumi:dev::aiops::aws:x/y:Y::old"]);
    assert_eq!(all.import_id.as_deref(), Some("i-1"));
    assert_eq!(all.additional_secret_outputs, ["password"]);
    assert_eq!(
        all.provider.as_deref(),
        Some("urn:pulumi:providers:kubernetes::cluster::cluster-id")
    );
    assert_eq!(all.version, "7.51.1");
}

#[tokio::test(start_paused = true)]
async fn a_reference_to_another_stack_is_read_not_registered() {
    let mut other = resource("base", [("name", "org/base/prod".into())]);
    other.kind = STACK_REFERENCE.into();
    let vpc = Value::Ref {
        resource: other.key(),
        path: "outputs.vpcId".parse().unwrap(),
    };
    let outputs = Evaluated::Object(BTreeMap::from([(
        "vpcId".to_owned(),
        Evaluated::String("vpc-1".into()),
    )]));
    let behaviour = Behaviour {
        outputs: BTreeMap::from([(
            STACK_REFERENCE.to_owned(),
            BTreeMap::from([("outputs".to_owned(), outputs)]),
        )]),
        ..Behaviour::default()
    };
    let (result, record) = run(
        graph(vec![other, resource("a", [("vpc", vpc)])]),
        environment(None, false),
        behaviour,
    )
    .await;
    result.unwrap();
    assert_eq!(record.readings[0].id, "org/base/prod");
    assert_eq!(
        registration(&record, "a").inputs["vpc"],
        Evaluated::String("vpc-1".into())
    );
}

#[tokio::test(start_paused = true)]
async fn a_refusal_stops_the_rest_and_names_the_resource() {
    let (result, record) = run(
        graph(vec![resource("a", []), resource("b", [("x", arn("a"))])]),
        environment(None, false),
        Behaviour {
            refuse: BTreeSet::from(["a".to_owned()]),
            ..Behaviour::default()
        },
    )
    .await;
    let error = result.unwrap_err();
    assert_eq!(error.to_string(), "aws:x/y:Y::a: a was refused");
    assert_eq!(error.urn(), "urn:pulumi:dev::aiops::aws:x/y:Y::a");
    assert!(!error.is_told());
    assert!(
        record
            .registrations
            .iter()
            .all(|(_, registration)| registration.name != "b")
    );
    assert!(
        !record.shut_down,
        "the engine must not take this for the end"
    );
}

#[tokio::test(start_paused = true)]
async fn a_failure_that_the_engine_has_shown_leaves_out_only_what_needs_it() {
    let (result, record) = run(
        graph(vec![
            resource("a", []),
            resource("b", [("x", arn("a"))]),
            resource("c", [("x", arn("b"))]),
            resource("d", []),
        ]),
        environment(None, false),
        Behaviour {
            fail: BTreeSet::from(["a".to_owned()]),
            ..Behaviour::default()
        },
    )
    .await;
    let error = result.unwrap_err();
    assert!(error.is_told());
    assert!(matches!(error, DeployError::Resources(3)));
    let names: Vec<&str> = record
        .registrations
        .iter()
        .map(|(_, registration)| registration.name.as_str())
        .collect();
    assert_eq!(names, ["aiops-dev", "a", "d"]);
}

#[tokio::test(start_paused = true)]
async fn an_engine_without_secrets_is_refused() {
    let (result, record) = run(
        graph(vec![resource("a", [])]),
        environment(None, false),
        Behaviour {
            unsupported: BTreeSet::from(["secrets".to_owned()]),
            ..Behaviour::default()
        },
    )
    .await;
    assert!(result.unwrap_err().to_string().contains("too old"));
    assert!(record.registrations.is_empty());
}

#[tokio::test(start_paused = true)]
async fn a_circle_and_a_dangling_reference_touch_nothing() {
    for (resources, expected) in [
        (
            vec![
                resource("a", [("x", arn("b"))]),
                resource("b", [("x", arn("a"))]),
            ],
            "wait for each other",
        ),
        (vec![resource("a", [("x", arn("gone"))])], "is not declared"),
        (vec![resource("a", []), resource("a", [])], "declared twice"),
    ] {
        let (result, record) = run(
            graph(resources),
            environment(None, false),
            Behaviour::default(),
        )
        .await;
        let error = result.unwrap_err().to_string();
        assert!(error.contains(expected), "{error}");
        assert!(record.registrations.is_empty());
    }
}

#[tokio::test(start_paused = true)]
async fn no_more_than_allowed_are_under_way() {
    let resources: Vec<Resource> = (0..40)
        .map(|number| resource(&format!("r{number}"), []))
        .collect();
    let behaviour = Behaviour {
        latency: Duration::from_millis(50),
        ..Behaviour::default()
    };
    let start = tokio::time::Instant::now();
    let (result, record) = run(graph(resources), environment(Some(7), false), behaviour).await;
    result.unwrap();
    assert_eq!(record.most_at_once, 7);
    assert_eq!(
        start.elapsed().as_millis().div_ceil(50),
        40_u128.div_ceil(7)
    );
}
