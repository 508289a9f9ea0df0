//! JSON as Go's `encoding/json` writes it, byte for byte.

use std::fmt::Write as _;

/// Writes one JSON value. Fields come in the order of the calls, and no field is left out.
#[derive(Default)]
pub(super) struct Writer {
    text: String,
    needs_comma: bool,
}

/// A value that Go writes as JSON.
pub(super) trait Written {
    fn write(&self, to: &mut Writer);
}

/// The JSON of a value.
pub(super) fn json(value: &impl Written) -> Vec<u8> {
    let mut writer = Writer::default();
    value.write(&mut writer);
    writer.text.into_bytes()
}

impl Writer {
    /// Writes a struct: `fields` writes each field with [`Writer::field`].
    pub(super) fn object(&mut self, fields: impl FnOnce(&mut Self)) {
        self.text.push('{');
        self.needs_comma = false;
        fields(self);
        self.text.push('}');
        self.needs_comma = true;
    }

    pub(super) fn field(&mut self, name: &str, value: &(impl Written + ?Sized)) {
        self.comma();
        self.string(name);
        self.text.push(':');
        value.write(self);
        self.needs_comma = true;
    }

    fn comma(&mut self) {
        if self.needs_comma {
            self.text.push(',');
        }
    }

    /// Go escapes `<`, `>`, `&` and the two line separators, because the text may end up in HTML.
    fn string(&mut self, text: &str) {
        self.text.push('"');
        for c in text.chars() {
            match c {
                '"' => self.text.push_str("\\\""),
                '\\' => self.text.push_str("\\\\"),
                '\n' => self.text.push_str("\\n"),
                '\r' => self.text.push_str("\\r"),
                '\t' => self.text.push_str("\\t"),
                '\u{8}' => self.text.push_str("\\b"),
                '\u{c}' => self.text.push_str("\\f"),
                '<' | '>' | '&' | '\u{2028}' | '\u{2029}' | '\0'..'\u{20}' => {
                    // Writing to a string does not fail.
                    let _ = write!(self.text, "\\u{:04x}", u32::from(c));
                }
                c => self.text.push(c),
            }
        }
        self.text.push('"');
    }
}

impl Written for str {
    fn write(&self, to: &mut Writer) {
        to.string(self);
    }
}

impl Written for String {
    fn write(&self, to: &mut Writer) {
        to.string(self);
    }
}

impl Written for i64 {
    fn write(&self, to: &mut Writer) {
        to.text.push_str(&self.to_string());
    }
}

impl Written for bool {
    fn write(&self, to: &mut Writer) {
        to.text.push_str(if *self { "true" } else { "false" });
    }
}

/// A slice: one that was never made is `null`, an empty one is `[]`.
impl<T: Written> Written for Option<Vec<T>> {
    fn write(&self, to: &mut Writer) {
        let Some(items) = self else { return to.text.push_str("null") };
        to.text.push('[');
        to.needs_comma = false;
        for item in items {
            to.comma();
            item.write(to);
            to.needs_comma = true;
        }
        to.text.push(']');
    }
}
