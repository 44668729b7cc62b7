//! What is wrong with a configuration: every problem at once, each with its path.

use std::fmt;

/// One mistake.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Problem {
    /// The key, as `aiops:network.cidr` or `aiops:notify.emails[1]`.
    pub path: String,
    /// What is wrong and what to do.
    pub message: String,
}

impl Problem {
    /// An entry of `imports` that names none of the resources `known`.
    pub fn unknown_import<'a>(name: &str, known: impl Iterator<Item = &'a str> + Clone) -> Self {
        // A name that is right below another type is as likely meant as a near spelling.
        let logical = name.split_once("::").map(|(_, logical)| logical);
        let same = known
            .clone()
            .find(|other| other.split_once("::").map(|(_, logical)| logical) == logical);
        let hint = match nearest(name, known).or(same) {
            Some(near) => format!("; did you mean `{near}`?"),
            None => "; `aiops graph` lists them".to_owned(),
        };
        Self {
            path: format!("aiops:imports.{}", shown(name)),
            message: format!("the stack declares no such resource{hint}"),
        }
    }
}

/// A configuration that cannot be used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub struct ConfigError {
    /// The stack.
    pub stack: String,
    /// Every mistake, in the order of the paths.
    pub problems: Vec<Problem>,
}

impl fmt::Display for ConfigError {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let count = self.problems.len();
        let noun = if count == 1 { "problem" } else { "problems" };
        write!(
            formatter,
            "configuration of stack `{}` has {count} {noun}:",
            self.stack
        )?;
        for problem in &self.problems {
            write!(formatter, "\n  {}: {}", problem.path, problem.message)?;
        }
        Ok(())
    }
}

/// The candidate that a mistyped word most likely means: at most a third of it wrong.
pub(super) fn nearest<'a>(
    word: &str,
    candidates: impl IntoIterator<Item = &'a str>,
) -> Option<&'a str> {
    let fold = |text: &str| text.to_lowercase().replace(['-', '_'], "");
    let folded = fold(word);
    candidates
        .into_iter()
        .map(|candidate| {
            (
                strsim::damerau_levenshtein(&folded, &fold(candidate)),
                candidate,
            )
        })
        .filter(|(distance, candidate)| {
            *distance * 3 <= candidate.chars().count().max(word.chars().count())
        })
        .min_by_key(|(distance, _)| *distance)
        .map(|(_, candidate)| candidate)
}

/// `text` cut to what fits in a message, without control characters.
pub(super) fn shown(text: &str) -> String {
    let mut cut: String = text
        .chars()
        .filter(|character| !character.is_control())
        .take(60)
        .collect();
    if text.chars().count() > 60 {
        cut.push('…');
    }
    cut
}
