//! A mock of the Hugging Face hub: a server with scripted answers that logs its requests.

use std::io::{BufRead, BufReader, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use sha2::{Digest, Sha256};

#[derive(Debug, Clone, Default)]
pub struct Asked {
    pub path: String,
    pub range: Option<u64>,
    pub token: Option<String>,
    /// The validator the client sent: an ETag or date.
    pub known: Option<String>,
}

#[derive(Debug, Clone)]
pub struct Answer {
    pub status: u16,
    pub headers: Vec<(&'static str, String)>,
    pub body: Vec<u8>,
    /// Closes the connection after this many bytes of the body.
    pub cut: Option<usize>,
    /// Delay before the answer.
    pub delay: Duration,
    /// Repeats the body without a length until the client disconnects.
    pub endless: bool,
}

impl Answer {
    pub fn status(status: u16) -> Self {
        Self {
            status,
            headers: Vec::new(),
            body: Vec::new(),
            cut: None,
            delay: Duration::ZERO,
            endless: false,
        }
    }

    pub fn body(body: impl Into<Vec<u8>>) -> Self {
        Self { body: body.into(), ..Self::status(200) }
    }

    /// A file from the requested offset.
    pub fn file(bytes: &[u8], asked: &Asked) -> Self {
        match asked.range {
            None => Self::body(bytes),
            Some(from) => Self { body: bytes[from as usize..].to_vec(), ..Self::status(206) },
        }
    }

    pub fn redirect(to: &str) -> Self {
        Self { headers: vec![("location", to.to_string())], ..Self::status(302) }
    }
}

pub struct Hub {
    pub endpoint: String,
    asked: Arc<Mutex<Vec<Asked>>>,
}

impl Hub {
    /// Starts a server that runs until the test ends.
    pub fn start(answer: impl Fn(&Asked) -> Answer + Send + Sync + 'static) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let endpoint = format!("http://{}", listener.local_addr().unwrap());
        let asked = Arc::new(Mutex::new(Vec::new()));
        let (log, answer) = (asked.clone(), Arc::new(answer));
        std::thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let (log, answer) = (log.clone(), answer.clone());
                std::thread::spawn(move || {
                    // A client may disconnect.
                    let _ = serve(stream, &log, &*answer);
                });
            }
        });
        Self { endpoint, asked }
    }

    pub fn asked(&self) -> Vec<Asked> {
        self.asked.lock().unwrap().clone()
    }
}

fn serve(
    stream: TcpStream,
    log: &Mutex<Vec<Asked>>,
    answer: &dyn Fn(&Asked) -> Answer,
) -> std::io::Result<()> {
    let mut lines = BufReader::new(stream.try_clone()?).lines();
    let first = lines.next().transpose()?.unwrap_or_default();
    let mut asked =
        Asked { path: first.split(' ').nth(1).unwrap_or_default().to_string(), ..Asked::default() };
    for line in lines {
        let line = line?;
        if line.is_empty() {
            break;
        }
        let (name, value) = line.split_once(": ").unwrap_or_default();
        match name.to_lowercase().as_str() {
            "range" => {
                asked.range = value.trim_start_matches("bytes=").trim_end_matches('-').parse().ok()
            }
            "authorization" => asked.token = Some(value.to_string()),
            "if-none-match" => asked.known = Some(value.to_string()),
            _ => {}
        }
    }
    log.lock().unwrap().push(asked.clone());
    let Answer { status, headers, body, cut, delay, endless } = answer(&asked);
    std::thread::sleep(delay);
    let mut out = stream;
    write!(out, "HTTP/1.1 {status} Said\r\nconnection: close\r\n")?;
    if !endless {
        write!(out, "content-length: {}\r\n", body.len())?;
    }
    for (name, value) in headers {
        write!(out, "{name}: {value}\r\n")?;
    }
    write!(out, "\r\n")?;
    if endless {
        loop {
            out.write_all(&body)?;
        }
    }
    out.write_all(&body[..cut.unwrap_or(body.len()).min(body.len())])?;
    out.flush()
}

pub fn sha256(bytes: &[u8]) -> String {
    format!("{:x}", Sha256::digest(bytes))
}

pub const COMMIT: &str = "0123456789abcdef0123456789abcdef01234567";

/// The hub's listing of a repository with these files; `.gguf` files are in LFS with a SHA-256.
pub fn listing(files: &[(&str, &[u8])]) -> Answer {
    let siblings: Vec<serde_json::Value> = files
        .iter()
        .map(|(name, bytes)| match name.ends_with(".gguf") {
            true => serde_json::json!({"rfilename": name, "size": bytes.len(), "lfs": {"sha256": sha256(bytes), "size": bytes.len()}}),
            false => serde_json::json!({"rfilename": name, "size": bytes.len()}),
        })
        .collect();
    Answer::body(serde_json::json!({"sha": COMMIT, "siblings": siblings}).to_string())
}
