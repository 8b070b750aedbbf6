//! The failures of the routes under `/api/v1`, as OpenAPI tells them. One set for each kind of
//! route.

use utoipa::IntoResponses;

/// Of routes that run a model on a text.
#[derive(IntoResponses)]
#[allow(dead_code, reason = "describes answers")]
pub(super) enum TextFailures {
    /// A field or the text cannot be used
    #[response(status = 400)]
    Invalid,
    /// A key is needed
    #[response(status = 401)]
    Key,
    /// The text is too long
    #[response(status = 413)]
    TooLarge,
    /// The queue is full
    #[response(status = 429)]
    Busy,
    /// The models are being opened
    #[response(status = 503)]
    NotReady,
    /// The text was not done in time
    #[response(status = 504)]
    Late,
}

/// Of routes that compare texts and run no model.
#[derive(IntoResponses)]
#[allow(dead_code, reason = "describes answers")]
pub(super) enum CheckFailures {
    /// A field or the text cannot be used
    #[response(status = 400)]
    Invalid,
    /// A key is needed
    #[response(status = 401)]
    Key,
    /// The texts are too long
    #[response(status = 413)]
    TooLarge,
    /// The queue is full
    #[response(status = 429)]
    Busy,
}

/// Of routes that look something up in the desk.
#[derive(IntoResponses)]
#[allow(dead_code, reason = "describes answers")]
pub(super) enum DeskFailures {
    /// A field cannot be used
    #[response(status = 400)]
    Invalid,
    /// A key is needed
    #[response(status = 401)]
    Key,
    /// The text is too long
    #[response(status = 413)]
    TooLarge,
    /// The memory is off
    #[response(status = 503)]
    Off,
}

/// Of routes that change the desk's glossary.
#[derive(IntoResponses)]
#[allow(dead_code, reason = "describes answers")]
pub(super) enum TermFailures {
    /// A field cannot be used
    #[response(status = 400)]
    Invalid,
    /// A key is needed
    #[response(status = 401)]
    Key,
    /// The desk can only be read
    #[response(status = 403)]
    ReadOnly,
    /// The desk is off
    #[response(status = 503)]
    Off,
}

/// Of the route that takes a job.
#[derive(IntoResponses)]
#[allow(dead_code, reason = "describes answers")]
pub(super) enum JobFailures {
    /// A field or the files cannot be used
    #[response(status = 400)]
    Invalid,
    /// A key is needed
    #[response(status = 401)]
    Key,
    /// This server fetches no addresses
    #[response(status = 403)]
    Forbidden,
    /// The job is too large
    #[response(status = 413)]
    TooLarge,
    /// Too many jobs wait
    #[response(status = 429)]
    Busy,
    /// The models are being opened, or this server takes no jobs
    #[response(status = 503)]
    Off,
}

/// Of routes about a job.
#[derive(IntoResponses)]
#[allow(dead_code, reason = "describes answers")]
pub(super) enum NoJob {
    /// A field cannot be used
    #[response(status = 400)]
    Invalid,
    /// A key is needed
    #[response(status = 401)]
    Key,
    /// This key has no such job, or the job no such output
    #[response(status = 404)]
    NotFound,
    /// This server takes no jobs
    #[response(status = 503)]
    Off,
}
