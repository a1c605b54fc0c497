//! What the prepared lists take of the memory, counted structure by structure.

use std::mem::size_of;

use super::{Index, Postings};
use crate::designation::Designation;
use crate::entity::Name;
use crate::identifier::Identifier;

/// A structure and the bytes it holds. What the allocator adds to each piece is not counted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Held {
    /// What it is.
    pub what: &'static str,
    /// Bytes.
    pub bytes: usize,
    /// How many pieces of memory it stands in.
    pub pieces: usize,
}

impl Index {
    /// Everything that is held: first what finds and compares names, then the records of the lists.
    pub fn memory(&self) -> Vec<Held> {
        let (words, word_keys) = self.vocabulary.bytes();
        let (joined, joined_keys) = self.joined.bytes();
        let one = |what, bytes| Held { what, bytes, pieces: 1 };
        let mut all = vec![
            one("words", words),
            one("keys of words", word_keys),
            one("joined words", joined),
            one("keys of joined words", joined_keys),
            one("names as words", size_of_val(&*self.words) + size_of_val(&*self.names)),
            one(
                "names by word",
                self.by_word.bytes()
                    + self.by_joined.bytes()
                    + size_of_val(&*self.counts)
                    + size_of_val(&*self.rarities),
            ),
            one("entities by number and id", size_of_val(&*self.by_identifier) + size_of_val(&*self.by_id)),
        ];
        let mut names = Held { what: "records: names", bytes: 0, pieces: 0 };
        let mut listings = Held { what: "records: listings", bytes: 0, pieces: 0 };
        let mut rest = Held { what: "records: the rest", bytes: size_of_val(&*self.entities), pieces: 1 };
        for entity in &self.entities {
            names.add(entity.names.capacity() * size_of::<Name>());
            entity.names.iter().for_each(|name| {
                names.add(name.text.capacity());
                names.add(name.family.as_ref().map_or(0, String::capacity));
            });
            listings.add(entity.designations.capacity() * size_of::<Designation>());
            for designation in &entity.designations {
                designation.texts().for_each(|text| listings.add(text.capacity()));
                listings.add(designation.measures.capacity() * size_of::<String>());
            }
            rest.add(entity.id.capacity());
            rest.add(size_of_val(&*entity.dates));
            rest.add(size_of_val(&*entity.territories));
            rest.add(entity.identifiers.capacity() * size_of::<Identifier>());
            entity.identifiers.iter().for_each(|identifier| rest.add(identifier.value.capacity()));
        }
        all.extend([names, listings, rest]);
        all
    }
}

impl<T> Postings<T> {
    fn bytes(&self) -> usize {
        size_of_val(&*self.starts) + size_of_val(&*self.names)
    }
}

impl Held {
    fn add(&mut self, bytes: usize) {
        self.bytes += bytes;
        self.pieces += usize::from(bytes > 0);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::entity::{Entity, Kind, NameQuality};

    fn entity(number: usize) -> Entity {
        Entity {
            id: format!("e-{number}"),
            kind: Kind::Person,
            names: vec![Name::new(format!("Ilya{number} Zemlinov"), NameQuality::Primary)],
            dates: Vec::with_capacity(50),
            territories: vec![],
            gender: None,
            identifiers: vec![],
            designations: vec![Designation::of_programme("EU-LBY", "eu_council")],
        }
    }

    #[test]
    fn everything_is_counted_and_no_room_is_kept() {
        let memory = |count: usize| Index::new((0..count).map(entity).collect()).memory();
        let (few, many) = (memory(10), memory(1_000));
        for (few, many) in few.iter().zip(&many) {
            assert_eq!(few.what, many.what);
            assert!(few.bytes <= many.bytes, "{few:?} {many:?}");
        }
        let of = |what: &str| many.iter().find(|held| held.what == what).copied().unwrap();
        let letters: usize = (0..1_000).map(|number| entity(number).names[0].text.len()).sum();
        assert_eq!(of("records: names").bytes, 1_000 * size_of::<Name>() + letters);
        let ids: usize = (0..1_000).map(|number| entity(number).id.len()).sum();
        assert_eq!(of("records: the rest").bytes, 1_000 * size_of::<Entity>() + ids, "room for dates was given back");
    }
}
