//! `Array`, lists, queues, stacks.

use std::rc::Rc;

use super::args::{at, integer, list};
use super::declare::Declared::{self, Method, New, Property, Static};
use super::queues::{ENUMERATOR, LINKED, LINQ, QUEUE, STACK};
use super::{Members, Ty};
use crate::eval::Interp;
use ps_value::error::{R, net};
use ps_value::net::Net;
use ps_value::types::NetType;
use ps_value::{Array, List, ListKind, Value, object};

pub(super) const MEMBERS: Members = &[
    (NetType::Array, ARRAY),
    (NetType::ArrayList, LIST),
    (NetType::List, LIST),
    (NetType::LinkedList, LINKED),
    (NetType::Collection, LIST),
    (NetType::Queue, QUEUE),
    (NetType::GenericQueue, QUEUE),
    (NetType::Stack, STACK),
    (NetType::GenericStack, STACK),
    (NetType::ArrayListEnumeratorSimple, ENUMERATOR),
    (NetType::Enumerable, LINQ),
];

fn range<T>() -> R<T> {
    net(
        NetType::ArgumentOutOfRangeException,
        "Index was out of range. Must be non-negative and less than the size of the collection. (Parameter 'index')",
    )
}

/// Changes the elements of an array or a list.
pub(super) fn edit<T>(value: &Value, body: impl FnOnce(&mut Vec<Value>) -> T) -> Option<T> {
    match value.base() {
        Value::Array(array) => Some(body(&mut array.items.borrow_mut())),
        Value::List(list) => Some(body(&mut list.items.borrow_mut())),
        _ => None,
    }
}

fn element(value: &Value) -> Ty {
    match value.base() {
        Value::Array(array) => array.element.clone(),
        Value::List(list) => list.element.clone(),
        _ => NetType::Object.ty(),
    }
}

/// Returns an argument as an element.
pub(super) fn item(it: &mut Interp, t: &Value, args: &[Value], index: usize) -> R<Value> {
    let element = element(t);
    if element == NetType::Object.ty() { Ok(at(args, index)) } else { it.convert(&at(args, index), &element) }
}

pub(super) fn position(t: &Value, wanted: &Value) -> i32 {
    let items = t.items().unwrap_or_default();
    items.iter().position(|own| object::equals(own, wanted)).map_or(-1, |at| at as i32)
}

fn sorted(it: &mut Interp, mut items: Vec<Value>, by: Option<&Value>) -> R<Vec<Value>> {
    match by.map(Value::base) {
        Some(Value::Block(block)) => {
            let block = block.clone();
            let mut error = None;
            items.sort_by(|a, b| match it.call_block(&block, &[a.clone(), b.clone()]) {
                Ok(value) => value.as_integer().unwrap_or(0).cmp(&0),
                Err(flow) => {
                    error = Some(flow);
                    std::cmp::Ordering::Equal
                }
            });
            if let Some(flow) = error {
                return Err(flow);
            }
        }
        _ => {
            let mut error = None;
            items.sort_by(|a, b| match it.ordered(a, b, true) {
                Ok(order) => order.unwrap_or(std::cmp::Ordering::Equal),
                Err(flow) => {
                    error = Some(flow);
                    std::cmp::Ordering::Equal
                }
            });
            if error.is_some() {
                return net(
                    NetType::InvalidOperationException,
                    "Failed to compare two elements in the array.",
                );
            }
        }
    }
    Ok(items)
}

fn find(it: &mut Interp, t: &Value, by: &Value) -> R<Option<(usize, Value)>> {
    let Value::Block(block) = by.base() else { return Ok(None) };
    let block = block.clone();
    for (at, item) in t.items().unwrap_or_default().into_iter().enumerate() {
        if it.call_block(&block, std::slice::from_ref(&item))?.truth() {
            return Ok(Some((at, item)));
        }
    }
    Ok(None)
}

fn find_all(it: &mut Interp, t: &Value, by: &Value) -> R<Vec<Value>> {
    let Value::Block(block) = by.base() else { return Ok(Vec::new()) };
    let block = block.clone();
    let mut kept = Vec::new();
    for item in t.items().unwrap_or_default() {
        if it.call_block(&block, std::slice::from_ref(&item))?.truth() {
            kept.push(item);
        }
    }
    Ok(kept)
}

pub(super) fn length(value: &Value) -> Value {
    Value::from(value.items().map_or(0, |items| items.len()))
}

pub(super) fn array_of(t: &Value, items: Vec<Value>) -> Value {
    Value::array_of(element(t), items)
}

fn index_value(args: &[Value]) -> R<Value> {
    let items = at(args, 0).items().unwrap_or_default();
    Ok(Value::Int(
        items
            .iter()
            .position(|own| object::equals(own, &at(args, 1)) || loose(own, &at(args, 1)))
            .map_or(-1, |at| at as i32),
    ))
}

/// Compares as `[array]::IndexOf` does after PowerShell's conversions: numbers of different widths may
/// be equal.
fn loose(a: &Value, b: &Value) -> bool {
    a.is_number() && b.is_number() && a.as_double() == b.as_double()
}

const ARRAY: &[Declared] = &[
    Property("int Length", |_, t, _| Ok(length(t))),
    Property("int Count", |_, t, _| Ok(length(t))),
    Property("long LongLength", |_, t, _| Ok(Value::Long(t.items().map_or(0, |i| i.len() as i64)))),
    Property("int Rank", |_, t, _| {
        Ok(Value::Int(match t.base() {
            Value::Array(array) => array.dimensions.len().max(1) as i32,
            _ => 1,
        }))
    }),
    Property("object SyncRoot", |_, t, _| Ok(t.clone())),
    Property("bool IsReadOnly", |_, _, _| Ok(Value::Bool(false))),
    Property("bool IsFixedSize", |_, _, _| Ok(Value::Bool(true))),
    Property("bool IsSynchronized", |_, _, _| Ok(Value::Bool(false))),
    Method("System.Object Clone()", |_, t, _| {
        Ok(match t.base() {
            Value::Array(array) => {
                let mut copy = Array::of(array.element.clone(), array.items.borrow().clone());
                copy.dimensions = array.dimensions.clone();
                Value::Array(Rc::new(copy))
            }
            other => other.clone(),
        })
    }),
    Method("int IndexOf(object value)", |_, t, a| Ok(Value::Int(position(t, &at(a, 0))))),
    Method("bool Contains(object value)", |_, t, a| Ok(Value::Bool(position(t, &at(a, 0)) >= 0))),
    Method("int GetLength(int dimension)", |_, t, a| {
        Ok(match t.base() {
            Value::Array(array) if !array.dimensions.is_empty() => {
                Value::from(array.dimensions.get(integer(a, 0).max(0) as usize).copied().unwrap_or(0))
            }
            _ => length(t),
        })
    }),
    Method("int GetUpperBound(int dimension)", |_, t, a| {
        Ok(Value::Int(match t.base() {
            Value::Array(array) if !array.dimensions.is_empty() => {
                array.dimensions.get(integer(a, 0).max(0) as usize).map_or(0, |l| *l as i32) - 1
            }
            _ => length(t).as_integer().unwrap_or(0) as i32 - 1,
        }))
    }),
    Method("int GetLowerBound(int dimension)", |_, _, _| Ok(Value::Int(0))),
    Method("object GetValue(int index)", |it, t, a| it.index(t, &at(a, 0))),
    Method("void SetValue(object value, int index)", |it, t, a| {
        it.set_index(t, &at(a, 1), at(a, 0))?;
        Ok(Value::Void)
    }),
    Method("void CopyTo(array array, int index)", |_, t, a| {
        let items = t.items().unwrap_or_default();
        let start = integer(a, 1).max(0) as usize;
        edit(&at(a, 0), |target| {
            for (i, item) in items.into_iter().enumerate() {
                if let Some(place) = target.get_mut(start + i) {
                    *place = item;
                }
            }
        });
        Ok(Value::Void)
    }),
    Method("int Add(object value)", |_, _, _| {
        net(NetType::NotSupportedException, "Collection was of a fixed size.")
    }),
    Method("void Remove(object value)", |_, _, _| {
        net(NetType::NotSupportedException, "Collection was of a fixed size.")
    }),
    Method("void RemoveAt(int index)", |_, _, _| {
        net(NetType::NotSupportedException, "Collection was of a fixed size.")
    }),
    Method("void Clear()", |_, _, _| net(NetType::NotSupportedException, "Collection was of a fixed size.")),
    Method("System.Collections.IEnumerator GetEnumerator()", |_, t, _| {
        Ok(Value::net(Net::Enumerator(t.items().unwrap_or_default().into())))
    }),
    Static("int IndexOf(array array, object value)", |_, a| index_value(a)),
    Static("int LastIndexOf(array array, object value)", |_, a| {
        Ok(Value::Int(
            at(a, 0)
                .items()
                .unwrap_or_default()
                .iter()
                .rposition(|own| object::equals(own, &at(a, 1)))
                .map_or(-1, |at| at as i32),
        ))
    }),
    Static("void Reverse(array array)", |_, a| {
        edit(&at(a, 0), |items| items.reverse());
        Ok(Value::Void)
    }),
    Static("void Sort(array array)", |it, a| {
        let items = sorted(it, at(a, 0).items().unwrap_or_default(), None)?;
        edit(&at(a, 0), |place| *place = items);
        Ok(Value::Void)
    }),
    Static("void Clear(array array, int index, int length)", |_, a| {
        let default = element(&at(a, 0)).default_value();
        edit(&at(a, 0), |items| {
            items
                .iter_mut()
                .skip(integer(a, 1).max(0) as usize)
                .take(integer(a, 2).max(0) as usize)
                .for_each(|v| *v = default.clone())
        });
        Ok(Value::Void)
    }),
    Static("void Copy(array sourceArray, array destinationArray, int length)", |_, a| {
        let items = at(a, 0).items().unwrap_or_default();
        edit(&at(a, 1), |target| {
            for (place, item) in target.iter_mut().zip(items).take(integer(a, 2).max(0) as usize) {
                *place = item;
            }
        });
        Ok(Value::Void)
    }),
    Static(
        "void Copy(array sourceArray, int sourceIndex, array destinationArray, int destinationIndex, int length)",
        |_, a| {
            let items: Vec<Value> = at(a, 0)
                .items()
                .unwrap_or_default()
                .into_iter()
                .skip(integer(a, 1).max(0) as usize)
                .take(integer(a, 4).max(0) as usize)
                .collect();
            edit(&at(a, 2), |target| {
                for (place, item) in target.iter_mut().skip(integer(a, 3).max(0) as usize).zip(items) {
                    *place = item;
                }
            });
            Ok(Value::Void)
        },
    ),
    Static("object Find(object array, object match)", |it, a| {
        Ok(find(it, &at(a, 0), &at(a, 1))?.map(|(_, v)| v).unwrap_or_default())
    }),
    Static("object FindAll(object array, object match)", |it, a| {
        Ok(array_of(&at(a, 0), find_all(it, &at(a, 0), &at(a, 1))?))
    }),
    Static("int FindIndex(object array, object match)", |it, a| {
        Ok(Value::Int(find(it, &at(a, 0), &at(a, 1))?.map_or(-1, |(at, _)| at as i32)))
    }),
    Static("bool Exists(object array, object match)", |it, a| {
        Ok(Value::Bool(find(it, &at(a, 0), &at(a, 1))?.is_some()))
    }),
    Static("void Resize(ref array array, int newSize)", |it, a| {
        let Value::Ref(reference) = at(a, 0) else { return Ok(Value::Void) };
        let old = Interp::read_reference(&reference);
        let ty = element(&old);
        let mut items = old.items().unwrap_or_default();
        items.resize(integer(a, 1).clamp(0, 1 << 26) as usize, ty.default_value());
        it.write_reference(&reference, Value::array_of(ty, items))?;
        Ok(Value::Void)
    }),
    Static("array CreateInstance(type elementType, int length)", |it, a| match at(a, 0).base() {
        Value::Type(ty) => it.construct(&Ty::array((**ty).clone()), &[at(a, 1)]),
        _ => Ok(Value::Null),
    }),
    Static("array Empty()", |_, _| Ok(Value::array(Vec::new()))),
];

pub(super) fn new_list(it: &mut Interp, args: &[Value]) -> R<Value> {
    let ty = it.generic.clone().unwrap_or(NetType::Object.ty());
    let element = ty.element().unwrap_or(NetType::Object.ty());
    let kind = match ty.info().map_or(NetType::Object, |i| i.id) {
        NetType::List => ListKind::List,
        NetType::LinkedList => ListKind::LinkedList,
        NetType::Collection => ListKind::Collection,
        NetType::Queue => ListKind::Queue,
        NetType::GenericQueue => ListKind::GenericQueue,
        NetType::Stack => ListKind::Stack,
        NetType::GenericStack => ListKind::GenericStack,
        _ => ListKind::ArrayList,
    };
    let mut items = Vec::new();
    for arg in args.first().map(|a| a.to_items()).unwrap_or_default() {
        items.push(if element == NetType::Object.ty() { arg } else { it.convert(&arg, &element)? });
    }
    Ok(Value::List(Rc::new(List::new(kind, element, items))))
}

pub(super) fn add(it: &mut Interp, t: &Value, args: &[Value]) -> R<Value> {
    let value = item(it, t, args, 0)?;
    let Some(list) = list(t) else { return Ok(Value::Void) };
    let mut items = list.items.borrow_mut();
    items.push(value);
    Ok(if list.kind == ListKind::ArrayList { Value::Int(items.len() as i32 - 1) } else { Value::Void })
}

const LIST: &[Declared] = &[
    New("List()", new_list),
    New("List(int capacity)", |it, _| new_list(it, &[])),
    New("List(System.Collections.IEnumerable collection)", new_list),
    Property("int Capacity", |_, t, _| Ok(length(t))),
    Property("int Count", |_, t, _| Ok(length(t))),
    Property("bool IsReadOnly", |_, _, _| Ok(Value::Bool(false))),
    Property("bool IsFixedSize", |_, _, _| Ok(Value::Bool(false))),
    Method("int Add(object value)", add),
    Method("void AddRange(System.Collections.IEnumerable c)", |it, t, a| {
        let element = element(t);
        let mut more = Vec::new();
        for value in it.enumerate(&at(a, 0)) {
            more.push(if element == NetType::Object.ty() { value } else { it.convert(&value, &element)? });
        }
        edit(t, |items| items.extend(more));
        Ok(Value::Void)
    }),
    Method("void Clear()", |_, t, _| {
        edit(t, Vec::clear);
        Ok(Value::Void)
    }),
    Method("System.Object Clone()", |_, t, _| {
        Ok(match t.base() {
            Value::List(list) => {
                Value::List(Rc::new(List::new(list.kind, list.element.clone(), list.to_vec())))
            }
            other => other.clone(),
        })
    }),
    Method("bool Contains(object item)", |it, t, a| {
        let wanted = item(it, t, a, 0)?;
        Ok(Value::Bool(position(t, &wanted) >= 0))
    }),
    Method("int IndexOf(object value)", |it, t, a| {
        let wanted = item(it, t, a, 0)?;
        Ok(Value::Int(position(t, &wanted)))
    }),
    Method("int LastIndexOf(object value)", |_, t, a| {
        Ok(Value::Int(
            t.items()
                .unwrap_or_default()
                .iter()
                .rposition(|own| object::equals(own, &at(a, 0)))
                .map_or(-1, |at| at as i32),
        ))
    }),
    Method("void Insert(int index, object value)", |it, t, a| {
        let value = item(it, t, a, 1)?;
        let index = integer(a, 0).max(0) as usize;
        match edit(t, |items| {
            if index <= items.len() {
                items.insert(index, value);
                true
            } else {
                false
            }
        }) {
            Some(false) => range(),
            _ => Ok(Value::Void),
        }
    }),
    Method("void InsertRange(int index, System.Collections.IEnumerable c)", |it, t, a| {
        let more = it.enumerate(&at(a, 1));
        edit(t, |items| {
            let index = (integer(a, 0).max(0) as usize).min(items.len());
            items.splice(index..index, more);
        });
        Ok(Value::Void)
    }),
    Method("bool Remove(object item)", |it, t, a| {
        let wanted = item(it, t, a, 0)?;
        let found = position(t, &wanted);
        if found >= 0 {
            edit(t, |items| items.remove(found as usize));
        }
        Ok(if list(t).is_some_and(|l| l.kind == ListKind::ArrayList) {
            Value::Void
        } else {
            Value::Bool(found >= 0)
        })
    }),
    Method("void RemoveAt(int index)", |_, t, a| {
        let index = integer(a, 0);
        match edit(t, |items| match usize::try_from(index) {
            Ok(at) if at < items.len() => {
                items.remove(at);
                true
            }
            _ => false,
        }) {
            Some(false) => range(),
            _ => Ok(Value::Void),
        }
    }),
    Method("void RemoveRange(int index, int count)", |_, t, a| {
        edit(t, |items| {
            let from = (integer(a, 0).max(0) as usize).min(items.len());
            let to = (from + integer(a, 1).max(0) as usize).min(items.len());
            items.drain(from..to);
        });
        Ok(Value::Void)
    }),
    Method("int RemoveAll(object match)", |it, t, a| {
        let gone = find_all(it, t, &at(a, 0))?;
        edit(t, |items| items.retain(|own| !gone.iter().any(|g| object::equals(g, own))));
        Ok(Value::from(gone.len()))
    }),
    Method("System.Collections.Generic.List GetRange(int index, int count)", |_, t, a| {
        let items = t
            .items()
            .unwrap_or_default()
            .into_iter()
            .skip(integer(a, 0).max(0) as usize)
            .take(integer(a, 1).max(0) as usize)
            .collect();
        Ok(Value::List(Rc::new(List::new(list(t).map_or(ListKind::List, |l| l.kind), element(t), items))))
    }),
    Method("void Reverse()", |_, t, _| {
        edit(t, |items| items.reverse());
        Ok(Value::Void)
    }),
    Method("void Sort()", |it, t, _| {
        let items = sorted(it, t.items().unwrap_or_default(), None)?;
        edit(t, |place| *place = items);
        Ok(Value::Void)
    }),
    Method("void Sort(object comparison)", |it, t, a| {
        let items = sorted(it, t.items().unwrap_or_default(), Some(&at(a, 0)))?;
        edit(t, |place| *place = items);
        Ok(Value::Void)
    }),
    Method("object[] ToArray()", |_, t, _| Ok(array_of(t, t.items().unwrap_or_default()))),
    Method("array ToArray(type type)", |it, t, a| match at(a, 0).base() {
        Value::Type(ty) => {
            it.convert(&Value::array(t.items().unwrap_or_default()), &Ty::array((**ty).clone()))
        }
        _ => Ok(array_of(t, t.items().unwrap_or_default())),
    }),
    Method("object Find(object match)", |it, t, a| {
        Ok(find(it, t, &at(a, 0))?.map(|(_, v)| v).unwrap_or_default())
    }),
    Method("object FindAll(object match)", |it, t, a| {
        let kept = find_all(it, t, &at(a, 0))?;
        Ok(Value::List(Rc::new(List::new(ListKind::List, element(t), kept))))
    }),
    Method("int FindIndex(object match)", |it, t, a| {
        Ok(Value::Int(find(it, t, &at(a, 0))?.map_or(-1, |(at, _)| at as i32)))
    }),
    Method("bool Exists(object match)", |it, t, a| Ok(Value::Bool(find(it, t, &at(a, 0))?.is_some()))),
    Method("bool TrueForAll(object match)", |it, t, a| {
        Ok(Value::Bool(find_all(it, t, &at(a, 0))?.len() == t.items().map_or(0, |i| i.len())))
    }),
    Method("object get_Item(int index)", |it, t, a| it.index(t, &at(a, 0))),
    Method("object Item(int index)", |it, t, a| it.index(t, &at(a, 0))),
    Method("void set_Item(int index, object value)", |it, t, a| {
        it.set_index(t, &at(a, 0), at(a, 1))?;
        Ok(Value::Void)
    }),
    Method("void CopyTo(array array)", |_, t, a| {
        let items = t.items().unwrap_or_default();
        edit(&at(a, 0), |target| target.iter_mut().zip(items).for_each(|(place, item)| *place = item));
        Ok(Value::Void)
    }),
    Method("void TrimExcess()", |_, _, _| Ok(Value::Void)),
    Method("System.Collections.IEnumerator GetEnumerator()", |_, t, _| {
        Ok(Value::net(Net::Enumerator(t.items().unwrap_or_default().into())))
    }),
];
