//! Who is on whose list: sanctions lists read row by row, and clients' names compared with them across scripts.
//!
//! In scope: entities and designations with issuer, act and two times; readers of public lists; normalisation and transliteration of names;
//! an index whose blocking loses nothing the comparison would accept; evidence beside the name; alerts with their whole reason; figures of
//! quality; the queue in which two people decide. Not in scope: what follows from a match (restrictions), fetching, transport.

pub mod batch;
pub mod catalogue;
pub mod class;
pub mod clients;
mod compare;
pub mod date;
pub mod delta;
pub mod designation;
pub mod entity;
pub mod evidence;
pub mod identifier;
pub mod index;
pub mod letters;
pub mod list;
pub mod name;
pub mod onboarding;
pub mod programme;
pub mod quality;
pub mod queue;
pub mod read;
pub mod screen;
pub mod served;
pub mod sound;
pub mod territory;
pub mod text;
pub mod vocabulary;
pub mod word;
