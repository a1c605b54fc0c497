//! Figures of quality on the public lists, and bounds below which they must not fall.

use countersign_screen::entity::{Entity, Kind};
use countersign_screen::index::Index;
use countersign_screen::quality::alter::Alteration;
use countersign_screen::quality::pairs::LabelledPair;
use countersign_screen::quality::report::{
    HEAD, Stated, Variant, altered, clean_people, pair_figures, read_people, variants, without,
};

use crate::public::{all, bytes, folder};

/// How many clean people are asked about here; `countersign screen bench` asks about all.
const CLEAN: usize = 20_000;

#[test]
fn figures() {
    let Some(folder) = folder() else { return };
    let entities = all(&folder);
    let pairs = LabelledPair::read_all(&bytes(&folder.join("pairs/name_pairs.csv"))).unwrap();
    let agreement = pair_figures(&pairs, entities.clone());
    println!("pairs: {agreement}");
    assert!(agreement.held_out.f1() >= 0.84);
    let mut clean = read_people(&bytes(&folder.join("people/negatives_us.csv"))).unwrap();
    clean.truncate(CLEAN);
    let index = Index::new(entities.clone());
    println!("{} entities, {} names, {} words", index.entities().len(), index.names(), index.words());
    let people: Vec<&Entity> =
        entities.iter().filter(|entity| entity.id.starts_with("un-") && entity.kind == Kind::Person).collect();
    for what in [Stated::DateAndTerritory, Stated::NameOnly] {
        println!("{what:?}\n{HEAD}");
        let base = clean_people(&index, &clean, what, 2);
        for alteration in Alteration::ALL {
            let line = altered(&index, &people, alteration, what, &base, 1, 2);
            println!("{line}");
            let (at_100, bound) = (line.budgets[2].recall, if what == Stated::DateAndTerritory { 0.9 } else { 0.3 });
            assert!(
                at_100 >= bound,
                "{what:?}, {}: {at_100} of the people are found at 100 alerts per 100,000",
                line.what
            );
        }
    }
    println!("{HEAD}");
    let everyone: Vec<&Entity> = entities.iter().filter(|entity| entity.kind == Kind::Person).collect();
    for (order, variant) in [Variant::Cyrillic, Variant::Arabic, Variant::Latin].into_iter().enumerate() {
        let index = Index::new(without(&entities, variant));
        let base = clean_people(&index, &clean, Stated::NameOnly, 2);
        let line = variants(&index, &everyone, variant, &base, 2);
        println!("{line}");
        let (at_500, bound) = (line.budgets[3].recall, [0.94, 0.5, 0.3][order]);
        assert!(at_500 >= bound, "{variant:?}: {at_500} of the people are found at 500 alerts per 100,000");
    }
}
