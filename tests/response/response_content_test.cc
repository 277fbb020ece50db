// What we ship for this room is sound, and what is not sound is refused with its line.
#include <gtest/gtest.h>

#include <algorithm>
#include <cstdlib>
#include <random>

#include "base/file.h"
#include "tests/response/world.h"

namespace picket::response {
namespace {

std::string shipped() {
  return read_file(content("playbooks/notify-and-contain.yaml")).value();
}

std::string replaced(std::string text, const std::string& from, const std::string& to) {
  const std::size_t at = text.find(from);
  EXPECT_NE(at, std::string::npos) << from;
  if (at != std::string::npos) text.replace(at, from.size(), to);
  return text;
}

int line_of(const std::string& text, const std::string& what) {
  const std::size_t at = text.find(what);
  return static_cast<int>(
             std::count(text.begin(), text.begin() + static_cast<std::ptrdiff_t>(at), '\n')) +
         1;
}

TEST(Content, ShippedPlaybookIsRead) {
  std::vector<Problem> problems;
  const auto playbooks = load_playbooks(content("playbooks"), problems);
  ASSERT_TRUE(playbooks) << playbooks.error().what;
  EXPECT_TRUE(problems.empty()) << problems.front().text();
  ASSERT_EQ(playbooks->size(), 1U);
  const Playbook& playbook = playbooks->front();
  EXPECT_EQ(playbook.trigger_level, Level::kHigh);
  EXPECT_EQ(playbook.blocks_per_hour, 5U);
  EXPECT_EQ(playbook.steps.size(), 8U);
  EXPECT_EQ(playbook.never_touch.size(), 2U);
  const auto block = std::find_if(playbook.steps.begin(), playbook.steps.end(),
                                  [](const auto& s) { return s.command == CommandType::kBlock; });
  ASSERT_NE(block, playbook.steps.end());
  EXPECT_TRUE(block->approval);
  EXPECT_EQ(playbook.find(block->reverse)->command, CommandType::kUnblock);
  EXPECT_EQ(block->name_vi, "Chặn địa chỉ bên ngoài");
}

TEST(Content, BlockingNeedsApprovalUnlessSaidOtherwise) {
  std::vector<Problem> problems;
  const auto playbook =
      parse_playbook(replaced(shipped(), "      approval: required\n", ""), "p.yaml", problems);
  ASSERT_TRUE(playbook) << playbook.error().what;
  for (const PlaybookStep& step : playbook->steps) {
    EXPECT_EQ(step.approval, is_containment(step.command)) << step.name;
  }
}

TEST(Playbook, IsRefusedWithItsLine) {
  const auto refuse = [](const std::string& from, const std::string& to,
                         const std::string& reason) {
    const std::string text = replaced(shipped(), from, to);
    std::vector<Problem> problems;
    EXPECT_FALSE(parse_playbook(text, "p.yaml", problems)) << reason;
    const auto found = std::find_if(problems.begin(), problems.end(), [&](const Problem& p) {
      return p.what.find(reason) != std::string::npos;
    });
    if (found == problems.end()) {
      ADD_FAILURE() << reason << " not among: " << (problems.empty() ? "" : problems[0].text());
      return;
    }
    EXPECT_EQ(found->path, "p.yaml");
    // A problem of a whole step stands at its first line.
    const int line = to.empty() ? found->line : line_of(text, to.substr(0, to.find('\n')));
    EXPECT_LE(std::abs(found->line - line), 12) << found->text();
  };
  refuse("type: playbook", "type: playbook-template", "'type' must be playbook");
  refuse("cacao-2.0", "cacao-1.1", "'spec_version' must be cacao-2.0");
  refuse("id: playbook--5f0c9a52", "id: playbook--XYZ", "playbook--<uuid in lower case>");
  refuse("workflow_start: start--1b", "workflow_start: start--2b",
         "'workflow_start' must name a step");
  refuse("type: end", "type: if-condition", "step type 'if-condition' is not supported");
  refuse("type: end", "type: while-condition", "step type 'while-condition' is not supported");
  refuse("type: picket-notify, command: email", "type: bash, command: id",
         "command type 'bash' is not supported");
  refuse("type: picket-notify, command: email", "type: picket-notify, command: fax",
         "must be email or webhook");
  refuse("\"__attacker_address__:value\"", "\"8.8.8.8; rm -rf /\"", "the command must be");
  refuse("on_failure: end--8a", "on_failure: end--9a", "there is no step");
  refuse("on_failure: end--8a32ad71-92b3-44c5-90d1-7d829eafb008",
         "on_failure: action--2a9e4c1b-3c5d-4e6f-9a7b-1d2c3e4f5a02", "runs in a circle");
  refuse("      reverse: action--6e508b5f-7091-42a3-9ebf-5b607c8d9e06\n", "",
         "a block needs a way back");
  refuse("  never_touch:\n    - 1.1.1.1", "  never_touch:\n    - everything", "is not a network");
  refuse("    level: high\n    layers", "    level: severe\n    layers", "'level' must be");
  refuse("blocks_per_hour: 5", "blocks_per_our: 5", "the nearest known key is 'blocks_per_hour'");
  refuse("blocks_per_hour: 5", "blocks_per_hour: -1", "must be a whole number");
  refuse("workflow:\n", "workflow_exception: x\nworkflow:\n",
         "'workflow_exception' is not supported here");
  refuse("agent: organization--c3d0e2c4", "agent: organization--d3d0e2c4",
         "'agent_definitions' has no");
  refuse("      webhook: soc\n", "", "a webhook step needs");
  refuse("workflow_start:", "revoked: true\nworkflow_start:", "this playbook is revoked");
}

TEST(Playbook, HttpApiCommand) {
  const auto parse = [](const std::string& line, const std::string& url,
                        const std::string& headers) {
    std::string text =
        replaced(shipped(), "{type: picket-notify, command: webhook}",
                 "{type: http-api, command: \"" + line + "\", headers: " + headers +
                     ", content: '{\"ip\":\"{{incident.addresses}}\"}'}\n    targets: "
                     "[http-api--c3d0e2c4-2d0b-4f43-8d54-70a3b5c1e7f3]");
    text = replaced(text, "workflow_start:",
                    "target_definitions:\n  http-api--c3d0e2c4-2d0b-4f43-8d54-70a3b5c1e7f3:\n    "
                    "type: http-api\n"
                    "    name: firewall\n    address: {url: [\"" +
                        url + "\"]}\nworkflow_start:");
    std::vector<Problem> problems;
    const auto playbook = parse_playbook(text, "p.yaml", problems);
    if (!playbook) return problems.front().what;
    for (const PlaybookStep& step : playbook->steps) {
      if (step.command == CommandType::kHttp)
        return step.method + " " + step.url + (step.approval ? " approval" : "");
    }
    return std::string("none");
  };
  EXPECT_EQ(parse("POST /block HTTP/1.1", "https://fw.example.org/", "{X-Key: [abc]}"),
            "POST https://fw.example.org/block approval");
  EXPECT_NE(parse("DELETE /block HTTP/1.1", "https://fw.example.org", "{}").find("POST or PUT"),
            std::string::npos);
  EXPECT_NE(parse("POST block", "https://fw.example.org", "{}").find("POST or PUT"),
            std::string::npos);
  EXPECT_NE(parse("POST /b", "https://fw.example.org", "{X-Key: [\"a\\r\\nHost: b\"]}")
                .find("a header must be"),
            std::string::npos);
  EXPECT_NE(parse("POST /b", "https://fw.example.org", "{Host: [a]}").find("a header must be"),
            std::string::npos);
}

TEST(Messages, BothLanguagesSayTheSame) {
  std::vector<Problem> problems;
  const auto messages = load_messages(content("messages"), problems);
  ASSERT_TRUE(messages) << messages.error().what;
  for (const Problem& problem : problems) ADD_FAILURE() << problem.text();
  EXPECT_EQ(messages->languages(), (std::vector<std::string>{"en", "vi"}));
  for (const char* level : {"informational", "low", "medium", "high", "critical"}) {
    EXPECT_TRUE(messages->has(std::string("level.") + level));
  }
  for (const char* layer : {"network", "server", "application", "endpoint"}) {
    EXPECT_TRUE(messages->has(std::string("layer.") + layer));
  }
  // The legal class "sự cố nghiêm trọng" is never used for a level.
  EXPECT_EQ(messages->text("vi", "level.critical").value(), "RẤT CAO");
  EXPECT_EQ(messages->text("vi", "layer.endpoint").value(), "tầng thiết bị đầu cuối");
}

TEST(Messages, ADifferenceBetweenLanguagesIsAProblem) {
  const std::string folder = ::testing::TempDir() + "/picket-messages-test";
  ASSERT_EQ(std::system(("mkdir -p '" + folder + "'").c_str()), 0);
  const auto load = [&](const std::string& en, const std::string& vi) {
    EXPECT_TRUE(write_file(folder + "/en.yaml", en));
    EXPECT_TRUE(write_file(folder + "/vi.yaml", vi));
    std::vector<Problem> problems;
    EXPECT_TRUE(load_messages(folder, problems));
    return problems.empty() ? std::string() : problems.front().text().substr(folder.size());
  };
  EXPECT_EQ(load("a: x {{owner.name}}\n", "a: y {{owner.name}}\n"), "");
  EXPECT_NE(load("a: x\nb: y\n", "a: x\n").find("/vi.yaml:1: the message 'b' is missing"),
            std::string::npos);
  EXPECT_NE(load("a: x\n", "z: k\n\na: y {{owner.name}}\n").find("vi.yaml"), std::string::npos);
  EXPECT_NE(
      load("a: x {{owner.nme}}\n", "a: y\n").find("/en.yaml:1: the message 'a' uses the unknown"),
      std::string::npos);
  EXPECT_NE(load("a: x {{owner.name\n", "a: y\n").find("is no placeholder"), std::string::npos);
}

TEST(Template, ValuesAreHarmlessForTheirMedium) {
  const auto filled = [](const std::string& value, Medium medium, bool trusted = false) {
    return fill("<{{owner.name}}>", {{"owner.name", {value, trusted}}}, medium).value();
  };
  EXPECT_EQ(filled("web-01", Medium::kText), "<web-01>");
  EXPECT_EQ(filled("a\r\nBcc: b", Medium::kLine), "<a  Bcc: b>");
  EXPECT_EQ(filled("a\nb", Medium::kText), "<a b>");
  EXPECT_EQ(filled("a\nb", Medium::kText, true), "<a\nb>");
  EXPECT_EQ(filled("a\nb", Medium::kLine, true), "<a b>");
  EXPECT_EQ(filled("<script>'\"&", Medium::kHtml), "&lt;&lt;script&gt;&#39;&quot;&amp;&gt;");
  EXPECT_EQ(filled("\"\\", Medium::kJson), "<\\\"\\\\>");
  EXPECT_EQ(filled("{{soc.name}}", Medium::kText), "<{{soc.name}}>");  // never read again
  EXPECT_EQ(filled("http://evil.example/", Medium::kText), "<http[:]//evil.example/>");
  EXPECT_EQ(filled("WWW.evil.example", Medium::kText), "<WWW evil.example>");
  EXPECT_EQ(filled("\xff\xfe", Medium::kText), "<\xef\xbf\xbd\xef\xbf\xbd>");
  EXPECT_EQ(filled("a\xe2\x80\xae"
                   "b",
                   Medium::kText),
            "<a b>");  // right-to-left override
  EXPECT_LT(filled(std::string(100'000, 'x'), Medium::kText).size(), 600U);
  EXPECT_FALSE(fill("{{owner.name}}", {}, Medium::kText));
  EXPECT_FALSE(fill("{{#if x}}", {}, Medium::kText));
}

TEST(Briefing, OwnerIsToldInTheirLanguage) {
  const Library library = make_library();
  const Incident incident = make_incident();
  const auto owners = owners_of(incident, library.systems);
  ASSERT_EQ(owners.size(), 1U);
  const auto values = incident_values(incident, owners[0], library.systems, library.options,
                                      library.messages, "vi");
  ASSERT_TRUE(values) << values.error().what;
  const std::string subject =
      library.messages.render("vi", "owner.new.subject", *values, Medium::kLine).value();
  EXPECT_EQ(subject,
            "[SOC][CAO] Thông báo sự cố an toàn thông tin số 12: Cổng dịch vụ công của tỉnh");
  const std::string body =
      library.messages.render("vi", "owner.new.body", *values, Medium::kText).value();
  for (const char* part :
       {"Kính gửi: Bà Nguyễn Thị Minh An", "01/01/2026 16:14:41 +07:00", "portal-web-01, 10.20.1.5",
        "203.0.113.7", "tầng mạng, tầng máy chủ", "SSH guessing that succeeded",
        "https://picket.tinh.example/#/incidents/12", "cấp độ 3"}) {
    EXPECT_NE(body.find(part), std::string::npos) << part << "\n" << body;
  }
  EXPECT_EQ(body.find("{{"), std::string::npos);
}

TEST(Systems, AreFound) {
  std::vector<Problem> problems;
  const auto systems = load_systems(content("systems.yaml"), problems);
  ASSERT_TRUE(systems);
  EXPECT_TRUE(problems.empty()) << problems.front().text();
  const auto name = [](const System* system) { return system == nullptr ? "-" : system->name; };
  EXPECT_EQ(name(systems->by_name("portal")), "portal");
  EXPECT_EQ(name(systems->by_name("nothing")), "-");
  EXPECT_EQ(name(systems->of_host("portal-web-01")), "portal");
  EXPECT_EQ(name(systems->of_host("PORTAL-APP-01.tinh.example")), "portal");
  EXPECT_EQ(name(systems->of_host("ws-ketoan-07")), "office");
  EXPECT_EQ(name(systems->of_host("fw-edge-01")), "edge");
  EXPECT_EQ(name(systems->of_host("")), "-");
  EXPECT_EQ(name(systems->of_address("10.20.30.4")), "office");
  EXPECT_EQ(name(systems->of_address("::ffff:10.20.1.4")), "portal");
  EXPECT_EQ(name(systems->of_address("203.0.113.7")), "-");
  EXPECT_EQ(name(systems->of_address("no address")), "-");
}

TEST(Systems, ProblemsNameTheirLine) {
  const std::string text =
      "systems:\n"
      "  - name: good\n"
      "    title: {en: Good, vi: Tốt}\n"
      "    level: 2\n"
      "    owner: {name: A, email: a@example.org, language: vi}\n"
      "  - name: bad\n"
      "    title: {en: Bad, vi: Xấu}\n"
      "    level: 7\n"
      "    owner: {name: B, email: b at example, language: fr}\n"
      "    assets: {hosts: [\"a b\"], networks: [10.0.0.0/40]}\n"
      "    hostz: x\n"
      "  - name: good\n"
      "    title: {en: Again, vi: Lại}\n"
      "    level: 1\n"
      "    owner: {name: A, email: a@example.org, language: vi}\n";
  std::vector<Problem> problems;
  const Systems systems = read_systems(parse_yaml(text).value().front(), "s.yaml", problems);
  EXPECT_EQ(systems.all().size(), 1U);
  std::string shown;
  for (const Problem& problem : problems) shown += std::to_string(problem.line) + " ";
  EXPECT_EQ(shown, "11 8 9 9 10 10 12 ");
}

// The look-up by length of prefix says what going through all networks would.
TEST(Systems, NarrowestNetworkOfMany) {
  std::mt19937 random(7);
  std::vector<System> list(40);
  const auto address = [&] {
    return "10." + std::to_string(random() % 4) + "." + std::to_string(random() % 4) + "." + std::to_string(random() % 8);
  };
  for (std::size_t i = 0; i < list.size(); ++i) {
    list[i].name = "s" + std::to_string(i);
    for (int n = 0; n < 3; ++n) {
      list[i].networks.push_back(*Cidr::parse(address() + "/" + std::to_string(8 + random() % 25)));
    }
  }
  list[0].networks.push_back(*Cidr::parse("2001:db8::/33"));
  const Systems systems(list);
  for (int i = 0; i < 2000; ++i) {
    const IpAddress one = *IpAddress::parse(address());
    const System* best = nullptr;
    unsigned bits = 0;
    for (const System& system : systems.all()) {
      for (const Cidr& network : system.networks) {
        if (!network.contains(one) || (best != nullptr && network.bits() <= bits)) continue;
        best = &system;
        bits = network.bits();
      }
    }
    EXPECT_EQ(systems.of_address(one), best) << one.text();
  }
  EXPECT_EQ(systems.of_address("2001:db8:7fff::1")->name, "s0");
  EXPECT_EQ(systems.of_address("2001:db8:8000::1"), nullptr);
}

}  // namespace
}  // namespace picket::response
