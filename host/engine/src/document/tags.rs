//! Tags of YAML. Values have the types of JSON, so the reader would drop other tags silently.

use serde_saphyr::granit_parser::{Event, Parser, Tag};

use super::cut;
use super::tree::Malformed;

/// The tags of the types that JSON has.
const KNOWN: [&str; 7] = ["bool", "float", "int", "map", "null", "seq", "str"];

/// Finds the first tag that a document cannot have. A text that cannot be read is the reader's to refuse.
pub(super) fn refused(text: &str) -> Option<Malformed> {
    if !text.contains('!') {
        return None;
    }
    let mut parser = Parser::new_from_str(text);
    while let Some(Ok((event, span))) = parser.next_event() {
        let tag = match &event {
            Event::Scalar(_, _, _, tag)
            | Event::SequenceStart(_, _, tag)
            | Event::MappingStart(_, _, tag) => tag,
            _ => continue,
        };
        let Some(tag) = tag.as_deref().filter(|tag| !is_known(tag)) else { continue };
        let original = tag.original();
        let message = format!(
            "the tag `{}` means nothing here: remove it, or write the value in quotes if the tag is part of a text",
            cut(&original, 40)
        );
        return Some(Malformed { at: place(text, span.start.line(), &original), message });
    }
    None
}

/// Returns the line and column of a tag. The value of the tag begins in `line` or before its end; the text of a
/// block (`|`) begins below its tag.
fn place(text: &str, line: usize, tag: &str) -> (u64, u64) {
    let lines: Vec<&str> = text.lines().take(line).collect();
    let found =
        lines.iter().enumerate().rev().find_map(|(above, line)| Some((above, line.rfind(tag)?, line)));
    let (line, column) = match found {
        Some((above, at, line)) => (above + 1, line.get(..at).map_or(0, |before| before.chars().count()) + 1),
        None => (line, 1),
    };
    let number = |number: usize| u64::try_from(number).unwrap_or(0);
    (number(line), number(column))
}

fn is_known(tag: &Tag) -> bool {
    tag.core_suffix().is_some_and(|suffix| KNOWN.contains(&suffix))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_tags_of_json_types_are_taken() {
        for (text, found) in [
            ("a: !foo x", Some((1, "!foo"))),
            ("b: 1\na: !include other.yaml", Some((2, "!include"))),
            ("a: !!binary aGk=", Some((1, "!!binary"))),
            ("a: !!set {x, y}", Some((1, "!!set"))),
            ("b: 1\na: !vault [1]", Some((2, "!vault"))),
            ("b: 1\na: !vault |\n  x\n  y", Some((2, "!vault"))),
            ("a: !!str 12\nb: !!int 3\nc: !!seq [1]\nd: !<tag:yaml.org,2002:str> x", None),
            ("a: 'not !foo'\nb: x !y\nc: \"!z\"", None),
            ("a: {", None),
        ] {
            let refusal = refused(text);
            assert_eq!(refusal.as_ref().map(|problem| problem.at.0), found.map(|(line, _)| line), "{text}");
            if let (Some(problem), Some((_, tag))) = (refusal, found) {
                assert!(problem.message.contains(&format!("`{tag}`")), "{}", problem.message);
            }
        }
    }
}
