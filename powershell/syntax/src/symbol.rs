//! Interned names: PowerShell's names ignore case, and numbers are quick to compare.

use std::cell::RefCell;
use std::collections::HashMap;
use std::rc::Rc;

/// A map with a fast hasher: a script that puts bad keys into one slows down only itself.
pub type Map<K, V> = HashMap<K, V, foldhash::fast::FixedState>;

/// A folded name.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Sym(pub u32);

#[derive(Default)]
struct Interner {
    numbers: Map<Rc<str>, u32>,
    names: Vec<Rc<str>>,
}

thread_local! {
    static INTERNER: RefCell<Interner> = RefCell::default();
}

impl Sym {
    pub fn of(name: &str) -> Self {
        let folded = fold(name);
        INTERNER.with_borrow_mut(|interner| {
            if let Some(&number) = interner.numbers.get(folded.as_ref()) {
                return Self(number);
            }
            let name: Rc<str> = folded.as_ref().into();
            let number = u32::try_from(interner.names.len()).unwrap_or(u32::MAX);
            interner.names.push(name.clone());
            interner.numbers.insert(name, number);
            Self(number)
        })
    }

    /// Returns the folded name.
    #[inline]
    pub fn name(self) -> Rc<str> {
        INTERNER.with_borrow(|interner| interner.names.get(self.0 as usize).cloned().unwrap_or_default())
    }
}

/// Folds the case of a name.
pub fn fold(name: &str) -> std::borrow::Cow<'_, str> {
    if name.bytes().all(|b| b.is_ascii() && !b.is_ascii_uppercase()) {
        name.into()
    } else {
        name.to_lowercase().into()
    }
}

/// Returns whether two names are equal except for case.
#[inline]
pub fn same(a: &str, b: &str) -> bool {
    a.eq_ignore_ascii_case(b) || (!(a.is_ascii() && b.is_ascii()) && a.to_lowercase() == b.to_lowercase())
}
