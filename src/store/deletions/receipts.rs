//! Receipts: the plain one until the retention ends, the keyed one for good; and the public keys that verify them.

use rusqlite::{Connection, OptionalExtension, params};

use crate::model::{DeletionSeq, Sealed, UnixSeconds};
use crate::store::{Result, Store};

/// A newly signed receipt in both forms.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewReceipt {
    /// The plain receipt, JSON, sealed.
    pub sealed: Sealed,
    /// The receipt with keyed digests, JSON.
    pub keyed: String,
}

/// A receipt in the forms that are still kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KeptReceipt {
    /// The plain receipt, sealed; `None` after the retention.
    pub sealed: Option<Sealed>,
    pub keyed: String,
}

impl Store {
    /// The receipt of a deletion.
    ///
    /// # Errors
    /// A failing disk or a damaged database: see [reads](crate::store::Error#reads).
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

    /// Stores a public key, so that its receipts can be verified after another key has replaced it. Idempotent.
    ///
    /// # Errors
    /// A read-only store, a full or failing disk; nothing is changed then: see [writes](crate::store::Error#writes).
    pub fn remember_receipt_key(
        &self,
        id: &str,
        public: &[u8; 32],
        now: UnixSeconds,
    ) -> Result<()> {
        let (id, public) = (id.to_owned(), *public);
        self.write_grouped(move |c| {
            c.prepare_cached(
                "INSERT INTO receipt_keys (id, public, first_seen) VALUES (?1, ?2, ?3) \
                 ON CONFLICT DO NOTHING",
            )?
            .execute(params![id, public, now])
            .map(drop)
        })
    }

    /// All public keys and their ids, newest first.
    ///
    /// # Errors
    /// A failing disk or a damaged database: see [reads](crate::store::Error#reads).
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
