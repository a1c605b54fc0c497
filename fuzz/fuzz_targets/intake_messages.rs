#![no_main]
//! Messages of authorities: no reader panics, and one that takes a message names a sender and asks for something.
use countersign_intake::message::Body;
use countersign_intake::{api, ts103120};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|data: &[u8]| {
    for read in [api::from_bytes, ts103120::from_xml_bytes, ts103120::from_json_bytes] {
        match read(data) {
            Ok(message) => {
                assert!(!message.header.sender.is_empty());
                match message.body {
                    Body::Changes(changes) => assert!(!changes.is_empty()),
                    Body::Request(request) => {
                        assert!(!request.targets().is_empty() && !request.classes().is_empty());
                        assert!(request.tasks.iter().all(|task| task.authorisation == request.authorisation.id));
                    }
                }
            }
            Err(refusal) => assert!(!refusal.problems().is_empty()),
        }
    }
});
