//! BoltDB files: a reader that trusts no byte, the lock of the file, and changes.

mod commit;
mod file;
mod hold;
mod page;
mod walk;

pub use commit::Edit;
pub use file::{BoltFile, FileError, Reading};
pub use hold::Holder;
pub use page::{MetaFault, PageFault};
pub use walk::{Contents, Entries, Fault, NoMeta, read};
