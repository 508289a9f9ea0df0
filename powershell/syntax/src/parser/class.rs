//! Functions, classes, enums, attributes and the names of types.

use std::rc::Rc;

use super::lexer::{ends_word, is_name};
use super::{P, Parser};
use crate::ast::*;
use crate::source::Span;

/// The words and attributes before the name of a member.
#[derive(Default)]
struct Qualifiers {
    is_static: bool,
    hidden: bool,
    kind: Option<TypeName>,
    attributes: Vec<Attribute>,
}

impl Parser<'_> {
    pub(super) fn function(&mut self, word: &str) -> P<StmtKind> {
        let start = self.pos;
        self.keyword(word);
        let after = self.pos;
        self.space()?;
        let from = self.pos;
        while !ends_word(self.peek()) && !matches!(self.peek(), '\'' | '"' | '$' | '@') {
            self.bump();
        }
        let name = self.text.get(from..self.pos).unwrap_or_default().to_owned();
        if name.is_empty() {
            let span = Span::new(after, after);
            return self.error(
                "MissingNameAfterKeyword",
                format!("Missing name after {word} keyword."),
                span,
            );
        }
        let after = self.pos;
        self.lines()?;
        let mut params = Vec::new();
        if self.eat("(") {
            params = self.parameters("MissingEndParenthesisInFunctionParameterList")?;
        }
        self.lines()?;
        if self.peek() != '{' {
            let span = Span::new(after, after);
            return self.error("MissingFunctionBody", "Missing function body in function declaration.", span);
        }
        let mut body = self.script_block()?;
        let filter = word == "filter";
        if let Some(block) = Rc::get_mut(&mut body) {
            if !params.is_empty() {
                block.params = params;
            }
            if filter && block.process.is_none() {
                block.process = block.end.take();
            }
        }
        let name = ["global:", "script:", "local:", "private:"]
            .into_iter()
            .find(|p| name.get(..p.len()).is_some_and(|s| s.eq_ignore_ascii_case(p)))
            .filter(|p| *p != "global:")
            .and_then(|p| name.get(p.len()..))
            .map_or(name.clone(), str::to_owned);
        Ok(StmtKind::Function(Rc::new(Function { name: name.into(), filter, body, span: self.span(start) })))
    }

    /// Parses `class` or `enum`, unless it is a command of that name.
    pub(super) fn type_definition(&mut self, word: &str) -> P<Option<StmtKind>> {
        let start = self.pos;
        self.keyword(word);
        let after = self.pos;
        self.space()?;
        let name = self.word().to_owned();
        if name.is_empty() {
            let span = Span::new(after, after);
            return self.error(
                "MissingNameAfterKeyword",
                format!("Missing name after {word} keyword."),
                span,
            );
        }
        self.pos += name.len();
        let mut def = TypeDef {
            name: name.into(),
            is_enum: word == "enum",
            attributes: std::mem::take(&mut self.pending),
            bases: Vec::new(),
            properties: Vec::new(),
            methods: Vec::new(),
            span: Span::default(),
        };
        let after = self.pos;
        self.lines()?;
        if self.eat(":") {
            loop {
                self.lines()?;
                let base = self.type_name()?;
                def.bases.push(base);
                self.lines()?;
                if !self.eat(",") {
                    break;
                }
            }
        }
        self.lines()?;
        let open = self.pos;
        if !self.eat("{") {
            let span = Span::new(after, after);
            return self.error(
                "MissingTypeBody",
                format!("Missing '{word}' body in '{word}' declaration."),
                span,
            );
        }
        loop {
            self.ends()?;
            if self.peek() == '}' || self.at_end() {
                self.close_brace(open)?;
                break;
            }
            let member = if def.is_enum { self.enum_member(&mut def) } else { self.class_member(&mut def) };
            self.unclosed(open, member)?;
        }
        def.span = self.span(start);
        Ok(Some(StmtKind::Type(Rc::new(def))))
    }

    fn enum_member(&mut self, def: &mut TypeDef) -> P<()> {
        let start = self.pos;
        let name = self.word().to_owned();
        if name.is_empty() {
            return self.unexpected();
        }
        self.pos += name.len();
        self.space()?;
        let mut initial = None;
        if self.eat("=") {
            let after = self.pos;
            self.lines()?;
            initial = self.expression()?;
            if initial.is_none() {
                let span = Span::new(after, after);
                return self.error(
                    "ExpectedValueExpression",
                    "You must provide a value expression following the '=' operator.",
                    span,
                );
            }
        }
        let span = self.span(start);
        def.properties.push(Property {
            name: name.into(),
            kind: None,
            attributes: Vec::new(),
            initial,
            is_static: true,
            hidden: false,
            span,
        });
        Ok(())
    }

    fn class_member(&mut self, def: &mut TypeDef) -> P<()> {
        let start = self.pos;
        let qualifiers = self.qualifiers()?;
        if self.peek() == '$' {
            let property = self.property(start, qualifiers)?;
            def.properties.push(property);
            return Ok(());
        }
        let name_at = self.pos;
        let name = self.word().to_owned();
        if name.is_empty() {
            if let Some(last) = qualifiers.attributes.last().filter(|_| self.peek() == '}') {
                let end = last.span.end as usize;
                let span = Span::new(end, end);
                return self.error("IncompleteMemberDefinition", "Incomplete class member definition.", span);
            }
            return self.unexpected();
        }
        self.pos += name.len();
        let name_span = self.span(name_at);
        let (body, base) = self.method_body(&name)?;
        let Qualifiers { is_static, hidden, kind, .. } = qualifiers;
        let span = self.span(start);
        let name = name.into();
        def.methods.push(Method { name, returns: kind, body, base, is_static, hidden, span, name_span });
        Ok(())
    }

    /// Parses the words and attributes before the name of a member.
    fn qualifiers(&mut self) -> P<Qualifiers> {
        let mut found = Qualifiers::default();
        loop {
            self.lines()?;
            let at = self.pos;
            if self.keyword("static") {
                self.once(found.is_static, at);
                found.is_static = true;
            } else if self.keyword("hidden") {
                self.once(found.hidden, at);
                found.hidden = true;
            } else if self.peek() == '[' {
                let attribute = self.attribute()?;
                if attribute.is_type {
                    if found.kind.is_some() {
                        self.note(
                            "TooManyTypes",
                            "Only one type may be specified on class members.",
                            attribute.span,
                        );
                    }
                    found.kind = Some(attribute.name.clone());
                }
                found.attributes.push(attribute);
            } else {
                return Ok(found);
            }
        }
    }

    /// Parses a property from its `$`. `start` is the place of its first qualifier.
    fn property(&mut self, start: usize, qualifiers: Qualifiers) -> P<Property> {
        let at = self.pos;
        let var = self.variable()?;
        if self.peek() == ':' {
            let span = self.span(at);
            let message = "Variable reference is not valid. ':' was not followed by a valid variable name character. Consider using ${} to delimit the name.";
            return self.error("InvalidVariableReference", message, span);
        }
        self.space()?;
        let mut initial = None;
        if self.eat("=") {
            let after = self.pos;
            self.lines()?;
            initial = self.expression()?;
            if initial.is_none() {
                let span = Span::new(after, after);
                return self.error("MissingExpressionAfterToken", "Missing expression after '='.", span);
            }
        }
        let span = self.span(start);
        let Qualifiers { is_static, hidden, kind, attributes } = qualifiers;
        Ok(Property { name: var.name, kind, attributes, initial, is_static, hidden, span })
    }

    /// Parses a method after its name: parameters, the arguments of the base constructor, and the body.
    fn method_body(&mut self, name: &str) -> P<(Rc<Block>, Option<Vec<Expr>>)> {
        self.space()?;
        if !self.eat("(") {
            return self.unexpected();
        }
        let params = self.parameters("MissingEndParenthesisInMethodParameterList")?;
        self.lines()?;
        let mut base = None;
        if self.eat(":") {
            self.lines()?;
            self.keyword("base");
            self.space()?;
            if !self.eat("(") {
                return self.unexpected();
            }
            base = Some(self.call_arguments()?);
            self.lines()?;
        }
        if self.peek() != '{' {
            let here = self.here();
            return self.error(
                "MissingMethodBody",
                format!("Missing method body in method declaration '{name}'."),
                here,
            );
        }
        let mut body = self.script_block()?;
        if let Some(block) = Rc::get_mut(&mut body) {
            block.params = params;
        }
        Ok((body, base))
    }

    /// Reports a repeated qualifier of a member.
    fn once(&mut self, before: bool, at: usize) {
        if before {
            let span = self.span(at);
            let word = self.source.slice(span).to_owned();
            self.note("DuplicateQualifier", format!("Duplicate qualifier '{word}'."), span);
        }
    }

    /// Parses `[name]` or `[name(arguments)]`.
    pub(super) fn attribute(&mut self) -> P<Attribute> {
        let start = self.pos;
        self.pos += 1;
        self.lines()?;
        let name = self.type_name()?;
        self.lines()?;
        let mut attribute =
            Attribute { name, args: Vec::new(), named: Vec::new(), is_type: true, span: Span::default() };
        if self.eat("(") {
            attribute.is_type = false;
            self.attribute_arguments(&mut attribute)?;
            self.lines()?;
        }
        if !self.eat("]") {
            let at = self.pos.saturating_sub(usize::from(self.at_end() || self.peek() == '\n'));
            let span = Span::new(at, at);
            return self.error(
                "EndSquareBracketExpectedAtEndOfAttribute",
                "Missing ] at end of attribute or type literal.",
                span,
            );
        }
        attribute.span = self.span(start);
        Ok(attribute)
    }

    fn attribute_arguments(&mut self, attribute: &mut Attribute) -> P<()> {
        self.lines()?;
        while self.peek() != ')' {
            let start = self.pos;
            let name = self.word().to_owned();
            let mut named = false;
            if !name.is_empty() && name.chars().next().is_some_and(char::is_alphabetic) {
                self.pos += name.len();
                self.lines()?;
                if self.peek() == '=' {
                    self.pos += 1;
                    self.lines()?;
                    let value = self.without_commas(Self::expression)?;
                    attribute.named.push((name.as_str().into(), value));
                    named = true;
                } else if matches!(self.peek(), ',' | ')') {
                    attribute.named.push((name.as_str().into(), None));
                    named = true;
                } else {
                    self.pos = start;
                }
            }
            if !named {
                match self.without_commas(Self::expression)? {
                    Some(value) => attribute.args.push(value),
                    None => return self.unexpected(),
                }
            }
            self.lines()?;
            if !self.eat(",") {
                break;
            }
            self.lines()?;
        }
        if !self.eat(")") {
            if !self.at_end() {
                return self.unexpected();
            }
            let here = self.here();
            return self.error(
                "MissingEndParenthesisInExpression",
                "Missing closing ')' in expression.",
                here,
            );
        }
        Ok(())
    }

    /// Parses `[type]`.
    pub(super) fn type_literal(&mut self) -> P<TypeName> {
        let attribute = self.attribute()?;
        if attribute.is_type {
            return Ok(attribute.name);
        }
        let span = attribute.span;
        self.error("UnexpectedAttribute", format!("Unexpected attribute '{}'.", attribute.name), span)
    }

    /// Parses a name with its generic arguments and its brackets: `List[int][]`.
    pub(super) fn type_name(&mut self) -> P<TypeName> {
        let start = self.pos;
        while is_name(self.peek()) || matches!(self.peek(), '.' | '+' | '`') {
            self.bump();
        }
        let mut name = self.text.get(start..self.pos).unwrap_or_default().to_owned();
        if name.is_empty() {
            let span = Span::new(start, start);
            return self.error("MissingTypename", "Missing type name after '['.", span);
        }
        if let Some(at) = name.find('`') {
            name.truncate(at);
        }
        let mut result =
            TypeName { name: name.into(), generics: Vec::new(), ranks: Vec::new(), span: Span::default() };
        loop {
            let back = self.pos;
            // Blanks may precede the brackets of an array: `[string []]`.
            let blanks = self.rest().bytes().take_while(|b| matches!(b, b' ' | b'\t')).count();
            let array = self
                .rest()
                .get(blanks..)
                .is_some_and(|rest| rest.starts_with("[]") || rest.starts_with("[,"));
            if blanks > 0 && array {
                self.pos += blanks;
            }
            if self.peek() != '[' {
                break;
            }
            self.pos += 1;
            self.space()?;
            if matches!(self.peek(), ']' | ',') {
                let mut rank = 1;
                while self.eat(",") {
                    rank += 1;
                    self.space()?;
                }
                if !self.eat("]") {
                    self.pos = back;
                    break;
                }
                result.ranks.push(rank);
                continue;
            }
            if !result.ranks.is_empty()
                || !result.generics.is_empty()
                || !is_name(self.peek()) && self.peek() != '['
            {
                self.pos = back;
                break;
            }
            self.generic_arguments(&mut result.generics)?;
        }
        // The text after the comma of an assembly-qualified name has no effect.
        if self.peek() == ',' && !self.no_comma && result.name.contains('.') {
            while !matches!(self.peek(), ']' | '\0' | '\n' | '(') {
                self.bump();
            }
        }
        result.span = self.span(start);
        Ok(result)
    }

    /// Parses the arguments of a generic type, and the bracket that ends them.
    fn generic_arguments(&mut self, generics: &mut Vec<TypeName>) -> P<()> {
        loop {
            let bracketed = self.eat("[");
            let inner = self.deeper(Self::type_name)?;
            if bracketed {
                while !matches!(self.peek(), ']' | '\0') {
                    self.bump();
                }
                self.eat("]");
            }
            generics.push(inner);
            self.space()?;
            if !self.eat(",") {
                break;
            }
            self.space()?;
        }
        if !self.eat("]") {
            let here = self.here();
            return self.error(
                "EndSquareBracketExpectedAtEndOfType",
                "Missing ] at end of type token.",
                here,
            );
        }
        Ok(())
    }

    pub(super) fn type_ref(name: TypeName) -> TypeRef {
        TypeRef { name, found: crate::Memo::default() }
    }
}
