import http.server, threading, sys, json, gzip, time, socket

hits = {}


class H(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def log_message(self, *a):
        pass

    def reply(self, code=200, body=b"", ctype="application/json", **h):
        self.send_response(code)
        self.send_header("Content-Type", ctype) if ctype else None
        for k, v in h.items():
            self.send_header(k.replace("_", "-"), v)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)

    def handle_any(self):
        n = int(self.headers.get("Content-Length") or 0)
        data = self.rfile.read(n)
        p = self.path.split("?")[0]
        hits[p] = hits.get(p, 0) + 1
        port = self.server.server_address[1]
        other = OTHER if port == MAIN else MAIN
        if p == "/r302":
            return self.reply(302, b"", "text/plain", Location=f"http://127.0.0.1:{other}/echo")
        if p == "/r303":
            return self.reply(303, b"", "text/plain", Location="/echo")
        if p == "/r307":
            return self.reply(307, b"", "text/plain", Location="/echo")
        if p == "/loop":
            return self.reply(302, b"", "text/plain", Location="/loop")
        if p == "/echo":
            return self.reply(
                200,
                json.dumps(
                    {
                        "method": self.command,
                        "auth": self.headers.get("Authorization"),
                        "cookie": self.headers.get("Cookie"),
                        "x": self.headers.get("X-Key"),
                        "body": data.decode(),
                        "ct": self.headers.get("Content-Type"),
                        "q": self.path.partition("?")[2],
                        "ua": self.headers.get("User-Agent"),
                        "port": port == MAIN,
                    }
                ).encode(),
            )
        if p == "/latin9":
            return self.reply(
                200,
                '{"price":"5 \u20ac","name":"Jos\u00e9"}'.encode("iso8859-15"),
                "application/json;charset=ISO-8859-15",
            )
        if p == "/latin1text":
            return self.reply(200, "Jos\u00e9".encode("latin1"), "text/plain; charset=ISO-8859-1")
        if p == "/bom":
            return self.reply(200, '\ufeff{"a":1}'.encode(), "application/json; charset=utf-8")
        if p == "/none":
            self.send_response(204)
            self.end_headers()
            return
        if p == "/emptyjson":
            return self.reply(200, b"", "application/json")
        if p == "/badjson":
            return self.reply(200, b"<html>oops</html>", "application/json")
        if p == "/vnd":
            return self.reply(200, b'{"v":1}', "application/vnd.api+json")
        if p == "/gz":
            return self.reply(200, gzip.compress(b'{"gz":true}'), Content_Encoding="gzip")
        if p == "/chunk":
            self.send_response(200)
            self.send_header("Content-Type", "application/json")
            self.send_header("Transfer-Encoding", "chunked")
            self.end_headers()
            for c in (b'{"a"', b":[1,", b"2]}"):
                self.wfile.write(b"%x\r\n%s\r\n" % (len(c), c))
                self.wfile.flush()
                time.sleep(0.05)
            self.wfile.write(b"0\r\n\r\n")
            return
        if p == "/cut":
            self.send_response(200)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", "100")
            self.end_headers()
            self.wfile.write(b'{"a":')
            self.wfile.flush()
            self.connection.close()
            return
        if p == "/busy":
            if hits[p] < 3:
                return self.reply(503, b"wait", "text/plain", Retry_After="1")
            return self.reply(200, json.dumps({"tries": hits[p]}).encode())
        if p == "/busydate":
            if hits[p] < 2:
                return self.reply(
                    429,
                    b"wait",
                    "text/plain",
                    Retry_After=time.strftime("%a, %d %b %Y %H:%M:%S GMT", time.gmtime(time.time() + 2)),
                )
            return self.reply(200, json.dumps({"tries": hits[p]}).encode())
        if p == "/always500":
            return self.reply(500, b'{"error":{"code":"E7","message":"database is down"}}')
        if p == "/page":
            k = int((self.path.partition("page=")[2] or "1").split("&")[0])
            h = {}
            if k < 3:
                h["Link"] = f'</page?page={k+1}>; rel="next"; title="a, b", </page?page=3>; rel=last'
            return self.reply(200, json.dumps({"data": [k * 10, k * 10 + 1]}).encode(), **h)
        if p == "/pageloop":
            return self.reply(200, b'{"data":[1]}', Link="</pageloop>; rel=next")
        if p == "/big":
            return self.reply(200, b"x" * (3 << 20), "text/plain")
        if p == "/big.bin":
            return self.reply(200, bytes(range(256)) * 80000, "application/octet-stream")
        if p == "/hits":
            return self.reply(200, json.dumps(hits).encode())
        return self.reply(404, b'{"error":"no such thing"}')

    do_GET = do_POST = do_PUT = do_DELETE = do_HEAD = do_PATCH = handle_any


class S(http.server.ThreadingHTTPServer):
    daemon_threads = True


class S6(S):
    address_family = socket.AF_INET6


a = S(("127.0.0.1", 0), H)
b = S(("127.0.0.1", 0), H)
c = S6(("::1", 0), H)
MAIN = a.server_address[1]
OTHER = b.server_address[1]
for s in (a, b, c):
    threading.Thread(target=s.serve_forever, daemon=True).start()
open(sys.argv[1], "w").write(f"{MAIN} {OTHER} {c.server_address[1]}")
time.sleep(float(sys.argv[2]) if len(sys.argv) > 2 else 60)
