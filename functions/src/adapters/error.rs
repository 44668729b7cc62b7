//! What an SDK error means to a caller.

use aws_smithy_runtime_api::client::orchestrator::HttpResponse;
use aws_smithy_runtime_api::client::result::SdkError;
use aws_smithy_types::error::display::DisplayErrorContext;
use aws_smithy_types::error::metadata::ProvideErrorMetadata;

use crate::ports::PortError;

/// Codes that mean "later"; their HTTP status is 400 in the JSON protocols.
const TRANSIENT_CODES: [&str; 12] = [
    "ThrottlingException",
    "Throttling",
    "ThrottledException",
    "ProvisionedThroughputExceededException",
    "RequestLimitExceeded",
    "RequestThrottled",
    "RequestTimeout",
    "InternalServerError",
    "TransactionConflictException",
    "TransactionInProgressException",
    "KmsThrottlingException",
    "SlowDown",
];

/// Codes that mean "something else is there": a table's item, and an object.
const CONFLICT_CODES: [&str; 3] = [
    "ConditionalCheckFailedException",
    "PreconditionFailed",
    "ConditionalRequestConflict",
];

/// The error of a call, by what its caller can do about it.
pub(super) fn classify<E>(what: &str, error: &SdkError<E, HttpResponse>) -> PortError
where
    E: std::error::Error + ProvideErrorMetadata + 'static,
{
    let what = what.to_owned();
    let detail = DisplayErrorContext(error).to_string();
    let again = match error {
        SdkError::ConstructionFailure(_) => false,
        SdkError::ServiceError(service) => {
            let code = service.err().code().unwrap_or_default();
            if CONFLICT_CODES.contains(&code) {
                return PortError::Conflict {
                    what,
                    failed: Vec::new(),
                };
            }
            let status = service.raw().status().as_u16();
            status >= 500 || status == 429 || TRANSIENT_CODES.contains(&code)
        }
        // Sent or not, answered or not: nobody knows.
        _ => true,
    };
    if again {
        PortError::Transient { what, detail }
    } else {
        PortError::Permanent { what, detail }
    }
}
