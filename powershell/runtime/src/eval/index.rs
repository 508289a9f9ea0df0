//! Indexes of arrays, lists, texts and dictionaries.

use super::{Interp, convert};
use crate::types::type_of;
use ps_value::error::{Category, Fault, R};
use ps_value::types::NetType;
use ps_value::{Array, DictKind, Value, text};

impl Interp {
    pub fn index(&mut self, target: &Value, index: &Value) -> R<Value> {
        match target.base() {
            Value::Null | Value::Void => {
                Fault::runtime("NullArray", "Cannot index into a null array.").raise()
            }
            Value::Dict(dict) if !dict.is_set() => {
                if let Value::Array(keys) = index.base() {
                    let keys = keys.items.borrow().clone();
                    let values = keys.iter().map(|key| self.index(target, key)).collect::<R<Vec<Value>>>()?;
                    return Ok(Value::array(values));
                }
                if let Some(value) = dict.get(index) {
                    return Ok(value);
                }
                if dict.kind == DictKind::Ordered
                    && let Some(at) = index.as_integer()
                {
                    let length = dict.len() as i64;
                    let at = if at < 0 { at + length } else { at };
                    return Ok(usize::try_from(at)
                        .ok()
                        .and_then(|at| dict.map.borrow().get_index(at).map(|(_, v)| v.clone()))
                        .unwrap_or_default());
                }
                if dict.key != NetType::Object.ty() {
                    let key = self.convert(index, &dict.key)?;
                    if let Some(value) = dict.get(&key) {
                        return Ok(value);
                    }
                }
                if dict.kind == DictKind::Generic && self.strict() >= 3 {
                    return Ok(Value::Null);
                }
                Ok(Value::Null)
            }
            Value::Array(array) if !array.dimensions.is_empty() => {
                let at = self.flat_index(array, index)?;
                Ok(array.items.borrow().get(at).cloned().unwrap_or_default())
            }
            Value::Array(_) | Value::List(_) | Value::Str(_) => self.positional(target.base(), index),
            Value::Net(net) => match crate::types::net::item(net, self, index)? {
                Some(value) => Ok(value),
                None => match net.items() {
                    Some(items) => self.positional(&Value::array(items), index),
                    None => self.index_of_one(target, index),
                },
            },
            Value::Object(object) if object.native.borrow().is_some() => {
                let native = object.native.borrow().clone().unwrap_or_default();
                self.index(&native, index)
            }
            _ => self.index_of_one(target, index),
        }
    }

    /// Indexes a single object, which is its own first and last item.
    fn index_of_one(&mut self, target: &Value, index: &Value) -> R<Value> {
        if matches!(index.base(), Value::Int(0 | -1) | Value::Long(0 | -1)) {
            return Ok(target.clone());
        }
        let message = format!("Unable to index into an object of type {}.", type_of(target).full_name());
        Fault::runtime("CannotIndex", message).raise()
    }

    fn positional(&mut self, target: &Value, index: &Value) -> R<Value> {
        if let Value::Array(_) | Value::List(_) = index.base() {
            let mut found = Vec::new();
            for index in index.items().unwrap_or_default() {
                let value = self.positional(target, &index)?;
                if !value.is_null() || self.in_range(target, &index) {
                    found.push(value);
                }
            }
            return Ok(Value::array(found));
        }
        let at = match index.base() {
            Value::Int(at) => i64::from(*at),
            other => self.convert(other, &convert::int_type())?.as_integer().unwrap_or(0),
        };
        let at_length = |length: usize| {
            usize::try_from(if at < 0 { at + length as i64 } else { at }).ok().filter(|at| *at < length)
        };
        let found = match target {
            Value::Array(array) => {
                let items = array.items.borrow();
                at_length(items.len()).and_then(|at| items.get(at).cloned())
            }
            Value::List(list) if list.is_stack() || list.head.get() > 0 => {
                let items = list.to_vec();
                at_length(items.len()).and_then(|at| items.get(at).cloned())
            }
            Value::List(list) => {
                let items = list.items.borrow();
                at_length(items.len()).and_then(|at| items.get(at).cloned())
            }
            Value::Str(text) => {
                at_length(text.utf16_len()).and_then(|at| ps_value::text::unit_at(text, at)).map(Value::Char)
            }
            _ => None,
        };
        match found {
            Some(value) => Ok(value),
            None if self.strict() >= 3 => Fault::new(
                NetType::IndexOutOfRangeException,
                "System.IndexOutOfRangeException",
                Category::OperationStopped,
                "Index was outside the bounds of the array.",
            )
            .raise(),
            None => Ok(Value::Null),
        }
    }

    fn in_range(&self, target: &Value, index: &Value) -> bool {
        let length = target.items().map_or(0, |i| i.len()) as i64;
        index.as_integer().is_some_and(|at| at < length && at >= -length)
    }

    /// Returns the position of an element in a multidimensional array.
    pub fn flat_index(&mut self, array: &Array, index: &Value) -> R<usize> {
        let indexes = index.to_items();
        if indexes.len() != array.dimensions.len() {
            let message = format!(
                "The array index [{}] is not valid: the array has {} dimensions.",
                text(index),
                array.dimensions.len()
            );
            return Fault::runtime("NeedMultidimensionalIndex", message).raise();
        }
        let mut at = 0;
        for (index, length) in indexes.iter().zip(&array.dimensions) {
            let index = index.as_integer().unwrap_or(0);
            match usize::try_from(index) {
                Ok(index) if index < *length => at = at * length + index,
                _ => {
                    return Fault::new(
                        NetType::IndexOutOfRangeException,
                        "System.IndexOutOfRangeException",
                        Category::OperationStopped,
                        "Index was outside the bounds of the array.",
                    )
                    .raise();
                }
            }
        }
        Ok(at)
    }
}
