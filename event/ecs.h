// The field names that the code itself speaks of (Elastic Common Schema 8.17), with fixed ids.
//
// Everything else is interned at run time from definitions, taxonomies and rules; see field.h.
#pragma once

#include "event/field.h"

// clang-format off
#define PICKET_ECS_FIELDS(X)                                    \
  X(Timestamp, "@timestamp")                                    \
  X(Message, "message")                                         \
  X(Tags, "tags")                                               \
  X(EventOriginal, "event.original")                            \
  X(EventAction, "event.action")                                \
  X(EventCategory, "event.category")                            \
  X(EventCode, "event.code")                                    \
  X(EventCreated, "event.created")                              \
  X(EventDataset, "event.dataset")                              \
  X(EventIngested, "event.ingested")                            \
  X(EventKind, "event.kind")                                    \
  X(EventModule, "event.module")                                \
  X(EventOutcome, "event.outcome")                              \
  X(EventProvider, "event.provider")                            \
  X(EventReason, "event.reason")                                \
  X(EventSequence, "event.sequence")                            \
  X(EventType, "event.type")                                    \
  X(ObserverLayer, "observer.layer")                            \
  X(ObserverIngressInterface, "observer.ingress.interface.name")\
  X(ObserverEgressInterface, "observer.egress.interface.name")  \
  X(HostName, "host.name")                                      \
  X(HostHostname, "host.hostname")                              \
  X(HostIp, "host.ip")                                          \
  X(UserName, "user.name")                                      \
  X(UserDomain, "user.domain")                                  \
  X(UserId, "user.id")                                          \
  X(UserEffectiveName, "user.effective.name")                   \
  X(UserTargetName, "user.target.name")                         \
  X(UserTargetDomain, "user.target.domain")                     \
  X(GroupName, "group.name")                                    \
  X(SourceIp, "source.ip")                                      \
  X(SourceAddress, "source.address")                            \
  X(SourcePort, "source.port")                                  \
  X(SourceMac, "source.mac")                                    \
  X(SourceBytes, "source.bytes")                                \
  X(SourceDomain, "source.domain")                              \
  X(DestinationIp, "destination.ip")                            \
  X(DestinationAddress, "destination.address")                  \
  X(DestinationPort, "destination.port")                        \
  X(DestinationMac, "destination.mac")                          \
  X(DestinationBytes, "destination.bytes")                      \
  X(DestinationDomain, "destination.domain")                    \
  X(NetworkTransport, "network.transport")                      \
  X(NetworkProtocol, "network.protocol")                        \
  X(NetworkType, "network.type")                                \
  X(NetworkBytes, "network.bytes")                              \
  X(NetworkDirection, "network.direction")                      \
  X(RuleName, "rule.name")                                      \
  X(ProcessName, "process.name")                                \
  X(ProcessPid, "process.pid")                                  \
  X(ProcessEntityId, "process.entity_id")                       \
  X(ProcessExecutable, "process.executable")                    \
  X(ProcessCommandLine, "process.command_line")                 \
  X(ProcessWorkingDirectory, "process.working_directory")       \
  X(ProcessParentExecutable, "process.parent.executable")       \
  X(ProcessParentCommandLine, "process.parent.command_line")    \
  X(ProcessParentPid, "process.parent.pid")                     \
  X(ProcessHashSha256, "process.hash.sha256")                   \
  X(FilePath, "file.path")                                      \
  X(FileName, "file.name")                                      \
  X(FileHashSha256, "file.hash.sha256")                         \
  X(RegistryPath, "registry.path")                              \
  X(DnsQuestionName, "dns.question.name")                       \
  X(UrlOriginal, "url.original")                                \
  X(UrlPath, "url.path")                                        \
  X(UrlQuery, "url.query")                                      \
  X(UrlDomain, "url.domain")                                    \
  X(HttpRequestMethod, "http.request.method")                   \
  X(HttpRequestReferrer, "http.request.referrer")               \
  X(HttpResponseStatus, "http.response.status_code")            \
  X(HttpResponseBytes, "http.response.body.bytes")              \
  X(HttpVersion, "http.version")                                \
  X(UserAgentOriginal, "user_agent.original")                   \
  X(LogLevel, "log.level")                                      \
  X(LogSyslogPriority, "log.syslog.priority")                   \
  X(LogSyslogFacility, "log.syslog.facility.code")              \
  X(LogSyslogSeverity, "log.syslog.severity.code")              \
  X(LogSyslogVersion, "log.syslog.version")                     \
  X(LogSyslogHostname, "log.syslog.hostname")                   \
  X(LogSyslogAppname, "log.syslog.appname")                     \
  X(LogSyslogProcid, "log.syslog.procid")                       \
  X(LogSyslogMsgid, "log.syslog.msgid")                         \
  X(LogSyslogStructuredData, "log.syslog.structured_data")      \
  X(PowershellScriptBlock, "powershell.file.script_block_text") \
  X(WinlogChannel, "winlog.channel")                            \
  X(WinlogComputer, "winlog.computer_name")                     \
  X(WinlogLogonType, "winlog.logon.type")
// clang-format on

namespace picket::ecs {

enum class Index : std::uint16_t {
#define PICKET_ECS_INDEX(name, text) k##name,
  PICKET_ECS_FIELDS(PICKET_ECS_INDEX)
#undef PICKET_ECS_INDEX
      kCount
};

#define PICKET_ECS_ID(name, text) \
  inline constexpr FieldId k##name{static_cast<std::uint16_t>(Index::k##name)};
PICKET_ECS_FIELDS(PICKET_ECS_ID)
#undef PICKET_ECS_ID

}  // namespace picket::ecs
