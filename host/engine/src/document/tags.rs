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
        let place = |number: usize| u64::try_from(number).unwrap_or(0);
        return Some(Malformed {
            at: (place(span.start.line()), place(span.start.col()) + 1),
            message: format!(
                "the tag `{}` means nothing here: remove it, or write the value in quotes if the tag is part of a text",
                cut(&tag.original(), 40)
            ),
        });
    }
    None
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
            ("a: !!str 12\nb: !!int 3\nc: !!seq [1]\nd: !<tag:yaml.org,2002:str> x", None),
            ("a: 'not !foo'\nb: x !y\nc: \"!z\"", None),
            ("a: {", None),
        ] {
            let told = refused(text);
            assert_eq!(told.as_ref().map(|problem| problem.at.0), found.map(|(line, _)| line), "{text}");
            if let (Some(problem), Some((_, tag))) = (told, found) {
                assert!(problem.message.contains(&format!("`{tag}`")), "{}", problem.message);
            }
        }
    }
}
