//! Exceptions.

use super::TypeInfo;
use super::declare::Declared::{self, Method, Property};
use super::net::{Net, inner_exception};
use crate::value::Value;

macro_rules! exceptions {
    ($($name:literal < $base:literal),* $(,)?) => {
        &[
            TypeInfo::class("System.Exception", EXCEPTION).named(&["exception"]),
            $(TypeInfo::class($name, &[]).extends($base)),*
        ]
    };
}

pub(super) const TYPES: &[TypeInfo] = exceptions![
    "System.SystemException" < "System.Exception",
    "System.ApplicationException" < "System.Exception",
    "System.AggregateException" < "System.Exception",
    "System.ArgumentException" < "System.SystemException",
    "System.ArgumentNullException" < "System.ArgumentException",
    "System.ArgumentOutOfRangeException" < "System.ArgumentException",
    "System.ArithmeticException" < "System.SystemException",
    "System.DivideByZeroException" < "System.ArithmeticException",
    "System.OverflowException" < "System.ArithmeticException",
    "System.FormatException" < "System.SystemException",
    "System.UriFormatException" < "System.FormatException",
    "System.IndexOutOfRangeException" < "System.SystemException",
    "System.InvalidCastException" < "System.SystemException",
    "System.InvalidOperationException" < "System.SystemException",
    "System.ObjectDisposedException" < "System.InvalidOperationException",
    "System.NotImplementedException" < "System.SystemException",
    "System.NotSupportedException" < "System.SystemException",
    "System.PlatformNotSupportedException" < "System.NotSupportedException",
    "System.NullReferenceException" < "System.SystemException",
    "System.OutOfMemoryException" < "System.SystemException",
    "System.TimeoutException" < "System.SystemException",
    "System.UnauthorizedAccessException" < "System.SystemException",
    "System.OperationCanceledException" < "System.SystemException",
    "System.RankException" < "System.SystemException",
    "System.Collections.Generic.KeyNotFoundException" < "System.SystemException",
    "System.Security.SecurityException" < "System.SystemException",
    "System.Security.Authentication.AuthenticationException" < "System.SystemException",
    "System.Data.DataException" < "System.SystemException",
    "System.Data.SqlClient.SqlException" < "System.Exception",
    "Microsoft.SqlServer.Management.PowerShell.SqlPowerShellSqlExecutionException" < "System.Exception",
    "System.IO.IOException" < "System.SystemException",
    "System.IO.FileNotFoundException" < "System.IO.IOException",
    "System.IO.DirectoryNotFoundException" < "System.IO.IOException",
    "System.IO.EndOfStreamException" < "System.IO.IOException",
    "System.IO.PathTooLongException" < "System.IO.IOException",
    "System.IO.InvalidDataException" < "System.SystemException",
    "System.Net.WebException" < "System.InvalidOperationException",
    "System.Net.Http.HttpRequestException" < "System.Exception",
    "Microsoft.PowerShell.Commands.HttpResponseException" < "System.Net.Http.HttpRequestException",
    "Microsoft.PowerShell.Commands.WriteErrorException" < "System.SystemException",
    "System.Xml.XmlException" < "System.SystemException",
    "System.Xml.XPath.XPathException" < "System.SystemException",
    "System.Text.RegularExpressions.RegexParseException" < "System.ArgumentException",
    "System.Management.Automation.RuntimeException" < "System.SystemException",
    "System.Management.Automation.ActionPreferenceStopException"
        < "System.Management.Automation.RuntimeException",
    "System.Management.Automation.ArgumentTransformationMetadataException"
        < "System.Management.Automation.MetadataException",
    "System.Management.Automation.CmdletInvocationException"
        < "System.Management.Automation.RuntimeException",
    "System.Management.Automation.CommandNotFoundException" < "System.Management.Automation.RuntimeException",
    "System.Management.Automation.DriveNotFoundException"
        < "System.Management.Automation.SessionStateException",
    "System.Management.Automation.GetValueException"
        < "System.Management.Automation.ExtendedTypeSystemException",
    "System.Management.Automation.GetValueInvocationException"
        < "System.Management.Automation.GetValueException",
    "System.Management.Automation.SetValueException"
        < "System.Management.Automation.ExtendedTypeSystemException",
    "System.Management.Automation.SetValueInvocationException"
        < "System.Management.Automation.SetValueException",
    "System.Management.Automation.ExtendedTypeSystemException"
        < "System.Management.Automation.RuntimeException",
    "System.Management.Automation.ItemNotFoundException"
        < "System.Management.Automation.SessionStateException",
    "System.Management.Automation.MetadataException" < "System.Management.Automation.RuntimeException",
    "System.Management.Automation.MethodException"
        < "System.Management.Automation.ExtendedTypeSystemException",
    "System.Management.Automation.MethodInvocationException" < "System.Management.Automation.MethodException",
    "System.Management.Automation.ParameterBindingException"
        < "System.Management.Automation.RuntimeException",
    "System.Management.Automation.ParameterBindingArgumentTransformationException"
        < "System.Management.Automation.ParameterBindingException",
    "System.Management.Automation.ParameterBindingValidationException"
        < "System.Management.Automation.ParameterBindingException",
    "System.Management.Automation.ParseException" < "System.Management.Automation.RuntimeException",
    "System.Management.Automation.ParentContainsErrorRecordException" < "System.SystemException",
    "System.Management.Automation.PipelineStoppedException" < "System.Management.Automation.RuntimeException",
    "System.Management.Automation.PSArgumentException" < "System.ArgumentException",
    "System.Management.Automation.PSArgumentNullException" < "System.ArgumentNullException",
    "System.Management.Automation.PSArgumentOutOfRangeException" < "System.ArgumentOutOfRangeException",
    "System.Management.Automation.PSInvalidCastException" < "System.InvalidCastException",
    "System.Management.Automation.PSInvalidOperationException" < "System.InvalidOperationException",
    "System.Management.Automation.PSNotImplementedException" < "System.NotImplementedException",
    "System.Management.Automation.PSNotSupportedException" < "System.NotSupportedException",
    "System.Management.Automation.PropertyNotFoundException"
        < "System.Management.Automation.ExtendedTypeSystemException",
    "System.Management.Automation.ProviderInvocationException"
        < "System.Management.Automation.RuntimeException",
    "System.Management.Automation.ProviderNotFoundException"
        < "System.Management.Automation.SessionStateException",
    "System.Management.Automation.ScriptCallDepthException" < "System.SystemException",
    "System.Management.Automation.ScriptRequiresException" < "System.Management.Automation.RuntimeException",
    "System.Management.Automation.SessionStateException" < "System.Management.Automation.RuntimeException",
    "System.Management.Automation.SessionStateUnauthorizedAccessException"
        < "System.Management.Automation.SessionStateException",
    "System.Management.Automation.ValidationMetadataException"
        < "System.Management.Automation.MetadataException",
    "System.Management.Automation.WildcardPatternException" < "System.Management.Automation.RuntimeException",
];

fn extra(value: &Value, name: &str) -> Option<Value> {
    match value.base() {
        Value::Net(net) => match &**net {
            Net::Exception(exception) => {
                exception.extra.iter().find(|(n, _)| *n == name).map(|(_, v)| v.clone())
            }
            _ => None,
        },
        _ => None,
    }
}

fn innermost(value: &Value) -> Value {
    let mut here = value.clone();
    while let Some(inner) = inner_exception(&here) {
        here = inner;
    }
    here
}

const EXCEPTION: &[Declared] = &[
    Property("string Message", |_, t, _| Ok(Value::Str(crate::eval::error::exception_message(t)))),
    Property("object ErrorRecord", |_, t, _| {
        Ok(Value::Error(crate::eval::error::ErrorRecord::new(
            t.clone(),
            crate::eval::error::short_type(&super::type_of(t).full_name()).into(),
            crate::eval::error::Category::NotSpecified,
            Value::Null,
        )))
    }),
    Property("System.Exception InnerException", |_, t, _| Ok(inner_exception(t).unwrap_or_default())),
    Property("string StackTrace", |_, _, _| Ok(Value::Null)),
    Property("string Source", |_, _, _| Ok(Value::from("System.Management.Automation"))),
    Property("int HResult", |_, _, _| Ok(Value::Int(-2_146_233_088))),
    Property("object Data", |_, _, _| Ok(Value::Dict(std::rc::Rc::new(crate::value::Dict::hashtable())))),
    Property("string ParamName", |_, t, _| {
        Ok(crate::eval::error::exception_message(t)
            .split_once("(Parameter '")
            .and_then(|(_, rest)| rest.split_once('\''))
            .map_or(Value::Null, |(name, _)| Value::from(name)))
    }),
    Property("object Response", |_, t, _| Ok(extra(t, "Response").unwrap_or_default())),
    Property("object StatusCode", |_, t, _| Ok(extra(t, "StatusCode").unwrap_or_default())),
    Property("string CommandName", |_, t, _| Ok(extra(t, "CommandName").unwrap_or_default())),
    Property("string FileName", |_, t, _| Ok(extra(t, "FileName").unwrap_or_default())),
    Property("string ItemName", |_, t, _| Ok(extra(t, "ItemName").unwrap_or_default())),
    Method("System.Exception GetBaseException()", |_, t, _| Ok(innermost(t))),
    Method("string ToString()", |_, t, _| {
        Ok(Value::from(format!(
            "{}: {}",
            super::type_of(t).full_name(),
            crate::eval::error::exception_message(t)
        )))
    }),
];
