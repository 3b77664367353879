//! Hooks in the dialects that upload pipelines already speak: `tusd` for the tus server of that name, `s3` for event
//! notifications of object stores. Each turns what it is told into an upload that `engine` fetches and checks.
//!
//! Foreign messages have fields that we do not know, and get more: unlike in our own requests, these are passed over.

pub mod s3;
pub mod tusd;

/// How hooks are understood.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Options {
    /// For so long `pre-finish` waits for the verdict, seconds. Default 10: tusd itself waits 15.
    pub wait_s: u64,
    /// The header of the client's request in which whatever stands before tusd says who uploads. Default none: clients
    /// choose headers too, so only a proxy that replaces it can be believed.
    pub tusd_uploader_header: Option<String>,
    /// The field of the upload's metadata that says who uploads. Default none: clients choose metadata, so this is for
    /// platforms that check it when the upload is created.
    pub tusd_uploader_field: Option<String>,
    /// The user metadata (`x-amz-meta-…` without that) that says who uploads, where notifications have it, as MinIO's
    /// do. Default none.
    pub s3_uploader_field: Option<String>,
}

impl Default for Options {
    fn default() -> Self {
        Options {
            wait_s: 10,
            tusd_uploader_header: None,
            tusd_uploader_field: None,
            s3_uploader_field: None,
        }
    }
}
