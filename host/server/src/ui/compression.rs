//! The compression of responses. Streams of events stay as they are, since each event is to arrive at once, and so do
//! files, which have their length.

use axum::http::{Extensions, HeaderMap, StatusCode, Version, header};
use tower_http::compression::CompressionLayer;
use tower_http::compression::predicate::{And, Predicate, SizeAbove};

/// The least number of bytes that are worth the work.
const LEAST: u16 = 1_000;

/// The kinds of content that are compressed. Assets are compressed in advance.
const KINDS: [&str; 3] = ["text/html", "application/json", "application/problem+json"];

type IsKind = fn(StatusCode, Version, &HeaderMap, &Extensions) -> bool;

/// Returns the compression of pages and of answers of the API.
pub(super) fn layer() -> CompressionLayer<And<SizeAbove, IsKind>> {
    CompressionLayer::new().compress_when(SizeAbove::new(LEAST).and(is_compressed as IsKind))
}

fn is_compressed(_: StatusCode, _: Version, headers: &HeaderMap, _: &Extensions) -> bool {
    let kind = headers.get(header::CONTENT_TYPE).and_then(|kind| kind.to_str().ok()).unwrap_or_default();
    let kind = kind.split(';').next().unwrap_or_default().trim();
    KINDS.contains(&kind) && !headers.contains_key(header::CONTENT_DISPOSITION)
}
