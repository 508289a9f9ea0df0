import http.server, threading, sys, json, time

posts = []
looks = {}


class H(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def log_message(self, *a):
        pass

    def reply(self, code, body, ctype="application/json; charset=utf-8; api-version=7.1", **h):
        b = body if isinstance(body, bytes) else json.dumps(body).encode()
        self.send_response(code)
        self.send_header("Content-Type", ctype)
        self.send_header("Content-Length", str(len(b)))
        for k, v in h.items():
            self.send_header(k.replace("_", "-"), v)
        self.end_headers()
        self.wfile.write(b)

    def do_POST(self):
        self.go("POST")

    def do_GET(self):
        self.go("GET")

    def do_PATCH(self):
        self.go("PATCH")

    def go(self, m):
        n = int(self.headers.get("Content-Length") or 0)
        data = self.rfile.read(n)
        path, _, q = self.path.partition("?")
        parts = path.strip("/").split("/")
        proj = parts[1] if len(parts) > 1 else ""
        if path == "/seen":
            return self.reply(200, posts)
        if "signin" in proj:
            return self.reply(
                203,
                b"<html><title>Azure DevOps Services | Sign In</title></html>",
                "text/html; charset=utf-8",
            )
        if "expired" in proj:
            return self.reply(
                401,
                b"",
                "text/plain",
                X_TFS_ServiceError="Access%20Denied%3A%20The%20Personal%20Access%20Token%20used%20has%20expired.",
            )
        if m == "POST" and parts[-1] == "runs":
            body = json.loads(data or b"{}")
            posts.append({"path": self.path, "body": body, "auth": bool(self.headers.get("Authorization"))})
            pid = parts[-2]
            if pid == "404":
                return self.reply(
                    404,
                    {
                        "$id": "1",
                        "message": "Pipeline 404 does not exist.",
                        "typeKey": "PipelineNotFoundException",
                    },
                )
            if pid == "400":
                return self.reply(
                    400,
                    {
                        "$id": "1",
                        "message": "You can't set the following variables (Secret). If you want to be able to set these variables, then edit the pipeline and select Settable at queue time on the variables tab of the pipeline editor.",
                        "typeKey": "PipelineValidationException",
                    },
                )
            if pid == "401x":
                return self.reply(200, {})
            if pid == "429" and len([p for p in posts if "/429/" in p["path"]]) < 2:
                return self.reply(429, {"message": "slow down"}, Retry_After="1")
            rid = {"64": 9007199254740993}.get(pid, 700 + len(posts))
            return self.reply(
                200,
                {
                    "id": rid,
                    "name": "2026.1",
                    "state": "inProgress",
                    "url": f'http://{self.headers["Host"]}{path}/{rid}',
                    "pipeline": {"id": int(pid), "name": "p"},
                    "_links": {"web": {"href": "http://x/"}},
                },
            )
        if m == "GET" and len(parts) >= 2 and parts[-2] == "runs":
            pid = parts[-3]
            k = path
            looks[k] = looks.get(k, 0) + 1
            if looks[k] < 2:
                return self.reply(
                    200,
                    {
                        "id": int(parts[-1]),
                        "name": "2026.1",
                        "state": "inProgress",
                        "pipeline": {"id": int(pid), "name": "p"},
                    },
                )
            return self.reply(
                200,
                {
                    "id": int(parts[-1]),
                    "name": "2026.1",
                    "state": "completed",
                    "result": {"7": "failed", "8": "canceled"}.get(pid, "succeeded"),
                    "finishedDate": "2026-03-01T00:00:00Z",
                    "pipeline": {"id": int(pid), "name": "p"},
                },
            )
        if m == "GET" and parts[-1] == "runs":
            return self.reply(200, {"count": 0, "value": []})
        if m == "GET" and len(parts) >= 2 and parts[-2] == "pipelines":
            return self.reply(200, {"id": int(parts[-1]), "name": "p", "configuration": {"type": "yaml"}})
        if "/_apis/build/" in path:
            if "timeline" in path:
                return self.reply(
                    200,
                    {
                        "records": [
                            {
                                "id": "a",
                                "type": "Task",
                                "name": "Tests",
                                "state": "completed",
                                "result": "failed",
                                "issues": [{"type": "error", "message": "3 tests failed"}],
                                "log": {"id": 1},
                            }
                        ]
                    },
                )
            if "logs" in path:
                return self.reply(200, b"line 1\nline 2", "text/plain")
            return self.reply(
                200,
                {
                    "id": int(parts[-1]) if parts[-1].isdigit() else 0,
                    "result": "partiallySucceeded" if proj == "part" else "succeeded",
                    "status": "completed",
                },
            )
        self.reply(404, {"message": "no " + path})


s = http.server.ThreadingHTTPServer(("127.0.0.1", 0), H)
s.daemon_threads = True
threading.Thread(target=s.serve_forever, daemon=True).start()
open(sys.argv[1], "w").write(str(s.server_address[1]))
time.sleep(90)
