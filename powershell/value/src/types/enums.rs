//! Enums, of .NET or of the script.

use ps_syntax::symbol::same;

use crate::Str;

/// An enum, of .NET or of the script.
#[derive(Debug)]
pub struct EnumType {
    pub name: Str,
    pub full_name: Str,
    pub values: Vec<(Str, i64)>,
    pub flags: bool,
    pub of_script: bool,
}

impl PartialEq for EnumType {
    fn eq(&self, other: &Self) -> bool {
        self.full_name == other.full_name
    }
}

impl EnumType {
    pub fn name_of(&self, value: i64) -> Option<&Str> {
        self.values.iter().find(|(_, v)| *v == value).map(|(name, _)| name)
    }

    /// Formats a value: its name, the names of its flags, or the number.
    pub fn text_of(&self, value: i64) -> String {
        if let Some(name) = self.name_of(value) {
            return name.to_string();
        }
        if self.flags && value != 0 {
            let mut left = value;
            let mut names = Vec::new();
            let mut by_size: Vec<&(Str, i64)> = self.values.iter().collect();
            by_size.sort_by_key(|(_, v)| std::cmp::Reverse(*v));
            for (name, bits) in by_size {
                if *bits != 0 && left & bits == *bits {
                    left &= !bits;
                    names.push((*bits, name.to_string()));
                }
            }
            if left == 0 {
                names.sort_by_key(|(bits, _)| *bits);
                return names.into_iter().map(|(_, name)| name).collect::<Vec<_>>().join(", ");
            }
        }
        value.to_string()
    }

    /// Parses a name, several names joined by commas, or a number.
    pub fn parse(&self, text: &str) -> Option<i64> {
        let mut sum = 0;
        for part in text.split(',') {
            let part = part.trim();
            let exact = self.values.iter().find(|(name, _)| same(name, part));
            let found = exact.map(|(_, v)| *v).or_else(|| part.parse().ok()).or_else(|| {
                // PowerShell accepts a unique prefix of a name.
                let lower = part.to_lowercase();
                let mut hits = self
                    .values
                    .iter()
                    .filter(|(n, _)| !lower.is_empty() && n.to_lowercase().starts_with(&lower));
                match (hits.next(), hits.next()) {
                    (Some((_, v)), None) => Some(*v),
                    _ => None,
                }
            })?;
            sum |= found;
        }
        Some(sum)
    }
}
