//! Screening on one core, beside the raw limits of the same run: reading the same clients without comparing them, and comparing every pair.
//!
//! Goals of the design, with the public lists (`COUNTERSIGN_SCREEN_DATA`, 18,362 entities): a million clients in 6 s; one `/match` query in
//! 1 ms at the 99th percentile and 20,000 a second; an update of 10,000 rows in 100 ms; a delta against a million clients in 1 s; an index of
//! at most 100 MB for 50,000 entities. Without the data the lists are generated: the figures then say nothing about the goals.
//! `COUNTERSIGN_SCREEN_CLIENTS` is how many clients stand for the million [default: 1,000,000].
//!
//! Everything is processor time, so that other programs on the machine change little; the time on the wall stands beside it.

mod http;

use countersign_bench::meter::{Meter, Usage, forget_peak, median, peak_memory, percentile, thread_time};
use countersign_core::time::Timestamp;
use countersign_screen::catalogue::Catalogue;
use countersign_screen::clients::Clients;
use countersign_screen::delta::ClientIndex;
use countersign_screen::designation::Designation;
use countersign_screen::entity::{Entity, Kind, Name, NameQuality};
use countersign_screen::index::Index;
use countersign_screen::index::screener::Screener;
use countersign_screen::list::{self, Version};
use countersign_screen::quality::alter::Seeded;
use countersign_screen::quality::data::Data;
use countersign_screen::read::Reading;
use countersign_screen::screen::{DEFAULT_THRESHOLD, Query};
use countersign_screen::served::Parameters;
use criterion::Criterion;
use std::hint::black_box;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

/// Clients in one round.
const CLIENTS: usize = 20_000;
/// Clients of the large runs.
const MILLION: usize = 1_000_000;
/// Rows of an update.
const UPDATED: usize = 10_000;
/// Syllables of generated names.
const SYLLABLES: [&str; 24] = [
    "al", "be", "cha", "dov", "el", "fa", "gor", "hin", "ib", "ja", "kor", "lu", "mo", "nin", "os", "pet", "qua", "ri",
    "sha", "tor", "ul", "vin", "wa", "zem",
];

fn main() {
    let mut criterion = Criterion::default()
        .configure_from_args()
        .sample_size(10)
        .warm_up_time(Duration::from_millis(300))
        .measurement_time(Duration::from_secs(3));
    let folder = std::env::var_os("COUNTERSIGN_SCREEN_DATA").map(PathBuf::from);
    let mut data = folder.map(|folder| Data::read(&folder).unwrap_or_else(|error| panic!("{error}")));
    let entities = data.as_mut().map_or_else(generated, |data| std::mem::take(&mut data.entities));
    let people: Option<&[Query]> = data.as_ref().map(|data| &*data.clean);
    println!(
        "{} entities, {}",
        entities.len(),
        if data.is_some() {
            "the public lists"
        } else {
            "GENERATED: name COUNTERSIGN_SCREEN_DATA for figures of the goals"
        }
    );

    let copy = entities.clone();
    forget_peak();
    let meter = Meter::start();
    let index = Index::new(copy);
    let built = meter.stop();
    let memory = peak_memory();
    println!("{} names, {} words", index.names(), index.words());

    let table = clients(people, CLIENTS);
    let queries = read(&table);
    let reading = measured(&mut criterion, "clients read from CSV", 5, || drop(black_box(read(&table))));
    let screening = measured(&mut criterion, "clients screened", 5, || {
        let mut screener = Screener::new(&index);
        for query in &queries {
            black_box(screener.screen_with_states(query, DEFAULT_THRESHOLD));
        }
    });
    let hard: Vec<Query> = entities
        .iter()
        .filter(|entity| entity.kind == Kind::Person)
        .take(1_000)
        .map(|entity| Query::by_name(&entity.id, Kind::Person, entity.caption()))
        .collect();
    let listed = measured(&mut criterion, "listed people asked about", 5, || {
        let mut screener = Screener::new(&index);
        for query in &hard {
            black_box(screener.screen_with_states(query, DEFAULT_THRESHOLD));
        }
    });
    let pairs = countersign_screen::index::differential::compare_both_ways(400, 50, 1, 1);
    let meter = Meter::start();
    black_box(countersign_screen::index::differential::compare_both_ways(400, 50, 1, 1));
    let every_pair = meter.stop().processor / pairs.pairs as f64;

    let at = Timestamp::from_unix(1_800_000_000).expect("a time");
    let whole = || Reading { entities: entities.clone(), ..Reading::default() };
    let (first, _) = list::update("bench", "a", None, whole(), at, 0).expect("a first version");
    let changed: Vec<Entity> = entities
        .iter()
        .enumerate()
        .map(|(number, entity)| {
            let mut entity = entity.clone();
            if number < UPDATED {
                entity.names.push(Name::new(format!("{} II", entity.caption()), NameQuality::Alias));
            }
            entity
        })
        .collect();
    let reading_of_change = Reading { entities: changed, ..Reading::default() };
    let meter = Meter::start();
    let updated = list::update("bench", "b", Some(&first), reading_of_change, at, 0).expect("an update");
    let update = meter.stop();
    assert_eq!(updated.1.changed.len(), UPDATED.min(entities.len()));
    criterion.final_summary();

    let million =
        std::env::var("COUNTERSIGN_SCREEN_CLIENTS").ok().and_then(|count| count.parse().ok()).unwrap_or(MILLION);
    forget_peak();
    let (everything, alerts) = many(&index, people, million);
    let while_screening = peak_memory();

    forget_peak();
    let all = read(&clients(people, million));
    let meter = Meter::start();
    let everybody = ClientIndex::new(all);
    let indexed = meter.stop();
    let new: Vec<String> = entities.iter().rev().take(100).map(|entity| entity.id.clone()).collect();
    let meter = Meter::start();
    let found = everybody.rescreen(&index, &new, DEFAULT_THRESHOLD).len();
    let rescreened = meter.stop();
    let while_rescreening = peak_memory();
    drop(everybody);

    let catalogue =
        Arc::new(Catalogue::new(vec![Version { head: first.head.clone(), entities: first.entities.clone() }]));
    let server = http::serve(Arc::clone(&catalogue));
    let nothing = Parameters::of_match("").expect("no parameters");
    let bodies: Vec<String> = queries.iter().take(5_000).map(|query| body(&query.names[0].text)).collect();
    let hard_bodies: Vec<String> = hard.iter().map(|query| body(&query.names[0].text)).collect();
    let ask = |body: &String| {
        let (start, wall) = (thread_time(), Meter::start());
        let answer = catalogue.match_examples("default", &nothing, body.as_bytes());
        black_box(answer.map(|answer| serde_json::to_vec(&answer)).ok());
        (thread_time().saturating_sub(start).as_secs_f64(), wall.stop().wall)
    };

    println!("\none core, processor time (in brackets the time on the wall)");
    let of = |name: &str, usage: Usage, goal: &str| {
        println!("{name:<52} {:>10.3} s ({:.3} s)  {goal}", usage.processor, usage.wall);
    };
    of("index built", built, "");
    if let Some(bytes) = memory {
        println!(
            "{:<52} {:>10.0} MB (with the lists as they were read, twice)",
            "memory, peak of building",
            bytes / 1e6
        );
    }
    let held = index.memory();
    held.iter().for_each(|held| println!("  {:<50} {:>10.2} MB", held.what, held.bytes as f64 / 1e6));
    let all = held.iter().map(|held| held.bytes).sum::<usize>() as f64 / 1e6;
    let of_50k = all / entities.len() as f64 * 5e4;
    println!("{:<52} {all:>10.2} MB: {of_50k:.0} MB per 50,000 entities (ceiling 100)", "memory, counted");
    let share = |usage: Usage, count: usize| usage.processor / count as f64;
    let row = |name: &str, each: f64, goal: &str| println!("{name:<52} {:>10.2} us each  {goal}", each * 1e6);
    row("client read, not compared (raw limit)", share(reading, queries.len()), "");
    row("client screened", share(screening, queries.len()), "(goal 6 us: a million in 6 s)");
    row("listed person asked about", share(listed, hard.len()), "");
    row("one pair compared without the index, both ways", every_pair, "");
    println!(
        "{:<52} {:>10.0} times",
        "every pair instead of the index would take",
        every_pair * index.names() as f64 / share(screening, queries.len())
    );
    of(&format!("{million} clients read and screened, {alerts} alerts"), everything, "(goal 6 for a million)");
    megabytes("memory at most meanwhile, with lists and index", while_screening);
    of("update of 10,000 rows", update, "(goal 0.1)");
    of(&format!("{million} clients indexed"), indexed, "");
    of(&format!("100 new entities against them, {found} alerts"), rescreened, "(goal 1 for a million)");
    megabytes("memory at most meanwhile, with lists and both indexes", while_rescreening);
    for (name, bodies) in
        [("/match, one query about a clean name", bodies), ("/match, one query about a listed name", hard_bodies)]
    {
        for connections in [1, 8] {
            let over = http::ask(server, &bodies, connections);
            println!(
                "{name:<52} p50 {:.3} ms, p99 {:.3} ms on the wall, {:.0} a second of the server's core, over HTTP, {connections} at once (goals 1 ms, 20,000)",
                percentile(over.wall.clone(), 0.5) * 1e3,
                percentile(over.wall, 0.99) * 1e3,
                1.0 / over.served
            );
        }
        let each: Vec<(f64, f64)> = bodies.iter().map(ask).collect();
        let (spent, wall): (Vec<f64>, Vec<f64>) = each.into_iter().unzip();
        println!(
            "{name:<52} p50 {:.3} ms, p99 {:.3} ms ({:.3} ms) (goal 1), {:.0} a second (goal 20,000), without HTTP",
            percentile(spent.clone(), 0.5) * 1e3,
            percentile(spent.clone(), 0.99) * 1e3,
            percentile(wall, 0.99) * 1e3,
            spent.len() as f64 / spent.iter().sum::<f64>()
        );
    }
}

fn megabytes(name: &str, bytes: Option<f64>) {
    if let Some(bytes) = bytes {
        println!("{name:<52} {:>10.0} MB", bytes / 1e6);
    }
}

fn body(name: &str) -> String {
    serde_json::json!({ "queries": { "q": { "schema": "Person", "properties": { "name": [name] } } } }).to_string()
}

/// Clients read from CSV and screened, with every alert written, as `countersign screen` does on one core; without its disk.
fn many(index: &Index, people: Option<&[Query]>, count: usize) -> (Usage, u64) {
    let table = clients(people, count);
    let meter = Meter::start();
    let mut rows = Clients::csv("clients.csv", table.as_bytes()).expect("a header");
    let (mut alerts, mut written) = (0, Vec::new());
    let mut screener = Screener::new(index);
    while let Some(row) = rows.next_row().expect("rows") {
        for alert in row.query.iter().flat_map(|query| screener.screen_with_states(query, DEFAULT_THRESHOLD)) {
            alerts += 1;
            written.clear();
            serde_json::to_writer(&mut written, &alert).expect("an alert");
            black_box(&written);
        }
    }
    (meter.stop(), alerts)
}

/// Criterion's statistics for the record, and the middle of plain rounds for the table.
fn measured(criterion: &mut Criterion, name: &str, rounds: usize, mut work: impl FnMut()) -> Usage {
    criterion.bench_function(name, |bencher| bencher.iter(&mut work));
    let each: Vec<Usage> = (0..rounds)
        .map(|_| {
            let meter = Meter::start();
            work();
            meter.stop()
        })
        .collect();
    let middle = |of: fn(&Usage) -> f64| median(each.iter().map(of).collect());
    Usage { wall: middle(|usage| usage.wall), processor: middle(|usage| usage.processor), written: 0.0 }
}

fn word(random: &mut Seeded) -> String {
    (0..2 + random.below(2)).map(|_| SYLLABLES[random.below(SYLLABLES.len())]).collect()
}

fn generated() -> Vec<Entity> {
    let mut random = Seeded::new(1);
    (0..18_500)
        .map(|number| Entity {
            id: format!("generated-{number}"),
            kind: if number % 3 == 0 { Kind::Organisation } else { Kind::Person },
            names: (0..3)
                .map(|_| {
                    Name::new(
                        format!("{} {} {}", word(&mut random), word(&mut random), word(&mut random)),
                        NameQuality::Alias,
                    )
                })
                .collect(),
            dates: vec![],
            territories: vec![],
            gender: None,
            identifiers: vec![],
            designations: vec![Designation::of_programme("EU-LBY", "eu_council")],
        })
        .collect()
}

/// Clients as a table: the synthetic people of the public data, beyond their number with given and family names combined anew; or generated.
fn clients(people: Option<&[Query]>, count: usize) -> String {
    let mut table = "id,name,birth_date,nationality\n".to_owned();
    match people {
        Some(people) => {
            for number in 0..count {
                let person = &people[number % people.len()];
                let date = person.dates.first().map(ToString::to_string).unwrap_or_default();
                let state = person.territories.first().map(ToString::to_string).unwrap_or_default();
                let round = number / people.len();
                let other = &people[(number + round * 7_919) % people.len()];
                let name = combined(&person.names[0].text, &other.names[0].text);
                table.push_str(&format!("{number},\"{}\",{date},{state}\n", name.replace('"', "")));
            }
        }
        None => {
            let mut random = Seeded::new(2);
            for number in 0..count {
                table.push_str(&format!("{number},{} {},1980-01-02,it\n", word(&mut random), word(&mut random)));
            }
        }
    }
    table
}

/// The one's words without the last, and the last of the other.
fn combined(one: &str, other: &str) -> String {
    let given = one.rsplit_once(' ').map_or(one, |(given, _)| given);
    let family = other.rsplit_once(' ').map_or(other, |(_, family)| family);
    format!("{given} {family}")
}

fn read(table: &str) -> Vec<Query> {
    let mut clients = Clients::csv("clients.csv", table.as_bytes()).expect("a header");
    let mut queries = Vec::with_capacity(CLIENTS);
    while let Some(row) = clients.next_row().expect("rows") {
        queries.extend(row.query);
    }
    queries
}
