//! Request headers that undo a decision of policy, or the search of a response for its credential.

/// Returns whether servers or proxies may obey a header instead of the method, path, host or sender of the
/// request itself. Policy decides about the request itself, so such a header would undo the decision.
pub fn overrides(header: &str) -> bool {
    // Some servers read `_` as `-`.
    let name = header.to_ascii_lowercase().replace('_', "-");
    let families = [
        "front-end-",
        "remote-",
        "ssl-client-",
        "x-accel-",
        "x-appengine-",
        "x-authenticated-",
        "x-client-",
        "x-forwarded",
        "x-goog-authenticated-",
        "x-http-host",
        "x-http-method",
        "x-http-path",
        "x-middleware-",
        "x-ms-client-principal",
        "x-original-",
        "x-override-",
        "x-remote-",
        "x-rewrite-",
        "x-ssl-",
        "x-tomcat-",
        "x-url-",
    ];
    let words = [
        "base-url",
        "-method",
        "cf-connecting-ip",
        "client-ip",
        "destination",
        "fastly-client-ip",
        "forwarded",
        "http-client-ip",
        "proxy-host",
        "proxy",
        "request-uri",
        "script-name",
        "true-client-ip",
        "x-azure-clientip",
        "x-azure-socketip",
        "x-cluster-client-ip",
        "x-custom-ip-authorization",
        "x-envoy-external-address",
        "x-envoy-original-host",
        "x-envoy-original-method",
        "x-envoy-original-path",
        "x-host",
        "x-host-override",
        "x-jwt-assertion",
        "x-method",
        "x-method-override",
        "x-originating-ip",
        "x-proxy-url",
        "x-proxyuser-ip",
        "x-real-ip",
        "x-request-uri",
        "x-requested-method",
        "x-script-name",
        "x-tunnel-method",
        "x-waws-unencoded-url",
        "x-wap-client-ip",
    ];
    families.iter().any(|family| name.starts_with(family)) || words.contains(&name.as_str())
}

/// Returns whether a header asks for a part of the response. If the server reflects a credential, a step that
/// chooses the parts could read the credential in pieces that are too short to be recognized.
pub(super) fn asks_for_parts(header: &str) -> bool {
    ["range", "if-range", "x-ms-range", "request-range"].iter().any(|name| header.eq_ignore_ascii_case(name))
}
