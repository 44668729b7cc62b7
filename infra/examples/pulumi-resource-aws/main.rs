//! A provider that touches nothing: on PATH as `pulumi-resource-aws`, it lets the whole of `pulumi
//! preview`, `up` and `destroy` run offline. It checks every input against the schema that the program
//! is built against, and makes up outputs.
//!
//! Named `pulumi-resource-kubernetes` it takes any object. `AIOPS_STUB_FAIL` names a resource whose
//! creation fails. For tests only.

mod outputs;
mod provider;
mod validate;

use std::net::SocketAddr;

use aiops_infra::engine::grpc::LARGEST_MESSAGE_BYTES;
use pulumi_gestalt_proto::pulumi::pulumirpc::resource_provider_server::ResourceProviderServer;
use tonic::transport::Server;
use tonic::transport::server::TcpIncoming;

use provider::Stub;

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    let program = std::env::args().next().unwrap_or_default();
    let incoming = TcpIncoming::bind(SocketAddr::from(([127, 0, 0, 1], 0)))?;
    // The engine reads the port from the first line of standard output.
    use std::io::Write as _;
    writeln!(std::io::stdout(), "{}", incoming.local_addr()?.port())?;
    std::io::stdout().flush()?;
    let failing = std::env::var("AIOPS_STUB_FAIL").ok();
    let stub = Stub::new(!program.ends_with("kubernetes"), failing);
    let service = ResourceProviderServer::new(stub)
        .max_decoding_message_size(LARGEST_MESSAGE_BYTES)
        .max_encoding_message_size(LARGEST_MESSAGE_BYTES);
    Server::builder()
        .add_service(service)
        .serve_with_incoming(incoming)
        .await?;
    Ok(())
}
