//! Open cases by deadline out of 100,000 on SQLite, beside the bare statement on the same file in the same run.
//!
//! Ceiling of the design: 100,000 open cases listed by deadline in 50 ms.

use countersign_core::id::{CaseId, PersonId};
use countersign_core::time::Timestamp;
use countersign_store::sqlite::SqliteStore;
use countersign_store::{CaseStanding, DuePlace, Listing as _};
use criterion::Criterion;
use sqlx::{ConnectOptions as _, Connection as _, Row as _, SqliteConnection};
use std::hint::black_box;
use std::time::Duration;

/// Open cases.
const CASES: u32 = 100_000;
/// Cases of a page that people read, and of one that a program reads.
const PAGES: [u32; 2] = [50, 10_000];

const FILL: &str = "INSERT INTO case_place (case_id, last, opened_at, last_at, through, stage, open, holder, due, clock, paused) \
    VALUES ($1, 3, $2, $2, 3, 'REVIEW', 1, $3, $4, 'review', 0)";
const BARE: &str = "SELECT case_id, due FROM case_place WHERE open = 1 AND through >= 0 ORDER BY due, case_id";

fn main() {
    let mut criterion = Criterion::default()
        .configure_from_args()
        .sample_size(20)
        .warm_up_time(Duration::from_millis(300))
        .measurement_time(Duration::from_secs(3));
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
    let place = tempfile::tempdir().expect("a folder");
    let path = place.path().join("custodian.db");
    let store = runtime.block_on(SqliteStore::open(&path)).expect("a new file");
    let mut bare = runtime.block_on(fill(&path)).expect("filled");
    let holder = PersonId::parse("officer-7").expect("a person");

    criterion.bench_function("100,000 cases: id and deadline by the bare statement, the raw limit", |bencher| {
        bencher.iter(|| {
            let rows = runtime.block_on(sqlx::query(BARE).fetch_all(&mut bare)).expect("rows");
            assert_eq!(rows.len(), CASES as usize);
            black_box(rows.iter().filter_map(|row| row.try_get::<i64, _>(1).ok()).max());
        });
    });
    criterion.bench_function("100,000 cases: all of them in pages of 10,000", |bencher| {
        bencher.iter(|| assert_eq!(runtime.block_on(all(&store)), CASES as usize));
    });
    for limit in PAGES {
        criterion.bench_function(&format!("100,000 cases: first page of {limit}"), |bencher| {
            bencher.iter(|| black_box(runtime.block_on(store.cases_by_deadline(None, None, limit)).expect("a page")));
        });
    }
    let middle = runtime.block_on(store.cases_by_deadline(None, None, CASES / 2)).expect("a page");
    let middle = middle.last().map(CaseStanding::place);
    criterion.bench_function("100,000 cases: a page of 50 from the middle", |bencher| {
        bencher.iter(|| black_box(runtime.block_on(store.cases_by_deadline(None, middle, 50)).expect("a page")));
    });
    criterion.bench_function("100,000 cases: first page of 50 of one of 40 officers", |bencher| {
        bencher.iter(|| black_box(runtime.block_on(store.cases_by_deadline(Some(&holder), None, 50)).expect("a page")));
    });
    criterion.final_summary();
}

async fn all(store: &SqliteStore) -> usize {
    let (mut seen, mut after) = (0, None::<DuePlace>);
    loop {
        let page = store.cases_by_deadline(None, after, 10_000).await.expect("a page");
        let Some(last) = page.last() else { return seen };
        after = Some(last.place());
        seen += page.len();
    }
}

/// Deadlines spread over a year, in no order of the ids.
async fn fill(path: &std::path::Path) -> sqlx::Result<SqliteConnection> {
    let mut connection = sqlx::sqlite::SqliteConnectOptions::new().filename(path).connect().await?;
    let mut transaction = connection.begin().await?;
    let now = Timestamp::parse("2026-11-20T12:00:00Z").expect("a time").unix();
    for number in 0..CASES {
        let mut id = [0; 16];
        id.iter_mut().zip(number.wrapping_mul(2_654_435_761).to_be_bytes()).for_each(|(to, from)| *to = from);
        sqlx::query(FILL)
            .bind(CaseId(id).as_bytes().as_slice())
            .bind(now)
            .bind(format!("officer-{}", number % 40))
            .bind(now + i64::from(number.wrapping_mul(40_503) % 31_536_000))
            .execute(&mut *transaction)
            .await?;
    }
    transaction.commit().await?;
    Ok(connection)
}
