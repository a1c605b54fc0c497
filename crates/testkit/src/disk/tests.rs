use super::*;
use crate::random::{below, named};
use rand_chacha::ChaCha20Rng;
use rand_chacha::rand_core::Rng as _;
use std::collections::BTreeSet;

fn disk(calls: &[Call]) -> Disk {
    let mut disk = Disk::new();
    for call in calls {
        disk.apply(call).unwrap();
    }
    disk
}

fn create(path: &str) -> Call {
    Call::Create { path: path.into(), truncate: true }
}

fn write(path: &str, at: usize, bytes: &[u8]) -> Call {
    Call::Write { path: path.into(), at, bytes: bytes.to_vec() }
}

fn sync(path: &str) -> Call {
    Call::Sync { path: path.into(), before: usize::MAX }
}

fn rename(from: &str, to: &str) -> Call {
    Call::Rename { from: from.into(), to: to.into() }
}

fn folder(path: &str) -> Call {
    Call::CreateFolder { path: path.into() }
}

/// Every state a loss of power can leave, as far as the exhaustive choices go.
fn outcomes(disk: &Disk) -> BTreeSet<Vec<(PathBuf, Option<Vec<u8>>)>> {
    let (mut choices, mut outcomes) = (Exhaustive::new(), BTreeSet::new());
    for _ in 0..100_000 {
        let crashed = disk.crash(&mut choices);
        outcomes.insert(crashed.all().into_iter().map(|(path, bytes)| (path, bytes.map(<[u8]>::to_vec))).collect());
        if !choices.advance() {
            return outcomes;
        }
    }
    panic!("too many outcomes for this test");
}

fn files(outcome: &[(PathBuf, Option<Vec<u8>>)]) -> Vec<(String, String)> {
    let text = |bytes: &Option<Vec<u8>>| String::from_utf8(bytes.clone().unwrap_or_default()).unwrap();
    outcome.iter().map(|(path, bytes)| (path.display().to_string(), text(bytes))).collect()
}

fn texts(disk: &Disk) -> Vec<Vec<(String, String)>> {
    outcomes(disk).iter().map(|outcome| files(outcome)).collect()
}

fn pairs(list: &[&[(&str, &str)]]) -> Vec<Vec<(String, String)>> {
    let owned = |(path, text): &(&str, &str)| ((*path).to_owned(), (*text).to_owned());
    list.iter().map(|one| one.iter().map(owned).collect()).collect()
}

#[test]
fn a_name_and_its_bytes_last_apart() {
    let one = [create("/a"), write("/a", 0, b"x")];
    assert_eq!(texts(&disk(&one)), pairs(&[&[], &[("/a", "")], &[("/a", "\0")], &[("/a", "x")]]));
    let synced = disk(&[&one[..], &[sync("/a")]].concat());
    assert_eq!(texts(&synced), pairs(&[&[], &[("/a", "x")]]));
    let named = disk(&[&one[..], &[sync("/")]].concat());
    assert_eq!(texts(&named), pairs(&[&[("/a", "")], &[("/a", "\0")], &[("/a", "x")]]));
    let both = disk(&[&one[..], &[sync("/a"), sync("/")]].concat());
    assert_eq!((texts(&both), both.unsynced()), (pairs(&[&[("/a", "x")]]), 0));
}

#[test]
fn a_file_replaced_the_right_way_is_the_old_or_the_new_one() {
    let old = [create("/f"), write("/f", 0, b"old"), sync("/f"), sync("/")];
    let new = [create("/t"), write("/t", 0, b"new!"), sync("/t"), rename("/t", "/f")];
    let replaced = disk(&[&old[..], &new[..]].concat());
    let seen: BTreeSet<String> =
        texts(&replaced).into_iter().flatten().filter(|(path, _)| path == "/f").map(|(_, text)| text).collect();
    assert_eq!(seen, BTreeSet::from(["old".to_owned(), "new!".to_owned()]));
    // Without the sync of the file, the new name may stand for nothing.
    let careless = disk(&[&old[..], &new[..2], &new[3..], &[sync("/")]].concat());
    assert!(texts(&careless).contains(&pairs(&[&[("/f", "")]])[0]));
}

#[test]
fn later_changes_may_be_kept_without_earlier_ones() {
    let two = disk(&[create("/a"), create("/b"), sync("/"), write("/a", 0, b"1"), write("/b", 0, b"2")]);
    assert!(texts(&two).contains(&pairs(&[&[("/a", ""), ("/b", "2")]])[0]));
    let over = disk(&[create("/a"), sync("/"), write("/a", 0, b"12"), write("/a", 0, b"3")]);
    for text in ["", "1", "12", "32", "3"] {
        assert!(texts(&over).contains(&pairs(&[&[("/a", text)]])[0]), "{text}");
    }
    assert!(!texts(&over).iter().any(|outcome| outcome[0].1.starts_with('2')), "bytes move nowhere");
}

#[test]
fn a_write_tears_at_sectors_and_at_bytes() {
    let old = vec![b'o'; 1_300];
    let mut torn = disk(&[create("/a"), write("/a", 0, &old), sync("/a"), sync("/")]);
    torn.apply(&write("/a", 100, &[b'n'; 1_000])).unwrap();
    let outcomes: BTreeSet<Vec<u8>> = outcomes(&torn).into_iter().map(|files| files[0].1.clone().unwrap()).collect();
    let count = |from: usize, to: usize| outcomes.iter().filter(|file| file[from..to].contains(&b'n')).count();
    assert!(outcomes.len() > 12);
    assert_eq!((count(0, 100), count(1_100, 1_300)), (0, 0), "bytes beside the write stay");
    // Sectors 0 and 2 without sector 1.
    assert!(outcomes.iter().any(|file| file[511] == b'n' && file[512] == b'o' && file[1_024] == b'n'));
    // A cut within a sector.
    assert!(outcomes.iter().any(|file| file[100] == b'n' && file[511] == b'o'));
}

#[test]
fn a_failed_sync_loses_what_no_later_one_repairs() {
    let mut failed = disk(&[create("/a"), sync("/"), write("/a", 0, b"1")]);
    failed.apply(&Call::FailedSync { path: "/a".into() }).unwrap();
    failed.apply(&write("/a", 1, b"2")).unwrap();
    failed.apply(&sync("/a")).unwrap();
    assert_eq!(failed.read(Path::new("/a")).unwrap(), b"12");
    assert_eq!(texts(&failed), pairs(&[&[("/a", "\x002")], &[("/a", "12")]]));
    // Written again and synced, it is there, and what the failed sync left does not come back over it.
    failed.apply(&write("/a", 0, b"34")).unwrap();
    failed.apply(&sync("/a")).unwrap();
    assert_eq!(texts(&failed), pairs(&[&[("/a", "34")]]));
}

#[test]
fn a_sync_covers_what_came_before_it_began() {
    let mut disk = disk(&[create("/a"), sync("/"), write("/a", 0, b"1"), write("/a", 1, b"2")]);
    disk.apply(&Call::Sync { path: "/a".into(), before: 3 }).unwrap();
    assert_eq!(texts(&disk), pairs(&[&[("/a", "1")], &[("/a", "1\0")], &[("/a", "12")]]));
}

#[test]
fn folders_need_their_own_sync() {
    let nested = disk(&[folder("/x"), create("/x/f"), write("/x/f", 0, b"1"), sync("/x/f"), sync("/x")]);
    assert_eq!(texts(&nested), pairs(&[&[], &[("/x", ""), ("/x/f", "1")]]));
    let moved = disk(&[folder("/x"), sync("/"), create("/f"), sync("/"), rename("/f", "/x/f")]);
    assert_eq!(texts(&moved).len(), 4, "across folders a rename is two changes");
}

#[test]
fn what_cannot_be_done_is_refused_and_not_counted() {
    let mut disk = disk(&[folder("/x"), create("/f")]);
    for call in [
        create("/x"),
        create("/y/f"),
        create("/f/g"),
        write("/y", 0, b"1"),
        write("/x", 0, b"1"),
        folder("/x"),
        folder("/f"),
        rename("/y", "/z"),
        rename("/f", "/x"),
        rename("/f", "/y/f"),
        Call::Remove { path: "/y".into() },
        sync("/y"),
    ] {
        assert!(disk.apply(&call).is_err(), "{call:?}");
    }
    assert_eq!(disk.calls(), 2);
    assert_eq!(disk.list(Path::new("/")).unwrap().len(), 2);
    assert!(disk.is_folder(Path::new("/x")) && !disk.is_folder(Path::new("/f")));
}

/// Calls that can be made on a small disk.
fn some_call(rng: &mut ChaCha20Rng) -> Call {
    let mut name = || format!("{}/{}", ["", "/x"][below(rng, 2) as usize], ["a", "b", "c"][below(rng, 3) as usize]);
    let (one, other) = (PathBuf::from(name()), PathBuf::from(name()));
    let at = below(rng, 1_500) as usize;
    match below(rng, 12) {
        0..=2 => Call::Create { path: one, truncate: at.is_multiple_of(2) },
        3..=5 => Call::Write { path: one, at, bytes: vec![at as u8; 1 + below(rng, 1_200) as usize] },
        6 => Call::Length { path: one, length: at },
        7 | 8 => Call::Sync { path: if at.is_multiple_of(3) { "/".into() } else { one }, before: usize::MAX },
        9 => Call::Rename { from: one, to: other },
        10 => Call::Remove { path: one },
        _ => Call::CreateFolder { path: "/x".into() },
    }
}

#[test]
fn random_calls_keep_the_laws() {
    for seed in 0..300 {
        let mut rng = named(&format!("disk {seed}"));
        let mut disk = Disk::new();
        for _ in 0..below(&mut rng, 60) {
            let before = disk.clone();
            if disk.apply(&some_call(&mut rng)).is_err() {
                assert_eq!((before.all(), before.calls()), (disk.all(), disk.calls()), "seed {seed}");
            }
        }
        // Everything kept is what programs saw.
        assert_eq!(disk.crash(&mut Everything).all(), disk.all(), "seed {seed}");
        // A crash leaves nothing unsynced: a second one changes nothing.
        let crashed = disk.crash(&mut Random::new(named(&format!("crash {seed}"))));
        assert_eq!(crashed.unsynced(), 0);
        assert_eq!(crashed.crash(&mut Nothing).all(), crashed.all(), "seed {seed}");
        // Every path that is there after a crash was there, as a file or a folder, at some time: its name at least.
        for (path, bytes) in crashed.all() {
            let name = path.file_name().unwrap().to_str().unwrap();
            assert!(["a", "b", "c", "x"].contains(&name) && (name == "x") == bytes.is_none());
        }
        // Once everything is synced, nothing is lost.
        let mut synced = disk.clone();
        let paths: Vec<PathBuf> = synced.all().into_iter().map(|(path, _)| path).collect();
        for path in paths.into_iter().chain([PathBuf::from("/")]) {
            synced.apply(&Call::Sync { path, before: usize::MAX }).unwrap();
        }
        assert_eq!(synced.crash(&mut Nothing).all(), disk.all(), "seed {seed}");
    }
}

#[test]
fn what_was_synced_is_in_every_outcome() {
    for seed in 0..200 {
        let mut rng = named(&format!("synced {seed}"));
        let mut disk = disk(&[create("/s"), write("/s", 0, b"synced"), sync("/s"), sync("/")]);
        for _ in 0..30 {
            let _ = disk.apply(&some_call(&mut rng));
        }
        for _ in 0..5 {
            let crashed = disk.crash(&mut Random::new(named(&format!("{seed} {}", rng.next_u32()))));
            assert_eq!(crashed.read(Path::new("/s")).unwrap(), b"synced", "seed {seed}");
        }
    }
}
