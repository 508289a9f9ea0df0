//! `Invoke-RestMethod` and `Invoke-WebRequest`. Policy decides which requests are sent.

use ps_value::types::NetType;
use url::Url;

use super::{CmdletInfo, Cx, Gather};
use ps_runtime::host::{HttpRequest, HttpResponse};
use ps_runtime::types::{conversion::base64_of, enum_value, uri::url_encode};
use ps_value::error::{Category, ErrorRecord, Fault, Flow, R};
use ps_value::net::{Exception, Net};
use ps_value::xml::parse_document;
use ps_value::{Dict, DictKind, Value, text};

const PARAMS: &str = "Uri: string @0 mandatory | Method: string | CustomMethod: string alias=CM | Headers: object | Body: object pipe | InFile: string | OutFile: string | PassThru: switch | ContentType: string | UserAgent: string | Credential: pscredential | Authentication: string | Token: securestring | AllowUnencryptedAuthentication: switch | TimeoutSec: int | MaximumRedirection: int | MaximumRetryCount: int | RetryIntervalSec: int | PreserveAuthorizationOnRedirect: switch | SkipHttpErrorCheck: switch | StatusCodeVariable: string | ResponseHeadersVariable: string alias=RHV | UseBasicParsing: switch";

pub(super) const CMDLETS: &[CmdletInfo] = &[
    CmdletInfo {
        name: "Invoke-RestMethod",
        class: "InvokeRestMethodCommand",
        params: PARAMS,
        default_set: "",
        make: || Gather::of(rest_method),
    },
    CmdletInfo {
        name: "Invoke-WebRequest",
        class: "InvokeWebRequestCommand",
        params: PARAMS,
        default_set: "",
        make: || Gather::of(web_request),
    },
];

/// Maximum redirects without `-MaximumRedirection`, as in PowerShell.
const REDIRECTS: i64 = 5;

fn rest_method(cx: &mut Cx<'_>, piped: Vec<Value>) -> R<()> {
    let (_, response) = exchange(cx, piped)?;
    if let Some(name) = cx.text("ResponseHeadersVariable") {
        let headers = headers_of(&response);
        cx.it.scope.put_str(&name, headers);
    }
    if let Some(name) = cx.text("StatusCodeVariable") {
        cx.it.scope.put_str(&name, Value::Int(i32::from(response.status)));
    }
    if saved(cx, &response)? {
        return Ok(());
    }
    let body = body_text(&response);
    let kind = media_type(&response);
    let json = |body: &str| super::json::read_json(body);
    let xml = |body: &str| parse_document(body).ok();
    let value = if kind.contains("json") {
        json(&body)
    } else if body.trim_start().starts_with('<') || kind.contains("xml") {
        xml(&body)
    } else {
        json(&body)
    };
    // An array is one object here, as in PowerShell.
    cx.put(value.unwrap_or_else(|| Value::from(body)))
}

fn web_request(cx: &mut Cx<'_>, piped: Vec<Value>) -> R<()> {
    let (_, response) = exchange(cx, piped)?;
    if saved(cx, &response)? {
        return Ok(());
    }
    let value = response_object(&response);
    cx.put(value)
}

fn response_object(response: &HttpResponse) -> Value {
    let body = body_text(response);
    let kind = media_type(response);
    let textual = kind.is_empty()
        || ["text/", "json", "xml", "javascript", "form-urlencoded"].iter().any(|part| kind.contains(part));
    let content = if textual { Value::from(body.as_str()) } else { Value::bytes(&response.body) };
    let mut raw = format!("HTTP/1.1 {} {}\n", response.status, reason(response.status));
    for (name, value) in &response.headers {
        raw.push_str(&format!("{name}: {value}\n"));
    }
    Value::record(
        NetType::BasicHtmlWebResponseObject,
        vec![
            ("StatusCode", Value::Int(i32::from(response.status))),
            ("StatusDescription", Value::from(reason(response.status))),
            ("Content", content),
            ("RawContent", Value::from(format!("{raw}\n{body}"))),
            ("Headers", headers_of(response)),
            ("RawContentLength", Value::Long(response.body.len() as i64)),
        ],
    )
}

/// Writes the response to `-OutFile`. Returns whether there is no further output.
fn saved(cx: &mut Cx<'_>, response: &HttpResponse) -> R<bool> {
    let Some(path) = cx.text("OutFile") else { return Ok(false) };
    let full = cx.it.full_path(&path);
    if let Err(why) = cx.it.host.write(&full, &response.body, false) {
        let fault = cx.it.io_fault(&full, &why);
        return cx.fail(fault);
    }
    Ok(!cx.flag("PassThru"))
}

/// Sends the request, follows redirects, and retries as often as the script asked for.
fn exchange(cx: &mut Cx<'_>, piped: Vec<Value>) -> R<(HttpRequest, HttpResponse)> {
    let first = request(cx, piped)?;
    let retries = cx.integer("MaximumRetryCount").unwrap_or(0).clamp(0, 1000);
    let pause = cx.integer("RetryIntervalSec").unwrap_or(5).clamp(1, 3600);
    let mut tried = 0;
    loop {
        let (sent, result) = follow(cx, first.clone())?;
        let again = tried < retries
            && match &result {
                Ok(response) => response.status == 304 || response.status >= 400,
                Err(_) => true,
            };
        if again {
            tried += 1;
            cx.it.sleep(pause.unsigned_abs() * 1000)?;
            continue;
        }
        return match result {
            Err(why) => cx.fail(
                Fault::new(
                    NetType::HttpRequestException,
                    "WebCmdletWebResponseException",
                    Category::InvalidOperation,
                    why,
                )
                .of(sent.uri.as_str()),
            ),
            Ok(response) if response.status >= 400 && !cx.flag("SkipHttpErrorCheck") => {
                Err(refused(&sent, &response))
            }
            Ok(response) => Ok((sent, response)),
        };
    }
}

type Answer = Result<HttpResponse, String>;

fn follow(cx: &mut Cx<'_>, mut request: HttpRequest) -> R<(HttpRequest, Answer)> {
    let mut left = cx.integer("MaximumRedirection").unwrap_or(REDIRECTS).max(0);
    let mut challenged = false;
    loop {
        let response = match cx.it.host.http(&request) {
            Ok(response) => response,
            Err(why) => return Ok((request, Err(why))),
        };
        if response.status == 401
            && !challenged
            && !cx.has("Authentication")
            && let Some(value) = cx.get("Credential").and_then(|c| basic(&c))
        {
            challenged = true;
            request.headers.push(("Authorization".into(), value));
            continue;
        }
        let target = header(&response, "location")
            .filter(|_| matches!(response.status, 301 | 302 | 303 | 307 | 308) && left > 0)
            .and_then(|target| resolved(&request.uri, &target));
        let Some(target) = target else {
            return Ok((request, Ok(response)));
        };
        left -= 1;
        request.uri = target;
        if !matches!(response.status, 307 | 308) && request.method == "POST" {
            request.method = "GET".into();
            request.body.clear();
            request.headers.retain(|(name, _)| !name.eq_ignore_ascii_case("content-type"));
        }
        if !cx.flag("PreserveAuthorizationOnRedirect") {
            request.headers.retain(|(name, _)| !name.eq_ignore_ascii_case("authorization"));
        }
    }
}

/// Resolves a `Location`. As in .NET, https never redirects to http.
fn resolved(from: &str, target: &str) -> Option<String> {
    let from = Url::parse(from).ok()?;
    let target = from.join(target).ok()?;
    (from.scheme() != "https" || target.scheme() == "https").then(|| target.into())
}

fn request(cx: &mut Cx<'_>, piped: Vec<Value>) -> R<HttpRequest> {
    let mut uri = cx.text("Uri").unwrap_or_default();
    if !uri.contains("://") {
        uri = format!("http://{uri}");
    }
    let method = cx.text("CustomMethod").or_else(|| cx.text("Method")).unwrap_or_else(|| "GET".into());
    let method = if method.eq_ignore_ascii_case("default") { "GET".into() } else { method.to_uppercase() };
    let mut headers: Vec<(String, String)> = Vec::new();
    if let Some(Value::Dict(given)) = cx.get("Headers").as_ref().map(Value::base) {
        for (name, value) in given.pairs() {
            headers.push((text(&name), cx.it.to_text(&value)));
        }
    }
    if let Some(kind) = cx.text("ContentType") {
        headers.retain(|(name, _)| !name.eq_ignore_ascii_case("content-type"));
        headers.push(("Content-Type".into(), kind));
    }
    authenticate(cx, &uri, &mut headers)?;
    let has =
        |headers: &[(String, String)], name: &str| headers.iter().any(|(n, _)| n.eq_ignore_ascii_case(name));
    if !has(&headers, "user-agent") {
        let agent =
            cx.text("UserAgent").unwrap_or_else(|| "Mozilla/5.0 (Linux; en-US) PowerShell/7.0.13".into());
        headers.push(("User-Agent".into(), agent));
    }
    let given = cx.get("Body").or_else(|| piped.into_iter().next());
    let mut body = Vec::new();
    if let Some(path) = cx.text("InFile") {
        let full = cx.it.full_path(&path);
        body = match cx.it.host.read(&full) {
            Ok(bytes) => bytes,
            Err(why) => {
                let fault = cx.it.io_fault(&full, &why);
                return cx.fail(fault);
            }
        };
    } else if let Some(value) = given {
        match value.base() {
            Value::Dict(dict) if method == "GET" => {
                let join = if uri.contains('?') { '&' } else { '?' };
                uri = format!("{uri}{join}{}", form(cx, dict));
            }
            Value::Dict(dict) => body = form(cx, dict).into_bytes(),
            Value::Array(_) if is_bytes(&value) => body = ps_runtime::types::args::bytes(&value),
            Value::Net(net) => {
                body = match &**net {
                    Net::Xml(node) => node.outer().into_bytes(),
                    _ => cx.it.to_text(&value).into_bytes(),
                }
            }
            _ => body = cx.it.to_text(&value).into_bytes(),
        }
        if method == "POST" && !body.is_empty() && !has(&headers, "content-type") {
            headers.push(("Content-Type".into(), "application/x-www-form-urlencoded".into()));
        }
    }
    let timeout = cx.integer("TimeoutSec").unwrap_or(0).max(0).unsigned_abs();
    Ok(HttpRequest { method, uri, headers, body, timeout })
}

fn authenticate(cx: &mut Cx<'_>, uri: &str, headers: &mut Vec<(String, String)>) -> R<()> {
    let Some(scheme) = cx.text("Authentication").filter(|scheme| !scheme.eq_ignore_ascii_case("none")) else {
        return Ok(());
    };
    let wrong = |id: &str, message: &str| {
        Fault::new(NetType::ArgumentException, id, Category::InvalidArgument, message)
    };
    if !uri.to_lowercase().starts_with("https:") && !cx.flag("AllowUnencryptedAuthentication") {
        return cx.fail(wrong("WebCmdletAllowUnencryptedAuthenticationRequiredException", "The cmdlet cannot protect plain text secrets sent over unencrypted connections. To suppress this warning and send plain text secrets over unencrypted networks, reissue the command specifying the AllowUnencryptedAuthentication parameter."));
    }
    let value = match scheme.to_lowercase().as_str() {
        "basic" => cx.get("Credential").and_then(|credential| basic(&credential)),
        "bearer" | "oauth" => {
            cx.get("Token").map(|token| format!("Bearer {}", ps_runtime::types::engine::secret(&token)))
        }
        _ => {
            return cx.fail(wrong(
                "ParameterArgumentValidationError",
                "Authentication must be one of None, Basic, Bearer, OAuth.",
            ));
        }
    };
    match value {
        Some(value) => {
            headers.retain(|(name, _)| !name.eq_ignore_ascii_case("authorization"));
            headers.push(("Authorization".into(), value));
            Ok(())
        }
        None => cx.fail(wrong(
            "WebCmdletAuthenticationCredentialNotSuppliedException",
            &format!("The cmdlet cannot run because the following conflicting parameter is specified: Authentication. The value {scheme} needs Credential or Token."),
        )),
    }
}

fn basic(credential: &Value) -> Option<String> {
    let Value::Net(net) = credential.base() else { return None };
    let Net::Credential(user, password) = &**net else { return None };
    Some(format!("Basic {}", base64_of(format!("{user}:{password}").as_bytes())))
}

fn is_bytes(value: &Value) -> bool {
    value.to_items().iter().all(|item| matches!(item.base(), Value::Byte(_)))
}

/// Encodes a form as `application/x-www-form-urlencoded`.
fn form(cx: &mut Cx<'_>, dict: &Dict) -> String {
    let mut pairs = Vec::new();
    for (name, value) in dict.pairs() {
        let value = cx.it.to_text(&value);
        pairs.push(format!("{}={}", url_encode(&text(&name)), url_encode(&value)));
    }
    pairs.join("&")
}

/// Returns the error for a status of 400 or more, with the response's text as its details.
fn refused(request: &HttpRequest, response: &HttpResponse) -> Box<Flow> {
    let message = format!(
        "Response status code does not indicate success: {} ({}).",
        response.status,
        reason(response.status)
    );
    let status = enum_value(NetType::HttpStatusCode, i64::from(response.status));
    let mut exception = Exception::new(NetType::HttpResponseException, message);
    let answer = Value::record(
        NetType::HttpResponseMessage,
        vec![
            ("StatusCode", status.clone()),
            ("ReasonPhrase", Value::from(reason(response.status))),
            ("IsSuccessStatusCode", Value::Bool(false)),
            ("Headers", headers_of(response)),
        ],
    );
    exception.extra = vec![("Response", answer), ("StatusCode", status)];
    let target = Value::from(format!("{} {}", request.method, request.uri));
    let id = "WebCmdletWebResponseException".into();
    let record =
        ErrorRecord::new(Value::net(Net::Exception(exception)), id, Category::InvalidOperation, target);
    let body = body_text(response);
    if !body.trim().is_empty() {
        *record.details.borrow_mut() = Some(body.into());
    }
    Box::new(Flow::Error(record))
}

fn header(response: &HttpResponse, name: &str) -> Option<String> {
    response.headers.iter().find(|(n, _)| n.eq_ignore_ascii_case(name)).map(|(_, value)| value.clone())
}

/// Returns the headers, each with all its values.
fn headers_of(response: &HttpResponse) -> Value {
    let dict = Dict::new(DictKind::Hashtable, false);
    for (name, _) in &response.headers {
        let values = response.headers.iter().filter(|(n, _)| n.eq_ignore_ascii_case(name));
        dict.insert(&Value::from(name.as_str()), Value::strings(values.map(|(_, value)| value.clone())));
    }
    Value::Dict(std::rc::Rc::new(dict))
}

fn media_type(response: &HttpResponse) -> String {
    let kind = header(response, "content-type").unwrap_or_default();
    kind.split(';').next().unwrap_or_default().trim().to_lowercase()
}

/// Returns the body as text: UTF-8, unless the response declares Latin-1 or is not valid UTF-8.
fn body_text(response: &HttpResponse) -> String {
    let kind = header(response, "content-type").unwrap_or_default().to_lowercase();
    if !kind.contains("iso-8859-1")
        && let Ok(body) = std::str::from_utf8(&response.body)
    {
        return body.trim_start_matches('\u{feff}').to_owned();
    }
    response.body.iter().copied().map(char::from).collect()
}

fn reason(status: u16) -> &'static str {
    match status {
        200 => "OK",
        201 => "Created",
        202 => "Accepted",
        204 => "No Content",
        301 => "Moved Permanently",
        302 => "Found",
        303 => "See Other",
        304 => "Not Modified",
        307 => "Temporary Redirect",
        308 => "Permanent Redirect",
        400 => "Bad Request",
        401 => "Unauthorized",
        403 => "Forbidden",
        404 => "Not Found",
        405 => "Method Not Allowed",
        408 => "Request Timeout",
        409 => "Conflict",
        410 => "Gone",
        413 => "Payload Too Large",
        415 => "Unsupported Media Type",
        422 => "Unprocessable Entity",
        429 => "Too Many Requests",
        500 => "Internal Server Error",
        501 => "Not Implemented",
        502 => "Bad Gateway",
        503 => "Service Unavailable",
        504 => "Gateway Timeout",
        _ => "",
    }
}
