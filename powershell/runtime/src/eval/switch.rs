//! The `switch` statement.

use super::operators::Wildcard;
use super::{Interp, Sink};
use ps_syntax::ast::*;
use ps_value::Value;
use ps_value::error::{Flow, R};

impl Interp {
    pub fn switch(&mut self, switch: &Switch, out: &dyn Sink) -> R<()> {
        let items = self.stmt_value(&switch.items)?;
        let items = if switch.file {
            let path = self.to_text(&items);
            let content = self.read_text(&path)?;
            content.lines().map(Value::from).collect()
        } else if items.is_null() {
            match items {
                Value::Null => vec![Value::Null],
                _ => Vec::new(),
            }
        } else {
            self.enumerate(&items)
        };
        let sym = self.syms.underscore;
        let before = self.scope.get_here(sym);
        let mut result = Ok(());
        for item in items {
            self.tick(switch.items.span)?;
            match self.switch_item(switch, item, out) {
                Ok(()) => {}
                Err(flow) => match &*flow {
                    Flow::Break(to) if to.is_none() || *to == switch.label => break,
                    Flow::Continue(to) if to.is_none() || *to == switch.label => {}
                    _ => {
                        result = Err(flow);
                        break;
                    }
                },
            }
        }
        match before {
            Some(value) => {
                self.scope.put(sym, &self.names.underscore, value);
            }
            None => {
                self.scope.remove(sym);
            }
        }
        result
    }

    fn switch_item(&mut self, switch: &Switch, item: Value, out: &dyn Sink) -> R<()> {
        let sym = self.syms.underscore;
        let mut matched = false;
        for (condition, body) in &switch.clauses {
            self.scope.put(sym, &self.names.underscore, item.clone());
            if self.switch_matches(switch, condition, &item)? {
                matched = true;
                self.run(body, out)?;
            }
        }
        if let (false, Some(body)) = (matched, &switch.default) {
            self.scope.put(sym, &self.names.underscore, item);
            self.run(body, out)?;
        }
        Ok(())
    }

    fn switch_matches(&mut self, switch: &Switch, condition: &Expr, item: &Value) -> R<bool> {
        if let ExprKind::Block(block) = &condition.kind {
            let block = ps_value::block::ScriptBlock::new(block.clone());
            let collector = super::Collector::default();
            self.run_block(&block, &collector)?;
            return Ok(collector.into_value().truth());
        }
        let wanted = self.eval(condition)?;
        match switch.kind {
            SwitchKind::Equal => {
                if let Value::Str(text) = item.base() {
                    let wanted = self.to_text(&wanted);
                    return Ok(if switch.case_sensitive {
                        **text == *wanted
                    } else {
                        ps_syntax::symbol::same(text, &wanted)
                    });
                }
                self.equal(item, &wanted, switch.case_sensitive)
            }
            SwitchKind::Wildcard => {
                let pattern = self.to_text(&wanted);
                let text = self.to_text(item);
                Ok(Wildcard::new(&pattern, switch.case_sensitive).matches(&text))
            }
            SwitchKind::Regex => {
                let regex = self.regex_of(&wanted, switch.case_sensitive)?;
                let text = self.to_text(item);
                match regex.find_at(&text, 0) {
                    Some(found) => {
                        self.set_matches(&regex, &text, &found);
                        Ok(true)
                    }
                    None => Ok(false),
                }
            }
        }
    }
}
