//! Authorities and certificates as a cluster has them: X.509 (RFC 5280) with ECDSA over P-256, as much
//! of it as a client looks at. The crates that make certificates bring a dozen others.

use std::net::Ipv4Addr;
use std::sync::Arc;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, PrivatePkcs8KeyDer};
use rustls::sign::SigningKey;
use rustls::{ServerConfig, SignatureScheme};

/// Every authority has the name that clusters give theirs, so that only its key tells it apart.
const AUTHORITY: &str = "kubernetes";
/// `notAfter` of what is valid, and of what was.
pub(crate) const VALID: &str = "491231235959Z";
pub(crate) const EXPIRED: &str = "210101000000Z";

// Tags of DER, and identifiers by their content.
const SEQUENCE: u8 = 0x30;
const SET: u8 = 0x31;
const INTEGER: u8 = 0x02;
const OCTETS: u8 = 0x04;
const IDENTIFIER: u8 = 0x06;
const ECDSA_WITH_SHA256: &[u8] = &[0x2a, 0x86, 0x48, 0xce, 0x3d, 0x04, 0x03, 0x02];
const COMMON_NAME: &[u8] = &[0x55, 0x04, 0x03];
const ALTERNATIVE_NAME: &[u8] = &[0x55, 0x1d, 0x11];
const BASIC_CONSTRAINTS: &[u8] = &[0x55, 0x1d, 0x13];

/// Whom a server's certificate names.
pub(crate) enum Name {
    Loopback,
    Host(&'static str),
}

/// A certificate's authority.
pub(crate) struct Authority {
    key: Arc<dyn SigningKey>,
    certificate: Vec<u8>,
}

impl Authority {
    pub(crate) fn new() -> Self {
        let (key, _) = key_pair();
        let is_authority = der(SEQUENCE, &[&der(0x01, &[&[0xff]])]);
        let extension = [
            der(IDENTIFIER, &[BASIC_CONSTRAINTS]),
            der(OCTETS, &[&is_authority]),
        ];
        let certificate = certificate(&*key, AUTHORITY, &*key, VALID, &extension.concat());
        Self { key, certificate }
    }

    /// As EKS describes it: PEM in base64.
    pub(crate) fn described(&self) -> String {
        described(&self.certificate)
    }

    /// A server of that name, with a certificate of this authority; like Kubernetes' it prefers HTTP/2.
    pub(crate) fn server(&self, name: &Name, not_after: &str) -> Arc<ServerConfig> {
        let (key, private) = key_pair();
        let name = match name {
            Name::Loopback => der(0x87, &[&Ipv4Addr::LOCALHOST.octets()]),
            Name::Host(host) => der(0x82, &[host.as_bytes()]),
        };
        let names = der(SEQUENCE, &[&name]);
        let extension = [der(IDENTIFIER, &[ALTERNATIVE_NAME]), der(OCTETS, &[&names])];
        let certificate = certificate(&*self.key, "server", &*key, not_after, &extension.concat());
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let mut config = ServerConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_no_client_auth()
            .with_single_cert(vec![CertificateDer::from(certificate)], private)
            .unwrap();
        config.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
        Arc::new(config)
    }
}

/// Anything as EKS describes an authority: PEM in base64.
pub(crate) fn described(certificate: &[u8]) -> String {
    let lines = STANDARD.encode(certificate);
    STANDARD.encode(format!(
        "-----BEGIN CERTIFICATE-----\n{lines}\n-----END CERTIFICATE-----\n"
    ))
}

fn key_pair() -> (Arc<dyn SigningKey>, PrivateKeyDer<'static>) {
    let random = ring::rand::SystemRandom::new();
    let kind = &ring::signature::ECDSA_P256_SHA256_ASN1_SIGNING;
    let pair = ring::signature::EcdsaKeyPair::generate_pkcs8(kind, &random).unwrap();
    let private = PrivateKeyDer::from(PrivatePkcs8KeyDer::from(pair.as_ref().to_vec()));
    let key = rustls::crypto::ring::sign::any_ecdsa_type(&private).unwrap();
    (key, private)
}

/// `Certificate` of RFC 5280, section 4.1, with one extension.
fn certificate(
    issuer: &dyn SigningKey,
    subject: &str,
    key: &dyn SigningKey,
    not_after: &str,
    extension: &[u8],
) -> Vec<u8> {
    let algorithm = der(SEQUENCE, &[&der(IDENTIFIER, &[ECDSA_WITH_SHA256])]);
    let to_be_signed = der(
        SEQUENCE,
        &[
            &der(0xa0, &[&der(INTEGER, &[&[2]])]), // the third version
            &der(INTEGER, &[&[1]]),
            &algorithm,
            &name(AUTHORITY),
            &der(SEQUENCE, &[&time("200101000000Z"), &time(not_after)]),
            &name(subject),
            &key.public_key().unwrap(),
            &der(0xa3, &[&der(SEQUENCE, &[&der(SEQUENCE, &[extension])])]),
        ],
    );
    let scheme = SignatureScheme::ECDSA_NISTP256_SHA256;
    let signature = issuer
        .choose_scheme(&[scheme])
        .unwrap()
        .sign(&to_be_signed)
        .unwrap();
    // A string of bits begins with how many of its last byte are not its own.
    let signature = der(0x03, &[&[0], &signature]);
    der(SEQUENCE, &[&to_be_signed, &algorithm, &signature])
}

fn name(common: &str) -> Vec<u8> {
    let parts = [
        &der(IDENTIFIER, &[COMMON_NAME])[..],
        &der(0x0c, &[common.as_bytes()]),
    ];
    der(SEQUENCE, &[&der(SET, &[&der(SEQUENCE, &parts)])])
}

fn time(text: &str) -> Vec<u8> {
    der(0x17, &[text.as_bytes()])
}

/// A value of DER (X.690): tag, length, content.
fn der(tag: u8, parts: &[&[u8]]) -> Vec<u8> {
    let content = parts.concat();
    let length = u16::try_from(content.len()).unwrap().to_be_bytes();
    let head = match length {
        [0, short @ ..0x80] => vec![tag, short],
        [0, long] => vec![tag, 0x81, long],
        [high, low] => vec![tag, 0x82, high, low],
    };
    [head, content].concat()
}
