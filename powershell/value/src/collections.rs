//! Arrays, lists and dictionaries.

use crate::types::NetType;
use std::cell::{Cell, RefCell};
use std::hash::{Hash, Hasher};

use indexmap::IndexMap;

use super::Value;
use crate::types::Ty;
use ps_syntax::symbol::fold;

/// An array: a fixed number of elements of one type.
pub struct Array {
    pub element: Ty,
    pub items: RefCell<Vec<Value>>,
    /// The lengths of a multidimensional array. Empty for one dimension.
    pub dimensions: Vec<usize>,
}

impl Array {
    #[inline]
    pub fn new(items: Vec<Value>) -> Self {
        Self::of(NetType::Object.ty(), items)
    }

    #[inline]
    pub fn of(element: Ty, items: Vec<Value>) -> Self {
        Self { element, items: RefCell::new(items), dimensions: Vec::new() }
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ListKind {
    ArrayList,
    List,
    Collection,
    Queue,
    Stack,
    GenericQueue,
    GenericStack,
    LinkedList,
}

/// A list that grows.
pub struct List {
    pub kind: ListKind,
    pub element: Ty,
    pub items: RefCell<Vec<Value>>,
    /// The start of a queue: earlier items have been taken.
    pub head: Cell<usize>,
}

impl List {
    #[inline]
    pub fn new(kind: ListKind, element: Ty, items: Vec<Value>) -> Self {
        Self { kind, element, items: RefCell::new(items), head: Cell::new(0) }
    }

    #[inline]
    pub fn len(&self) -> usize {
        self.items.borrow().len() - self.head.get()
    }

    #[inline]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    #[inline]
    pub fn is_stack(&self) -> bool {
        matches!(self.kind, ListKind::Stack | ListKind::GenericStack)
    }

    /// Returns the items in the order of enumeration.
    #[inline]
    pub fn to_vec(&self) -> Vec<Value> {
        let items = self.items.borrow();
        let live = items.get(self.head.get()..).unwrap_or_default();
        if self.is_stack() { live.iter().rev().cloned().collect() } else { live.to_vec() }
    }

    /// Takes the first item of a queue.
    #[inline]
    pub fn dequeue(&self) -> Option<Value> {
        let mut items = self.items.borrow_mut();
        let head = self.head.get();
        let item = std::mem::take(items.get_mut(head)?);
        self.head.set(head + 1);
        if head > 32 && head * 2 > items.len() {
            items.drain(..=head);
            self.head.set(0);
        }
        Some(item)
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DictKind {
    Hashtable,
    Ordered,
    Generic,
    Sorted,
    /// A set of keys.
    Set,
    SortedSet,
    /// The dictionary `$PSBoundParameters`.
    Bound,
}

/// A dictionary, or a set, in the order of insertion.
pub struct Dict {
    pub kind: DictKind,
    pub key: Ty,
    pub value: Ty,
    /// Whether texts that differ in case are the same key.
    pub folds: bool,
    pub map: RefCell<IndexMap<Key, Value, foldhash::fast::FixedState>>,
}

impl Dict {
    /// Makes the result of `@{}`.
    #[inline]
    pub fn hashtable() -> Self {
        Self::new(DictKind::Hashtable, true)
    }

    #[inline]
    pub fn new(kind: DictKind, folds: bool) -> Self {
        Self { kind, key: NetType::Object.ty(), value: NetType::Object.ty(), folds, map: RefCell::default() }
    }

    #[inline]
    pub fn typed(kind: DictKind, key: Ty, value: Ty, folds: bool) -> Self {
        Self { kind, key, value, folds, map: RefCell::default() }
    }

    #[inline]
    pub fn from_pairs<K: Into<Value>>(kind: DictKind, pairs: impl IntoIterator<Item = (K, Value)>) -> Self {
        let dict = Self::new(kind, true);
        for (key, value) in pairs {
            dict.insert(&key.into(), value);
        }
        dict
    }

    #[inline]
    pub fn is_set(&self) -> bool {
        matches!(self.kind, DictKind::Set | DictKind::SortedSet)
    }

    #[inline]
    pub fn sorted(&self) -> bool {
        matches!(self.kind, DictKind::Sorted | DictKind::SortedSet)
    }

    #[inline]
    pub fn key_of(&self, value: &Value) -> Key {
        Key { value: value.base().clone(), folds: self.folds }
    }

    #[inline]
    pub fn get(&self, key: &Value) -> Option<Value> {
        self.map.borrow().get(&self.key_of(key)).cloned()
    }

    #[inline]
    pub fn get_str(&self, key: &str) -> Option<Value> {
        self.map.borrow().get(&Key { value: key.into(), folds: self.folds }).cloned()
    }

    #[inline]
    pub fn contains(&self, key: &Value) -> bool {
        self.map.borrow().contains_key(&self.key_of(key))
    }

    /// Inserts an entry, and returns whether it is new.
    #[inline]
    pub fn insert(&self, key: &Value, value: Value) -> bool {
        let new = self.map.borrow_mut().insert(self.key_of(key), value).is_none();
        if new && self.sorted() {
            self.map.borrow_mut().sort_by(|a, _, b, _| crate::compare::order(&a.value, &b.value, false));
        }
        new
    }

    #[inline]
    pub fn remove(&self, key: &Value) -> Option<Value> {
        self.map.borrow_mut().shift_remove(&self.key_of(key))
    }

    #[inline]
    pub fn len(&self) -> usize {
        self.map.borrow().len()
    }

    #[inline]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    #[inline]
    pub fn keys(&self) -> Vec<Value> {
        self.map.borrow().keys().map(|key| key.value.clone()).collect()
    }

    #[inline]
    pub fn values(&self) -> Vec<Value> {
        self.map.borrow().values().cloned().collect()
    }

    #[inline]
    pub fn pairs(&self) -> Vec<(Value, Value)> {
        self.map.borrow().iter().map(|(key, value)| (key.value.clone(), value.clone())).collect()
    }
}

/// A key. Keys are equal when .NET's `Equals` says so; texts that differ in case are equal only if the
/// dictionary folds.
#[derive(Clone)]
pub struct Key {
    pub value: Value,
    pub folds: bool,
}

impl Hash for Key {
    #[inline]
    fn hash<H: Hasher>(&self, state: &mut H) {
        match &self.value {
            Value::Str(text) if self.folds => {
                if text.is_ascii() {
                    let mut folded = [0; 32];
                    for piece in text.as_bytes().chunks(folded.len()) {
                        for (to, from) in folded.iter_mut().zip(piece) {
                            *to = from.to_ascii_lowercase();
                        }
                        state.write(folded.get(..piece.len()).unwrap_or_default());
                    }
                } else {
                    fold(text).hash(state);
                }
            }
            Value::Str(text) => text.hash(state),
            Value::Bool(v) => v.hash(state),
            Value::Char(v) => v.hash(state),
            Value::Double(v) => v.to_bits().hash(state),
            Value::DateTime(v) => v.ticks().hash(state),
            Value::TimeSpan(v) => v.0.hash(state),
            Value::Enum(v) => v.value.hash(state),
            Value::Decimal(v) => v.hash(state),
            Value::Net(net) => net.identity().hash(state),
            other => other.as_integer().hash(state),
        }
    }
}

impl PartialEq for Key {
    #[inline]
    fn eq(&self, other: &Self) -> bool {
        match (&self.value, &other.value) {
            (Value::Str(a), Value::Str(b)) if self.folds => ps_syntax::symbol::same(a, b),
            (a, b) => super::object::equals(a, b),
        }
    }
}

impl Eq for Key {}
