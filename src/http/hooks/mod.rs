//! Hooks for upload pipelines: `tusd` for the tus server of that name, `s3` for event notifications of object stores.
//! Each turns a message into an upload that the engine fetches and checks.
//!
//! Unknown fields of these messages are ignored, unlike those of our own requests: foreign formats gain fields.

pub mod s3;
pub mod tusd;

/// Settings of the hooks.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Options {
    /// How long `pre-finish` waits for the verdict, seconds. Default 10: tusd itself waits 15.
    pub wait_s: u64,
    /// Header of the client's request that has the uploader's id. Default none. Clients can send any header, so set it
    /// only if the proxy in front of tusd replaces this header.
    pub tusd_uploader_header: Option<String>,
    /// Field of the upload's metadata that has the uploader's id. Default none. Clients choose the metadata, so set it
    /// only if the platform verifies the field when the upload is created.
    pub tusd_uploader_field: Option<String>,
    /// User metadata, without the prefix `x-amz-meta-`, that has the uploader's id. Only some notifications include
    /// user metadata; MinIO's do. Default none.
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
