//! A person who uses the web UI.

use serde_json::json;

use crate::server::{Reply, Server};

const FORM: (&str, &str) = ("content-type", "application/x-www-form-urlencoded");

/// The parts of a page that no text of a step or a person may bring, and that the policy of pages refuses.
const REFUSED: &[&str] = &["<script>alert", "\u{1b}", "\u{202e}", "style=\"", "<style", "onclick="];

/// A person with a session in the project `default`.
pub struct Person<'s> {
    pub server: &'s Server,
    pub cookie: String,
    pub csrf: String,
}

impl<'s> Person<'s> {
    /// Logs in with a key.
    pub async fn log_in(server: &'s Server, key: &str) -> Self {
        Self::log_in_to(server, key, "default").await
    }

    /// Logs in with a key of that project.
    pub async fn log_in_to(server: &'s Server, key: &str, project: &str) -> Self {
        let reply = server.raw("POST", "/ui/login", &[FORM], &format!("key={key}")).await.unwrap();
        assert_eq!(reply.status, 303, "{reply:?}");
        let cookie = reply.header("set-cookie").unwrap().split(';').next().unwrap().to_owned();
        let mut person = Self { server, cookie, csrf: String::new() };
        let page = person.get_whole(&format!("/ui/p/{project}/jobs")).await.body;
        let csrf = page.split_once("name=\"csrf-token\" content=\"").unwrap().1;
        person.csrf = csrf.split('"').next().unwrap().to_owned();
        person
    }

    /// Logs in with a new key of that role.
    pub async fn of_role(server: &'s Server, role: &str) -> Self {
        let key = json!({"name": role, "role": role, "projects": ["default"]});
        let made = server.post("/api/v2/keys", &key).await.json();
        Self::log_in(server, made["token"].as_str().unwrap()).await
    }

    pub async fn get(&self, path: &str) -> Reply {
        self.get_with(path, &[]).await
    }

    /// Gets a whole address.
    pub async fn get_whole(&self, path: &str) -> Reply {
        self.server.raw("GET", path, &[("cookie", &self.cookie)], "").await.unwrap()
    }

    pub async fn get_with(&self, path: &str, more: &[(&str, &str)]) -> Reply {
        let headers = [&[("cookie", self.cookie.as_str())], more].concat();
        self.server.raw("GET", &format!("/ui/p/default{path}"), &headers, "").await.unwrap()
    }

    /// Returns a page that has these texts.
    pub async fn page(&self, path: &str, texts: &[&str]) -> String {
        let reply = self.get(path).await;
        assert_eq!(reply.status, 200, "{path}: {reply:?}");
        for refused in REFUSED {
            assert!(!reply.body.contains(refused), "{path} has {refused:?}: {}", reply.body);
        }
        for text in texts {
            assert!(reply.body.contains(text), "{path} lacks {text}: {}", reply.body);
        }
        reply.body
    }

    /// Sends a form, with the token of the session.
    pub async fn post(&self, path: &str, fields: &[(&str, &str)]) -> Reply {
        self.post_whole(&format!("/ui/p/default{path}"), fields).await
    }

    /// Sends a form to a whole address.
    pub async fn post_whole(&self, path: &str, fields: &[(&str, &str)]) -> Reply {
        let mut body = url::form_urlencoded::Serializer::new(String::new());
        body.append_pair("csrf", &self.csrf).extend_pairs(fields);
        self.server.raw("POST", path, &[("cookie", &self.cookie), FORM], &body.finish()).await.unwrap()
    }
}
