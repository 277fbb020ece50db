// PowerShell as intruders write it. Looked for in script blocks and in what Base64 command lines hold,
// decoded; hence plain and wide text.

rule picket_powershell_download_cradle
{
    meta:
        id = "7c71e4cc-353e-4065-a7e6-4951972a332b"
        title = "Suspicious PowerShell Download Cradle"
        description = "A script both fetches something from the network and runs what came, without a file in between."
        author = "Picket"
        date = "2026-11-22"
        level = "high"
        tags = "attack.execution,attack.command-and-control,attack.t1059.001,attack.t1105"
    strings:
        $fetch1 = ".DownloadString(" nocase ascii wide
        $fetch2 = ".DownloadData(" nocase ascii wide
        $fetch3 = ".OpenRead(" nocase ascii wide
        $fetch4 = /(Invoke-WebRequest|Invoke-RestMethod|\biwr|\birm)\b[^\r\n]{0,80}https?:\/\// nocase ascii wide
        $run1 = /\bIEX\b/ nocase ascii wide
        $run2 = "Invoke-Expression" nocase ascii wide
        $run3 = "[scriptblock]::Create" nocase ascii wide
        $run4 = "Reflection.Assembly]::Load(" nocase ascii wide
    condition:
        filesize < 1MB and any of ($fetch*) and any of ($run*)
}

rule picket_amsi_bypass
{
    meta:
        id = "96416206-b623-4506-91c3-a869f309170c"
        title = "Suspicious Tampering With The Malware Scan Interface"
        description = "A script changes the internals of the interface through which scripts are handed to the malware scanner, so that nothing is scanned afterwards."
        author = "Picket"
        date = "2026-11-22"
        level = "high"
        tags = "attack.defense-evasion,attack.t1562.001"
    strings:
        $what1 = "amsiInitFailed" nocase ascii wide
        $what2 = "AmsiScanBuffer" nocase ascii wide
        $what3 = "AmsiUtils" nocase ascii wide
        $what4 = /['"]am['"] ?\+ ?['"]si/ nocase ascii wide
        $how1 = ".SetValue(" nocase ascii wide
        $how2 = "VirtualProtect" nocase ascii wide
        $how3 = "GetProcAddress" nocase ascii wide
        $how4 = "Marshal]::Copy" nocase ascii wide
        $how5 = "NonPublic,Static" nocase ascii wide
    condition:
        filesize < 1MB and any of ($what*) and any of ($how*)
}

rule picket_encoded_payload
{
    meta:
        id = "fa71ac5d-a2de-4fe8-8736-b148a82ee4d2"
        title = "Suspicious Script That Unpacks And Runs A Payload"
        description = "A script turns Base64 text into bytes, unpacks or decrypts them, and runs the result in memory."
        author = "Picket"
        date = "2026-11-22"
        level = "high"
        tags = "attack.defense-evasion,attack.execution,attack.t1027.013,attack.t1140,attack.t1059.001"
    strings:
        $decode = "FromBase64String" nocase ascii wide
        $unpack1 = "IO.Compression.GzipStream" nocase ascii wide
        $unpack2 = "IO.Compression.DeflateStream" nocase ascii wide
        $unpack3 = "-bxor" nocase ascii wide
        $unpack4 = "AesManaged" nocase ascii wide
        $run1 = /\bIEX\b/ nocase ascii wide
        $run2 = "Invoke-Expression" nocase ascii wide
        $run3 = "Reflection.Assembly]::Load(" nocase ascii wide
        $run4 = "VirtualAlloc" nocase ascii wide
        $run5 = "CreateThread" nocase ascii wide
    condition:
        filesize < 4MB and $decode and any of ($unpack*) and any of ($run*)
}
