//! Which log events are wanted.

use super::Problem;
use crate::diagnostic::codes;
use crate::suggest::nearest;

const LEVELS: [&str; 6] = ["off", "error", "warn", "info", "debug", "trace"];

/// Checks `log.filter`. What reads it when the gateway starts would take a misspelt level for the
/// name of a target, and log nothing else.
pub(crate) fn check(text: &str) -> Result<(), Problem> {
    text.split(',').try_for_each(check_directive)
}

fn check_directive(text: &str) -> Result<(), Problem> {
    let Some((target, level)) = text.split_once('=') else {
        return check_level(text);
    };
    let of_target = |c: char| c.is_ascii_alphanumeric() || ['_', '-', ':'].contains(&c);
    if target.is_empty() || !target.chars().all(of_target) {
        let message = format!("\"{}\" is not the name of a target", target.escape_debug());
        let problem = Problem::new(codes::BAD_FILTER, message);
        return Err(problem.help("a module such as `gatewright` or `h2::client`, without blanks"));
    }
    check_level(level)
}

fn check_level(text: &str) -> Result<(), Problem> {
    if LEVELS.iter().any(|level| level.eq_ignore_ascii_case(text)) {
        return Ok(());
    }
    let message = format!("\"{}\" is not a level", text.escape_debug());
    let near = nearest(text, LEVELS).map(|level| format!("did you mean \"{level}\"?"));
    let help = "off, error, warn, info, debug or trace, for all or as in \"info,gatewright=debug\"";
    Err(Problem::new(codes::BAD_FILTER, message)
        .help(help)
        .help_if(near))
}

#[cfg(test)]
mod tests {
    use super::check;

    #[test]
    fn levels_and_levels_of_targets() {
        for fine in [
            "info",
            "OFF",
            "warn,gatewright=debug",
            "h2::client=trace,error",
        ] {
            assert!(check(fine).is_ok(), "{fine}");
        }
        for bad in [
            "debgu",
            "info,",
            "info, h2=debug",
            "gatewright",
            "=info",
            "h2=",
            "h2=verbose",
            "[span]=info",
            "3",
        ] {
            assert!(check(bad).is_err(), "{bad}");
        }
    }
}
