//! Declarations of the members of .NET types, in C# syntax.

use crate::eval::Interp;
use ps_value::Value;
use ps_value::error::R;

/// A method, or a getter: the object and the arguments, converted to the declared types.
pub type Call = fn(&mut Interp, &Value, &[Value]) -> R<Value>;
/// A static method or a constructor.
pub type Make = fn(&mut Interp, &[Value]) -> R<Value>;

/// A member. The text is a C# signature such as `string Substring(int startIndex, int length)`.
pub enum Declared {
    Property(&'static str, Call),
    /// A property with a setter, whose argument is the value.
    Settable(&'static str, Call, Call),
    Method(&'static str, Call),
    Static(&'static str, Make),
    StaticProperty(&'static str, Make),
    New(&'static str, Make),
}
