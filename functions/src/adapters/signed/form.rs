//! JSON parameters as the form of a Query API: lists are `Name.1` for EC2, `Name.member.1` elsewhere.

use serde_json::Value;

use super::Service;

/// The body of the call.
pub(super) fn encode(service: Service, action: &str, parameters: &Value) -> String {
    let mut pairs = vec![
        ("Action".to_owned(), action.to_owned()),
        ("Version".to_owned(), service.query_version().to_owned()),
    ];
    flatten(service, String::new(), parameters, &mut pairs);
    pairs
        .iter()
        .map(|(name, value)| {
            format!(
                "{}={}",
                super::endpoint::path_segment(name),
                super::endpoint::path_segment(value)
            )
        })
        .collect::<Vec<_>>()
        .join("&")
}

fn flatten(service: Service, name: String, value: &Value, pairs: &mut Vec<(String, String)>) {
    let within = |part: &str| {
        if name.is_empty() {
            part.to_owned()
        } else {
            format!("{name}.{part}")
        }
    };
    match value {
        Value::Null => {}
        Value::Object(fields) => {
            for (field, value) in fields {
                flatten(service, within(field), value, pairs);
            }
        }
        Value::Array(values) => {
            for (index, value) in values.iter().enumerate() {
                let part = match service {
                    Service::Ec2 => (index + 1).to_string(),
                    _ => format!("member.{}", index + 1),
                };
                flatten(service, within(&part), value, pairs);
            }
        }
        Value::String(text) => pairs.push((name, text.clone())),
        Value::Bool(_) | Value::Number(_) => pairs.push((name, value.to_string())),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn nested_parameters_are_flattened_by_each_api_s_rule() {
        let parameters =
            json!({"GroupId": ["sg-1", "sg-2"], "PortRange": {"From": 22}, "Egress": false});
        assert_eq!(
            encode(Service::Ec2, "Do", &parameters),
            "Action=Do&Version=2016-11-15&GroupId.1=sg-1&GroupId.2=sg-2&PortRange.From=22&Egress=false"
        );
        assert_eq!(
            encode(Service::Autoscaling, "Do", &json!({"Ids": ["a b"]})),
            "Action=Do&Version=2011-01-01&Ids.member.1=a%20b"
        );
    }
}
