//! Exceptions.

use super::super::NetType as N;
use super::super::TypeInfo;

pub(super) const TYPES: &[TypeInfo] = &[
    TypeInfo::class(N::Exception, "System.Exception").named(&["exception"]),
    TypeInfo::class(N::SystemException, "System.SystemException").extends(N::Exception),
    TypeInfo::class(N::ApplicationException, "System.ApplicationException").extends(N::Exception),
    TypeInfo::class(N::AggregateException, "System.AggregateException").extends(N::Exception),
    TypeInfo::class(N::ArgumentException, "System.ArgumentException").extends(N::SystemException),
    TypeInfo::class(N::ArgumentNullException, "System.ArgumentNullException").extends(N::ArgumentException),
    TypeInfo::class(N::ArgumentOutOfRangeException, "System.ArgumentOutOfRangeException")
        .extends(N::ArgumentException),
    TypeInfo::class(N::ArithmeticException, "System.ArithmeticException").extends(N::SystemException),
    TypeInfo::class(N::DivideByZeroException, "System.DivideByZeroException").extends(N::ArithmeticException),
    TypeInfo::class(N::OverflowException, "System.OverflowException").extends(N::ArithmeticException),
    TypeInfo::class(N::FormatException, "System.FormatException").extends(N::SystemException),
    TypeInfo::class(N::UriFormatException, "System.UriFormatException").extends(N::FormatException),
    TypeInfo::class(N::IndexOutOfRangeException, "System.IndexOutOfRangeException")
        .extends(N::SystemException),
    TypeInfo::class(N::InvalidCastException, "System.InvalidCastException").extends(N::SystemException),
    TypeInfo::class(N::InvalidOperationException, "System.InvalidOperationException")
        .extends(N::SystemException),
    TypeInfo::class(N::ObjectDisposedException, "System.ObjectDisposedException")
        .extends(N::InvalidOperationException),
    TypeInfo::class(N::NotImplementedException, "System.NotImplementedException").extends(N::SystemException),
    TypeInfo::class(N::NotSupportedException, "System.NotSupportedException").extends(N::SystemException),
    TypeInfo::class(N::PlatformNotSupportedException, "System.PlatformNotSupportedException")
        .extends(N::NotSupportedException),
    TypeInfo::class(N::NullReferenceException, "System.NullReferenceException").extends(N::SystemException),
    TypeInfo::class(N::OutOfMemoryException, "System.OutOfMemoryException").extends(N::SystemException),
    TypeInfo::class(N::TimeoutException, "System.TimeoutException").extends(N::SystemException),
    TypeInfo::class(N::UnauthorizedAccessException, "System.UnauthorizedAccessException")
        .extends(N::SystemException),
    TypeInfo::class(N::OperationCanceledException, "System.OperationCanceledException")
        .extends(N::SystemException),
    TypeInfo::class(N::RankException, "System.RankException").extends(N::SystemException),
    TypeInfo::class(N::KeyNotFoundException, "System.Collections.Generic.KeyNotFoundException")
        .extends(N::SystemException),
    TypeInfo::class(N::SecurityException, "System.Security.SecurityException").extends(N::SystemException),
    TypeInfo::class(N::AuthenticationException, "System.Security.Authentication.AuthenticationException")
        .extends(N::SystemException),
    TypeInfo::class(N::DataException, "System.Data.DataException").extends(N::SystemException),
    TypeInfo::class(N::SqlException, "System.Data.SqlClient.SqlException").extends(N::Exception),
    TypeInfo::class(
        N::SqlPowerShellSqlExecutionException,
        "Microsoft.SqlServer.Management.PowerShell.SqlPowerShellSqlExecutionException",
    )
    .extends(N::Exception),
    TypeInfo::class(N::IOException, "System.IO.IOException").extends(N::SystemException),
    TypeInfo::class(N::FileNotFoundException, "System.IO.FileNotFoundException").extends(N::IOException),
    TypeInfo::class(N::DirectoryNotFoundException, "System.IO.DirectoryNotFoundException")
        .extends(N::IOException),
    TypeInfo::class(N::EndOfStreamException, "System.IO.EndOfStreamException").extends(N::IOException),
    TypeInfo::class(N::PathTooLongException, "System.IO.PathTooLongException").extends(N::IOException),
    TypeInfo::class(N::InvalidDataException, "System.IO.InvalidDataException").extends(N::SystemException),
    TypeInfo::class(N::WebException, "System.Net.WebException").extends(N::InvalidOperationException),
    TypeInfo::class(N::HttpRequestException, "System.Net.Http.HttpRequestException").extends(N::Exception),
    TypeInfo::class(N::HttpResponseException, "Microsoft.PowerShell.Commands.HttpResponseException")
        .extends(N::HttpRequestException),
    TypeInfo::class(N::WriteErrorException, "Microsoft.PowerShell.Commands.WriteErrorException")
        .extends(N::SystemException),
    TypeInfo::class(N::XmlException, "System.Xml.XmlException").extends(N::SystemException),
    TypeInfo::class(N::XPathException, "System.Xml.XPath.XPathException").extends(N::SystemException),
    TypeInfo::class(N::RegexParseException, "System.Text.RegularExpressions.RegexParseException")
        .extends(N::ArgumentException),
    TypeInfo::class(N::RuntimeException, "System.Management.Automation.RuntimeException")
        .extends(N::SystemException),
    TypeInfo::class(
        N::ActionPreferenceStopException,
        "System.Management.Automation.ActionPreferenceStopException",
    )
    .extends(N::RuntimeException),
    TypeInfo::class(
        N::ArgumentTransformationMetadataException,
        "System.Management.Automation.ArgumentTransformationMetadataException",
    )
    .extends(N::MetadataException),
    TypeInfo::class(N::CmdletInvocationException, "System.Management.Automation.CmdletInvocationException")
        .extends(N::RuntimeException),
    TypeInfo::class(N::CommandNotFoundException, "System.Management.Automation.CommandNotFoundException")
        .extends(N::RuntimeException),
    TypeInfo::class(N::DriveNotFoundException, "System.Management.Automation.DriveNotFoundException")
        .extends(N::SessionStateException),
    TypeInfo::class(N::GetValueException, "System.Management.Automation.GetValueException")
        .extends(N::ExtendedTypeSystemException),
    TypeInfo::class(
        N::GetValueInvocationException,
        "System.Management.Automation.GetValueInvocationException",
    )
    .extends(N::GetValueException),
    TypeInfo::class(N::SetValueException, "System.Management.Automation.SetValueException")
        .extends(N::ExtendedTypeSystemException),
    TypeInfo::class(
        N::SetValueInvocationException,
        "System.Management.Automation.SetValueInvocationException",
    )
    .extends(N::SetValueException),
    TypeInfo::class(
        N::ExtendedTypeSystemException,
        "System.Management.Automation.ExtendedTypeSystemException",
    )
    .extends(N::RuntimeException),
    TypeInfo::class(N::ItemNotFoundException, "System.Management.Automation.ItemNotFoundException")
        .extends(N::SessionStateException),
    TypeInfo::class(N::MetadataException, "System.Management.Automation.MetadataException")
        .extends(N::RuntimeException),
    TypeInfo::class(N::MethodException, "System.Management.Automation.MethodException")
        .extends(N::ExtendedTypeSystemException),
    TypeInfo::class(N::MethodInvocationException, "System.Management.Automation.MethodInvocationException")
        .extends(N::MethodException),
    TypeInfo::class(N::ParameterBindingException, "System.Management.Automation.ParameterBindingException")
        .extends(N::RuntimeException),
    TypeInfo::class(
        N::ParameterBindingArgumentTransformationException,
        "System.Management.Automation.ParameterBindingArgumentTransformationException",
    )
    .extends(N::ParameterBindingException),
    TypeInfo::class(
        N::ParameterBindingValidationException,
        "System.Management.Automation.ParameterBindingValidationException",
    )
    .extends(N::ParameterBindingException),
    TypeInfo::class(N::ParseException, "System.Management.Automation.ParseException")
        .extends(N::RuntimeException),
    TypeInfo::class(
        N::ParentContainsErrorRecordException,
        "System.Management.Automation.ParentContainsErrorRecordException",
    )
    .extends(N::SystemException),
    TypeInfo::class(N::PipelineStoppedException, "System.Management.Automation.PipelineStoppedException")
        .extends(N::RuntimeException),
    TypeInfo::class(N::PSArgumentException, "System.Management.Automation.PSArgumentException")
        .extends(N::ArgumentException),
    TypeInfo::class(N::PSArgumentNullException, "System.Management.Automation.PSArgumentNullException")
        .extends(N::ArgumentNullException),
    TypeInfo::class(
        N::PSArgumentOutOfRangeException,
        "System.Management.Automation.PSArgumentOutOfRangeException",
    )
    .extends(N::ArgumentOutOfRangeException),
    TypeInfo::class(N::PSInvalidCastException, "System.Management.Automation.PSInvalidCastException")
        .extends(N::InvalidCastException),
    TypeInfo::class(
        N::PSInvalidOperationException,
        "System.Management.Automation.PSInvalidOperationException",
    )
    .extends(N::InvalidOperationException),
    TypeInfo::class(N::PSNotImplementedException, "System.Management.Automation.PSNotImplementedException")
        .extends(N::NotImplementedException),
    TypeInfo::class(N::PSNotSupportedException, "System.Management.Automation.PSNotSupportedException")
        .extends(N::NotSupportedException),
    TypeInfo::class(N::PropertyNotFoundException, "System.Management.Automation.PropertyNotFoundException")
        .extends(N::ExtendedTypeSystemException),
    TypeInfo::class(
        N::ProviderInvocationException,
        "System.Management.Automation.ProviderInvocationException",
    )
    .extends(N::RuntimeException),
    TypeInfo::class(N::ProviderNotFoundException, "System.Management.Automation.ProviderNotFoundException")
        .extends(N::SessionStateException),
    TypeInfo::class(N::ScriptCallDepthException, "System.Management.Automation.ScriptCallDepthException")
        .extends(N::SystemException),
    TypeInfo::class(N::ScriptRequiresException, "System.Management.Automation.ScriptRequiresException")
        .extends(N::RuntimeException),
    TypeInfo::class(N::SessionStateException, "System.Management.Automation.SessionStateException")
        .extends(N::RuntimeException),
    TypeInfo::class(
        N::SessionStateUnauthorizedAccessException,
        "System.Management.Automation.SessionStateUnauthorizedAccessException",
    )
    .extends(N::SessionStateException),
    TypeInfo::class(
        N::ValidationMetadataException,
        "System.Management.Automation.ValidationMetadataException",
    )
    .extends(N::MetadataException),
    TypeInfo::class(N::WildcardPatternException, "System.Management.Automation.WildcardPatternException")
        .extends(N::RuntimeException),
];
