//! Client data: what the platform sends with an upload or a deletion. Stored sealed, returned in answers and events,
//! and erased when its retention ends.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::model::Posted;

/// Client data of an upload.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub struct UploadClientData {
    /// The platform's id of the uploader.
    pub uploader: Option<String>,
    /// The platform's reference for the upload.
    pub reference: Option<String>,
    pub metadata: Option<Map<String, Value>>,
    /// Address of the bytes, if they were not sent.
    pub uri: Option<String>,
    /// When the video was posted, as the platform says.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub uploaded_at: Option<Posted>,
}

/// Client data of a deletion.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct DeletionClientData {
    pub video: String,
    pub owner: Option<String>,
    pub metadata: Option<Value>,
}
