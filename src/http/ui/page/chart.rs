//! Bar charts as SVG, drawn by `plotters`. The stylesheet maps the colours, so that dark mode has its own.

use plotters::prelude::*;
use plotters::style::text_anchor::{HPos, Pos, VPos};

/// Size in SVG units; the page scales it.
const SIZE: (u32, u32) = (640, 220);
/// The stylesheet gives each of these its colour (`[fill="#…"]`).
pub const COLOURS: [RGBColor; 3] =
    [RGBColor(163, 38, 26), RGBColor(10, 109, 92), RGBColor(125, 82, 0)];
const GRID: RGBColor = RGBColor(213, 220, 218);
const TEXT_PX: f64 = 12.0;
/// Largest number of labels below the chart.
const LABELS_MAX: usize = 8;

/// Stacked bars.
pub struct Bars {
    /// Label of each bar, and its parts from the bottom up; at most as many parts as [`COLOURS`].
    pub bars: Vec<(String, Vec<u64>)>,
}

/// The chart; empty if drawing fails.
pub fn bars(of: &Bars) -> String {
    let mut svg = String::new();
    // Drawing only writes to memory.
    if draw(of, &mut svg).is_err() {
        svg.clear();
    }
    svg
}

fn draw(of: &Bars, svg: &mut String) -> Result<(), Box<dyn std::error::Error>> {
    let count = of.bars.len().max(1);
    let highest = of.bars.iter().map(|(_, parts)| parts.iter().sum()).max().unwrap_or(0_u64);
    let top = highest.max(4);
    let root = SVGBackend::with_string(svg, SIZE).into_drawing_area();
    let mut chart = ChartBuilder::on(&root)
        .margin(6)
        .x_label_area_size(22)
        .y_label_area_size(38)
        .build_cartesian_2d(0.0..count as f64, 0.0..top as f64 * 1.05)?;
    let text = ("sans-serif", TEXT_PX).into_text_style(&root);
    chart
        .configure_mesh()
        .disable_x_mesh()
        .disable_x_axis()
        .light_line_style(TRANSPARENT)
        .bold_line_style(GRID)
        .axis_style(GRID)
        .y_labels(5)
        .y_label_formatter(&|value| format!("{value:.0}"))
        .label_style(text.clone())
        .draw()?;
    for (at, (_, parts)) in of.bars.iter().enumerate() {
        let mut base = 0.0;
        for (part, colour) in parts.iter().zip(COLOURS) {
            let height = *part as f64;
            let (left, right) = (at as f64 + 0.15, at as f64 + 0.85);
            let corners = [(left, base), (right, base + height)];
            if *part > 0 {
                chart.draw_series([Rectangle::new(corners, colour.filled())])?;
            }
            base += height;
        }
    }
    let step = count.div_ceil(LABELS_MAX);
    let style = text.pos(Pos::new(HPos::Center, VPos::Top));
    for (at, (label, _)) in of.bars.iter().enumerate().step_by(step) {
        let (x, y) = chart.backend_coord(&(at as f64 + 0.5, 0.0));
        root.draw(&Text::new(label.clone(), (x, y + 6), style.clone()))?;
    }
    root.present()?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_plot_has_its_bars_and_escapes_its_labels() {
        let svg =
            bars(&Bars { bars: vec![("<b>".to_owned(), vec![3, 0, 2]), ("2".into(), vec![])] });
        assert!(
            svg.starts_with("<svg") && svg.contains("#A3261A") && svg.contains("#7D5200"),
            "{svg}"
        );
        assert!(
            !svg.contains("#0A6D5C") && !svg.contains("<b>") && svg.contains("&lt;b&gt;"),
            "{svg}"
        );
        assert!(!svg.contains("style="), "the policy for content forbids it: {svg}");
        assert!(bars(&Bars { bars: Vec::new() }).starts_with("<svg"));
    }
}
