//! Cmdlets for texts: HTML, searching, joining, string data.

use ps_value::types::NetType;
use std::rc::Rc;

use super::{CmdletInfo, Cx, Each, Gather};
use ps_runtime::eval::computed;
use ps_runtime::types::html_encode;
use ps_runtime::types::regexes::unescape;
use ps_value::error::{Category, Fault, R};
use ps_value::net::match_value;
use ps_value::regex::{Found, IGNORE_CASE, Regex};
use ps_value::{Dict, DictKind, Str, Value, text};

pub(crate) const CMDLETS: &[CmdletInfo] = &[
    CmdletInfo {
        name: "ConvertTo-Html",
        class: "ConvertToHtmlCommand",
        params: "InputObject: object pipe null | Property: object[] @0 | Body: string[] @3 set=Page | Head: string[] @1 set=Page | Title: string @2 set=Page | As: string | CssUri: uri alias=cu,uri set=Page | Fragment: switch set=Fragment | PostContent: string[] | PreContent: string[] | Meta: hashtable set=Page | Charset: string set=Page | Transitional: switch set=Page",
        default_set: "Page",
        make: || Gather::of(to_html),
    },
    CmdletInfo {
        name: "Select-String",
        class: "SelectStringCommand",
        params: "InputObject: object pipe set=Object null | Pattern: string[] @0 mandatory | Path: string[] @1 byname set=File mandatory | LiteralPath: string[] byname alias=PSPath,LP set=LiteralFile mandatory | Raw: switch | SimpleMatch: switch | CaseSensitive: switch | Quiet: switch | List: switch | NoEmphasis: switch | Include: string[] | Exclude: string[] | NotMatch: switch | AllMatches: switch | Encoding: string | Context: int[] | Culture: string",
        default_set: "File",
        make: || Gather::of(select_string),
    },
    CmdletInfo {
        name: "Join-String",
        class: "JoinStringCommand",
        params: "InputObject: object pipe null | Property: object @0 | Separator: string @1 | OutputPrefix: string alias=op | OutputSuffix: string alias=os | SingleQuote: switch | DoubleQuote: switch | FormatString: string | UseCulture: switch",
        default_set: "",
        make: || Gather::of(join_string),
    },
    CmdletInfo {
        name: "ConvertFrom-StringData",
        class: "ConvertFromStringDataCommand",
        params: "StringData: string @0 pipe mandatory empty | Delimiter: char @1",
        default_set: "",
        make: || Box::new(Each(string_data)),
    },
];

fn page_head(cx: &mut Cx<'_>) -> R<()> {
    let transitional = if cx.flag("Transitional") { "Transitional" } else { "Strict" };
    let lower = transitional.to_lowercase();
    cx.put(Value::from(format!("<!DOCTYPE html PUBLIC \"-//W3C//DTD XHTML 1.0 {transitional}//EN\"  \"http://www.w3.org/TR/xhtml1/DTD/xhtml1-{lower}.dtd\">")))?;
    cx.put(Value::from("<html xmlns=\"http://www.w3.org/1999/xhtml\">"))?;
    cx.put(Value::from("<head>"))?;
    if let Some(charset) = cx.text("Charset") {
        cx.put(Value::from(format!("<meta charset=\"{charset}\">")))?;
    }
    if let Some(Value::Dict(meta)) = cx.get("Meta") {
        for (name, value) in meta.pairs() {
            cx.put(Value::from(format!("<meta name=\"{}\" content=\"{}\">", text(&name), text(&value))))?;
        }
    }
    let head = cx.strings("Head");
    if head.is_empty() {
        let title = cx.text("Title").unwrap_or_else(|| "HTML TABLE".into());
        cx.put(Value::from(format!("<title>{}</title>", html_encode(&title))))?;
    } else {
        for line in head {
            cx.put(Value::from(line))?;
        }
    }
    if let Some(css) = cx.text("CssUri") {
        cx.put(Value::from(format!("<link rel=\"stylesheet\" type=\"text/css\" href=\"{css}\" />")))?;
    }
    cx.put(Value::from("</head><body>"))?;
    for line in cx.strings("Body") {
        cx.put(Value::from(line))?;
    }
    Ok(())
}

fn html_columns(cx: &mut Cx<'_>, item: &Value) -> Vec<(Str, Value)> {
    let mut columns: Vec<(Str, Value)> = Vec::new();
    for property in cx.values("Property") {
        if let Value::Str(name) = property.base()
            && ps_runtime::eval::operators::Wildcard::has(name)
        {
            let pattern = ps_runtime::eval::operators::Wildcard::new(name, false);
            let names = cx.it.property_names(item);
            columns
                .extend(names.into_iter().filter(|n| pattern.matches(n)).map(|n| (n.clone(), Value::Str(n))));
            continue;
        }
        let wanted = super::select::wanted(&property);
        columns.push((wanted.label.unwrap_or_default(), wanted.by));
    }
    if columns.is_empty() {
        columns = cx.it.property_names(item).into_iter().map(|n| (n.clone(), Value::Str(n))).collect();
    }
    columns
}

fn to_html(cx: &mut Cx<'_>, items: Vec<Value>) -> R<()> {
    let fragment = cx.flag("Fragment");
    let list = cx.text("As").is_some_and(|a| a.eq_ignore_ascii_case("list"));
    if !fragment {
        page_head(cx)?;
    }
    for line in cx.strings("PreContent") {
        cx.put(Value::from(line))?;
    }
    let columns = match items.first() {
        Some(first) => html_columns(cx, first),
        None => Vec::new(),
    };
    cx.put(Value::from("<table>"))?;
    if !list && !items.is_empty() {
        cx.put(Value::from(format!("<colgroup>{}</colgroup>", "<col/>".repeat(columns.len()))))?;
        let heads: String =
            columns.iter().map(|(label, _)| format!("<th>{}</th>", html_encode(label))).collect();
        cx.put(Value::from(format!("<tr>{heads}</tr>")))?;
    }
    let count = items.len();
    for (i, item) in items.iter().enumerate() {
        let mut cells = Vec::new();
        for (label, by) in &columns {
            let value = computed(cx.it, item, by)?;
            let shown = match value.base() {
                Value::Null | Value::Void => String::new(),
                Value::Array(_) | Value::List(_) | Value::Dict(_) => ps_value::text::type_text(&value),
                _ => cx.it.shown(&value),
            };
            cells.push((html_encode(label), html_encode(&shown)));
        }
        if list {
            for (label, shown) in cells {
                cx.put(Value::from(format!("<tr><td>{label}:</td><td>{shown}</td></tr>")))?;
            }
            if i + 1 < count {
                cx.put(Value::from("<tr><td><hr></td></tr>"))?;
            }
        } else {
            let row: String = cells.iter().map(|(_, shown)| format!("<td>{shown}</td>")).collect();
            cx.put(Value::from(format!("<tr>{row}</tr>")))?;
        }
    }
    cx.put(Value::from("</table>"))?;
    for line in cx.strings("PostContent") {
        cx.put(Value::from(line))?;
    }
    if !fragment {
        cx.put(Value::from("</body></html>"))?;
    }
    Ok(())
}

/// Lines with their source.
struct Source {
    path: String,
    lines: Vec<(String, Value)>,
}

fn sources(cx: &mut Cx<'_>, items: Vec<Value>) -> R<Vec<Source>> {
    let mut all = Vec::new();
    if cx.has("Path") || cx.has("LiteralPath") {
        for (path, is_dir) in super::given::existing(cx)? {
            if !is_dir {
                let body = cx.it.read_text(&path)?;
                all.push(Source {
                    path,
                    lines: body.lines().map(|l| (l.to_owned(), Value::from(l))).collect(),
                });
            }
        }
        return Ok(all);
    }
    let mut plain = Source { path: "InputStream".into(), lines: Vec::new() };
    for item in items.into_iter().flat_map(|v| v.to_items()) {
        if let Value::Net(net) = item.base()
            && let ps_value::net::Net::File(file) = &**net
        {
            if !file.is_dir {
                let body = cx.it.read_text(&file.path.clone())?;
                all.push(Source {
                    path: file.path.clone(),
                    lines: body.lines().map(|l| (l.to_owned(), Value::from(l))).collect(),
                });
            }
            continue;
        }
        let line = cx.it.to_text(&item);
        plain.lines.push((line, item));
    }
    all.push(plain);
    Ok(all)
}

fn select_string(cx: &mut Cx<'_>, items: Vec<Value>) -> R<()> {
    if cx
        .text("Culture")
        .is_some_and(|name| !["ordinal", "invariant", "current"].contains(&name.to_lowercase().as_str()))
    {
        cx.check_order()?;
    }
    let search = Search::of(cx)?;
    let quiet = cx.flag("Quiet");
    let mut any = false;
    for source in sources(cx, items)? {
        for (at, (line, _)) in source.lines.iter().enumerate() {
            let hit = search.hit(line);
            if hit.is_some() == cx.flag("NotMatch") {
                continue;
            }
            any = true;
            if quiet {
                break;
            }
            if cx.flag("Raw") {
                cx.put(Value::from(line.as_str()))?;
                continue;
            }
            cx.put(search.record(&source, at, line, hit))?;
            if cx.flag("List") {
                break;
            }
        }
    }
    if quiet && any {
        return cx.put(Value::Bool(true));
    }
    if quiet && !cx.has("InputObject") {
        return cx.put(Value::Bool(false));
    }
    Ok(())
}

/// The patterns of `Select-String`, and the lines around a hit.
struct Search {
    patterns: Vec<(String, Rc<Regex>)>,
    simple: bool,
    all: bool,
    ignore_case: bool,
    /// The numbers of lines before and after.
    context: Option<(usize, usize)>,
}

/// The pattern that a line matches, and the places.
type Hit<'s> = (&'s str, &'s Rc<Regex>, Vec<Found>);

impl Search {
    fn of(cx: &mut Cx<'_>) -> R<Self> {
        let ignore_case = !cx.flag("CaseSensitive");
        let simple = cx.flag("SimpleMatch");
        let mut patterns = Vec::new();
        for pattern in cx.strings("Pattern") {
            let escaped = if simple { ps_runtime::types::regex_escape(&pattern) } else { pattern.clone() };
            match cx.it.regex(&escaped, if ignore_case { IGNORE_CASE } else { 0 }) {
                Ok(regex) => patterns.push((pattern, regex)),
                Err(_) => {
                    let message = format!(
                        "The string {pattern} is not a valid regular expression: Invalid pattern '{pattern}'."
                    );
                    return cx.fail(Fault::new(
                        NetType::ArgumentException,
                        "InvalidRegex",
                        Category::InvalidArgument,
                        message,
                    ));
                }
            }
        }
        let context: Vec<i64> = cx.values("Context").iter().filter_map(Value::as_integer).collect();
        let lines = |number: Option<&i64>| number.copied().unwrap_or(0).max(0) as usize;
        let around = (lines(context.first()), lines(context.get(1).or(context.first())));
        let context = (!context.is_empty()).then_some(around);
        Ok(Self { patterns, simple, all: cx.flag("AllMatches"), ignore_case, context })
    }

    fn hit(&self, line: &str) -> Option<Hit<'_>> {
        self.patterns.iter().find_map(|(pattern, regex)| {
            let found = if self.all {
                regex.find_all(line, usize::MAX)
            } else {
                regex.find_at(line, 0).into_iter().collect()
            };
            (!found.is_empty()).then_some((pattern.as_str(), regex, found))
        })
    }

    /// Returns the object for a line.
    fn record(&self, source: &Source, at: usize, line: &str, hit: Option<Hit<'_>>) -> Value {
        let shared = Str::from(line);
        let (pattern, matches) = match hit {
            Some((pattern, regex, found)) if !self.simple => {
                (pattern, found.into_iter().map(|f| match_value(regex, &shared, Some(f))).collect())
            }
            Some((pattern, ..)) => (pattern, Vec::new()),
            None => (self.patterns.first().map(|p| p.0.as_str()).unwrap_or_default(), Vec::new()),
        };
        let take = |from: usize, to: usize| {
            let lines = source.lines.get(from..to.min(source.lines.len())).unwrap_or_default();
            Value::strings(lines.iter().map(|(line, _)| line.clone()))
        };
        let around = match self.context {
            None => Value::Null,
            Some((before, after)) => Value::record(
                NetType::MatchInfoContext,
                vec![
                    ("PreContext", take(at.saturating_sub(before), at)),
                    ("PostContext", take(at + 1, at + 1 + after)),
                ],
            ),
        };
        let name = source.path.rsplit('/').next().unwrap_or_default().to_owned();
        Value::record(
            NetType::MatchInfo,
            vec![
                ("IgnoreCase", Value::Bool(self.ignore_case)),
                ("LineNumber", Value::from(at + 1)),
                ("Line", Value::Str(shared.clone())),
                ("Filename", Value::from(name)),
                ("Path", Value::from(source.path.as_str())),
                ("Pattern", Value::from(pattern)),
                ("Context", around),
                ("Matches", Value::array_of(NetType::Match.ty(), matches)),
            ],
        )
    }
}

fn join_string(cx: &mut Cx<'_>, items: Vec<Value>) -> R<()> {
    let mut parts = Vec::new();
    let property = cx.get("Property");
    let format = cx.text("FormatString");
    for item in items {
        let value = match &property {
            Some(by) => computed(cx.it, &item, by)?,
            None => item,
        };
        let mut shown = match &format {
            Some(format) => match cx.it.format(format, std::slice::from_ref(&value)) {
                Ok(text) => text,
                Err(why) => {
                    return cx.fail(Fault::new(
                        NetType::FormatException,
                        "FormatError",
                        Category::InvalidArgument,
                        why,
                    ));
                }
            },
            None => cx.it.to_text(&value),
        };
        if cx.flag("SingleQuote") {
            shown = format!("'{shown}'");
        } else if cx.flag("DoubleQuote") {
            shown = format!("\"{shown}\"");
        }
        parts.push(shown);
    }
    let separator = match cx.text("Separator") {
        Some(separator) => separator,
        None => cx.it.lookup(cx.it.syms.ofs).map(|v| text(&v)).unwrap_or_default(),
    };
    let (prefix, suffix) =
        (cx.text("OutputPrefix").unwrap_or_default(), cx.text("OutputSuffix").unwrap_or_default());
    cx.put(Value::from(format!("{prefix}{}{suffix}", parts.join(&separator))))
}

fn string_data(cx: &mut Cx<'_>) -> R<()> {
    let source = cx.text("StringData").unwrap_or_default();
    let delimiter = cx.text("Delimiter").and_then(|d| d.chars().next()).unwrap_or('=');
    let dict = Dict::new(DictKind::Hashtable, true);
    for line in source.lines().map(str::trim).filter(|l| !l.is_empty() && !l.starts_with('#')) {
        let Some((key, value)) = line.split_once(delimiter) else {
            let message = format!("Data line '{line}' is not in 'name=value' format.");
            return cx.fail(Fault::new(
                NetType::PSInvalidOperationException,
                "InvalidOperation",
                Category::InvalidOperation,
                message,
            ));
        };
        let key = Value::from(key.trim());
        if dict.contains(&key) {
            let message = format!("Data item '{}' in line '{line}' is already defined.", text(&key));
            return cx.fail(Fault::new(
                NetType::PSInvalidOperationException,
                "InvalidOperation",
                Category::InvalidOperation,
                message,
            ));
        }
        dict.insert(&key, Value::from(unescape(value.trim())));
    }
    cx.put(Value::Dict(Rc::new(dict)))
}
