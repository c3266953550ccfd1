//! The name that was probably meant.

/// The longest name that is compared: the comparison takes memory and time by its length, and
/// nobody mistypes more.
const MAX_NAME: usize = 128;

/// The candidate nearest to a misspelt name, if one is near enough to be worth naming.
pub fn nearest<'c>(name: &str, candidates: impl IntoIterator<Item = &'c str>) -> Option<&'c str> {
    if name.len() > MAX_NAME {
        return None;
    }
    let most = (name.len() / 3).max(1);
    let distance = |candidate: &'c str| {
        (
            strsim::damerau_levenshtein(&name.to_lowercase(), &candidate.to_lowercase()),
            candidate,
        )
    };
    candidates
        .into_iter()
        .map(distance)
        .filter(|(distance, _)| *distance <= most)
        .min_by_key(|(distance, _)| *distance)
        .map(|(_, near)| near)
}

/// The same as a sentence for an error's help.
pub fn did_you_mean<'c>(
    name: &str,
    candidates: impl IntoIterator<Item = &'c str>,
) -> Option<String> {
    nearest(name, candidates).map(|near| format!("did you mean `{near}`?"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_that_nobody_mistypes_is_compared_with_nothing() {
        let known = "x".repeat(MAX_NAME);
        assert_eq!(nearest(&known, [known.as_str()]), Some(known.as_str()));
        let longer = "x".repeat(MAX_NAME + 1);
        assert_eq!(nearest(&longer, [longer.as_str()]), None);
        assert_eq!(
            did_you_mean("lenght", ["length"]).as_deref(),
            Some("did you mean `length`?")
        );
    }
}
