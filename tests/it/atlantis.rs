//! The locks of an installation of Atlantis: its answers byte for byte, and a migration in each mode.

use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use serde_json::{Value, json};
use stepwell::legacy::bolt::{BoltFile, Reading};
use stepwell::legacy::format::{GoTime, Hidden, Project, ProjectLock, Pull, Repo, User, VcsHost};
use stepwell::legacy::locks::{BoltLocks, ProjectLocks as _};
use stepwell_tests::root;
use tokio::io::{AsyncBufReadExt as _, AsyncWriteExt as _, BufReader};
use tokio::net::TcpListener;

use crate::cli::Shell;
use crate::server::{Reply, Server, samples, until};

/// The token that no answer, log or file of Stepwell's output may contain.
pub const TOKEN: &str = "s3cr3t-token";

/// A lock as Atlantis makes it, with the live token in its clone URL.
pub fn lock(repo: &str, path: &str, pull: i64) -> ProjectLock {
    let (owner, name) = repo.rsplit_once('/').unwrap();
    ProjectLock {
        project: Project {
            project_name: String::new(),
            repo_full_name: repo.to_owned(),
            path: path.to_owned(),
        },
        pull: Pull {
            num: pull,
            url: format!("https://github.com/{repo}/pull/{pull}"),
            author: "ann".to_owned(),
            base_repo: Repo {
                full_name: repo.to_owned(),
                owner: owner.to_owned(),
                name: name.to_owned(),
                clone_url: Hidden::new(format!("https://bot:{TOKEN}@github.com/{repo}.git")),
                sanitized_clone_url: format!("https://bot:<redacted>@github.com/{repo}.git"),
                vcs_host: VcsHost { hostname: "github.com".to_owned(), kind: 0 },
            },
            ..Pull::default()
        },
        user: User { username: "ann".to_owned(), teams: None },
        workspace: "default".to_owned(),
        time: GoTime::parse("2026-08-22T00:51:47.123456789+02:00").unwrap(),
    }
}

/// The body of a request for a lock, without the token.
fn wanted(repo: &str, path: &str, pull: i64) -> Value {
    let lock: Value = serde_json::from_slice(&lock(repo, path, pull).to_json()).unwrap();
    json!({"Locks": [lock]})
}

/// A service over the store of an installation.
struct Site {
    server: Server,
    shell: Shell,
}

impl Site {
    async fn start(place: &str, enhanced: &str, locks: &[ProjectLock]) -> Self {
        let shell = Shell::new();
        let site = Self::prepared(shell, place, enhanced);
        if place.starts_with("file") {
            let store = BoltLocks::at(site.path("atlantis.db"), Reading::Locked);
            store.create().await.unwrap();
            for lock in locks {
                assert!(store.try_lock(lock).await.unwrap().acquired);
            }
        }
        Self { server: Server::start_with(site.clone(), &[], ""), shell: site }
    }

    fn prepared(shell: Shell, place: &str, enhanced: &str) -> Shell {
        let config = format!(
            "connections: {{w: {{type: sqlite, path: w.db}}}}\natlantis: {{{place}}}\nenhanced-locking: {enhanced}\n"
        );
        shell.file("config.yaml", &config)
    }

    /// The locks of the file, as Atlantis would find them.
    async fn in_file(&self) -> Vec<ProjectLock> {
        let store = BoltLocks::at(self.shell.path("atlantis.db"), Reading::Beside);
        store.list().await.unwrap().locks.into_iter().map(|lock| lock.lock).collect()
    }

    async fn counts(&self) -> (u64, u64) {
        let state = self.server.get("/api/enhanced-locks/migration").await.json();
        let of = |pointer: &str| state.pointer(pointer).and_then(Value::as_u64).unwrap();
        (of("/locks/legacy"), of("/locks/enhanced"))
    }

    async fn try_lock(&self, repo: &str, path: &str, pull: i64) -> (u16, i64) {
        let reply = self.server.post("/api/enhanced-locks/try-lock", &wanted(repo, path, pull)).await;
        let holder = reply.json()["Answers"][0]["CurrLock"]["Pull"]["Num"].as_i64();
        (reply.status, holder.unwrap_or_else(|| panic!("{reply:?}")))
    }

    async fn change(&self, step: Value) -> Value {
        let reply = self.server.post("/api/enhanced-locks/migration", &step).await;
        assert_eq!(reply.status, 200, "{reply:?}");
        reply.json()
    }

    async fn delete(&self, id: &str) -> Reply {
        self.server.request("DELETE", &format!("/locks?id={id}"), &[], "").await
    }
}

const ENABLED: &str = "{enabled: true}";

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_answers_are_those_of_atlantis_byte_for_byte() {
    let nested = lock("org/infra", "mod/a+b", 5);
    let site = Site::start("file: atlantis.db", "{}", &[lock("org/repo", ".", 1), nested]).await;
    let server = &site.server;
    let listed = server.get("/api/locks").await;
    assert_eq!(listed.header("content-type").as_deref(), Some("application/json"));
    let detail = |repo: &str, path: &str, pull: i64| {
        format!(
            r#"{{"Name":"{repo}/{path}/default/","ProjectName":"","ProjectRepo":"{repo}","ProjectRepoPath":"{path}","PullID":"{pull}","PullURL":"https://github.com/{repo}/pull/{pull}","User":"ann","Workspace":"default","Time":"2026-08-22T00:51:47.123456789+02:00"}}"#
        )
    };
    let (infra, repo) = (detail("org/infra", "mod/a+b", 5), detail("org/repo", ".", 1));
    assert_eq!(listed.body, format!(r#"{{"Locks":[{infra},{repo}]}}"#));
    let one = server.get("/lock?id=org%252Frepo%252F.%252Fdefault%252F").await;
    assert_eq!(one.body, format!(r#"{{"Locks":[{repo}]}}"#), "encoded twice, as in the links of Atlantis");

    let text = |reply: Reply| (reply.status, reply.header("content-type").unwrap_or_default(), reply.body);
    let plain =
        |status: u16, text: &str| (status, "text/plain; charset=utf-8".to_owned(), format!("{text}\n"));
    for (method, path, status, body) in [
        ("GET", "/lock?id=org/repo/x/default/", 404, "No lock found at id 'org/repo/x/default/'"),
        ("GET", "/lock?id=nonsense", 500, "Failed getting lock: invalid key format"),
        ("GET", "/lock?id=a%25zz", 400, "Invalid lock id: invalid URL escape \"%zz\""),
        ("DELETE", "/locks?id=", 400, "No lock id in request"),
        ("DELETE", "/locks?id=nonsense", 500, "deleting lock failed with: 'invalid key format'"),
        (
            "DELETE",
            "/locks?id=a%25zz",
            400,
            "Invalid lock id 'a%zz'. Failed with error: 'invalid URL escape \"%zz\"'",
        ),
        ("DELETE", "/locks?id=org/repo/./default/", 200, "Deleted lock id 'org/repo/./default/'"),
        ("DELETE", "/locks?id=org/repo/./default/", 404, "No lock found at id 'org/repo/./default/'"),
        (
            "DELETE",
            "/locks?id=org/infra/mod/a%2Bb/default/",
            200,
            "Deleted lock id 'org/infra/mod/a+b/default/'",
        ),
        (
            "DELETE",
            "/apply/unlock",
            500,
            "deleting apply lock failed with: db transaction failed: no lock exists",
        ),
    ] {
        let reply = server.request(method, path, &[], "").await;
        assert_eq!(text(reply), plain(status, body), "{method} {path}");
    }
    assert_eq!(server.get("/api/locks").await.body, r#"{"Locks":null}"#);

    let locked = server.request("POST", "/apply/lock", &[], "").await;
    assert_eq!(locked.status, 200);
    let (words, time) = locked.body.split_at("Apply Lock is acquired on ".len());
    assert_eq!(words, "Apply Lock is acquired on ");
    assert!(chrono::NaiveDateTime::parse_from_str(time.trim_end(), "%Y-%m-%d %H:%M:%S").is_ok(), "{time}");
    let again = server.request("POST", "/apply/lock", &[], "").await;
    let why = "creating apply lock failed with: db transaction failed: lock already exists";
    assert_eq!(text(again), plain(500, why));
    let freed = server.request("DELETE", "/apply/unlock", &[], "").await;
    assert_eq!(text(freed), plain(200, "Deleted apply lock"));
}

/// Without an installation, nothing is there. Roles are those of the rest of the API.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn operations_are_absent_without_an_installation_and_need_roles_with_one() {
    let server = Server::start_with(Shell::new(), &[], "");
    for path in
        ["/api/locks", "/lock?id=a", "/api/enhanced-locks/migration", "/api/enhanced-locks/data/validate"]
    {
        let reply = server.get(path).await;
        assert_eq!(reply.status, 404, "{path}: {reply:?}");
        assert!(reply.json()["detail"].as_str().unwrap().contains("names no installation of Atlantis"));
    }
    let config = "file: atlantis.db, disable_global_apply_lock: true";
    let site = Site::start(config, "{metrics: false}", &[]).await;
    let key = |role: &str| json!({"name": role, "role": role, "projects": ["*"]});
    let token = async |role: &str| {
        let made = site.server.post("/api/v2/keys", &key(role)).await;
        format!("Bearer {}", made.json()["token"].as_str().unwrap())
    };
    let (viewer, operator) = (token("viewer").await, token("operator").await);
    for (bearer, method, path, status) in [
        (&viewer, "GET", "/api/locks", 200),
        (&viewer, "GET", "/api/enhanced-locks/config/mapping", 200),
        (&viewer, "DELETE", "/locks?id=a", 403),
        (&operator, "DELETE", "/locks?id=org/repo/./default/", 404),
        (&operator, "POST", "/api/enhanced-locks/migration/rollback", 403),
        (&operator, "POST", "/apply/lock", 404),
        (&operator, "GET", "/api/enhanced-locks/compatibility/metrics", 404),
        (&operator, "GET", "/api/enhanced-locks/debug/differences", 403),
    ] {
        let reply = site.server.raw(method, path, &[("authorization", bearer)], "").await.unwrap();
        assert_eq!(reply.status, status, "{method} {path}: {reply:?}");
    }
    assert_eq!(site.server.raw("GET", "/api/locks", &[], "").await.unwrap().status, 401);
    let off = site.server.get("/api/enhanced-locks/debug/differences").await;
    assert!(off.status == 404 && off.body.contains("debug-endpoints"), "{off:?}");
}

/// One lock is held during each change: shadow, gradual, blue-green, and back. It has one holder throughout.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_migration_goes_through_each_mode_and_back_with_a_holder() {
    let site = Site::start("file: atlantis.db", ENABLED, &[]).await;
    assert_eq!(site.try_lock("org/repo", "held", 1).await, (200, 1));
    let mut number = 0;
    for (step, place) in [
        (json!({"mode": "shadow"}), (1, 0)),
        (json!({"mode": "gradual", "traffic-percentage": 100}), (1, 0)),
        (json!({"mode": "blue-green", "active-system": "enhanced"}), (0, 1)),
        (json!({"mode": "gradual", "traffic-percentage": 1}), (0, 1)),
        (json!({"mode": "blue-green"}), (1, 0)),
        (json!({"mode": "blue-green", "active-system": "enhanced"}), (0, 1)),
        (json!({"mode": "off"}), (1, 0)),
    ] {
        site.change(step.clone()).await;
        assert_eq!(site.counts().await, place, "{step}");
        assert_eq!(site.try_lock("org/repo", "held", 2).await, (409, 1), "{step}: it has its holder");
        let listed = site.server.get("/api/locks").await.json();
        assert_eq!(listed["Locks"].as_array().unwrap().len(), 1, "{step}: {listed}");
        // A lock that is new in this mode is taken and released.
        number += 1;
        let path = format!("new-{number}");
        assert_eq!(site.try_lock("org/repo", &path, 3).await, (200, 3), "{step}");
        assert_eq!(site.delete(&format!("org/repo/{path}/default/")).await.status, 200, "{step}");
    }
    assert_eq!(site.in_file().await[0].pull.num, 1, "Atlantis finds its lock");
    assert_eq!(site.delete("org/repo/held/default/").await.status, 200);
    assert_eq!(site.counts().await, (0, 0));
    let rows = site.server.get("/api/v2/audit").await.body;
    assert!(rows.contains("atlantis.migrate") && rows.contains("atlantis.unlock"), "{rows}");
}

/// The share of the locks grows, commands judge the comparison, and the way back moves all locks.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn commands_advance_and_roll_back() {
    let site = Site::start("file: atlantis.db", ENABLED, &[lock("org/repo", "old", 9)]).await;
    let url = format!("http://{}", site.server.address);
    let migrate = |arguments: &[&str]| {
        let key = site.shell.path("key");
        std::fs::write(&key, &site.server.token).unwrap();
        let key = key.display().to_string();
        let all = [&["locks", "migrate"], arguments, &["--server", &url, "--key-file", &key]].concat();
        let output = site.shell.run(&all);
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        (output.status.code().unwrap(), text(&output.stdout) + &text(&output.stderr))
    };
    let (code, status) = migrate(&[]);
    assert_eq!(code, 0, "{status}");
    assert!(status.starts_with("step: off\nlocks: 1 in Atlantis, 0 in Stepwell\nnext: shadow\n"), "{status}");
    assert_eq!(migrate(&["advance"]).0, 0);
    let (code, early) = migrate(&["advance"]);
    assert!(code == 2 && early.contains("recommends `observe`"), "{early}");
    for number in 0..25 {
        assert_eq!(site.try_lock("org/repo", &format!("d{number}"), 1).await.0, 200);
    }
    let comparison = site.server.get("/api/enhanced-locks/compatibility/comparison").await.json();
    assert_eq!(
        (&comparison["compared"], &comparison["differences"]),
        (&json!(25), &json!(0)),
        "{comparison}"
    );
    let metrics = site.server.get("/api/enhanced-locks/compatibility/metrics").await.json();
    for pointer in [
        "/performance/LegacyLatency/P95",
        "/performance/ThroughputRatio",
        "/memory/Legacy",
        "/errors/ErrorRateChange",
    ] {
        assert!(metrics.pointer(pointer).is_some_and(Value::is_number), "{pointer}: {metrics}");
    }
    assert!(metrics["Recommendation"].is_string() && metrics["health"]["Compatible"].is_boolean());
    let found = samples(&site.server.get("/metrics").await.body);
    assert!(found[r#"atlantis_lock_duration_seconds_count{mode="enhanced"}"#] >= 25.0);
    assert_eq!(found[r#"atlantis_lock_errors_total{mode="legacy"}"#], 0.0);
    assert_eq!(found["atlantis_migration_rollbacks_total"], 0.0);

    let (code, forced) = migrate(&["advance", "--force"]);
    assert!(code == 0 && forced.contains("step: gradual, 10% of the locks"), "{forced}");
    let (code, wrong) = migrate(&["--mode", "shadow", "--percentage", "5"]);
    assert!(code == 2 && wrong.contains("`mode` and `traffic-percentage`"), "{wrong}");
    assert_eq!(migrate(&["--mode", "blue-green", "--active-system", "enhanced"]).0, 0);
    assert_eq!(site.counts().await, (0, 26));
    let (code, back) = migrate(&["rollback"]);
    assert!(code == 0 && back.contains("moved: 26 locks"), "{back}");
    assert_eq!(site.in_file().await.len(), 26, "no lock is lost");
}

/// The service stops while Stepwell holds locks, and the next one starts with `enabled: false`: they go back.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn turning_it_off_in_the_file_brings_the_locks_back() {
    let mut site = Site::start("file: atlantis.db", ENABLED, &[]).await;
    site.change(json!({"mode": "blue-green", "active-system": "enhanced"})).await;
    assert_eq!(site.try_lock("org/repo", "a", 4).await, (200, 4));
    assert_eq!(site.counts().await, (0, 1));
    let shell = site.shell.clone();
    // A process that ends lets the next one decide at once.
    assert_eq!(site.server.terminate(), Some(0));
    drop(site);
    let config = std::fs::read_to_string(shell.path("config.yaml")).unwrap();
    let shell = shell.file("config.yaml", &config.replace(ENABLED, "\n  enabled: true # a trial"));
    let set = shell.run(&["config", "set", "enhanced-locking.enabled=false", "--config", "config.yaml"]);
    assert_eq!(set.status.code(), Some(0), "{}", String::from_utf8_lossy(&set.stderr));
    let config = std::fs::read_to_string(shell.path("config.yaml")).unwrap();
    assert!(config.contains("  enabled: false # a trial"), "{config}");
    let site = Site { server: Server::start_with(shell.clone(), &[], ""), shell };
    until("the lock is back", async || site.counts().await, |counts| *counts == (1, 0)).await;
    assert_eq!(site.in_file().await[0].pull.num, 4);
    assert_eq!(site.try_lock("org/repo", "a", 5).await, (409, 4));
}

/// No answer, list or log of Stepwell shows the token of a clone URL, and it comes back with the lock.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn no_answer_shows_a_token_and_the_bytes_come_back() {
    let held = lock("org/repo", ".", 1);
    let site = Site::start(
        "file: atlantis.db",
        "{enabled: true, feature-flags: {debug-endpoints: true}}",
        std::slice::from_ref(&held),
    )
    .await;
    site.change(json!({"mode": "blue-green", "active-system": "enhanced"})).await;
    assert_eq!(site.counts().await, (0, 1));
    let mut all = String::new();
    for path in [
        "/api/locks",
        "/lock?id=org/repo/./default/",
        "/api/enhanced-locks/data/validate",
        "/api/enhanced-locks/debug/differences",
        "/api/enhanced-locks/config/mapping",
        "/api/v2/locks",
        "/api/v2/lock-events",
        "/api/v2/audit",
    ] {
        let reply = site.server.get(path).await;
        assert_eq!(reply.status, 200, "{path}: {reply:?}");
        all.push_str(&reply.body);
    }
    all.push_str(&site.server.post("/api/enhanced-locks/try-lock", &wanted("org/repo", ".", 2)).await.body);
    assert!(all.contains("atlantis/org/repo/./default/") && !all.contains(TOKEN), "{all}");
    site.change(json!({"mode": "off"})).await;
    let file = BoltFile::at(site.shell.path("atlantis.db")).read(Reading::Beside).unwrap();
    let raw = &file.buckets[&b"runLocks"[..]][&b"org/repo/./default/"[..]];
    assert_eq!(raw.expose(), held.to_json());
}

/// Requests that wait, and those that the settings do not allow.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_settings_bound_waits_and_name_the_key_that_a_request_needs() {
    let enhanced = "{enabled: true, compatibility-mode: false, feature-flags: {enhanced-timeouts: true, batch-operations: true}, migration: {mode: gradual, traffic-percentage: 50}}";
    let site = Site::start("file: atlantis.db", enhanced, &[lock("org/repo", "a", 1)]).await;
    let mut body = wanted("org/repo", "a", 2);
    body["wait"] = json!("20s");
    let (server, shell) = (&site.server, &site.shell);
    let freed = async {
        tokio::time::sleep(std::time::Duration::from_millis(700)).await;
        let store = BoltLocks::at(shell.path("atlantis.db"), Reading::Locked);
        store.unlock(&lock("org/repo", "a", 1).identity()).await.unwrap();
    };
    let (waited, ()) = tokio::join!(server.post("/api/enhanced-locks/try-lock", &body), freed);
    assert_eq!(
        (waited.status, &waited.json()["Answers"][0]["LockAcquired"]),
        (200, &json!(true)),
        "{waited:?}"
    );

    let both = [wanted("org/repo", "b", 3), wanted("org/repo", "a", 3)];
    let both = json!({"Locks": [both[0]["Locks"][0], both[1]["Locks"][0]]});
    let refused = server.post("/api/enhanced-locks/try-lock", &both).await;
    assert_eq!(refused.status, 409, "{refused:?}");
    assert_eq!(server.get("/api/locks").await.json()["Locks"].as_array().unwrap().len(), 1, "all or none");
    let mut urgent = wanted("org/repo", "c", 3);
    urgent["priority"] = json!(5);
    let urgent = server.post("/api/enhanced-locks/try-lock", &urgent).await;
    let why = "`priority` needs `enhanced-locking.feature-flags.priority-queuing: true` in the configuration";
    assert_eq!((urgent.status, &urgent.json()["detail"]), (422, &json!(why)));
    let none = server.post("/api/enhanced-locks/try-lock", &json!({"Locks": []})).await;
    assert!(none.status == 422 && none.body.contains("from 1 to 32 locks"), "{none:?}");
    for (lock, why) in [
        (json!({"Project": 7}), "Project"),
        (json!({}), "`Project.RepoFullName` must be the owner and the name of a repository"),
        (
            json!({"Project": {"RepoFullName": "org/repo", "Path": "../.."}, "Workspace": "w"}),
            "the part `..`",
        ),
        (
            json!({"Project": {"RepoFullName": "org/repo", "Path": "."}, "Workspace": "w"}),
            "`Pull.Num` must be",
        ),
        (
            json!({"Project": {"RepoFullName": "org/repo", "Path": "."}, "Workspace": "w", "Time": "soon"}),
            "Time",
        ),
    ] {
        let reply = server.post("/api/enhanced-locks/try-lock", &json!({"Locks": [lock]})).await;
        assert!(reply.status == 422 && reply.body.contains(why), "{reply:?}");
    }
}

/// The program of host/atlantis, which uses the real bbolt of Go.
pub fn go() -> Option<PathBuf> {
    let packages = Path::new("/usr/share/gocode");
    let has_go = Command::new("go").arg("version").output().is_ok_and(|output| output.status.success());
    if !has_go || !packages.join("src/go.etcd.io/bbolt").is_dir() {
        let missing = "skipped: needs Go and bbolt (on Debian: golang-go golang-github-coreos-bbolt-dev)";
        assert!(std::env::var("CI").is_err(), "{missing}");
        eprintln!("{missing}");
        return None;
    }
    let dir = Path::new(env!("CARGO_TARGET_TMPDIR"));
    let program = dir.join("bolt-of-atlantis");
    let build = Command::new("go")
        .args(["build", "-o"])
        .arg(&program)
        .arg(root().join("host/atlantis/tests/go/main.go"))
        .env("GO111MODULE", "off")
        .env("GOPATH", packages)
        .env("GOCACHE", dir.join("go-cache"))
        .env("GOFLAGS", "")
        .output()
        .unwrap();
    assert!(build.status.success(), "{}", String::from_utf8_lossy(&build.stderr));
    Some(program)
}

/// A process that holds a file with the real bbolt, as Atlantis does.
pub struct Holding(pub Child);

impl Holding {
    /// Starts a process that holds a file.
    pub fn of(program: &Path, file: &Path) -> Self {
        let mut child = Command::new(program)
            .args(["hold".as_ref(), file.as_os_str()])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut line = String::new();
        std::io::BufRead::read_line(&mut std::io::BufReader::new(child.stdout.as_mut().unwrap()), &mut line)
            .unwrap();
        assert_eq!(line, "held\n");
        Self(child)
    }
}

impl Drop for Holding {
    fn drop(&mut self) {
        drop(self.0.stdin.take());
        let _ = self.0.wait();
    }
}

/// Beside a running Atlantis, the API reads, and a change fails with the process that holds the file.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn beside_a_running_atlantis_the_api_reads_and_names_the_process() {
    let Some(program) = go() else { return };
    let site = Site::start("file: atlantis.db", "{}", &[lock("org/repo", ".", 1)]).await;
    let holding = Holding::of(&program, &site.shell.path("atlantis.db"));
    assert_eq!(site.server.get("/api/locks").await.json()["Locks"].as_array().unwrap().len(), 1);
    assert_eq!(site.server.get("/api/enhanced-locks/data/validate").await.json()["compatible"], json!(true));
    let reply = site.delete("org/repo/./default/").await;
    let process = format!("is in use by process {} (", holding.0.id());
    assert!(reply.status == 500 && reply.body.contains(&process), "{reply:?}");
    drop(holding);
    assert_eq!(site.delete("org/repo/./default/").await.status, 200);
    let checked =
        Command::new(&program).args(["dump".as_ref(), site.shell.path("atlantis.db").as_os_str()]).output();
    let dump: Value = serde_json::from_slice(&checked.unwrap().stdout).unwrap();
    assert_eq!(dump["Problems"], Value::Null, "bbolt finds no problem in what was written");
}

/// A Redis that answers `replies` to the commands of a client, each after a pause.
async fn redis(pause: std::time::Duration, answer: &'static str) -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            tokio::spawn(async move {
                let (reader, mut writer) = stream.into_split();
                let mut lines = BufReader::new(reader).lines();
                while let Ok(Some(line)) = lines.next_line().await {
                    let Some(count) = line.strip_prefix('*').and_then(|count| count.parse::<usize>().ok())
                    else {
                        return;
                    };
                    let mut words = Vec::new();
                    for _ in 0..count {
                        let _ = lines.next_line().await;
                        words.push(lines.next_line().await.ok().flatten().unwrap_or_default());
                    }
                    let reply = match words[0].to_uppercase().as_str() {
                        "CLIENT" | "SELECT" => "+OK\r\n".to_owned(),
                        "GETRANGE" => "$0\r\n\r\n".to_owned(),
                        "EXISTS" => ":0\r\n".to_owned(),
                        "SCAN" => "*2\r\n$1\r\n0\r\n*0\r\n".to_owned(),
                        _ => {
                            tokio::time::sleep(pause).await;
                            answer.to_owned()
                        }
                    };
                    if writer.write_all(reply.as_bytes()).await.is_err() {
                        return;
                    }
                }
            });
        }
    });
    port
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_slow_or_read_only_redis_has_a_clear_error() {
    let instantly = std::time::Duration::ZERO;
    let slowly = std::time::Duration::from_secs(60);
    for (pause, answer, why) in [
        (
            instantly,
            "-READONLY You can't write against a read only replica.\r\n",
            "db transaction failed: Redis refuses: READONLY You can't write against a read only replica.",
        ),
        (instantly, "-OOM command not allowed when used memory > 'maxmemory'.\r\n", "Redis refuses: OOM"),
        (slowly, "+OK\r\n", "Redis did not answer within 5 s; a change may have happened"),
    ] {
        let port = redis(pause, answer).await;
        let site = Site::start(&format!("redis: 'redis://127.0.0.1:{port}'"), "{}", &[]).await;
        assert_eq!(site.server.get("/api/locks").await.body, r#"{"Locks":null}"#);
        let reply = site.server.request("POST", "/apply/lock", &[], "").await;
        assert!(
            reply.status == 500 && reply.body.starts_with("creating apply lock failed with: "),
            "{reply:?}"
        );
        assert!(reply.body.contains(why), "{reply:?}");
    }
}

/// The real Redis of this machine: a migration in each mode, in a database of its own.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_real_redis_is_read_and_migrated() {
    use stepwell::legacy::locks::{RedisLocks, RedisSettings};
    let url = "redis://127.0.0.1:6379/3";
    let store = RedisLocks::new(url.parse::<RedisSettings>().unwrap());
    if store.ping().await.is_err() {
        assert!(std::env::var("CI").is_err(), "needs Redis on 127.0.0.1:6379");
        eprintln!("skipped: needs Redis on 127.0.0.1:6379");
        return;
    }
    let repo = format!("org/redis-{}", std::process::id());
    assert!(store.try_lock(&lock(&repo, "a", 1)).await.unwrap().acquired);
    let site = Site::start(&format!("redis: '{url}'"), ENABLED, &[]).await;
    let ours = async || {
        let listed = site.server.get("/api/locks").await.json();
        let all = listed["Locks"].as_array().cloned().unwrap_or_default();
        all.iter().filter(|lock| lock["ProjectRepo"] == json!(repo)).count()
    };
    assert_eq!(ours().await, 1);
    site.change(json!({"mode": "blue-green", "active-system": "enhanced"})).await;
    assert_eq!(store.get(&lock(&repo, "a", 1).identity()).await.unwrap(), None, "it has moved");
    assert_eq!((ours().await, site.try_lock(&repo, "a", 2).await), (1, (409, 1)));
    site.change(json!({"mode": "off"})).await;
    let back = store.get(&lock(&repo, "a", 1).identity()).await.unwrap().unwrap();
    assert_eq!(back.raw.expose(), lock(&repo, "a", 1).to_json(), "byte for byte");
    assert_eq!(site.delete(&format!("{repo}/a/default/")).await.status, 200);
    assert_eq!(ours().await, 0);
}
