//! Connections: opening them, upgrading the schema, verifying the database.
//!
//! `migrations/` defines the tables; each room has the queries of its own.

use std::path::Path;
use std::time::Duration;

use rusqlite::config::DbConfig;
use rusqlite::{Connection, OpenFlags};

use crate::store::database::error::{Error, Result};

/// "CENO": distinguishes our database from any other SQLite file.
pub(in crate::store) const APPLICATION_ID: u32 = 0x4345_4e4f;

/// Append-only: a released migration never changes. `user_version` counts the applied ones.
pub(in crate::store) const MIGRATIONS: &[&str] = &[
    include_str!("migrations/0001_tombstones.sql"),
    include_str!("migrations/0002_state.sql"),
    include_str!("migrations/0003_deletions.sql"),
    include_str!("migrations/0004_uploads.sql"),
    include_str!("migrations/0005_users.sql"),
    include_str!("migrations/0006_cases.sql"),
    include_str!("migrations/0007_names.sql"),
    include_str!("migrations/0008_relations.sql"),
    include_str!("migrations/0009_strength.sql"),
    include_str!("migrations/0010_rulings.sql"),
    include_str!("migrations/0011_prints.sql"),
];

/// The schema version of this program.
pub(in crate::store) const SCHEMA: u32 = MIGRATIONS.len() as u32;

/// Bytes. A fingerprint of half a minute, up to 6 KB, then mostly fits in one page. With SQLite's default of 4096 it
/// would take three, read one after another.
const PAGE_BYTES: u32 = 8192;

/// Only another program (a backup, a `sqlite3` shell) can make us wait at all.
const BUSY_TIMEOUT: Duration = Duration::from_secs(5);

/// Limit of the findings that `verify` lists.
const FINDINGS_MAX: u32 = 100;

/// Opens for writing: creates a missing database and upgrades an older one. The caller holds the folder's lock.
pub(in crate::store) fn open_writer(path: &Path) -> Result<Connection> {
    if path.is_dir() {
        return Err(Error::InTheWay { path: path.to_path_buf(), expected: "a database" });
    }
    let explain = |error| Error::from_sqlite(path, error);
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE
        | OpenFlags::SQLITE_OPEN_CREATE
        | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let mut connection = Connection::open_with_flags(path, flags).map_err(explain)?;
    set_up(&connection).map_err(explain)?;
    let found = schema_of(path, &connection)?;
    if found > SCHEMA {
        return Err(Error::Newer { path: path.to_path_buf(), found, known: SCHEMA });
    }
    set_up_writing(&connection).map_err(explain)?;
    migrate(&mut connection, found as usize, MIGRATIONS).map_err(explain)?;
    Ok(connection)
}

/// Opens for reading; neither creates nor upgrades.
pub(in crate::store) fn open_reader(path: &Path) -> Result<Connection> {
    match path.metadata() {
        Ok(found) if found.is_dir() => {
            return Err(Error::InTheWay { path: path.to_path_buf(), expected: "a database" });
        }
        Ok(_) => {}
        Err(e) if e.kind() == std::io::ErrorKind::NotFound => {
            return Err(Error::NoDatabase { path: path.to_path_buf() });
        }
        Err(e) => return Err(Error::reading(path, e)),
    }
    let explain = |error| Error::from_sqlite(path, error);
    let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let connection = Connection::open_with_flags(path, flags).map_err(explain)?;
    set_up(&connection).map_err(explain)?;
    match schema_of(path, &connection)? {
        SCHEMA => Ok(connection),
        0 => Err(Error::NoDatabase { path: path.to_path_buf() }),
        found if found > SCHEMA => {
            Err(Error::Newer { path: path.to_path_buf(), found, known: SCHEMA })
        }
        found => Err(Error::Older { path: path.to_path_buf(), found, known: SCHEMA }),
    }
}

/// Settings of every connection.
fn set_up(connection: &Connection) -> rusqlite::Result<()> {
    connection.busy_timeout(BUSY_TIMEOUT)?;
    connection.set_prepared_statement_cache_capacity(32);
    connection.pragma_update(None, "trusted_schema", false)?;
    connection.pragma_update(None, "temp_store", "MEMORY")?;
    // Otherwise the last connection to close deletes -wal and -shm, and a user without write permission could no longer
    // open the database. `fold_log` empties the log instead.
    connection.set_db_config(DbConfig::SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, true)?;
    Ok(())
}

fn set_up_writing(connection: &Connection) -> rusqlite::Result<()> {
    // Takes effect only before the first page is written.
    connection.pragma_update(None, "page_size", PAGE_BYTES)?;
    connection.pragma_update_and_check(None, "journal_mode", "WAL", |_| Ok(()))?;
    connection.pragma_update(None, "synchronous", "FULL")?;
    connection.pragma_update_and_check(None, "secure_delete", true, |_| Ok(()))?;
    connection.pragma_update(None, "foreign_keys", true)
}

/// Number of applied migrations; 0 for an empty database.
fn schema_of(path: &Path, connection: &Connection) -> Result<u32> {
    let explain = |error| Error::from_sqlite(path, error);
    let number = |name: &str| -> rusqlite::Result<i32> {
        connection.pragma_query_value(None, name, |row| row.get(0))
    };
    let tables: i64 = connection
        .query_row("SELECT count(*) FROM sqlite_schema", [], |row| row.get(0))
        .map_err(explain)?;
    let application = number("application_id").map_err(explain)?;
    let version = number("user_version").map_err(explain)?;
    if tables == 0 && application == 0 && version == 0 {
        return Ok(0);
    }
    // SQLite stores 32 bits with a sign; a negative number is a newer version.
    if application.cast_unsigned() == APPLICATION_ID && version != 0 {
        return Ok(version.cast_unsigned());
    }
    Err(Error::Foreign { path: path.to_path_buf() })
}

/// Applies the migrations after the first `done`, each in one transaction with its number.
pub(in crate::store) fn migrate(
    connection: &mut Connection,
    done: usize,
    migrations: &[&str],
) -> rusqlite::Result<()> {
    for (at, sql) in migrations.iter().enumerate().skip(done) {
        let transaction = connection.transaction()?;
        transaction.execute_batch(sql)?;
        transaction.pragma_update(None, "application_id", APPLICATION_ID)?;
        transaction.pragma_update(None, "user_version", at as u32 + 1)?;
        transaction.commit()?;
    }
    Ok(())
}

/// Checkpoints and truncates the write-ahead log; returns false if a reader prevented it.
pub(in crate::store) fn fold_log(connection: &Connection) -> rusqlite::Result<bool> {
    let busy: i64 =
        connection.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |row| row.get(0))?;
    Ok(busy == 0)
}

/// Findings of SQLite's integrity check and of our own; reads the whole database.
pub(in crate::store) fn findings(connection: &Connection) -> rusqlite::Result<Vec<String>> {
    let mut found = Vec::new();
    let mut check = connection.prepare(&format!("PRAGMA integrity_check({FINDINGS_MAX})"))?;
    for line in check.query_map([], |row| row.get::<_, String>(0))? {
        found.extend(Some(line?).filter(|line| line != "ok"));
    }
    let ours = [
        (
            "tombstones whose fingerprint is missing or has another size than recorded",
            "SELECT count(*) FROM tombstones LEFT JOIN fingerprints USING (slot) \
             WHERE length(bytes) IS NOT fingerprint_size",
        ),
        (
            "fingerprints without a tombstone",
            "SELECT count(*) FROM fingerprints WHERE slot NOT IN (SELECT slot FROM tombstones)",
        ),
        (
            "tombstones that the change log does not know as added",
            "SELECT count(*) FROM tombstones WHERE \
             slot NOT IN (SELECT slot FROM changes WHERE kind = 'added') \
             OR slot IN (SELECT slot FROM changes WHERE kind = 'removed')",
        ),
    ];
    for (what, sql) in ours {
        let count: i64 = connection.query_row(sql, [], |row| row.get(0))?;
        if count > 0 {
            found.push(format!("{count} {what}"));
        }
    }
    Ok(found)
}
