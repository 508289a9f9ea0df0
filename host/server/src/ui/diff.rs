//! The differences of two texts, line by line.

use maud::{Markup, html};
use similar::{Algorithm, ChangeTag, capture_diff_slices};

use super::show;

/// The maximum number of lines that are compared one by one; of longer texts, the differing part is shown as removed and
/// added.
const MOST: usize = 3_000;
/// The number of equal lines around a change.
const AROUND: usize = 3;

/// The part of a line in a change.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    Same,
    Removed,
    Added,
}

impl Kind {
    #[cfg(test)]
    pub fn sign(self) -> char {
        match self {
            Self::Same => ' ',
            Self::Removed => '-',
            Self::Added => '+',
        }
    }

    fn name(self) -> &'static str {
        match self {
            Self::Same => "same",
            Self::Removed => "removed",
            Self::Added => "added",
        }
    }
}

/// A line of a difference.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Line<'t> {
    pub change: Kind,
    pub text: &'t str,
}

fn kind(tag: ChangeTag) -> Kind {
    match tag {
        ChangeTag::Equal => Kind::Same,
        ChangeTag::Delete => Kind::Removed,
        ChangeTag::Insert => Kind::Added,
    }
}

/// Returns the lines of both texts, in the order of the second one.
pub(super) fn lines<'t>(old: &[&'t str], new: &[&'t str]) -> Vec<Line<'t>> {
    let equal = |(a, b): &(&&str, &&str)| a == b;
    let start = old.iter().zip(new).take_while(equal).count();
    let (a, b) = (old.get(start..).unwrap_or_default(), new.get(start..).unwrap_or_default());
    let end = a.iter().rev().zip(b.iter().rev()).take_while(equal).count();
    let (a, b) = (a.get(..a.len() - end).unwrap_or_default(), b.get(..b.len() - end).unwrap_or_default());
    let of = |change| move |text: &&'t str| Line { change, text };
    let mut all: Vec<Line<'t>> = old.iter().take(start).map(of(Kind::Same)).collect();
    if a.len() > MOST || b.len() > MOST {
        all.extend(a.iter().map(of(Kind::Removed)).chain(b.iter().map(of(Kind::Added))));
    } else {
        for part in capture_diff_slices(Algorithm::Myers, a, b) {
            all.extend(
                part.iter_changes(a, b)
                    .map(|change| Line { change: kind(change.tag()), text: change.value() }),
            );
        }
    }
    all.extend(old.iter().skip(old.len() - end).map(of(Kind::Same)));
    all
}

/// Shows the differences of two texts, with the lines around each.
pub(super) fn shown(old: &str, new: &str, label: &str) -> Markup {
    let (old, new): (Vec<&str>, Vec<&str>) = (old.lines().collect(), new.lines().collect());
    let all = lines(&old, &new);
    if all.iter().all(|line| line.change == Kind::Same) {
        return html! { p.muted { "There is no difference." } };
    }
    let is_near = |index: usize| {
        let from = index.saturating_sub(AROUND);
        all.iter().skip(from).take(index - from + AROUND + 1).any(|line| line.change != Kind::Same)
    };
    let near: Vec<bool> = (0..all.len()).map(is_near).collect();
    html! {
        pre.code.diff tabindex="0" role="region" aria-label=(label) {
            @for (index, line) in all.iter().enumerate() {
                @if near.get(index).copied().unwrap_or_default() {
                    span data-change=(line.change.name()) {
                        @if line.change != Kind::Same { span.visually-hidden { (line.change.name()) ": " } }
                        (show::text(line.text)) "\n"
                    }
                } @else if index == 0 || near.get(index - 1).copied().unwrap_or_default() {
                    span data-change="place" { "…\n" }
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(old: &str, new: &str, expected: &str) {
        let (old, new): (Vec<&str>, Vec<&str>) = (old.lines().collect(), new.lines().collect());
        let shown: String =
            lines(&old, &new).iter().map(|line| format!("{}{} ", line.change.sign(), line.text)).collect();
        assert_eq!(shown.trim_end(), expected.trim_end());
    }

    #[test]
    fn differences_are_small() {
        check("a\nb\nc", "a\nx\nc", " a -b +x  c");
        check("a\nb", "a\nb", " a  b");
        check("", "a\nb", "+a +b");
        check("a\nb\nc\nd", "b\nc\nx\nd", "-a  b  c +x  d");
        check("a\na\na", "a\na", " a  a -a");
    }

    #[test]
    fn long_texts_end_soon() {
        let old: String = (0..20_000).map(|n| format!("{n}\n")).collect();
        let new: String = (0..20_000).map(|n| format!("{}\n", n * 2 + 1)).collect();
        let (old, new): (Vec<&str>, Vec<&str>) = (old.lines().collect(), new.lines().collect());
        assert_eq!(lines(&old, &new).len(), 40_000);
    }

    #[test]
    fn distant_lines_are_left_out_and_texts_are_escaped() {
        let old: String = (0..50).map(|n| format!("{n}\n")).collect();
        let new = old.replace("\n25\n", "\n<b>\n");
        let html = shown(&old, &new, "Changes").into_string();
        assert!(html.contains("&lt;b&gt;") && html.contains("22") && !html.contains(">10\n"), "{html}");
    }
}
