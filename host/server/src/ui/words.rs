//! Sentences of Stepwell, in which backquotes mark names.

use maud::{Markup, html};

use super::show;

/// Shows a sentence with its marked names as code.
pub(super) fn marked(text: &str) -> Markup {
    let shown = show::text(text);
    let pieces: Vec<&str> = shown.split('`').collect();
    // An odd backquote belongs to the text of a step or a person.
    if pieces.len().is_multiple_of(2) {
        return html! { (shown) };
    }
    html! {
        @for (place, piece) in pieces.iter().enumerate() {
            @if place % 2 == 1 { code { (piece) } } @else { (piece) }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn backquotes_mark_names() {
        assert_eq!(marked("raise `a<b`; then").into_string(), "raise <code>a&lt;b</code>; then");
        assert_eq!(marked("one ` <i>").into_string(), "one ` &lt;i&gt;");
        assert_eq!(marked("").into_string(), "");
    }
}
