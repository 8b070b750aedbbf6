//! Tools for desktop assistants: the Model Context Protocol over standard input and output, in the
//! revisions that begin with `initialize` and in the stateless one. A tool is a file in `tools` and
//! a line in [`tools::TOOLS`]; the [`engine`](crate::engine) does the work.
//!
//! Standard output carries the protocol and nothing else. No argument of a tool is a path, and no
//! text of an article is logged.

mod models;
mod report;
mod toolbox;
mod tools;
mod transport;

use std::sync::Arc;

use anyhow::{Context as _, Result, bail};
use rmcp::model::{
    CallToolRequestParams, CallToolResponse, CallToolResult, ContentBlock, ErrorData,
    Implementation, ListToolsResult, PaginatedRequestParams, ProgressNotificationParam,
    ProgressToken, ServerCapabilities, ServerConfig,
};
use rmcp::service::{RequestContext, RoleServer, ServerInitializeError};
use rmcp::{Peer, ServerHandler};

use crate::engine::{Engine, Failure, Monitor, News, Ticket};
use crate::ui::Ui;
pub(crate) use models::Models;
use report::Answer;
pub(crate) use toolbox::Toolbox;
use tools::TOOLS;
use transport::Pipes;

/// What an assistant is told about all tools together.
const INSTRUCTIONS: &str = "News between English and Korean, on this computer; nothing is sent \
    anywhere. `translate` and `summarize` write with a local model. `check` compares a translation \
    or a summary that anybody wrote, you included, with its source, and needs no model. Before you \
    translate yourself, ask `glossary_lookup` for the terms that the newsroom prescribes. Findings \
    are possible errors, not proven ones: show them to the user with the words they are about, and \
    say so when there are none.";

/// The handler of the protocol.
pub(crate) struct McpServer {
    toolbox: Arc<Toolbox>,
    engine: Arc<Engine>,
}

/// Serves one client until it closes standard input. Calls in hand get a few seconds then.
pub(crate) fn serve(toolbox: Toolbox, engine: Arc<Engine>) -> Result<()> {
    let server = McpServer { toolbox: Arc::new(toolbox), engine };
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_time()
        .build()
        .context("cannot start the protocol")?;
    runtime.block_on(async {
        match rmcp::serve_server(server, Pipes::start()?).await {
            Ok(running) => {
                running.waiting().await.context("the protocol ended in a fault")?;
                Ok(())
            }
            // A client that leaves without a request.
            Err(ServerInitializeError::ConnectionClosed(_)) => Ok(()),
            // The message itself may hold a text.
            Err(ServerInitializeError::ExpectedInitializeRequest(_)) => {
                bail!("the client's first message must be a request: `initialize` or another")
            }
            Err(_) => bail!("the client and malmoi could not agree on a revision of the protocol"),
        }
    })
}

/// Failures go to standard error.
pub(crate) struct Notes(pub Ui);

impl Monitor for Notes {
    fn failure(&self, reason: &str) {
        self.0.error(format!("a call failed: {reason}"));
    }
}

impl ServerHandler for McpServer {
    fn get_info(&self) -> ServerConfig {
        let about = Implementation::new("malmoi", env!("CARGO_PKG_VERSION")).with_title("malmoi");
        ServerConfig::new(ServerCapabilities::builder().enable_tools().build())
            .with_server_info(about)
            .with_instructions(INSTRUCTIONS)
    }

    async fn list_tools(
        &self,
        _: Option<PaginatedRequestParams>,
        _: RequestContext<RoleServer>,
    ) -> Result<ListToolsResult, ErrorData> {
        Ok(ListToolsResult::with_all_items(TOOLS.iter().map(tools::describe).collect()))
    }

    async fn call_tool(
        &self,
        request: CallToolRequestParams,
        context: RequestContext<RoleServer>,
    ) -> Result<CallToolResponse, ErrorData> {
        let Some(tool) = TOOLS.iter().find(|tool| tool.name == request.name) else {
            let known: Vec<&str> = TOOLS.iter().map(|tool| tool.name).collect();
            let message = format!("there is no such tool; there are {}", known.join(", "));
            return Err(ErrorData::invalid_params(message, None));
        };
        let arguments = request.arguments.unwrap_or_default();
        let texts = arguments.values().filter_map(|value| value.as_str());
        let length = texts.map(|text| text.chars().count()).sum();
        let toolbox = self.toolbox.clone();
        let begun =
            self.engine.submit(length, move |running| (tool.run)(&toolbox, arguments, running));
        let result = match begun {
            Ok(ticket) => wait(ticket, &context).await,
            Err(failure) => Err(failure),
        };
        Ok(match result {
            Ok(answer) => answer.into(),
            Err(failure) => {
                let message = match failure {
                    Failure::Internal => {
                        "malmoi failed on this text; its standard error, in the log of the \
                         assistant, has the reason"
                            .to_string()
                    }
                    other => other.to_string(),
                };
                CallToolResult::error(vec![ContentBlock::text(message)])
            }
        }
        .into())
    }
}

/// Waits for the result of a call, with progress for clients that ask for it. A cancelled call
/// drops its ticket, which takes the request from the models.
async fn wait(
    mut ticket: Ticket<Answer>,
    context: &RequestContext<RoleServer>,
) -> Result<Answer, Failure> {
    let token = context.meta.get_progress_token();
    let mut last = None;
    loop {
        let news = tokio::select! {
            () = context.ct.cancelled() => {
                return Err(Failure::NotReady("the call was cancelled"));
            }
            news = ticket.next() => news,
        };
        match (news, &token) {
            (News::Done(result), _) => return result,
            // The protocol asks for numbers that rise.
            (News::Progress { done, segments }, Some(token)) if Some(done) > last => {
                last = Some(done);
                tell(&context.peer, token, done, segments).await;
            }
            _ => {}
        }
    }
}

async fn tell(peer: &Peer<RoleServer>, token: &ProgressToken, done: usize, segments: usize) {
    let progress = ProgressNotificationParam::new(token.clone(), done as f64);
    let progress = match segments {
        0 => progress.with_message("opening the model"),
        _ => progress
            .with_total(segments as f64)
            .with_message(format!("{done} of {segments} segments")),
    };
    // A client that has left is noticed by its closed input.
    let _ = peer.notify_progress(progress).await;
}
