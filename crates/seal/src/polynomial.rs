//! Secret-sharing polynomials (Shamir 1979) and their commitments (Feldman 1987).

use curve25519_dalek::ristretto::RistrettoPoint;
use curve25519_dalek::scalar::Scalar;
use curve25519_dalek::traits::VartimeMultiscalarMul;
use std::iter::successors;

/// The value at `x`. Coefficients are secret, `x` is public; constant term first.
pub(crate) fn evaluate(coefficients: &[Scalar], x: u16) -> Scalar {
    coefficients.iter().rev().fold(Scalar::ZERO, |sum, coefficient| sum * Scalar::from(x) + coefficient)
}

/// The value at `x` in the exponent: the sum of x^k C_k over the commitments, constant term first.
pub(crate) fn evaluate_points<'a>(
    commitments: impl ExactSizeIterator<Item = &'a RistrettoPoint>,
    x: u16,
) -> RistrettoPoint {
    let powers = successors(Some(Scalar::ONE), |power| Some(power * Scalar::from(x))).take(commitments.len());
    RistrettoPoint::vartime_multiscalar_mul(powers.collect::<Vec<_>>(), commitments)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn commitments_evaluate_as_their_polynomial() {
        let coefficients: Vec<Scalar> = [5u64, 7, 11, 13].map(Scalar::from).to_vec();
        let commitments: Vec<RistrettoPoint> = coefficients.iter().map(RistrettoPoint::mul_base).collect();
        for x in [0u16, 1, 2, 255] {
            let value = evaluate(&coefficients, x);
            let wanted = 5 + 7 * u64::from(x) + 11 * u64::from(x).pow(2) + 13 * u64::from(x).pow(3);
            assert_eq!(value, Scalar::from(wanted));
            assert_eq!(evaluate_points(commitments.iter(), x), RistrettoPoint::mul_base(&value));
        }
    }
}
