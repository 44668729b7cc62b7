//! The calls of plans to a cluster's API, from the description that EKS gives of the cluster to the
//! request that its API reads: over TLS, with an authority of the cluster's own and a token of the role's.

#![expect(clippy::unwrap_used, reason = "a failing helper is a failing test")]

mod calls;
mod certificates;
mod server;
mod token;

const REGION: &str = "eu-west-1";
const SECRET_KEY: &str = "secret";
