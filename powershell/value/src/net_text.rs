//! Conversions between .NET values and text.

pub fn parse_guid(text: &str) -> Option<[u8; 16]> {
    let plain: String = text
        .trim()
        .trim_matches(|c| matches!(c, '{' | '}' | '(' | ')'))
        .chars()
        .filter(|c| *c != '-')
        .collect();
    if plain.len() != 32 || !plain.is_ascii() {
        return None;
    }
    let mut bytes = [0; 16];
    for (i, byte) in bytes.iter_mut().enumerate() {
        *byte = u8::from_str_radix(plain.get(i * 2..i * 2 + 2)?, 16).ok()?;
    }
    Some(bytes)
}

pub fn guid_text(bytes: &[u8; 16]) -> String {
    let hex: String = bytes.iter().map(|b| format!("{b:02x}")).collect();
    let part = |a: usize, b: usize| hex.get(a..b).unwrap_or_default().to_owned();
    format!("{}-{}-{}-{}-{}", part(0, 8), part(8, 12), part(12, 16), part(16, 20), part(20, 32))
}

pub fn parse_version(text: &str) -> Result<[i32; 4], String> {
    let mut parts = [-1; 4];
    let pieces: Vec<&str> = text.trim().split('.').collect();
    if pieces.len() < 2 || pieces.len() > 4 {
        return Err("Version string portion was too short or too long. (Parameter 'input')".into());
    }
    for (place, piece) in parts.iter_mut().zip(pieces) {
        let number: i32 =
            piece.trim().parse().map_err(|_| "Input string was not in a correct format.".to_owned())?;
        if number < 0 {
            return Err(
                "Version's parameters must be greater than or equal to zero. (Parameter 'input')".into()
            );
        }
        *place = number;
    }
    Ok(parts)
}

pub fn version_text(parts: &[i32; 4], count: usize) -> String {
    let parts: Vec<String> =
        parts.iter().take(count).take_while(|p| **p >= 0).map(ToString::to_string).collect();
    parts.join(".")
}

/// Formats a URI as .NET does: with a path, if it has a host.
pub fn uri_text(uri: &str) -> String {
    match uri.split_once("://") {
        Some((scheme, rest)) if !rest.contains(['/', '?', '#']) => {
            format!("{}://{}/", scheme.to_lowercase(), rest.to_lowercase())
        }
        Some((scheme, rest)) => {
            let end = rest.find(['/', '?', '#']).unwrap_or(rest.len());
            let (host, path) = rest.split_at(end);
            format!("{}://{}{path}", scheme.to_lowercase(), host.to_lowercase())
        }
        None => uri.to_owned(),
    }
}
