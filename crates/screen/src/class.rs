//! Classes of equivalent given and family names (`sergei`, `serhiy`, `siarhei`), compiled from rigour's Wikidata table (MIT, data CC0;
//! see `data/NOTICE.md`) by `examples/compile-data.rs`.
//!
//! The file: magic, count of blocks, block offsets, then blocks of up to 32 sorted words. A word is the length shared with the one
//! before it in the block, the length of the rest, the rest, the count of its classes and their numbers as differences (LEB128).

static TABLE: &[u8] = include_bytes!("../data/name_classes.bin");

/// First bytes of the file.
pub const MAGIC: &[u8; 8] = b"CSNCLS1\n";

/// Most words of one block.
pub const BLOCK: usize = 32;

/// Numbers of the classes in which a word stands, ascending; words of scripts without vowels stand there with `~` before them.
pub fn classes_of(key: &str) -> Vec<u32> {
    look_up(TABLE, key.as_bytes()).unwrap_or_default()
}

/// Writes the table. `rows` are sorted by word, without repetition, each with its classes ascending.
pub fn encode(rows: &[(String, Vec<u32>)]) -> Vec<u8> {
    let mut body = Vec::new();
    let mut offsets = Vec::new();
    for block in rows.chunks(BLOCK) {
        offsets.push(u32::try_from(body.len()).unwrap_or(u32::MAX));
        let mut last: &[u8] = b"";
        for (word, classes) in block {
            let word = word.as_bytes();
            let shared = word.iter().zip(last).take_while(|(l, r)| l == r).count();
            put(&mut body, shared);
            put(&mut body, word.len() - shared);
            body.extend_from_slice(&word[shared..]);
            put(&mut body, classes.len());
            let mut before = 0;
            for class in classes {
                put(&mut body, (class - before) as usize);
                before = *class;
            }
            last = word;
        }
    }
    let mut out = MAGIC.to_vec();
    out.extend(u32::try_from(offsets.len()).unwrap_or(u32::MAX).to_le_bytes());
    out.extend(offsets.iter().flat_map(|offset| offset.to_le_bytes()));
    out.extend(body);
    out
}

fn put(out: &mut Vec<u8>, mut value: usize) {
    while value >= 0x80 {
        out.push((value & 0x7f) as u8 | 0x80);
        value >>= 7;
    }
    out.push(value as u8);
}

fn take(bytes: &mut &[u8]) -> Option<usize> {
    let mut value = 0;
    for shift in 0..5 {
        let (byte, rest) = bytes.split_first()?;
        *bytes = rest;
        value |= usize::from(byte & 0x7f) << (7 * shift);
        if byte & 0x80 == 0 {
            return Some(value);
        }
    }
    None
}

fn word_at(bytes: &mut &[u8], word: &mut Vec<u8>) -> Option<()> {
    let shared = take(bytes)?;
    let length = take(bytes)?;
    word.truncate(shared);
    word.extend_from_slice(bytes.get(..length)?);
    *bytes = bytes.get(length..)?;
    Some(())
}

fn look_up(table: &[u8], key: &[u8]) -> Option<Vec<u32>> {
    let rest = table.strip_prefix(MAGIC)?;
    let count = u32::from_le_bytes(rest.get(..4)?.try_into().ok()?) as usize;
    let offsets = rest.get(4..4 + count * 4)?;
    let body = rest.get(4 + count * 4..)?;
    let block = |index: usize| -> Option<&[u8]> {
        let offset = u32::from_le_bytes(offsets.get(index * 4..index * 4 + 4)?.try_into().ok()?);
        body.get(offset as usize..)
    };
    let (mut low, mut high) = (0, count);
    let mut word = Vec::new();
    while low < high {
        let middle = low.midpoint(high);
        word.clear();
        word_at(&mut block(middle)?, &mut word)?;
        if word.as_slice() <= key { low = middle + 1 } else { high = middle }
    }
    let mut bytes = block(low.checked_sub(1)?)?;
    word.clear();
    for _ in 0..BLOCK {
        word_at(&mut bytes, &mut word)?;
        let classes = take(&mut bytes)?;
        let mut found = Vec::with_capacity(classes);
        let mut class = 0;
        for _ in 0..classes {
            class += u32::try_from(take(&mut bytes)?).ok()?;
            found.push(class);
        }
        match word.as_slice().cmp(key) {
            std::cmp::Ordering::Equal => return Some(found),
            std::cmp::Ordering::Greater => return None,
            std::cmp::Ordering::Less if bytes.is_empty() => return None,
            std::cmp::Ordering::Less => {}
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_is_found() {
        let rows: Vec<(String, Vec<u32>)> =
            (0..1000_u32).map(|n| (format!("name{n:04}"), vec![n, n + 200, n + 70_000])).collect();
        let table = encode(&rows);
        for (word, classes) in &rows {
            assert_eq!(look_up(&table, word.as_bytes()).as_ref(), Some(classes), "{word}");
        }
        for absent in ["", "a", "name", "name00000", "name0500x", "zzz"] {
            assert_eq!(look_up(&table, absent.as_bytes()), None, "{absent}");
        }
    }

    #[test]
    fn a_cut_table_answers_nothing_and_does_not_panic() {
        let rows: Vec<(String, Vec<u32>)> = (0..100_u32).map(|n| (format!("name{n:04}"), vec![n])).collect();
        let table = encode(&rows);
        for cut in 0..table.len() {
            let _ = look_up(&table[..cut], b"name0050");
        }
    }

    #[test]
    fn the_shipped_table_knows_names_across_languages() {
        let shared = |left: &str, right: &str| classes_of(left).iter().any(|class| classes_of(right).contains(class));
        assert!(shared("sergey", "serhiy"));
        assert!(shared("mohammed", "mehmed"));
        assert!(shared("ali", "~aly"));
        assert!(!shared("sergey", "andrey"));
    }
}
