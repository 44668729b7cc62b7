//! A server on the loopback that gives every request the same answer and keeps what it was asked: as EKS
//! in plain HTTP/1.1, as a cluster's API in HTTP/2 over TLS, which is what those agree upon.

use std::net::SocketAddr;
use std::sync::{Arc, Mutex};

use http::{Request, Response};
use rustls::ServerConfig;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio_rustls::TlsAcceptor;

/// What happened at a server.
#[derive(Debug, Default)]
struct Seen {
    connections: usize,
    asked: Vec<Request<String>>,
}

/// The server; it listens until its runtime ends.
pub(crate) struct Server {
    pub(crate) address: SocketAddr,
    seen: Arc<Mutex<Seen>>,
}

impl Server {
    pub(crate) async fn start(tls: Option<Arc<ServerConfig>>, answer: Response<String>) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let seen = Arc::new(Mutex::new(Seen::default()));
        let kept = Arc::clone(&seen);
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                kept.lock().unwrap().connections += 1;
                let (kept, answer) = (Arc::clone(&kept), answer.clone());
                match tls.clone() {
                    None => tokio::spawn(http1(stream, kept, answer)),
                    Some(tls) => tokio::spawn(http2(tls, stream, kept, answer)),
                };
            }
        });
        Self { address, seen }
    }

    pub(crate) fn asked(&self) -> Vec<Request<String>> {
        self.seen.lock().unwrap().asked.clone()
    }

    pub(crate) fn connections(&self) -> usize {
        self.seen.lock().unwrap().connections
    }
}

/// Answers until the other side has gone. EKS is asked nothing that has a body.
async fn http1(
    mut stream: TcpStream,
    seen: Arc<Mutex<Seen>>,
    answer: Response<String>,
) -> Option<()> {
    loop {
        let mut bytes = Vec::new();
        while !bytes.ends_with(b"\r\n\r\n") {
            if stream.read_buf(&mut bytes).await.ok()? == 0 {
                return None;
            }
        }
        let head = String::from_utf8(bytes).ok()?;
        let mut first = head.lines().next()?.split(' ');
        let request = Request::builder().method(first.next()?).uri(first.next()?);
        let headers = head.lines().filter_map(|line| line.split_once(": "));
        let request = headers.fold(request, |request, (name, value)| {
            request.header(name, value)
        });
        seen.lock()
            .unwrap()
            .asked
            .push(request.body(String::new()).ok()?);
        let (status, body) = (answer.status(), answer.body());
        let answer = format!(
            "HTTP/1.1 {status}\r\ncontent-length: {}\r\n\r\n{body}",
            body.len()
        );
        stream.write_all(answer.as_bytes()).await.ok()?;
    }
}

/// Answers until the other side has gone, if it wants to speak to a server of this certificate.
async fn http2(
    tls: Arc<ServerConfig>,
    stream: TcpStream,
    seen: Arc<Mutex<Seen>>,
    answer: Response<String>,
) -> Option<()> {
    let stream = TlsAcceptor::from(tls).accept(stream).await.ok()?;
    let mut connection = h2::server::handshake(stream).await.ok()?;
    while let Some(Ok((request, mut respond))) = connection.accept().await {
        let (seen, answer) = (Arc::clone(&seen), answer.clone());
        // Beside the connection, which brings the body.
        tokio::spawn(async move {
            let (head, mut body) = request.into_parts();
            let mut bytes = Vec::new();
            while let Some(Ok(chunk)) = body.data().await {
                bytes.extend_from_slice(&chunk);
            }
            let body = String::from_utf8(bytes).ok()?;
            seen.lock()
                .unwrap()
                .asked
                .push(Request::from_parts(head, body));
            let (head, body) = answer.into_parts();
            let mut sent = respond
                .send_response(Response::from_parts(head, ()), false)
                .ok()?;
            sent.send_data(body.into(), true).ok()
        });
    }
    None
}
