use super::*;

#[test]
fn non_prose_is_named() {
    let base64 = "QUJDREVGR0hJSktMTU5PUFFSU1RVVldYWVphYmNkZWZnaGlqa2xtbm9wcXJzdHV2d3h5ejAx\n"
        .repeat(3)
        + "QUJD==";
    for (given, name) in [
        ("{\"articles\": [{\"title\": \"x\"}]}", "JSON"),
        ("{\n  \"title\": \"Harbour\",\n  \"body\": \"They met.\"\n}\n", "JSON"),
        ("[\"a\", \"b\"]", "JSON"),
        ("[1, 2]", "JSON"),
        ("[Script Info]\nTitle: x\n\n[Events]\n", "SubStation"),
        ("{10}{25}The bridge.\n{30}{50}It opened.\n", "MicroDVD"),
        ("\\documentclass{article}\n", "LaTeX"),
        ("BEGIN:VCALENDAR\nVERSION:2.0\n", "calendar"),
        ("-----BEGIN CERTIFICATE-----\n", "certificate"),
        ("#!/bin/sh\necho\n", "program"),
        ("<?php echo 1; ?>", "program"),
        ("-- MySQL dump 10.13\n--\nCREATE TABLE a;\n", "database"),
        ("2026-01-07 10:30:00,123 INFO starting\n2026-01-07T10:30:01Z ERROR no port\n", "log"),
        ("[2026-01-07 10:30:00] WARN x\n[2026-01-07 10:30:01] WARN y\n  at z\n", "log"),
        (
            "127.0.0.1 - - [07/Jan/2026:10:30:00 +0900] \"GET / HTTP/1.1\" 200\n127.0.0.1 - - [07/Jan/2026:10:30:01 +0900] \"GET /a HTTP/1.1\" 404\n",
            "log",
        ),
        (&base64, "base64"),
        (
            "begin 644 a.jpg\nM86%A86%A86%A86%A86%A86%A86%A86%A86%A86%A86%A86%A86%A86%A86%A\n`\nend\n",
            "uuencoded",
        ),
        ("INSERT INTO a VALUES (1);\n", "database"),
        ("<!DOCTYPE html><p>It is open.", ".html"),
        ("<!doctype HTML>\n<html><body>It is open.</body></html>", ".html"),
        ("<p>It is open.</p>\n<p>They left.</p>\n", ".html"),
        ("<B>It is open.</b>", ".html"),
        ("<?xml version='1.0'?><html/>", ".html"),
        ("<?xml version='1.0'?><urlset/>", "<urlset>"),
        ("<tt xmlns=\"http://www.w3.org/ns/ttml\"><body>", "<tt>"),
        ("<opml version='2.0'><body/></opml>\n", "<opml>"),
        ("<!DOCTYPE tmx SYSTEM \"tmx14.dtd\"><tmx version=\"1.4\"></tmx>", "memory import"),
    ] {
        let told = text(given).unwrap_or_else(|| panic!("{name} is not known"));
        assert!(told.contains(name), "{name}: {told}");
    }
}

#[test]
fn prose_is_not_taken_for_another_kind() {
    for given in [
        "[속보] 해민 앞바다 지진",
        "[1보] 지진",
        "[단독]{해민} 항구",
        "{해민} 항구 정비",
        "<LEAD> Government announces plan\n\nIt was announced.",
        "<AI 시대> 항만도 자동화",
        "<b>Bold</b> words begin this text.",
        "From: the mayor\nTo: the people\n\nDear people.",
        "From the harbour: a report\nDate: Jan. 7\nThey met.",
        "Subject: harbour\nFrom: desk\n\nThe story.",
        "Begin with a list: 1, 2.",
        "10:30:00 The ERROR was found.\nThe mayor left at 10:31.\nIt rained.",
        "2026-01-07 10:30\n\nThe mayor spoke.\n\nINFO desk opened.",
        "BEGIN",
        "Create table tennis clubs, mayor says",
        "Insert into the plan a second wall, they said.",
        "OneVeryLongWordThatHasNoSpacesAtAll",
        "#해민시 #항구",
        "# Heading",
        "\"Quoted,\" he said.",
        "{{ template }}",
    ] {
        assert_eq!(text(given), None, "{given}");
    }
    assert!(signature(b"ID3 is a tag").is_none() && signature(b"GGUF\x03\0\0\0").is_some());
    assert!(signature(b"The").is_none() && signature(b"\xFF\xFEa\0").is_none());
    assert!(signature(b"{\\rtf1\\ansi").is_some_and(|what| what.starts_with("RTF")));
}

/// Beginnings of files that no table of formats has, and a word of what is said of them.
const KINDS: &[(&str, &str)] = &[
    ("; a program\n[Script Info]\nTitle: x\n", "SubStation"),
    ("0:00:01.000,0:00:02.500\nThe bridge is open.\n", "SBV"),
    ("[ti:Harbour]\n[00:12.00]One line\n[00:17.20]Another\n", "LRC"),
    ("% a paper\n\\documentclass{article}\n", "LaTeX"),
    ("\\section{Harbour}\nThey \\emph{met}.\n\\begin{itemize}\n\\item One\n", "LaTeX"),
    ("@article{seo2026,\n  author = {Mina Seo},\n  year = 2026\n}\n", "BibTeX"),
    ("# web\nname: haemin\nversion: 2\nservices:\n  web:\n    image: x\n", "settings"),
    ("[package]\nname = \"haemin\"\nversion = \"0.1.0\"\n", "settings"),
    ("; desk\n[main]\nname=haemin\nport=80\n", "settings"),
    ("# strings\napp.title=Harbour\napp.open=Open the file\napp.close=Close\n", "settings"),
    ("DATABASE=postgres://localhost/x\nKEY=abc\nDEBUG=true\n", "settings"),
    ("User-agent: *\nDisallow: /x\nSitemap: https://x.example/s.xml\n", "settings"),
    ("//! A program.\n\nuse std::io;\n\nfn main() {\n    run();\n}\n", "program"),
    (
        "\"\"\"Lists the ships.\n\nThey are in the harbour today.\n\"\"\"\nimport os\n\ndef main():\n    print(1)\n",
        "program",
    ),
    ("const fs = require(\"fs\");\n\nfunction main() {\n  run();\n}\n", "program"),
    ("import { a } from \"./a\";\n\nexport interface B {\n  name: string;\n}\n", "program"),
    (
        "/* a program\n   of the desk */\n#include <stdio.h>\nint main(void)\n{\n\treturn 0;\n}\n",
        "program",
    ),
    ("package main\n\nimport \"fmt\"\n\nfunc main() {\n\tfmt.Println(1)\n}\n", "program"),
    ("package x;\n\npublic class A {\n  void b() {\n  }\n}\n", "program"),
    ("set -e\nfor f in *.txt; do\n  echo \"$f\"\ndone\n", "program"),
    ("use strict;\n\nmy $x = 1;\nprint \"$x\";\n", "program"),
    ("require \"json\"\n\nclass A\n  def b\n    puts \"x\"\n  end\nend\n", "program"),
    ("module Main where\n\nimport Data.List\n\nmain :: IO ()\nmain = putStrLn \"x\"\n", "program"),
    ("body {\n  margin: 0;\n  color: #333;\n}\n", "style sheet"),
    ("-- ships\nSELECT a, b\nFROM ships\nWHERE a = 1\nORDER BY b;\n", "program"),
    ("FROM debian:12\nRUN apt-get update\nCOPY . /app\nCMD [\"/app/run\"]\n", "program"),
    (
        "!function(e,t){\"object\"==typeof exports?module.exports=t():e.x=t()}(this,function(){});",
        "program",
    ),
    ("--- a/x.txt\n+++ b/x.txt\n@@ -1 +1 @@\n-one\n+two\n", "patch"),
    (
        "From 1234567890abcdef1234567890abcdef12345678 Mon Sep 17 00:00:00 2001\nFrom: a@b.example\n",
        "patch",
    ),
    ("Jan  7 10:30:00 host sshd[123]: closed\nJan  7 10:30:01 host cron[1]: began\n", "log"),
    (
        "time=\"2026-01-07T10:30:00Z\" level=info msg=\"a\"\ntime=\"2026-01-07T10:30:01Z\" level=error msg=\"b\"\n",
        "log",
    ),
    ("Traceback (most recent call last):\n  File \"a.py\", line 1\n", "log"),
    ("HTTP/1.1 200 OK\r\nContent-Type: text/html\r\n\r\n<p>", "web server"),
    ("WARC/1.0\r\nWARC-Type: warcinfo\r\n", "web server"),
    ("#EXTM3U\n#EXTINF:10,\na.ts\n", "playlist"),
    ("id,name,port\n1,Mina,80\n2,Jun,81\n", ".csv"),
    ("id\tname\n1\tMina\n2\tJun\n", ".csv"),
    ("이름;항구;배\n서미나;해민;3\n한준;소미;2\n", ".csv"),
    ("https://x.example/1\nhttps://x.example/2\n", "web addresses"),
    ("00000000  7f 45 4c 46 02 01\n00000010  03 00 3e 00 01 00\n", "hexadecimal"),
    ("data:image/png;base64,iVBORw0KGgo=", "data:"),
    ("ssh-ed25519 AAAAC3NzaC1lZDI1NTE5 mina@host\n", "key"),
    ("d8:announce30:http://x.example/announce", "torrent"),
];

#[test]
fn more_than_forty_kinds_of_files_are_named() {
    for (given, name) in KINDS {
        let told = text(given).unwrap_or_else(|| panic!("{name} is not known: {given}"));
        assert!(told.contains(name), "{name}: {told}\n{given}");
    }
}

#[test]
fn lists_interviews_and_tables_within_an_article_are_prose() {
    for given in [
        "해민 시장배 결과\n\n1. 서미나(해민)\n2. 한준(소미)\n3. 오아라(해민)\n",
        "일시: 1월 7일\n장소: 해민시청\n문의: 항만과\n",
        "Q: Is the quay open?\nA: It is.\nQ: Since when?\nA: Since Monday.\n",
        "Results\n\nHaemin\t3\nSomi\t1\n\nThe final is on Sunday.\n",
        "The plan has three parts:\n\n(a) repair of the quay;\n(b) a second wall;\n(c) a light.\n",
        "Harbour\n=======\n\nThe council met.\n",
        "if the wind turns\nwe shall not sail\nif it holds\nwe leave at dawn\n",
        "The mayor writes: https://x.example/1\n",
        "고등어, 갈치, 오징어\n조기, 병어, 민어\n멸치, 새우, 게\n",
        "He wrote\n\n    print(1)\n\nand the screen showed the number one.\nIt surprised the whole class.\n",
    ] {
        assert_eq!(text(given), None, "{given}");
    }
}

#[test]
fn a_file_with_the_name_of_a_program_is_one() {
    for name in ["a.py", "A.YAML", "notes.tex", "bridge.ass"] {
        assert!(named(name).is_some_and(|told| told.contains("by its name")), "{name}");
    }
    for name in ["standard input", "a.txt", "https://x.example/a.py", "v1.2", "기사"] {
        assert_eq!(named(name), None, "{name}");
    }
}

#[test]
fn binary_files_are_named_and_texts_that_begin_alike_are_not() {
    for (bytes, name) in [
        (&b"\0\0\0\x20ftypM4A \0"[..], "M4A"),
        (b"\0\0\0\x20ftypisom\0", "MP4"),
        (b"RIFF\x24\0\0\0WAVEfmt ", "WAV"),
        (b"RIFF\x24\0\0\0WEBPVP8 ", "WebP"),
        (b"\0\x01\0\0\0\x0f", "font"),
        (b"wOF2\0\x01\0\0", "font"),
        (b"PAR1\x15\x04", "Parquet"),
        (b"ALZ\x01\x0a\0", "ALZ"),
        (b"BM\x36\0\0\0\0\0\0\0\x36\0", "bitmap"),
        (b"bplist00\xd1\x01", "property list"),
    ] {
        assert!(signature(bytes).is_some_and(|what| what.contains(name)), "{name}");
    }
    let mut tar = vec![0; 512];
    tar[257..262].copy_from_slice(b"ustar");
    assert!(signature(&tar).is_some_and(|what| what.contains("tar")));
    for text in ["AC10 is a road.", "BM opened.", "OTTO left.", "FLV 1", "wOFF they went."] {
        assert_eq!(signature(text.as_bytes()), None, "{text}");
    }
}

proptest::proptest! {
    #[test]
    fn no_text_makes_it_panic(given in "([가a]|[{}()=;:#\\[\\]\"' \n\t,.]|---|/\\*|\"\"\"|@a\\{|\\{1\\}){0,60}") {
        let _ = (text(&given), signature(given.as_bytes()), named(&given));
    }
}
