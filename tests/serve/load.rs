//! Many clients at once.

use std::io::{BufReader, Write};
use std::time::Duration;

use serde_json::{Value, json};

use super::serve_with;
use crate::support::http::{Server, read_next};

/// Clients that ask at the same time, and requests of each, sent without waiting for answers.
const CLIENTS: usize = 100;
const EACH: usize = 2;

/// A text that no other request has: a paragraph for some, six for others.
fn article(client: usize, request: usize) -> String {
    let paragraphs = 1 + (client + 7 * request) % 6;
    let paragraph = |index| format!("The council meets for the {client}.{request}.{index} time.");
    (0..paragraphs).map(paragraph).collect::<Vec<String>>().join("\n\n")
}

/// Sends all requests of a client at once, and returns the sources of the segments of each answer.
fn ask(server: &Server, client: usize) -> Vec<String> {
    let mut stream = server.connect();
    for request in 0..EACH {
        let body = json!({"text": article(client, request), "to": "ko"}).to_string();
        let head = format!(
            "POST /api/v1/translate HTTP/1.1\r\nhost: {}\r\ncontent-length: {}\r\n\r\n",
            server.address,
            body.len()
        );
        stream.write_all(format!("{head}{body}").as_bytes()).unwrap();
    }
    let mut stream = BufReader::new(stream);
    let source = |answer: Value| {
        let segments = answer["segments"].as_array().unwrap().clone();
        assert!(segments.iter().all(|one| one["text"] == "시의회는 월요일에 모인다."), "{answer}");
        let sources: Vec<&str> =
            segments.iter().map(|segment| segment["source"].as_str().unwrap()).collect();
        sources.join("\n\n")
    };
    (0..EACH)
        .map(|_| {
            let answer = read_next(&mut stream);
            assert_eq!(answer.status, 200, "{}", answer.body);
            source(answer.json())
        })
        .collect()
}

/// All clients at once.
fn round(server: &Server) {
    std::thread::scope(|scope| {
        let clients: Vec<_> =
            (0..CLIENTS).map(|client| scope.spawn(move || ask(server, client))).collect();
        for (client, thread) in clients.into_iter().enumerate() {
            let expected: Vec<String> = (0..EACH).map(|request| article(client, request)).collect();
            assert_eq!(thread.join().unwrap(), expected, "client {client}");
        }
    });
}

#[test]
fn of_two_hundred_requests_at_once_none_is_lost_and_each_client_has_its_order() {
    let (_home, _model, server) = serve_with(&["--no-memory"]);
    round(&server);
    // A request is counted as done after its answer is sent.
    let metrics = (0..100)
        .map(|_| server.get("/metrics").body)
        .inspect(|_| std::thread::sleep(Duration::from_millis(20)))
        .find(|metrics| metrics.contains("malmoi_queue_running 0"))
        .expect("no request runs after the last answer");
    let asked = CLIENTS * EACH;
    let line =
        format!("malmoi_http_requests_total{{route=\"/api/v1/translate\",status=\"200\"}} {asked}");
    assert!(metrics.contains(&line), "{metrics}");
}

/// Memory of a process in bytes.
#[cfg(target_os = "linux")]
fn memory(server: &Server) -> usize {
    let status = std::fs::read_to_string(format!("/proc/{}/status", server.id())).unwrap();
    let line = status.lines().find(|line| line.starts_with("VmRSS:")).unwrap();
    line.split_whitespace().nth(1).unwrap().parse::<usize>().unwrap() << 10
}

#[test]
#[cfg(target_os = "linux")]
fn memory_does_not_grow_with_the_number_of_requests() {
    let (_home, _model, server) = serve_with(&["--no-memory"]);
    round(&server);
    let after_first = memory(&server);
    for _ in 1..5 {
        round(&server);
    }
    let after_all = memory(&server);
    eprintln!(
        "load: {} kB after 200 requests, {} kB after 1000",
        after_first >> 10,
        after_all >> 10
    );
    // A kilobyte kept of each request would be 800 kB; allocators keep some pages for themselves.
    assert!(after_all < after_first + (24 << 20), "{after_first} bytes, then {after_all}");
}
