#include "rules/typical_values.h"

#include <cstdint>
#include <vector>

namespace picket::rules {
namespace {

constexpr std::size_t kShort = 4;  // what two bytes count: they tell little

constexpr std::string_view kValues[] = {
    // Images and parents of Windows processes
    R"(c:\windows\system32\svchost.exe)",
    R"(c:\windows\system32\services.exe)",
    R"(c:\windows\system32\lsass.exe)",
    R"(c:\windows\system32\csrss.exe)",
    R"(c:\windows\system32\wininit.exe)",
    R"(c:\windows\system32\conhost.exe)",
    R"(c:\windows\system32\cmd.exe)",
    R"(c:\windows\system32\taskhostw.exe)",
    R"(c:\windows\system32\rundll32.exe)",
    R"(c:\windows\system32\wbem\wmiprvse.exe)",
    R"(c:\windows\system32\windowspowershell\v1.0\powershell.exe)",
    R"(c:\windows\syswow64\windowspowershell\v1.0\powershell.exe)",
    R"(c:\windows\explorer.exe)",
    R"(c:\windows\system32\runtimebroker.exe)",
    R"(c:\windows\system32\backgroundtaskhost.exe)",
    R"(c:\windows\system32\searchindexer.exe)",
    R"(c:\windows\system32\msiexec.exe)",
    R"(c:\windows\system32\dllhost.exe)",
    R"(c:\windows\system32\spoolsv.exe)",
    R"(c:\windows\system32\wevtutil.exe)",
    R"(c:\windows\system32\net.exe)",
    R"(c:\windows\system32\reg.exe)",
    R"(c:\windows\system32\sc.exe)",
    R"(c:\windows\system32\schtasks.exe)",
    R"(c:\program files (x86)\google\chrome\application\chrome.exe)",
    R"(c:\program files\microsoft office\root\office16\winword.exe)",
    R"(c:\program files\microsoft office\root\office16\outlook.exe)",
    R"(c:\program files\windows defender\msmpeng.exe)",
    R"(c:\programdata\microsoft\windows defender\platform\4.18.2301.6-0\msmpeng.exe)",
    R"(c:\users\user\appdata\local\microsoft\onedrive\onedrive.exe)",
    R"(c:\users\user\appdata\local\temp\setup.exe)",
    // Command lines
    R"(c:\windows\system32\svchost.exe -k netsvcs -p -s schedule)",
    R"(c:\windows\system32\svchost.exe -k localservicenetworkrestricted -p)",
    R"("c:\windows\system32\windowspowershell\v1.0\powershell.exe" -noprofile -command "get-process")",
    R"(powershell.exe -executionpolicy bypass -noninteractive -file c:\scripts\inventory.ps1)",
    R"(c:\windows\system32\cmd.exe /c "dir c:\users")",
    R"(\??\c:\windows\system32\conhost.exe 0xffffffff -forcev1)",
    R"("c:\program files (x86)\google\chrome\application\chrome.exe" --type=renderer --lang=en-us)",
    R"(rundll32.exe c:\windows\system32\shell32.dll,control_rundll)",
    R"(c:\windows\system32\wbem\wmiprvse.exe -secured -embedding)",
    R"(taskhostw.exe install $(arg0))",
    R"(net localgroup administrators)",
    R"(reg query hklm\software\microsoft\windows\currentversion)",
    R"(schtasks /query /fo list /v)",
    R"(wevtutil qe system /c:10)",
    R"(ping -n 1 127.0.0.1)",
    // Registry
    R"(hklm\system\currentcontrolset\services\tcpip\parameters)",
    R"(hklm\system\currentcontrolset\services\bam\state\usersettings\s-1-5-21-1-2-3-1001)",
    R"(hklm\software\microsoft\windows\currentversion\run)",
    R"(hklm\software\microsoft\windows nt\currentversion\schedule\taskcache\tree)",
    R"(hku\s-1-5-21-1-2-3-1001\software\microsoft\windows\currentversion\explorer)",
    R"(hklm\software\policies\microsoft\windows defender)",
    R"(hklm\software\wow6432node\microsoft\windows\currentversion\uninstall)",
    R"(hkcr\clsid\{00000000-0000-0000-0000-000000000000}\inprocserver32\(default))",
    "dword (0x00000001)",
    "dword (0x00000000)",
    "binary data",
    "qword (0x00000000-0x00000000)",
    // Modules and files
    R"(c:\windows\system32\ntdll.dll)",
    R"(c:\windows\system32\kernel32.dll)",
    R"(c:\windows\system32\kernelbase.dll)",
    R"(c:\windows\system32\user32.dll)",
    R"(c:\windows\system32\advapi32.dll)",
    R"(c:\windows\system32\wbem\wbemcomn.dll)",
    R"(c:\windows\system32\samlib.dll)",
    R"(c:\windows\system32\amsi.dll)",
    R"(c:\windows\system32\taskschd.dll)",
    R"(c:\windows\system32\vaultcli.dll)",
    R"(c:\windows\system32\clr.dll)",
    R"(c:\windows\microsoft.net\framework64\v4.0.30319\clr.dll)",
    R"(c:\windows\assembly\nativeimages_v4.0.30319_64\system.management.automation.ni.dll)",
    R"(c:\windows\prefetch\svchost.exe-1a2b3c4d.pf)",
    R"(c:\windows\temp\log.txt)",
    R"(c:\users\user\appdata\local\temp\__psscriptpolicytest_abcdefgh.ps1)",
    R"(c:\users\user\appdata\roaming\microsoft\windows\recent\document.lnk)",
    R"(c:\users\user\downloads\document.pdf)",
    R"(c:\windows\system32\tasks\microsoft\windows)",
    R"(c:\windows\system32\drivers\etc\hosts)",
    R"(c:\windows\system32\winevt\logs\security.evtx)",
    // Other fields
    R"(nt authority\system)",
    R"(nt authority\network service)",
    R"(corp\user)",
    "system",
    "user",
    "administrator",
    "s-1-5-18",
    "s-1-5-21-1-2-3-1001",
    "%%1843",
    "%%1936",
    "0x3e7",
    "0x1000",
    "0x1410",
    "0x1fffff",
    "0x1f3fff",
    "0x12019f",
    "microsoft corporation",
    "microsoft\xc2\xae windows\xc2\xae operating system",
    "10.0.19041.1 (winbuild.160101.0800)",
    "windows command processor",
    "windows powershell",
    "host process for windows services",
    "-",
    "high",
    "medium",
    "true",
    "false",
    "tcp",
    "udp",
    "443",
    "80",
    "53",
    "445",
    "135",
    "3389",
    "389",
    "10.0.0.10",
    "192.168.1.20",
    "172.16.0.5",
    "127.0.0.1",
    "0:0:0:0:0:0:0:1",
    "fe80::1",
    "dc01.corp.example.com",
    "workstation-01",
    "kerberos",
    "ntlm",
    "negotiate",
    "advapi",
    "3",
    "5",
    R"(\device\harddiskvolume2\windows\system32\svchost.exe)",
    R"(\\*\ipc$)",
    "srvsvc",
    "lsarpc",
    R"(c:\windows\system32\ntdll.dll+9d4c4|c:\windows\system32\kernelbase.dll+2c13e)",
    "sha1=0123456789abcdef,md5=0123456789abcdef,sha256=0123456789abcdef,imphash=0123456789abcdef",
    // PowerShell
    "$global:?",
    "{ set-strictmode -version 1; $_.exception.message }",
    "prompt",
    "function get-item { param([string]$path) return (get-childitem $path | select-object name) }",
    "import-module microsoft.powershell.utility; new-object system.object; write-host $env:temp",
    "hostapplication=powershell.exe engineversion=5.1 runspaceid=0 commandname= scriptname=",
    // Unix and web
    "session opened for user root by (uid=0)",
    "accepted publickey for user from 10.0.0.5 port 50000",
    "failed password for invalid user admin from 203.0.113.5 port 40000 ssh2",
    "(root) cmd (run-parts /etc/cron.hourly)",
    "/usr/bin/python3",
    "/bin/bash",
    "/bin/sh -c",
    "/usr/sbin/sshd",
    "/usr/bin/curl -s https://example.com/",
    "/etc/passwd",
    "/var/log/syslog",
    "/srv/file",
    "/index.php",
    "/api/v1/items?id=1",
    "/wp-content/themes/style.css",
    "/images/logo.png",
    "get",
    "post",
    "mozilla/5.0 (windows nt 10.0; win64; x64) applewebkit/537.36 (khtml, like gecko) chrome/120.0 "
    "safari/537.36",
    "https://www.example.com/login",
    "200",
    "404",
    "302",
    "500",
};

// Occurrences of three bytes in a row, by a hash of them.
struct Trigrams {
  std::vector<std::uint16_t> counts = std::vector<std::uint16_t>(1 << 14);

  Trigrams() {
    for (const std::string_view value : kValues) {
      for (std::size_t at = 0; at + 3 <= value.size(); ++at) ++counts[slot(value.substr(at, 3))];
    }
  }
  std::size_t slot(std::string_view three) const {
    std::uint32_t key = 0;
    for (const char c : three) key = (key << 8) | static_cast<unsigned char>(c);
    return (key * 0x9E3779B1u) >> 18;
  }
  std::size_t count(std::string_view three) const { return counts[slot(three)]; }
};

}  // namespace

std::size_t typical_count_before(std::string_view text, std::size_t end) {
  static const Trigrams trigrams;
  std::size_t count = end >= 3 ? trigrams.count(text.substr(end - 3, 3)) : kShort;
  if (end >= 4) count += trigrams.count(text.substr(end - 4, 3));
  return count;
}

std::span<const std::string_view> typical_values() {
  return kValues;
}

}  // namespace picket::rules
