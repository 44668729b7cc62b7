//! Rules that several keys share.

use super::field::Rule;
use super::slug::is_slug;

/// CloudWatch Logs keeps events for one of these numbers of days.
pub(super) const RETENTION_DAYS: Rule = Rule::OneOf(&[
    1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827, 2192, 2557, 2922,
    3288, 3653,
]);

pub(super) const LOG_GROUP_NAME: Rule = Rule::Text {
    expected: "a log group's name (1 to 512 of a-z A-Z 0-9 _ - / . #)",
    pattern: "^[A-Za-z0-9_/.#-]{1,512}$",
    accepts: |text| {
        (1..=512).contains(&text.len())
            && text
                .chars()
                .all(|letter| letter.is_ascii_alphanumeric() || "_-/.#".contains(letter))
    },
};

pub(super) const SLUG: Rule = Rule::Text {
    expected: "at most 24 lower case letters, digits and hyphens, beginning with a letter",
    pattern: "^[a-z]([a-z0-9-]{0,22}[a-z0-9])?$",
    accepts: is_slug,
};

/// The prefix stands before every physical name; the longest suffix and the tightest limit (a role's
/// 64, a bucket's 63 with account and region) leave it 20.
pub(super) const PREFIX: Rule = Rule::Text {
    expected: "2 to 20 lower case letters, digits and hyphens, beginning with a letter",
    pattern: "^[a-z][a-z0-9-]{0,18}[a-z0-9]$",
    accepts: |text| (2..=20).contains(&text.len()) && is_slug(text),
};

pub(super) const STACK_NAME: Rule = Rule::Text {
    expected: "another stack's full name, organization/project/stack",
    pattern: "^[A-Za-z0-9_.-]+/[A-Za-z0-9_.-]+/[A-Za-z0-9_.-]+$",
    accepts: |text| {
        text.split('/').count() == 3
            && text.split('/').all(|part| {
                !part.is_empty()
                    && part
                        .chars()
                        .all(|letter| letter.is_ascii_alphanumeric() || "_.-".contains(letter))
            })
    },
};

pub(super) const KUBERNETES_VERSION: Rule = Rule::Text {
    expected: "a Kubernetes version such as \"1.34\"",
    pattern: "^1\\.[2-9][0-9]$",
    accepts: |text| {
        text.strip_prefix("1.").is_some_and(|minor| {
            minor.len() == 2 && minor.parse::<u8>().is_ok_and(|minor| minor >= 20)
        })
    },
};

pub(super) const INSTANCE_TYPE: Rule = Rule::Text {
    expected: "an instance type such as t4g.small",
    pattern: "^(ml\\.)?[a-z][a-z0-9-]*\\.[a-z0-9-]+$",
    accepts: |text| {
        let text = text.strip_prefix("ml.").unwrap_or(text);
        text.split_once('.').is_some_and(|(family, size)| {
            family.starts_with(|first: char| first.is_ascii_lowercase())
                && !size.is_empty()
                && [family, size].iter().all(|part| {
                    part.chars().all(|letter| {
                        letter.is_ascii_lowercase() || letter.is_ascii_digit() || letter == '-'
                    })
                })
        })
    },
};

pub(super) const ROLE_ARN: Rule = Rule::Text {
    expected: "the ARN of an IAM role or user (arn:aws:iam::<account>:role/<name>)",
    pattern: "^arn:aws[a-z-]*:iam::[0-9]{12}:(role|user)/.+$",
    accepts: |text| {
        let parts: Vec<&str> = text.splitn(6, ':').collect();
        matches!(parts.as_slice(), ["arn", partition, "iam", "", account, name]
            if partition.starts_with("aws")
                && account.len() == 12
                && account.chars().all(|digit| digit.is_ascii_digit())
                && (name.strip_prefix("role/").or_else(|| name.strip_prefix("user/")))
                    .is_some_and(|name| !name.is_empty()))
    },
};

pub(super) const EMAIL: Rule = Rule::Text {
    expected: "an e-mail address",
    pattern: "^[^@\\s]+@[^@\\s]+\\.[^@\\s]+$",
    accepts: |text| {
        text.len() <= 254
            && !text.contains(char::is_whitespace)
            && text.split_once('@').is_some_and(|(name, host)| {
                !name.is_empty()
                    && !host.contains('@')
                    && host.split('.').count() > 1
                    && host.split('.').all(|label| !label.is_empty())
            })
    },
};

pub(super) const SLACK_CHANNEL: Rule = Rule::Text {
    expected: "a Slack channel's id such as C0123456789 or its #name",
    pattern: "^(#[a-z0-9_-]{1,80}|[CG][A-Z0-9]{8,})$",
    accepts: |text| match text.strip_prefix('#') {
        Some(name) => {
            (1..=80).contains(&name.len())
                && name.chars().all(|letter| {
                    letter.is_ascii_lowercase() || letter.is_ascii_digit() || "_-".contains(letter)
                })
        }
        None => {
            text.len() >= 9
                && text.starts_with(['C', 'G'])
                && text
                    .chars()
                    .all(|letter| letter.is_ascii_uppercase() || letter.is_ascii_digit())
        }
    },
};

pub(super) const SECRET_NAME: Rule = Rule::Text {
    expected: "the name of a secret (letters, digits and / _ + = . @ -), never its value",
    pattern: "^[A-Za-z0-9/_+=.@-]{1,256}$",
    accepts: |text| {
        (1..=256).contains(&text.len())
            && !text.contains("://")
            && text
                .chars()
                .all(|letter| letter.is_ascii_alphanumeric() || "/_+=.@-".contains(letter))
    },
};

pub(super) const REGION: Rule = Rule::Text {
    expected: "a region such as eu-central-1",
    pattern: "^[a-z]{2}(-[a-z]+)+-[0-9]$",
    accepts: |text| {
        let parts: Vec<&str> = text.split('-').collect();
        parts.len() >= 3
            && parts.first().is_some_and(|first| first.len() == 2)
            && parts.last().is_some_and(|last| {
                last.len() == 1 && last.chars().all(|digit| digit.is_ascii_digit())
            })
            && parts.iter().rev().skip(1).all(|part| {
                !part.is_empty() && part.chars().all(|letter| letter.is_ascii_lowercase())
            })
    },
};

pub(super) const SCHEDULE: Rule = Rule::Text {
    expected: "a schedule such as cron(0 3 ? * SUN *) or rate(7 days)",
    pattern: "^(cron|rate)\\(.+\\)$",
    accepts: |text| {
        let inside = |name: &str| {
            text.strip_prefix(name)
                .and_then(|rest| rest.strip_prefix('('))
                .and_then(|rest| rest.strip_suffix(')'))
        };
        inside("cron").is_some_and(|fields| fields.split_whitespace().count() == 6)
            || inside("rate").is_some_and(|rate| {
                let words: Vec<&str> = rate.split_whitespace().collect();
                matches!(words.as_slice(), [count, unit]
                    if count.parse::<u32>().is_ok_and(|count| count > 0)
                        && ["minute", "minutes", "hour", "hours", "day", "days"].contains(unit))
            })
    },
};

pub(super) const EXPRESSION: Rule = Rule::Text {
    expected: "a regular expression",
    pattern: "^.+$",
    accepts: |text| !text.is_empty() && regex::Regex::new(text).is_ok(),
};

pub(super) const ABSOLUTE_PATH: Rule = Rule::Text {
    expected: "an absolute path of a log file (wildcards allowed)",
    pattern: "^/.+$",
    accepts: |text| text.len() > 1 && text.starts_with('/'),
};

pub(super) const RELATIVE_DIRECTORY: Rule = Rule::Text {
    expected: "a directory inside the project, without ..",
    pattern: "^[^/].*$",
    accepts: |text| {
        !text.is_empty() && !text.starts_with('/') && text.split('/').all(|part| part != "..")
    },
};

pub(super) const TAG_TEXT: Rule = Rule::Text {
    expected: "a tag value (at most 256 letters, digits, spaces and _ . : / = + - @)",
    pattern: "^[\\p{L}\\p{Z}\\p{N}_.:/=+\\-@]{0,256}$",
    accepts: |text| {
        text.chars().count() <= 256
            && text.chars().all(|letter| {
                letter.is_alphanumeric() || letter == ' ' || "_.:/=+-@".contains(letter)
            })
    },
};

pub(super) const IMAGE_TAG: Rule = Rule::Text {
    expected: "an image tag or digest (0.1.0 or sha256:…)",
    pattern: "^(sha256:[0-9a-f]{64}|[A-Za-z0-9_][A-Za-z0-9_.-]{0,127})$",
    accepts: |text| match text.strip_prefix("sha256:") {
        Some(digest) => {
            digest.len() == 64
                && digest
                    .chars()
                    .all(|digit| digit.is_ascii_hexdigit() && !digit.is_ascii_uppercase())
        }
        None => {
            (1..=128).contains(&text.len())
                && text.starts_with(|first: char| first.is_ascii_alphanumeric() || first == '_')
                && text
                    .chars()
                    .all(|letter| letter.is_ascii_alphanumeric() || "_.-".contains(letter))
        }
    },
};
