//! Who may do what: typed statements for the platform, and an evaluator that answers "may role R do
//! A on X" for its tests.
//!
//! A statement names its actions from [`action`]'s list and its resources as expressions. There is no
//! way to write an action with a wildcard; a resource `*` needs a reason and is for actions where AWS
//! allows nothing narrower.

pub mod action;
pub mod compare;
pub mod condition;
pub mod decide;
pub mod document;
pub mod pattern;
pub mod statement;

pub use action::Action;
pub use compare::Context;
pub use condition::{Condition, Operator};
pub use decide::{Caller, Decision, Policies, Request, decide};
pub use document::Document;
pub use statement::{Effect, IdentityPolicy, Principal, ResourcePolicy, Statement, trust};
