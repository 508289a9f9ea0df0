//! The addresses of the web UI as tables, from which the router comes, and which the tests of access list.

use axum::routing::MethodRouter;

use super::Ui;

/// A method at an address.
pub(super) struct Route {
    pub method: &'static str,
    pub path: &'static str,
    pub handler: fn() -> MethodRouter<Ui>,
}

/// Makes a table of methods, paths and handlers.
macro_rules! routes {
    ($($method:ident $path:literal $handler:expr;)*) => {
        &[$($crate::ui::route::Route {
            method: stringify!($method),
            path: $path,
            handler: || $method($handler),
        },)*]
    };
}

pub(super) use routes;
