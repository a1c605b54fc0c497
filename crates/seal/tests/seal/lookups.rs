//! The blind index: t trustees make the token of a value, and lies are named.

use crate::support::*;
use countersign_seal::kind::{Attribute, Index};
use countersign_seal::normal::Normal;
use countersign_seal::oprf::{Blind, Evaluation, OprfError, Token, blind, combine, evaluate, lookup_commitment};

fn value() -> Normal {
    Normal::email("Ilka@dorn.example").unwrap()
}

fn index() -> World<Index> {
    world_of("index-1", &[Attribute::Email, Attribute::Phone])
}

#[test]
fn any_three_of_five_make_the_same_token() {
    let world = index();
    let token = |chosen: [usize; 3], secret: Blind| {
        let blinded = [blind(&value(), &secret).unwrap()];
        let evaluations: Vec<Evaluation> = chosen
            .map(|at| evaluate(&world.shares[at], &world.verifying, Attribute::Email, &blinded, &bytes("s")).unwrap())
            .into();
        let (combined, liars) =
            combine(&world.ring, &world.verifying, Attribute::Email, &blinded, &evaluations).unwrap();
        assert!(liars.is_empty());
        Token::finalize(&value(), &secret, &combined[0])
    };
    let first = token([0, 1, 2], Blind::random(&[5; 64]).unwrap());
    let second = token([4, 0, 3], Blind::of_lookup(&bytes("salt"), &value()).unwrap());
    assert_eq!(first.name(), second.name());
    assert_eq!(*first.posting_key(), *second.posting_key());
    let number = "7 1234567";
    assert_ne!(
        lookup_commitment(&[1; 32], &Normal::account(number).unwrap()),
        lookup_commitment(&[1; 32], &Normal::document("XA", "CCPT", number).unwrap())
    );
    assert_ne!(lookup_commitment(&[1; 32], &value()), lookup_commitment(&[2; 32], &value()));
}

#[test]
fn a_lying_evaluation_is_named_and_two_are_too_few() {
    let world = index();
    let secret = Blind::random(&[5; 64]).unwrap();
    let blinded =
        [blind(&value(), &secret).unwrap(), blind(&Normal::email("second@dorn.example").unwrap(), &secret).unwrap()];
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
    let blinded = blind(&value(), &Blind::random(&[5; 64]).unwrap()).unwrap();
    assert_eq!(run(Attribute::Email, &[]), Err(OprfError::Count(0)));
    assert_eq!(run(Attribute::Email, &vec![blinded; 1001]), Err(OprfError::Count(1001)));
    assert_eq!(run(Attribute::Wallet, &[blinded]), Err(OprfError::Key(Attribute::Wallet)));
    assert!(Blind::random(&[0; 64]).is_none());
}
