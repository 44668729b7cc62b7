//! Values on the wire: what is secret, unknown or a file stays so; nothing that arrives panics.

use proptest::prelude::*;
use proptest::test_runner::RngSeed;

use super::*;

fn config() -> ProptestConfig {
    ProptestConfig {
        cases: 512,
        rng_seed: RngSeed::Fixed(11),
        failure_persistence: None,
        ..ProptestConfig::default()
    }
}

/// Whatever an engine could send: any tree, with the protocol's own words in odd places.
fn any_value() -> impl Strategy<Value = Value> {
    let word = prop_oneof![
        any::<String>(),
        proptest::sample::select(UNKNOWN.to_vec()).prop_map(str::to_owned),
        proptest::sample::select(vec![SECRET, RESOURCE, OUTPUT, ASSET, ARCHIVE])
            .prop_map(str::to_owned),
    ];
    let leaf = prop_oneof![
        Just(Value { kind: None }),
        any::<i32>().prop_map(|number| of(Kind::NullValue(number))),
        any::<bool>().prop_map(|flag| of(Kind::BoolValue(flag))),
        any::<f64>().prop_map(|number| of(Kind::NumberValue(number))),
        word.clone().prop_map(|text| of(Kind::StringValue(text))),
    ];
    leaf.prop_recursive(5, 64, 5, move |inner| {
        let key = prop_oneof![
            proptest::sample::select(vec![
                SIGNATURE, "value", "secret", "path", "text", "id", "urn"
            ])
            .prop_map(str::to_owned),
            "[a-z]{1,4}".prop_map(String::from),
        ];
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4)
                .prop_map(|values| of(Kind::ListValue(ListValue { values }))),
            prop::collection::btree_map(key, inner.clone(), 0..5).prop_map(|fields| of(
                Kind::StructValue(Struct {
                    fields: fields.into_iter().collect()
                })
            )),
            (word.clone(), inner).prop_map(|(signature, value)| {
                let fields = [
                    (SIGNATURE.to_owned(), string(&signature)),
                    ("value".to_owned(), value),
                ];
                of(Kind::StructValue(Struct {
                    fields: fields.into_iter().collect(),
                }))
            }),
        ]
    })
}

/// Any value that a graph can hold.
fn evaluated() -> impl Strategy<Value = Evaluated> {
    let leaf = prop_oneof![
        any::<bool>().prop_map(Evaluated::Bool),
        (-9_007_199_254_740_992_i64..=9_007_199_254_740_992).prop_map(Evaluated::Integer),
        (-1.0e9..1.0e9_f64)
            .prop_filter("whole numbers are integers", |number| number.fract() != 0.0)
            .prop_map(Evaluated::Number),
        any::<String>().prop_map(Evaluated::String),
        Just(Evaluated::Unknown),
        "[a-z/]{1,9}".prop_map(Evaluated::Archive),
        "[a-z/]{1,9}".prop_map(|path| Evaluated::Asset(AssetSource::Path(path))),
        any::<String>().prop_map(|text| Evaluated::Asset(AssetSource::Text(text))),
    ];
    leaf.prop_recursive(4, 40, 4, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(Evaluated::List),
            prop::collection::btree_map("[a-z]{1,4}", inner.clone(), 0..4)
                .prop_map(Evaluated::Object),
            inner.prop_map(Evaluated::into_secret),
        ]
    })
}

proptest! {
    #![proptest_config(config())]

    #[test]
    fn proptest_whatever_the_engine_sends_has_a_value(value in any_value()) {
        let decoded = decode(&value);
        // And what was decoded can be sent again and means the same.
        if !matches!(decoded, Evaluated::Null) && !has_null(&decoded) {
            prop_assert_eq!(decode(&encode(&decoded)), decoded);
        }
    }

    #[test]
    fn proptest_a_value_survives_the_wire(value in evaluated()) {
        prop_assert_eq!(decode(&encode(&value)), value);
    }
}

fn has_null(value: &Evaluated) -> bool {
    match value {
        Evaluated::Null => true,
        Evaluated::List(items) => items.iter().any(has_null),
        Evaluated::Object(map) => map.values().any(has_null),
        Evaluated::Secret(inner) => has_null(inner),
        _ => false,
    }
}

fn text_of(object: &Struct, key: &str) -> String {
    text_field(object, key).unwrap().to_owned()
}

fn struct_of(value: Value) -> Struct {
    match value.kind {
        Some(Kind::StructValue(object)) => object,
        other => panic!("not an object: {other:?}"),
    }
}

#[test]
fn an_archive_is_an_archive_and_an_asset_an_asset() {
    let archive = struct_of(encode(&Evaluated::Archive("dist/a.zip".into())));
    assert_eq!(text_of(&archive, SIGNATURE), ARCHIVE);
    assert_eq!(text_of(&archive, "path"), "dist/a.zip");
    let asset = struct_of(encode(&Evaluated::Asset(AssetSource::Text("hello".into()))));
    assert_eq!(text_of(&asset, SIGNATURE), ASSET);
    assert_eq!(text_of(&asset, "text"), "hello");
}

#[test]
fn a_secret_keeps_its_wrapper_even_while_it_is_unknown() {
    let secret = struct_of(encode(&Evaluated::Unknown.into_secret()));
    assert_eq!(text_of(&secret, SIGNATURE), SECRET);
    assert_eq!(text_of(&secret, "value"), UNKNOWN[0]);
}

#[test]
fn every_kind_of_unknown_is_unknown() {
    for text in UNKNOWN {
        assert_eq!(decode(&string(text)), Evaluated::Unknown);
    }
}

#[test]
fn an_output_value_is_its_value() {
    let known = signed(
        OUTPUT,
        [
            ("value", string("v")),
            ("secret", of(Kind::BoolValue(true))),
        ],
    );
    assert_eq!(decode(&known), Evaluated::String("v".into()).into_secret());
    assert_eq!(decode(&signed(OUTPUT, [])), Evaluated::Unknown);
}

#[test]
fn a_reference_is_the_id_of_its_resource() {
    let reference = |id: &str| signed(RESOURCE, [("urn", string("urn:x")), ("id", string(id))]);
    assert_eq!(
        decode(&reference("vpc-1")),
        Evaluated::String("vpc-1".into())
    );
    assert_eq!(decode(&reference("")), Evaluated::Unknown);
    assert_eq!(decode(&reference(UNKNOWN[0])), Evaluated::Unknown);
}

#[test]
fn what_is_too_deep_is_unknown() {
    let mut value = string("bottom");
    for _ in 0..10_000 {
        value = of(Kind::ListValue(ListValue {
            values: vec![value],
        }));
    }
    let mut decoded = &decode(&value);
    let mut depth = 0;
    while let Evaluated::List(items) = decoded {
        decoded = &items[0];
        depth += 1;
    }
    assert_eq!(*decoded, Evaluated::Unknown);
    assert!(depth <= DEEPEST + 1);
    // Dropping a tree this deep recurses as well: taken apart by hand.
    while let Some(Kind::ListValue(mut list)) = value.kind.take() {
        value = list.values.pop().unwrap_or_default();
    }
}
