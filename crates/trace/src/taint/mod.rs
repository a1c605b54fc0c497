//! How a part of some money is said to be in later money: four rules side by side, because none of them is a fact.
//!
//! Inside a transaction nothing says which input pays which output; a rule decides it. Poison (Möser, Böhme, Breuker 2014): any part makes
//! the whole. Haircut (same source): every output has the mix of all inputs. FIFO (Clayton's Case, 1816; Anderson et al. 2018): the first
//! input pays the first output. LIFO: the last input pays the first output. Every answer therefore is a range across the rules.

mod amount;
mod back;
mod forward;
#[cfg(test)]
mod naive;
mod queue;
mod rules;
mod slots;
mod stops;
#[cfg(test)]
mod tests;
mod waiting;

pub use amount::{Amount, Share};
pub(crate) use back::{Back, Sources, trace_back};
pub use countersign_core::query::Rule;
pub(crate) use forward::trace_forward;
pub(crate) use stops::{Numbers, Spread, Stops};
