//! Styles and scripts. Their names contain a digest of their content, so browsers never ask for them twice.

use std::io::Write;
use std::sync::LazyLock;

use axum::body::Bytes;
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use data_encoding::HEXLOWER;
use flate2::Compression;
use flate2::write::GzEncoder;
use sha2::{Digest, Sha256};

use super::asked::Path;

/// A file that pages use.
pub(super) struct Asset {
    name: String,
    kind: &'static str,
    text: &'static str,
    gzip: Bytes,
}

impl Asset {
    fn new(name: &str, kind: &'static str, text: &'static str) -> Self {
        let digest = HEXLOWER.encode(Sha256::digest(text).get(..6).unwrap_or_default());
        let (stem, end) = name.split_once('.').unwrap_or((name, ""));
        let mut gzip = GzEncoder::new(Vec::new(), Compression::best());
        // Writing to memory does not fail.
        let gzip = gzip.write_all(text.as_bytes()).and_then(|()| gzip.finish()).unwrap_or_default();
        Self { name: format!("{stem}.{digest}.{end}"), kind, text, gzip: gzip.into() }
    }

    /// Returns the address of the file.
    pub fn address(&self) -> String {
        format!("{}/assets/{}", super::ROOT, self.name)
    }
}

const SCRIPT: &str = "text/javascript; charset=utf-8";

macro_rules! assets {
    ($($name:ident $file:literal $kind:expr;)*) => {
        $(pub(super) static $name: LazyLock<Asset> =
            LazyLock::new(|| Asset::new($file, $kind, include_str!(concat!("../../ui/dist/", $file))));)*

        /// All files.
        static ALL: &[&LazyLock<Asset>] = &[$(&$name),*];
    };
}

assets! {
    STYLE "app.css" "text/css; charset=utf-8";
    SCRIPTS "app.js" SCRIPT;
    EDITOR "editor.js" SCRIPT;
    THEME "theme.js" SCRIPT;
    ICON "icon.svg" "image/svg+xml";
}

/// Sends a file.
pub(super) async fn get(Path(name): Path<String>, headers: HeaderMap) -> Response {
    let Some(asset) = ALL.iter().find(|asset| asset.name == name) else {
        return (StatusCode::NOT_FOUND, "there is no such file\n").into_response();
    };
    let accepts = headers.get(header::ACCEPT_ENCODING).and_then(|value| value.to_str().ok());
    let gzip = accepts.is_some_and(|accepts| accepts.split(',').any(|name| name.trim().starts_with("gzip")));
    let kept = [
        (header::CONTENT_TYPE, asset.kind),
        (header::CACHE_CONTROL, "public, max-age=31536000, immutable"),
        (header::VARY, "accept-encoding"),
    ];
    match gzip {
        true => (kept, [(header::CONTENT_ENCODING, "gzip")], asset.gzip.clone()).into_response(),
        false => (kept, asset.text).into_response(),
    }
}
