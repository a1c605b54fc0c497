//! The published vectors of RFC 9497, appendices A.1.1 and A.1.2 (`vectors/seal/oprf.json`), value by value.

use super::*;
use countersign_core::encoding::{hex, unhex};
use serde_json::Value;

const FILE: &str = include_str!("../../../../vectors/seal/oprf.json");

fn text(value: &Value) -> &str {
    value.as_str().unwrap()
}

fn scalar(value: &Value) -> Scalar {
    decode_scalar(&unhex(text(value)).unwrap()).unwrap()
}

fn bytes(value: &Value) -> Vec<u8> {
    let pairs = text(value).as_bytes().chunks(2);
    pairs.map(|pair| u8::from_str_radix(std::str::from_utf8(pair).unwrap(), 16).unwrap()).collect()
}

#[test]
fn every_value_of_rfc_9497_follows() {
    let file: Value = serde_json::from_str(FILE).unwrap();
    let vectors = file["rfc9497"].as_array().unwrap();
    assert_eq!(vectors.len(), 5);
    for vector in vectors {
        let name = text(&vector["name"]);
        let mode = if vector["mode"] == 0 { Mode::Base } else { Mode::Verifiable };
        let key = scalar(&vector["secret_key"]);
        let (mut blinded_elements, mut evaluated_elements) = (Vec::new(), Vec::new());
        for value in vector["values"].as_array().unwrap() {
            let (input, blind) = (bytes(&value["input"]), scalar(&value["blind"]));
            let element = blinded(mode, &input, &blind).unwrap();
            assert_eq!(hex(element.bytes()), value["blinded"], "{name}");
            let evaluated = known(element.point * key).unwrap();
            assert_eq!(hex(evaluated.bytes()), value["evaluated"], "{name}");
            assert_eq!(hex(finalize(&input, &blind, &evaluated).as_slice()), value["output"], "{name}");
            blinded_elements.push(element);
            evaluated_elements.push(evaluated);
        }
        if vector["mode"] == 1 {
            let public = known(&key * G_TABLE).unwrap();
            assert_eq!(hex(public.bytes()), vector["public_key"], "{name}");
            let batch = Batch { mode, public: &public, blinded: &blinded_elements, evaluated: &evaluated_elements };
            let (c, s) = batch.prove(&batch.composites(), &key, &scalar(&vector["nonce"]));
            assert_eq!(hex(&[c.to_bytes(), s.to_bytes()].concat()), vector["proof"], "{name}");
            assert!(batch.verify(&c, &s), "{name}");
            assert!(!batch.verify(&(c + Scalar::ONE), &s) && !batch.verify(&c, &(s + Scalar::ONE)), "{name}");
            let other = known(&(key + Scalar::ONE) * G_TABLE).unwrap();
            assert!(!Batch { public: &other, ..batch }.verify(&c, &s), "{name}: under another key");
        }
    }
}
