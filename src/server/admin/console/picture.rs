//! The pipelines of a tenant as a picture: where records come from, which pipeline they go through, where they are
//! written, with how many stand where on the arrows.

use std::fmt::Write as _;

/// One pipeline with what stands in it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Flow {
    pub(super) name: String,
    pub(super) from: String,
    pub(super) to: Vec<String>,
    /// Ready, or waiting to be tried again.
    pub(super) to_do: u64,
    pub(super) held: u64,
    pub(super) dead: u64,
    /// Of those that are done: written, or found to be so already.
    pub(super) synced: u64,
    pub(super) done: u64,
}

const ROW: usize = 46;
const BOX: usize = 34;
const TOP: usize = 8;
const WIDTH: usize = 1000;
/// Left edges and widths of the three columns.
const SOURCE: (usize, usize) = (1, 170);
const PIPELINE: (usize, usize) = (330, 240);
const TARGET: (usize, usize) = (768, 230);

/// The picture as SVG. It holds no styles of its own: the stylesheet knows its classes.
pub(super) fn draw(flows: &[Flow]) -> String {
    let mut flows: Vec<&Flow> = flows.iter().collect();
    // Those of one source stand together.
    flows.sort_by(|a, b| (&a.from, &a.to).cmp(&(&b.from, &b.to)));
    let height = TOP * 2 + flows.len() * ROW;
    let mut svg = format!(
        "<svg class=\"picture\" viewBox=\"0 0 {WIDTH} {height}\" role=\"img\" aria-labelledby=\"picture-title picture-desc\">\
         <title id=\"picture-title\">Pipelines</title><desc id=\"picture-desc\">{}</desc>\
         <defs><marker id=\"tip\" viewBox=\"0 0 8 8\" refX=\"7\" refY=\"4\" markerWidth=\"7\" markerHeight=\"7\" orient=\"auto\">\
         <path class=\"tip\" d=\"M0 0 8 4 0 8z\"/></marker></defs>",
        escaped(&described(&flows))
    );
    spans(&mut svg, &flows, SOURCE, |flow| flow.from.clone());
    spans(&mut svg, &flows, TARGET, |flow| flow.to.join(", "));
    for (row, flow) in flows.iter().enumerate() {
        let middle = TOP + row * ROW + ROW / 2;
        let class = if flow.dead > 0 { "pipe dead" } else { "pipe" };
        node(
            &mut svg,
            class,
            PIPELINE,
            (middle - BOX / 2, BOX),
            &flow.name,
        );
        let before = if flow.to_do > 0 {
            format!("{} to do", flow.to_do)
        } else {
            "in step".to_owned()
        };
        arrow(
            &mut svg,
            (SOURCE.0 + SOURCE.1, PIPELINE.0),
            middle,
            &before,
            loud(flow.to_do),
        );
        if flow.to.is_empty() {
            continue;
        }
        let mut after = vec![format!("{} synced", flow.synced)];
        if flow.held > 0 {
            after.push(format!("{} held", flow.held));
        }
        if flow.dead > 0 {
            after.push(format!("{} dead", flow.dead));
        }
        arrow(
            &mut svg,
            (PIPELINE.0 + PIPELINE.1, TARGET.0),
            middle,
            &after.join(", "),
            loud(flow.dead),
        );
    }
    svg.push_str("</svg>");
    svg
}

/// The class of a count that somebody may want to see.
fn loud(count: u64) -> &'static str {
    if count > 0 { "loud" } else { "quiet" }
}

/// The same in words, for those who do not see it.
fn described(flows: &[&Flow]) -> String {
    let lines = flows.iter().map(|flow| {
        format!(
            "{} from {} to {}: {} to do, {} synced, {} held, {} dead.",
            flow.name,
            flow.from,
            flow.to.join(" and "),
            flow.to_do,
            flow.synced,
            flow.held,
            flow.dead
        )
    });
    lines.collect::<Vec<_>>().join(" ")
}

/// One box for neighbours that say the same.
fn spans(svg: &mut String, flows: &[&Flow], column: (usize, usize), of: impl Fn(&Flow) -> String) {
    let mut row = 0;
    while row < flows.len() {
        let name = of(flows[row]);
        let mut rows = 1;
        while flows.get(row + rows).is_some_and(|flow| of(flow) == name) {
            rows += 1;
        }
        if !name.is_empty() {
            let top = TOP + row * ROW + (ROW - BOX) / 2;
            node(
                svg,
                "system",
                column,
                (top, rows * ROW - (ROW - BOX)),
                &name,
            );
        }
        row += rows;
    }
}

fn node(
    svg: &mut String,
    class: &str,
    column: (usize, usize),
    (y, height): (usize, usize),
    text: &str,
) {
    let (x, width) = column;
    let (middle, base) = (x + width / 2, y + height / 2 + 5);
    put(
        svg,
        format_args!(
            "<rect class=\"{class}\" x=\"{x}\" y=\"{y}\" width=\"{width}\" height=\"{height}\" rx=\"4\"/>\
             <text x=\"{middle}\" y=\"{base}\" text-anchor=\"middle\">{}</text>",
            escaped(text)
        ),
    );
}

fn arrow(svg: &mut String, (from, to): (usize, usize), y: usize, text: &str, class: &str) {
    let (middle, base) = (usize::midpoint(from, to), y - 5);
    put(
        svg,
        format_args!(
            "<line class=\"way\" x1=\"{}\" y1=\"{y}\" x2=\"{}\" y2=\"{y}\" marker-end=\"url(#tip)\"/>\
             <text class=\"{class}\" x=\"{middle}\" y=\"{base}\" text-anchor=\"middle\">{}</text>",
            from + 3,
            to - 2,
            escaped(text)
        ),
    );
}

fn put(svg: &mut String, piece: std::fmt::Arguments<'_>) {
    svg.write_fmt(piece).expect("text takes text");
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;")
        .replace('<', "&lt;")
        .replace('>', "&gt;")
        .replace('"', "&quot;")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn neighbours_share_a_box_and_counts_stand_on_the_arrows() {
        let flow = |name: &str, to_do, dead| Flow {
            name: name.to_owned(),
            from: "helpdesk".to_owned(),
            to: vec!["dispatch".to_owned()],
            to_do,
            dead,
            synced: 7,
            ..Flow::default()
        };
        let svg = draw(&[flow("orders", 3, 0), flow("<notes>", 0, 2)]);
        assert_eq!(svg.matches(">helpdesk<").count(), 1);
        assert!(
            svg.contains(">3 to do<") && svg.contains(">7 synced, 2 dead<"),
            "{svg}"
        );
        assert!(
            !svg.contains("<notes>") && svg.contains("&lt;notes&gt;"),
            "{svg}"
        );
    }
}
