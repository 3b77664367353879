//! What the platform sends along with an upload or a deletion. Kept sealed, given back in answers and events, and gone
//! when its retention ends.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

/// What the platform says with an upload; given back in answers and events. Kept sealed, and not for ever.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub struct UploadClientData {
    /// Who uploads it, as the platform calls that person.
    pub uploader: Option<String>,
    /// What the platform calls the upload.
    pub reference: Option<String>,
    pub metadata: Option<Map<String, Value>>,
    /// Where the bytes are, when they were not sent.
    pub uri: Option<String>,
}

/// What is kept in plain of a deletion, sealed, while it is needed.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct DeletionClientData {
    pub video: String,
    pub owner: Option<String>,
    pub metadata: Option<Value>,
}
