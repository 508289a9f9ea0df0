//! The identity of an actor, which the actor cannot choose, and the names that files use for actors.

/// A person or program that acts.
#[derive(Debug, Clone, Copy)]
pub struct Actor<'a> {
    /// The identity: `key:ID`, `user:ISSUER/SUB` or `command:USER@MACHINE`.
    pub identity: &'a str,
    /// The display name: the name of the API key, which an administrator chose, or the name from the
    /// identity provider.
    pub name: &'a str,
    /// The values of the provider's roles claim.
    pub groups: &'a [String],
    /// The roles of the actor in the project.
    pub roles: &'a [&'static str],
}

/// The name of an actor or a group of actors in a file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Who {
    /// Every actor with a role: `role:operator`, `role:admin`.
    Role(String),
    /// An API key, by its name or its id: `key:NAME`, `key:ID`, or the bare name.
    Key(String),
    /// A person, by the issuer and the subject of their token: `user:ISSUER/SUB`.
    User(String),
    /// Every person whose token has this value in the roles claim: `group:VALUE`.
    Group(String),
    /// The command on a machine with access to the store: `command`.
    Command,
}

impl Who {
    /// Reads a name. A bare name means an API key, because people can choose their own names.
    ///
    /// # Errors
    /// Describes the problem, and the accepted forms.
    pub fn parse(text: &str) -> Result<Self, String> {
        let forms = "write `role:operator`, `key:NAME`, `user:ISSUER/SUB` or `group:VALUE`";
        match text.split_once(':') {
            Some(("role", name @ ("operator" | "admin"))) => Ok(Self::Role(name.to_owned())),
            Some(("role", _)) => Err("the role must be `role:operator` or `role:admin`".to_owned()),
            Some(("key", name)) if !name.is_empty() => Ok(Self::Key(name.to_owned())),
            Some(("group", name)) if !name.is_empty() => Ok(Self::Group(name.to_owned())),
            Some(("user", name)) => {
                let rest = name.strip_prefix("https://").or_else(|| name.strip_prefix("http://"));
                let named = rest.and_then(|rest| rest.split_once('/'));
                match named.is_some_and(|(issuer, sub)| !issuer.is_empty() && !sub.is_empty()) {
                    true => Ok(Self::User(text.to_owned())),
                    false => {
                        Err("a person is `user:`, the issuer of the token, `/`, and its `sub`".to_owned())
                    }
                }
            }
            _ if text == "command" => Ok(Self::Command),
            _ => {
                let plain = |c: char| c.is_alphanumeric() || "._-".contains(c);
                match !text.is_empty() && text.chars().all(plain) {
                    true => Ok(Self::Key(text.to_owned())),
                    false => Err(format!("this name is ambiguous: {forms}")),
                }
            }
        }
    }

    /// Returns whether the name stands for this actor.
    pub fn is(&self, actor: &Actor<'_>) -> bool {
        let key = actor.identity.strip_prefix("key:");
        match self {
            Self::Role(role) => actor.roles.contains(&role.as_str()),
            Self::Key(name) => key.is_some_and(|id| id == name || actor.name == name),
            Self::User(identity) => actor.identity == identity,
            Self::Group(group) => actor.identity.starts_with("user:") && actor.groups.contains(group),
            Self::Command => actor.identity.starts_with("command:"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_that_people_choose_name_no_one() {
        let groups = ["releases".to_owned()];
        let key =
            Actor { identity: "key:0a1b2c3d", name: "ann", groups: &[], roles: &["viewer", "operator"] };
        // People who use the name of the key, its id, or the identity of another person as their own name.
        let person = |name| Actor {
            identity: "user:https://login.example/7",
            name,
            groups: &groups,
            roles: &["operator"],
        };
        for (text, is_key, is_person) in [
            ("ann", true, false),
            ("key:ann", true, false),
            ("key:0a1b2c3d", true, false),
            ("0a1b2c3d", true, false),
            ("user:https://login.example/7", false, true),
            ("user:https://login.example/70", false, false),
            ("user:https://login.example/ann", false, false),
            ("group:releases", false, true),
            ("group:ann", false, false),
            ("role:operator", true, true),
            ("role:admin", false, false),
            ("command", false, false),
        ] {
            let who = Who::parse(text).unwrap();
            assert_eq!(who.is(&key), is_key, "{text}");
            for name in
                ["ann", "0a1b2c3d", "key:ann", "key:0a1b2c3d", "user:https://login.example/70", "command"]
            {
                assert_eq!(who.is(&person(name)), is_person, "{text} {name}");
            }
        }
        for text in [
            "",
            "ann@example.com",
            "Ann Lee",
            "https://login.example/7",
            "user:ann",
            "user:https://",
            "role:viewer",
            "role:",
            "key:",
            "group:",
            "team/ann",
            "${{ vars.who }}",
        ] {
            assert!(Who::parse(text).is_err(), "{text}");
        }
    }
}
