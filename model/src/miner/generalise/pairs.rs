//! Two values that change together (`tag=… name=…`): no two messages differ in one of them alone, so
//! that neither position is opened by itself.

use std::collections::{HashMap, HashSet};

use super::{Neighbourhood, Pattern, is_value, join, largest_first};
use crate::mask::hash_token;

/// Positions of patterns times patterns that a round looks at; beyond, pairs are left as they are.
const WORK_MAX: usize = 20_000_000;

/// Words that hold a template together when two others are opened.
const FIXED_MIN: usize = 3;

/// How many times the usual number of words it takes where nothing but their number says that they
/// are values.
const PLAIN_FACTOR: usize = 4;

/// Joins patterns of one length (sorted) that differ in two positions with enough words in both.
/// Returns whether anything was joined.
pub(super) fn open_two_positions(group: &mut Vec<Pattern>, variable_words_min: usize) -> bool {
    let length = group.first().map_or(0, |pattern| pattern.tokens.len());
    if group.len() < variable_words_min || group.len() * length * length > WORK_MAX {
        return false;
    }
    // A sum over positions: what is left without two of them costs two subtractions.
    let hashes: Vec<Vec<u64>> = group
        .iter()
        .map(|pattern| {
            let placed = (0u64..).zip(&pattern.tokens);
            placed
                .map(|(position, token)| {
                    let hash = hash_token(token.as_bytes()) ^ position.rotate_right(8);
                    hash.wrapping_mul(0x9e37_79b9_7f4a_7c15)
                })
                .collect()
        })
        .collect();
    let sums: Vec<u64> = hashes
        .iter()
        .map(|hashes| {
            hashes
                .iter()
                .fold(0, |sum: u64, hash| sum.wrapping_add(*hash))
        })
        .collect();
    let mut found = Vec::new();
    for one in 0..length {
        for other in one + 1..length {
            let mut members: HashMap<u64, Vec<usize>> = HashMap::new();
            for (index, (hashes, sum)) in hashes.iter().zip(&sums).enumerate() {
                if let (Some(a), Some(b)) = (hashes.get(one), hashes.get(other)) {
                    let rest = sum.wrapping_sub(*a).wrapping_sub(*b);
                    members.entry(rest).or_default().push(index);
                }
            }
            for (_, members) in members {
                if are_variable(group, [one, other], &members, variable_words_min) {
                    found.push(Neighbourhood {
                        positions: vec![one, other],
                        members,
                    });
                }
            }
        }
    }
    if found.is_empty() {
        return false;
    }
    largest_first(&mut found);
    join(group, found);
    true
}

fn are_variable(
    group: &[Pattern],
    positions: [usize; 2],
    members: &[usize],
    variable_words_min: usize,
) -> bool {
    if members.len() < variable_words_min {
        return false;
    }
    let Some(first) = members.first().and_then(|member| group.get(*member)) else {
        return false;
    };
    let fixed = first
        .tokens
        .iter()
        .enumerate()
        .filter(|(index, token)| {
            !positions.contains(index)
                && !is_value(token)
                && token.bytes().any(|byte| byte.is_ascii_alphabetic())
        })
        .count();
    fixed >= FIXED_MIN
        && positions.iter().all(|position| {
            let words: HashSet<&str> = members
                .iter()
                .filter_map(|member| group.get(*member)?.tokens.get(*position))
                .map(AsRef::as_ref)
                .collect();
            let needed = if share_a_name(&words) {
                variable_words_min
            } else {
                PLAIN_FACTOR * variable_words_min
            };
            words.len() >= needed
        })
}

/// Whether all words begin with the same `name=` or `name:`.
fn share_a_name(words: &HashSet<&str>) -> bool {
    let names: HashSet<Option<&str>> = words
        .iter()
        .map(|word| word.split_once(['=', ':']).map(|(name, _)| name))
        .collect();
    names.len() == 1 && !names.contains(&None) && !names.contains(&Some(""))
}
