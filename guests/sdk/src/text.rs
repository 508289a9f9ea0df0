//! Texts for summaries and messages.

/// Formats a count with its noun, in the singular for 1: `1 row`, `1,234 rows`. Any noun whose plural has an `s`
/// works.
///
/// ```
/// use stepwell_sdk::text::counted;
///
/// assert_eq!(counted(1, "row"), "1 row");
/// assert_eq!(counted(0, "row"), "0 rows");
/// assert_eq!(counted(1_234_567, "byte"), "1,234,567 bytes");
/// ```
#[must_use]
pub fn counted(count: u64, noun: &str) -> String {
    let ending = if count == 1 { "" } else { "s" };
    format!("{} {noun}{ending}", thousands(count))
}

/// Formats `1234567` as `1,234,567`.
#[must_use]
pub fn thousands(number: u64) -> String {
    let digits = number.to_string();
    let mut out = String::new();
    for (i, digit) in digits.chars().enumerate() {
        if i > 0 && (digits.len() - i).is_multiple_of(3) {
            out.push(',');
        }
        out.push(digit);
    }
    out
}
