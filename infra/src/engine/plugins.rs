//! Which version of a provider's plugin a resource type needs.

/// The Kubernetes provider, for the few objects that node remediation needs.
const KUBERNETES: &str = "4.18.2";

/// The plugin's version for a type or function token; empty where the engine itself is the provider.
pub fn version(token: &str) -> &'static str {
    let package = match token.split_once(':') {
        Some(("pulumi", rest)) => rest.strip_prefix("providers:").unwrap_or_default(),
        Some((package, _)) => package,
        None => "",
    };
    match package {
        "aws" => &crate::schema::aws().version,
        "kubernetes" => KUBERNETES,
        _ => "",
    }
}

#[cfg(test)]
mod tests {
    use super::version;

    #[test]
    fn a_type_and_its_provider_have_one_version() {
        assert_eq!(version("aws:s3/bucket:Bucket"), "7.51.1");
        assert_eq!(version("pulumi:providers:aws"), "7.51.1");
        assert_eq!(
            version("pulumi:providers:kubernetes"),
            version("kubernetes:core/v1:Namespace")
        );
        assert_eq!(version("pulumi:pulumi:StackReference"), "");
        assert_eq!(version("aiops:platform:Network"), "");
    }
}
