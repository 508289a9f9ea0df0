//! The type of a value.

use std::rc::Rc;

use super::{NetType, Ty};
use crate::{DictKind, ListKind, Value};

/// Returns the type of a value; that of null is `System.Object`.
#[inline]
pub fn type_of(value: &Value) -> Ty {
    let id = match value {
        Value::Null | Value::Void => return NetType::Object.ty(),
        Value::Str(_) => return NetType::String.ty(),
        Value::Bool(_) => NetType::Boolean,
        Value::Char(_) => NetType::Char,
        Value::SByte(_) => NetType::SByte,
        Value::Byte(_) => NetType::Byte,
        Value::Short(_) => NetType::Int16,
        Value::UShort(_) => NetType::UInt16,
        Value::Int(_) => NetType::Int32,
        Value::UInt(_) => NetType::UInt32,
        Value::Long(_) => NetType::Int64,
        Value::ULong(_) => NetType::UInt64,
        Value::Single(_) => NetType::Single,
        Value::Double(_) => NetType::Double,
        Value::Decimal(_) => NetType::Decimal,
        Value::Big(_) => NetType::BigInteger,
        Value::DateTime(_) => NetType::DateTime,
        Value::TimeSpan(_) => NetType::TimeSpan,
        Value::Switch(_) => NetType::SwitchParameter,
        Value::Block(_) => NetType::ScriptBlock,
        Value::Type(_) => NetType::RuntimeType,
        Value::Error(_) => NetType::ErrorRecord,
        Value::Ref(_) => NetType::PSReference,
        Value::Ext(ext) => return type_of(&ext.base),
        Value::Enum(e) => return Ty::Enum(e.ty.clone()),
        Value::Object(object) => return object.ty(),
        Value::Net(net) => return net.ty(),
        Value::Array(array) => {
            return Ty::Array(Rc::new(array.element.clone()), array.dimensions.len().max(1) as u8);
        }
        Value::List(list) => return list_type(list.kind, &list.element),
        Value::Dict(dict) => return dict_type(dict),
    };
    id.ty()
}

fn list_type(kind: ListKind, element: &Ty) -> Ty {
    let generic = |id: NetType| Ty::Generic(id.info(), Rc::from([element.clone()]));
    match kind {
        ListKind::ArrayList => NetType::ArrayList.ty(),
        ListKind::Queue => NetType::Queue.ty(),
        ListKind::Stack => NetType::Stack.ty(),
        ListKind::List => generic(NetType::List),
        ListKind::LinkedList => generic(NetType::LinkedList),
        ListKind::GenericQueue => generic(NetType::GenericQueue),
        ListKind::GenericStack => generic(NetType::GenericStack),
        ListKind::Collection => generic(NetType::Collection),
    }
}

fn dict_type(dict: &crate::Dict) -> Ty {
    let generic =
        |id: NetType, args: &[&Ty]| Ty::Generic(id.info(), args.iter().map(|ty| (*ty).clone()).collect());
    match dict.kind {
        DictKind::Hashtable => NetType::Hashtable.ty(),
        DictKind::Ordered => NetType::OrderedDictionary.ty(),
        DictKind::Bound => NetType::PSBoundParametersDictionary.ty(),
        DictKind::Generic => generic(NetType::Dictionary, &[&dict.key, &dict.value]),
        DictKind::Sorted => generic(NetType::SortedDictionary, &[&dict.key, &dict.value]),
        DictKind::Set => generic(NetType::HashSet, &[&dict.key]),
        DictKind::SortedSet => generic(NetType::SortedSet, &[&dict.key]),
    }
}
