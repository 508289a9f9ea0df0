//! The addresses of the web UI as tables, from which the router comes, and which the tests of access list.

use axum::routing::MethodRouter;

use super::Ui;

/// A method at an address.
pub(super) struct Route {
    pub method: &'static str,
    pub path: &'static str,
    pub handler: fn() -> MethodRouter<Ui>,
    /// The fields of its form; see [`super::guard::Fields::only`].
    pub fields: &'static [&'static str],
}

/// Makes a table of methods, paths and handlers, with the fields of forms that have some.
macro_rules! routes {
    (@fields) => { &[] };
    (@fields $fields:expr) => { &$fields };
    ($($method:ident $path:literal $handler:expr $(, takes $fields:expr)?;)*) => {
        &[$($crate::ui::route::Route {
            method: stringify!($method),
            path: $path,
            handler: || $method($handler),
            fields: $crate::ui::route::routes!(@fields $($fields)?),
        },)*]
    };
}

pub(super) use routes;
