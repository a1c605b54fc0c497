//! Lagrange coefficients over trustee indices.

use curve25519_dalek::scalar::Scalar;

/// Coefficients that evaluate at `x` the polynomial known at the distinct `points`.
///
/// When `x` is one of the points its coefficient is one and the others are zero.
pub(crate) fn at(x: u16, points: &[u16]) -> Vec<Scalar> {
    let x = Scalar::from(x);
    points
        .iter()
        .map(|own| {
            let (mut top, mut bottom) = (Scalar::ONE, Scalar::ONE);
            for other in points.iter().filter(|other| *other != own) {
                top *= x - Scalar::from(*other);
                bottom *= Scalar::from(*own) - Scalar::from(*other);
            }
            top * bottom.invert()
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_polynomial_is_found_again() {
        let value = |x: u16| {
            Scalar::from(5u8)
                + Scalar::from(7u8) * Scalar::from(x)
                + Scalar::from(11u8) * Scalar::from(x) * Scalar::from(x)
        };
        for points in [[1u16, 2, 3], [5, 1, 4], [200, 3, 255]] {
            for x in [0u16, 1, 9] {
                let sum: Scalar = at(x, &points).iter().zip(points).map(|(weight, point)| weight * value(point)).sum();
                assert_eq!(sum, value(x));
            }
        }
    }
}
