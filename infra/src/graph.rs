//! The resource graph as data: resources, their inputs as expressions over other resources'
//! outputs, and the options an engine honours. Dependencies are derived from the expressions.
//!
//! [`program`] is how a graph is declared, [`resource`] what it holds, [`evaluate`] how a driver
//! turns an input into a value, [`json`] its wire form, [`validate`] what the compiler cannot see.

pub mod document;
pub mod evaluate;
pub mod expr;
pub mod json;
pub mod key;
pub mod program;
pub mod resource;
pub mod validate;
pub mod value;

pub use document::Document;
pub use evaluate::{EvaluateError, Evaluated, Outputs, evaluate};
pub use expr::{Archive, Asset, Expr, json, text_of};
pub use key::{Key, Path, Segment};
pub use program::{Args, Handle, Program, Scope};
pub use resource::{
    Alias, AliasParent, CustomTimeouts, Graph, HiddenDependency, Inputs, Options, Resource,
};
pub use validate::{Problem, Problems};
pub use value::{AssetSource, Invoke, Value};
