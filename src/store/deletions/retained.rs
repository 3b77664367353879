//! Audience figures: an anonymous row per video until its retention ends, then sums over periods of upload.
//!
//! `erasure` decides which rows fold into which sums; a fold is one transaction.

use rusqlite::{Connection, OptionalExtension, Row, params};

use crate::model::{
    DeletionSeq, Engagement, Grain, RetainedBucket, RetainedFold, RetainedSums, RetainedVideo,
    UnixSeconds,
};
use crate::store::{Result, Store};

impl Store {
    /// Up to `limit` rows to fold: of videos erased before the day `erased_before` (days since 1970-01-01), or whose
    /// retention has ended.
    ///
    /// # Errors
    /// A failing disk or a damaged database: see [reads](crate::store::Error#reads).
    pub fn retained_to_fold(
        &self,
        erased_before: i64,
        now: UnixSeconds,
        limit: usize,
    ) -> Result<Vec<RetainedVideo>> {
        self.read(|c| {
            c.prepare_cached(
                "SELECT deletion, uploaded_on, views, likes, comments, shares FROM retained_videos \
                 JOIN deletions ON deletions.seq = deletion \
                 WHERE folded = 0 AND erased_on IS NOT NULL \
                 AND (erased_on < ?1 OR retention_until <= ?2) ORDER BY deletion LIMIT ?3",
            )?
            .query_map(params![erased_before, now, limit as i64], video)?
            .collect()
        })
    }

    /// The unpublished sums: too few videos to publish.
    ///
    /// # Errors
    /// A failing disk or a damaged database: see [reads](crate::store::Error#reads).
    pub fn retained_pool(&self) -> Result<RetainedSums> {
        let pool = self.read(|c| {
            c.prepare_cached(
                "SELECT videos, views, likes, comments, shares FROM retained_buckets \
                 WHERE grain = 'pool'",
            )?
            .query_row([], |row| sums(row, 0))
            .optional()
        })?;
        Ok(pool.unwrap_or_default())
    }

    /// Adds rows to the sums, and marks them as folded.
    ///
    /// # Errors
    /// A read-only store, a full or failing disk; nothing is changed then: see [writes](crate::store::Error#writes).
    pub fn fold_retained(&self, fold: RetainedFold) -> Result<()> {
        self.write_grouped(move |c| {
            for bucket in &fold.added {
                add(c, bucket)?;
            }
            put_pool(c, &fold.pool)?;
            let mut mark =
                c.prepare_cached("UPDATE retained_videos SET folded = 1 WHERE deletion = ?1")?;
            for deletion in &fold.deletions {
                mark.execute([deletion])?;
            }
            Ok(())
        })
    }

    /// Up to `limit` sums of one grain, oldest period first: of periods that begin after the day `after` and before the
    /// day `before` (days since 1970-01-01).
    ///
    /// # Errors
    /// A failing disk or a damaged database: see [reads](crate::store::Error#reads).
    pub fn retained_buckets(
        &self,
        grain: Grain,
        after: Option<i64>,
        before: i64,
        limit: usize,
    ) -> Result<Vec<RetainedBucket>> {
        self.read(|c| {
            c.prepare_cached(
                "SELECT grain, start_on, videos, views, likes, comments, shares \
                 FROM retained_buckets WHERE grain = ?1 AND start_on > ?2 AND start_on < ?3 \
                 ORDER BY start_on LIMIT ?4",
            )?
            .query_map(
                params![grain.as_str(), after.unwrap_or(i64::MIN), before, limit as i64],
                |row| {
                    let word = row.get_ref(0)?.as_str()?;
                    let grain = Grain::from_word(word).unwrap_or(Grain::All);
                    Ok(RetainedBucket { grain, start_on: row.get(1)?, sums: sums(row, 2)? })
                },
            )?
            .collect()
        })
    }
}

pub(in crate::store) fn insert(
    connection: &Connection,
    deletion: DeletionSeq,
    uploaded_on: Option<i64>,
    engagement: &Engagement,
) -> rusqlite::Result<()> {
    connection
        .prepare_cached(
            "INSERT INTO retained_videos (deletion, uploaded_on, views, likes, comments, shares) \
             VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
        )?
        .execute(params![
            deletion,
            uploaded_on,
            engagement.views.cast_signed(),
            engagement.likes.cast_signed(),
            engagement.comments.cast_signed(),
            engagement.shares.cast_signed(),
        ])?;
    Ok(())
}

fn add(connection: &Connection, bucket: &RetainedBucket) -> rusqlite::Result<()> {
    let s = &bucket.sums;
    connection
        .prepare_cached(
            "INSERT INTO retained_buckets VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7) ON CONFLICT \
             DO UPDATE SET videos = videos + excluded.videos, views = views + excluded.views, \
             likes = likes + excluded.likes, comments = comments + excluded.comments, shares = \
             shares + excluded.shares",
        )?
        .execute(params![
            bucket.grain.as_str(),
            bucket.start_on,
            s.videos.cast_signed(),
            s.views.cast_signed(),
            s.likes.cast_signed(),
            s.comments.cast_signed(),
            s.shares.cast_signed(),
        ])?;
    Ok(())
}

fn put_pool(connection: &Connection, s: &RetainedSums) -> rusqlite::Result<()> {
    connection
        .prepare_cached(
            "INSERT OR REPLACE INTO retained_buckets VALUES ('pool', 0, ?1, ?2, ?3, ?4, ?5)",
        )?
        .execute(params![
            s.videos.cast_signed(),
            s.views.cast_signed(),
            s.likes.cast_signed(),
            s.comments.cast_signed(),
            s.shares.cast_signed(),
        ])?;
    Ok(())
}

fn video(row: &Row<'_>) -> rusqlite::Result<RetainedVideo> {
    let number = |at| row.get::<_, i64>(at).map(i64::cast_unsigned);
    Ok(RetainedVideo {
        deletion: row.get(0)?,
        uploaded_on: row.get(1)?,
        engagement: Engagement {
            views: number(2)?,
            likes: number(3)?,
            comments: number(4)?,
            shares: number(5)?,
        },
    })
}

fn sums(row: &Row<'_>, from: usize) -> rusqlite::Result<RetainedSums> {
    let number = |at: usize| row.get::<_, i64>(from + at).map(i64::cast_unsigned);
    Ok(RetainedSums {
        videos: number(0)?,
        views: number(1)?,
        likes: number(2)?,
        comments: number(3)?,
        shares: number(4)?,
    })
}
