//! `Should`: the assertions of a test.

use ps_value::types::NetType;
use std::rc::Rc;

use ps_runtime::cmdlet::{Cmdlet, CmdletInfo, Cx};
use ps_runtime::eval::bind::Call;
use ps_runtime::eval::command::Resolved;
use ps_runtime::eval::operators::Wildcard;
use ps_runtime::eval::{Interp, Nowhere};
use ps_runtime::types::Ty;
use ps_syntax::Span;
use ps_syntax::ast::{BinaryOp, Compare};
use ps_syntax::symbol::same;
use ps_value::block::ScriptBlock;
use ps_value::error::{Category, ErrorRecord, Fault, R};
use ps_value::{Value, text};

pub(super) const CMDLET: CmdletInfo = CmdletInfo {
    name: "Should",
    class: "",
    params: "ActualValue: object pipe null empty | ExpectedValue: object @0 null empty alias=Expected,ExpectedMessage,ExpectedType,RegularExpression,ExpectedContent,ParameterName | More: object[] @1 rest null empty | Not: switch | Because: string empty | ErrorId: string | ExceptionType: type | PassThru: switch | Type: object | Mandatory: switch | Alias: string[] | Be: switch alias=EQ | BeExactly: switch alias=CEQ | BeFalse: switch | BeGreaterOrEqual: switch alias=GE | BeGreaterThan: switch alias=GT | BeIn: switch | BeLessOrEqual: switch alias=LE | BeLessThan: switch alias=LT | BeLike: switch | BeLikeExactly: switch | BeNullOrEmpty: switch | BeOfType: switch alias=HaveType | BeTrue: switch | Contain: switch | Exist: switch | FileContentMatch: switch | FileContentMatchExactly: switch | FileContentMatchMultiline: switch | HaveCount: switch | HaveParameter: switch | Match: switch | MatchExactly: switch alias=CMATCH | Throw: switch",
    default_set: "",
    make: || Box::<Should>::default(),
};

const OPERATORS: [&str; 23] = [
    "Be",
    "BeExactly",
    "BeFalse",
    "BeGreaterOrEqual",
    "BeGreaterThan",
    "BeIn",
    "BeLessOrEqual",
    "BeLessThan",
    "BeLike",
    "BeLikeExactly",
    "BeNullOrEmpty",
    "BeOfType",
    "BeTrue",
    "Contain",
    "Exist",
    "FileContentMatch",
    "FileContentMatchExactly",
    "FileContentMatchMultiline",
    "HaveCount",
    "HaveParameter",
    "Match",
    "MatchExactly",
    "Throw",
];

/// Operators that look at all objects together; the others look at each object.
const WHOLE: [&str; 5] = ["Be", "BeExactly", "BeNullOrEmpty", "Contain", "HaveCount"];

#[derive(Default)]
struct Should {
    items: Vec<Value>,
}

/// One assertion with all its arguments.
struct Expectation {
    operator: &'static str,
    not: bool,
    expected: Value,
    because: String,
    error_id: Option<String>,
    exception: Option<Value>,
}

impl Cmdlet for Should {
    fn process(&mut self, cx: &mut Cx<'_>) -> R<()> {
        if cx.piped {
            self.items.push(cx.get("ActualValue").unwrap_or_default());
        }
        Ok(())
    }

    fn end(&mut self, cx: &mut Cx<'_>) -> R<()> {
        let expectation = expectation(cx)?;
        let items = std::mem::take(&mut self.items);
        if !cx.piped {
            let actual = cx.get("ActualValue").unwrap_or_default();
            return expectation.check(cx, &actual);
        }
        match items.as_slice() {
            [] => expectation.check(cx, &Value::Null),
            _ if WHOLE.contains(&expectation.operator) => expectation.check(cx, &Value::array(items)),
            items => items.iter().try_for_each(|item| expectation.check(cx, item)),
        }
    }
}

fn expectation(cx: &mut Cx<'_>) -> R<Expectation> {
    let mut rest: Vec<Value> = Vec::new();
    if let Some(first) = cx.bound.get(cx.table, "ExpectedValue") {
        rest.push(first.clone());
    }
    rest.extend(cx.values("More"));
    let mut rest = rest.into_iter();
    let mut not = cx.flag("Not");
    let operator = match OPERATORS.into_iter().find(|name| cx.flag(name)) {
        Some(operator) => operator,
        // `Should Be 3` and `Should Not Be 3`, as in Pester 3 and 4.
        None => {
            let mut word = rest.next().unwrap_or_default();
            if word.as_str().is_some_and(|w| same(w, "not")) {
                not = true;
                word = rest.next().unwrap_or_default();
            }
            let word = text(&word);
            match OPERATORS.into_iter().find(|name| same(name, &word)) {
                Some(operator) => operator,
                None => {
                    let message = format!("'{word}' is not a valid Should operator.");
                    return cx.fail(Fault::new(
                        NetType::Exception,
                        "PesterInvalidOperator",
                        Category::NotImplemented,
                        message,
                    ));
                }
            }
        }
    };
    let expected = rest.next().unwrap_or_default();
    let (mut error_id, mut exception) = (cx.text("ErrorId"), cx.get("ExceptionType"));
    if operator == "Throw" {
        error_id = error_id.or_else(|| rest.next().filter(|v| !v.is_null()).map(|v| text(&v)));
        exception = exception.or_else(|| rest.next().filter(|v| !v.is_null()));
    }
    let because = cx.text("Because").or_else(|| rest.next().filter(|v| !v.is_null()).map(|v| text(&v)));
    let because = because.map_or_else(String::new, |why| {
        let why = why.trim();
        format!(" because {},", why.strip_prefix("because ").unwrap_or(why))
    });
    Ok(Expectation { operator, not, expected, because, error_id, exception })
}

impl Expectation {
    fn check(&self, cx: &mut Cx<'_>, actual: &Value) -> R<()> {
        let (holds, problem) = match self.operator {
            "Throw" => return self.throws(cx, actual),
            "HaveParameter" => self.has_parameter(cx, actual)?,
            "FileContentMatch" | "FileContentMatchExactly" | "FileContentMatchMultiline" | "Exist" => {
                self.file(cx, actual)?
            }
            _ => self.value(cx.it, actual)?,
        };
        if holds != self.not { Ok(()) } else { cx.fail(fault(problem)) }
    }

    /// Returns whether the assertion holds, and the message if it does not.
    fn value(&self, it: &mut Interp, actual: &Value) -> R<(bool, String)> {
        let (wanted, got) = (nicely(it, &self.expected), nicely(it, actual));
        let because = &self.because;
        Ok(match self.operator {
            "Be" | "BeExactly" => self.equals(it, actual, &wanted, &got)?,
            "BeGreaterThan" | "BeGreaterOrEqual" | "BeLessThan" | "BeLessOrEqual" => {
                self.ordered(it, actual, &wanted, &got)?
            }
            "BeTrue" | "BeFalse" => {
                let wanted = self.operator == "BeTrue";
                let yes = format!("Expected ${wanted},{because} but got {got}.");
                let no = format!("Expected a value other than ${wanted},{because} but got {got}.");
                (actual.truth() == wanted, self.says(yes, no))
            }
            "BeIn" | "Contain" => self.member(it, actual, &wanted, &got)?,
            "BeLike" | "BeLikeExactly" => {
                let case = self.operator == "BeLikeExactly";
                let holds = it.like(actual, &self.expected, true, case)?.truth();
                (holds, self.matched("like wildcard", &wanted, &got))
            }
            "Match" | "MatchExactly" => {
                let case = self.operator == "MatchExactly";
                let holds = it.matches(actual, &self.expected, true, case)?.truth();
                (holds, self.matched("regular expression", &wanted, &got))
            }
            "BeNullOrEmpty" => {
                let yes = format!("Expected $null or empty,{because} but got {got}.");
                let no = format!("Expected a value,{because} but got $null or empty.");
                (is_empty(actual), self.says(yes, no))
            }
            "BeOfType" => {
                let ty = type_of(it, &self.expected)?;
                let own = ps_runtime::types::type_of(actual);
                let has = format!("but got {got} with type [{}].", own.full_name());
                let wanted = format!("[{}] or any of its subtypes", ty.full_name());
                let yes = format!("Expected the value to have type {wanted},{because} {has}");
                let no = format!("Expected the value to not have type {wanted},{because} {has}");
                (it.value_is(actual, &ty), self.says(yes, no))
            }
            _ => self.size(actual, &got),
        })
    }

    /// Returns the message of an assertion with or without `-Not`.
    fn says(&self, yes: String, no: String) -> String {
        if self.not { no } else { yes }
    }

    /// Checks `Be`.
    fn equals(&self, it: &mut Interp, actual: &Value, wanted: &str, got: &str) -> R<(bool, String)> {
        let because = &self.because;
        let case = self.operator == "BeExactly";
        let equal = arrays_equal(it, actual, &self.expected, case)?;
        let strings = match actual.base() {
            Value::Array(array) => match array.items.borrow().as_slice() {
                [one] => self.strings(one, because),
                _ => None,
            },
            one => self.strings(one, because),
        };
        let yes = strings.unwrap_or_else(|| {
            format!("Expected {}{wanted},{because} but got {got}.", if case { "exactly " } else { "" })
        });
        let no = format!(
            "Expected {wanted} to be different from the actual value,{because} but got the same value."
        );
        Ok((equal, self.says(yes, no)))
    }

    /// Checks the operators that compare: `BeGreaterThan` and the like.
    fn ordered(&self, it: &mut Interp, actual: &Value, wanted: &str, got: &str) -> R<(bool, String)> {
        let because = &self.because;
        let (compare, relation, inverse) = match self.operator {
            "BeGreaterThan" => (Compare::Gt, "greater than", "less than or equal to"),
            "BeGreaterOrEqual" => (Compare::Ge, "greater than or equal to", "less than"),
            "BeLessThan" => (Compare::Lt, "less than", "greater than or equal to"),
            _ => (Compare::Le, "less than or equal to", "greater than"),
        };
        let holds = it.binary(BinaryOp::Compare(compare, false), actual.clone(), self.expected.clone())?;
        let says = |relation: &str| {
            format!("Expected the actual value to be {relation} {wanted},{because} but got {got}.")
        };
        Ok((holds.truth(), self.says(says(relation), says(inverse))))
    }

    /// Checks `BeIn` and `Contain`.
    fn member(&self, it: &mut Interp, actual: &Value, wanted: &str, got: &str) -> R<(bool, String)> {
        let because = &self.because;
        if self.operator == "BeIn" {
            let holds = it.contains(&self.expected, actual, false)?;
            let yes =
                format!("Expected collection {wanted} to contain {got},{because} but it was not found.");
            let no = format!("Expected collection {wanted} to not contain {got},{because} but it was found.");
            return Ok((holds, self.says(yes, no)));
        }
        let holds = it.contains(actual, &self.expected, false)?;
        let yes =
            format!("Expected {wanted} to be found in collection {got},{because} but it was not found.");
        let no = format!("Expected {wanted} to not be found in collection {got},{because} but it was found.");
        Ok((holds, self.says(yes, no)))
    }

    fn matched(&self, kind: &str, wanted: &str, got: &str) -> String {
        let because = &self.because;
        self.says(
            format!("Expected {kind} {wanted} to match {got},{because} but it did not match."),
            format!("Expected {kind} {wanted} to not match {got},{because} but it did match."),
        )
    }

    /// Checks `HaveCount`.
    fn size(&self, actual: &Value, got: &str) -> (bool, String) {
        let because = &self.because;
        let count = if actual.is_null() { 0 } else { actual.to_items().len() as i64 };
        let wanted = self.expected.as_integer().unwrap_or(0);
        let yes = format!(
            "Expected a collection with size {wanted},{because} but got collection with size {count} {got}."
        );
        let no = format!(
            "Expected a collection with size different from {wanted},{because} but got collection with that size {got}."
        );
        (count == wanted, self.says(yes, no))
    }

    /// Describes how two strings differ.
    fn strings(&self, actual: &Value, because: &str) -> Option<String> {
        let (wanted, got) = (self.expected.as_str()?, actual.as_str()?);
        let (expected, actual): (Vec<char>, Vec<char>) = (wanted.chars().collect(), got.chars().collect());
        let case = self.operator == "BeExactly";
        let alike = |(a, b): &(&char, &char)| a == b || !case && a.to_lowercase().eq(b.to_lowercase());
        let at = expected.iter().zip(&actual).take_while(alike).count();
        let lengths = if expected.len() == actual.len() {
            format!("String lengths are both {}.", expected.len())
        } else {
            format!("Expected length: {}\nActual length:   {}", expected.len(), actual.len())
        };
        let because = because.trim_end_matches(',');
        let because = if because.is_empty() { String::new() } else { format!("{because},") };
        let shown = |text: &str| text.replace('\r', "\\r").replace('\n', "\\n").replace('\t', "\\t");
        Some(format!(
            "Expected strings to be the same,{because} but they were different.\n{lengths}\nStrings differ at index {at}.\nExpected: '{}'\nBut was:  '{}'",
            shown(wanted),
            shown(got)
        ))
    }

    fn throws(&self, cx: &mut Cx<'_>, actual: &Value) -> R<()> {
        let Value::Block(block) = actual.base() else {
            let message =
                "Input is missing or not a ScriptBlock. Input to '-Throw' must be enclosed in curly braces.";
            return cx.fail(Fault::new(
                NetType::ArgumentException,
                "PesterAssertionFailed",
                Category::InvalidArgument,
                message,
            ));
        };
        let record = ended(cx.it, block)?;
        let because = self.because.clone();
        let Some(record) = record else {
            return if self.not {
                Ok(())
            } else {
                cx.fail(fault(format!(
                    "Expected an exception{} to be thrown,{because} but no exception was thrown.",
                    self.wanted()
                )))
            };
        };
        let place = match (record.line(), &*record.position.borrow()) {
            (Some((line, column)), Some(position)) => {
                format!(" from {}:{line} char:{column}", position.source.path)
            }
            _ => String::new(),
        };
        let message = record.message().to_string();
        if self.not {
            return cx.fail(fault(format!("Expected no exception to be thrown,{because} but an exception \"{message}\" was thrown{place}.")));
        }
        let mut differs = Vec::new();
        if !self.expected.is_null() {
            let wanted = text(&self.expected);
            if !wanted.is_empty()
                && !message.eq_ignore_ascii_case(&wanted)
                && !Wildcard::new(&wanted, false).matches(&message)
            {
                differs.push(format!("the message was '{message}'"));
            }
        }
        let id = record.id.borrow().to_string();
        if let Some(wanted) = &self.error_id
            && !same(wanted, &id)
            && !Wildcard::new(wanted, false).matches(&id)
        {
            differs.push(format!("the FullyQualifiedErrorId was '{id}'"));
        }
        if let Some(wanted) = &self.exception {
            let ty = type_of(cx.it, wanted)?;
            if !cx.it.value_is(&record.exception, &ty) {
                differs.push(format!("the exception type was [{}]", record.exception_type().full_name()));
            }
        }
        if !differs.is_empty() {
            let problem = format!(
                "Expected an exception{} to be thrown,{because} but {}{place}.",
                self.wanted(),
                differs.join(" and ")
            );
            return cx.fail(fault(problem));
        }
        if cx.flag("PassThru") { cx.put(Value::Error(record)) } else { Ok(()) }
    }

    /// Describes the error that `-Throw` expects.
    fn wanted(&self) -> String {
        let mut parts = Vec::new();
        if let Some(ty) = &self.exception {
            parts.push(format!("with type [{}]", text(ty)));
        }
        if !self.expected.is_null() {
            parts.push(format!("with message '{}'", text(&self.expected)));
        }
        if let Some(id) = &self.error_id {
            parts.push(format!("with FullyQualifiedErrorId '{id}'"));
        }
        if parts.is_empty() { String::new() } else { format!(", {}", parts.join(" and ")) }
    }

    fn file(&self, cx: &mut Cx<'_>, actual: &Value) -> R<(bool, String)> {
        let path = cx.it.to_text(actual);
        let because = &self.because;
        let there = !ps_runtime::paths::glob(cx.it, &path).is_empty() || exists(cx.it, &path)?;
        if self.operator == "Exist" {
            let (not, did) =
                if self.not { ("not exist", "it did exist") } else { ("exist", "it did not exist") };
            return Ok((there, format!("Expected path '{path}' to {not},{because} but {did}.")));
        }
        let content = if there { cx.it.read_text(&path)? } else { String::new() };
        let case = self.operator == "FileContentMatchExactly";
        let matches = |it: &mut Interp, text: &str| {
            it.matches(&Value::from(text), &self.expected, true, case).map(|v| v.truth())
        };
        let mut holds = false;
        if self.operator == "FileContentMatchMultiline" {
            let pattern = Value::from(format!("(?m){}", text(&self.expected)));
            holds = cx.it.matches(&Value::from(content.as_str()), &pattern, true, false)?.truth();
        } else {
            for line in content.lines() {
                holds = holds || matches(cx.it, line)?;
            }
        }
        let wanted = nicely(cx.it, &self.expected);
        let (not, was) = if self.not { ("not be", "it was") } else { ("be", "it was not") };
        Ok((holds, format!("Expected {wanted} to {not} found in file '{path}',{because} but {was} found.")))
    }

    fn has_parameter(&self, cx: &mut Cx<'_>, actual: &Value) -> R<(bool, String)> {
        let name = text(&self.expected);
        let table = match actual.base() {
            Value::Net(net) => match net.other() {
                Some(Resolved::Cmdlet(info)) => Some(ps_runtime::cmdlet::table(info)),
                Some(Resolved::Function(function)) => Some(cx.it.table_of(&function.block.clone())?),
                _ => None,
            },
            _ => None,
        };
        let Some(table) = table else {
            return cx
                .fail(fault("Input value must be a CommandInfo: pipe the output of Get-Command.".into()));
        };
        let (wanted_type, aliases) = (cx.get("Type"), cx.strings("Alias"));
        let wanted_type = wanted_type.map(|ty| type_of(cx.it, &ty)).transpose()?;
        let found = table.params.iter().find(|p| same(&p.name, &name));
        let holds = found.is_some_and(|spec| {
            let switch = || ps_runtime::types::lookup("switch");
            let own = if spec.is_switch { switch() } else { spec.ty.clone() };
            wanted_type.as_ref().is_none_or(|ty| own.as_ref().unwrap_or(&NetType::Object.ty()) == ty)
                && (!cx.flag("Mandatory") || spec.sets.iter().any(|s| s.mandatory))
                && aliases.iter().all(|a| spec.aliases.iter().any(|own| same(own, a)))
        });
        let (not, was) = if self.not { ("not have", "it has") } else { ("have", "it has not") };
        Ok((
            holds,
            format!("Expected the command to {not} a parameter {name} as said,{} but {was}.", self.because),
        ))
    }
}

fn fault(message: String) -> Fault {
    Fault::new(NetType::Exception, "PesterAssertionFailed", Category::InvalidResult, message)
}

fn exists(it: &mut Interp, path: &str) -> R<bool> {
    Ok(match it.place(path)? {
        ps_runtime::provider::Place::File(full) => it.host.metadata(&full).is_some(),
        ps_runtime::provider::Place::Item(drive, name) => it.drive_item(drive, &name).is_some(),
    })
}

/// Returns the error that ends a block.
fn ended(it: &mut Interp, block: &Rc<ScriptBlock>) -> R<Option<Rc<ErrorRecord>>> {
    it.attempted(|it| {
        let ready =
            it.script_command(block.clone(), "", Call { invoked: "&".into(), ..Call::of(Vec::new()) })?;
        it.run_ready(ready, Span::default(), None, &Nowhere)
    })
}

fn type_of(it: &mut Interp, value: &Value) -> R<Ty> {
    if let Value::Type(ty) = value.base() {
        return Ok((**ty).clone());
    }
    let name = text(value);
    let plain = name.trim().strip_prefix('[').and_then(|n| n.strip_suffix(']')).unwrap_or(&name);
    match it.find_type(plain) {
        Some(ty) => Ok(ty),
        None => Fault::runtime("TypeNotFound", format!("Unable to find type [{plain}].")).of(plain).raise(),
    }
}

fn is_nothing(value: &Value) -> bool {
    match value.base() {
        Value::Array(array) => match array.items.borrow().as_slice() {
            [] => true,
            [one] => one.is_null(),
            _ => false,
        },
        other => other.is_null(),
    }
}

/// Compares as Pester does: item by item, each with `-eq`.
fn arrays_equal(it: &mut Interp, left: &Value, right: &Value, case: bool) -> R<bool> {
    if is_nothing(left) && is_nothing(right) {
        return Ok(true);
    }
    let (left, right) = (items(left), items(right));
    if left.len() != right.len() {
        return Ok(false);
    }
    for (a, b) in left.iter().zip(&right) {
        let nested = matches!(a.base(), Value::Array(_) | Value::List(_))
            || matches!(b.base(), Value::Array(_) | Value::List(_));
        let same = if nested {
            arrays_equal(it, a, b, case)?
        } else {
            it.binary(BinaryOp::Compare(Compare::Eq, case), a.clone(), b.clone())?.truth()
                || a.is_null() && b.is_null()
        };
        if !same {
            return Ok(false);
        }
    }
    Ok(true)
}

fn items(value: &Value) -> Vec<Value> {
    if value.is_null() { vec![Value::Null] } else { value.to_items() }
}

fn is_empty(value: &Value) -> bool {
    let single = |value: &Value| match value.base() {
        Value::Dict(dict) => dict.pairs().is_empty(),
        Value::Str(text) => text.is_empty(),
        other => other.is_null(),
    };
    match value.base() {
        Value::Array(_) | Value::List(_) => match value.to_items().as_slice() {
            [] => true,
            [one] => {
                single(one)
                    || matches!(one.base(), Value::Array(_) | Value::List(_)) && one.to_items().is_empty()
            }
            _ => false,
        },
        other => single(other),
    }
}

/// Formats a value as messages of Pester do.
pub(super) fn nicely(it: &mut Interp, value: &Value) -> String {
    match value.base() {
        Value::Null | Value::Void => "$null".into(),
        Value::Bool(yes) => format!("${yes}"),
        Value::Str(text) => format!("'{text}'"),
        Value::Block(block) => format!("{{{}}}", block.text()),
        Value::Type(ty) => format!("[{}]", ty.full_name()),
        Value::Array(_) | Value::List(_) => {
            let items = value.to_items();
            if let [one] = items.as_slice() {
                return nicely(it, one);
            }
            let shown: Vec<String> = items.iter().take(10).map(|item| nicely(it, item)).collect();
            let more =
                if items.len() > 10 { format!(", ...{} more", items.len() - 10) } else { String::new() };
            format!("@({}{more})", shown.join(", "))
        }
        Value::Dict(dict) => {
            let pairs: Vec<String> = dict
                .pairs()
                .into_iter()
                .take(10)
                .map(|(key, value)| format!("{}={}", text(&key), nicely(it, &value)))
                .collect();
            format!("@{{{}}}", pairs.join("; "))
        }
        _ => it.to_text(value),
    }
}
