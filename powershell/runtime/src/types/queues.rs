//! Linked lists, queues, stacks, enumerators, and the most common LINQ methods.

use ps_value::types::NetType;
use std::rc::Rc;

use super::args::{at, integer, list};
use super::declare::Declared::{self, Method, New, Property, Static};
use super::lists::{add, array_of, edit, item, length, new_list, position};
use crate::eval::Interp;
use ps_value::error::{R, net};
use ps_value::net::Net;
use ps_value::{List, ListKind, Value, object};

pub(super) const LINKED: &[Declared] = &[
    New("LinkedList()", new_list),
    Property("int Count", |_, t, _| Ok(length(t))),
    Method("void AddLast(object value)", add),
    Method("void AddFirst(object value)", |it, t, a| {
        let value = item(it, t, a, 0)?;
        edit(t, |items| items.insert(0, value));
        Ok(Value::Void)
    }),
    Method("void RemoveFirst()", |_, t, _| {
        edit(t, |items| if items.is_empty() { None } else { Some(items.remove(0)) });
        Ok(Value::Void)
    }),
    Method("void RemoveLast()", |_, t, _| {
        edit(t, Vec::pop);
        Ok(Value::Void)
    }),
];

fn empty<T>(what: &str) -> R<T> {
    net(NetType::InvalidOperationException, format!("{what} empty."))
}

pub(super) const QUEUE: &[Declared] = &[
    New("Queue()", new_list),
    New("Queue(int capacity)", |it, _| new_list(it, &[])),
    New("Queue(System.Collections.IEnumerable collection)", new_list),
    Property("int Count", |_, t, _| Ok(length(t))),
    Method("void Enqueue(object obj)", |it, t, a| {
        let value = item(it, t, a, 0)?;
        edit(t, |items| items.push(value));
        Ok(Value::Void)
    }),
    Method("object Dequeue()", |_, t, _| match list(t).and_then(|l| l.dequeue()) {
        Some(value) => Ok(value),
        None => empty("Queue"),
    }),
    Method("object Peek()", |_, t, _| match t.items().and_then(|i| i.into_iter().next()) {
        Some(value) => Ok(value),
        None => empty("Queue"),
    }),
    Method("bool Contains(object obj)", |it, t, a| {
        let wanted = item(it, t, a, 0)?;
        Ok(Value::Bool(position(t, &wanted) >= 0))
    }),
    Method("void Clear()", |_, t, _| {
        if let Some(list) = list(t) {
            list.items.borrow_mut().clear();
            list.head.set(0);
        }
        Ok(Value::Void)
    }),
    Method("object[] ToArray()", |_, t, _| Ok(array_of(t, t.items().unwrap_or_default()))),
    Method("System.Collections.IEnumerator GetEnumerator()", |_, t, _| {
        Ok(Value::net(Net::Enumerator(t.items().unwrap_or_default().into())))
    }),
];

pub(super) const STACK: &[Declared] = &[
    New("Stack()", new_list),
    New("Stack(int capacity)", |it, _| new_list(it, &[])),
    New("Stack(System.Collections.IEnumerable collection)", new_list),
    Property("int Count", |_, t, _| Ok(length(t))),
    Method("void Push(object obj)", |it, t, a| {
        let value = item(it, t, a, 0)?;
        edit(t, |items| items.push(value));
        Ok(Value::Void)
    }),
    Method("object Pop()", |_, t, _| match edit(t, Vec::pop).flatten() {
        Some(value) => Ok(value),
        None => empty("Stack"),
    }),
    Method("object Peek()", |_, t, _| match edit(t, |items| items.last().cloned()).flatten() {
        Some(value) => Ok(value),
        None => empty("Stack"),
    }),
    Method("bool Contains(object obj)", |it, t, a| {
        let wanted = item(it, t, a, 0)?;
        Ok(Value::Bool(position(t, &wanted) >= 0))
    }),
    Method("void Clear()", |_, t, _| {
        edit(t, Vec::clear);
        Ok(Value::Void)
    }),
    Method("object[] ToArray()", |_, t, _| Ok(array_of(t, t.items().unwrap_or_default()))),
    Method("System.Collections.IEnumerator GetEnumerator()", |_, t, _| {
        Ok(Value::net(Net::Enumerator(t.items().unwrap_or_default().into())))
    }),
];

pub(super) const ENUMERATOR: &[Declared] = &[
    Property("object Current", |_, t, _| {
        Ok(match t {
            Value::Net(net) => match &**net {
                Net::Enumerator(items) => items.borrow().first().cloned().unwrap_or_default(),
                _ => Value::Null,
            },
            _ => Value::Null,
        })
    }),
    Method("bool MoveNext()", |_, t, _| {
        Ok(Value::Bool(match t {
            Value::Net(net) => match &**net {
                Net::Enumerator(items) => {
                    let mut items = items.borrow_mut();
                    if items.is_empty() {
                        false
                    } else {
                        items.remove(0);
                        !items.is_empty()
                    }
                }
                _ => false,
            },
            _ => false,
        }))
    }),
    Method("void Reset()", |_, _, _| Ok(Value::Void)),
];

fn totals(it: &mut Interp, args: &[Value]) -> R<Value> {
    let mut sum = Value::Int(0);
    for value in it.enumerate(&at(args, 0)) {
        sum = it.add(sum, value)?;
    }
    Ok(sum)
}

fn extreme(it: &mut Interp, args: &[Value], largest: bool) -> R<Value> {
    let items = it.enumerate(&at(args, 0));
    let best = items
        .into_iter()
        .reduce(|a, b| if ps_value::compare::order(&b, &a, true).is_gt() == largest { b } else { a });
    Ok(best.unwrap_or_default())
}

fn distinct(it: &mut Interp, args: &[Value]) -> R<Value> {
    let mut kept: Vec<Value> = Vec::new();
    for value in it.enumerate(&at(args, 0)) {
        if !kept.iter().any(|k| object::equals(k, &value)) {
            kept.push(value);
        }
    }
    Ok(Value::array(kept))
}

pub(super) const LINQ: &[Declared] = &[
    Static("object Sum(object source)", totals),
    Static("object Max(object source)", |it, a| extreme(it, a, true)),
    Static("object Min(object source)", |it, a| extreme(it, a, false)),
    Static("double Average(object source)", |it, a| {
        let count = it.enumerate(&at(a, 0)).len().max(1);
        Ok(Value::Double(totals(it, a)?.as_double().unwrap_or(0.0) / count as f64))
    }),
    Static("int Count(object source)", |it, a| Ok(Value::from(it.enumerate(&at(a, 0)).len()))),
    Static("bool Any(object source)", |it, a| Ok(Value::Bool(!it.enumerate(&at(a, 0)).is_empty()))),
    Static("object First(object source)", |it, a| {
        Ok(it.enumerate(&at(a, 0)).into_iter().next().unwrap_or_default())
    }),
    Static("object Last(object source)", |it, a| {
        Ok(it.enumerate(&at(a, 0)).into_iter().next_back().unwrap_or_default())
    }),
    Static("object Distinct(object source)", distinct),
    Static("object Reverse(object source)", |it, a| {
        Ok(Value::array(it.enumerate(&at(a, 0)).into_iter().rev().collect()))
    }),
    Static("object Range(int start, int count)", |_, a| {
        Ok(Value::array((0..integer(a, 1).max(0)).map(|i| Value::Int((integer(a, 0) + i) as i32)).collect()))
    }),
    Static("object Repeat(object element, int count)", |_, a| {
        Ok(Value::array(vec![at(a, 0); integer(a, 1).clamp(0, 1 << 24) as usize]))
    }),
    Static("object ToArray(object source)", |it, a| Ok(Value::array(it.enumerate(&at(a, 0))))),
    Static("object ToList(object source)", |it, a| {
        let items = it.enumerate(&at(a, 0));
        Ok(Value::List(Rc::new(List::new(ListKind::List, NetType::Object.ty(), items))))
    }),
    Static("bool Contains(object source, object value)", |it, a| {
        Ok(Value::Bool(it.enumerate(&at(a, 0)).iter().any(|own| object::equals(own, &at(a, 1)))))
    }),
    Static("bool SequenceEqual(object first, object second)", |it, a| {
        let (x, y) = (it.enumerate(&at(a, 0)), it.enumerate(&at(a, 1)));
        Ok(Value::Bool(x.len() == y.len() && x.iter().zip(&y).all(|(p, q)| object::equals(p, q))))
    }),
];
