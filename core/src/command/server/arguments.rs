//! What COMMAND DOCS tells of a command's arguments and history: `arguments.txt`, one line a command, in order of their
//! names. The text is searched and read when somebody asks, so it costs nothing but its bytes.
//!
//! ```text
//! lpop key:k@0 count:i^6.2.0? ; 6.2.0 Takes a count.
//! name argument argument ...  ; version what came with it ...
//!
//! argument    name  :type  =TOKEN  @key-specification  <display>  ^since  !deprecated  ?optional  +multiple
//!                   *multiple with the token each time  (one|of|these)  {these together}
//! type        s string, i integer, d double, k key, p pattern, u unix-time; without one, and with a token, the argument
//!             is that token alone, and without both a string
//! ```

use crate::resp::Reply;

static LINES: &str = include_str!("arguments.txt");

/// What begins the part after an argument's name, or after its token.
const MARKS: [char; 10] = [':', '=', '@', '<', '^', '!', '?', '+', '*', '('];

/// What is told of a command.
#[derive(Clone, Copy, Default)]
pub(super) struct Documented {
    arguments: &'static str,
    history: &'static str,
}

/// Looks up a command by its full name.
pub(super) fn of(name: &str) -> Documented {
    let (mut low, mut high) = (0, LINES.len());
    while low < high {
        let middle = low + (high - low) / 2;
        let start = LINES[low..middle]
            .rfind('\n')
            .map_or(low, |at| low + at + 1);
        let len = LINES[start..].find('\n').unwrap_or(LINES.len() - start);
        let line = &LINES[start..start + len];
        let (found, rest) = line.split_once(' ').unwrap_or((line, ""));
        match found.cmp(name) {
            core::cmp::Ordering::Less => low = start + len + 1,
            core::cmp::Ordering::Greater => high = start,
            core::cmp::Ordering::Equal => {
                let (arguments, history) = rest.split_once("; ").unwrap_or((rest, ""));
                let arguments = arguments.trim_end();
                return Documented { arguments, history };
            }
        }
    }
    Documented::default()
}

impl Documented {
    pub(super) fn has_history(self) -> bool {
        !self.history.is_empty()
    }

    pub(super) fn has_arguments(self) -> bool {
        !self.arguments.is_empty()
    }

    /// Versions and what came with them.
    pub(super) fn write_history(self, reply: &mut Reply<'_>) {
        let entries = self.history.split(" ; ");
        reply.set(entries.clone().count());
        for entry in entries {
            let (version, text) = entry.split_once(' ').unwrap_or((entry, ""));
            reply.array(2);
            reply.text(version);
            reply.text(text);
        }
    }

    pub(super) fn write_arguments(self, reply: &mut Reply<'_>) {
        write_list(reply, self.arguments, ' ');
    }
}

fn write_list(reply: &mut Reply<'_>, list: &str, separator: char) {
    reply.array(pieces(list, separator).count());
    for piece in pieces(list, separator) {
        Argument::read(piece).write(reply);
    }
}

/// The arguments of a list; those inside of others stay there.
fn pieces(list: &str, separator: char) -> impl Iterator<Item = &str> {
    let mut depth = 0usize;
    list.split(move |c| {
        match c {
            '(' | '{' => depth += 1,
            ')' | '}' => depth = depth.saturating_sub(1),
            _ => {}
        }
        depth == 0 && c == separator
    })
}

/// One argument.
#[derive(Default)]
struct Argument<'t> {
    name: &'t str,
    kind: Option<&'static str>,
    token: Option<&'t str>,
    key_specification: Option<i64>,
    display: Option<&'t str>,
    since: Option<&'t str>,
    deprecated_since: Option<&'t str>,
    is_optional: bool,
    is_multiple: bool,
    repeats_token: bool,
    /// Arguments inside, and what parts them.
    inside: Option<(&'t str, char)>,
}

impl<'t> Argument<'t> {
    fn read(text: &'t str) -> Self {
        let (name, mut rest) = until_mark(text);
        let mut argument = Argument {
            name,
            ..Argument::default()
        };
        while let Some(mark) = rest.chars().next() {
            let after = &rest[1..];
            if let '(' | '{' = mark {
                let separator = if mark == '(' { '|' } else { ' ' };
                argument.inside = Some((&after[..after.len() - 1], separator));
                break;
            }
            let (value, next) = match mark {
                '<' => after.split_once('>').unwrap_or((after, "")),
                _ => until_mark(after),
            };
            rest = next;
            match mark {
                ':' => argument.kind = Some(kind(value)),
                '=' => argument.token = Some(value),
                '@' => argument.key_specification = value.parse().ok(),
                '<' => argument.display = Some(value),
                '^' => argument.since = Some(value),
                '!' => argument.deprecated_since = Some(value),
                '?' => argument.is_optional = true,
                '+' => argument.is_multiple = true,
                _ => argument.repeats_token = true,
            }
        }
        argument
    }

    fn kind(&self) -> &'static str {
        match (self.inside, self.kind, self.token) {
            (Some((_, '|')), ..) => "oneof",
            (Some(_), ..) => "block",
            (None, Some(kind), _) => kind,
            (None, None, Some(_)) => "pure-token",
            (None, None, None) => "string",
        }
    }

    fn write(&self, reply: &mut Reply<'_>) {
        let display = match self.inside {
            Some(_) => None,
            None => Some(self.display.unwrap_or(self.name)),
        };
        let flags = [
            (self.is_optional, "optional"),
            (self.is_multiple || self.repeats_token, "multiple"),
            (self.repeats_token, "multiple_token"),
        ];
        let flags = flags.iter().filter(|(is_set, _)| *is_set);
        let has_flags = flags.clone().next().is_some();
        let texts = [
            ("display_text", display),
            ("token", self.token),
            ("since", self.since),
            ("deprecated_since", self.deprecated_since),
        ];
        let others = usize::from(self.key_specification.is_some())
            + usize::from(has_flags)
            + usize::from(self.inside.is_some());
        reply.map(2 + texts.iter().filter(|(_, text)| text.is_some()).count() + others);
        write_text(reply, ("name", Some(self.name)));
        write_text(reply, ("type", Some(self.kind())));
        write_text(reply, texts[0]);
        if let Some(index) = self.key_specification {
            reply.text("key_spec_index");
            reply.int(index);
        }
        texts[1..].iter().for_each(|text| write_text(reply, *text));
        if has_flags {
            reply.text("flags");
            reply.set(flags.clone().count());
            flags.for_each(|(_, name)| reply.simple(name));
        }
        if let Some((list, separator)) = self.inside {
            reply.text("arguments");
            write_list(reply, list, separator);
        }
    }
}

fn until_mark(text: &str) -> (&str, &str) {
    let is_mark = |c| MARKS.contains(&c) || c == '{';
    text.split_at(text.find(is_mark).unwrap_or(text.len()))
}

fn kind(letter: &str) -> &'static str {
    match letter {
        "i" => "integer",
        "d" => "double",
        "k" => "key",
        "p" => "pattern",
        "u" => "unix-time",
        _ => "string",
    }
}

fn write_text(reply: &mut Reply<'_>, (name, text): (&str, Option<&str>)) {
    if let Some(text) = text {
        reply.text(name);
        reply.text(text);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::command::FAMILIES;
    use crate::command::spec::CommandSpec;
    use crate::resp::Protocol;
    use std::format;
    use std::string::String;
    use std::vec::Vec;

    fn written(arguments: &'static str) -> String {
        let mut out = Vec::new();
        let history = "";
        Documented { arguments, history }
            .write_arguments(&mut Reply::new(&mut out, Protocol::Resp3));
        String::from_utf8(out).unwrap().replace("\r\n", " ")
    }

    #[test]
    fn an_argument_is_told_as_redis_does() {
        assert_eq!(
            written("key:k@0"),
            "*1 %4 $4 name $3 key $4 type $3 key $12 display_text $3 key $14 key_spec_index :0 "
        );
        assert_eq!(
            written("old<ip:port>!2.8.12 x*{a b:i=B?}"),
            "*2 %4 $4 name $3 old $4 type $6 string $12 display_text $7 ip:port $16 deprecated_since $6 2.8.12 \
             %4 $4 name $1 x $4 type $5 block $5 flags ~2 +multiple +multiple_token $9 arguments \
             *2 %3 $4 name $1 a $4 type $6 string $12 display_text $1 a \
             %5 $4 name $1 b $4 type $7 integer $12 display_text $1 b $5 token $1 B $5 flags ~1 +optional "
        );
        assert!(
            written("c^6.0.0?(nx=NX|xx=XX)").contains("$5 oneof $5 since $5 6.0.0 $5 flags ~1 ")
        );
    }

    #[test]
    fn lines_are_in_order_and_found() {
        let names: Vec<&str> = LINES
            .lines()
            .filter_map(|line| line.split(' ').next())
            .collect();
        assert!(names.is_sorted_by(|a, b| a < b));
        for (line, name) in LINES.lines().zip(names) {
            let found = of(name);
            let history = if found.has_history() { " ; " } else { "" };
            let gap = if found.has_arguments() { " " } else { "" };
            let Documented {
                arguments,
                history: text,
            } = found;
            assert_eq!(line, format!("{name}{gap}{arguments}{history}{text}"));
            assert!(!LINES.is_empty() && !of(&format!("{name}-")).has_arguments());
        }
    }

    #[test]
    fn every_command_with_arguments_has_them() {
        let tell = |name: &str, spec: &CommandSpec, words: i16| {
            let has_some = of(name).has_arguments();
            let takes_some = spec.arity != words && spec.subcommands.is_empty();
            // What takes arguments to ignore them, and what is told of by hand.
            let is_free = ["lolwut", "debug", "client|kill"].contains(&name) || spec.arity < 0;
            assert!(
                has_some || !takes_some || is_free,
                "{name} has no line in arguments.txt"
            );
            assert!(takes_some || !has_some, "{name} takes no arguments");
        };
        for spec in FAMILIES.iter().flat_map(|family| family.iter()) {
            tell(spec.name, spec, 1);
            for sub in spec.subcommands {
                tell(&format!("{}|{}", spec.name, sub.name), sub, 2);
            }
        }
    }
}
