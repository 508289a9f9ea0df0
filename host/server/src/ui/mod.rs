//! The web UI: pages for people.
//!
//! A page is a function from answers of the API to HTML. Each page sends its requests to the API's router in this
//! process, as the person who is signed in ([`ask::Ask`]), so the API checks every role, and the UI has no logic of
//! its own. A button is a form for one operation of the API ([`actions`]); it is absent when the person may not use
//! the operation.

mod actions;
mod ask;
mod assets;
mod bars;
mod chart;
mod clock;
mod diff;
mod flash;
mod graph;
mod guard;
mod layout;
mod login;
mod pages;
mod show;
mod value;
mod values;
mod words;

use std::sync::Arc;

use axum::Router;
use axum::middleware::{from_fn_with_state, map_response};
use axum::response::Redirect;
use axum::routing::{get, post};

use crate::api::{App, observe};

/// The path below which all pages are.
const ROOT: &str = "/ui";

/// The state that all pages share.
#[derive(Clone)]
struct Ui(Arc<Shared>);

struct Shared {
    app: App,
    /// The API.
    api: Router,
}

impl std::ops::Deref for Ui {
    type Target = Shared;
    fn deref(&self) -> &Shared {
        &self.0
    }
}

/// Returns the pages, with the API at all other paths.
pub(crate) fn router(app: App, api: Router) -> Router {
    let ui = Ui(Arc::new(Shared { app: app.clone(), api: api.clone() }));
    let people = pages::router()
        .route("/ui", get(login::home))
        .route("/ui/logout", post(login::log_out))
        .route("/ui/p/{project}/do/{operation}", post(actions::act))
        .route_layer(from_fn_with_state(ui.clone(), guard::signed_in));
    people
        .route("/", get(async || Redirect::to(ROOT)))
        .route("/ui/login", get(login::page).post(login::log_in))
        .route("/ui/assets/{name}", get(assets::get))
        .route("/ui/{*path}", get(layout::no_page))
        .route_layer(from_fn_with_state(ui.clone(), guard::admit))
        .route_layer(from_fn_with_state(app, observe))
        .route_layer(map_response(guard::protect))
        .with_state(ui)
        .fallback_service(api)
}
