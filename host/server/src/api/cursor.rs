//! Cursors: the place at which a list continues, as opaque text for clients.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;

use super::problem::Problem;

/// Returns the cursor of `list` after `place`.
pub(super) fn write(list: &str, place: &str) -> String {
    URL_SAFE_NO_PAD.encode(format!("{list}:{place}"))
}

/// Returns the place in a cursor of `list`.
pub(super) fn read(list: &str, cursor: Option<&str>) -> Result<Option<String>, Problem> {
    let Some(cursor) = cursor else { return Ok(None) };
    let text = URL_SAFE_NO_PAD.decode(cursor).ok().and_then(|bytes| String::from_utf8(bytes).ok());
    let place = text.as_deref().and_then(|text| text.strip_prefix(list)?.strip_prefix(':'));
    place.map(|place| Some(place.to_owned())).ok_or_else(unknown)
}

/// Returns the problem of a cursor that does not belong to the list.
pub(super) fn unknown() -> Problem {
    Problem::bad_request("`cursor` must be the `next_cursor` of the previous page")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cursor_is_read_by_the_list_that_made_it() {
        let cursor = write("jobs", "team-a/etl");
        assert_eq!(read("jobs", Some(&cursor)).unwrap().as_deref(), Some("team-a/etl"));
        assert_eq!(read("jobs", None).unwrap(), None);
        for (list, cursor) in
            [("runs", cursor.as_str()), ("jobs", "zzz"), ("jobs", ""), ("jobs", "team-a/etl")]
        {
            assert_eq!(read(list, Some(cursor)).unwrap_err().status, 400, "{list} {cursor}");
        }
    }
}
