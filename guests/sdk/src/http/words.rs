//! Plain-English messages for the errors of `wasi:http`.

use wasip2::http::types::{ErrorCode, http_error_code};
use wasip2::io::streams::StreamError;

/// Explains an error of a request to `authority`: a host, with a port if the URL gives one.
pub fn of(code: &ErrorCode, authority: &str) -> String {
    let host = match authority.rsplit_once(':') {
        Some((host, port)) if port.bytes().all(|byte| byte.is_ascii_digit()) => host,
        _ => authority,
    };
    match code {
        ErrorCode::DnsTimeout => format!("resolving the host `{host}` took too long"),
        ErrorCode::DnsError(_) | ErrorCode::DestinationNotFound => {
            format!("cannot resolve the host `{host}`")
        }
        ErrorCode::DestinationUnavailable | ErrorCode::DestinationIpUnroutable => {
            format!("cannot reach {authority}")
        }
        ErrorCode::ConnectionRefused => format!("connection refused by {authority}"),
        ErrorCode::ConnectionTimeout => format!("connecting to {authority} took too long"),
        ErrorCode::ConnectionReadTimeout | ErrorCode::HttpResponseTimeout => {
            format!("{authority} did not answer in time")
        }
        ErrorCode::TlsProtocolError | ErrorCode::TlsAlertReceived(_) => {
            format!("{authority} does not speak TLS as it should")
        }
        ErrorCode::TlsCertificateError => format!("the certificate of {authority} is not trusted"),
        other => format!("{authority}: {}", cause(other)),
    }
}

/// Explains why a stream broke.
pub fn broken(error: &StreamError) -> String {
    match error {
        StreamError::Closed => "the connection was closed".to_owned(),
        // The error's own text includes a backtrace of the host when backtraces are enabled.
        StreamError::LastOperationFailed(why) => match http_error_code(why) {
            Some(ErrorCode::ConnectionReadTimeout | ErrorCode::HttpResponseTimeout) => {
                "no more arrived in time".to_owned()
            }
            Some(code) => cause(&code),
            None => "the connection broke".to_owned(),
        },
    }
}

/// Explains an error without the authority.
fn cause(code: &ErrorCode) -> String {
    let most = |limit: Option<u64>| limit.map_or(String::new(), |limit| format!(" of {limit} bytes"));
    match code {
        ErrorCode::DnsTimeout | ErrorCode::DnsError(_) | ErrorCode::DestinationNotFound => {
            "the host cannot be resolved".into()
        }
        ErrorCode::DestinationUnavailable | ErrorCode::DestinationIpUnroutable => {
            "the host cannot be reached".into()
        }
        ErrorCode::HttpRequestDenied | ErrorCode::DestinationIpProhibited => "denied by policy".into(),
        ErrorCode::ConnectionRefused => "the connection was refused".into(),
        ErrorCode::ConnectionTerminated => "the connection was closed".into(),
        ErrorCode::ConnectionTimeout
        | ErrorCode::ConnectionReadTimeout
        | ErrorCode::ConnectionWriteTimeout
        | ErrorCode::HttpResponseTimeout => "it took too long".into(),
        ErrorCode::ConnectionLimitReached => {
            "the step has as many requests open as `limits.http_concurrent` allows".into()
        }
        ErrorCode::TlsProtocolError | ErrorCode::TlsAlertReceived(_) => "TLS failed".into(),
        ErrorCode::TlsCertificateError => "the certificate is not trusted".into(),
        ErrorCode::HttpRequestLengthRequired => "the request needs a length".into(),
        ErrorCode::HttpRequestBodySize(limit) => {
            format!("the request is larger than the limit{} (`limits.http_request_bytes`)", most(*limit))
        }
        ErrorCode::HttpRequestMethodInvalid => "the method is not valid".into(),
        ErrorCode::HttpRequestUriInvalid => "the URL is not valid".into(),
        ErrorCode::HttpRequestUriTooLong => "the URL is too long".into(),
        ErrorCode::HttpRequestHeaderSectionSize(_)
        | ErrorCode::HttpRequestHeaderSize(_)
        | ErrorCode::HttpRequestTrailerSectionSize(_)
        | ErrorCode::HttpRequestTrailerSize(_) => "the headers of the request are too large".into(),
        ErrorCode::HttpResponseIncomplete => "the connection was closed before the end".into(),
        ErrorCode::HttpResponseHeaderSectionSize(_)
        | ErrorCode::HttpResponseHeaderSize(_)
        | ErrorCode::HttpResponseTrailerSectionSize(_)
        | ErrorCode::HttpResponseTrailerSize(_) => "the headers of the answer are too large".into(),
        ErrorCode::HttpResponseBodySize(limit) => {
            format!("the answer is larger than the limit{} (`limits.http_response_bytes`)", most(*limit))
        }
        ErrorCode::HttpResponseTransferCoding(_) => {
            "the transfer coding of the answer is not supported".into()
        }
        ErrorCode::HttpResponseContentCoding(coding) => format!(
            "the answer is compressed ({}), and it cannot be searched for the credential of the request",
            coding.as_deref().unwrap_or("unknown")
        ),
        ErrorCode::HttpUpgradeFailed => "the connection could not be upgraded".into(),
        ErrorCode::HttpProtocolError => "the connection was closed, or what arrived is not HTTP".into(),
        ErrorCode::LoopDetected => "the request runs in a loop".into(),
        ErrorCode::ConfigurationError => "the HTTP client of the host is not configured".into(),
        // Only the first line is the host's own sentence. The remaining lines are not meant for users.
        ErrorCode::InternalError(Some(why)) => why.lines().next().unwrap_or_default().to_owned(),
        ErrorCode::InternalError(None) => "the request failed".into(),
    }
}
