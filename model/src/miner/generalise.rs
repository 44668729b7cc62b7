//! Which words are values: positions in which many words were seen while all else is equal.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::sync::Arc;

use crate::mask::{OPEN, WILDCARD, hash_token};

mod pairs;

/// A template under construction.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Pattern {
    /// Its tokens.
    pub(super) tokens: Vec<Arc<str>>,
    /// Messages seen.
    pub(super) count: u64,
}

impl Pattern {
    /// The pattern of [`Pattern::raw`]'s text.
    pub(super) fn from_raw(raw: &str, count: u64) -> Self {
        let tokens = raw
            .split(' ')
            .filter(|token| !token.is_empty())
            .map(Arc::from)
            .collect();
        Self { tokens, count }
    }

    /// Its tokens with a blank between, open positions as [`OPEN`].
    pub(super) fn raw(&self) -> String {
        self.tokens.join(" ")
    }
}

/// Rounds of generalisation: each one can open one more position per pattern.
const ROUNDS_MAX: usize = 8;

/// Generalises `patterns`; the result is ordered by count, most frequent first, then by text, and
/// does not depend on the order of the input.
pub(super) fn generalise(patterns: Vec<Pattern>, variable_words_min: usize) -> Vec<Pattern> {
    let mut by_length: BTreeMap<usize, Vec<Pattern>> = BTreeMap::new();
    for pattern in patterns {
        by_length
            .entry(pattern.tokens.len())
            .or_default()
            .push(pattern);
    }
    let mut all: Vec<(Pattern, String)> = Vec::new();
    for (_, mut group) in by_length {
        group.sort_by(|a, b| a.tokens.cmp(&b.tokens));
        for _ in 0..ROUNDS_MAX {
            if !open_one_position(&mut group, variable_words_min)
                && !pairs::open_two_positions(&mut group, variable_words_min)
            {
                break;
            }
        }
        all.extend(group.into_iter().map(|pattern| {
            let text = pattern.raw();
            (pattern, text)
        }));
    }
    all.sort_by(|a, b| b.0.count.cmp(&a.0.count).then_with(|| a.1.cmp(&b.1)));
    all.into_iter().map(|(pattern, _)| pattern).collect()
}

/// Members of one neighbourhood: patterns that are equal but for these positions.
struct Neighbourhood {
    positions: Vec<usize>,
    members: Vec<usize>,
}

/// Joins patterns of one length (sorted) that differ in one position with enough words. Returns
/// whether anything was joined.
fn open_one_position(group: &mut Vec<Pattern>, variable_words_min: usize) -> bool {
    let neighbourhoods = neighbourhoods(group, variable_words_min);
    if neighbourhoods.is_empty() {
        return false;
    }
    join(group, neighbourhoods);
    true
}

/// Joins the members of each neighbourhood, largest first; a pattern is joined once.
fn join(group: &mut Vec<Pattern>, neighbourhoods: Vec<Neighbourhood>) {
    let mut joined: HashSet<usize> = HashSet::new();
    let mut new: BTreeMap<Vec<Arc<str>>, u64> = BTreeMap::new();
    for neighbourhood in neighbourhoods {
        let members: Vec<usize> = neighbourhood
            .members
            .into_iter()
            .filter(|member| !joined.contains(member))
            .collect();
        let Some(first) = members.first().and_then(|member| group.get(*member)) else {
            continue;
        };
        let mut tokens = first.tokens.clone();
        if members.len() < 2 {
            continue;
        }
        for position in neighbourhood.positions {
            if let Some(token) = tokens.get_mut(position) {
                *token = OPEN.into();
            }
        }
        let count: u64 = members
            .iter()
            .filter_map(|member| group.get(*member))
            .map(|pattern| pattern.count)
            .sum();
        *new.entry(tokens).or_default() += count;
        joined.extend(members);
    }
    let mut index = 0;
    group.retain(|_| {
        index += 1;
        !joined.contains(&(index - 1))
    });
    for (tokens, count) in new {
        match group.iter_mut().find(|pattern| pattern.tokens == tokens) {
            Some(pattern) => pattern.count += count,
            None => group.push(Pattern { tokens, count }),
        }
    }
    group.sort_by(|a, b| a.tokens.cmp(&b.tokens));
}

/// Neighbourhoods with enough words, largest first.
fn neighbourhoods(group: &[Pattern], variable_words_min: usize) -> Vec<Neighbourhood> {
    let length = group.first().map_or(0, |pattern| pattern.tokens.len());
    let mut found = Vec::new();
    for position in 0..length {
        let mut members: HashMap<u64, Vec<usize>> = HashMap::new();
        for (index, pattern) in group.iter().enumerate() {
            members
                .entry(hash_but(pattern, position))
                .or_default()
                .push(index);
        }
        for (_, members) in members {
            if is_variable(group, position, &members, variable_words_min) {
                found.push(Neighbourhood {
                    positions: vec![position],
                    members,
                });
            }
        }
    }
    largest_first(&mut found);
    found
}

fn largest_first(found: &mut [Neighbourhood]) {
    found.sort_by(|a, b| {
        (b.members.len().cmp(&a.members.len()))
            .then_with(|| a.positions.cmp(&b.positions))
            .then_with(|| a.members.cmp(&b.members))
    });
}

/// Whether `members`, equal but for `position`, show that the position holds values.
fn is_variable(
    group: &[Pattern],
    position: usize,
    members: &[usize],
    variable_words_min: usize,
) -> bool {
    if members.len() < 2 {
        return false;
    }
    let Some(first) = members.first().and_then(|member| group.get(*member)) else {
        return false;
    };
    // Words that hold the template together: without any, all messages of a length would be one.
    let fixed = first
        .tokens
        .iter()
        .enumerate()
        .filter(|(index, token)| {
            *index != position
                && !is_value(token)
                && token.bytes().any(|byte| byte.is_ascii_alphabetic())
        })
        .count();
    let has_value = members.iter().any(|member| {
        group
            .get(*member)
            .and_then(|pattern| pattern.tokens.get(position))
            .is_some_and(|token| is_value(token))
    });
    let needed = match (fixed, has_value) {
        (0, _) => return false,
        (1, true) => variable_words_min,
        (1, false) => variable_words_min * 4,
        (2, false) => variable_words_min * 2,
        (_, true) => 2,
        (_, false) => variable_words_min,
    };
    members.len() >= needed
}

fn is_value(token: &str) -> bool {
    token == WILDCARD || token == OPEN
}

fn hash_but(pattern: &Pattern, position: usize) -> u64 {
    pattern
        .tokens
        .iter()
        .enumerate()
        .filter(|(index, _)| *index != position)
        .fold(0x51_7c_c1_b7_27_22_0a_95, |hash: u64, (_, token)| {
            (hash.rotate_left(5) ^ hash_token(token.as_bytes())).wrapping_mul(0x9e37_79b9_7f4a_7c15)
        })
}
