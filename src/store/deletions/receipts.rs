//! Receipts: in plain words while the retention lasts, with keyed digests for good; and the keys that signed them.

use rusqlite::{Connection, OptionalExtension, params};

use crate::model::{DeletionSeq, Sealed, UnixSeconds};
use crate::store::{Result, Store};

/// A receipt that was just signed, in both forms.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewReceipt {
    /// JSON in plain words, sealed.
    pub sealed: Sealed,
    /// JSON with keyed digests.
    pub keyed: String,
}

/// A receipt as far as it is kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KeptReceipt {
    /// `None` after the retention.
    pub sealed: Option<Sealed>,
    pub keyed: String,
}

impl Store {
    /// # Errors
    /// The database's refusal.
    pub fn receipt(&self, deletion: DeletionSeq) -> Result<Option<KeptReceipt>> {
        self.read(|c| {
            c.prepare_cached("SELECT sealed, keyed FROM receipts WHERE deletion = ?1")?
                .query_row([deletion], |row| {
                    let sealed = row.get::<_, Option<Vec<u8>>>(0)?.map(Sealed);
                    Ok(KeptReceipt { sealed, keyed: row.get(1)? })
                })
                .optional()
        })
    }

    /// Remembers a public key, so that receipts can be verified after another one has taken its place.
    ///
    /// # Errors
    /// The disk's refusal.
    pub fn remember_receipt_key(
        &self,
        id: &str,
        public: &[u8; 32],
        now: UnixSeconds,
    ) -> Result<()> {
        let (id, public) = (id.to_owned(), *public);
        self.write_grouped(move |c| {
            c.prepare_cached(
                "INSERT INTO receipt_keys (id, public, first_seen) VALUES (?1, ?2, ?3) ON CONFLICT DO NOTHING",
            )?
            .execute(params![id, public, now])
            .map(drop)
        })
    }

    /// All public keys, the latest first.
    ///
    /// # Errors
    /// The database's refusal.
    pub fn receipt_keys(&self) -> Result<Vec<(String, [u8; 32])>> {
        self.read(|c| {
            c.prepare_cached("SELECT id, public FROM receipt_keys ORDER BY first_seen DESC, id")?
                .query_map([], |row| Ok((row.get(0)?, row.get(1)?)))?
                .collect()
        })
    }
}

pub(in crate::store) fn insert(
    connection: &Connection,
    deletion: DeletionSeq,
    receipt: &NewReceipt,
) -> rusqlite::Result<()> {
    connection
        .prepare_cached("INSERT INTO receipts (deletion, sealed, keyed) VALUES (?1, ?2, ?3)")?
        .execute(params![deletion, receipt.sealed.0, receipt.keyed])?;
    Ok(())
}
