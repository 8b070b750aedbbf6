//! A server of `malmoi serve`, and a client that can misbehave.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::process::{Child, Stdio};
use std::time::Duration;

use serde_json::Value;

use crate::cli::Home;

/// A running server; it is killed when dropped.
pub struct Server {
    child: Child,
    pub address: String,
    notes: Option<BufReader<std::process::ChildStderr>>,
}

/// An answer.
#[derive(Debug)]
pub struct Answer {
    pub status: u16,
    pub headers: Vec<(String, String)>,
    /// The body as text.
    pub body: String,
    pub bytes: Vec<u8>,
}

impl Answer {
    pub fn header(&self, name: &str) -> Option<&str> {
        let found = self.headers.iter().find(|(known, _)| known.eq_ignore_ascii_case(name));
        found.map(|(_, value)| value.as_str())
    }

    pub fn json(&self) -> Value {
        serde_json::from_str(self.body.trim()).unwrap_or_else(|e| panic!("{e}: {}", self.body))
    }

    /// The server-sent events: names and data.
    pub fn events(&self) -> Vec<(String, String)> {
        let field = |block: &str, name: &str| {
            let line = block.lines().find_map(|line| line.strip_prefix(name));
            line.unwrap_or_default().trim().to_string()
        };
        let blocks = self.body.split("\n\n").filter(|block| block.contains("data:"));
        blocks.map(|block| (field(block, "event:"), field(block, "data:"))).collect()
    }
}

impl Server {
    /// Starts the program and waits until it is ready.
    pub fn start(home: &Home, arguments: &[&str]) -> Self {
        Self::start_with(home, arguments, &[])
    }

    /// The same with variables of the environment.
    pub fn start_with(home: &Home, arguments: &[&str], variables: &[(&str, &str)]) -> Self {
        let mut command = home.command();
        command.envs(variables.iter().copied());
        command.args(["serve", "--listen", "127.0.0.1:0"]).args(arguments);
        let mut child = command.stdout(Stdio::null()).stderr(Stdio::piped()).spawn().unwrap();
        let mut notes = BufReader::new(child.stderr.take().unwrap());
        let mut address = String::new();
        let mut all = String::new();
        loop {
            let mut line = String::new();
            assert!(notes.read_line(&mut line).unwrap() > 0, "the server ended: {all}");
            all.push_str(&line);
            if let Some((_, found)) = line.trim().split_once("listening on http") {
                address = found.trim_start_matches('s').trim_start_matches("://").to_string();
            }
            if line.trim() == "ready" {
                break;
            }
        }
        Self { child, address, notes: Some(notes) }
    }

    /// Its process.
    #[cfg(target_os = "linux")]
    pub fn id(&self) -> u32 {
        self.child.id()
    }

    pub fn connect(&self) -> TcpStream {
        let stream = TcpStream::connect(&self.address).unwrap();
        stream.set_read_timeout(Some(Duration::from_secs(60))).unwrap();
        stream
    }

    /// Sends bytes and reads the answer.
    pub fn raw(&self, request: &[u8]) -> Answer {
        let mut stream = self.connect();
        // The server may refuse, and close, before it has read everything.
        let _ = stream.write_all(request);
        read_answer(stream)
    }

    pub fn request(
        &self,
        method: &str,
        path: &str,
        headers: &[(&str, &str)],
        body: &[u8],
    ) -> Answer {
        let mut request = format!("{method} {path} HTTP/1.1\r\n");
        if headers.iter().all(|(name, _)| *name != "host") {
            request.push_str(&format!("host: {}\r\n", self.address));
        }
        for (name, value) in headers {
            request.push_str(&format!("{name}: {value}\r\n"));
        }
        request.push_str(&format!("connection: close\r\ncontent-length: {}\r\n\r\n", body.len()));
        self.raw(&[request.as_bytes(), body].concat())
    }

    /// The bytes of a request to translate.
    pub fn bytes(&self, body: &Value) -> Vec<u8> {
        let (body, host) = (body.to_string(), &self.address);
        let length = body.len();
        format!(
            "POST /api/v1/translate HTTP/1.1\r\nhost: {host}\r\nconnection: close\r\n\
             content-length: {length}\r\n\r\n{body}"
        )
        .into_bytes()
    }

    pub fn get(&self, path: &str) -> Answer {
        self.request("GET", path, &[], b"")
    }

    pub fn post(&self, path: &str, body: &Value) -> Answer {
        let kind = [("content-type", "application/json")];
        self.request("POST", path, &kind, body.to_string().as_bytes())
    }

    /// Asks the program to end, as Ctrl-C does.
    pub fn interrupt(&self) {
        // SAFETY: the process is a child that has not been waited for.
        unsafe { libc::kill(self.child.id() as i32, libc::SIGINT) };
    }

    /// Waits for the end: its exit code, and what it had to say.
    pub fn wait(mut self) -> (Option<i32>, String) {
        let mut rest = String::new();
        if let Some(mut notes) = self.notes.take() {
            notes.read_to_string(&mut rest).unwrap();
        }
        (self.child.wait().unwrap().code(), rest)
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Reads an answer to its end, chunks joined.
pub fn read_answer(stream: TcpStream) -> Answer {
    let mut bytes = Vec::new();
    // A server that closes early may reset the connection.
    let _ = BufReader::new(stream).read_to_end(&mut bytes);
    let end = bytes.windows(4).position(|four| four == b"\r\n\r\n");
    let end = end.unwrap_or_else(|| panic!("no answer: {:?}", String::from_utf8_lossy(&bytes)));
    let head = String::from_utf8_lossy(&bytes[..end]).into_owned();
    let (status, headers) = read_head(&head);
    let mut body = &bytes[end + 4..];
    let mut whole = Vec::new();
    if headers.iter().any(|(name, value)| name == "transfer-encoding" && value == "chunked") {
        while let Some(line) = body.windows(2).position(|two| two == b"\r\n") {
            let size = std::str::from_utf8(&body[..line]).unwrap();
            let size = usize::from_str_radix(size, 16).unwrap();
            body = &body[line + 2..];
            if size == 0 || body.len() < size + 2 {
                break;
            }
            whole.extend(&body[..size]);
            body = &body[size + 2..];
        }
    } else {
        whole.extend(body);
    }
    let body = String::from_utf8_lossy(&whole).into_owned();
    Answer { status, headers, body, bytes: whole }
}

/// Reads the next answer of a connection that stays open. It must have a length.
pub fn read_next(stream: &mut impl BufRead) -> Answer {
    let mut head = String::new();
    while !head.ends_with("\r\n\r\n") {
        assert!(stream.read_line(&mut head).unwrap() > 0, "the connection ended: {head}");
    }
    let (status, headers) = read_head(&head);
    let mut answer = Answer { status, headers, body: String::new(), bytes: Vec::new() };
    answer.bytes = vec![0; answer.header("content-length").unwrap().parse().unwrap()];
    stream.read_exact(&mut answer.bytes).unwrap();
    answer.body = String::from_utf8_lossy(&answer.bytes).into_owned();
    answer
}

fn read_head(head: &str) -> (u16, Vec<(String, String)>) {
    let mut lines = head.lines();
    let status = lines.next().unwrap().split(' ').nth(1).unwrap().parse().unwrap();
    let headers = lines
        .filter_map(|line| line.split_once(": "))
        .map(|(name, value)| (name.to_string(), value.to_string()))
        .collect();
    (status, headers)
}
