//! The book as a whole: its table of contents, its links, their anchors, and its images.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Component, Path, PathBuf};

use pulldown_cmark::{Event, Tag, TagEnd};
use stepwell_tests::root;
use url::Url;

use crate::pages::{pages, parser};

const SUMMARY: &str = "docs/SUMMARY.md";

/// A link or an image of a page.
#[derive(Debug)]
struct Link {
    to: String,
    line: usize,
    is_image: bool,
    /// The text of the link, or the description of the image.
    text: String,
}

/// The links of a page.
fn links(text: &str) -> Vec<Link> {
    let mut found = Vec::new();
    let mut open: Vec<Link> = Vec::new();
    for (event, range) in parser(text).into_offset_iter() {
        let line = text[..range.start].matches('\n').count() + 1;
        match event {
            Event::Start(Tag::Link { dest_url, .. }) => {
                open.push(Link { to: dest_url.to_string(), line, is_image: false, text: String::new() });
            }
            Event::Start(Tag::Image { dest_url, .. }) => {
                open.push(Link { to: dest_url.to_string(), line, is_image: true, text: String::new() });
            }
            Event::End(TagEnd::Link | TagEnd::Image) => found.extend(open.pop()),
            Event::Text(part) | Event::Code(part) => {
                open.iter_mut().for_each(|link| link.text.push_str(&part));
            }
            _ => {}
        }
    }
    found
}

/// The anchors of a page: the ids that mdBook gives its headings, and those in its HTML.
fn anchors(text: &str) -> BTreeSet<String> {
    let (mut found, mut heading) = (BTreeSet::new(), None::<String>);
    let mut seen: BTreeMap<String, usize> = BTreeMap::new();
    for event in parser(text) {
        match event {
            Event::Start(Tag::Heading { .. }) => heading = Some(String::new()),
            Event::Text(part) | Event::Code(part) => {
                if let Some(heading) = &mut heading {
                    heading.push_str(&part);
                }
            }
            Event::End(TagEnd::Heading(_)) => {
                let id = slug(&heading.take().unwrap_or_default());
                let count = seen.entry(id.clone()).or_default();
                found.insert(if *count == 0 { id } else { format!("{id}-{count}") });
                *count += 1;
            }
            Event::Html(html) | Event::InlineHtml(html) => {
                let ids = html.split("id=\"").skip(1).filter_map(|rest| rest.split('"').next());
                found.extend(ids.map(str::to_owned));
            }
            _ => {}
        }
    }
    found
}

/// The id that mdBook makes from a heading.
fn slug(heading: &str) -> String {
    let part = |c: char| match c {
        c if c.is_alphanumeric() || matches!(c, '_' | '-') => Some(c.to_ascii_lowercase()),
        c if c.is_whitespace() => Some('-'),
        _ => None,
    };
    heading.trim().chars().filter_map(part).collect()
}

/// Resolves `..` without the file system.
fn normal(path: &Path) -> PathBuf {
    let mut found = PathBuf::new();
    for part in path.components() {
        match part {
            Component::ParentDir => drop(found.pop()),
            Component::CurDir => {}
            part => found.push(part),
        }
    }
    found
}

/// Returns the problem of a link on a page, if it has one. `chapters` are the pages of the book.
fn problem(
    page: &str,
    link: &Link,
    anchors_of: &mut dyn FnMut(&str) -> BTreeSet<String>,
    chapters: &BTreeSet<String>,
) -> Option<String> {
    if link.text.trim().is_empty() {
        return Some(if link.is_image { "describe the image" } else { "the link has no text" }.to_owned());
    }
    if link.to.contains("://") || link.to.starts_with("mailto:") {
        return match Url::parse(&link.to) {
            Ok(url) if matches!(url.scheme(), "https" | "mailto") => None,
            Ok(url) => Some(format!("a link to another server begins with https://, not {}", url.scheme())),
            Err(error) => Some(format!("malformed: {error}")),
        };
    }
    let (path, anchor) =
        link.to.split_once('#').map_or((&*link.to, None), |(path, anchor)| (path, Some(anchor)));
    let target = match path {
        "" => page.to_owned(),
        path => normal(&Path::new(page).parent().unwrap().join(path)).display().to_string(),
    };
    let file = root().join(&target);
    if path.starts_with('/') || !file.exists() {
        return Some(format!("there is no `{target}`"));
    }
    if file.is_dir() {
        return Some("the built book shows no folder: link to a file".to_owned());
    }
    if !published().iter().any(|part| Path::new(&target).starts_with(part)) {
        return Some(format!("`{target}` is not among the files that docs/build.sh copies into the book"));
    }
    let is_page = target.ends_with(".md");
    if is_page && !chapters.contains(&target) {
        return Some(format!("`{target}` is not in {SUMMARY}, so the built book does not have it"));
    }
    let anchor = anchor?;
    if !is_page || !anchors_of(&target).contains(anchor) {
        return Some(format!("`{target}` has no heading `#{anchor}`"));
    }
    None
}

/// The files and folders that the built book has.
fn published() -> Vec<String> {
    let script = fs::read_to_string(root().join("docs/build.sh")).unwrap();
    let line = script.lines().find_map(|line| line.strip_prefix("published=\"")).unwrap();
    line.trim_end_matches('"').split(' ').map(str::to_owned).collect()
}

/// The chapters of the table of contents, by their paths in the repository.
fn chapters() -> Vec<String> {
    let text = fs::read_to_string(root().join(SUMMARY)).unwrap();
    let path = |link: Link| normal(&Path::new("docs").join(link.to)).display().to_string();
    links(&text).into_iter().map(path).collect()
}

#[test]
fn the_table_of_contents_lists_each_page_once() {
    let listed = chapters();
    let once: BTreeSet<String> = listed.iter().cloned().collect();
    assert_eq!(once.len(), listed.len(), "{SUMMARY} lists a page twice: {listed:?}");
    for page in &listed {
        assert!(root().join(page).is_file(), "{SUMMARY}: there is no `{page}`");
    }
    let missing: Vec<String> =
        pages().into_iter().filter(|page| page != SUMMARY && !once.contains(page)).collect();
    assert!(missing.is_empty(), "{SUMMARY} lacks {missing:?}");
}

#[test]
fn each_link_of_the_book_leads_somewhere() {
    let mut known: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    let mut anchors_of = |page: &str| {
        let read = || anchors(&fs::read_to_string(root().join(page)).unwrap());
        known.entry(page.to_owned()).or_insert_with(read).clone()
    };
    let chapters: BTreeSet<String> = chapters().into_iter().collect();
    let (mut count, mut problems) = (0, Vec::new());
    for page in &chapters {
        let text = fs::read_to_string(root().join(page)).unwrap();
        for link in links(&text) {
            count += 1;
            if let Some(problem) = problem(page, &link, &mut anchors_of, &chapters) {
                problems.push(format!("{page}:{}: `{}`: {problem}", link.line, link.to));
            }
        }
    }
    assert!(count > 200, "{count} links");
    assert!(problems.is_empty(), "{} problems of {count} links:\n{}", problems.len(), problems.join("\n"));
}

#[test]
fn a_link_that_leads_nowhere_is_a_problem() {
    let page = "# The `run` page\n\n## Limits & more\n\n## Twice\n\n## Twice\n\n<a id=\"here\"></a>\n";
    let ids: Vec<String> = anchors(page).into_iter().collect();
    assert_eq!(ids, ["here", "limits--more", "the-run-page", "twice", "twice-1"]);
    let chapters = BTreeSet::from(["docs/jobs.md".to_owned()]);
    for (link, said) in [
        ("[a](jobs.md)", None),
        ("[a](jobs.md#the-run-page)", None),
        ("[a](https://example.com/a)", None),
        ("[a](schema/job.json)", None),
        ("[a](schema)", Some("no folder")),
        ("[a](../host/engine/src/lib.rs)", Some("not among the files")),
        ("[a](jobs.md#nowhere)", Some("no heading")),
        ("[a](no.md)", Some("there is no")),
        ("[a](/docs/jobs.md)", Some("there is no")),
        ("[a](policy.md)", Some("is not in")),
        ("[](jobs.md)", Some("no text")),
        ("![](schema/job.json)", Some("describe the image")),
        ("[a](http://example.com/)", Some("https")),
        ("[a](https://)", Some("malformed")),
        ("[a](schema/job.json#a)", Some("no heading")),
    ] {
        let mut anchors_of = |_: &str| anchors(page);
        let found = problem("docs/page.md", &links(link)[0], &mut anchors_of, &chapters);
        match said {
            None => assert_eq!(found, None, "{link}"),
            Some(said) => {
                assert!(found.as_ref().is_some_and(|told| told.contains(said)), "{link}: {found:?}")
            }
        }
    }
}
