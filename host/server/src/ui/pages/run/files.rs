//! The files in the workspace of a run.

use axum::body::Bytes;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use http_body_util::BodyExt;
use maud::{Markup, html};
use serde::Deserialize;
use tokio::sync::Semaphore;

use super::log::{plain_name, successful};
use super::preview::{self, Kind};
use super::{copy, crumbs, parquet, shown, tabs};
use crate::api::{Call, Operation, Problem};
use crate::ui::ask::Ask;
use crate::ui::asked::{Asked, Path};
use crate::ui::layout::Section;
use crate::ui::pages::common;
use crate::ui::show;
use crate::ui::value::Parts;

/// The number of files on one page.
const PAGE: usize = 200;
/// The maximum number of bytes of an image that is shown.
const IMAGE: usize = 10 << 20;

/// The place in the list.
#[derive(Deserialize, Default)]
#[serde(deny_unknown_fields)]
pub(super) struct Place {
    #[serde(default)]
    from: usize,
}

/// Lists the files.
pub(super) async fn list(Asked(ask, place): Asked<Place>, Path((_, id)): Path<(String, String)>) -> Response {
    let page = async {
        let files = ask.get(&Operation::runArtifacts, &[&id]).await?;
        let all = files.list("items");
        let here = ask.path(&["runs", &id, "files"]);
        let next = place.from.saturating_add(PAGE);
        if place.from > 0 && place.from >= all.len() {
            return Err(Problem::bad_request(format!(
                "`from` must be less than the number of files, {}",
                all.len()
            )));
        }
        Ok(ask.page(Section::Runs, &format!("Files of {id}"), html! {
            div.page-header {
                (crumbs(&ask, &id, Some("Files")))
                div.page-title { h1 { "Files" } }
                p { "The workspace of the run. A step writes files there if its policy has a workspace." }
            }
            (tabs(&ask, &id, "files"))
            @if all.is_empty() {
                (show::empty("No files", html! { p { "The run has no workspace, its steps wrote no files, or they were removed after the retention." } }))
            } @else {
                (table(&ask, &id, all.get(place.from..).unwrap_or_default()))
            }
            @if next < all.len() {
                nav.pagination aria-label="Pages" {
                    span { (show::counted(all.len(), "file")) }
                    a.button.plain href={ (here) "?from=" (next) } rel="next" { "Next page" }
                }
            }
        }))
    };
    shown(&ask, page.await)
}

fn table(ask: &Ask, id: &str, files: &[serde_json::Value]) -> Markup {
    html! {
        (common::table("Files", html! {
            thead { tr { th scope="col" { "File" } th.number scope="col" { "Size" } th scope="col" { "Download" } } }
            tbody {
                @for file in files.iter().take(PAGE) {
                    @let path = file.text("path");
                    tr {
                        td { a href=(address(ask, id, "files", path)) { code { (show::text(path)) } } }
                        td.number { (show::bytes(file.number("bytes"))) }
                        td { a href=(address(ask, id, "download", path)) download aria-label={ "Download " (show::text(path)) } { "Download" } }
                    }
                }
            }
        }))
    }
}

/// Returns the address of a page about a file.
fn address(ask: &Ask, id: &str, page: &str, path: &str) -> String {
    let segments: Vec<&str> = ["runs", id, page].into_iter().chain(path.split('/')).collect();
    ask.path(&segments)
}

/// Asks the API for a file. Returns the answer and the size of the file.
async fn open(ask: &Ask, id: &str, path: &str) -> Result<(Response, u64), Problem> {
    let parameters: Vec<&str> = std::iter::once(id).chain(path.split('/')).collect();
    let answer = successful(ask.raw(Call::to(&Operation::runArtifact, &parameters)).await?).await?;
    let length =
        answer.headers().get(header::CONTENT_LENGTH).and_then(|value| value.to_str().ok()?.parse().ok());
    Ok((answer, length.unwrap_or_default()))
}

/// Reads the start of a file.
async fn start(answer: Response, most: usize) -> Result<Vec<u8>, Problem> {
    let (mut body, mut bytes) = (answer.into_body(), Vec::new());
    while let Some(frame) = body.frame().await {
        let cut = |_| Problem::new(StatusCode::BAD_GATEWAY, "the file cannot be read");
        if let Ok(piece) = frame.map_err(cut)?.into_data() {
            bytes.extend_from_slice(&piece);
        }
        if bytes.len() >= most {
            bytes.truncate(most);
            break;
        }
    }
    Ok(bytes)
}

/// Shows a file, as far as a page can.
pub(super) async fn view(ask: Ask, Path((_, id, path)): Path<(String, String, String)>) -> Response {
    let page = async {
        let (answer, length) = open(&ask, &id, &path).await?;
        let bytes = start(answer, preview::MOST).await?;
        let kind = Kind::of(&path, &bytes);
        let table = if kind == Kind::Parquet { parquet(&ask, &id, &path, length).await? } else { None };
        let image = address(&ask, &id, "image", &path);
        Ok(ask.page(Section::Runs, &format!("{path} of {id}"), html! {
            div.page-header {
                (crumbs(&ask, &id, Some(&path)))
                div.page-title { h1 { (show::text(&path)) } span.muted { (show::bytes(length)) } }
                div.page-actions { a.button.plain href=(address(&ask, &id, "download", &path)) download { "Download" } (copy()) }
            }
            (tabs(&ask, &id, "files"))
            section.card aria-labelledby="preview" {
                h2 #preview { "Preview" }
                @if kind == Kind::Image && length <= IMAGE as u64 {
                    img.preview src=(image) alt={ "The image " (show::text(&path)) };
                } @else if let Some(table) = table {
                    (table)
                } @else {
                    (preview::shown(&path, kind, &bytes, length))
                }
            }
        }))
    };
    shown(&ask, page.await)
}

/// The number of Parquet files that are read at the same time: each is in memory as a whole.
static PARQUET: Semaphore = Semaphore::const_new(2);

/// Shows a Parquet file, if it is not too large.
async fn parquet(ask: &Ask, id: &str, path: &str, length: u64) -> Result<Option<Markup>, Problem> {
    if length > parquet::MOST as u64 {
        return Ok(None);
    }
    // The semaphore is never closed.
    let _place = PARQUET.acquire().await.ok();
    let (answer, _) = open(ask, id, path).await?;
    let bytes = start(answer, parquet::MOST).await?;
    Ok(Some(parquet::shown(bytes.into()).await))
}

/// Sends a file for download.
pub(super) async fn download(ask: Ask, Path((_, id, path)): Path<(String, String, String)>) -> Response {
    let answer = async {
        let (answer, length) = open(&ask, &id, &path).await?;
        let name = plain_name(path.rsplit('/').next().unwrap_or_default());
        let headers = [
            (header::CONTENT_TYPE, "application/octet-stream".to_owned()),
            (header::CONTENT_LENGTH, length.to_string()),
            (header::CONTENT_DISPOSITION, format!("attachment; filename=\"{name}\"")),
        ];
        Ok((headers, answer.into_body()).into_response())
    };
    shown(&ask, answer.await)
}

/// Sends an image for the preview. A browser renders it without scripts, and as nothing else.
pub(super) async fn image(ask: Ask, Path((_, id, path)): Path<(String, String, String)>) -> Response {
    let answer = async {
        let (answer, length) = open(&ask, &id, &path).await?;
        if length > IMAGE as u64 {
            return Err(Problem::new(
                StatusCode::PAYLOAD_TOO_LARGE,
                "the image is too large to show: download it",
            ));
        }
        let bytes = start(answer, IMAGE).await?;
        let Some(kind) = preview::image(&bytes) else {
            return Err(Problem::new(
                StatusCode::UNSUPPORTED_MEDIA_TYPE,
                "the file is not an image that pages show",
            ));
        };
        let mut response = ([(header::CONTENT_TYPE, kind)], Bytes::from(bytes)).into_response();
        let policy = HeaderValue::from_static("default-src 'none'; sandbox");
        response.headers_mut().insert(header::CONTENT_SECURITY_POLICY, policy);
        Ok(response)
    };
    shown(&ask, answer.await)
}
