//! The web UI: pages for people.
//!
//! A page is a function from answers of the API to HTML. Each page sends its requests to the API's router in this
//! process, as the person who is signed in ([`ask::Ask`]), so the API checks every role, and the UI has no logic of
//! its own. A button is a form for one operation of the API ([`actions`]); it is absent when the person may not use
//! the operation.

mod actions;
mod ask;
mod asked;
mod assets;
mod bars;
mod chart;
mod clock;
mod compression;
mod csrf;
mod diff;
mod errors;
mod flash;
mod graph;
mod guard;
mod layout;
mod login;
mod once;
mod openid;
mod pages;
mod route;
mod show;
mod turns;
mod value;
mod values;
mod words;

use std::sync::Arc;

use axum::middleware::{from_fn, from_fn_with_state, map_response};
use axum::response::Redirect;
use axum::routing::{any, get, post};
use axum::{Extension, Router};

use crate::api::{App, observe};
use route::{Route, routes};

pub(crate) use once::Link;

/// The path below which all pages are.
const ROOT: &str = "/ui";

/// The state that all pages share.
#[derive(Clone)]
struct Ui(Arc<Shared>);

struct Shared {
    app: App,
    /// The API.
    api: Router,
    turns: turns::Turns,
}

impl std::ops::Deref for Ui {
    type Target = Shared;
    fn deref(&self) -> &Shared {
        &self.0
    }
}

/// The addresses of people outside of the pages of projects.
const HOME: &[Route] = routes! {
    get "/ui" login::home;
    get "/ui/session" csrf::present;
    post "/ui/logout" login::log_out;
    // Its fields are those of the operation.
    post "/ui/p/{project}/do/{operation}" actions::act, takes ["*+"];
};

/// The addresses that need no session.
const PUBLIC: &[Route] = routes! {
    get "/" async || Redirect::to(ROOT);
    get "/ui/login" login::page;
    post "/ui/login" login::log_in;
    get "/ui/login/openid" openid::begin;
    get "/ui/login/openid/callback" openid::back;
    get "/ui/assets/{name}" assets::get;
    get "/ui/" errors::no_page;
    any "/ui/{*path}" errors::no_page;
};

/// Returns the method and the path of each address of the web UI, and whether it needs a session.
pub fn addresses() -> Vec<(&'static str, &'static str, bool)> {
    let of = |route: &Route, needs_session| (route.method, route.path, needs_session);
    let people = HOME.iter().chain(pages::all()).map(|route| of(route, true));
    people.chain(PUBLIC.iter().map(|route| of(route, false))).collect()
}

fn routed<'r>(routes: impl IntoIterator<Item = &'r Route>) -> Router<Ui> {
    routes.into_iter().fold(Router::new(), |router, route| {
        let known = Extension(guard::Known(route.fields));
        router.route(route.path, (route.handler)().layer(known))
    })
}

/// Returns the pages, with the API at all other paths.
pub(crate) fn router(app: App, api: Router) -> Router {
    with_pages(app, api, Router::new())
}

/// Returns the pages with a link that logs in, and the API at all other paths.
pub(crate) fn router_with_link(app: App, api: Router, link: Link) -> Router {
    with_pages(app, api, Router::new().route(once::PATH, get(once::log_in).layer(Extension(link))))
}

/// Returns the pages with more of them, and the API at all other paths.
fn with_pages(app: App, api: Router, more: Router<Ui>) -> Router {
    let ui = Ui(Arc::new(Shared { app: app.clone(), api: api.clone(), turns: turns::Turns::default() }));
    let people = routed(HOME.iter().chain(pages::all()));
    people
        .route_layer(from_fn_with_state(ui.clone(), guard::signed_in))
        .merge(routed(PUBLIC))
        .merge(more)
        .method_not_allowed_fallback(errors::no_method)
        .route_layer(from_fn_with_state(ui.clone(), guard::admit))
        .route_layer(from_fn(errors::shown))
        .route_layer(from_fn_with_state(app, observe))
        .route_layer(map_response(guard::protect))
        .with_state(ui)
        .fallback_service(api)
        .layer(compression::layer())
}
