//! "Did you mean": the nearest of the words that would have been right.

/// The candidate that is nearest to `word`, if one is near enough to be meant.
pub(crate) fn nearest<'c>(
    word: &str,
    candidates: impl IntoIterator<Item = &'c str>,
) -> Option<&'c str> {
    let tolerated = (word.chars().count() / 3).max(1);
    candidates
        .into_iter()
        .map(|candidate| (strsim::damerau_levenshtein(word, candidate), candidate))
        .filter(|(distance, _)| *distance <= tolerated)
        .min()
        .map(|(_, candidate)| candidate)
}

/// The way out for a name that does not exist: the nearest one, else all that do.
pub(crate) fn instead<'c>(
    word: &str,
    candidates: impl IntoIterator<Item = &'c str> + Clone,
) -> Option<String> {
    if let Some(near) = nearest(word, candidates.clone()) {
        return Some(format!("did you mean `{near}`?"));
    }
    let all: Vec<String> = candidates
        .into_iter()
        .map(|name| format!("`{name}`"))
        .collect();
    (!all.is_empty()).then(|| format!("there is {}", all.join(", ")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn near_words_are_found_and_far_ones_are_not() {
        assert_eq!(nearest("bnid", ["bind", "protocol"]), Some("bind"));
        assert_eq!(nearest("limit", ["limits", "bind"]), Some("limits"));
        assert_eq!(nearest("colour", ["bind", "protocol"]), None);
        assert_eq!(
            instead("x", ["a-long-name", "another"]).as_deref(),
            Some("there is `a-long-name`, `another`")
        );
        assert_eq!(instead("x", []), None);
    }
}
