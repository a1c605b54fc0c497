//! Bars as SVG: numbers beside every bar, patterns instead of colours alone.

use core::fmt::Write as _;

use super::tally::Decisions;

const WIDTH: u64 = 760;
const LEFT: u64 = 150;
const LONGEST: u64 = 520;
const BAR: u64 = 16;

/// One group of bars per decision, one bar per series.
pub(super) fn draw(series: &[(String, Decisions)], names: &[&str]) -> String {
    let group = (BAR + 4) * series.len() as u64 + 12;
    let top = 24 * series.len() as u64 + 16;
    let height = top + group * names.len() as u64 + 8;
    let most = series.iter().flat_map(|(_, decisions)| decisions).copied().max().unwrap_or_default().max(1);
    let mut text = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {WIDTH} {height}\" font-family=\"sans-serif\" font-size=\"12\">\n\
         <title>Clients by decision</title>\n\
         <defs><pattern id=\"p1\" width=\"6\" height=\"6\" patternUnits=\"userSpaceOnUse\"><path d=\"M0 6L6 0\" stroke=\"#222\"/></pattern></defs>\n\
         <rect width=\"{WIDTH}\" height=\"{height}\" fill=\"#fff\"/>\n"
    );
    // Writing into a text cannot fail.
    for (at, (title, _)) in (0u64..).zip(series) {
        let y = 8 + 24 * at;
        let _ = writeln!(
            text,
            "<rect x=\"8\" y=\"{y}\" width=\"24\" height=\"{BAR}\" fill=\"{}\" stroke=\"#222\"/>",
            fill(at)
        );
        let _ = writeln!(text, "<text x=\"40\" y=\"{}\">{}</text>", y + 13, escaped(title));
    }
    for (row, name) in (0u64..).zip(names) {
        let y = top + group * row;
        let _ =
            writeln!(text, "<text x=\"{}\" y=\"{}\" text-anchor=\"end\">{}</text>", LEFT - 8, y + 13, escaped(name));
        for (at, (_, decisions)) in (0u64..).zip(series) {
            let count = usize::try_from(row).ok().and_then(|row| decisions.get(row)).copied().unwrap_or_default();
            let length = u64::try_from(u128::from(count) * u128::from(LONGEST) / u128::from(most)).unwrap_or(LONGEST);
            let y = y + (BAR + 4) * at;
            let _ = writeln!(
                text,
                "<rect x=\"{LEFT}\" y=\"{y}\" width=\"{length}\" height=\"{BAR}\" fill=\"{}\" stroke=\"#222\"/>\
                 <text x=\"{}\" y=\"{}\">{count}</text>",
                fill(at),
                LEFT + length + 6,
                y + 13
            );
        }
    }
    text.push_str("</svg>\n");
    text
}

fn fill(series: u64) -> &'static str {
    if series == 0 { "#3b6ea5" } else { "url(#p1)" }
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_stand_beside_the_bars_and_foreign_text_is_escaped() {
        let series = [("a <b> & \"c\"".to_owned(), [7, 0, 0, 0, 0, 0, u64::MAX]), ("d".to_owned(), [1; 7])];
        let drawn =
            draw(&series, &["free", "exempt", "ask", "deny_new", "withdraw_only", "close_and_return", "freeze"]);
        assert!(drawn.contains("a &lt;b&gt; &amp; &quot;c&quot;") && !drawn.contains("<b>"));
        assert!(drawn.contains(&format!(">{}</text>", u64::MAX)) && drawn.contains("width=\"520\""));
        assert_eq!(drawn.matches("<rect").count(), 1 + 2 + 14);
        assert_eq!(drawn.matches("url(#p1)").count(), 8);
    }
}
