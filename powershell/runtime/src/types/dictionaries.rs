//! Hashtables, dictionaries and sets.

use std::rc::Rc;

use super::Members;
use super::args::{at, dict, integer};
use super::declare::Declared::{self, Method, New, Property};
use crate::eval::Interp;
use crate::eval::convert::copy_dict;
use ps_value::error::{R, net};
use ps_value::net::Net;
use ps_value::types::NetType;
use ps_value::{Array, Dict, DictKind, List, ListKind, Value, text};

pub(super) const MEMBERS: Members = &[
    (NetType::Hashtable, DICT),
    (NetType::OrderedDictionary, DICT),
    (NetType::Dictionary, DICT),
    (NetType::SortedDictionary, DICT),
    (NetType::GenericSortedList, DICT),
    (NetType::SortedList, DICT),
    (NetType::PSBoundParametersDictionary, DICT),
    (NetType::HashSet, SET),
    (NetType::SortedSet, SET),
    (NetType::DictionaryEntry, ENTRY),
    (NetType::KeyValuePair, ENTRY),
];

fn of(value: &Value) -> Rc<Dict> {
    dict(value).unwrap_or_else(|| Rc::new(Dict::hashtable()))
}

fn key(it: &mut Interp, own: &Dict, value: &Value) -> R<Value> {
    if value.is_null() {
        return net(NetType::ArgumentNullException, "Key cannot be null. (Parameter 'key')");
    }
    if own.key == NetType::Object.ty() { Ok(value.clone()) } else { it.convert(value, &own.key.clone()) }
}

fn val(it: &mut Interp, own: &Dict, value: &Value) -> R<Value> {
    if own.value == NetType::Object.ty() { Ok(value.clone()) } else { it.convert(value, &own.value.clone()) }
}

fn list_of(items: Vec<Value>) -> Value {
    Value::List(Rc::new(List::new(ListKind::Collection, NetType::Object.ty(), items)))
}

fn make(it: &mut Interp, args: &[Value]) -> R<Value> {
    let ty = it.generic.clone().unwrap_or(NetType::Object.ty());
    let mut generics = match &ty {
        super::Ty::Generic(_, args) => args.to_vec(),
        _ => Vec::new(),
    }
    .into_iter();
    let (key_ty, value_ty) =
        (generics.next().unwrap_or(NetType::Object.ty()), generics.next().unwrap_or(NetType::Object.ty()));
    let mut folds = false;
    let mut source = None;
    for arg in args {
        match arg.base() {
            Value::Net(net) => {
                if let Net::Comparer(ignore) = &**net {
                    folds = *ignore;
                }
            }
            Value::Dict(dict) => source = Some(dict.clone()),
            _ => {}
        }
    }
    let kind = match ty.info().map_or(NetType::Object, |i| i.id) {
        NetType::Hashtable => DictKind::Hashtable,
        NetType::OrderedDictionary => DictKind::Ordered,
        NetType::SortedDictionary | NetType::GenericSortedList | NetType::SortedList => DictKind::Sorted,
        _ => DictKind::Generic,
    };
    if let (Some(source), DictKind::Hashtable) = (&source, kind) {
        return Ok(Value::Dict(Rc::new(copy_dict(source, kind))));
    }
    let made = Dict::typed(kind, key_ty, value_ty, folds);
    if let Some(source) = source {
        for (k, v) in source.pairs() {
            let (k, v) = (key(it, &made, &k)?, val(it, &made, &v)?);
            made.insert(&k, v);
        }
    }
    Ok(Value::Dict(Rc::new(made)))
}

const DICT: &[Declared] = &[
    New("Dictionary()", make),
    New("Dictionary(object argument)", make),
    New("Dictionary(object argument, object comparer)", make),
    Property("int Count", |_, t, _| Ok(Value::from(of(t).len()))),
    Property("bool IsReadOnly", |_, _, _| Ok(Value::Bool(false))),
    Property("bool IsFixedSize", |_, _, _| Ok(Value::Bool(false))),
    Property("System.Collections.ICollection Keys", |_, t, _| Ok(list_of(of(t).keys()))),
    Property("System.Collections.ICollection Values", |_, t, _| Ok(list_of(of(t).values()))),
    Property("object SyncRoot", |_, t, _| Ok(t.clone())),
    Method("void Add(object key, object value)", |it, t, a| {
        let own = of(t);
        let (k, v) = (key(it, &own, &at(a, 0))?, val(it, &own, &at(a, 1))?);
        if own.contains(&k) {
            return net(
                NetType::ArgumentException,
                match own.kind {
                    DictKind::Generic | DictKind::Sorted => {
                        format!("An item with the same key has already been added. Key: {}", text(&k))
                    }
                    _ => format!(
                        "Item has already been added. Key in dictionary: '{0}'  Key being added: '{0}'",
                        text(&k)
                    ),
                },
            );
        }
        own.insert(&k, v);
        Ok(Value::Void)
    }),
    Method("bool TryAdd(object key, object value)", |it, t, a| {
        let own = of(t);
        let (k, v) = (key(it, &own, &at(a, 0))?, val(it, &own, &at(a, 1))?);
        Ok(Value::Bool(!own.contains(&k) && own.insert(&k, v)))
    }),
    Method("void Clear()", |_, t, _| {
        of(t).map.borrow_mut().clear();
        Ok(Value::Void)
    }),
    Method("System.Object Clone()", |_, t, _| Ok(Value::Dict(Rc::new(copy_dict(&of(t), of(t).kind))))),
    Method("bool Contains(object key)", |it, t, a| {
        let own = of(t);
        let k = key(it, &own, &at(a, 0))?;
        Ok(Value::Bool(own.contains(&k)))
    }),
    Method("bool ContainsKey(object key)", |it, t, a| {
        let own = of(t);
        let k = key(it, &own, &at(a, 0))?;
        Ok(Value::Bool(own.contains(&k)))
    }),
    Method("bool ContainsValue(object value)", |_, t, a| {
        Ok(Value::Bool(of(t).values().iter().any(|v| ps_value::object::equals(v, &at(a, 0)))))
    }),
    Method("void Remove(object key)", |it, t, a| {
        let own = of(t);
        let k = key(it, &own, &at(a, 0))?;
        let found = own.remove(&k).is_some();
        Ok(if own.kind == DictKind::Generic || own.kind == DictKind::Bound {
            Value::Bool(found)
        } else {
            Value::Void
        })
    }),
    Method("void RemoveAt(int index)", |_, t, a| {
        let own = of(t);
        let index = usize::try_from(integer(a, 0)).unwrap_or(usize::MAX);
        match own.map.borrow_mut().shift_remove_index(index) {
            Some(_) => Ok(Value::Void),
            None => net(
                NetType::ArgumentOutOfRangeException,
                "Index was out of range. Must be non-negative and less than the size of the collection. (Parameter 'index')",
            ),
        }
    }),
    Method("void Insert(int index, object key, object value)", |_, t, a| {
        let own = of(t);
        let k = own.key_of(&at(a, 1));
        let mut map = own.map.borrow_mut();
        let index = (integer(a, 0).max(0) as usize).min(map.len());
        map.shift_insert(index, k, at(a, 2));
        Ok(Value::Void)
    }),
    Method("bool TryGetValue(object key, ref value)", |it, t, a| {
        let own = of(t);
        let k = key(it, &own, &at(a, 0))?;
        let found = own.get(&k);
        if let Value::Ref(reference) = at(a, 1).base() {
            it.write_reference(
                &reference.clone(),
                found.clone().unwrap_or_else(|| own.value.default_value()),
            )?;
        }
        Ok(Value::Bool(found.is_some()))
    }),
    Method("object get_Item(object key)", |it, t, a| it.index(t, &at(a, 0))),
    Method("object Item(object key)", |it, t, a| it.index(t, &at(a, 0))),
    Method("void set_Item(object key, object value)", |it, t, a| {
        it.set_index(t, &at(a, 0), at(a, 1))?;
        Ok(Value::Void)
    }),
    Method("System.Collections.IDictionaryEnumerator GetEnumerator()", |_, t, _| {
        let entries: Vec<Value> =
            of(t).pairs().into_iter().map(|(k, v)| Value::net(Net::Entry(k, v))).collect();
        let name = match of(t).kind {
            DictKind::Ordered => NetType::OrderedDictionaryEnumerator,
            _ => NetType::HashtableEnumerator,
        };
        Ok(Value::net(Net::Entries(entries, name)))
    }),
    Method("void CopyTo(array array, int index)", |_, t, a| {
        let entries: Vec<Value> =
            of(t).pairs().into_iter().map(|(k, v)| Value::net(Net::Entry(k, v))).collect();
        if let Value::Array(target) = at(a, 0).base() {
            copy_into(target, entries, integer(a, 1).max(0) as usize);
        }
        Ok(Value::Void)
    }),
];

fn copy_into(target: &Array, items: Vec<Value>, start: usize) {
    let mut places = target.items.borrow_mut();
    for (place, item) in places.iter_mut().skip(start).zip(items) {
        *place = item;
    }
}

fn entry(value: &Value, first: bool) -> Value {
    match value {
        Value::Net(net) => match &**net {
            Net::Entry(k, v) => {
                if first {
                    k.clone()
                } else {
                    v.clone()
                }
            }
            _ => Value::Null,
        },
        _ => Value::Null,
    }
}

const ENTRY: &[Declared] = &[
    Property("object Name", |_, t, _| Ok(entry(t, true))),
    Property("object Key", |_, t, _| Ok(entry(t, true))),
    Property("object Value", |_, t, _| Ok(entry(t, false))),
    New("DictionaryEntry(object key, object value)", |_, a| Ok(Value::net(Net::Entry(at(a, 0), at(a, 1))))),
];

fn make_set(it: &mut Interp, args: &[Value]) -> R<Value> {
    let ty = it.generic.clone().unwrap_or(NetType::Object.ty());
    let kind = if ty.info().is_some_and(|i| i.name.ends_with("SortedSet")) {
        DictKind::SortedSet
    } else {
        DictKind::Set
    };
    let folds =
        args.iter().any(|a| matches!(a.base(), Value::Net(net) if matches!(&**net, Net::Comparer(true))));
    let set = Dict::typed(kind, ty.element().unwrap_or(NetType::Object.ty()), NetType::Object.ty(), folds);
    for arg in args {
        if matches!(arg.base(), Value::Net(net) if matches!(&**net, Net::Comparer(_))) {
            continue;
        }
        for item in it.enumerate(arg) {
            let item = key(it, &set, &item)?;
            set.insert(&item, Value::Null);
        }
    }
    Ok(Value::Dict(Rc::new(set)))
}

/// Returns the other set of an operation, as keys.
fn other(it: &mut Interp, own: &Dict, value: &Value) -> R<Dict> {
    let set = Dict::typed(DictKind::Set, own.key.clone(), NetType::Object.ty(), own.folds);
    for item in it.enumerate(value) {
        let item = key(it, own, &item)?;
        set.insert(&item, Value::Null);
    }
    Ok(set)
}

const SET: &[Declared] = &[
    New("HashSet()", make_set),
    New("HashSet(object collection)", make_set),
    New("HashSet(object collection, object comparer)", make_set),
    Property("int Count", |_, t, _| Ok(Value::from(of(t).len()))),
    Property("object Min", |_, t, _| Ok(of(t).keys().into_iter().next().unwrap_or_default())),
    Property("object Max", |_, t, _| Ok(of(t).keys().into_iter().next_back().unwrap_or_default())),
    Method("bool Add(object item)", |it, t, a| {
        let own = of(t);
        let k = key(it, &own, &at(a, 0))?;
        Ok(Value::Bool(if own.contains(&k) { false } else { own.insert(&k, Value::Null) }))
    }),
    Method("bool Contains(object item)", |it, t, a| {
        let own = of(t);
        let k = key(it, &own, &at(a, 0))?;
        Ok(Value::Bool(own.contains(&k)))
    }),
    Method("bool Remove(object item)", |it, t, a| {
        let own = of(t);
        let k = key(it, &own, &at(a, 0))?;
        Ok(Value::Bool(own.remove(&k).is_some()))
    }),
    Method("void Clear()", |_, t, _| {
        of(t).map.borrow_mut().clear();
        Ok(Value::Void)
    }),
    Method("void UnionWith(object other)", |it, t, a| {
        let own = of(t);
        for k in other(it, &own, &at(a, 0))?.keys() {
            own.insert(&k, Value::Null);
        }
        Ok(Value::Void)
    }),
    Method("void IntersectWith(object other)", |it, t, a| {
        let own = of(t);
        let set = other(it, &own, &at(a, 0))?;
        own.map.borrow_mut().retain(|k, _| set.contains(&k.value));
        Ok(Value::Void)
    }),
    Method("void ExceptWith(object other)", |it, t, a| {
        let own = of(t);
        let set = other(it, &own, &at(a, 0))?;
        own.map.borrow_mut().retain(|k, _| !set.contains(&k.value));
        Ok(Value::Void)
    }),
    Method("void SymmetricExceptWith(object other)", |it, t, a| {
        let own = of(t);
        for k in other(it, &own, &at(a, 0))?.keys() {
            if own.remove(&k).is_none() {
                own.insert(&k, Value::Null);
            }
        }
        Ok(Value::Void)
    }),
    Method("bool IsSubsetOf(object other)", |it, t, a| {
        let own = of(t);
        let set = other(it, &own, &at(a, 0))?;
        Ok(Value::Bool(own.keys().iter().all(|k| set.contains(k))))
    }),
    Method("bool IsSupersetOf(object other)", |it, t, a| {
        let own = of(t);
        let set = other(it, &own, &at(a, 0))?;
        Ok(Value::Bool(set.keys().iter().all(|k| own.contains(k))))
    }),
    Method("bool Overlaps(object other)", |it, t, a| {
        let own = of(t);
        let set = other(it, &own, &at(a, 0))?;
        Ok(Value::Bool(set.keys().iter().any(|k| own.contains(k))))
    }),
    Method("bool SetEquals(object other)", |it, t, a| {
        let own = of(t);
        let set = other(it, &own, &at(a, 0))?;
        Ok(Value::Bool(set.len() == own.len() && set.keys().iter().all(|k| own.contains(k))))
    }),
    Method("void CopyTo(array array)", |_, t, a| {
        if let Value::Array(target) = at(a, 0).base() {
            copy_into(target, of(t).keys(), 0);
        }
        Ok(Value::Void)
    }),
    Method("System.Collections.IEnumerator GetEnumerator()", |_, t, _| {
        Ok(Value::net(Net::Enumerator(of(t).keys().into())))
    }),
];
