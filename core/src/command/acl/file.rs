//! Users as text: the lines of an ACL file, and the `user` lines of redis.conf.

use super::RuleError;
use super::selector::{RuleContext, has_blanks};
use super::user::User;
use super::users::Users;
use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;

/// Joins rules in parentheses that were parted at their blanks. `Err`: the number of the rule that opens a parenthesis
/// which nothing closes.
pub(super) fn join_selectors(rules: &[&[u8]]) -> Result<Vec<Vec<u8>>, usize> {
    let mut joined: Vec<Vec<u8>> = Vec::new();
    let mut open: Option<(usize, Vec<u8>)> = None;
    for (number, &rule) in rules.iter().enumerate() {
        let closes = rule.last() == Some(&b')');
        open = match open.take() {
            Some((start, mut text)) => {
                text.push(b' ');
                text.extend_from_slice(rule);
                if closes {
                    joined.push(text);
                    None
                } else {
                    Some((start, text))
                }
            }
            None if rule.first() == Some(&b'(') && !closes => Some((number, rule.to_vec())),
            None => {
                joined.push(rule.to_vec());
                None
            }
        };
    }
    match open {
        Some((start, _)) => Err(start),
        None => Ok(joined),
    }
}

/// Reads an ACL file; `path` is for the errors. As in Redis, all errors are told at once, in one line.
pub fn parse_file(path: &str, text: &[u8], context: RuleContext<'_>) -> Result<Vec<User>, Vec<u8>> {
    let mut users: Vec<User> = Vec::new();
    let mut errors: Vec<u8> = Vec::new();
    for (at, line) in text.split(|&byte| byte == b'\n').enumerate() {
        let line = line.trim_ascii();
        if !line.is_empty() {
            let place = format!("{path}:{}", at + 1);
            parse_line(line, &place, at + 1, context, &mut users, &mut errors);
        }
    }
    if errors.is_empty() {
        return Ok(users);
    }
    errors.extend_from_slice(
        b"WARNING: ACL errors detected, no change to the previously active ACL rules was performed",
    );
    Err(errors)
}

fn parse_line(
    line: &[u8],
    place: &str,
    number: usize,
    context: RuleContext<'_>,
    users: &mut Vec<User>,
    errors: &mut Vec<u8>,
) {
    let words: Vec<&[u8]> = line.split(|&byte| byte == b' ').collect();
    let [b"user", name, rules @ ..] = words.as_slice() else {
        let text = format!("{place} should start with user keyword followed by the username. ");
        return errors.extend_from_slice(text.as_bytes());
    };
    if has_blanks(name) {
        let before = format!("'{place}: username '");
        return errors
            .extend([before.as_bytes(), name, b"' contains invalid characters. "].concat());
    }
    if users.iter().any(|user| user.name == *name) {
        let after = format!("' found on line {number}. ");
        return errors.extend([b"WARNING: Duplicate user '", *name, after.as_bytes()].concat());
    }
    let mut user = User::new(name, context);
    let Ok(rules) = join_selectors(rules) else {
        let text = format!("{place}: Unmatched parenthesis in selector definition.");
        return errors.extend_from_slice(text.as_bytes());
    };
    let mut is_syntax_told = false;
    for rule in rules {
        let rule = rule.trim_ascii();
        let Err(error) = user.apply(rule, context) else {
            continue;
        };
        if error == RuleError::Unknown {
            // Only a name, so it holds no secret.
            let before = format!("{place}: Error in applying operation '");
            let after = format!("': {}. ", error.text());
            errors.extend([before.as_bytes(), rule, after.as_bytes()].concat());
        } else if !is_syntax_told {
            errors.extend_from_slice(format!("{place}: {}. ", error.text()).as_bytes());
            is_syntax_told = true;
        }
    }
    users.push(user);
}

/// Whether the words after `user` in redis.conf make a user, as far as can be told without knowing the commands. The error
/// is Redis's for the line.
pub fn check_declaration(
    words: &[&[u8]],
    declared: &[Vec<Vec<u8>>],
    context: RuleContext<'_>,
) -> Result<(), String> {
    let wrong = |word: &[u8], error: &str| {
        let word = String::from_utf8_lossy(word);
        Err(format!("Error in user declaration '{word}': {error}"))
    };
    let Some((name, rules)) = words.split_first() else {
        return Err("wrong number of arguments".into());
    };
    if declared
        .iter()
        .any(|user| user.first().is_some_and(|known| known == name))
    {
        return wrong(name, RuleError::Duplicate.text());
    }
    let joined = match join_selectors(rules) {
        Ok(joined) => joined,
        Err(at) => return wrong(rules[at], "Unmatched parenthesis in selector definition"),
    };
    let mut user = User::new(name, context);
    for rule in joined {
        match user.apply(&rule, context) {
            Ok(()) | Err(RuleError::Unknown) => {}
            Err(error) => return wrong(&rule, error.text()),
        }
    }
    Ok(())
}

impl Users {
    /// Sets up the users of redis.conf, each as its name and rules.
    pub fn declare(
        &mut self,
        declared: &[Vec<Vec<u8>>],
        context: RuleContext<'_>,
    ) -> Result<(), String> {
        for words in declared {
            let words: Vec<&[u8]> = words.iter().map(Vec::as_slice).collect();
            let Some((&name, rules)) = words.split_first() else {
                continue;
            };
            if has_blanks(name) {
                return Err("Spaces not allowed in ACL usernames".into());
            }
            let mut all = alloc::vec![b"reset".to_vec()];
            all.extend(join_selectors(rules).unwrap_or_default());
            let shown = String::from_utf8_lossy(name);
            self.set_user(name, &all, context)
                .map_err(|(rule, error)| {
                    format!(
                        "Error loading ACL rule '{}' for the user named '{shown}': {}",
                        String::from_utf8_lossy(&rule),
                        error.text()
                    )
                })?;
            if self.find(name).is_some_and(|(_, user)| !user.is_enabled()) {
                log::info!(
                    "The user '{shown}' is disabled (there is no 'on' modifier in the user description). Make sure this \
                     is not a configuration error."
                );
            }
        }
        Ok(())
    }

    /// The text of an ACL file with all users.
    pub fn file_text(&self) -> Vec<u8> {
        let mut text = Vec::new();
        for user in self.iter() {
            text.extend_from_slice(&user.describe());
            text.push(b'\n');
        }
        text
    }
}
