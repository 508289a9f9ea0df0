//! Objects that contain only data.

use super::super::NetType as N;
use super::super::TypeInfo;

pub(super) const TYPES: &[TypeInfo] = &[
    TypeInfo::record(N::GroupInfo, "Microsoft.PowerShell.Commands.GroupInfo"),
    TypeInfo::record(N::GenericMeasureInfo, "Microsoft.PowerShell.Commands.GenericMeasureInfo"),
    TypeInfo::record(N::TextMeasureInfo, "Microsoft.PowerShell.Commands.TextMeasureInfo"),
    TypeInfo::record(N::MemberDefinition, "Microsoft.PowerShell.Commands.MemberDefinition"),
    TypeInfo::record(N::MatchInfo, "Microsoft.PowerShell.Commands.MatchInfo").text_of(&["Line"]),
    TypeInfo::record(N::MatchInfoContext, "Microsoft.PowerShell.Commands.MatchInfoContext"),
    TypeInfo::record(N::FileHashInfo, "Microsoft.PowerShell.Commands.FileHashInfo"),
    TypeInfo::record(N::HtmlWebResponseObject, "Microsoft.PowerShell.Commands.HtmlWebResponseObject")
        .text_of(&["Content"]),
    TypeInfo::record(
        N::BasicHtmlWebResponseObject,
        "Microsoft.PowerShell.Commands.BasicHtmlWebResponseObject",
    )
    .text_of(&["Content"]),
    TypeInfo::record(N::SelectXmlInfo, "Microsoft.PowerShell.Commands.SelectXmlInfo"),
    TypeInfo::record(N::HttpResponseMessage, "System.Net.Http.HttpResponseMessage"),
    TypeInfo::record(N::PathInfo, "System.Management.Automation.PathInfo").text_of(&["Path"]),
    TypeInfo::record(N::ProviderInfo, "System.Management.Automation.ProviderInfo").text_of(&["Name"]),
    TypeInfo::record(N::PSDriveInfo, "System.Management.Automation.PSDriveInfo").text_of(&["Name"]),
    TypeInfo::record(N::PSVariable, "System.Management.Automation.PSVariable"),
    TypeInfo::record(N::PSModuleInfo, "System.Management.Automation.PSModuleInfo").text_of(&["Name"]),
    TypeInfo::record(N::EngineIntrinsics, "System.Management.Automation.EngineIntrinsics"),
    TypeInfo::record(N::SessionState, "System.Management.Automation.SessionState"),
    TypeInfo::record(N::InvocationInfo, "System.Management.Automation.InvocationInfo"),
    TypeInfo::record(N::ErrorCategoryInfo, "System.Management.Automation.ErrorCategoryInfo"),
    TypeInfo::record(N::ErrorDetails, "System.Management.Automation.ErrorDetails").text_of(&["Message"]),
    TypeInfo::record(N::WarningRecord, "System.Management.Automation.WarningRecord").text_of(&["Message"]),
    TypeInfo::record(N::VerboseRecord, "System.Management.Automation.VerboseRecord").text_of(&["Message"]),
    TypeInfo::record(N::DebugRecord, "System.Management.Automation.DebugRecord").text_of(&["Message"]),
    TypeInfo::record(N::InformationRecord, "System.Management.Automation.InformationRecord")
        .text_of(&["MessageData"]),
    TypeInfo::record(N::HostInformationMessage, "System.Management.Automation.HostInformationMessage")
        .text_of(&["Message"]),
    TypeInfo::record(N::InternalHost, "System.Management.Automation.Internal.Host.InternalHost"),
    TypeInfo::record(N::CallStackFrame, "System.Management.Automation.CallStackFrame"),
    TypeInfo::record(N::MethodInfo, "System.Reflection.MethodInfo").text_of(&["Name"]),
    TypeInfo::record(N::PropertyInfo, "System.Reflection.PropertyInfo").text_of(&["Name"]),
    TypeInfo::record(N::PSDataStreams, "System.Management.Automation.PSDataStreams"),
    TypeInfo::class(N::ScriptBlockAst, "System.Management.Automation.Language.ScriptBlockAst")
        .text_of(&["Extent"]),
    TypeInfo::record(N::ParamBlockAst, "System.Management.Automation.Language.ParamBlockAst"),
    TypeInfo::record(N::ParameterAst, "System.Management.Automation.Language.ParameterAst")
        .text_of(&["Name"]),
    TypeInfo::record(N::ParseError, "System.Management.Automation.Language.ParseError").text_of(&["Message"]),
    TypeInfo::record(N::ScriptExtent, "System.Management.Automation.Language.ScriptExtent")
        .text_of(&["Text"]),
    TypeInfo::record(N::ScriptPosition, "System.Management.Automation.Language.ScriptPosition"),
    TypeInfo::record(N::NamedBlockAst, "System.Management.Automation.Language.NamedBlockAst"),
    TypeInfo::record(N::StatementAst, "System.Management.Automation.Language.StatementAst")
        .text_of(&["Extent"]),
    TypeInfo::record(N::PSToken, "System.Management.Automation.PSToken"),
    TypeInfo::record(N::PSRemotingJob, "System.Management.Automation.PSRemotingJob"),
    TypeInfo::record(N::FormatEntryData, "Microsoft.PowerShell.Commands.Internal.Format.FormatEntryData"),
];
