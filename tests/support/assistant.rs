//! `malmoi mcp` with its pipes, and a client that speaks the protocol message by message.

use std::io::{BufRead, BufReader, Read, Write};
use std::process::{Child, ChildStdin, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::thread::JoinHandle;
use std::time::Duration;

use serde_json::{Value, json};

use crate::cli::Home;

/// How long a message may take on a busy machine.
const PATIENCE: Duration = Duration::from_secs(120);

/// A revision of the protocol.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Generation {
    /// Begins with `initialize`.
    Session,
    /// Every request says its revision.
    Stateless,
}

/// A running program; it is killed when dropped.
pub struct Assistant {
    child: Child,
    input: Option<ChildStdin>,
    messages: Receiver<String>,
    notes: Option<JoinHandle<String>>,
    generation: Generation,
    next_id: u64,
    /// Other messages that came while answers were waited for.
    pub notifications: Vec<Value>,
}

impl Assistant {
    /// Starts the program and, in a session, greets it.
    pub fn start(home: &Home, generation: Generation, arguments: &[&str]) -> Self {
        let mut assistant = Self::silent(home, generation, arguments);
        if generation == Generation::Session {
            let about = json!({"protocolVersion": "2025-11-25", "capabilities": {},
                "clientInfo": {"name": "test", "version": "1"}});
            let greeting = assistant.request("initialize", about);
            assert_eq!(greeting["result"]["protocolVersion"], "2025-11-25", "{greeting}");
            assistant.notify("notifications/initialized", json!({}));
        }
        assistant
    }

    /// Starts the program and sends nothing.
    pub fn silent(home: &Home, generation: Generation, arguments: &[&str]) -> Self {
        let mut command = home.command();
        command.arg("mcp").args(arguments);
        let command = command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = command.spawn().unwrap();
        let (sender, messages) = channel();
        let out = BufReader::new(child.stdout.take().unwrap());
        std::thread::spawn(move || {
            for line in out.lines().map_while(Result::ok) {
                let _ = sender.send(line);
            }
        });
        let mut err = child.stderr.take().unwrap();
        let notes = std::thread::spawn(move || {
            let mut text = String::new();
            let _ = err.read_to_string(&mut text);
            text
        });
        let input = child.stdin.take();
        Self {
            child,
            input,
            messages,
            notes: Some(notes),
            generation,
            next_id: 0,
            notifications: Vec::new(),
        }
    }

    /// Writes bytes as they are. The program may have ended.
    pub fn write(&mut self, bytes: &[u8]) {
        let _ = self.input.as_mut().unwrap().write_all(bytes);
    }

    fn send(&mut self, message: &Value) {
        self.write(format!("{message}\n").as_bytes());
    }

    pub fn notify(&mut self, method: &str, params: Value) {
        self.send(&json!({"jsonrpc": "2.0", "method": method, "params": params}));
    }

    /// Sends a request and returns its id.
    pub fn begin(&mut self, method: &str, mut params: Value) -> u64 {
        self.next_id += 1;
        if self.generation == Generation::Stateless {
            let meta = &mut params["_meta"];
            meta["io.modelcontextprotocol/protocolVersion"] = "2026-07-28".into();
            meta["io.modelcontextprotocol/clientCapabilities"] = json!({});
        }
        let id = self.next_id;
        self.send(&json!({"jsonrpc": "2.0", "id": id, "method": method, "params": params}));
        id
    }

    /// The next message; `None` if the program has closed its output.
    pub fn message(&mut self) -> Option<Value> {
        use std::sync::mpsc::RecvTimeoutError;
        let line = match self.messages.recv_timeout(PATIENCE) {
            Ok(line) => line,
            Err(RecvTimeoutError::Disconnected) => return None,
            Err(RecvTimeoutError::Timeout) => panic!("no message came"),
        };
        let message: Value = serde_json::from_str(&line).unwrap_or_else(|e| {
            panic!("standard output has other things than messages: {e}: {line}")
        });
        assert_eq!(message["jsonrpc"], "2.0", "{line}");
        Some(message)
    }

    /// Waits for the answer to a request; what comes before it is kept in `notifications`.
    pub fn answer(&mut self, id: u64) -> Value {
        loop {
            let message = self.message().expect("the program ended");
            if message["id"] == id {
                return message;
            }
            self.notifications.push(message);
        }
    }

    pub fn request(&mut self, method: &str, params: Value) -> Value {
        let id = self.begin(method, params);
        self.answer(id)
    }

    /// Calls a tool, and returns its result.
    pub fn call(&mut self, tool: &str, arguments: Value) -> Value {
        let answer = self.request("tools/call", json!({"name": tool, "arguments": arguments}));
        assert!(answer["result"].is_object(), "{answer}");
        answer["result"].clone()
    }

    /// Closes standard input.
    pub fn close(&mut self) {
        self.input = None;
    }

    /// Closes standard input and waits for the end: the exit code, the messages that were left,
    /// and standard error.
    pub fn end(mut self) -> (Option<i32>, Vec<Value>, String) {
        self.close();
        let mut rest = Vec::new();
        while let Some(message) = self.message() {
            rest.push(message);
        }
        let code = self.child.wait().unwrap().code();
        (code, rest, self.notes.take().unwrap().join().unwrap())
    }
}

impl Drop for Assistant {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// The blocks of text of a result.
pub fn texts(result: &Value) -> Vec<&str> {
    let blocks = result["content"].as_array().unwrap();
    blocks.iter().map(|block| block["text"].as_str().unwrap()).collect()
}
