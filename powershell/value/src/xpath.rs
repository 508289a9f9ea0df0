//! A subset of XPath 1.0: location paths, predicates, the common functions.
//!
//! Source: "XML Path Language (XPath) Version 1.0" (W3C).

use super::xml::{Kind, Node, local_name};

/// Prefixes and their namespaces.
pub type Namespaces = Vec<(String, String)>;

#[derive(Debug, Clone, PartialEq)]
enum Token {
    Name(String),
    Text(String),
    Number(f64),
    Sign(&'static str),
}

/// A value of an expression.
enum Item {
    Nodes(Vec<Node>),
    Text(String),
    Number(f64),
    Bool(bool),
}

/// Returns the nodes that a path selects.
///
/// # Errors
/// Describes the unsupported part of the expression.
pub fn select(node: &Node, path: &str, namespaces: &Namespaces) -> Result<Vec<Node>, String> {
    let tokens = tokens(path)?;
    let mut parser = Parser { tokens, at: 0, namespaces, depth: 0 };
    let context = Context { node: node.clone(), position: 1, size: 1 };
    let item = parser.or(&context)?;
    if parser.at < parser.tokens.len() {
        return Err(format!("'{path}' has an invalid token."));
    }
    match item {
        Item::Nodes(nodes) => Ok(nodes),
        _ => Err("Expression must evaluate to a node-set.".into()),
    }
}

fn tokens(path: &str) -> Result<Vec<Token>, String> {
    const SIGNS: [&str; 20] = [
        "//", "::", "!=", "<=", ">=", "..", "/", "[", "]", "(", ")", "@", ",", "|", "=", "<", ">", "+", "-",
        "*",
    ];
    let mut found = Vec::new();
    let mut rest = path;
    while let Some(c) = rest.chars().next() {
        if c.is_whitespace() {
            rest = rest.get(c.len_utf8()..).unwrap_or_default();
        } else if c == '\'' || c == '"' {
            let body = rest.get(1..).unwrap_or_default();
            let end = body.find(c).ok_or_else(|| format!("'{path}' has an unclosed string."))?;
            found.push(Token::Text(body.get(..end).unwrap_or_default().into()));
            rest = body.get(end + 1..).unwrap_or_default();
        } else if c.is_ascii_digit() {
            let end = rest.find(|c: char| !c.is_ascii_digit() && c != '.').unwrap_or(rest.len());
            found.push(Token::Number(rest.get(..end).and_then(|n| n.parse().ok()).unwrap_or(0.0)));
            rest = rest.get(end..).unwrap_or_default();
        } else if let Some(sign) = SIGNS.iter().find(|s| rest.starts_with(**s)) {
            found.push(Token::Sign(sign));
            rest = rest.get(sign.len()..).unwrap_or_default();
        } else if c == '.' {
            found.push(Token::Sign("."));
            rest = rest.get(1..).unwrap_or_default();
        } else {
            let end = rest
                .char_indices()
                .find(|(i, c)| {
                    !(c.is_alphanumeric()
                        || matches!(c, '_' | '-' | '.')
                        || *c == ':' && !rest.get(*i..).is_some_and(|r| r.starts_with("::")))
                })
                .map_or(rest.len(), |(i, _)| i);
            if end == 0 {
                return Err(format!("'{path}' has an invalid token."));
            }
            found.push(Token::Name(rest.get(..end).unwrap_or_default().into()));
            rest = rest.get(end..).unwrap_or_default();
        }
    }
    Ok(found)
}

struct Context {
    node: Node,
    position: usize,
    size: usize,
}

struct Parser<'a> {
    tokens: Vec<Token>,
    at: usize,
    namespaces: &'a Namespaces,
    depth: usize,
}

impl Parser<'_> {
    fn peek(&self) -> Option<&Token> {
        self.tokens.get(self.at)
    }

    fn sign(&mut self, sign: &str) -> bool {
        let found = matches!(self.peek(), Some(Token::Sign(s)) if *s == sign);
        self.at += usize::from(found);
        found
    }

    fn word(&mut self, word: &str) -> bool {
        let found = matches!(self.peek(), Some(Token::Name(n)) if n == word);
        self.at += usize::from(found);
        found
    }

    fn or(&mut self, context: &Context) -> Result<Item, String> {
        self.depth += 1;
        if self.depth > 60 {
            return Err("The XPath expression nests too deep.".into());
        }
        let mut left = self.and(context)?;
        while self.word("or") {
            let right = self.and(context)?;
            left = Item::Bool(truth(&left) || truth(&right));
        }
        self.depth -= 1;
        Ok(left)
    }

    fn and(&mut self, context: &Context) -> Result<Item, String> {
        let mut left = self.comparison(context)?;
        while self.word("and") {
            let right = self.comparison(context)?;
            left = Item::Bool(truth(&left) && truth(&right));
        }
        Ok(left)
    }

    fn comparison(&mut self, context: &Context) -> Result<Item, String> {
        let mut left = self.sum(context)?;
        loop {
            let Some(op) = ["=", "!=", "<=", ">=", "<", ">"].into_iter().find(|op| self.sign(op)) else {
                return Ok(left);
            };
            let right = self.sum(context)?;
            left = Item::Bool(compare(&left, op, &right));
        }
    }

    fn sum(&mut self, context: &Context) -> Result<Item, String> {
        let mut left = self.product(context)?;
        loop {
            if self.sign("+") {
                left = Item::Number(number(&left) + number(&self.product(context)?));
            } else if self.sign("-") {
                left = Item::Number(number(&left) - number(&self.product(context)?));
            } else {
                return Ok(left);
            }
        }
    }

    fn product(&mut self, context: &Context) -> Result<Item, String> {
        let mut left = self.union(context)?;
        loop {
            if self.sign("*") {
                left = Item::Number(number(&left) * number(&self.union(context)?));
            } else if self.word("div") {
                left = Item::Number(number(&left) / number(&self.union(context)?));
            } else if self.word("mod") {
                left = Item::Number(number(&left) % number(&self.union(context)?));
            } else {
                return Ok(left);
            }
        }
    }

    fn union(&mut self, context: &Context) -> Result<Item, String> {
        let mut left = self.primary(context)?;
        while self.sign("|") {
            let right = self.primary(context)?;
            if let (Item::Nodes(a), Item::Nodes(b)) = (&mut left, right) {
                for node in b {
                    if !a.iter().any(|n| n.same(&node)) {
                        a.push(node);
                    }
                }
            }
        }
        Ok(left)
    }

    fn primary(&mut self, context: &Context) -> Result<Item, String> {
        match self.peek().cloned() {
            Some(Token::Text(text)) => {
                self.at += 1;
                Ok(Item::Text(text))
            }
            Some(Token::Number(n)) => {
                self.at += 1;
                Ok(Item::Number(n))
            }
            Some(Token::Sign("-")) => {
                self.at += 1;
                let value = self.union(context)?;
                Ok(Item::Number(-number(&value)))
            }
            Some(Token::Sign("(")) => {
                self.at += 1;
                let item = self.or(context)?;
                if !self.sign(")") {
                    return Err("')' expected.".into());
                }
                let Item::Nodes(nodes) = item else { return Ok(item) };
                let nodes = self.predicates(nodes)?;
                self.rest(nodes).map(Item::Nodes)
            }
            Some(Token::Name(name))
                if self.tokens.get(self.at + 1) == Some(&Token::Sign("("))
                    && !matches!(name.as_str(), "text" | "node" | "comment") =>
            {
                self.at += 2;
                self.function(&name, context)
            }
            _ => self.path(context).map(Item::Nodes),
        }
    }

    fn path(&mut self, context: &Context) -> Result<Vec<Node>, String> {
        let mut root = context.node.clone();
        if matches!(self.peek(), Some(Token::Sign("/" | "//"))) {
            while let Some(parent) = root.data().parent {
                root = root.at(parent);
            }
            if matches!(self.peek(), Some(Token::Sign("/")))
                && !matches!(
                    self.tokens.get(self.at + 1),
                    Some(Token::Name(_) | Token::Sign("*" | "@" | "." | ".."))
                )
            {
                self.at += 1;
                return Ok(vec![root]);
            }
            return self.rest(vec![root]);
        }
        let nodes = self.step(vec![root])?;
        self.rest(nodes)
    }

    /// Parses the steps after a slash.
    fn rest(&mut self, mut nodes: Vec<Node>) -> Result<Vec<Node>, String> {
        loop {
            if self.sign("//") {
                let mut all = Vec::new();
                nodes.iter().for_each(|n| descend(n, &mut all));
                nodes = self.step(all)?;
            } else if self.sign("/") {
                nodes = self.step(nodes)?;
            } else {
                return Ok(nodes);
            }
        }
    }

    fn step(&mut self, from: Vec<Node>) -> Result<Vec<Node>, String> {
        if self.sign("..") {
            let mut up: Vec<Node> = Vec::new();
            for node in from {
                if let Some(parent) = node.data().parent.map(|p| node.at(p))
                    && !up.iter().any(|n| n.same(&parent))
                {
                    up.push(parent);
                }
            }
            return Ok(up);
        }
        if self.sign(".") {
            return Ok(from);
        }
        let mut axis = "child".to_owned();
        if self.sign("@") {
            axis = "attribute".into();
        } else if self.tokens.get(self.at + 1) == Some(&Token::Sign("::"))
            && let Some(Token::Name(name)) = self.peek().cloned()
        {
            axis = name;
            self.at += 2;
        }
        let test = match self.peek().cloned() {
            Some(Token::Sign("*")) => "*".to_owned(),
            Some(Token::Name(name)) => name,
            _ => return Err("Expression must evaluate to a node-set: a step is missing.".into()),
        };
        self.at += 1;
        let function = self.sign("(");
        if function && !self.sign(")") {
            return Err("')' expected.".into());
        }
        let start = self.at;
        let mut found: Vec<Node> = Vec::new();
        for node in &from {
            self.at = start;
            let candidates = along(node, &axis)?;
            let hits: Vec<Node> = candidates
                .into_iter()
                .filter(|n| self.fits(n, &test, function, axis == "attribute"))
                .collect();
            for hit in self.predicates(hits)? {
                if !found.iter().any(|n| n.same(&hit)) {
                    found.push(hit);
                }
            }
        }
        if from.is_empty() {
            self.predicates(Vec::new())?;
        }
        Ok(found)
    }

    fn fits(&self, node: &Node, test: &str, function: bool, attribute: bool) -> bool {
        let data = node.data();
        if function {
            return match test {
                "text" => matches!(data.kind, Kind::Text | Kind::CData),
                "comment" => data.kind == Kind::Comment,
                _ => true,
            };
        }
        let kind = if attribute { Kind::Attribute } else { Kind::Element };
        if data.kind != kind {
            return false;
        }
        if test == "*" {
            return true;
        }
        match test.split_once(':') {
            Some((prefix, local)) => {
                let Some((_, uri)) = self.namespaces.iter().find(|(p, _)| p == prefix) else {
                    return data.name == test;
                };
                let own = data.name.split_once(':').map_or("", |(p, _)| p);
                (local == "*" || local_name(&data.name) == local) && node.namespace(own) == *uri
            }
            None => data.name == test && (attribute || node.namespace("").is_empty()),
        }
    }

    fn predicates(&mut self, mut nodes: Vec<Node>) -> Result<Vec<Node>, String> {
        while self.sign("[") {
            let start = self.at;
            let size = nodes.len();
            let mut kept = Vec::new();
            if nodes.is_empty() {
                // Skip the remaining tokens.
                let mut open = 1;
                while open > 0 {
                    match self.peek() {
                        Some(Token::Sign("[")) => open += 1,
                        Some(Token::Sign("]")) => open -= 1,
                        None => return Err("']' expected.".into()),
                        _ => {}
                    }
                    self.at += 1;
                }
                continue;
            }
            for (i, node) in nodes.into_iter().enumerate() {
                self.at = start;
                let context = Context { node: node.clone(), position: i + 1, size };
                let keep = match self.or(&context)? {
                    Item::Number(n) => (n - (i + 1) as f64).abs() < f64::EPSILON,
                    other => truth(&other),
                };
                if keep {
                    kept.push(node);
                }
            }
            if !self.sign("]") {
                return Err("']' expected.".into());
            }
            nodes = kept;
        }
        Ok(nodes)
    }

    fn function(&mut self, name: &str, context: &Context) -> Result<Item, String> {
        let mut args = Vec::new();
        while !self.sign(")") {
            args.push(self.or(context)?);
            if !self.sign(",") && !matches!(self.peek(), Some(Token::Sign(")"))) {
                return Err(format!("Function '{name}' has an invalid argument."));
            }
        }
        let own = || context.node.inner_text();
        let arg = |i: usize| args.get(i).map_or_else(own, text);
        Ok(match name {
            "position" => Item::Number(context.position as f64),
            "last" => Item::Number(context.size as f64),
            "count" => Item::Number(match args.first() {
                Some(Item::Nodes(nodes)) => nodes.len() as f64,
                _ => 0.0,
            }),
            "sum" => Item::Number(match args.first() {
                Some(Item::Nodes(nodes)) => {
                    nodes.iter().map(|n| n.inner_text().trim().parse::<f64>().unwrap_or(f64::NAN)).sum()
                }
                _ => f64::NAN,
            }),
            "not" => Item::Bool(!args.first().is_some_and(truth)),
            "true" => Item::Bool(true),
            "false" => Item::Bool(false),
            "boolean" => Item::Bool(args.first().is_some_and(truth)),
            "contains" => Item::Bool(arg(0).contains(&arg(1))),
            "starts-with" => Item::Bool(arg(0).starts_with(&arg(1))),
            "string-length" => Item::Number(arg(0).chars().count() as f64),
            "normalize-space" => Item::Text(arg(0).split_whitespace().collect::<Vec<_>>().join(" ")),
            "string" => Item::Text(arg(0)),
            "number" => Item::Number(arg(0).trim().parse().unwrap_or(f64::NAN)),
            "concat" => Item::Text(args.iter().map(text).collect()),
            "translate" => {
                let (from, to): (Vec<char>, Vec<char>) = (arg(1).chars().collect(), arg(2).chars().collect());
                Item::Text(
                    arg(0)
                        .chars()
                        .filter_map(|c| {
                            from.iter().position(|f| *f == c).map_or(Some(c), |i| to.get(i).copied())
                        })
                        .collect(),
                )
            }
            "substring" => {
                let start = args.get(1).map_or(1.0, number).round() as i64 - 1;
                let length = args.get(2).map_or(usize::MAX, |l| number(l).max(0.0) as usize);
                Item::Text(arg(0).chars().skip(start.max(0) as usize).take(length).collect())
            }
            "substring-before" => {
                Item::Text(arg(0).split_once(&arg(1)).map_or(String::new(), |(a, _)| a.into()))
            }
            "substring-after" => {
                Item::Text(arg(0).split_once(&arg(1)).map_or(String::new(), |(_, b)| b.into()))
            }
            "name" => Item::Text(context.node.data().name),
            "local-name" => Item::Text(match args.first() {
                Some(Item::Nodes(nodes)) => {
                    nodes.first().map_or(String::new(), |n| local_name(&n.data().name).into())
                }
                _ => local_name(&context.node.data().name).into(),
            }),
            "floor" => Item::Number(args.first().map_or(f64::NAN, number).floor()),
            "ceiling" => Item::Number(args.first().map_or(f64::NAN, number).ceil()),
            "round" => Item::Number(args.first().map_or(f64::NAN, number).round()),
            _ => return Err(format!("The function '{name}' of XPath is not supported.")),
        })
    }
}

/// Returns the nodes of an axis.
fn along(node: &Node, axis: &str) -> Result<Vec<Node>, String> {
    let ancestors = |with: bool| {
        let mut found = if with { vec![node.clone()] } else { Vec::new() };
        let mut here = node.clone();
        while let Some(parent) = here.data().parent {
            here = here.at(parent);
            found.push(here.clone());
        }
        found
    };
    let siblings = |after: bool| {
        let Some(parent) = node.data().parent.map(|p| node.at(p)) else { return Vec::new() };
        let all = parent.children();
        let at = all.iter().position(|n| n.same(node)).unwrap_or(0);
        if after { all.into_iter().skip(at + 1).collect() } else { all.into_iter().take(at).rev().collect() }
    };
    Ok(match axis {
        "child" => node.children(),
        "attribute" => node.attributes(),
        "self" => vec![node.clone()],
        "parent" => node.data().parent.map(|p| node.at(p)).into_iter().collect(),
        "descendant" | "descendant-or-self" => {
            let mut all = Vec::new();
            descend(node, &mut all);
            if axis == "descendant" {
                all.remove(0);
            }
            all
        }
        "ancestor" => ancestors(false),
        "ancestor-or-self" => ancestors(true),
        "following-sibling" => siblings(true),
        "preceding-sibling" => siblings(false),
        other => return Err(format!("The axis '{other}' of XPath is not supported.")),
    })
}

/// Collects a node and everything below it.
pub fn descend(node: &Node, all: &mut Vec<Node>) {
    all.push(node.clone());
    node.children().iter().for_each(|child| descend(child, all));
}

fn truth(item: &Item) -> bool {
    match item {
        Item::Nodes(nodes) => !nodes.is_empty(),
        Item::Text(text) => !text.is_empty(),
        Item::Number(n) => *n != 0.0 && !n.is_nan(),
        Item::Bool(b) => *b,
    }
}

fn text(item: &Item) -> String {
    match item {
        Item::Nodes(nodes) => nodes.first().map(Node::inner_text).unwrap_or_default(),
        Item::Text(text) => text.clone(),
        Item::Number(n) => crate::numbers::shortest(*n),
        Item::Bool(b) => b.to_string(),
    }
}

fn number(item: &Item) -> f64 {
    match item {
        Item::Number(n) => *n,
        Item::Bool(b) => f64::from(u8::from(*b)),
        other => text(other).trim().parse().unwrap_or(f64::NAN),
    }
}

/// Compares two values. For node sets, the comparison holds if it holds for one of the nodes.
fn compare(left: &Item, op: &str, right: &Item) -> bool {
    if let Item::Nodes(nodes) = left {
        return nodes.iter().any(|n| compare(&Item::Text(n.inner_text()), op, right));
    }
    if let Item::Nodes(nodes) = right {
        return nodes.iter().any(|n| compare(left, op, &Item::Text(n.inner_text())));
    }
    match op {
        "=" | "!=" => {
            let same = match (left, right) {
                (Item::Bool(_), _) | (_, Item::Bool(_)) => truth(left) == truth(right),
                (Item::Number(_), _) | (_, Item::Number(_)) => number(left) == number(right),
                _ => text(left) == text(right),
            };
            same == (op == "=")
        }
        "<" => number(left) < number(right),
        "<=" => number(left) <= number(right),
        ">" => number(left) > number(right),
        _ => number(left) >= number(right),
    }
}
