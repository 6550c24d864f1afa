//! What was measured, drawn: four panels, one for each kind of request.

use crate::stage::{COLUMNS, Figures, column_end};
use anyhow::Result;
use plotters::{
    coord::Shift,
    prelude::{
        ChartBuilder, Circle, Color, DrawingArea, IntoDrawingArea, IntoLogRange, LineSeries, PathElement, RGBColor,
        Rectangle, SVGBackend, WHITE,
    },
};
use std::path::Path;

const SIZE: (u32, u32) = (960, 640);
const INK: RGBColor = RGBColor(31, 41, 55);
const BLUE: RGBColor = RGBColor(29, 78, 216);
const AMBER: RGBColor = RGBColor(180, 83, 9);
const RED: RGBColor = RGBColor(185, 28, 28);

/// The rates of one kind of request, in order of rate.
type Panel<'f> = Vec<&'f Figures>;
type Area<'f> = DrawingArea<SVGBackend<'f>, Shift>;

/// Latency by rate: half, 95 and 99 of a hundred requests were answered within.
pub(crate) fn by_rate(file: &Path, measured: &[Figures]) -> Result<()> {
    let root = SVGBackend::new(file, SIZE).into_drawing_area();
    root.fill(&WHITE)?;
    let root =
        root.titled("Latency by arrivals a second (milliseconds, from when a request was due)", ("sans-serif", 18))?;
    for (area, panel) in root.split_evenly((2, 2)).iter().zip(panels(measured)) {
        draw_rates(area, &panel)?;
    }
    Ok(root.present()?)
}

/// What a line is called, its colour, and the latency that it draws.
type Line = (&'static str, RGBColor, fn(&Figures) -> f64);

fn draw_rates(area: &Area<'_>, panel: &Panel<'_>) -> Result<()> {
    let fastest = panel.iter().map(|figures| count(figures.asked)).fold(1.0, f64::max);
    let slowest = panel.iter().map(|figures| figures.p99).fold(10.0, f64::max);
    let mut chart = ChartBuilder::on(area)
        .margin(14)
        .caption(name(panel), ("sans-serif", 16))
        .x_label_area_size(30)
        .y_label_area_size(48)
        .build_cartesian_2d(0.0..fastest * 1.08, (0.1..slowest * 2.0).log_scale())?;
    let numbers = |number: &f64| format!("{number}");
    chart.configure_mesh().x_labels(6).x_label_formatter(&numbers).y_label_formatter(&numbers).draw()?;
    let lines: [Line; 3] = [
        ("50 %", BLUE, |figures| figures.p50),
        ("95 %", AMBER, |figures| figures.p95),
        ("99 %", RED, |figures| figures.p99),
    ];
    for (label, color, latency) in lines {
        let points: Vec<_> = panel.iter().map(|figures| (count(figures.asked), latency(figures))).collect();
        let line = LineSeries::new(points.clone(), color.stroke_width(2));
        chart
            .draw_series(line)?
            .label(label)
            .legend(move |(x, y)| PathElement::new(vec![(x, y), (x + 16, y)], color.stroke_width(2)));
        chart.draw_series(points.into_iter().map(|point| Circle::new(point, 3, color.filled())))?;
    }
    chart.configure_series_labels().background_style(WHITE.mix(0.8)).border_style(INK.mix(0.3)).draw()?;
    Ok(())
}

/// How many requests took how long, at the highest rate.
pub(crate) fn histograms(file: &Path, measured: &[Figures]) -> Result<()> {
    let root = SVGBackend::new(file, SIZE).into_drawing_area();
    root.fill(&WHITE)?;
    let root = root.titled("Requests by latency at the highest rate (milliseconds)", ("sans-serif", 18))?;
    for (area, panel) in root.split_evenly((2, 2)).iter().zip(panels(measured)) {
        if let Some(figures) = panel.last() {
            draw_histogram(area, figures)?;
        }
    }
    Ok(root.present()?)
}

fn draw_histogram(area: &Area<'_>, figures: &Figures) -> Result<()> {
    let most = figures.histogram.iter().copied().max().map_or(1.0, count).max(1.0);
    let mut chart = ChartBuilder::on(area)
        .margin(14)
        .caption(format!("{} at {}/s", figures.name, figures.asked), ("sans-serif", 16))
        .x_label_area_size(30)
        .y_label_area_size(48)
        .build_cartesian_2d((column_end(0)..column_end(COLUMNS - 1)).log_scale(), 0.0..most * 1.1)?;
    let numbers = |number: &f64| format!("{number}");
    chart.configure_mesh().disable_x_mesh().x_label_formatter(&numbers).y_label_formatter(&numbers).draw()?;
    let columns = figures.histogram.iter().enumerate().skip(1).map(|(column, requests)| {
        Rectangle::new([(column_end(column - 1), 0.0), (column_end(column), count(*requests))], BLUE.mix(0.8).filled())
    });
    chart.draw_series(columns)?;
    Ok(())
}

fn panels(measured: &[Figures]) -> Vec<Panel<'_>> {
    let mut panels: Vec<Panel<'_>> = Vec::new();
    for figures in measured {
        match panels.last_mut() {
            Some(panel) if name(panel) == figures.name => panel.push(figures),
            _ => panels.push(vec![figures]),
        }
    }
    panels
}

fn name<'f>(panel: &Panel<'f>) -> &'f str {
    panel.first().map_or("", |figures| &figures.name)
}

fn count(number: u64) -> f64 {
    u32::try_from(number).map_or(f64::MAX, f64::from)
}
