//! The blind index: t trustees make the token of a value, and lies are named.

use crate::support::*;
use countersign_seal::kind::{Attribute, Index};
use countersign_seal::oprf::{Blind, Evaluation, OprfError, Token, blind, combine, evaluate, lookup_commitment};

const VALUE: &[u8] = b"ilka@dorn.example";

fn index() -> World<Index> {
    world_of("index-1", &[Attribute::Email, Attribute::Phone])
}

#[test]
fn any_three_of_five_make_the_same_token() {
    let world = index();
    let token = |chosen: [usize; 3], secret: Blind| {
        let blinded = [blind(VALUE, &secret).unwrap()];
        let evaluations: Vec<Evaluation> = chosen
            .map(|at| evaluate(&world.shares[at], &world.verifying, Attribute::Email, &blinded, &bytes("s")).unwrap())
            .into();
        let (combined, liars) =
            combine(&world.ring, &world.verifying, Attribute::Email, &blinded, &evaluations).unwrap();
        assert!(liars.is_empty());
        Token::finalize(VALUE, &secret, &combined[0])
    };
    let first = token([0, 1, 2], Blind::random(&[5; 64]).unwrap());
    let second = token([4, 0, 3], Blind::of_lookup(&bytes("salt"), Attribute::Email, VALUE).unwrap());
    assert_eq!(first.name(), second.name());
    assert_eq!(*first.posting_key(), *second.posting_key());
    assert_ne!(
        lookup_commitment(&[1; 32], Attribute::Email, VALUE),
        lookup_commitment(&[1; 32], Attribute::Phone, VALUE)
    );
}

#[test]
fn a_lying_evaluation_is_named_and_two_are_too_few() {
    let world = index();
    let secret = Blind::random(&[5; 64]).unwrap();
    let blinded = [blind(VALUE, &secret).unwrap(), blind(b"second", &secret).unwrap()];
    let mut all: Vec<Evaluation> = world
        .shares
        .iter()
        .map(|share| evaluate(share, &world.verifying, Attribute::Email, &blinded, &bytes("s")).unwrap())
        .collect();
    let honest = combine(&world.ring, &world.verifying, Attribute::Email, &blinded, &all).unwrap().0;
    all[1].elements.swap(0, 1);
    all[3].elements[0] = [0; 32];
    let (found, liars) = combine(&world.ring, &world.verifying, Attribute::Email, &blinded, &all).unwrap();
    assert_eq!((found, liars), (honest, vec![2, 4]));
    assert_eq!(
        combine(&world.ring, &world.verifying, Attribute::Email, &blinded, &all[..3]).unwrap_err(),
        OprfError::TooFew { have: 2, need: 3, liars: vec![2] }
    );
    assert_eq!(
        combine(&world.ring, &world.verifying, Attribute::Phone, &blinded, &all).unwrap_err(),
        OprfError::TooFew { have: 0, need: 3, liars: vec![1, 2, 3, 4, 5] }
    );
    let twice = [all[0].clone(), all[0].clone()];
    assert_eq!(
        combine(&world.ring, &world.verifying, Attribute::Email, &blinded, &twice).unwrap_err(),
        OprfError::Trustee(1)
    );
}

#[test]
fn only_sensible_requests_are_evaluated() {
    let world = index();
    let run = |attribute, blinded: &[countersign_seal::group::Element]| {
        evaluate(&world.shares[0], &world.verifying, attribute, blinded, &bytes("s")).map(|_| ())
    };
    let blinded = blind(VALUE, &Blind::random(&[5; 64]).unwrap()).unwrap();
    assert_eq!(run(Attribute::Email, &[]), Err(OprfError::Count(0)));
    assert_eq!(run(Attribute::Email, &vec![blinded; 1001]), Err(OprfError::Count(1001)));
    assert_eq!(run(Attribute::Wallet, &[blinded]), Err(OprfError::Key(Attribute::Wallet)));
    assert_eq!(blind(b"", &Blind::random(&[5; 64]).unwrap()).unwrap_err(), OprfError::Input);
    assert!(Blind::random(&[0; 64]).is_none());
}
