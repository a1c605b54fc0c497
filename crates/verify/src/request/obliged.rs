//! Check 8: who may answer a financial intelligence unit.
//!
//! Questions of such a unit may not be told to anybody, and providers in the European Economic Area that the law obliges to answer them
//! live under that ban already (Directive (EU) 2015/849, article 39). So only they, as trustees, are asked. They check form, scope and
//! caps like every trustee; nobody at a trustee has a merit to judge, and this check gives none to judge by.

use crate::refusal::{Code, Refusal};
use crate::state::InForce;
use countersign_core::country::Bloc;
use countersign_core::directory::{Authority, AuthorityKind};
use countersign_core::order::{Instrument, Order};

/// Whether the trustee with this index may answer the order: in the lanes of financial intelligence units only an obliged entity of the
/// European Economic Area, as the control state has it. The unit is told by the directory, or by the instrument that the order names.
pub(crate) fn check(state: &InForce, trustee: u16, authority: &Authority, order: &Order) -> Result<(), Refusal> {
    if authority.kind != AuthorityKind::Fiu && order.instrument.form != Instrument::FiuRequest {
        return Ok(());
    }
    let member = state.trustee(trustee);
    if member.is_some_and(|member| member.obliged_entity && member.state.bloc() == Bloc::Eea) {
        return Ok(());
    }
    let detail = format!("trustee {trustee} is no obliged entity of the EEA, and `{}` asks as an FIU", authority.id);
    Err(Refusal::new(Code::TrusteeNotObliged, detail))
}
