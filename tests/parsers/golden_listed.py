#!/usr/bin/env python3
"""Every source that Picket promises to read has ordinary, odd and hostile samples, and forged text is taken as no value.

Reads tests/golden/listed.yaml (which says what the kinds are), the samples it names and what golden_test expects of
them. For each source: the definitions exist and each is used by some sample, every kind has enough records, every record
came back as it was. Of hostile samples: something is forged in them, and no field of any event is one of the forged
values; event.original and message are the record itself.

  golden_listed.py ROOT         exit code 1 and a line for each fault; 77: python3-yaml is not there
"""
import json
import pathlib
import sys

try:
    import yaml
except ImportError:
    sys.exit(77)

PROMISED = """Linux sshd; sudo; su; pam; useradd; cron; systemd; kernel; auditd; Windows Security; Windows System; Windows PowerShell;
Sysmon; Defender; Apache; nginx; IIS; HAProxy; Squid; Tomcat; ModSecurity; iptables/nftables; pfSense/OPNsense; Cisco ASA/FTD;
Cisco IOS; FortiGate; Palo Alto; Check Point; Sophos; Juniper SRX; MikroTik; Suricata EVE; Snort; Zeek; BIND; Unbound; ISC DHCP;
Windows DNS; Postfix; Dovecot; Exchange; PostgreSQL; MySQL; MSSQL; Oracle audit; MongoDB; OpenVPN; WireGuard; strongSwan;
Kubernetes audit; Docker; AWS CloudTrail; Azure/Entra; Microsoft 365; Okta; Google Workspace; osquery; ClamAV;
OSSEC/Wazuh alerts; VMware ESXi; Samba"""
LEAST = {"ordinary": 2, "odd": 3, "hostile": 3}
SHAPES = {  # how a record of each Windows shape begins
    "evtx": b'{"Event":',
    "winlogbeat": b'{"@timestamp"',
    "nxlog": b'{"EventTime"',
    "wazuh": b'{"win":',
}
ITSELF = {"event.original", "message"}


def values(value, name=""):
    """Every scalar in a document with the name of its field."""
    if isinstance(value, dict):
        for key, inner in value.items():
            yield from values(inner, f"{name}.{key}" if name else key)
    elif isinstance(value, list):
        for inner in value:
            yield from values(inner, name)
    else:
        yield name, str(value)


def read_sample(golden, path, faults):
    """Records and events of one sample, or nothing where they do not belong together."""
    log, expected = golden / f"{path}.log", golden / f"{path}.expected"
    if not log.exists() or not expected.exists():
        faults.append(f"{path}: no .log or no .expected")
        return []
    records = log.read_bytes().split(b"\n")[:-1]
    events = [json.loads(line) for line in expected.read_text().splitlines()]
    if len(records) != len(events):
        faults.append(f"{path}: {len(records)} records, {len(events)} events")
        return []
    return list(zip(records, events, strict=True))


def check_hostile(path, pairs, forged, faults):
    if not any(text.encode() in record for record, _ in pairs for text in forged):
        faults.append(f"{path}: nothing is forged in it")
    for number, (_, event) in enumerate(pairs, 1):
        for name, value in values(event):
            if name not in ITSELF and value in forged:
                faults.append(f"{path}:{number}: {name} is the forged {value}")


def check_source(golden, name, source, forged, faults):
    datasets = {}
    for definition in source["definitions"]:
        file = golden.parent.parent / "content/sources" / f"{definition}.yaml"
        if file.exists():
            datasets[yaml.safe_load(file.read_text())["dataset"]] = definition
        else:
            faults.append(f"{name}: there is no definition {definition}")
    seen, shapes = set(), set()
    for kind, least in LEAST.items():
        pairs = []
        for path in source.get(kind) or []:
            sample = read_sample(golden, path, faults)
            if kind == "hostile":
                check_hostile(path, sample, forged, faults)
            for number, (record, event) in enumerate(sample, 1):
                if event["event"].get("original", "").encode() != record:
                    faults.append(f"{path}:{number}: the record did not come back as it was")
            pairs += sample
        if len(pairs) < least:
            faults.append(f"{name}: {len(pairs)} {kind} records, {least} at least")
        seen |= {event["event"].get("dataset") for _, event in pairs if event["picket"]["parse_status"] == "parsed"}
        if kind != "hostile" and pairs and not seen & set(datasets):
            faults.append(f"{name}: none of its {kind} records is read by its definitions")
        shapes |= {shape for shape, start in SHAPES.items() if any(record.startswith(start) for record, _ in pairs)}
    for dataset, definition in datasets.items():
        if dataset not in seen:
            faults.append(f"{name}: no sample is read as {dataset} ({definition})")
    for shape in set(source.get("shapes", [])) - shapes:
        faults.append(f"{name}: no sample of the shape {shape}")


def main():
    golden = pathlib.Path(sys.argv[1] if len(sys.argv) > 1 else ".") / "tests/golden"
    listed = yaml.safe_load((golden / "listed.yaml").read_text())
    faults = []
    for name in (" ".join(PROMISED.split())).split("; "):
        if name in listed["sources"]:
            check_source(golden, name, listed["sources"][name], set(map(str, listed["forged"])), faults)
        else:
            faults.append(f"{name}: not in listed.yaml")
    print(*faults, sep="\n", end="\n" if faults else "")
    print(f"{len(listed['sources'])} sources, {len(faults)} faults")
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main())
