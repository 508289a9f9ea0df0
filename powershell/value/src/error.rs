//! Early ends of statements, and PowerShell's error records.

use crate::types::NetType;
use std::cell::{Cell, RefCell};
use std::rc::Rc;

use crate::net::{Exception, Net};
use crate::types::Ty;
use crate::{Str, Value, text};
use ps_syntax::symbol::Sym;
use ps_syntax::{Source, Span};

/// An early end of a statement.
pub enum Flow {
    Break(Option<Sym>),
    Continue(Option<Sym>),
    Return,
    Exit(i32),
    Error(Rc<ErrorRecord>),
    /// A pipeline needs no more input: everything before the command with this number stops.
    Stop(u64),
}

pub type R<T> = Result<T, Box<Flow>>;

/// A place in a script.
#[derive(Clone)]
pub struct Position {
    pub source: Rc<Source>,
    pub span: Span,
}

/// The .NET type `System.Management.Automation.ErrorRecord`.
pub struct ErrorRecord {
    pub exception: Value,
    pub id: RefCell<Str>,
    pub category: Cell<Category>,
    pub activity: RefCell<Str>,
    pub reason: RefCell<Str>,
    pub target: Value,
    pub details: RefCell<Option<Str>>,
    pub position: RefCell<Option<Position>>,
    /// The command in `InvocationInfo`.
    pub command: RefCell<Str>,
    pub stack: RefCell<Str>,
    /// Whether the error ends the script if it is not caught: `throw`, and `-ErrorAction Stop`.
    pub ends_script: Cell<bool>,
    /// Whether the id already has its command's name.
    pub qualified: Cell<bool>,
    /// Whether a .NET member raised the error, so that the call wraps it.
    pub raw: Cell<bool>,
    /// Whether `-ErrorAction Stop` made the error end the script.
    pub stopped: Cell<bool>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Category {
    NotSpecified,
    OpenError,
    CloseError,
    DeviceError,
    DeadlockDetected,
    InvalidArgument,
    InvalidData,
    InvalidOperation,
    InvalidResult,
    InvalidType,
    MetadataError,
    NotImplemented,
    NotInstalled,
    ObjectNotFound,
    OperationStopped,
    OperationTimeout,
    SyntaxError,
    ParserError,
    PermissionDenied,
    ResourceBusy,
    ResourceExists,
    ResourceUnavailable,
    ReadError,
    WriteError,
    FromStdErr,
    SecurityError,
    ProtocolError,
    ConnectionError,
    AuthenticationError,
    LimitsExceeded,
    QuotaExceeded,
    NotEnabled,
}

impl Category {
    pub const ALL: [Self; 32] = [
        Self::NotSpecified,
        Self::OpenError,
        Self::CloseError,
        Self::DeviceError,
        Self::DeadlockDetected,
        Self::InvalidArgument,
        Self::InvalidData,
        Self::InvalidOperation,
        Self::InvalidResult,
        Self::InvalidType,
        Self::MetadataError,
        Self::NotImplemented,
        Self::NotInstalled,
        Self::ObjectNotFound,
        Self::OperationStopped,
        Self::OperationTimeout,
        Self::SyntaxError,
        Self::ParserError,
        Self::PermissionDenied,
        Self::ResourceBusy,
        Self::ResourceExists,
        Self::ResourceUnavailable,
        Self::ReadError,
        Self::WriteError,
        Self::FromStdErr,
        Self::SecurityError,
        Self::ProtocolError,
        Self::ConnectionError,
        Self::AuthenticationError,
        Self::LimitsExceeded,
        Self::QuotaExceeded,
        Self::NotEnabled,
    ];

    pub fn parse(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|c| format!("{c:?}").eq_ignore_ascii_case(name))
    }
}

/// The content of an error. The place where it is raised determines the rest of the record.
pub struct Fault {
    pub kind: NetType,
    pub id: Str,
    pub category: Category,
    pub message: String,
    pub target: Value,
    pub inner: Option<Value>,
}

impl Fault {
    #[inline]
    pub fn new(kind: NetType, id: &str, category: Category, message: impl Into<String>) -> Self {
        Self { kind, id: id.into(), category, message: message.into(), target: Value::Null, inner: None }
    }

    /// Makes an error of the engine itself: a `RuntimeException`.
    pub fn runtime(id: &str, message: impl Into<String>) -> Self {
        Self::new(NetType::RuntimeException, id, Category::InvalidOperation, message)
    }

    pub fn duplicate_key(key: &Value) -> Self {
        let key = text(key);
        let message =
            format!("Item has already been added. Key in dictionary: '{key}'  Key being added: '{key}'");
        Self::new(NetType::ArgumentException, "System.ArgumentException", Category::NotSpecified, message)
    }

    /// Makes an error for an invalid argument of a method's parameter, with the reason.
    pub fn bad_argument(parameter: &str, value: &Value, method: &str, ty: &Ty, why: &ErrorRecord) -> Self {
        let message = format!(
            "Cannot convert argument \"{parameter}\", with value: \"{}\", for \"{method}\" to type \"{}\": \"{}\"",
            text(value),
            ty.full_name(),
            why.message()
        );
        let id = "MethodArgumentConversionInvalidCastArgument";
        Self::new(NetType::MethodException, id, Category::NotSpecified, message)
            .because(why.exception.clone())
    }

    pub fn of(mut self, target: impl Into<Value>) -> Self {
        self.target = target.into();
        self
    }

    pub fn because(mut self, inner: Value) -> Self {
        self.inner = Some(own_cast(&inner).unwrap_or(inner));
        self
    }

    #[inline]
    pub fn record(self) -> Rc<ErrorRecord> {
        let mut exception = Exception::new(self.kind, self.message);
        exception.inner = self.inner;
        // The engine reports a failed cast as its own error around the error of the cast.
        if self.kind == CAST {
            let message = exception.message.to_string();
            let cast = Value::net(Net::Exception(exception));
            exception = Exception::new(NetType::RuntimeException, message);
            exception.inner = Some(cast);
        }
        ErrorRecord::new(Value::net(Net::Exception(exception)), self.id, self.category, self.target)
    }

    #[inline]
    pub fn raise<T>(self) -> R<T> {
        Err(self.into())
    }
}

const CAST: NetType = NetType::PSInvalidCastException;

/// Returns the exception of a cast within the engine's error.
fn own_cast(exception: &Value) -> Option<Value> {
    let ty = crate::types::type_of(exception);
    let inner = crate::net::inner_exception(exception)?;
    let is_cast = crate::types::type_of(&inner).is(NetType::PSInvalidCastException);
    (ty.is(NetType::RuntimeException) && is_cast).then_some(inner)
}

impl From<Fault> for Box<Flow> {
    fn from(fault: Fault) -> Self {
        Box::new(Flow::Error(fault.record()))
    }
}

/// Returns an exception of a .NET method, before the call has wrapped it.
pub fn net<T>(kind: NetType, message: impl Into<String>) -> R<T> {
    Err(net_flow(kind, message))
}

pub fn net_flow(kind: NetType, message: impl Into<String>) -> Box<Flow> {
    let id = short_type(kind.name());
    let record = Fault::new(kind, id, Category::NotSpecified, message).record();
    record.qualified.set(true);
    record.raw.set(true);
    Box::new(Flow::Error(record))
}

pub use crate::types::short_type;

impl ErrorRecord {
    pub fn new(exception: Value, id: Str, category: Category, target: Value) -> Rc<Self> {
        let reason = short_type(&crate::types::type_of(&exception).full_name()).into();
        Rc::new(Self {
            exception,
            id: RefCell::new(id),
            category: Cell::new(category),
            activity: RefCell::default(),
            reason: RefCell::new(reason),
            target,
            details: RefCell::default(),
            position: RefCell::default(),
            command: RefCell::default(),
            stack: RefCell::default(),
            ends_script: Cell::new(false),
            qualified: Cell::new(false),
            raw: Cell::new(false),
            stopped: Cell::new(false),
        })
    }

    pub fn message(&self) -> Str {
        exception_message(&self.exception)
    }

    /// Returns its printed text.
    pub fn text(&self) -> String {
        match &*self.details.borrow() {
            Some(details) => details.to_string(),
            None => self.message().to_string(),
        }
    }

    pub fn exception_type(&self) -> Ty {
        crate::types::type_of(&self.exception)
    }

    pub fn target_name(&self) -> String {
        text(&self.target)
    }

    pub fn target_type(&self) -> String {
        if self.target.is_null() { String::new() } else { crate::types::type_of(&self.target).name() }
    }

    /// Returns `CategoryInfo` as a text.
    pub fn category_text(&self) -> String {
        let shorten = |text: String| match text.chars().count() {
            0..=40 => text,
            count => {
                let head: String = text.chars().take(18).collect();
                let tail: String = text.chars().skip(count - 19).collect();
                format!("{head}...{tail}")
            }
        };
        format!(
            "{:?}: ({}:{}) [{}], {}",
            self.category.get(),
            shorten(self.target_name()),
            self.target_type(),
            self.activity.borrow(),
            self.reason.borrow()
        )
    }

    pub fn line(&self) -> Option<(usize, usize)> {
        self.position.borrow().as_ref().map(|p| p.source.position(p.span.start))
    }
}

/// Returns `Exception.Message`.
pub fn exception_message(exception: &Value) -> Str {
    match exception.base() {
        Value::Net(net) => match &**net {
            Net::Exception(exception) => exception.message.clone(),
            _ => text(&Value::Net(net.clone())).into(),
        },
        Value::Object(object) => match &*object.native.borrow() {
            Some(native) => exception_message(native),
            None => "".into(),
        },
        Value::Error(record) => record.message(),
        other => text(other).into(),
    }
}
