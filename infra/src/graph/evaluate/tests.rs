//! What evaluation promises to drivers.

use std::collections::BTreeMap;

use proptest::prelude::*;

use super::*;
use crate::graph::value::tests::{config, value};
use crate::text;

/// Knows the outputs it is given, everything else is unknown.
#[derive(Default)]
struct Known(BTreeMap<String, Evaluated>);

impl Outputs for Known {
    fn output(&self, resource: &Key, path: &Path) -> Result<Evaluated, EvaluateError> {
        let known = self.0.get(&format!("{resource}.{path}"));
        Ok(known.cloned().unwrap_or(Evaluated::Unknown))
    }

    fn invoke(&self, _: &Invoke, args: &Evaluated) -> Result<Evaluated, EvaluateError> {
        assert!(!args.has_unknown(), "never invoke with unknown arguments");
        Ok(Evaluated::Unknown)
    }

    fn config(&self, key: &str) -> Result<Evaluated, EvaluateError> {
        Ok(Evaluated::String(key.to_owned()).into_secret())
    }
}

fn reference(name: &str) -> Value {
    Value::Ref {
        resource: Key::new("t", name),
        path: Path::property("arn"),
    }
}

fn known() -> Known {
    Known(BTreeMap::from([
        ("t::a.arn".into(), Evaluated::String("A".into())),
        (
            "t::s.arn".into(),
            Evaluated::String("S".into()).into_secret(),
        ),
    ]))
}

#[test]
fn a_text_with_something_unknown_is_unknown_as_a_whole() {
    let both = Value::concat([reference("a"), "/".into(), reference("later")]);
    assert_eq!(evaluate(&both, &known()).unwrap(), Evaluated::Unknown);
    let one: Value = text!(Expr::<String>::from("x"), reference("a"), 7).into();
    assert_eq!(
        evaluate(&one, &known()).unwrap(),
        Evaluated::String("xA7".into())
    );
}

use crate::graph::Expr;

#[test]
fn a_secret_inside_a_text_or_document_makes_all_of_it_a_secret() {
    let text = Value::concat(["x".into(), reference("s")]);
    assert_eq!(
        evaluate(&text, &known()).unwrap(),
        Evaluated::String("xS".into()).into_secret()
    );
    let document = Value::Json(Box::new(crate::object! { "k" => reference("s") }));
    assert_eq!(
        evaluate(&document, &known()).unwrap(),
        Evaluated::String("{\"k\":\"S\"}".into()).into_secret()
    );
    let unknown = Value::Json(Box::new(crate::list![reference("s"), reference("later")]));
    assert_eq!(
        evaluate(&unknown, &known()).unwrap(),
        Evaluated::Unknown.into_secret()
    );
}

#[test]
fn an_object_keeps_its_unknown_part_apart() {
    let object = crate::object! { "a" => reference("a"), "b" => reference("later") };
    let evaluated = evaluate(&object, &known()).unwrap();
    assert_eq!(
        evaluated.at(&"b".parse().unwrap()),
        Some(Evaluated::Unknown)
    );
    assert_eq!(
        evaluated.at(&"a".parse().unwrap()),
        Some(Evaluated::String("A".into()))
    );
    assert_eq!(evaluated.at(&"c".parse().unwrap()), None);
    assert_eq!(evaluated.to_json().unwrap(), None);
}

#[test]
fn a_list_cannot_be_part_of_a_text() {
    let text = Value::Concat(vec![crate::list![1]]);
    assert_eq!(
        evaluate(&text, &known()),
        Err(EvaluateError::NotText("list"))
    );
    let document = Value::Json(Box::new(Value::Archive("x".into())));
    assert_eq!(
        evaluate(&document, &known()),
        Err(EvaluateError::NotJson("archive"))
    );
}

proptest! {
    #![proptest_config(config())]
    #[test]
    fn proptest_only_what_refers_to_something_is_unknown(tree in value()) {
        // Nothing is known: whatever evaluates without an unknown inside refers to nothing, and
        // whatever refers to nothing evaluates without one.
        if let Ok(evaluated) = evaluate(&tree, &Known::default()) {
            let mut open = false;
            tree.walk(&mut |v| open |= matches!(v, Value::Ref { .. } | Value::Invoke(_)));
            prop_assert_eq!(evaluated.has_unknown(), open);
        }
    }

    #[test]
    fn proptest_a_secret_never_comes_out_in_clear(tree in value()) {
        let hidden = Value::Secret(Box::new(tree));
        if let Ok(evaluated) = evaluate(&hidden, &Known::default()) {
            prop_assert!(matches!(evaluated, Evaluated::Secret(_)));
        }
    }
}
