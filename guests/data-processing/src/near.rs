//! The known name that is nearest to a wrong one.

/// The length up to which names are compared.
const LONGEST: usize = 64;

/// Returns the nearest of the known names, if one is near.
pub fn nearest<'a>(name: &str, known: impl Iterator<Item = &'a str>) -> Option<&'a str> {
    let name: Vec<char> = name.to_lowercase().chars().take(LONGEST).collect();
    let most = (name.len() / 3).max(1);
    let found = known.map(|other| {
        let lower: Vec<char> = other.to_lowercase().chars().take(LONGEST).collect();
        (distance(&name, &lower), other)
    });
    found
        .filter(|(distance, _)| *distance <= most && *distance < name.len())
        .min_by_key(|(distance, _)| *distance)
        .map(|(_, other)| other)
}

/// Counts the characters to insert, remove or replace.
fn distance(one: &[char], other: &[char]) -> usize {
    let mut before: Vec<usize> = (0..=other.len()).collect();
    for (row, a) in one.iter().enumerate() {
        let mut last = row + 1;
        let mut now = vec![last];
        for (b, pair) in other.iter().zip(before.windows(2)) {
            let [diagonal, above] = pair else { continue };
            last = (diagonal + usize::from(a != b)).min(above + 1).min(last + 1);
            now.push(last);
        }
        before = now;
    }
    before.last().copied().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_near_name_is_found() {
        let known = ["orders", "Customer Id", "amount", "id"];
        for (name, found) in [
            ("order", Some("orders")),
            ("customer_id", Some("Customer Id")),
            ("amnout", Some("amount")),
            ("idd", Some("id")),
            ("quantity", None),
            ("", None),
            ("x", None),
        ] {
            assert_eq!(nearest(name, known.into_iter()), found, "{name}");
        }
    }
}
