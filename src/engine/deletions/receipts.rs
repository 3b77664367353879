//! Receipts: signed when a deletion completes, served while they are kept, verifiable offline.

use sha2::{Digest, Sha256};

use crate::engine::deletions::Deletions;
use crate::engine::error::{Error, Result};
use crate::erasure::{PublicKeys, ReceiptFacts, issue};
use crate::model::{Deletion, DeletionClientData, DeletionId, StoredCopy, Strength, UnixSeconds};
use crate::store::NewReceipt;

/// A deletion's receipt.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Receipt {
    /// The deletion does not exist.
    Unknown,
    /// The deletion is not complete.
    NotYet,
    /// JSON: with ids and addresses in plain text during the retention, with keyed digests afterwards.
    Ready(String),
}

impl Deletions {
    /// The receipt of a deletion.
    ///
    /// # Errors
    /// [`Error::Store`] when the store cannot be read; [`Error::Sealed`] when the receipt does not open under this key.
    pub fn receipt(&self, id: DeletionId) -> Result<Receipt> {
        let Some(deletion) = self.engine.store().deletion(id)? else { return Ok(Receipt::Unknown) };
        let Some(receipt) = self.engine.store().receipt(deletion.seq)? else {
            return Ok(Receipt::NotYet);
        };
        Ok(Receipt::Ready(match &receipt.sealed {
            Some(sealed) => self.unseal(sealed)?,
            None => receipt.keyed,
        }))
    }

    /// The public keys of the current and all former receipt keys.
    ///
    /// # Errors
    /// [`Error::Store`] when the store cannot be read.
    pub fn receipt_keys(&self) -> Result<PublicKeys> {
        let keys = self.engine.store().receipt_keys()?;
        Ok(PublicKeys::new(keys.into_iter().map(|(_, key)| key).collect()))
    }

    /// Issues the receipt of a deletion whose copies are all gone.
    pub(in crate::engine) fn make_receipt(
        &self,
        deletion: &Deletion,
        copies: &[StoredCopy],
        complete_at: UnixSeconds,
    ) -> Result<NewReceipt> {
        let gone = || Error::Sealed(crate::model::NotOurs);
        let DeletionClientData { video, owner, .. } =
            self.client_data(deletion.seq)?.ok_or_else(gone)?;
        let uri = |copy: &StoredCopy| self.unseal(copy.sealed.as_ref().ok_or_else(gone)?);
        let uris = copies.iter().map(uri).collect::<Result<Vec<String>>>()?;
        let tombstone = self.tombstone_digest(deletion)?;
        let nonce = self.environment.random().map_err(|source| Error::NoEntropy { source })?;
        let facts = ReceiptFacts {
            deletion,
            copies,
            uris: &uris,
            video: &video,
            owner: owner.as_deref(),
            tombstone: tombstone.as_ref().map(|(digest, strength)| (digest, *strength)),
            complete_at,
            nonce,
        };
        let receipts = issue(&self.receipt_key, &facts)?;
        Ok(NewReceipt { sealed: self.seal(receipts.plain.as_bytes())?, keyed: receipts.keyed })
    }

    /// The digest and the strength of the tombstone; `None` when it was removed since.
    fn tombstone_digest(&self, deletion: &Deletion) -> Result<Option<([u8; 32], Strength)>> {
        let Some(id) = &deletion.tombstone else { return Ok(None) };
        let Some(tombstone) = self.engine.store().get_by_id(id)? else { return Ok(None) };
        let stored = self.engine.store().fingerprints(&[tombstone.slot])?;
        let strength = self.engine.strength(&tombstone);
        Ok(stored.first().map(|s| (Sha256::digest(&s.bytes).into(), strength)))
    }
}
