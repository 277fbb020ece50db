#include "parsers/formats/xml.h"

#include <gtest/gtest.h>

#include "parsers/formats/windows_xml.h"
#include "parsers/windows_xml_event.h"
#include "tests/parsers/formats.h"
#include "tests/parsers/parsing.h"

namespace picket::parsers {
namespace {

TEST(Xml, NamesOfElementsAndAttributes) {
  EXPECT_EQ(
      shown_by("<?xml version='1.0'?><!-- c --><r a='0'><x:b c=\"1 &lt; 2\" d='e'>t &amp; u</x:b>"
               "<f><g/><h>i</h></f><![CDATA[<raw>&amp;]]><j></j></r> rest",
               read_xml),
      "a=0|b.c=1 < 2|b.d=e|b=t & u|f.h=i");
}

TEST(Xml, References) {
  Arena arena;
  EXPECT_EQ(unescaped_xml("&#65;&#x42;&quot;&apos;&gt;&#x1F600;&#xe9;", arena),
            "AB\"'>\xF0\x9F\x98\x80\xC3\xA9");
  EXPECT_EQ(unescaped_xml("&nbsp; &; & &#; &#x110000; &#0; &amp", arena),
            "&nbsp; &; & &#; \xEF\xBF\xBD \xEF\xBF\xBD &amp");
  EXPECT_EQ(unescaped_xml("plain", arena), "plain");
}

TEST(Xml, WhatIsNone) {
  EXPECT_EQ(shown_by("", read_xml), "no");
  EXPECT_EQ(shown_by("text", read_xml), "no");
  EXPECT_EQ(shown_by("<!DOCTYPE r [<!ENTITY a 'b'>]><r><b>1</b></r>", read_xml), "no");
  EXPECT_EQ(shown_by("<", read_xml), "no");
  EXPECT_EQ(shown_by("<r><b>1</b><c>2</b></r>", read_xml), "b=1|c=2");
  EXPECT_EQ(shown_by("<r><b>1</b><c d='", read_xml), "b=1");
  EXPECT_EQ(shown_by("<r><b>1</b><c>cut", read_xml), "b=1");
}

TEST(Xml, Bounds) {
  std::string deep;
  for (int i = 0; i < 100'000; ++i) deep += "<a>";
  EXPECT_EQ(shown_by(deep, read_xml), "");
  std::string many = "<r>";
  for (int i = 0; i < 5'000; ++i) many += "<a>1</a>";
  Arena arena;
  std::vector<Pair> pairs;
  EXPECT_TRUE(read_xml(many, arena, pairs));
  EXPECT_EQ(pairs.size(), kPairsMax);
  pairs.clear();
  EXPECT_FALSE(read_xml("<" + std::string(1'000'000, 'n') + ">", arena, pairs));
}

const std::string kSystem =
    "<System><Provider Name='Microsoft-Windows-Security-Auditing' Guid='{5484}'/><EventID "
    "Qualifiers='3'>"
    "4624</EventID><Level>0</Level><TimeCreated "
    "SystemTime='2026-03-01T10:00:00.123456700Z'/><Correlation/>"
    "<Execution ProcessID='4' "
    "ThreadID='8'/><Channel>Security</Channel><Computer>ws1</Computer><Security/></System>";
const std::string kSystemShown =
    "Provider_Name=Microsoft-Windows-Security-Auditing|Provider_Guid={5484}|EventID_Qualifiers=3|"
    "EventID=4624|"
    "Level=0|TimeCreated_SystemTime=2026-03-01T10:00:00.123456700Z|Execution_ProcessID=4|Execution_"
    "ThreadID=8|"
    "Channel=Security|Computer=ws1";

std::string event_of(const std::string& rest) {
  return "<Event xmlns='http://schemas.microsoft.com/win/2004/08/events/event'>" + kSystem + rest +
         "</Event>";
}

std::string windows(const std::string& xml) {
  return shown_by(xml, [](std::string_view text, Arena& arena, std::vector<Pair>& pairs) {
    std::size_t system = 0;
    return read_windows_xml(text, arena, pairs, system);
  });
}

TEST(WindowsXml, Data) {
  EXPECT_EQ(windows(event_of(
                "<EventData><Data Name='TargetUserName'>an &amp; bo</Data><Data Name='Empty'/>"
                "<Data Name=\"Threat Name\">x</Data></EventData>")),
            kSystemShown + "|TargetUserName=an & bo|Empty=|ThreatName=x");
  EXPECT_EQ(windows(event_of("<EventData><Data>one</Data><Data></Data><Data>three</"
                             "Data><Binary>00FF</Binary></EventData>")),
            kSystemShown + "|Data=one|param1=one|Data=three|param3=three|Binary=00FF");
  EXPECT_EQ(
      windows(event_of(
          "<UserData><LogFileCleared xmlns='x'><SubjectUserName>an</SubjectUserName><A><B>c</B></A>"
          "</LogFileCleared></UserData>")),
      kSystemShown + "|SubjectUserName=an|A.B=c");
  EXPECT_EQ(
      windows(event_of(
          "<RenderingInfo Culture='en-US'><Message>An account</Message><Level>Information</Level>"
          "<Keywords><Keyword>Audit Success</Keyword></Keywords></RenderingInfo>")),
      kSystemShown +
          "|Message=An account|RenderingInfo.Level=Information|RenderingInfo.Keyword=Audit "
          "Success");
}

TEST(WindowsXml, FirstOfSeveralAndCutOff) {
  EXPECT_EQ(windows("<Events>" + event_of("") + event_of("") + "</Events>"), kSystemShown);
  const std::string whole = event_of("<EventData><Data Name='a'>1</Data><Data Name='b'>cut");
  EXPECT_EQ(windows(whole.substr(0, whole.size() - 8)), kSystemShown + "|a=1");
  EXPECT_EQ(windows(whole.substr(0, whole.find("<Level>"))),
            kSystemShown.substr(0, kSystemShown.find("|Level")));
  EXPECT_EQ(windows("<Event><System><Channel>x</Channel></System></Event>"), "no");
  EXPECT_EQ(windows("<Other><EventID>1</EventID></Other>"), "no");
  EXPECT_TRUE(looks_like_windows_xml(event_of("")));
  EXPECT_TRUE(looks_like_windows_xml("<?xml version='1.0'?>\n" + event_of("")));
  EXPECT_FALSE(looks_like_windows_xml("<34>Oct 11 22:14:15 h su: x"));
}

TEST(WindowsXml, TheEventThatJsonMakes) {
  JsonNames names(true);
  DefinitionEvents definitions(*shipped_catalog(), names);
  WindowsXmlEvents events(*shipped_catalog(), names, definitions);
  Batch batch;
  batch.add(
      event_of("<EventData><Data Name='TargetUserName'>an</Data><Data Name='Channel'>Other</Data>"
               "<Data Name='LogonType'>3</Data></EventData>"),
      SourceId{0}, 0, kReceived);
  Event& event = batch.begin_event();
  ASSERT_TRUE(events.parse(batch.records()[0].raw, nullptr, 0, batch, event));
  EXPECT_EQ(kind_of(event.kind).dataset, "windows.security");
  EXPECT_EQ(kind_of(event.kind).code, 4624);
  EXPECT_EQ(format_time(event.time_ns), "2026-03-01T10:00:00.123456700Z");
  EXPECT_EQ(batch.text(event, ecs::kUserName), "an");
  EXPECT_EQ(batch.text(event, ecs::kEventOutcome), "success");  // by the definition
  EXPECT_EQ(batch.find(event, *find_field("Channel"))->token(), "Other");
  EXPECT_EQ(batch.find(event, ecs::kWinlogChannel)->token(), "Security");
}

}  // namespace
}  // namespace picket::parsers
