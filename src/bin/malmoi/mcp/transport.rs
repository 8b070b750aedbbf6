//! Messages of the protocol as lines of standard input and output, each with a thread of its own: a
//! read that waits never holds up the end of the program.

use std::io::{BufRead, BufReader, Error, ErrorKind, Read, Result, Write};
use std::thread;
use std::time::Duration;

use rmcp::model::{ErrorData, RequestId, ServerJsonRpcMessage};
use rmcp::service::{RoleServer, RxJsonRpcMessage, TxJsonRpcMessage};
use rmcp::transport::Transport;
use serde::Deserialize;
use tokio::sync::mpsc::{self, Receiver, Sender, UnboundedSender};
use tokio::sync::oneshot;

/// Bytes of a message: more than the longest texts of a call take, with every letter escaped.
const MAX_LINE: usize = 8 << 20;
/// Messages that are read ahead.
const READ_AHEAD: usize = 16;
/// Time in which a client that has closed the input takes the last messages.
const PATIENCE: Duration = Duration::from_secs(5);

type Incoming = RxJsonRpcMessage<RoleServer>;
type Outgoing = TxJsonRpcMessage<RoleServer>;

/// Standard input and output.
pub(super) struct Pipes {
    incoming: Receiver<Incoming>,
    outgoing: Option<UnboundedSender<Outgoing>>,
    /// Told when the writer ends.
    written: Option<oneshot::Receiver<()>>,
}

impl Pipes {
    /// Starts the threads.
    pub fn start() -> Result<Self> {
        let (sender, incoming) = mpsc::channel(READ_AHEAD);
        let (outgoing, mut messages) = mpsc::unbounded_channel::<Outgoing>();
        let answers = outgoing.clone().downgrade();
        thread::Builder::new().name("malmoi-stdin".into()).spawn(move || {
            read(&mut BufReader::new(std::io::stdin().lock()), &sender, |refusal| {
                if let Some(answers) = answers.upgrade() {
                    // The writer ends when the client has left.
                    let _ = answers.send(refusal);
                }
            });
        })?;
        let (end, written) = oneshot::channel();
        thread::Builder::new().name("malmoi-stdout".into()).spawn(move || {
            let mut out = std::io::stdout().lock();
            while let Some(message) = messages.blocking_recv() {
                let Ok(mut line) = serde_json::to_vec(&message) else { continue };
                line.push(b'\n');
                if out.write_all(&line).and_then(|()| out.flush()).is_err() {
                    break;
                }
            }
            // The transport may have given the client up.
            let _ = end.send(());
        })?;
        Ok(Self { incoming, outgoing: Some(outgoing), written: Some(written) })
    }
}

impl Transport<RoleServer> for Pipes {
    type Error = Error;

    fn send(&mut self, message: Outgoing) -> impl Future<Output = Result<()>> + Send + 'static {
        let sent = self.outgoing.as_ref().is_some_and(|outgoing| outgoing.send(message).is_ok());
        std::future::ready(if sent { Ok(()) } else { Err(ErrorKind::BrokenPipe.into()) })
    }

    async fn receive(&mut self) -> Option<Incoming> {
        self.incoming.recv().await
    }

    /// Ends when everything is written, or when the client does not take it.
    async fn close(&mut self) -> Result<()> {
        drop(self.outgoing.take());
        let Some(written) = self.written.take() else { return Ok(()) };
        match tokio::time::timeout(PATIENCE, written).await {
            Ok(Err(_)) => Err(Error::other("the thread of standard output failed")),
            Ok(Ok(())) | Err(_) => Ok(()),
        }
    }
}

/// Reads messages until the end. Lines that are none are answered, or noted and ignored.
fn read(input: &mut impl BufRead, messages: &Sender<Incoming>, answer: impl Fn(Outgoing)) {
    let mut line = Vec::new();
    loop {
        line.clear();
        match input.by_ref().take(MAX_LINE as u64 + 1).read_until(b'\n', &mut line) {
            Ok(0) | Err(_) => return,
            Ok(_) => {}
        }
        if line.len() > MAX_LINE && !line.ends_with(b"\n") {
            let message =
                format!("a message had more than {} MB; send a shorter text", MAX_LINE >> 20);
            eprintln!("{message}");
            answer(ServerJsonRpcMessage::error(ErrorData::invalid_request(message, None), None));
            if skip_line(input).is_err() {
                return;
            }
            continue;
        }
        if line.trim_ascii().is_empty() {
            continue;
        }
        match serde_json::from_slice(&line) {
            Ok(message) => {
                if messages.blocking_send(message).is_err() {
                    return;
                }
            }
            Err(_) => match refusal(&line) {
                Some(refusal) => answer(refusal),
                None => eprintln!("a line of standard input is no message; it was ignored"),
            },
        }
    }
}

/// Reads to the end of a line, and keeps nothing of it.
fn skip_line(input: &mut impl BufRead) -> Result<()> {
    loop {
        let bytes = input.fill_buf()?;
        if bytes.is_empty() {
            return Ok(());
        }
        let end = bytes.iter().position(|byte| *byte == b'\n');
        let length = end.map_or(bytes.len(), |end| end + 1);
        input.consume(length);
        if end.is_some() {
            return Ok(());
        }
    }
}

/// The error for JSON that is not a message of the protocol. `None` for bytes that are not JSON,
/// which have no id to answer, and for notifications, which take no answer.
fn refusal(line: &[u8]) -> Option<Outgoing> {
    #[derive(Deserialize)]
    struct Envelope {
        id: Option<RequestId>,
        method: Option<serde::de::IgnoredAny>,
    }
    let id = match serde_json::from_slice::<Envelope>(line) {
        Ok(Envelope { id: None, method: Some(_) }) => return None,
        Ok(envelope) => envelope.id,
        Err(error) if error.is_data() => None,
        Err(_) => return None,
    };
    let message = "this is no message of the Model Context Protocol";
    Some(ServerJsonRpcMessage::error(ErrorData::invalid_request(message, None), id))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The methods that arrive, and the messages of errors with their ids.
    fn reading(input: &[u8]) -> (Vec<String>, Vec<(String, Option<RequestId>)>) {
        let (sender, mut incoming) = mpsc::channel(READ_AHEAD);
        let answers = std::cell::RefCell::new(Vec::new());
        read(&mut &input[..], &sender, |answer| {
            let ServerJsonRpcMessage::Error(error) = answer else { return };
            answers.borrow_mut().push((error.error.message.to_string(), error.id));
        });
        let mut methods = Vec::new();
        while let Ok(message) = incoming.try_recv() {
            let value = serde_json::to_value(message).unwrap_or_default();
            methods.push(value["method"].as_str().unwrap_or_default().to_string());
        }
        (methods, answers.into_inner())
    }

    const PING: &[u8] = br#"{"jsonrpc":"2.0","id":1,"method":"ping"}"#;

    #[test]
    fn messages_are_read_from_lines_of_any_ending() {
        let input = [PING, b"\r\n\n", PING, b"\n", PING].concat();
        assert_eq!(reading(&input), (vec!["ping".to_string(); 3], vec![]));
    }

    #[test]
    fn a_line_that_is_too_long_is_answered_and_the_next_one_is_read() {
        for end in [&b""[..], b"\n"] {
            let input = [&vec![b'x'; MAX_LINE + 1][..], b"yyy\n", PING, end].concat();
            let (methods, answers) = reading(&input);
            assert_eq!(methods, ["ping"]);
            assert_eq!(answers.len(), 1);
            assert!(answers[0].0.contains("8 MB") && answers[0].1.is_none(), "{answers:?}");
        }
    }

    #[test]
    fn what_is_no_message_is_refused_with_its_id_or_ignored() {
        for (line, count, id) in [
            (&br#"{"id": 7}"#[..], 1, Some(RequestId::Number(7))),
            (b"[]", 1, None),
            (b"{", 0, None),
            (b"\xff\xfe", 0, None),
        ] {
            let (methods, answers) = reading(&[line, b"\n", PING, b"\n"].concat());
            assert_eq!(methods, ["ping"]);
            assert_eq!(answers.len(), count, "{answers:?}");
            assert_eq!(answers.first().and_then(|(_, id)| id.clone()), id);
        }
    }
}
