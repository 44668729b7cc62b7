//! Typed arguments and handles of the AWS resource types in `schema/resources.txt`, generated from
//! the provider's schema by the build script. `…Args::new` takes what is required, setters the
//! rest; declaring returns the handle, whose methods are the outputs.
//!
//! ```
//! use aiops_infra::aws::ec2::RouteArgs;
//!
//! RouteArgs::new("rtb-1").destination_cidr_block("0.0.0.0/0").gateway_id("igw-1");
//! ```
//!
//! What is required and missing, of the wrong type, or no argument at all does not build:
//!
//! ```compile_fail,E0061
//! aiops_infra::aws::ec2::RouteArgs::new();
//! ```
//!
//! ```compile_fail,E0277
//! aiops_infra::aws::ec2::RouteArgs::new(7);
//! ```
//!
//! ```compile_fail,E0599
//! aiops_infra::aws::ec2::RouteArgs::new("rtb-1").destination("0.0.0.0/0");
//! ```

mod prelude {
    pub(super) use std::collections::BTreeMap;

    pub(super) use crate::graph::{Archive, Args, Asset, Expr, Handle, Invoke, Path, Value};

    /// The property `name` of a data source's result.
    pub(super) fn invoke<T>(token: &str, args: &BTreeMap<String, Value>, name: &str) -> Expr<T> {
        Expr::trusted(Value::Invoke(Invoke {
            token: token.to_owned(),
            args: args.clone(),
            path: Path::property(name),
        }))
    }
}

pub use generated::*;

#[allow(
    unused_imports,
    clippy::all,
    reason = "generated: written for the compiler, read through the documentation"
)]
mod generated {
    use super::prelude;
    include!(concat!(env!("OUT_DIR"), "/aws.rs"));
}
