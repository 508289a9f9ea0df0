//! The columns of SQLite, by the rules of type affinity in sqlite.org/datatype3.html.

use crate::Form;
use crate::check::{Affinity, Check};

/// A column whose declared type contains one of the words; the first row that fits decides.
const TYPES: &[(&[&str], Form, Check)] = &[
    (&["int"], Form::Number, Check::Affinity(Affinity::Integer)),
    (&["char", "clob", "text"], Form::Text, Check::Nothing),
    (&["blob"], Form::Any, Check::Nothing),
    (&["real", "floa", "doub"], Form::Number, Check::Affinity(Affinity::Real)),
    (&["num", "dec"], Form::Number, Check::Affinity(Affinity::Numeric)),
];

/// Returns the row of a declared type. A column without one holds every value as it is.
pub(crate) fn row(name: &str) -> (Form, Check) {
    if name.is_empty() {
        return (Form::Any, Check::Nothing);
    }
    let row = TYPES.iter().find(|(words, ..)| words.iter().any(|word| name.contains(word)));
    row.map_or((Form::Other, Check::Affinity(Affinity::Hidden)), |(_, form, check)| (*form, check.clone()))
}
