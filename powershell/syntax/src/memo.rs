//! A place in the tree for a result of the evaluator.

use std::any::Any;
use std::cell::OnceCell;
use std::fmt;
use std::rc::Rc;

/// Empty until the evaluator sets it to a value of its own type.
#[derive(Default)]
pub struct Memo(OnceCell<Rc<dyn Any>>);

impl Memo {
    #[inline]
    pub fn get<T: Any>(&self) -> Option<&T> {
        self.0.get()?.downcast_ref()
    }

    /// Stores a value, unless the place has one.
    #[inline]
    pub fn set<T: Any>(&self, value: T) {
        self.0.get_or_init(|| Rc::new(value));
    }
}

impl fmt::Debug for Memo {
    #[inline]
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(if self.0.get().is_some() { "Memo(set)" } else { "Memo(empty)" })
    }
}
